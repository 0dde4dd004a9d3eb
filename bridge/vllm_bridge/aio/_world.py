"""A world of an asynchronous client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TypeVar

from vllm_bridge._generated import pool_pb2
from vllm_bridge.aio._session import Session
from vllm_bridge.client._calls import runs, turns
from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._calls.runs import Run
from vllm_bridge.client._calls.timeouts import CONTROL_TIMEOUT
from vllm_bridge.client._calls.world import get_world, restart_world, sessions_of, stop_world
from vllm_bridge.process import background

V = TypeVar("V")

# For the tasks of the other ranks to end, when one has failed and they are cancelled.
_LEAVE_SECONDS = 0.2


class World:
    """A world that was started: one strict session per rank.

    As `vllm_bridge.client.World`, whose documentation has the rules.
    """

    def __init__(self, link: Link, info: pool_pb2.World) -> None:
        self._link = link
        # As it was when it was started; see `refresh`.
        self.info = info
        self.ranks = [Session(link, rank) for rank in sessions_of(info)]

    @property
    def world_id(self) -> str:
        """Its id."""
        return self.info.world_id

    async def run(
        self, function: Callable[[Session], Awaitable[V]], *, timeout: timedelta | None = None
    ) -> list[V]:
        """Run `await function(session)` once per rank, each in its own task; results in rank order.

        Runs of one world take turns, whichever tasks, processes and clients they come from. With a
        `timeout`, which the wait for the turn is part of, no call that `function` makes lasts
        beyond it.

        Raises:
            The exception of the rank that failed first, at once; its `rank` says which that was.
            The tasks of the other ranks are cancelled, and later calls of theirs refused
            (`run_cancelled`).
            BridgeError: (timeout) `run_timeout`: the turn has not come in time, and who has it;
                (pool) `queue_full`: too many runs wait for theirs.
        """
        seconds(timeout)
        run = runs.begin(timeout)
        async with turns.taken(self._link.channels, self.info, run):
            return await on_all_ranks(self.world_id, self.ranks, function, run)

    async def refresh(self, *, timeout: timedelta = CONTROL_TIMEOUT) -> pool_pb2.World:
        """How the world is now."""
        self.info = await get_world(self._link, self.world_id, timeout)
        return self.info

    async def restart(self) -> World:
        """Start it again, failed or stopped, as it was asked for, with the next epoch.

        `ranks` are new sessions from then on; the old ones are refused. Returns itself.
        """
        self.info = await restart_world(self._link, self.world_id)
        self.ranks = [Session(self._link, rank) for rank in sessions_of(self.info)]
        return self

    async def stop(self, *, timeout: timedelta = CONTROL_TIMEOUT) -> bool:
        """Stop its ranks. False when it had ended before."""
        return await stop_world(self._link, self.world_id, timeout)

    async def __aenter__(self) -> World:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()


async def on_all_ranks(
    world_id: str,
    sessions: Sequence[Session],
    function: Callable[[Session], Awaitable[V]],
    run: Run,
) -> list[V]:
    """Results in rank order, or the exception of the rank that failed first, at once."""

    async def one(session: Session) -> V:
        return await function(session)

    failed: list[asyncio.Task[V]] = []

    def ended(task: asyncio.Task[V]) -> None:
        if task.cancelled() or task.exception() is not None:
            failed.append(task)

    with run.entered():
        tasks = [background.awaited("a rank of World.run", one(session)) for session in sessions]
        for task in tasks:
            task.add_done_callback(ended)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in failed:
                error = task.exception()
                if error is not None:
                    runs.label(error, world_id, tasks.index(task))
                    raise error
            # A function that was cancelled by itself has cancelled the run.
            return [task.result() for task in tasks]
        except BaseException:
            run.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_LEAVE_SECONDS)
            raise
