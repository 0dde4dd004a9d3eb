"""Sends one call to one rank, and its answer, error and metadata to the client."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

import grpc
import grpc.aio

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.errors import BridgeError, Category, detail_in
from vllm_bridge.pool.calls import owners, parts
from vllm_bridge.pool.calls.abort import abort_with
from vllm_bridge.pool.frames.rank_frames import LARGE_BYTES
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.transport import metadata as keys
from vllm_bridge.transport.frames.calling import NotSent

Metadata = Sequence[tuple[str, str | bytes]]

# Whole, or in parts as they arrive.
Request = bytes | parts.Parts

# The pool's own, or set again for the second hop.
_NOT_FORWARDED = frozenset({keys.AUTHORIZATION, keys.POOL_NAME, keys.CLIENT_ID, "user-agent"})

# From a call's deadline on the rank until its client has given the call up.
_CLIENT_SECONDS = 0.25

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
    try:
        initial, response, trailing = await _exchange(
            rank, method, request, context.time_remaining(), forwarded
        )
    except grpc.RpcError as failure:
        trailers = tuple(failure.trailing_metadata() or ())
        detail = detail_in(trailers)
        if only_if_idle and detail is not None and detail.reason == "worker_busy":
            raise NotIdle from None
        movable = movable and not (isinstance(request, parts.Parts) and not request.movable)
        if movable and detail is not None and detail.reason == owners.ELSEWHERE:
            raise Elsewhere(detail) from None
        if detail is None:
            named = await _named(failure.code(), rank, method)
            if named is not None:
                raise named from None
        await abort_with(context, failure.code(), failure.details() or "", trailers)
    if initial and isinstance(request, bytes):
        await context.send_initial_metadata(initial)
    if trailing:
        context.set_trailing_metadata(trailing)
    return response


async def _exchange(
    rank: Rank, method: str, request: Request, timeout_s: float | None, metadata: Metadata
) -> tuple[Metadata, bytes, Metadata]:
    """Initial metadata, answer and trailers of a call, in frames where the rank takes it so.

    Raises:
        grpc.RpcError: it failed.
    """
    if rank.frames is not None and isinstance(request, bytes) and len(request) <= LARGE_BYTES:
        with contextlib.suppress(NotSent):
            reply = await rank.frames.call(method, request, timeout_s, metadata)
            return (), reply.body, reply.trailers
    pairs, response = grpc.aio.Metadata(*metadata), b""
    if isinstance(request, parts.Parts):
        call = await request.through(rank.channel(), pairs, timeout_s)
    else:
        call = rank.channel().unary_unary(method)(request, timeout=timeout_s, metadata=pairs)
        response = await call
    return tuple(await call.initial_metadata()), response, tuple(await call.trailing_metadata())


async def _named(code: grpc.StatusCode, rank: Rank, method: str) -> BridgeError | None:
    """The error for a status without our detail; None where the status alone is enough."""
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        # It is its client's deadline too. A client that sees it pass by itself asks the rank what
        # became of the call, which is more than can be said here; its going ends this wait.
        await asyncio.wait({rank.died}, timeout=_CLIENT_SECONDS)
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
