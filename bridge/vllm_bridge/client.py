"""A synchronous client of a pool.

    with connect("unix:/run/user/1000/vllm.sock") as client:
        with client.start_world(tensor_parallel_size=2) as world:
            ranks = world.run(lambda session: session.call("get_tensor_model_parallel_rank"))

Every failure is a `BridgeError`. Calls go straight to the rank where the session has an endpoint,
and through the pool otherwise; a caller sees no difference.
"""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from datetime import timedelta
from types import TracebackType
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.codec.errors import BridgeError, Category, detail_in, from_rpc_error
from vllm_bridge.metadata import AFFINITY_NAMES, AUTHORIZATION, CALL_ID, SESSION_ID
from vllm_bridge.metadata import affinity_named as _affinity_named
from vllm_bridge.pool.listen import ListenError, parse_address

DEFAULT_CALL_TIMEOUT = timedelta(seconds=120)

# For the pool's own calls, which run nothing of the user's.
_CONTROL_TIMEOUT = timedelta(seconds=30)
# To find out what became of a call that failed without a word.
_ASK_TIMEOUT = timedelta(seconds=2)

_NO_LIMITS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))

R = TypeVar("R", bound=Message)
V = TypeVar("V")


def connect(endpoint: str, *, token: str | None = None) -> Client:
    """A client of the pool at `unix:PATH` or `HOST:PORT`. Nothing is sent until the first call.

    Raises:
        BridgeError: (validation, `bad_endpoint`) `endpoint` is neither.
    """
    try:
        parse_address(endpoint)
    except ListenError as error:
        raise BridgeError(Category.VALIDATION, "bad_endpoint", f"endpoint {error}") from None
    return Client(endpoint, token=token)


class Client:
    """A connection to one pool. Threads may share it."""

    def __init__(self, endpoint: str, *, token: str | None = None) -> None:
        self.endpoint = endpoint
        self._authorization = ((AUTHORIZATION, f"Bearer {token}"),) if token else ()
        self._lock = threading.Lock()
        self._channels: dict[str, grpc.Channel] = {}
        self._call_ids = (f"{uuid.uuid4().hex[:12]}-{number}" for number in itertools.count(1))

    def open_session(
        self,
        session_id: str = "",
        *,
        affinity: str = "hint",
        pool_name: str = "",
        timeout: timedelta = _CONTROL_TIMEOUT,
    ) -> Session:
        """Open a session, or find the live one of that id."""
        request = pool_pb2.OpenSessionRequest(
            session_id=session_id, affinity=_affinity_named(affinity), pool_name=pool_name
        )
        return Session(self, self._pool("OpenSession", request, pool_pb2.Session, timeout))

    def session(self, session_id: str, *, timeout: timedelta = _CONTROL_TIMEOUT) -> Session:
        """The live session of that id."""
        request = pool_pb2.GetSessionRequest(session_id=session_id)
        return Session(self, self._pool("GetSession", request, pool_pb2.Session, timeout))

    def start_world(
        self,
        *,
        world_id: str = "",
        tensor_parallel_size: int = 1,
        pipeline_parallel_size: int = 1,
        data_parallel_size: int = 1,
        prefill_context_parallel_size: int = 1,
        decode_context_parallel_size: int = 1,
        backend: str = "",
        timeout: timedelta | None = None,
    ) -> World:
        """Start a world; returns when all its ranks are initialised.

        `timeout` bounds every rendezvous, group and wait of the world, now and later.
        """
        sizes = {
            "tensor_parallel_size": tensor_parallel_size,
            "pipeline_parallel_size": pipeline_parallel_size,
            "data_parallel_size": data_parallel_size,
            "prefill_context_parallel_size": prefill_context_parallel_size,
            "decode_context_parallel_size": decode_context_parallel_size,
        }
        for name, size in sizes.items():
            if not isinstance(size, int) or isinstance(size, bool):
                raise _wrong_type(name, size, "an int of at least 1")
        request = pool_pb2.StartWorldRequest(
            world_id=world_id,
            tensor_parallel_size=tensor_parallel_size,
            pipeline_parallel_size=pipeline_parallel_size,
            data_parallel_size=data_parallel_size,
            prefill_context_parallel_size=prefill_context_parallel_size,
            decode_context_parallel_size=decode_context_parallel_size,
            backend=backend,
        )
        if timeout is not None:
            _seconds(timeout)
            request.timeout.FromTimedelta(timeout)
        # The pool's own limits end this; a deadline here would only hide what it has to say.
        return World(self, self._pool("StartWorld", request, pool_pb2.World, None))

    def stop_world(self, world_id: str, *, timeout: timedelta = _CONTROL_TIMEOUT) -> bool:
        """Stop a world by its id. False when there is no live one."""
        request = pool_pb2.StopWorldRequest(world_id=world_id)
        return self._pool("StopWorld", request, pool_pb2.StopWorldResponse, timeout).stopped

    def status(self, *, timeout: timedelta = _CONTROL_TIMEOUT) -> pool_pb2.PoolStatus:
        """The pool, its ranks, sessions and worlds."""
        return self._pool("GetStatus", pool_pb2.GetStatusRequest(), pool_pb2.PoolStatus, timeout)

    def close(self) -> None:
        """Close all connections. Sessions and worlds stay."""
        with self._lock:
            channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def send(
        self,
        endpoint: str,
        method: str,
        request: bytes,
        timeout: timedelta | None,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """One raw call. Raises grpc.RpcError."""
        with self._lock:
            channel = self._channels.get(endpoint)
            if channel is None:
                channel = grpc.insecure_channel(endpoint, options=_NO_LIMITS)
                self._channels[endpoint] = channel
        to_pool = endpoint == self.endpoint
        response: bytes = channel.unary_unary(method)(
            request,
            timeout=_seconds(timeout),
            metadata=(*metadata, *(self._authorization if to_pool else ())),
        )
        return response

    def next_call_id(self) -> str:
        """An id that no other call has."""
        with self._lock:
            return next(self._call_ids)

    def _pool(self, name: str, request: Message, kind: type[R], timeout: timedelta | None) -> R:
        try:
            response = self.send(
                self.endpoint,
                f"/vllm.bridge.v1.Pool/{name}",
                request.SerializeToString(),
                timeout,
            )
        except grpc.RpcError as error:
            raise self.pool_error(error) from None
        return kind.FromString(response)

    def pool_error(self, error: grpc.RpcError) -> BridgeError:
        """What a failed call to the pool means."""
        if error.code() == grpc.StatusCode.UNAVAILABLE and not _has_detail(error):
            return BridgeError(
                Category.GRPC_ERROR,
                "pool_unreachable",
                f"no pool answers at {self.endpoint}: {error.details()}",
            )
        return from_rpc_error(error)


class Session:
    """A session: the place of a series of calls, and of the objects they make."""

    def __init__(self, client: Client, info: pool_pb2.Session) -> None:
        self._client = client
        self.info = info

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
        timeout: timedelta | None = DEFAULT_CALL_TIMEOUT,
        **kwargs: object,
    ) -> Any:
        """Call a function of `vllm_distributed`, or a method as `Class.method` on its receiver.

        `timeout=None` waits for ever. For a function with a `timeout` of its own, use `invoke`.
        """
        return self.invoke(name, args, kwargs, timeout=timeout)

    def invoke(
        self,
        name: str,
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
        *,
        timeout: timedelta | None = DEFAULT_CALL_TIMEOUT,
    ) -> Any:
        """As `call`, with the arguments apart."""
        # Imports torch, which only those who exchange tensors with ranks should pay for.
        from vllm_bridge.codec.calls import decode_result, encode_call

        path, request = encode_call(name, args, kwargs or {})
        return decode_result(name, self.send(path, request, timeout))

    def run(
        self,
        qualified_name: str,
        *args: object,
        timeout: timedelta | None = DEFAULT_CALL_TIMEOUT,
        **kwargs: object,
    ) -> Any:
        """Call anything on the rank's allow list by its qualified name, e.g. `torch.arange`."""
        from vllm_bridge._generated import types_pb2
        from vllm_bridge.codec.calls import decode_term, encode_term

        request = rank_pb2.CallRequest(
            qualified_name=qualified_name,
            args=encode_term(list(args)),
            kwargs=encode_term(dict(kwargs)),
        )
        response = self.send("/vllm.bridge.v1.Objects/Call", request.SerializeToString(), timeout)
        return decode_term(types_pb2.Term.FromString(response))

    def inspect(self, *, timeout: timedelta = _CONTROL_TIMEOUT) -> rank_pb2.InspectResponse:
        """What the session's rank is doing; answered also while it is blocked in a call."""
        response = self.send("/vllm.bridge.v1.Rank/Inspect", b"", timeout)
        return rank_pb2.InspectResponse.FromString(response)

    def close(self, *, timeout: timedelta = _CONTROL_TIMEOUT) -> bool:
        """Free its objects. False when it had ended before."""
        request = pool_pb2.CloseSessionRequest(session_id=self.session_id)
        return self._client._pool(
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

    def send(self, path: str, request: bytes, timeout: timedelta | None) -> bytes:
        """One call of this session, as bytes. Raises BridgeError."""
        call_id = self._client.next_call_id()
        metadata = ((SESSION_ID, self.session_id), (CALL_ID, call_id))
        endpoint = self.info.endpoint or self._client.endpoint
        try:
            return self._client.send(endpoint, path, request, timeout, metadata)
        except grpc.RpcError as error:
            failure = error
        if not _has_detail(failure):
            if failure.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise self._timed_out(path, call_id, timeout)
            if self.info.endpoint and failure.code() == grpc.StatusCode.UNAVAILABLE:
                self._ask_pool()
            elif not self.info.endpoint:
                raise self._client.pool_error(failure)
        raise from_rpc_error(failure)

    def _ask_pool(self) -> None:
        # The pool knows why a rank cannot be reached, or is about to: forwarding a call to it, the
        # pool waits for the news. When this one goes through, only the connection had broken.
        try:
            self._client.send(
                self._client.endpoint,
                "/vllm.bridge.v1.Rank/Inspect",
                b"",
                _ASK_TIMEOUT,
                ((SESSION_ID, self.session_id),),
            )
        except grpc.RpcError as error:
            if _has_detail(error):
                raise from_rpc_error(error) from None

    def _timed_out(self, path: str, call_id: str, timeout: timedelta | None) -> BridgeError:
        waited = f" after {timeout.total_seconds():g} s" if timeout else ""
        state = self._withdraw(call_id)
        what = {
            rank_pb2.WITHDRAWN: "while it was queued; it never ran",
            rank_pb2.FINISHED: "as it finished; it ran, and its result is lost",
            rank_pb2.RUNNING: "while it was running; it cannot be interrupted and goes on",
        }.get(state, "and the rank no longer knows whether it ran")
        return BridgeError(
            Category.TIMEOUT,
            "deadline_exceeded",
            f"{path} timed out{waited} {what}",
            details={"state": rank_pb2.CallState.Name(state).lower()},
            rank=self.info.rank if self.info.HasField("rank") else None,
            call_id=call_id,
        )

    def _withdraw(self, call_id: str) -> rank_pb2.CallState:
        request = rank_pb2.WithdrawRequest(session_id=self.session_id, call_id=call_id)
        try:
            response = self._client.send(
                self.info.endpoint or self._client.endpoint,
                "/vllm.bridge.v1.Rank/Withdraw",
                request.SerializeToString(),
                _ASK_TIMEOUT,
                ((SESSION_ID, self.session_id),),
            )
        except grpc.RpcError:
            return rank_pb2.UNKNOWN
        return rank_pb2.WithdrawResponse.FromString(response).call.state


class World:
    """A world that was started: one strict session per rank."""

    def __init__(self, client: Client, info: pool_pb2.World) -> None:
        self._client = client
        # As it was when it was started; see `refresh`.
        self.info = info
        self.ranks = [
            Session(
                client,
                pool_pb2.Session(
                    session_id=rank.session_id,
                    affinity=pool_pb2.STRICT_QUEUE,
                    endpoint=rank.endpoint,
                    world_id=info.world_id,
                    rank=rank.rank,
                    epoch=info.epoch,
                    pid=rank.pid,
                ),
            )
            for rank in info.ranks
        ]

    @property
    def world_id(self) -> str:
        """Its id."""
        return self.info.world_id

    def run(self, function: Callable[[Session], V]) -> list[V]:
        """Run `function(session)` once per rank, each in its own thread; results in rank order.

        Raises:
            The exception of the rank that failed first, once all ranks have come back.
        """
        with ThreadPoolExecutor(len(self.ranks), thread_name_prefix=self.world_id) as threads:
            runs = [threads.submit(function, session) for session in self.ranks]
            first, _ = wait(runs, return_when=FIRST_EXCEPTION)
        for run in runs:
            if run in first and (error := run.exception()) is not None:
                raise error
        return [run.result() for run in runs]

    def refresh(self, *, timeout: timedelta = _CONTROL_TIMEOUT) -> pool_pb2.World:
        """How the world is now."""
        request = pool_pb2.GetWorldRequest(world_id=self.world_id)
        self.info = self._client._pool("GetWorld", request, pool_pb2.World, timeout)
        return self.info

    def stop(self, *, timeout: timedelta = _CONTROL_TIMEOUT) -> bool:
        """Stop its ranks. False when it had ended before."""
        return self._client.stop_world(self.world_id, timeout=timeout)

    def __enter__(self) -> World:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _seconds(timeout: timedelta | None) -> float | None:
    if timeout is None:
        return None
    if not isinstance(timeout, timedelta):
        raise _wrong_type("timeout", timeout, "a datetime.timedelta, e.g. timedelta(seconds=5)")
    return timeout.total_seconds()


def _wrong_type(name: str, value: object, wanted: str) -> BridgeError:
    return BridgeError(
        Category.VALIDATION,
        "wrong_type",
        f"{name} is {value!r}; it must be {wanted}",
        details={"argument": name},
    )


def _has_detail(error: grpc.RpcError) -> bool:
    return detail_in(error.trailing_metadata() or ()) is not None
