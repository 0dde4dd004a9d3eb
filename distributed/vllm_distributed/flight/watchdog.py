"""Writes down what this process's groups have done, when an operation of theirs takes too long.

For programs that import the package. `VLLM_DISTRIBUTED_WATCHDOG_S` is how many seconds an operation
may wait; without it there is no watchdog. `VLLM_DISTRIBUTED_WATCHDOG_DIR` is the folder to write to
(by default `vllm_distributed_watchdog`, where the program runs). Nothing is ended: the timeouts of
the groups do that.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

import torch.distributed as dist

from vllm_distributed.background import background_thread
from vllm_distributed.durations import LONGEST_S
from vllm_distributed.errors import InvalidArgumentError
from vllm_distributed.flight import recording, torch_format
from vllm_distributed.flight.chrome import Clock, events
from vllm_distributed.flight.files import write_whole
from vllm_distributed.flight.records import Entry
from vllm_distributed.logger import init_logger

__all__ = ["SECONDS", "start_from_environment", "write_all"]

SECONDS = "VLLM_DISTRIBUTED_WATCHDOG_S"
FOLDER = "VLLM_DISTRIBUTED_WATCHDOG_DIR"

# How often it looks, at least and at most.
_LOOKS_S = (0.01, 1.0)

_logger = init_logger(__name__)


def start_from_environment(environ: Mapping[str, str] = os.environ) -> None:
    """Record, and watch from the first operation on, where the environment says so.

    Raises:
        InvalidArgumentError: it says no number of seconds.
    """
    text = environ.get(SECONDS, "")
    if not text:
        return
    try:
        allowed_s = float(text)
    except ValueError:
        allowed_s = math.nan
    if not allowed_s > 0:
        raise InvalidArgumentError(
            f"environment variable {SECONDS}={text!r} must be a number of seconds above 0; leave "
            "it unset for no watchdog",
            argument=SECONDS,
        )
    folder = Path(environ.get(FOLDER) or "vllm_distributed_watchdog").absolute()
    recording.start()
    watchdog = _Watchdog(min(allowed_s, LONGEST_S), folder)
    watchdog.arm()
    # A forked child has no thread of its parent's.
    os.register_at_fork(after_in_child=watchdog.arm)


class _Watchdog:
    def __init__(self, allowed_s: float, folder: Path) -> None:
        self._allowed_s = allowed_s
        self._folder = folder
        self._written = -1

    def arm(self) -> None:
        """Begin with the first operation: a process that only forks others has no thread."""
        recording.when_one_begins(
            lambda: background_thread("the watchdog of operations", self._watch).start()
        )

    def _watch(self) -> None:
        pause_s = min(max(self._allowed_s / 4, _LOOKS_S[0]), _LOOKS_S[1])
        while True:
            time.sleep(pause_s)
            before_ns = time.monotonic_ns() - int(self._allowed_s * 1e9)
            late = [each for each in recording.RECORDS.open() if each.started_ns < before_ns]
            # Once for each: what it shows does not change while it goes on.
            if late and late[-1].number > self._written:
                self._written = late[-1].number
                self._write(late[-1])

    def _write(self, late: Entry) -> None:
        what = (
            f"{late.operation} on {late.group}, number {late.sequence}, has waited for more than "
            f"{self._allowed_s:g} s"
        )
        try:
            written = write_all(self._folder)
        except OSError as error:
            _logger.error("%s; its record cannot be written to %s: %s", what, self._folder, error)
        except Exception:
            # The next one is watched all the same.
            _logger.exception("%s; writing its record failed", what)
        else:
            _logger.warning("%s; %s", what, ", ".join(map(str, written)))


def write_all(folder: Path) -> list[Path]:
    """Write the trace, the dump for torch's analyser, and all stacks; return the files.

    Raises:
        OSError: they cannot be written. No file is there in part.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rank, clock, entries = _rank(), Clock(), recording.RECORDS.latest()
    trace = {"traceEvents": events(entries, rank, clock), "displayTimeUnit": "ms"}
    contents = {
        f"{torch_format.PREFIX}{rank}": torch_format.pickled(entries, clock),
        f"trace_{rank}.json": json.dumps(trace).encode(),
        f"stacks_{rank}.txt": stacks().encode(errors="replace"),
    }
    for name, content in contents.items():
        write_whole(folder / name, content)
    return [folder / name for name in contents]


def stacks() -> str:
    """The Python stacks of all threads of the process."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, top in sys._current_frames().items():
        frames = "".join(traceback.format_stack(top))
        parts.append(f"thread {names.get(ident, ident)} (process {os.getpid()}):\n{frames}")
    return "\n".join(parts)


def _rank() -> int:
    if dist.is_initialized():
        return dist.get_rank()
    said = os.environ.get("RANK", "")
    return int(said) if said.isascii() and said.isdecimal() else 0
