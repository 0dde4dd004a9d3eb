"""Forwards calls to ranks: raw bytes, with their metadata, deadline, status and trailers.

The pool does not parse what it forwards; the session in the metadata decides the rank.

Calls that clients send straight to a rank, in strict sessions, are not seen here. So a call of a
`hint` session goes to such a rank with the request to refuse it unless the rank is idle: asking
first would cost a round trip, and the answer could be out of date. When it is refused, the call
goes to the next idle rank, or back to its place in the queue.

Objects stay in the rank that made them. A rank refuses a call of a `hint` session that takes an
object of another rank, before it runs; the proxy then sends the call to the owner.
"""

from __future__ import annotations

import grpc
import grpc.aio

from vllm_bridge._generated import rank_pb2
from vllm_bridge.codec.errors import BridgeError, Category, detail_in
from vllm_bridge.pool.calls import owners, parts
from vllm_bridge.pool.calls.abort import abort
from vllm_bridge.pool.calls.calls import PlacedCall, PlacedCalls
from vllm_bridge.pool.calls.idle_watch import IdleWatch
from vllm_bridge.pool.calls.sending import Elsewhere, Metadata, NotIdle, Request, send
from vllm_bridge.pool.observe.traces import Traces, placed
from vllm_bridge.pool.ranks.pools import Pools
from vllm_bridge.pool.ranks.queue import Turn, give_up_at
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.ranks.standalone import Standalone
from vllm_bridge.pool.sessions.attachments import Attachments
from vllm_bridge.pool.sessions.drain import Drain
from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.pool.sessions.sessions import Sessions
from vllm_bridge.transport import metadata as keys

FORWARDED_PREFIXES = ("/vllm.distributed.v1.", "/vllm.bridge.v1.Rank/", "/vllm.bridge.v1.Objects/")

# Answered beside a rank's executor, so they must not wait for it to be idle.
_BESIDE_EXECUTOR = "/vllm.bridge.v1.Rank/"
_WITHDRAW = "/vllm.bridge.v1.Rank/Withdraw"
_RELEASE = "/vllm.bridge.v1.Objects/Release"


class Proxy:
    """A generic gRPC handler for everything that ranks serve."""

    def __init__(
        self,
        pools: Pools,
        sessions: Sessions,
        attachments: Attachments,
        drain: Drain | None = None,
        traces: Traces | None = None,
    ) -> None:
        self._traces = traces
        self._drain = drain or Drain()
        self._pools = pools
        self._sessions = sessions
        self._attachments = attachments
        self._calls = PlacedCalls()
        self._idle_watch = IdleWatch(
            lambda rank: self._home(rank).release(rank),
            lambda rank: self._home(rank).dispatch(),
        )
        for pool in pools.all():
            pool.standalone.doubt = self._idle_watch.doubt

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """The handler for a method that ranks serve, None for any other."""
        method: str = details.method
        in_parts = method == parts.PATH
        if in_parts:
            method = keys.text(details.invocation_metadata, keys.METHOD)
        if not method.startswith(FORWARDED_PREFIXES):
            return None

        async def forward(request: Request, context: grpc.aio.ServicerContext) -> bytes:
            try:
                if self._drain.begun:
                    self._check_drain(method, context)
                with self._drain.running():
                    return await self._forward(method, request, context)
            except BridgeError as error:
                error.call_id = error.call_id or keys.text(
                    context.invocation_metadata(), keys.CALL_ID
                )
                return await abort(context, error)

        if not in_parts:
            return grpc.unary_unary_rpc_method_handler(forward)
        if method.startswith(_BESIDE_EXECUTOR) or method == _RELEASE:
            return None

        async def forward_parts(requests: object, context: grpc.aio.ServicerContext) -> None:
            call = parts.Parts(context)
            await call.begin()
            await forward(call, context)

        return grpc.stream_stream_rpc_method_handler(forward_parts)

    def _check_drain(self, method: str, context: grpc.aio.ServicerContext) -> None:
        """Raise `draining`, but for calls of a run that has its turn, or beside the executor."""
        beside = method.startswith(_BESIDE_EXECUTOR) or method == _RELEASE
        run = keys.run_named(keys.text(context.invocation_metadata(), keys.TURN))
        if not beside and not run.turn:
            self._drain.check(method)

    async def _forward(
        self, method: str, request: Request, context: grpc.aio.ServicerContext
    ) -> bytes:
        metadata: Metadata = tuple(context.invocation_metadata())
        traced = self._traces.begin(method, metadata) if self._traces is not None else None
        if traced is None:
            return await self._routed(method, request, context, metadata)
        outcome = "failed"
        try:
            answer = await self._routed(method, request, context, traced.metadata)
            outcome = "ok"
        except BridgeError as error:
            outcome = error.reason
            raise
        except grpc.aio.AbortError:
            # What the rank has answered.
            detail = detail_in(context.trailing_metadata() or ())
            outcome = detail.reason if detail is not None else outcome
            raise
        finally:
            traced.end(outcome)
        return answer

    async def _routed(
        self,
        method: str,
        request: Request,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
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
            if isinstance(request, bytes) and method.startswith(_BESIDE_EXECUTOR):
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
        request: Request,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
        rank = session.rank
        if rank is None:
            raise BridgeError(
                Category.POOL,
                "session_not_bound",
                f"session {session.session_id!r} is strict and has no rank; close it and open it "
                "again",
            )
        try:
            if method.startswith(_BESIDE_EXECUTOR):
                return await send(rank, method, request, context, metadata)
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
            raise BridgeError(
                Category.WORKER, "no_rank", "no rank is up outside the worlds; try again"
            )
        if session is not None:
            await session.introduce_to(rank)
        return await send(rank, method, request, context, metadata)

    async def _placed(
        self,
        standalone: Standalone,
        session: SessionEntry | None,
        method: str,
        request: Request,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
        if session is not None and method == _RELEASE and isinstance(request, bytes):
            return await self._released(session, request, context, metadata)
        call = self._calls.add(
            session.session_id if session else "", keys.text(metadata, keys.CALL_ID), method
        )
        inside = keys.text(metadata, keys.CONTEXT)
        if session is not None and inside:
            owner = owners.of(session, inside)
            return await self._kept(owner, call, method, request, context, metadata)
        turn = standalone.turn(give_up_at(context.time_remaining()))
        again = False
        while True:
            try:
                rank, first = await self._place(standalone, session, call, turn, again=again)
            except BaseException:
                call.withdrawn = True
                raise
            placed()
            try:
                return await self._occupying(
                    rank,
                    method,
                    request,
                    context,
                    metadata,
                    only_if_idle=rank.called_directly,
                    movable=session is not None,
                )
            except NotIdle:
                call.rank = None
                again = True
                _not_run(session, rank, first=first)
            except Elsewhere as refusal:
                if session is None:
                    raise
                _not_run(session, rank, first=first)
                owner = owners.named(session, refusal.detail)
                return await self._kept(owner, call, method, request, context, metadata)

    async def _kept(
        self,
        owner: Rank,
        call: PlacedCall,
        method: str,
        request: Request,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
        """Send a call to the one rank where it can run; it waits in that rank's queue."""
        call.rank = owner
        owner.in_flight += 1
        return await self._occupying(owner, method, request, context, metadata)

    async def _released(
        self,
        session: SessionEntry,
        request: bytes,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
    ) -> bytes:
        """Have every rank forget those of the objects that it owns."""
        released = 0
        for owner, part in owners.parts(session, request):
            owner.in_flight += 1
            answer = await self._occupying(owner, _RELEASE, part, context, metadata)
            released += rank_pb2.ReleaseResponse.FromString(answer).released
        return rank_pb2.ReleaseResponse(released=released).SerializeToString()

    async def _occupying(
        self,
        rank: Rank,
        method: str,
        request: Request,
        context: grpc.aio.ServicerContext,
        metadata: Metadata,
        *,
        only_if_idle: bool = False,
        movable: bool = False,
    ) -> bytes:
        """Send a call that has a place on the rank, and give the place back when it has ended."""
        ended = False
        try:
            response = await send(
                rank,
                method,
                request,
                context,
                metadata,
                only_if_idle=only_if_idle,
                movable=movable,
            )
            ended = True
        except Elsewhere:
            ended = True
            raise
        except NotIdle:
            ended = True
            # Before the place is given back, or the next call would be sent here too.
            await self._idle_watch.check_busy(rank)
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
                self._idle_watch.release_when_ended(rank, (session_id, call_id))
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

    def _home(self, rank: Rank) -> Standalone:
        return self._pools.get(rank.pool_name).standalone


def _not_run(session: SessionEntry | None, rank: Rank, *, first: bool) -> None:
    """A call has not run on the rank: its session does not prefer that rank because of it."""
    if first and session is not None and session.rank is rank:
        session.forget_rank()
        session.rank = None


def _withdrawn(call: PlacedCall) -> BridgeError:
    return BridgeError(
        Category.TIMEOUT,
        "withdrawn",
        f"{call.method} was withdrawn while it was queued in the pool; it never ran",
        call_id=call.call_id,
    )
