"""What both forms of a world ask of the pool."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls import turns
from vllm_bridge.client._calls.checks import seconds, wrong_type
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._leases.lease import holder
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.durations import to_duration


async def get_world(link: Link, world_id: str, timeout: timedelta | None) -> pool_pb2.World:
    """The world of that id, as it is now."""
    request = pool_pb2.GetWorldRequest(world_id=world_id)
    return await link.channels.pool("GetWorld", request, pool_pb2.World, timeout)


async def restart_world(link: Link, world_id: str, timeout: timedelta | None) -> pool_pb2.World:
    """Start a failed or stopped world again."""
    request = pool_pb2.RestartWorldRequest(world_id=world_id)
    # Without a timeout the pool's own limits end this, as in `start_world`.
    return await link.channels.pool("RestartWorld", request, pool_pb2.World, timeout)


async def resize_world(
    link: Link, world: pool_pb2.World, data_parallel_size: int, timeout: timedelta | None
) -> pool_pb2.World:
    """Give a world another data parallel size."""
    if not isinstance(data_parallel_size, int) or isinstance(data_parallel_size, bool):
        raise wrong_type("data_parallel_size", data_parallel_size, "an int of at least 1")
    _check_whole_number("data_parallel_size", data_parallel_size)
    request = pool_pb2.ResizeWorldRequest(
        world_id=world.world_id,
        epoch=world.epoch,
        data_parallel_size=data_parallel_size,
        holder=holder(),
    )
    return await _changed(link, world, "ResizeWorld", request, timeout)


async def replace_ranks(
    link: Link, world: pool_pb2.World, ranks: int | Sequence[int], timeout: timedelta | None
) -> pool_pb2.World:
    """Put new processes in the place of ranks."""
    wanted = [ranks] if isinstance(ranks, int) else ranks
    if not isinstance(wanted, Sequence) or isinstance(wanted, str | bytes):
        raise wrong_type("rank", ranks, "an int, or several")
    for rank in wanted:
        if not isinstance(rank, int) or isinstance(rank, bool):
            raise wrong_type("rank", rank, "an int, or several")
        _check_whole_number("rank", rank)
    request = pool_pb2.ReplaceRanksRequest(
        world_id=world.world_id, epoch=world.epoch, ranks=wanted, holder=holder()
    )
    return await _changed(link, world, "ReplaceRanks", request, timeout)


def _check_whole_number(name: str, value: int) -> None:
    if not -(2**63) <= value < 2**63:
        raise BridgeError(
            Category.VALIDATION,
            "invalid_argument",
            f"{name} is {value}, which is no number of ranks",
        )


async def _changed(
    link: Link,
    world: pool_pb2.World,
    method: str,
    request: pool_pb2.ResizeWorldRequest | pool_pb2.ReplaceRanksRequest,
    timeout: timedelta | None,
) -> pool_pb2.World:
    turn = turns.of((link.channels.endpoint, world.world_id, world.epoch))
    if turn is not None and not turn.over:
        raise BridgeError(
            Category.VALIDATION,
            "world_cannot_change",
            f"the ranks of {world.world_id} cannot change inside one of its own runs, for whose "
            "end that waits: call this outside of the run. Nothing was changed",
            details={"world_id": world.world_id, "epoch": world.epoch},
        )
    if timeout is not None:
        seconds(timeout)
        request.timeout.CopyFrom(to_duration(timeout))
    # The pool's own limits end this, as in `start_world`.
    return await link.channels.pool(method, request, pool_pb2.World, None)


async def stop_world(link: Link, world_id: str, timeout: timedelta | None) -> bool:
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
            far_endpoint=rank.far_endpoint,
            world_id=world.world_id,
            rank=rank.rank,
            epoch=world.epoch,
            pid=rank.pid,
        )
        for rank in world.ranks
    ]
