"""When a message between two ranks was sent: so that a later step does not receive it as its own.

A step that fails before its `recv` leaves a message behind, and the next step's `recv` would take
it for its own; every later one would be a step behind. So each message carries a stamp: the number
of the run (counted by what starts the runs of a world, such as a pool of rank processes) and of the
step (counted by the program, with `set_message_step`). A receiver drops messages of earlier ones,
and refuses one of a later one, which it keeps. A number that is 0 on either side says nothing.
Collectives of different runs do not fit together (`shm/steps.py`).
"""

from __future__ import annotations

import logging
import threading
import zlib
from functools import lru_cache
from typing import NamedTuple

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError, MessageStepError
from vllm_distributed.logger import init_logger

__all__ = [
    "NO_STAMP",
    "Stamp",
    "current_run",
    "current_stamp",
    "is_stale",
    "no_stamp",
    "runs",
    "set_message_step",
    "set_run",
    "stamp_of",
]

_LARGEST = 2**63 - 1

logger: logging.Logger = init_logger(__name__)


class Stamp(NamedTuple):
    """When a message was sent. A 0 says nothing."""

    run: int
    step: int

    def __str__(self) -> str:
        words = [f"{name} {value}" for name, value in self._asdict().items() if value]
        return " of ".join(reversed(words)) or "no step"

    @property
    def tag(self) -> int:
        """A tag of point-to-point operations that differs, nearly always, from other stamps'."""
        return 1 + zlib.crc32(repr(tuple(self)).encode()) % (2**31 - 2) if any(self) else 0


NO_STAMP = Stamp(0, 0)
_made = lru_cache(maxsize=64)(Stamp)


class Runs:
    """Whether runs are counted in this process. Asked at every step of a collective: a thread's own
    run takes much longer to find."""

    are_counted = False


runs = Runs()


class _OfThread(threading.local):
    """The run that a thread is in: threads that nobody counts runs for are in none."""

    run = 0


_of_thread = _OfThread()
_step = 0


def current_stamp() -> Stamp:
    """Return what a message of this thread gets now."""
    if runs.are_counted:
        return stamp_of(_of_thread.run, _step)
    return _made(0, _step) if _step else NO_STAMP


def stamp_of(run: int, step: int) -> Stamp:
    """Return the stamp of these numbers: `NO_STAMP` itself if it says nothing."""
    return _made(run, step) if run or step else NO_STAMP


def current_run() -> int:
    """Return the run that this thread is in; 0 for none."""
    return _of_thread.run


def no_stamp() -> Stamp:
    """Return the stamp for a receiver that may count for itself."""
    return NO_STAMP


def set_message_step(step: int) -> None:
    """Say that this process is in step `step` of the program, counted from 1; 0 for no step.

    Messages between two ranks of a world (`send_object`, `send_tensor_dict`, their asynchronous
    forms and, through shared memory, `send`) carry the step in which they were sent. A receiver in
    a later step drops them, with a warning, and takes the next one. A receiver in an earlier step
    raises `MessageStepError`, and the message stays to be received. For programs that go on after a
    step that failed on some ranks: call it on every rank where a step begins. Local to the process.
    Raises `InvalidTypeError` or `InvalidArgumentError` for what is no such number.
    """
    global _step
    _step = _checked("step", step)


def set_run(run: int) -> None:
    """Say to which run belongs what this thread does from now on; 0 for none. Local to the
    thread."""
    _of_thread.run = _checked("run", run)
    if run:
        runs.are_counted = True


def is_stale(sent: Stamp, operation: str, group: str, rank: int) -> bool:
    """Return whether a message of global rank `rank` is of an earlier step than this process is in,
    and say so in the log.

    Raises `MessageStepError` if it is of a later one.
    """
    ours = current_stamp()
    if sent == ours:  # nearly always
        return False
    for theirs, mine in zip(sent, ours, strict=True):
        if not theirs or not mine or theirs == mine:
            continue
        if theirs < mine:
            logger.warning(
                "%s on %s: dropped a message that rank %d sent in %s and nobody received; this "
                "rank is in %s",
                operation,
                group,
                rank,
                sent,
                ours,
            )
            return True
        raise MessageStepError(
            f"{operation} on {group}: the next message of rank {rank} is of {sent}, and this rank "
            f"is in {ours}, of which rank {rank} sent none that is left. It stays to be received, "
            f"and the group is usable: go on with the step that rank {rank} is in",
            group=group,
            operation=operation,
            rank=rank,
            sent={"run": sent.run, "step": sent.step},
            wanted={"run": ours.run, "step": ours.step},
        )
    return False


def _checked(name: str, value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be an integer, got {value!r}", argument=name)
    if not 0 <= value <= _LARGEST:
        raise InvalidArgumentError(
            f"{name} must be from 0 to {_LARGEST}, got {value}", argument=name, value=value
        )
    return value
