"""A world of a client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import TypeVar

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import _runs as runs
from vllm_bridge.client import _turns as turns
from vllm_bridge.client._checks import seconds
from vllm_bridge.client._link import Link
from vllm_bridge.client._ranks import on_all_ranks
from vllm_bridge.client._session import Session
from vllm_bridge.client._timeouts import CONTROL_TIMEOUT

V = TypeVar("V")


class World:
    """A world that was started: one strict session per rank."""

    def __init__(self, link: Link, info: pool_pb2.World) -> None:
        self._link = link
        # As it was when it was started; see `refresh`.
        self.info = info
        self.ranks = _sessions(link, info)

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
        with turns.taken(self._link.channels, self.info, run):
            return on_all_ranks(self.world_id, self.ranks, function, run)

    def refresh(self, *, timeout: timedelta = CONTROL_TIMEOUT) -> pool_pb2.World:
        """How the world is now."""
        request = pool_pb2.GetWorldRequest(world_id=self.world_id)
        self.info = self._link.channels.pool("GetWorld", request, pool_pb2.World, timeout)
        return self.info

    def restart(self) -> World:
        """Start it again, failed or stopped, as it was asked for, with the next epoch.

        `ranks` are new sessions from then on; the old ones are refused. Returns itself.
        """
        self.info = restart_world(self._link, self.world_id)
        self.ranks = _sessions(self._link, self.info)
        return self

    def stop(self, *, timeout: timedelta = CONTROL_TIMEOUT) -> bool:
        """Stop its ranks. False when it had ended before."""
        return stop_world(self._link, self.world_id, timeout)

    def __enter__(self) -> World:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def restart_world(link: Link, world_id: str) -> pool_pb2.World:
    """Start a failed or stopped world again."""
    request = pool_pb2.RestartWorldRequest(world_id=world_id)
    # The pool's own limits end this, as in `start_world`.
    return link.channels.pool("RestartWorld", request, pool_pb2.World, None)


def stop_world(link: Link, world_id: str, timeout: timedelta) -> bool:
    """Stop a world by its id. False when there is no live one."""
    request = pool_pb2.StopWorldRequest(world_id=world_id)
    return link.channels.pool("StopWorld", request, pool_pb2.StopWorldResponse, timeout).stopped


def _sessions(link: Link, info: pool_pb2.World) -> list[Session]:
    """One per rank, in rank order."""
    return [
        Session(
            link,
            pool_pb2.Session(
                session_id=rank.session_id,
                affinity=pool_pb2.STRICT_QUEUE,
                endpoint=rank.endpoint,
                world_id=info.world_id,
                rank=rank.rank,
                epoch=info.epoch,
                pid=rank.pid,
            ),
        )
        for rank in info.ranks
    ]
