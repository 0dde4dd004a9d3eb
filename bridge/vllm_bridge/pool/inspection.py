"""Ranks as clients see them."""

from __future__ import annotations

from vllm_bridge._generated import pool_pb2
from vllm_bridge.pool.ranks import Rank


def rank_info(rank: Rank, session_id: str = "", *, direct: bool) -> pool_pb2.RankInfo:
    """One rank; its endpoint only for clients that can reach it."""
    return pool_pb2.RankInfo(
        rank=rank.seat.index,
        local_rank=rank.seat.index,
        pid=rank.pid,
        node=rank.node,
        state=rank.state,
        session_id=session_id,
        endpoint=rank.endpoint if direct and rank.ready else "",
        exit=rank.exit,
    )
