"""What both forms of a world ask of the pool."""

from __future__ import annotations

from datetime import timedelta

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.link import Link


async def get_world(link: Link, world_id: str, timeout: timedelta) -> pool_pb2.World:
    """The world of that id, as it is now."""
    request = pool_pb2.GetWorldRequest(world_id=world_id)
    return await link.channels.pool("GetWorld", request, pool_pb2.World, timeout)


async def restart_world(link: Link, world_id: str) -> pool_pb2.World:
    """Start a failed or stopped world again."""
    request = pool_pb2.RestartWorldRequest(world_id=world_id)
    # The pool's own limits end this, as in `start_world`.
    return await link.channels.pool("RestartWorld", request, pool_pb2.World, None)


async def stop_world(link: Link, world_id: str, timeout: timedelta) -> bool:
    """Stop a world by its id. False when there is no live one."""
    request = pool_pb2.StopWorldRequest(world_id=world_id)
    kind = pool_pb2.StopWorldResponse
    return (await link.channels.pool("StopWorld", request, kind, timeout)).stopped


def sessions_of(world: pool_pb2.World) -> list[pool_pb2.Session]:
    """One per rank, in rank order."""
    return [
        pool_pb2.Session(
            session_id=rank.session_id,
            affinity=pool_pb2.STRICT_QUEUE,
            endpoint=rank.endpoint,
            frames_endpoint=rank.frames_endpoint,
            world_id=world.world_id,
            rank=rank.rank,
            epoch=world.epoch,
            pid=rank.pid,
        )
        for rank in world.ranks
    ]
