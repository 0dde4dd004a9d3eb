"""A world of a client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import TypeVar

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._blocking import blocking, now
from vllm_bridge.client._calls import runs, turns
from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._calls.timeouts import CONTROL_TIMEOUT
from vllm_bridge.client._calls.world import get_world, restart_world, sessions_of, stop_world
from vllm_bridge.client._ranks import on_all_ranks
from vllm_bridge.client._session import Session

V = TypeVar("V")


class World:
    """A world that was started: one strict session per rank."""

    def __init__(self, link: Link, info: pool_pb2.World) -> None:
        self._link = link
        # As it was when it was started; see `refresh`.
        self.info = info
        self.ranks = [Session(link, rank) for rank in sessions_of(info)]

    @property
    def world_id(self) -> str:
        """Its id."""
        return self.info.world_id

    def run(self, function: Callable[[Session], V], *, timeout: timedelta | None = None) -> list[V]:
        """Run `function(session)` once per rank, each in its own thread; results in rank order.

        Runs of one world take turns, whichever threads, processes and clients they come from, in
        the order in which they came; one inside of another, in the thread of its function, is part
        of that one's turn. A call that is part of another run, or of none, never meets those of
        this one (`run_overlap`). `start_world(concurrent=True)` makes worlds without turns.

        With a `timeout`, which the wait for the turn is part of, no call that `function` makes
        lasts beyond it, whatever timeout of its own it has.

        Raises:
            The exception of the rank that failed first, at once; its `rank` says which that was.
            The calls of the other ranks are given up, and later ones of theirs refused
            (`run_cancelled`).
            BridgeError: (timeout) `run_timeout`: the turn has not come in time, and who has it;
                (pool) `queue_full`: too many runs wait for theirs.
        """
        seconds(timeout)
        run = runs.begin(timeout)
        with blocking(turns.taken(self._link.channels, self.info, run)):
            return on_all_ranks(self.world_id, self.ranks, function, run)

    def refresh(self, *, timeout: timedelta = CONTROL_TIMEOUT) -> pool_pb2.World:
        """How the world is now."""
        self.info = now(get_world(self._link, self.world_id, timeout))
        return self.info

    def restart(self) -> World:
        """Start it again, failed or stopped, as it was asked for, with the next epoch.

        `ranks` are new sessions from then on; the old ones are refused. Returns itself.
        """
        self.info = now(restart_world(self._link, self.world_id))
        self.ranks = [Session(self._link, rank) for rank in sessions_of(self.info)]
        return self

    def stop(self, *, timeout: timedelta = CONTROL_TIMEOUT) -> bool:
        """Stop its ranks. False when it had ended before."""
        return now(stop_world(self._link, self.world_id, timeout))

    def __enter__(self) -> World:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
