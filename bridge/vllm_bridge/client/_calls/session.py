"""What a session asks of its rank and of the pool: both forms of the client, in coroutines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import Message

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.client import _tracing
from vllm_bridge.client._calls import runs, turns
from vllm_bridge.client._calls.checks import has_detail, text
from vllm_bridge.client._calls.exchange import Decode, Encode, Exchange, Sent
from vllm_bridge.client._calls.future import FutureCalls
from vllm_bridge.client._calls.io import Call
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._calls.memory import Memory
from vllm_bridge.client._calls.runs import WorldKey
from vllm_bridge.client._calls.timeouts import (
    ASK_TIMEOUT,
    LOST_TIMEOUT,
    UNSET,
    Deadline,
    Timeout,
)
from vllm_bridge.client._objects.contexts import ContextCalls
from vllm_bridge.client._objects.kept import Callee, Tensors, ref_of, where
from vllm_bridge.codec.errors import BridgeError, Category, from_rpc_error
from vllm_bridge.durations import to_duration
from vllm_bridge.refs import Named, StandIn
from vllm_bridge.transport.call_tokens import bearer
from vllm_bridge.transport.frames.calling import Metadata, NotSent
from vllm_bridge.transport.metadata import (
    AUTHORIZATION,
    CALL_ID,
    CONTEXT,
    EPOCH,
    METHOD,
    SESSION_ID,
)

if TYPE_CHECKING:
    from vllm_bridge.codec.calls import RemoteObject
    from vllm_bridge.codec.chunks import ChunkStorage
    from vllm_bridge.codec.tensors import Storage


# For the news of a rank's death to reach the pool.
_NEWS_TIME = timedelta(milliseconds=300)

_NO_FUNCTION = (
    "the qualified name of a function that the rank has, e.g. 'torch.arange'; functions of this "
    "process cannot be sent"
)


class SessionCalls:
    """The calls of one session."""

    def __init__(self, link: Link, info: pool_pb2.Session) -> None:
        self.link = link
        self.info = info
        self._memory = Memory(link.channels, info.session_id)
        # Per thread or task: what it has entered.
        self._inside = link.io.own()
        # Of calls to a rank on another host.
        self._authorization: tuple[tuple[str, str], ...] = ()
        if info.frames_endpoint:
            link.ranks.named(info.frames_endpoint)

    async def invoke(
        self,
        name: str,
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
        *,
        timeout: Timeout,
        timeout_profile: str = "",
        tensors: Tensors = "value",
    ) -> Any:
        """Call a function of `vllm_distributed`."""
        exchange = await self.function(
            name, args, kwargs or {}, timeout, timeout_profile, tensors=tensors
        )
        return await exchange.result()

    async def run(
        self,
        of: Callee,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        timeout: Timeout,
        timeout_profile: str,
        tensors: Tensors = "value",
        method: str = "",
    ) -> Any:
        """Call anything on the rank's allow list, or an object that it keeps."""
        exchange = await self.by_name(
            of, args, kwargs, timeout, timeout_profile, tensors=tensors, method=method
        )
        return await exchange.result()

    async def submit(
        self,
        name: str,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        timeout: Timeout,
        timeout_profile: str,
        tensors: Tensors = "value",
    ) -> FutureCalls:
        """As `invoke`, for a result that is collected later."""
        exchange = await self.function(
            name, args, kwargs, timeout, timeout_profile, later=True, tensors=tensors
        )
        return FutureCalls(self.link.io, exchange, await exchange.begin(), name)

    async def submit_run(
        self,
        of: Callee,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        timeout: Timeout,
        timeout_profile: str,
        tensors: Tensors = "value",
        method: str = "",
    ) -> FutureCalls:
        """As `run`, for a result that is collected later."""
        exchange = await self.by_name(
            of, args, kwargs, timeout, timeout_profile, later=True, tensors=tensors, method=method
        )
        what = of if isinstance(of, str) else method or "an object"
        return FutureCalls(self.link.io, exchange, await exchange.begin(), what)

    async def function(
        self,
        name: str,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        timeout: Timeout,
        timeout_profile: str,
        *,
        later: bool = False,
        tensors: Tensors = "value",
    ) -> Exchange:
        """A call of a function of `vllm_distributed`."""
        more = where(tensors)
        text("name", name, "the name of a function, e.g. 'get_pp_indices'")
        # Imports torch, which only those who exchange tensors with ranks should pay for.
        await self.link.io.load("vllm_bridge.codec.calls")
        from vllm_bridge.codec.calls import RemoteObjects, decode_result, encode_call

        objects = RemoteObjects(self.info.session_id, self.info.epoch)
        return self._exchange(
            lambda storage: encode_call(name, args, kwargs, storage, objects),
            lambda response, storage: decode_result(name, response, storage),
            await self.allowed(timeout, timeout_profile),
            later=later,
            more=more,
        )

    async def by_name(
        self,
        of: Callee,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        timeout: Timeout,
        timeout_profile: str,
        *,
        later: bool = False,
        tensors: Tensors = "value",
        method: str = "",
    ) -> Exchange:
        """A call of anything on the rank's allow list: by its name, or of an object of the rank."""
        more = where(tensors)
        text("method", method, "the name of a method")
        target = rank_pb2.CallRequest(method=method)
        if isinstance(of, (StandIn, Named)):
            target.object.CopyFrom(await ref_of(self, of))
        else:
            target.qualified_name = text("qualified_name", of, _NO_FUNCTION)
        await self.link.io.load("vllm_bridge.codec.calls")
        from vllm_bridge._generated import types_pb2
        from vllm_bridge.codec.calls import RemoteObjects, decode_term, encode_term

        objects = RemoteObjects(self.info.session_id, self.info.epoch)

        def encode(storage: Storage) -> tuple[str, bytes]:
            request = rank_pb2.CallRequest(
                args=encode_term(list(args), storage, objects),
                kwargs=encode_term(dict(kwargs), storage, objects),
            )
            request.MergeFrom(target)
            return "/vllm.bridge.v1.Objects/Call", request.SerializeToString()

        return self._exchange(
            encode,
            lambda response, storage: decode_term(types_pb2.Term.FromString(response), storage),
            await self.allowed(timeout, timeout_profile),
            later=later,
            more=more,
        )

    async def objects(
        self,
        name: str,
        request: Message,
        decode: Decode,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        *,
        later: bool = False,
    ) -> Exchange:
        """A call of the rank's `Objects`."""
        path, data = f"/vllm.bridge.v1.Objects/{name}", request.SerializeToString()
        allowed = await self.allowed(timeout, timeout_profile)
        return self._exchange(lambda storage: (path, data), decode, allowed, later=later)

    def context(
        self,
        of: str | RemoteObject,
        args: Sequence[object],
        kwargs: Mapping[str, object],
        timeout: Timeout,
        timeout_profile: str,
    ) -> ContextCalls:
        """A context manager of the rank."""
        return ContextCalls(self, lambda: self.allowed(timeout, timeout_profile), of, args, kwargs)

    async def inspect(self, timeout: timedelta | None) -> rank_pb2.InspectResponse:
        """What the session's rank is doing."""
        response = await self.send("/vllm.bridge.v1.Rank/Inspect", b"", timeout)
        return rank_pb2.InspectResponse.FromString(response)

    async def close(self, timeout: timedelta | None) -> bool:
        """Free its objects. False when it had ended before."""
        request = pool_pb2.CloseSessionRequest(session_id=self.info.session_id)
        kind = pool_pb2.CloseSessionResponse
        return (await self.link.channels.pool("CloseSession", request, kind, timeout)).closed

    async def carrier(self) -> str:
        """What carries its next call."""
        return await self.link.ranks.carrier(self._way()[1])

    async def allowed(self, timeout: Timeout, timeout_profile: str = "") -> timedelta | None:
        """How long a call has: its timeout, else what its profile, or the client's, says."""
        return await self.link.profiles.resolve(timeout, timeout_profile)

    def entered(self) -> list[str]:
        """Ids of the contexts that this thread, or task, is inside of, the latest last."""
        return self._inside.ids()

    async def send(
        self, path: str, request: bytes, timeout: timedelta | None, more: Metadata = ()
    ) -> bytes:
        """One call of this session, as bytes; `more` metadata. Raises BridgeError."""
        return await self.answer(await self.begin(path, request, Deadline(timeout), more))

    async def begin(
        self,
        path: str,
        request: bytes,
        deadline: Deadline,
        more: Metadata = (),
        *,
        later: bool = False,
        frames: bool = True,
        chunks: ChunkStorage | None = None,
    ) -> Sent:
        """Send a call of this session."""
        if self.info.far_endpoint and not self.info.endpoint:
            await self._reach()
        call_id = self.link.next_call_id()
        naming = (*self._naming(), (CALL_ID, call_id), *self._turn())
        metadata = (*naming, *more, *_tracing.metadata())
        endpoint, place = self._way()
        run = runs.checked()
        turn = None if run is None else run.turn_on(self._world())
        if turn is not None and turn.over:
            endpoint, place = self.link.channels.endpoint, ""
        try:
            call: Call
            if chunks is not None:
                metadata = (*metadata, (METHOD, path))
                left = deadline.left()
                call = self.link.channels.in_parts(endpoint, request, chunks, left, metadata)
            else:
                where = place if frames else ""
                call = await self.link.ranks.begin(
                    endpoint, where, path, request, deadline, metadata, later=later
                )
        except grpc.RpcError as error:
            raise from_rpc_error(error) from None
        return Sent(call, path, request, deadline, more, call_id, run, later, chunks)

    async def answer(self, sent: Sent) -> bytes:
        """The response. Raises BridgeError, `Cancelled`."""
        while True:
            try:
                return await self._answer_once(sent)
            except NotSent as error:
                if sent.later:
                    # The calls after it have been sent.
                    raise self._connection_lost(sent, f"{error}; it never ran") from None
                # Certain not to have run, it may go the other way.
                sent = await self.begin(
                    sent.path,
                    sent.request,
                    sent.deadline,
                    sent.more,
                    later=sent.later,
                    frames=False,
                )
            except BridgeError as error:
                if sent.later or not await turns.inner_run_over(
                    self._world(), error, sent.deadline
                ):
                    raise
                sent = await self.begin(
                    sent.path, sent.request, sent.deadline, sent.more, chunks=sent.chunks
                )

    async def _answer_once(self, sent: Sent) -> bytes:
        try:
            return await runs.answer(sent.run, sent.call)
        except grpc.RpcError as error:
            failure = error
        if not has_detail(failure):
            if failure.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise await self._timed_out(sent)
            if self.info.endpoint and failure.code() == grpc.StatusCode.UNAVAILABLE:
                raise await self._lost(sent, failure)
            if not self.info.endpoint:
                raise self.link.channels.pool_error(failure)
        raise await self._named(from_rpc_error(failure))

    def _exchange(
        self,
        encode: Encode,
        decode: Decode,
        timeout: timedelta | None,
        *,
        later: bool = False,
        more: Metadata = (),
    ) -> Exchange:
        deadline = Deadline(timeout)
        return Exchange(self, self._memory, encode, decode, deadline, later=later, more=more)

    async def _reach(self) -> None:
        """From the first call on, straight to a rank on another host, if that can be reached."""
        naming = self._naming()
        # Whether or not it can: asked once.
        self.info.far_endpoint = ""
        # A run that is given up gives nothing up here.
        with runs.outside():
            far = await self.link.reach(self.info, naming)
        if far is not None:
            self._authorization = ((AUTHORIZATION, bearer(far.token)),)
            self.info.endpoint = far.endpoint

    def _way(self) -> tuple[str, str]:
        """Where its calls go over gRPC, and where in frames, or nowhere."""
        if self.info.endpoint:
            return self.info.endpoint, self.info.frames_endpoint
        # The pool, which takes calls of hint sessions in frames.
        hint = self.info.affinity == pool_pb2.HINT
        return self.link.channels.endpoint, self.info.frames_endpoint if hint else ""

    async def _named(self, error: BridgeError) -> BridgeError:
        """The error, or where a collective failed since another rank has died, which one and how.

        The group may see that some milliseconds before the pool does.
        """
        if error.reason != "collective_failed" or not self.info.world_id:
            return error
        request = pool_pb2.GetSessionRequest(
            session_id=self.info.session_id, wait_for_end=to_duration(_NEWS_TIME)
        )
        try:
            # The other ranks' failure may have ended the run already.
            with runs.outside():
                await self.link.channels.pool("GetSession", request, pool_pb2.Session, ASK_TIMEOUT)
        except BridgeError as cause:
            if cause.reason != "session_worker_unavailable":
                return error
            cause.details["collective_error"] = error.message
            cause.rank, cause.call_id = error.rank, error.call_id
            return cause
        return error

    def _naming(self) -> tuple[tuple[str, str], ...]:
        """The metadata that says which session this is."""
        naming = ((SESSION_ID, self.info.session_id), *self._authorization)
        if self.info.epoch:
            return (*naming, (EPOCH, str(self.info.epoch)))
        # Only a session without a rank of its own has to say where its contexts are.
        entered = None if self.info.endpoint else self.entered()
        return (*naming, (CONTEXT, entered[-1])) if entered else naming

    def _turn(self) -> tuple[tuple[str, str], ...]:
        """The metadata that says which run of its world a call is part of."""
        if runs.current() is None:
            return ()
        return turns.metadata(self._world())

    def _world(self) -> WorldKey:
        return self.link.channels.endpoint, self.info.world_id, self.info.epoch

    async def _lost(self, sent: Sent, failure: grpc.RpcError) -> BridgeError:
        # The pool knows why a rank cannot be reached, or is about to: forwarding a call to it, the
        # pool waits for the news. When this one goes through, only the connection had broken.
        consequence = "The pool says that the rank lives"
        try:
            await self.link.channels.send(
                self.link.channels.endpoint,
                "/vllm.bridge.v1.Rank/Inspect",
                b"",
                LOST_TIMEOUT,
                self._naming(),
            )
        except grpc.RpcError as error:
            if has_detail(error):
                return from_rpc_error(error)
            consequence = f"The pool cannot be asked about it ({error.code().name})"
        return self._connection_lost(
            sent, f"{failure.details()}. {consequence}; whether the call ran is not known"
        )

    def _connection_lost(self, sent: Sent, why: str) -> BridgeError:
        return BridgeError(
            Category.WORKER,
            "connection_lost",
            f"{sent.path}: the connection to the rank of session {self.info.session_id!r} failed: "
            f"{why}",
            rank=self.info.rank if self.info.HasField("rank") else None,
            call_id=sent.call_id,
        )

    async def _timed_out(self, sent: Sent) -> BridgeError:
        timeout = sent.deadline.timeout
        waited = f" after {timeout.total_seconds():g} s" if timeout else ""
        found = await self._withdraw(sent.call_id)
        if found.HasField("refusal"):
            # What the gate of its world said, in an answer that came too late.
            return BridgeError.from_detail(found.refusal)
        state = found.call.state
        what = {
            rank_pb2.WITHDRAWN: "while it was queued; it never ran",
            rank_pb2.FINISHED: "as it finished; it ran, and its result is lost",
            rank_pb2.RUNNING: "while it was running; it cannot be interrupted and goes on",
        }.get(state, "and the rank no longer knows whether it ran")
        if state == rank_pb2.RUNNING:
            what += await self._diagnosis()
        return BridgeError(
            Category.TIMEOUT,
            "deadline_exceeded",
            f"{sent.path} timed out{waited} {what}",
            details={"state": rank_pb2.CallState.Name(state).lower()},
            rank=self.info.rank if self.info.HasField("rank") else None,
            call_id=sent.call_id,
        )

    async def _diagnosis(self) -> str:
        """What the ranks of its world are doing, for a call that is stuck among them."""
        if not self.info.world_id:
            return ""
        request = pool_pb2.DiagnoseRequest(world_id=self.info.world_id)
        kind = pool_pb2.Diagnosis
        try:
            found = await self.link.channels.pool("Diagnose", request, kind, ASK_TIMEOUT)
        except BridgeError:
            return ""
        return f". {found.text}"

    async def _withdraw(self, call_id: str) -> rank_pb2.WithdrawResponse:
        request = rank_pb2.WithdrawRequest(session_id=self.info.session_id, call_id=call_id)
        endpoint, place = self._way()
        try:
            run = runs.checked()
            begun = await self.link.ranks.begin(
                endpoint,
                place,
                "/vllm.bridge.v1.Rank/Withdraw",
                request.SerializeToString(),
                Deadline(ASK_TIMEOUT),
                self._naming(),
            )
            response = await runs.answer(run, begun)
        except (grpc.RpcError, NotSent):
            return rank_pb2.WithdrawResponse(call=rank_pb2.CallRecord(state=rank_pb2.UNKNOWN))
        return rank_pb2.WithdrawResponse.FromString(response)
