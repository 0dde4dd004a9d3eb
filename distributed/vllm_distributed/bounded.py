"""Calls that block in C++, made so that they end in time and so that Ctrl-C ends them.

torch's stores and gloo do not look at Python's signals while they wait, and a store beyond a cut
link is waited for without any end. So such a call runs in a thread of its own, and its caller waits
where Python does look: until the result is there, or the time is over.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from vllm_distributed.background import background_thread
from vllm_distributed.logger import logger

__all__ = ["GRACE_S", "Line", "UnansweredError", "bounded", "watched"]

GRACE_S = 0.6
"""How long after its deadline a wait may take to find out who is missing, and to say so."""

_LONGEST_WAIT_S = 3600.0
_LOOK_S = 0.1

_standing: ContextVar[Callable[[], None] | None] = ContextVar("standing", default=None)

T = TypeVar("T")


class UnansweredError(Exception):
    """A call did not return in time. It stays within the package."""


class _Job(Generic[T]):
    """One call, which another thread makes; `discard` gets a result that nobody waits for."""

    def __init__(self, call: Callable[[], T], discard: Callable[[T], None] | None = None) -> None:
        self._call, self._discard = call, discard
        self._lock, self._done = threading.Lock(), threading.Event()
        self._is_abandoned = False
        self._results: list[T] = []
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:  # noqa: BLE001 - raised where the result is waited for
            self._error = error
        with self._lock:
            self._done.set()
            unwanted = self._is_abandoned
        if unwanted:
            self._throw_away()

    def wait(self, until: float, watch: Callable[[], None] | None, every_s: float) -> T:
        while not self._done.wait(min(max(until - time.monotonic(), 0.0), every_s)):
            if time.monotonic() >= until:
                raise UnansweredError
            if watch is not None:
                watch()
        if self._error is not None:
            raise self._error
        return self._results[0]

    def is_over(self, seconds: float = 0.0) -> bool:
        return self._done.wait(seconds)

    def abandon(self) -> None:
        with self._lock:
            self._is_abandoned = True
            is_done = self._done.is_set()
        if is_done:
            self._throw_away()

    def _throw_away(self) -> None:
        if self._error is not None:
            logger.debug("a call that nobody waits for any more failed: %s", self._error)
        for result in self._results:
            if self._discard is not None:
                self._discard(result)
        self._results.clear()


def bounded(
    call: Callable[[], T],
    until: float = math.inf,
    *,
    watch: Callable[[], None] | None = None,
    every_s: float = _LONGEST_WAIT_S,
    give_up: Callable[[], None] | None = None,
    discard: Callable[[T], None] | None = None,
) -> T:
    """Return what `call` returns, made in a thread of its own, or raise what it raises.

    Raises `UnansweredError` at `until`, of `time.monotonic()`. While it waits it calls `watch` now
    and then; what that raises ends the wait, as Ctrl-C does. A call that is not waited for any more
    goes on by itself: `give_up` can make it end, `discard` is given what it returns.
    """
    standing = _standing.get()
    if standing is not None:
        watch, every_s = _both(standing, watch), min(every_s, _LOOK_S)
    job = _Job(call, discard)
    thread = background_thread("call that is waited for", job.run)
    thread.start()
    try:
        return _result(job, until, watch, every_s, give_up)
    finally:
        if job.is_over():
            thread.join()  # it ends in this moment: nothing of it is left when this returns


@contextlib.contextmanager
def watched(watch: Callable[[], None] | None) -> Iterator[None]:
    """Have every `bounded` wait of this block call `watch` too."""
    before = _standing.set(watch)
    try:
        yield
    finally:
        _standing.reset(before)


def _both(first: Callable[[], None], second: Callable[[], None] | None) -> Callable[[], None]:
    def both() -> None:
        first()
        if second is not None:
            second()

    return both


def _result(
    job: _Job[T],
    until: float,
    watch: Callable[[], None] | None,
    every_s: float,
    give_up: Callable[[], None] | None,
) -> T:
    try:
        return job.wait(until, watch, every_s)
    except BaseException:
        if not job.is_over():
            if give_up is not None:
                # Bounded too: the very link that it needs may be cut.
                with contextlib.suppress(Exception):
                    _quietly(give_up)
                job.is_over(GRACE_S)
            job.abandon()
        raise


def _quietly(call: Callable[[], None]) -> None:
    job = _Job(call)
    background_thread("call that is waited for", job.run).start()
    job.wait(time.monotonic() + GRACE_S, None, GRACE_S)


class Line:
    """One thread for many such calls, one at a time; a call that does not return gets it replaced.

    Starting a thread costs 250 us, handing a call to one that is there 20 to 100.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job[Any] | None] | None = None
        self._owner = 0
        self._thread: threading.Thread | None = None
        self._finish: Any = None

    def run(
        self,
        call: Callable[[], T],
        until: float = math.inf,
        give_up: Callable[[], None] | None = None,
    ) -> T:
        """As `bounded`."""
        job = _Job(call)
        jobs = self._jobs
        if jobs is None or self._owner != os.getpid():  # a forked child does not have the thread
            jobs = self._start()
        jobs.put(job)
        try:
            return _result(job, until, None, _LONGEST_WAIT_S, give_up)
        finally:
            if not job.is_over():
                self.close(wait=False)

    def close(self, *, wait: bool = True) -> None:
        """End the thread, when it is through with its call. Idempotent."""
        thread, self._thread, self._jobs = self._thread, None, None
        if self._finish is not None:
            self._finish()
        if wait and thread is not None and self._owner == os.getpid():
            thread.join(GRACE_S)

    def _start(self) -> queue.SimpleQueue[_Job[Any] | None]:
        jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._jobs, self._owner = jobs, os.getpid()
        self._thread = background_thread("line", functools.partial(_serve, jobs))
        self._finish = weakref.finalize(self, jobs.put, None)
        self._finish.atexit = False
        self._thread.start()
        return jobs


def _serve(jobs: queue.SimpleQueue[_Job[Any] | None]) -> None:
    while (job := jobs.get()) is not None:
        job.run()  # whatever the call raises goes to the caller that waits
        del job
