"""Operations that nobody waits for go on: in one thread, which runs only while there are some.

It polls, as everything that waits for another process through memory does, and polls patiently: a
caller that waits for an operation moves it on faster than this thread does.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from enum import Enum
from time import monotonic

from vllm_distributed.background import Failed, background_thread, tell
from vllm_distributed.transports.shm.wait import Wait

__all__ = ["Progress", "keep_going"]


_AT_EXIT_S = 5.0
"""What a process has said it sent is sent before it ends, unless its receiver does not take it."""


class Progress(Enum):
    """What came of moving something on."""

    DONE = "done"
    MOVED = "moved"
    IDLE = "idle"


Advance = Callable[[bool], Progress]
"""Moves something on. The argument says whether to check, as every 50 ms, that its peers are still
there."""


class _Background:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Advance, Failed] = {}
        self._has_thread = False

    def add(self, advance: Advance, failed: Failed) -> None:
        with self._lock:
            if not self._has_thread:
                # In the lock, and first: if it cannot be started, nothing was left to it.
                background_thread("progress", self._run, self._ended).start()
                self._has_thread = True
            self._running[advance] = failed

    def finish(self, seconds: float) -> None:
        """Wait until everything is done, for at most so long."""
        wait = Wait(monotonic() + seconds)
        while self._has_thread and wait.pause():
            pass

    def _run(self) -> None:
        wait = Wait(None)
        while True:
            look_around = wait.time_to_look_around()
            with self._lock:
                running = list(self._running.items())
            found = [(each, _moved(each, failed, look_around)) for each, failed in running]
            with self._lock:
                for advance, progress in found:
                    if progress is Progress.DONE:
                        del self._running[advance]
                if not self._running:
                    self._has_thread = False
                    return
            if all(progress is Progress.IDLE for _, progress in found):
                wait.pause()
            else:
                wait = Wait(None)

    def _ended(self, error: BaseException) -> None:
        """The thread itself has failed: all that it would have moved on fails with it."""
        with self._lock:
            running, self._running = self._running, {}
            self._has_thread = False
        for failed in running.values():
            failed(error)


def _moved(advance: Advance, failed: Failed, look_around: bool) -> Progress:
    # What goes wrong in one group stops no other.
    try:
        return advance(look_around)
    except Exception as error:  # noqa: BLE001 - told to the waiting caller
        tell("what was left to go on in the background", error, failed)
        return Progress.DONE


_background = _Background()


def keep_going(advance: Advance, failed: Failed) -> None:
    """Call `advance` again and again until it is done. If it raises, it is done, and `failed` hears
    of that."""
    _background.add(advance, failed)


def _after_fork() -> None:
    """A forked child has neither the thread nor a part in what its parent began."""
    global _background
    _background = _Background()


def _at_exit() -> None:
    _background.finish(_AT_EXIT_S)


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
