"""A server, its pools and ranks as clients see them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vllm_bridge._generated import pool_pb2
from vllm_bridge.pool.observe.events import rank_event, session_event, world_event
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.version import __version__

if TYPE_CHECKING:
    from vllm_bridge.pool.ranks.pools import Pools
    from vllm_bridge.pool.sessions.sessions import Sessions
    from vllm_bridge.pool.worlds.worlds import Worlds


def rank_info(rank: Rank, session_id: str = "", *, direct: bool) -> pool_pb2.RankInfo:
    """One rank; its endpoint only for clients that can reach it."""
    beat = None if rank.died.done() else rank.heartbeat
    return pool_pb2.RankInfo(
        rank=rank.seat.index,
        local_rank=rank.seat.index,
        pid=rank.pid,
        node=rank.node,
        state=rank.state,
        session_id=session_id,
        endpoint=rank.endpoint if direct and rank.ready else "",
        exit=rank.exit,
        pool_name=rank.pool_name,
        rank_id=rank.rank_id,
        doing=_doing(rank),
        queued=beat.queued if beat else 0,
        sessions=rank.session_count,
        objects=beat.objects if beat else 0,
        heartbeat_age_s=round(rank.heartbeat_age(), 3),
        restarts=rank.restarts,
    )


def pool_infos(pools: Pools, sessions: Sessions) -> list[pool_pb2.PoolInfo]:
    """The named pools."""
    return [pool.info(sessions.count(pool.name)) for pool in pools.all()]


def pool_status(
    pools: Pools,
    worlds: Worlds,
    sessions: Sessions,
    *,
    direct: bool = False,
    listed: bool = True,
) -> pool_pb2.PoolStatus:
    """The whole server; without the list of its sessions, which may be long, unless `listed`."""
    return pool_pb2.PoolStatus(
        version=__version__,
        pid=os.getpid(),
        ranks=[rank_info(rank, direct=direct) for rank in _standalone_ranks(pools)],
        worlds=[world.to_message(direct=direct) for world in worlds.all()],
        sessions=[entry.to_message(direct=direct) for entry in sessions.live()] if listed else [],
        pools=pool_infos(pools, sessions),
    )


def current_events(pools: Pools, worlds: Worlds, sessions: Sessions) -> Iterator[pool_pb2.Event]:
    """What is there now, for who begins to watch: worlds with their ranks, ranks, sessions."""
    for world in worlds.all():
        yield world_event(world)
        if world.live:
            yield from map(rank_event, world.ranks)
    yield from map(rank_event, _standalone_ranks(pools))
    yield from map(session_event, sessions.live())


def _doing(rank: Rank) -> str:
    if not rank.ready:
        return ""
    return rank.doing() or "idle"


def _standalone_ranks(pools: Pools) -> list[Rank]:
    return [rank for pool in pools.all() for rank in pool.standalone.ranks()]
