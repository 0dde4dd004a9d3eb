"""Starting ranks of a world, and ending them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

from vllm_bridge._generated import control_pb2, pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.ranks.pools import NamedPool
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.ranks.spares import Spare
from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.pool.worlds.world import World, session_of
from vllm_bridge.pool.worlds.world_spec import WorldSpec
from vllm_bridge.process import background

# The rendezvous of a local world never leaves the host.
RENDEZVOUS_HOST = "127.0.0.1"


async def start_rank(
    pool: NamedPool,
    spec: WorldSpec,
    sessions: list[SessionEntry],
    rank: Rank,
    assignment: control_pb2.WorldAssignment,
    *,
    spare: Spare | None,
    rendezvous: socket.socket | None,
    shared_gate: int | None,
) -> None:
    """Start a rank, in a spare process if there is one; when it serves, its session is among these.

    Raises:
        BridgeError: as `Rank.start`.
    """
    await pool.factory.start(
        rank,
        spare=spare,
        timeout=spec.timeout + pool.settings.start_timeout,
        world=assignment,
        rendezvous=rendezvous,
        shared_gate=shared_gate,
    )
    entry = SessionEntry(
        session_of(assignment.world_id, assignment.rank),
        pool_pb2.STRICT_QUEUE,
        rank,
        world_id=assignment.world_id,
        epoch=assignment.epoch,
        pool_name=spec.pool_name,
        client_id=spec.client_id,
    )
    await entry.introduce_to(rank)
    sessions.append(entry)


async def all_or_first_failure(world: World, starts: list[Coroutine[Any, Any, None]]) -> None:
    """Return when all ranks of a world have started; raise why the first of them has not, or dies
    meanwhile, or that the world is not wanted any more."""
    tasks = [background.awaited("starting a rank of a world", start) for start in starts]
    stopped = background.awaited("a wish to stop the world", world.stop_requested.wait())
    try:
        pending = set(tasks)
        while pending:
            # A rank may be ready, and die while the others are still coming up.
            deaths = {rank.died for rank in world.ranks if rank.ready}
            events: set[asyncio.Future[Any]] = {*pending, *deaths, stopped}
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
            check_wanted(world)
            for task in [task for task in pending if task.done()]:
                task.result()
                pending.remove(task)
            for rank in world.ranks:
                if rank.died.done() and rank.endpoint:
                    raise rank.unavailable()
    finally:
        stopped.cancel()
        for task in tasks:
            task.cancel()
        await asyncio.shield(asyncio.gather(*tasks, stopped, return_exceptions=True))


def check_wanted(world: World) -> None:
    """Raise where a world that is starting has been stopped."""
    if world.stop_requested.is_set():
        raise BridgeError(
            Category.POOL,
            "world_stopped",
            f"{world.world_id} {world.stopped} while it was starting",
            details={"world_id": world.world_id},
        )


async def stop_all_of(ranks: list[Rank]) -> None:
    """Ask all to stop; return when they have."""
    await asyncio.gather(*(rank.stop() for rank in ranks))


async def kill_all_of(ranks: list[Rank]) -> None:
    """End all now; return when they have."""
    await asyncio.gather(*(rank.kill() for rank in ranks))
