"""Starting ranks of a world, and ending them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from vllm_bridge._generated import control_pb2, pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.gate.shared_gate import memory_of
from vllm_bridge.pool.launchers.local import LocalLaunch, LocalLauncher, Starts
from vllm_bridge.pool.launchers.protocol import LOOPBACK, Launch
from vllm_bridge.pool.ranks.pools import NamedPool
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.ranks.spares import Spare
from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.pool.worlds.meeting import Meeting
from vllm_bridge.pool.worlds.world import World, session_of
from vllm_bridge.pool.worlds.world_spec import WorldSpec
from vllm_bridge.process import background


@contextmanager
def local_launch(
    launcher: LocalLauncher, spec: WorldSpec, spares: Mapping[int, Spare | None], port: int = 0
) -> Iterator[LocalLaunch]:
    """How the ranks of a world on this host start: in spare processes where there are some.

    They meet at a socket that rank 0 inherits, or at the port where it listens already. The block
    ends when all have started.
    """
    with memory_of(spec.world_size if spec.gate else 0) as shared_gate:

        def starts(rank: int) -> Starts:
            return spares.get(rank) or launcher

        if port:
            yield LocalLaunch(starts, _init_method(port), None, shared_gate)
            return
        # It never leaves the host.
        with socket.create_server((LOOPBACK, 0), backlog=spec.world_size + 8) as rendezvous:
            port = rendezvous.getsockname()[1]
            yield LocalLaunch(starts, _init_method(port), rendezvous, shared_gate)


def _init_method(port: int) -> str:
    return f"tcp://{LOOPBACK}:{port}"


async def start_rank(
    pool: NamedPool,
    spec: WorldSpec,
    sessions: list[SessionEntry],
    rank: Rank,
    assignment: control_pb2.WorldAssignment,
    launch: Launch,
    meeting: Meeting | None = None,
) -> None:
    """Start a rank; when it serves, its session is among these.

    Raises:
        BridgeError: as `Rank.start`.
    """
    await pool.factory.start(
        rank,
        timeout=spec.timeout + pool.settings.start_timeout,
        process=partial(launch.start, assignment.rank, rank.rank_id),
        world=assignment,
        before=meeting.arrive if meeting is not None else None,
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


async def unless_stopped(world: World, launching: Coroutine[Any, Any, Launch]) -> Launch:
    """What that returns; raise where the world is stopped before it does, and give it up."""
    tasks: tuple[asyncio.Task[Launch], asyncio.Task[Any]] = (
        background.awaited("launching the ranks of a world", launching),
        background.awaited("a wish to stop the world", world.stop_requested.wait()),
    )
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        check_wanted(world)
        return tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.shield(asyncio.gather(*tasks, return_exceptions=True))


async def stop_world(world: World) -> None:
    """Ask all of its ranks to stop, and keep nothing; return when they have ended."""
    await stop_all_of(world.ranks)
    await end_launch_of(world)


async def kill_world(world: World) -> None:
    """End all of its ranks now, and keep nothing; return when they have ended."""
    await kill_all_of(world.ranks)
    await end_launch_of(world)


async def end_launch_of(world: World) -> None:
    """Have its launcher keep nothing for it."""
    if world.launch is not None:
        await world.launch.end()


async def stop_all_of(ranks: list[Rank]) -> None:
    """Ask all to stop; return when they have."""
    await asyncio.gather(*(rank.stop() for rank in ranks))


async def kill_all_of(ranks: list[Rank]) -> None:
    """End all now; return when they have."""
    await asyncio.gather(*(rank.kill() for rank in ranks))
