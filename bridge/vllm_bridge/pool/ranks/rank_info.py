"""What the pool tells of a rank, and what the rank says when it is asked.

Ranks answer beside their executor, also while they are stuck.
"""

from __future__ import annotations

import logging

import grpc.aio

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.pool.observe.events import Events
from vllm_bridge.pool.observe.model import activity
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.process import logs

INSPECT = "/vllm.bridge.v1.Rank/Inspect"

INSPECT_SECONDS = 0.2
"""After which a rank counts as not answering."""

_logger = logging.getLogger("vllm_bridge.pool")

_LEVELS = {
    pool_pb2.STARTING: logging.DEBUG,
    pool_pb2.READY: logging.INFO,
    pool_pb2.OVERDUE: logging.WARNING,
    pool_pb2.UNRESPONSIVE: logging.ERROR,
}


def rank_info(rank: Rank, session_id: str = "", *, direct: bool) -> pool_pb2.RankInfo:
    """One rank; its endpoints only for clients that can reach it."""
    beat = None if rank.died.done() else rank.heartbeat
    position, doing = rank.position, doing_now(rank)
    return pool_pb2.RankInfo(
        rank=rank.position.index,
        local_rank=_local_rank(rank),
        pid=rank.pid,
        node=rank.place.node,
        address=rank.place.address,
        launcher=rank.place.launcher,
        state=rank.state,
        session_id=session_id,
        endpoint=rank.endpoint if direct and rank.ready and not rank.certificate else "",
        far_endpoint=rank.endpoint if rank.certificate and rank.ready else "",
        frames_endpoint=rank.frames_endpoint if direct and rank.ready else "",
        exit=rank.exit,
        pool_name=rank.pool_name,
        rank_id=rank.rank_id,
        doing=_for_people(doing) if rank.ready else "",
        queued=beat.queued if beat else 0,
        sessions=len(rank.sessions),
        objects=beat.objects if beat else 0,
        heartbeat_age_s=round(rank.heartbeat_age(), 3),
        restarts=rank.restarts,
        coordinates=None
        if position.sizes is None
        else pool_pb2.Coordinates(**position.sizes.coordinates(position.index)),
        activity=doing,
        memory=rank.observed.memory if beat else None,
        rates=rank.observed.rates() if beat else None,
    )


def doing_now(rank: Rank) -> pool_pb2.Activity:
    """What a rank is doing, by its latest heartbeat and by what the gate knows of it."""
    found = pool_pb2.Activity()
    if rank.died.done():
        return activity.begun(found, pool_pb2.ACTIVITY_ENDED, rank.exit or "gone", None)
    if not rank.ready:
        if rank.state == pool_pb2.UNRESPONSIVE:
            age_s = rank.heartbeat_age()
            return activity.begun(found, pool_pb2.ACTIVITY_SILENT, "sends no heartbeat", age_s)
        return activity.begun(found, pool_pb2.ACTIVITY_STARTING, "starting", None)
    waiting = rank.gate.waiting_of(rank) if rank.gate is not None else None
    if rank.heartbeat is not None and rank.heartbeat.HasField("running"):
        return activity.of_call(rank.heartbeat.running, rank.heartbeat_age(), waiting)
    if waiting is not None:
        return activity.at_gate(found, waiting)
    return activity.begun(found, pool_pb2.ACTIVITY_IDLE, "idle", None)


def _for_people(doing: pool_pb2.Activity) -> str:
    return doing.sentence if doing.kind == pool_pb2.ACTIVITY_IDLE else activity.timed(doing)


def _local_rank(rank: Rank) -> int:
    return rank.position.index if rank.local_rank is None else rank.local_rank


def rank_event(rank: Rank) -> pool_pb2.Event:
    """A rank as it is now. Without its endpoints: watchers ask GetSession for that."""
    return pool_pb2.Event(
        rank=pool_pb2.RankEvent(
            rank=rank_info(rank, direct=False),
            world_id=rank.position.world_id,
            epoch=rank.position.epoch,
        )
    )


def publish_rank(events: Events, rank: Rank) -> None:
    """Tell of the new state of a rank."""
    position = rank.position
    state = pool_pb2.RankState.Name(rank.state).lower()
    level = _LEVELS.get(rank.state, logging.DEBUG)
    message = f"{rank.name} is {state}"
    if rank.state == pool_pb2.DEAD:
        # One that was told to stop has exited with status 0, or was ended where it could not.
        orderly = rank.stopped or rank.exit == "exited with status 0"
        level = logging.INFO if orderly else logging.WARNING
        message = f"{rank.name} has ended: {rank.exit or 'it was never started'}"
    logs.log(
        _logger,
        level,
        message,
        world_id=position.world_id,
        epoch=position.epoch or None,
        rank=position.index if position.world_id else None,
        rank_id=rank.rank_id,
        pid=rank.pid or None,
    )
    events.publish_rank(lambda: rank_event(rank), position.world_id)


async def inspect(
    rank: Rank, *, with_stacks: bool = False, timeout_s: float = INSPECT_SECONDS
) -> rank_pb2.InspectResponse | None:
    """What the rank runs, has queued and has ended; None when it does not answer in time."""
    if not rank.ready:
        return None
    request = rank_pb2.InspectRequest(with_stacks=with_stacks).SerializeToString()
    try:
        answer: bytes = await rank.channel().unary_unary(INSPECT)(request, timeout=timeout_s)
    except grpc.aio.AioRpcError:
        return None
    return rank_pb2.InspectResponse.FromString(answer)
