"""Asking a rank what it is doing. Ranks answer beside their executor, also while they are stuck."""

from __future__ import annotations

import grpc.aio

from vllm_bridge._generated import rank_pb2
from vllm_bridge.pool.ranks.rank import Rank

INSPECT = "/vllm.bridge.v1.Rank/Inspect"

INSPECT_SECONDS = 0.2
"""After which a rank counts as not answering."""


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
