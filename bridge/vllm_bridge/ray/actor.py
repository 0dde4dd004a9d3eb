"""The actor that starts one rank on its node, and says how it ended.

The rank is a process of its own: Ray's threads, signal handlers and imports stay out of it. It ends
with the actor, which Ray ends with the process that made it, with its node and with its job.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

from vllm_bridge.process import background
from vllm_bridge.process.import_path import bootstrap
from vllm_bridge.ray import environment

TAIL_BYTES = 8 * 1024

# For what the rank wrote last to come through its pipe; a grandchild may hold it open.
DRAIN_SECONDS = 0.5


class RankActor:
    """Starts one process; wait for it in one call, end it in another."""

    def __init__(self) -> None:
        self._starts: queue.Queue[tuple[list[str], dict[str, str]]] = queue.Queue()
        self._started: queue.Queue[dict[str, Any]] = queue.Queue()
        # What was said of the start, for who asks again.
        self._start: dict[str, Any] = {}
        self._starting = threading.Lock()
        self._over = threading.Event()
        self._exit: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._tail = bytearray()
        # Its parent-death signal goes by the thread that starts a process, not by its process: one
        # that lives as long as this does.
        background.thread("a rank's process", self._run).start()

    def start(
        self, arguments: list[str], given: dict[str, str], own: dict[str, str]
    ) -> dict[str, Any]:
        """Run this host's Python in a new process; once, however often it is asked for.

        Args:
            arguments: Its command line, after the interpreter.
            given: Environment variables, where this host does not say otherwise.
            own: Environment variables of this rank.
        """
        variables = dict(os.environ)
        environment.set_defaults(variables, given)
        variables.update(own)
        before = [sys.executable, *bootstrap("vllm_bridge.ray.rank"), str(os.getpid())]
        with self._starting:
            if not self._start:
                self._starts.put(([*before, sys.executable, *arguments], variables))
                self._start = self._started.get()
            return self._start

    def wait(self) -> dict[str, Any]:
        """How it ended: its `status`, or the `signal` that ended it, and its last `stderr`."""
        self._over.wait()
        return self._exit

    def kill(self) -> None:
        """End the process now. Does nothing when it has ended."""
        process = self._process
        if process is not None and not self._over.is_set():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)

    def _run(self) -> None:
        command, variables = self._starts.get()
        try:
            process = subprocess.Popen(
                command,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        except OSError as error:
            self._started.put({"error": str(error)})
            return
        self._process = process
        self._started.put({"pid": process.pid, "host": socket.gethostname()})
        reading = background.thread("a rank's output", self._read, process)
        reading.start()
        code = process.wait()
        reading.join(DRAIN_SECONDS)
        tail = bytes(self._tail).decode(errors="replace").strip()
        ending = {"status": code} if code >= 0 else {"signal": -code}
        self._exit = {**ending, "stderr": tail}
        self._over.set()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101
        for line in process.stdout:
            self._tail += line
            del self._tail[:-TAIL_BYTES]
            # Ray brings it to the process that runs Ray, and the pool to its own stderr.
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(line.decode(errors="replace"))
                sys.stderr.flush()
