"""One function on all ranks of a world, in a thread each."""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from vllm_bridge.client._calls import runs
from vllm_bridge.client._calls.runs import Run
from vllm_bridge.client._worlds.calls import Tell
from vllm_bridge.client._worlds.outcomes import GRACE_SECONDS, Errors, Outcome, Outcomes
from vllm_bridge.client._worlds.rank_error import rank_error, together
from vllm_bridge.process import background

if TYPE_CHECKING:
    from vllm_bridge.client._session import Session

V = TypeVar("V")

# For the threads of the other ranks to end, when one has failed and their calls are given up.
_LEAVE_SECONDS = 0.2

_Heard = SimpleQueue[tuple[int, Outcome] | None]


def on_all_ranks(
    world_id: str,
    sessions: Sequence[Session],
    function: Callable[[Session], V],
    run: Run,
    errors: Errors = "first",
) -> list[V]:
    """Results in rank order, or the exception of the rank that failed first, at once; or those of
    all that have failed shortly after it."""

    def tell(rank: int, outcome: Outcome) -> None:
        if outcome.error is not None and errors == "first":
            raise rank_error(outcome.error, world_id, rank)

    grace = None if errors == "first" else GRACE_SECONDS
    found = _gathered(sessions, function, run, tell, grace)
    if found.failed:
        raise together(found.errors(), world_id)
    return list(found.values().values())


def with_outcomes(
    sessions: Sequence[Session], function: Callable[[Session], V], run: Run, tell: Tell
) -> list[V]:
    """Results in rank order; else one BridgeError with the outcomes of all, shortly after one has
    failed. Ends with the run, whatever the function is doing.
    """
    found = _gathered(sessions, function, run, tell, GRACE_SECONDS)
    return list(found.values().values())


class _Woken:
    """For the thread that waits: the run is given up."""

    def __init__(self, heard: _Heard) -> None:
        self._heard = heard

    def cancel(self) -> None:
        self._heard.put(None)


def _gathered(
    sessions: Sequence[Session],
    function: Callable[[Session], V],
    run: Run,
    tell: Tell,
    grace: float | None = None,
) -> Outcomes:
    heard: _Heard = SimpleQueue()
    found = Outcomes([session.info.rank for session in sessions])

    def one(session: Session) -> None:
        # What it raises goes to the caller of the run; it must not end this thread.
        try:
            outcome = Outcome(function(session))
        except BaseException as error:  # noqa: BLE001
            outcome = Outcome(error=error)
        heard.put((session.info.rank, outcome))

    threads = []
    with contextlib.ExitStack() as stack:
        stack.enter_context(run.entered())
        if grace is not None:
            stack.enter_context(run.holding(_Woken(heard)))
        for session in sessions:
            context = contextvars.copy_context()
            # One that is stuck in a function of the user's does not keep the program from its end.
            threads.append(background.thread("World.run", context.run, one, session))
        try:
            for thread in threads:
                thread.start()
            _hear(heard, found, tell, grace)
        except BaseException:
            # Also Ctrl-C.
            run.cancel()
            _leave(threads)
            raise
        if found.failed:
            run.cancel()
            _leave(threads)
    return found


def _hear(heard: _Heard, found: Outcomes, tell: Tell, grace: float | None) -> None:
    """Until all are there, or the grace after the first failure is over."""
    over: float | None = None
    while len(found.heard) < len(found.ranks):
        if over is None and found.failed and grace is not None:
            over = time.monotonic() + grace
        try:
            limit = None if over is None else max(over - time.monotonic(), 0.0)
            said = heard.get(timeout=limit)
        except Empty:
            return
        if said is None:
            raise runs.cancelled("this run was given up", ran=None)
        found.add(*said)
        tell(*said)


def _leave(threads: Sequence[threading.Thread]) -> None:
    give_up_at = time.monotonic() + _LEAVE_SECONDS
    for thread in threads:
        if thread.ident is not None:
            thread.join(max(give_up_at - time.monotonic(), 0))
