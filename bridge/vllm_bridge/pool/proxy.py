"""Forwards calls to ranks: raw bytes, with their metadata, deadline, status and trailers.

The pool does not parse what it forwards; the session in the metadata decides the rank.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import grpc
import grpc.aio

from vllm_bridge import metadata as keys
from vllm_bridge._generated import rank_pb2
from vllm_bridge.codec.errors import TRAILER, BridgeError, Category
from vllm_bridge.pool.abort import abort
from vllm_bridge.pool.calls import PlacedCall, PlacedCalls
from vllm_bridge.pool.ranks import Rank
from vllm_bridge.pool.sessions import SessionEntry, Sessions
from vllm_bridge.pool.standalone import Standalone

Metadata = Sequence[tuple[str, str | bytes]]

FORWARDED_PREFIXES = ("/vllm.distributed.v1.", "/vllm.bridge.v1.Rank/", "/vllm.bridge.v1.Objects/")

# Answered beside a rank's executor, so they must not wait for it to be idle.
_BESIDE_EXECUTOR = "/vllm.bridge.v1.Rank/"
_WITHDRAW = "/vllm.bridge.v1.Rank/Withdraw"
_INSPECT = "/vllm.bridge.v1.Rank/Inspect"

# The pool's own, or made anew for the second hop.
_NOT_FORWARDED = frozenset({keys.AUTHORIZATION, keys.POOL_NAME, "user-agent"})

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

# How often a rank with an abandoned call on it is asked whether it is idle again.
_FIRST_LOOK = timedelta(milliseconds=20)
_LONGEST_LOOK = timedelta(seconds=1)


class Proxy:
    """A generic gRPC handler for everything that ranks serve."""

    def __init__(self, sessions: Sessions, standalone: Standalone) -> None:
        self._sessions = sessions
        self._standalone = standalone
        self._calls = PlacedCalls()
        self._settling: set[asyncio.Task[None]] = set()

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
        affinity = keys.affinity_named(keys.text(metadata, keys.AFFINITY))
        session: SessionEntry | None = None
        if session_id:
            session = await self._sessions.of_call(
                session_id, keys.text(metadata, keys.POOL_NAME), affinity
            )
            self._sessions.enter(session)
        try:
            if session is not None and session.strict:
                return await self._on_bound_rank(session, method, request, context, metadata)
            if method.startswith(_BESIDE_EXECUTOR):
                return await self._beside_executor(session, method, request, context, metadata)
            return await self._placed(session, method, request, context, metadata)
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
            rank = next(iter(self._standalone.ready()), None)
        if rank is None:
            raise BridgeError(Category.WORKER, "no_rank", "no rank is up outside the worlds")
        if session is not None:
            await session.introduce_to(rank)
        return await self._send(rank, method, request, context, metadata)

    async def _placed(
        self,
        session: SessionEntry | None,
        method: str,
        request: bytes,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
        call = self._calls.add(
            session.session_id if session else "", keys.text(metadata, keys.CALL_ID), method
        )
        try:
            rank = await self._place(session, call, context)
        except BaseException:
            call.withdrawn = True
            raise
        return await self._occupying(rank, method, request, context, metadata)

    async def _occupying(
        self,
        rank: Rank,
        method: str,
        request: bytes,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
        """Send a call that has a place on the rank, and give the place back when it has ended."""
        ended = False
        try:
            response = await self._send(rank, method, request, context, metadata)
            ended = True
        except BridgeError as error:
            ended = error.reason != "deadline_exceeded"
            raise
        except grpc.aio.AbortError:
            ended = True
            raise
        finally:
            if ended or rank.died.done():
                self._standalone.release(rank)
            else:
                self._release_when_ended(rank, metadata)
        return response

    async def _place(
        self, session: SessionEntry | None, call: PlacedCall, context: grpc.aio.ServicerContext
    ) -> Rank:
        remaining = context.time_remaining()
        ahead = min(_ANSWER_AHEAD.total_seconds(), 0.1 * remaining) if remaining else 0.0
        while True:
            remaining = context.time_remaining()
            limit = None if remaining is None else max(remaining - ahead, 0.0)
            preferred = session.rank if session else None
            rank = await self._standalone.acquire(preferred, limit)
            try:
                if session is not None:
                    await session.introduce_to(rank)
                    if session.rank is None or session.rank.died.done():
                        session.rank = rank
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
                    self._standalone.release(rank)
            if call.rank is not None:
                return rank

    async def _send(
        self,
        rank: Rank,
        method: str,
        request: bytes,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
        if rank.died.done():
            raise rank.unavailable()
        call = rank.channel().unary_unary(method)(
            request,
            timeout=context.time_remaining(),
            metadata=grpc.aio.Metadata(
                *((key, value) for key, value in metadata if key not in _NOT_FORWARDED)
            ),
        )
        try:
            response: bytes = await call
        except grpc.aio.AioRpcError as error:
            trailing = tuple(error.trailing_metadata() or ())
            if not any(key == TRAILER for key, _ in trailing):
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

    def _release_when_ended(self, rank: Rank, metadata: Metadata) -> None:
        """Keep a rank's place taken while a call that its caller has given up may still run."""
        task = asyncio.get_running_loop().create_task(self._settle(rank, metadata))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settle(self, rank: Rank, metadata: Metadata) -> None:
        # Ranks do not report on their own yet; asking costs one inline call.
        session_id, call_id = (
            keys.text(metadata, keys.SESSION_ID),
            keys.text(metadata, keys.CALL_ID),
        )
        pause = _FIRST_LOOK
        try:
            while not rank.died.done():
                calls = await _calls_on(rank)
                if calls is not None and not any(
                    call.session_id == session_id and call.call_id == call_id for call in calls
                ):
                    return
                await asyncio.wait({rank.died}, timeout=pause.total_seconds())
                pause = min(2 * pause, _LONGEST_LOOK)
        finally:
            self._standalone.release(rank)


async def _calls_on(rank: Rank) -> Sequence[rank_pb2.CallRecord] | None:
    """What the rank runs and has queued; None when it does not say."""
    try:
        answer: bytes = await rank.channel().unary_unary(_INSPECT)(b"", timeout=_DEATH_SECONDS)
    except grpc.aio.AioRpcError:
        return None
    return rank_pb2.InspectResponse.FromString(answer).calls


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
