"""What all ranks of one `World.run` share: its end, and the calls that they wait for."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import timedelta
from typing import Protocol

from vllm_bridge.client._calls.io import Call, Io
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.durations import seconds_or_none
from vllm_bridge.transport.frames.calling import Cancelled
from vllm_bridge.transport.metadata import RunLabel

_current: ContextVar[Run | None] = ContextVar("run", default=None)


class Cancellable(Protocol):
    """A call, or a run inside another."""

    def cancel(self) -> object:
        """End it now."""


# Runs inside of one that it knows of.
_MAX_INSIDE = 64

WorldKey = tuple[str, str, int]
"""The pool's endpoint, a world's id, and its epoch."""


class Turn:
    """A run's turn on a world, or its part of the turn of the run that it is inside of."""

    def __init__(
        self,
        world: WorldKey,
        label: RunLabel,
        io: Io,
        numbers: Iterator[int] | None = None,
        around: Turn | None = None,
        *,
        over: bool = False,
    ) -> None:
        self.world = world
        # The world is: its ranks may be there for a moment more, but calls go to the pool, which
        # says what became of it.
        self.over = over
        # What its calls say.
        self.label = label
        # Runs inside take turns, too.
        self.lock = io.lock()
        self._io = io
        # The latest of them, and of those inside of them, by what their calls say.
        self.inside: deque[str] = deque(maxlen=_MAX_INSIDE)
        self._around = around
        self._numbers = itertools.count(1) if numbers is None else numbers

    def inner(self) -> Turn:
        """For a run inside of this one, which holds the lock."""
        label = RunLabel(self.label.turn, next(self._numbers))
        around: Turn | None = self
        while around is not None:
            around.inside.append(str(label))
            around = around._around
        return Turn(self.world, label, self._io, self._numbers, self)


class Run:
    """One run, from its start to its end or to the first failure in it."""

    def __init__(self, timeout: timedelta | None, parent: Run | None) -> None:
        seconds = seconds_or_none(timeout)
        ends = [] if seconds is None else [time.monotonic() + seconds]
        if parent is not None and parent.ends is not None:
            ends.append(parent.ends)
        # In time.monotonic(); None: nothing ends it.
        self.ends: float | None = min(ends, default=None)
        # On which world it has its turn, and of which number; None: on none.
        self.turn: Turn | None = None
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

    def check(self) -> None:
        """Let nothing begin in a run that was given up.

        Raises:
            BridgeError: (pool, `run_cancelled`) it was.
        """
        with self._lock:
            if self._cancelled:
                raise cancelled("this call was not sent", ran=False)

    def check_unanswered(self) -> None:
        """As `check`, for a call that was begun, and cancelled since."""
        with self._lock:
            if self._cancelled:
                raise cancelled("this call was given up; it may have run", ran=None)

    def cancel(self) -> None:
        """End all calls that are waited for, and let no other begin."""
        with self._lock:
            self._cancelled = True
            pending = list(self._pending)
        for call in pending:
            call.cancel()

    def turn_on(self, world: WorldKey) -> Turn | None:
        """The turn that it has on a world, or the nearest of the runs that it is inside of."""
        run: Run | None = self
        while run is not None:
            if run.turn is not None and run.turn.world == world:
                return run.turn
            run = run._parent
        return None

    @contextlib.contextmanager
    def waiting(self, call: Cancellable) -> Iterator[None]:
        """While it waits for something before it begins: that is given up with the run outside."""
        if self._parent is None:
            yield
            return
        with self._parent.holding(call):
            yield

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Calls of this thread, and of the threads of runs inside, are the run's."""
        with contextlib.ExitStack() as stack:
            if self._parent is not None:
                stack.enter_context(self._parent.holding(self))
            token = _current.set(self)
            stack.callback(_current.reset, token)
            yield

    @contextlib.contextmanager
    def holding(self, inner: Cancellable) -> Iterator[None]:
        """While that is waited for: it is given up with the run."""
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
    """The run that the calling thread, or task, is part of."""
    return _current.get()


def checked() -> Run | None:
    """As `current`. Raises as `Run.check`."""
    run = _current.get()
    if run is not None:
        run.check()
    return run


async def answer(run: Run | None, call: Call) -> bytes:
    """The answer of a call, which ends with the run.

    Raises:
        grpc.RpcError, NotSent, Cancelled: as of the call.
        BridgeError: (pool, `run_cancelled`) the run was given up.
    """
    if run is None:
        return await call.answer()
    with run.holding(call):
        try:
            return await call.answer()
        except Cancelled:
            run.check_unanswered()
            raise


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


def cancelled(what: str, *, ran: bool | None) -> BridgeError:
    """The error of what was given up since another rank's function has failed."""
    return BridgeError(
        Category.POOL,
        "run_cancelled",
        f"another rank's function in this World.run has failed; {what}",
        details={} if ran is None else {"ran": ran},
    )
