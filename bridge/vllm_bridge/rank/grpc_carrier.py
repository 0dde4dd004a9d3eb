"""gRPC as a carrier of a rank's calls: on a socket of its pool's host, or on a port of another one.

`service` runs on gRPC's polling thread and decides where the call goes: to the executor, to a
server thread (inline methods), or straight to an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import grpc

from vllm_bridge._generated.control_pb2 import RankAssignment
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.rank.handler import CHUNKS_CALL, Call, CallInParts, Calls, QueuedCall
from vllm_bridge.transport import metadata as keys
from vllm_bridge.transport.address import TcpAddress, grpc_target, parse_address
from vllm_bridge.transport.call_tokens import permitted
from vllm_bridge.transport.certificates import make_certificate


class GrpcCarrier(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Serves what `Calls` takes."""

    def __init__(self, calls: Calls, key: bytes = b"") -> None:
        """`key`: of the tokens that calls need; empty: whoever reaches the socket may call."""
        self._calls = calls
        self._key = key

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Route one call; None means UNIMPLEMENTED."""
        path: str = details.method
        metadata = dict(details.invocation_metadata)
        if self._key and not _permitted(self._key, metadata):
            # Before anything is said of this rank.
            return grpc.stream_stream_rpc_method_handler(_UNAUTHENTICATED)
        if not self._calls.known(path, metadata):
            return None
        in_parts = path == CHUNKS_CALL
        behaviour: _Refusal | _Unary | _InParts
        try:
            if in_parts:
                behaviour = _InParts(self._calls, self._calls.take_in_parts(metadata))
            else:
                behaviour = _Unary(self._calls, self._calls.take(path, metadata))
        except BridgeError as error:
            behaviour = _Refusal(error)
        # Requests are parsed where the call runs, not on the polling thread.
        if in_parts:
            return grpc.stream_stream_rpc_method_handler(behaviour)
        return grpc.unary_unary_rpc_method_handler(behaviour)


def _permitted(key: bytes, metadata: dict[str, str | bytes]) -> bool:
    given = (metadata.get(keys.AUTHORIZATION, ""), metadata.get(keys.SESSION_ID, ""))
    authorization, session_id = (text if isinstance(text, str) else "" for text in given)
    return permitted(key, authorization, session_id)


class _Refusal:
    """Answers a call that may not run."""

    def __init__(self, error: BridgeError, status: grpc.StatusCode | None = None) -> None:
        self._error = error
        self._status = status

    def __call__(self, request: object, context: grpc.ServicerContext) -> bytes:
        _abort(context, self._error, self._status)


_UNAUTHENTICATED = _Refusal(
    BridgeError(
        Category.POOL,
        "unauthenticated",
        "this rank wants a token for this session, which its pool hands out (ReachRank)",
    ),
    grpc.StatusCode.UNAUTHENTICATED,
)


class _Unary:
    """One call, run in whatever thread gRPC gives it."""

    def __init__(self, calls: Calls, call: Call) -> None:
        self._call = call
        if isinstance(call, QueuedCall):
            # Where grpc looks for the thread to run this behaviour in.
            self.experimental_thread_pool = calls.state.executor.queue(call.record)

    def __call__(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        try:
            return self._call.run(request, context)
        except BridgeError as error:
            _abort(context, error)


class _InParts:
    """One call in parts."""

    def __init__(self, calls: Calls, call: CallInParts) -> None:
        self._call = call
        self.experimental_thread_pool = calls.state.transfers.threads

    def __call__(self, requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        def accept() -> None:
            context.send_initial_metadata(((keys.PARTS, "accepted"),))

        try:
            yield from self._call.run(requests, context, accept)
        except BridgeError as error:
            _abort(context, error)


def _abort(
    context: grpc.ServicerContext, error: BridgeError, status: grpc.StatusCode | None = None
) -> NoReturn:
    context.set_trailing_metadata(error.trailers())
    context.abort(status or error.status, error.to_detail().message)
    raise error  # not reached: abort raises


@dataclass(frozen=True)
class Listening:
    """Where, and how callers know that they are right."""

    endpoint: str
    # In PEM; empty: a unix socket, which needs none.
    certificate: str = ""


def listen(server: grpc.Server, assignment: RankAssignment) -> Listening:
    """Bind it. Sockets get the mode that the process's mask gives them.

    Raises:
        OSError: the place cannot be used.
        CannotMakeError: a certificate is needed, and cannot be made.
    """
    if not assignment.listen_far:
        if server.add_insecure_port(grpc_target(assignment.listen)) == 0:
            # Older releases of grpcio return instead of raising.
            raise OSError(f"cannot listen on {assignment.listen}")
        return Listening(assignment.listen)
    pair = make_certificate()
    credentials = grpc.ssl_server_credentials([(pair.key.encode(), pair.certificate.encode())])
    port = server.add_secure_port(assignment.listen_far, credentials)
    if port == 0:
        raise OSError(f"cannot listen on {assignment.listen_far}")
    address = parse_address(assignment.listen_far)
    host = address.host if isinstance(address, TcpAddress) else ""
    return Listening(str(TcpAddress(host, port)), pair.certificate)
