"""Sends one call to one rank, and its answer, error and metadata to the client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc
import grpc.aio

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.errors import BridgeError, Category, detail_in
from vllm_bridge.pool.calls import owners, parts
from vllm_bridge.pool.calls.abort import abort_with
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.transport import metadata as keys

Metadata = Sequence[tuple[str, str | bytes]]

# Whole, or in parts as they arrive.
Request = bytes | parts.Parts

# The pool's own, or set again for the second hop.
_NOT_FORWARDED = frozenset({keys.AUTHORIZATION, keys.POOL_NAME, keys.CLIENT_ID, "user-agent"})

# From a broken connection to a rank until its death is known.
_DEATH_SECONDS = 1.0

_BROKEN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)


class NotIdle(Exception):
    """A rank that is not idle has refused a call that asked for an idle one."""


class Elsewhere(Exception):
    """A rank has refused a call: another rank owns an object that the call takes."""

    def __init__(self, detail: types_pb2.ErrorDetail) -> None:
        super().__init__(detail.reason)
        self.detail = detail


async def send(
    rank: Rank,
    method: str,
    request: Request,
    context: grpc.aio.ServicerContext,
    metadata: Metadata,
    *,
    only_if_idle: bool = False,
    movable: bool = False,
) -> bytes:
    """Send a call to a rank; returns its answer, unless that goes to the client in parts.

    Raises:
        NotIdle, Elsewhere: the rank has refused it, where the caller has asked for that
            (`only_if_idle`) or can send it to another rank (`movable`).
        BridgeError: the rank is gone, or the deadline has passed.
    """
    if rank.died.done():
        raise rank.unavailable()
    forwarded = [pair for pair in metadata if pair[0] not in _NOT_FORWARDED]
    if only_if_idle:
        forwarded = [pair for pair in forwarded if pair[0] != keys.AFFINITY]
        forwarded.append((keys.AFFINITY, keys.FAIL_FAST))
    timeout, pairs = context.time_remaining(), grpc.aio.Metadata(*forwarded)
    response = b""
    try:
        if isinstance(request, parts.Parts):
            call = await request.through(rank.channel(), pairs, timeout)
        else:
            call = rank.channel().unary_unary(method)(request, timeout=timeout, metadata=pairs)
            response = await call
    except grpc.aio.AioRpcError as error:
        trailing = tuple(error.trailing_metadata() or ())
        detail = detail_in(trailing)
        if only_if_idle and detail is not None and detail.reason == "worker_busy":
            raise NotIdle from None
        movable = movable and not (isinstance(request, parts.Parts) and not request.movable)
        if movable and detail is not None and detail.reason == owners.ELSEWHERE:
            raise Elsewhere(detail) from None
        if detail is None:
            named = await _named(error.code(), rank, method)
            if named is not None:
                raise named from None
        await abort_with(context, error.code(), error.details() or "", trailing)
    initial = tuple(await call.initial_metadata())
    if initial and isinstance(request, bytes):
        await context.send_initial_metadata(initial)
    if trailing := tuple(await call.trailing_metadata()):
        context.set_trailing_metadata(trailing)
    return response


async def _named(code: grpc.StatusCode, rank: Rank, method: str) -> BridgeError | None:
    """The error for a status without our detail; None where the status alone is enough."""
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return BridgeError(
            Category.TIMEOUT,
            "deadline_exceeded",
            f"the deadline passed after {method} was sent to {rank.name}; it was queued there or "
            "running. Rank.Withdraw says which",
            details={"state": "sent", "rank_id": rank.rank_id},
        )
    # A dying rank breaks its connections in several ways.
    if code in _BROKEN:
        await asyncio.wait({rank.died}, timeout=_DEATH_SECONDS)
        if rank.died.done():
            return rank.unavailable()
    return None
