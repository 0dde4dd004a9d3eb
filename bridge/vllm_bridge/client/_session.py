"""A session of a client."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

import grpc

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.client import _runs as runs
from vllm_bridge.client import _turns as turns
from vllm_bridge.client._checks import has_detail, text
from vllm_bridge.client._contexts import Context
from vllm_bridge.client._link import Link
from vllm_bridge.client._memory import UNAVAILABLE, Memory
from vllm_bridge.client._runs import WorldKey
from vllm_bridge.client._timeouts import (
    ASK_TIMEOUT,
    CONTROL_TIMEOUT,
    LOST_TIMEOUT,
    UNSET,
    Deadline,
    Timeout,
)
from vllm_bridge.codec.errors import BridgeError, Category, from_rpc_error
from vllm_bridge.durations import to_duration
from vllm_bridge.transport.metadata import AFFINITY_NAMES, CALL_ID, CONTEXT, EPOCH, SESSION_ID

if TYPE_CHECKING:
    from vllm_bridge.codec.calls import RemoteObject
    from vllm_bridge.codec.tensors import Storage


# For the news of a rank's death to reach the pool.
_NEWS_TIME = timedelta(milliseconds=300)


class Session:
    """A session: the place of a series of calls, and of the objects they make."""

    def __init__(self, link: Link, info: pool_pb2.Session) -> None:
        self._link = link
        self.info = info
        self._memory = Memory(link.channels, info.session_id)
        # Per thread: what it has entered.
        self._inside = threading.local()

    @property
    def session_id(self) -> str:
        """Its id."""
        return self.info.session_id

    @property
    def affinity(self) -> str:
        """hint, strict_queue or strict_fail_fast."""
        return AFFINITY_NAMES[self.info.affinity]

    def call(
        self,
        name: str,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> Any:
        """Call a function of `vllm_distributed`, or a method as `Class.method` on its receiver.

        `timeout=None` waits for ever; without one, the profile says how long. For a function with
        a `timeout` of its own, use `invoke`.
        """
        return self.invoke(name, args, kwargs, timeout=timeout, timeout_profile=timeout_profile)

    def invoke(
        self,
        name: str,
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
        *,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
    ) -> Any:
        """As `call`, with the arguments apart."""
        text("name", name, "the name of a function, e.g. 'get_pp_indices'")
        # Imports torch, which only those who exchange tensors with ranks should pay for.
        from vllm_bridge.codec.calls import decode_result, encode_call

        return self._exchange(
            lambda storage: encode_call(name, args, kwargs or {}, storage),
            lambda response, storage: decode_result(name, response, storage),
            self.allowed(timeout, timeout_profile),
        )

    def run(
        self,
        qualified_name: str,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> Any:
        """Call anything on the rank's allow list by its qualified name, e.g. `torch.arange`."""
        text(
            "qualified_name",
            qualified_name,
            "the qualified name of a function that the rank has, e.g. 'torch.arange'; functions of "
            "this process cannot be sent",
        )
        from vllm_bridge._generated import types_pb2
        from vllm_bridge.codec.calls import decode_term, encode_term

        def encode(storage: Storage) -> tuple[str, bytes]:
            request = rank_pb2.CallRequest(
                qualified_name=qualified_name,
                args=encode_term(list(args), storage),
                kwargs=encode_term(dict(kwargs), storage),
            )
            return "/vllm.bridge.v1.Objects/Call", request.SerializeToString()

        return self._exchange(
            encode,
            lambda response, storage: decode_term(types_pb2.Term.FromString(response), storage),
            self.allowed(timeout, timeout_profile),
        )

    def context(
        self,
        of: str | RemoteObject,
        *args: object,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
        **kwargs: object,
    ) -> Context:
        """For `with`: enters the context manager that a function returns, and always exits it.

            with session.context("patch_tensor_parallel_group", group): ...
            with session.context(session.run("torch.no_grad")): ...

        `timeout` is that of each of its calls. See `Context`.
        """
        return Context(
            self,
            lambda: self._link.profiles.resolve(timeout, timeout_profile),
            of,
            args,
            kwargs,
        )

    def inspect(self, *, timeout: timedelta = CONTROL_TIMEOUT) -> rank_pb2.InspectResponse:
        """What the session's rank is doing; answered also while it is blocked in a call."""
        response = self.send("/vllm.bridge.v1.Rank/Inspect", b"", timeout)
        return rank_pb2.InspectResponse.FromString(response)

    def close(self, *, timeout: timedelta = CONTROL_TIMEOUT) -> bool:
        """Free its objects. False when it had ended before."""
        request = pool_pb2.CloseSessionRequest(session_id=self.session_id)
        return self._link.channels.pool(
            "CloseSession", request, pool_pb2.CloseSessionResponse, timeout
        ).closed

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def allowed(self, timeout: Timeout, timeout_profile: str = "") -> timedelta | None:
        """How long a call has: its timeout, else what its profile, or the client's, says."""
        return self._link.profiles.resolve(timeout, timeout_profile)

    def _exchange(
        self,
        encode: Callable[[Storage], tuple[str, bytes]],
        decode: Callable[[bytes, Storage], Any],
        timeout: timedelta | None,
    ) -> Any:
        """One call, whose tensors may go and come through shared memory."""
        deadline = Deadline(timeout)
        with self._memory.lease(deadline) as lease:
            path, request = encode(lease)
            more = lease.metadata()
            try:
                response = self._send(path, request, deadline, more)
            except BridgeError as error:
                lease.failed(error)
                if error.reason != UNAVAILABLE:
                    raise
                # The rank has not begun: it could not read an argument.
                path, request = encode(lease)
                response = self._send(path, request, deadline)
            lease.answered(len(response))
            return decode(response, lease)

    def send(
        self,
        path: str,
        request: bytes,
        timeout: timedelta | None,
        more: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """One call of this session, as bytes; `more` metadata. Raises BridgeError."""
        return self._send(path, request, Deadline(timeout), more)

    def _send(
        self,
        path: str,
        request: bytes,
        deadline: Deadline,
        more: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        while True:
            try:
                return self._send_once(path, request, deadline, more)
            except BridgeError as error:
                if not turns.inner_run_over(self._world(), error, deadline):
                    raise

    def _send_once(
        self, path: str, request: bytes, deadline: Deadline, more: Sequence[tuple[str, str]]
    ) -> bytes:
        call_id = self._link.next_call_id()
        metadata = (*self._naming(), (CALL_ID, call_id), *self._turn(), *more)
        endpoint = self.info.endpoint or self._link.channels.endpoint
        turn = turns.of(self._world())
        if turn is not None and turn.over:
            endpoint = self._link.channels.endpoint
        try:
            return self._link.channels.send(endpoint, path, request, deadline.left(), metadata)
        except grpc.RpcError as error:
            failure = error
        if not has_detail(failure):
            if failure.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise self._timed_out(path, call_id, deadline.timeout)
            if self.info.endpoint and failure.code() == grpc.StatusCode.UNAVAILABLE:
                raise self._lost(path, call_id, failure)
            if not self.info.endpoint:
                raise self._link.channels.pool_error(failure)
        raise self._named(from_rpc_error(failure))

    def _named(self, error: BridgeError) -> BridgeError:
        """The error, or where a collective failed since another rank has died, which one and how.

        The group may see that some milliseconds before the pool does.
        """
        if error.reason != "collective_failed" or not self.info.world_id:
            return error
        request = pool_pb2.GetSessionRequest(
            session_id=self.session_id, wait_for_end=to_duration(_NEWS_TIME)
        )
        try:
            # The other ranks' failure may have ended the run already.
            with runs.outside():
                self._link.channels.pool("GetSession", request, pool_pb2.Session, ASK_TIMEOUT)
        except BridgeError as cause:
            if cause.reason != "session_worker_unavailable":
                return error
            cause.details["collective_error"] = error.message
            cause.rank, cause.call_id = error.rank, error.call_id
            return cause
        return error

    def _naming(self) -> tuple[tuple[str, str], ...]:
        """The metadata that says which session this is."""
        naming = ((SESSION_ID, self.session_id),)
        if self.info.epoch:
            return (*naming, (EPOCH, str(self.info.epoch)))
        # Only a session without a rank of its own has to say where its contexts are.
        entered = None if self.info.endpoint else self.entered()
        return (*naming, (CONTEXT, entered[-1])) if entered else naming

    def _turn(self) -> tuple[tuple[str, str], ...]:
        """The metadata that says which run of its world a call is part of."""
        return turns.metadata(self._world())

    def _world(self) -> WorldKey:
        return self._link.channels.endpoint, self.info.world_id, self.info.epoch

    def entered(self) -> list[str]:
        """Ids of the contexts that this thread is inside of, the latest last."""
        ids: list[str] | None = getattr(self._inside, "ids", None)
        if ids is None:
            self._inside.ids = ids = []
        return ids

    def _lost(self, path: str, call_id: str, failure: grpc.RpcError) -> BridgeError:
        # The pool knows why a rank cannot be reached, or is about to: forwarding a call to it, the
        # pool waits for the news. When this one goes through, only the connection had broken.
        consequence = "The pool says that the rank lives"
        try:
            self._link.channels.send(
                self._link.channels.endpoint,
                "/vllm.bridge.v1.Rank/Inspect",
                b"",
                LOST_TIMEOUT,
                self._naming(),
            )
        except grpc.RpcError as error:
            if has_detail(error):
                return from_rpc_error(error)
            consequence = f"The pool cannot be asked about it ({error.code().name})"
        return BridgeError(
            Category.WORKER,
            "connection_lost",
            f"{path}: the connection to the rank of session {self.session_id!r} failed: "
            f"{failure.details()}. {consequence}; whether the call ran is not known",
            rank=self.info.rank if self.info.HasField("rank") else None,
            call_id=call_id,
        )

    def _timed_out(self, path: str, call_id: str, timeout: timedelta | None) -> BridgeError:
        waited = f" after {timeout.total_seconds():g} s" if timeout else ""
        found = self._withdraw(call_id)
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
            what += self._diagnosis()
        return BridgeError(
            Category.TIMEOUT,
            "deadline_exceeded",
            f"{path} timed out{waited} {what}",
            details={"state": rank_pb2.CallState.Name(state).lower()},
            rank=self.info.rank if self.info.HasField("rank") else None,
            call_id=call_id,
        )

    def _diagnosis(self) -> str:
        """What the ranks of its world are doing, for a call that is stuck among them."""
        if not self.info.world_id:
            return ""
        request = pool_pb2.DiagnoseRequest(world_id=self.info.world_id)
        try:
            found = self._link.channels.pool("Diagnose", request, pool_pb2.Diagnosis, ASK_TIMEOUT)
        except BridgeError:
            return ""
        return f". {found.text}"

    def _withdraw(self, call_id: str) -> rank_pb2.WithdrawResponse:
        request = rank_pb2.WithdrawRequest(session_id=self.session_id, call_id=call_id)
        try:
            response = self._link.channels.send(
                self.info.endpoint or self._link.channels.endpoint,
                "/vllm.bridge.v1.Rank/Withdraw",
                request.SerializeToString(),
                ASK_TIMEOUT,
                self._naming(),
            )
        except grpc.RpcError:
            return rank_pb2.WithdrawResponse(call=rank_pb2.CallRecord(state=rank_pb2.UNKNOWN))
        return rank_pb2.WithdrawResponse.FromString(response)
