"""A server, its pools and ranks as clients see them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from vllm_bridge._generated import pool_pb2
from vllm_bridge.pool.observe import Observer
from vllm_bridge.pool.ranks.observed import EndedCall
from vllm_bridge.pool.ranks.pools import Pools
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.ranks.rank_info import rank_event, rank_info
from vllm_bridge.pool.sessions.session_entry import session_event
from vllm_bridge.pool.sessions.sessions import Sessions
from vllm_bridge.pool.worlds.world import World, world_event
from vllm_bridge.pool.worlds.worlds import Worlds
from vllm_bridge.version import __version__

LIVE = (pool_pb2.WORLD_STARTING, pool_pb2.WORLD_READY, pool_pb2.WORLD_DEGRADED)


def pool_infos(pools: Pools, sessions: Sessions) -> list[pool_pb2.PoolInfo]:
    """The named pools."""
    return [pool.info(sessions.count(pool.name)) for pool in pools.all()]


def pool_status(
    pools: Pools,
    worlds: Worlds,
    sessions: Sessions,
    observer: Observer,
    *,
    direct: bool = False,
    listed: bool = True,
    over: int | None = None,
    seconds: int = 0,
) -> pool_pb2.PoolStatus:
    """The whole server.

    Args:
        listed: with the list of its sessions, which may be long.
        over: so many of the worlds that have ended, of those that nobody stopped; None: all.
        seconds: that the histories are of; 0: without them.
    """
    told = [world.to_message(direct=direct) for world in _told(worlds, over)]
    for world in told:
        if world.state in LIVE:
            world.rates.CopyFrom(observer.traffic.rates(world.world_id))
    status = pool_pb2.PoolStatus(
        version=__version__,
        pid=os.getpid(),
        ranks=[rank_info(rank, direct=direct) for rank in _standalone_ranks(pools)],
        worlds=told,
        sessions=[entry.to_message(direct=direct) for entry in sessions.live()] if listed else [],
        pools=pool_infos(pools, sessions),
        rates=observer.traffic.rates(),
        refusals=observer.refusals.latest(),
    )
    status.at.GetCurrentTime()
    if seconds:
        live = [world.world_id for world in told if world.state in LIVE]
        status.histories.extend(observer.traffic.histories(live, seconds))
    return status


def current_events(pools: Pools, worlds: Worlds, sessions: Sessions) -> Iterator[pool_pb2.Event]:
    """The current state, for a new watcher: worlds with their ranks, ranks, sessions."""
    for world in worlds.all():
        yield world_event(world)
        if world.live:
            yield from map(rank_event, world.ranks)
    yield from map(rank_event, _standalone_ranks(pools))
    yield from map(session_event, sessions.live())


def ended_calls(pools: Pools, worlds: Worlds) -> Iterator[tuple[str, int, Sequence[EndedCall]]]:
    """As a model wants them."""
    for rank in _ranks(pools, worlds):
        yield rank.rank_id, rank.observed.ended_total, rank.observed.ended


def _told(worlds: Worlds, over: int | None) -> list[World]:
    if over is None:
        return worlds.all()
    broken = [world for world in worlds.all() if world.state == pool_pb2.WORLD_FAILED]
    return broken[-over:] + [world for world in worlds.all() if world.live]


def _ranks(pools: Pools, worlds: Worlds) -> Iterator[Rank]:
    yield from _standalone_ranks(pools)
    for world in worlds.all():
        if world.live:
            yield from world.ranks


def _standalone_ranks(pools: Pools) -> list[Rank]:
    return [rank for pool in pools.all() for rank in pool.standalone.ranks()]
