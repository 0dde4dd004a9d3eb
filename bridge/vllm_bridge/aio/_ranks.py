"""One function on all ranks of a world, in a task each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from vllm_bridge.client._calls.runs import Run
from vllm_bridge.client._worlds.calls import Tell
from vllm_bridge.client._worlds.outcomes import GRACE_SECONDS, Errors, Outcome, Outcomes
from vllm_bridge.client._worlds.rank_error import rank_error, together
from vllm_bridge.process import background

if TYPE_CHECKING:
    from vllm_bridge.aio._session import Session

V = TypeVar("V")

# For the tasks of the other ranks to end, when one has failed and they are cancelled.
_LEAVE_SECONDS = 0.2


async def on_all_ranks(
    world_id: str,
    sessions: Sequence[Session],
    function: Callable[[Session], Awaitable[V]],
    run: Run,
    errors: Errors = "first",
) -> list[V]:
    """Results in rank order, or the exception of the rank that failed first, at once; or those of
    all that have failed shortly after it."""

    def tell(rank: int, outcome: Outcome) -> None:
        if outcome.error is not None and errors == "first":
            raise rank_error(outcome.error, world_id, rank)

    grace = None if errors == "first" else GRACE_SECONDS
    found = await _gathered(sessions, function, run, tell, grace)
    if found.failed:
        raise together(found.errors(), world_id)
    return list(found.values().values())


async def with_outcomes(
    sessions: Sequence[Session],
    function: Callable[[Session], Awaitable[V]],
    run: Run,
    tell: Tell,
) -> list[V]:
    """Results in rank order; else one BridgeError with the outcomes of all, shortly after one has
    failed.
    """
    found = await _gathered(sessions, function, run, tell, GRACE_SECONDS)
    return list(found.values().values())


async def _gathered(
    sessions: Sequence[Session],
    function: Callable[[Session], Awaitable[V]],
    run: Run,
    tell: Tell,
    grace: float | None,
) -> Outcomes:
    async def one(session: Session) -> V:
        return await function(session)

    found = Outcomes([session.info.rank for session in sessions])
    # In the order in which they end.
    ended: list[asyncio.Task[V]] = []
    with run.entered():
        tasks = {
            background.awaited("a rank of World.run", one(session)): session.info.rank
            for session in sessions
        }
        for task in tasks:
            task.add_done_callback(ended.append)
        pending: set[asyncio.Task[V]] = set(tasks)
        over: float | None = None
        try:
            while pending:
                if over is None and found.failed and grace is not None:
                    over = time.monotonic() + grace
                limit = None if over is None else max(over - time.monotonic(), 0.0)
                done, pending = await asyncio.wait(
                    pending, timeout=limit, return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    break
                for task in sorted(done, key=lambda task: _place(task, ended)):
                    found.add(tasks[task], _outcome(task))
                    tell(tasks[task], found.heard[tasks[task]])
            if found.failed:
                await _leave(run, tasks)
        except BaseException:
            await _leave(run, tasks)
            raise
    return found


def _place(task: asyncio.Task[V], ended: list[asyncio.Task[V]]) -> int:
    return ended.index(task) if task in ended else len(ended)


def _outcome(task: asyncio.Task[V]) -> Outcome:
    if task.cancelled():
        # A function that was cancelled by itself has cancelled the run.
        return Outcome(error=asyncio.CancelledError())
    error = task.exception()
    return Outcome(error=error) if error is not None else Outcome(task.result())


async def _leave(run: Run, tasks: Sequence[asyncio.Task[V]] | dict[asyncio.Task[V], int]) -> None:
    run.cancel()
    for task in tasks:
        task.cancel()
    await asyncio.wait(list(tasks), timeout=_LEAVE_SECONDS)
