"""A server, its pools and ranks as clients see them."""

from __future__ import annotations

import os
from collections.abc import Iterator

from vllm_bridge._generated import pool_pb2
from vllm_bridge.pool.ranks.pools import Pools
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.ranks.rank_info import rank_event, rank_info
from vllm_bridge.pool.sessions.session_entry import session_event
from vllm_bridge.pool.sessions.sessions import Sessions
from vllm_bridge.pool.worlds.world import world_event
from vllm_bridge.pool.worlds.worlds import Worlds
from vllm_bridge.version import __version__


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
    """The current state, for a new watcher: worlds with their ranks, ranks, sessions."""
    for world in worlds.all():
        yield world_event(world)
        if world.live:
            yield from map(rank_event, world.ranks)
    yield from map(rank_event, _standalone_ranks(pools))
    yield from map(session_event, sessions.live())


def _standalone_ranks(pools: Pools) -> list[Rank]:
    return [rank for pool in pools.all() for rank in pool.standalone.ranks()]
