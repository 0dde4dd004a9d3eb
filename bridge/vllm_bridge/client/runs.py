"""What the threads of one `World.run` share: its end, and the calls that they wait for."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Protocol

import grpc

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.durations import seconds_or_none

_current: ContextVar[Run | None] = ContextVar("run", default=None)


class Cancellable(Protocol):
    """A call of gRPC, or a run inside another."""

    def cancel(self) -> object:
        """End it now."""


class Run:
    """One run, from its start to its end or to the first failure in it."""

    def __init__(self, timeout: timedelta | None, parent: Run | None) -> None:
        seconds = seconds_or_none(timeout)
        ends = [] if seconds is None else [time.monotonic() + seconds]
        if parent is not None and parent.ends is not None:
            ends.append(parent.ends)
        # In time.monotonic(); None: nothing ends it.
        self.ends: float | None = min(ends, default=None)
        self._parent = parent
        self._lock = threading.Lock()
        self._pending: set[Cancellable] = set()
        self._cancelled = False

    def left(self) -> timedelta | None:
        """The time that is left, None for any.

        Raises:
            BridgeError: (timeout, `deadline_exceeded`) there is none left.
        """
        if self.ends is None:
            return None
        left = timedelta(seconds=self.ends - time.monotonic())
        if left <= timedelta(0):
            raise BridgeError(
                Category.TIMEOUT,
                "deadline_exceeded",
                "the timeout of World.run is over; this call was not sent",
                details={"state": "unsent", "ran": False},
            )
        return left

    def result(self, begin: Callable[[], Any]) -> bytes:
        """The answer of a call, which ends with the run. Raises grpc.RpcError, BridgeError."""
        with self._lock:
            if self._cancelled:
                raise _cancelled("this call was not sent", ran=False)
            call = begin()
            self._pending.add(call)
        try:
            answer: bytes = call.result()
        except grpc.FutureCancelledError:
            raise _cancelled("this call was given up; it may have run", ran=None) from None
        finally:
            with self._lock:
                self._pending.discard(call)
        return answer

    def cancel(self) -> None:
        """End all calls that are waited for, and let no other begin."""
        with self._lock:
            self._cancelled = True
            pending = list(self._pending)
        for call in pending:
            call.cancel()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Calls of this thread, and of the threads of runs inside, are the run's."""
        with contextlib.ExitStack() as stack:
            if self._parent is not None:
                stack.enter_context(self._parent._holding(self))
            token = _current.set(self)
            stack.callback(_current.reset, token)
            yield

    @contextlib.contextmanager
    def _holding(self, inner: Run) -> Iterator[None]:
        with self._lock:
            cancelled = self._cancelled
            self._pending.add(inner)
        if cancelled:
            inner.cancel()
        try:
            yield
        finally:
            with self._lock:
                self._pending.discard(inner)


def current() -> Run | None:
    """The run that the calling thread is part of."""
    return _current.get()


def begin(timeout: timedelta | None) -> Run:
    """A run, inside of the thread's own if that is in one."""
    return Run(timeout, _current.get())


@contextlib.contextmanager
def outside() -> Iterator[None]:
    """For what has to be said though the run is over."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


def _cancelled(what: str, *, ran: bool | None) -> BridgeError:
    return BridgeError(
        Category.POOL,
        "run_cancelled",
        f"another rank's function in this World.run has failed; {what}",
        details={} if ran is None else {"ran": ran},
    )
