"""Forwards calls to ranks: raw bytes, with their metadata, deadline, status and trailers.

The pool does not parse what it forwards; the session in the metadata decides the rank.

Calls that clients send straight to a rank, in strict sessions, are not seen here. So a call of a
`hint` session goes to such a rank with the request to refuse it unless the rank is idle: asking
first would cost a round trip, and the answer could be out of date. When it is refused, the call
goes to the next idle rank, or back to its place in the queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import grpc
import grpc.aio

from vllm_bridge import metadata as keys
from vllm_bridge._generated import rank_pb2
from vllm_bridge.codec.errors import BridgeError, Category, detail_in
from vllm_bridge.pool.abort import abort
from vllm_bridge.pool.attachments import Attachments
from vllm_bridge.pool.calls import PlacedCall, PlacedCalls
from vllm_bridge.pool.line import Turn
from vllm_bridge.pool.pools import Pools
from vllm_bridge.pool.ranks import Rank
from vllm_bridge.pool.session_entry import SessionEntry
from vllm_bridge.pool.sessions import Sessions
from vllm_bridge.pool.settling import Settling
from vllm_bridge.pool.standalone import Standalone

Metadata = Sequence[tuple[str, str | bytes]]

FORWARDED_PREFIXES = ("/vllm.distributed.v1.", "/vllm.bridge.v1.Rank/", "/vllm.bridge.v1.Objects/")

# Answered beside a rank's executor, so they must not wait for it to be idle.
_BESIDE_EXECUTOR = "/vllm.bridge.v1.Rank/"
_WITHDRAW = "/vllm.bridge.v1.Rank/Withdraw"

# The pool's own, or made anew for the second hop.
_NOT_FORWARDED = frozenset({keys.AUTHORIZATION, keys.POOL_NAME, keys.CLIENT_ID, "user-agent"})

# A call whose deadline passes in the queue is answered this much earlier, so that the reason
# arrives before its client gives up by itself.
_ANSWER_AHEAD = timedelta(milliseconds=50)

# Between a broken connection to a rank and the news of its death.
_DEATH_SECONDS = 1.0

_BROKEN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)


class _NotIdle(Exception):
    """A rank that was to run a call only if it is idle has refused it."""


class Proxy:
    """A generic gRPC handler for everything that ranks serve."""

    def __init__(self, pools: Pools, sessions: Sessions, attachments: Attachments) -> None:
        self._pools = pools
        self._sessions = sessions
        self._attachments = attachments
        self._calls = PlacedCalls()
        self._settling = Settling(
            lambda rank: self._home(rank).release(rank),
            lambda rank: self._home(rank).dispatch(),
        )
        for pool in pools.all():
            pool.standalone.doubt = self._settling.doubt

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """The handler for a method that ranks serve, None for any other."""
        method: str = details.method
        if not method.startswith(FORWARDED_PREFIXES):
            return None

        async def forward(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            try:
                return await self._forward(method, request, context)
            except BridgeError as error:
                error.call_id = error.call_id or keys.text(
                    context.invocation_metadata(), keys.CALL_ID
                )
                return await abort(context, error)

        return grpc.unary_unary_rpc_method_handler(forward)

    async def _forward(
        self, method: str, request: bytes, context: grpc.aio.ServicerContext
    ) -> bytes:
        metadata: Metadata = tuple(context.invocation_metadata())
        session_id = keys.text(metadata, keys.SESSION_ID)
        pool_name = keys.text(metadata, keys.POOL_NAME)
        affinity = keys.affinity_named(keys.text(metadata, keys.AFFINITY))
        session: SessionEntry | None = None
        if session_id:
            client_id = keys.text(metadata, keys.CLIENT_ID)
            with self._attachments.owner(client_id):
                session = await self._sessions.of_call(session_id, pool_name, affinity, client_id)
                self._attachments.claim(session, client_id)
            self._sessions.enter(session)
            pool_name = session.pool_name
        try:
            if session is not None and session.strict:
                return await self._on_bound_rank(session, method, request, context, metadata)
            standalone = self._pools.get(pool_name).standalone
            if method.startswith(_BESIDE_EXECUTOR):
                return await self._beside_executor(
                    standalone, session, method, request, context, metadata
                )
            return await self._placed(standalone, session, method, request, context, metadata)
        finally:
            if session is not None:
                self._sessions.leave(session)

    async def _on_bound_rank(
        self,
        session: SessionEntry,
        method: str,
        request: bytes,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
        rank = session.rank
        if rank is None:
            raise BridgeError(Category.POOL, "session_not_bound", "a strict session has no rank")
        try:
            if method.startswith(_BESIDE_EXECUTOR):
                return await self._send(rank, method, request, context, metadata)
            rank.in_flight += 1
            return await self._occupying(rank, method, request, context, metadata)
        except BridgeError as error:
            if error.reason != "session_worker_unavailable":
                raise
            # Its world may have failed for another rank's death: then that is what to say.
            self._sessions.get(session.session_id)
            raise

    async def _beside_executor(
        self,
        standalone: Standalone,
        session: SessionEntry | None,
        method: str,
        request: bytes,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
        if method == _WITHDRAW:
            asked = rank_pb2.WithdrawRequest.FromString(request)
            call = self._calls.find(asked.session_id, asked.call_id)
            if call is not None and call.rank is None:
                call.withdrawn = True
                return rank_pb2.WithdrawResponse(call=call.to_message()).SerializeToString()
            rank = call.rank if call else None
        else:
            rank = session.rank if session else None
        if rank is None or not rank.ready:
            rank = next(iter(standalone.ready()), None)
        if rank is None:
            raise BridgeError(Category.WORKER, "no_rank", "no rank is up outside the worlds")
        if session is not None:
            await session.introduce_to(rank)
        return await self._send(rank, method, request, context, metadata)

    async def _placed(
        self,
        standalone: Standalone,
        session: SessionEntry | None,
        method: str,
        request: bytes,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
        call = self._calls.add(
            session.session_id if session else "", keys.text(metadata, keys.CALL_ID), method
        )
        turn = standalone.turn(_give_up_at(context))
        again = False
        while True:
            try:
                rank, first = await self._place(standalone, session, call, turn, again=again)
            except BaseException:
                call.withdrawn = True
                raise
            try:
                return await self._occupying(
                    rank, method, request, context, metadata, only_if_idle=rank.called_directly
                )
            except _NotIdle:
                call.rank = None
                again = True
                if first and session is not None and session.rank is rank:
                    # It has not run there after all.
                    session.forget_rank()
                    session.rank = None

    async def _occupying(
        self,
        rank: Rank,
        method: str,
        request: bytes,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
        *,
        only_if_idle: bool = False,
    ) -> bytes:
        """Send a call that has a place on the rank, and give the place back when it has ended."""
        ended = False
        try:
            response = await self._send(
                rank, method, request, context, metadata, only_if_idle=only_if_idle
            )
            ended = True
        except _NotIdle:
            ended = True
            # Before the place is given back, or the next call would be sent here too.
            await self._settling.check_busy(rank)
            raise
        except BridgeError as error:
            ended = error.reason != "deadline_exceeded"
            raise
        except grpc.aio.AbortError:
            ended = True
            raise
        finally:
            if ended or rank.died.done():
                self._home(rank).release(rank)
            else:
                session_id = keys.text(metadata, keys.SESSION_ID)
                call_id = keys.text(metadata, keys.CALL_ID)
                self._settling.release_when_ended(rank, (session_id, call_id))
        return response

    async def _place(
        self,
        standalone: Standalone,
        session: SessionEntry | None,
        call: PlacedCall,
        turn: Turn,
        *,
        again: bool,
    ) -> tuple[Rank, bool]:
        """The rank for a call, and whether that became its session's rank just now."""
        while True:
            first = False
            turn.preferred = session.rank if session else None
            rank = await standalone.acquire(turn, again=again)
            try:
                if session is not None:
                    await session.introduce_to(rank)
                    first = session.prefer(rank)
                # From here on the rank alone can say whether the call has run.
                if call.withdrawn:
                    raise _withdrawn(call)
                call.rank = rank
            except BridgeError as error:
                # The call was not sent yet: if this rank has died, any other will do.
                if error.reason != "session_worker_unavailable":
                    raise
            finally:
                if call.rank is None:
                    standalone.release(rank)
            if call.rank is not None:
                return rank, first
            again = True

    async def _send(
        self,
        rank: Rank,
        method: str,
        request: bytes,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
        *,
        only_if_idle: bool = False,
    ) -> bytes:
        if rank.died.done():
            raise rank.unavailable()
        forwarded = [pair for pair in metadata if pair[0] not in _NOT_FORWARDED]
        if only_if_idle:
            forwarded = [pair for pair in forwarded if pair[0] != keys.AFFINITY]
            forwarded.append((keys.AFFINITY, keys.FAIL_FAST))
        call = rank.channel().unary_unary(method)(
            request,
            timeout=context.time_remaining(),
            metadata=grpc.aio.Metadata(*forwarded),
        )
        try:
            response: bytes = await call
        except grpc.aio.AioRpcError as error:
            trailing = tuple(error.trailing_metadata() or ())
            detail = detail_in(trailing)
            if only_if_idle and detail is not None and detail.reason == "worker_busy":
                raise _NotIdle from None
            if detail is None:
                named = await _named(error.code(), rank, method)
                if named is not None:
                    raise named from None
            await context.abort(error.code(), error.details() or "", trailing)
            raise
        if initial := tuple(await call.initial_metadata()):
            await context.send_initial_metadata(initial)
        if trailing := tuple(await call.trailing_metadata()):
            context.set_trailing_metadata(trailing)
        return response

    def _home(self, rank: Rank) -> Standalone:
        return self._pools.get(rank.pool_name).standalone


def _give_up_at(context: grpc.aio.ServicerContext) -> float | None:
    """When a queued call is to be answered, in the event loop's time; None: it has no deadline."""
    remaining: float | None = context.time_remaining()
    if remaining is None:
        return None
    ahead = min(_ANSWER_AHEAD.total_seconds(), 0.1 * remaining)
    return asyncio.get_running_loop().time() + remaining - ahead


def _withdrawn(call: PlacedCall) -> BridgeError:
    return BridgeError(
        Category.TIMEOUT,
        "withdrawn",
        f"{call.method} was withdrawn while it was queued in the pool; it never ran",
        call_id=call.call_id,
    )


async def _named(code: grpc.StatusCode, rank: Rank, method: str) -> BridgeError | None:
    """What a status without our detail stands for; None when it says it all."""
    if code == grpc.StatusCode.DEADLINE_EXCEEDED:
        return BridgeError(
            Category.TIMEOUT,
            "deadline_exceeded",
            f"the deadline passed after {method} was sent to {rank.name}; it was queued there or "
            "running. Rank.Withdraw says which",
            details={"state": "sent", "rank_id": rank.rank_id},
        )
    # A rank that dies breaks its connections in more ways than one.
    if code in _BROKEN:
        await asyncio.wait({rank.died}, timeout=_DEATH_SECONDS)
        if rank.died.done():
            return rank.unavailable()
    return None
