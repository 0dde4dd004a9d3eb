"""gRPC as a carrier of a rank's calls.

`service` runs on gRPC's polling thread and decides where the call goes: to the executor, to a
server thread (inline methods), or straight to an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import grpc

from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.rank.handler import CHUNKS_CALL, Call, CallInParts, Calls, QueuedCall
from vllm_bridge.transport import metadata as keys


class GrpcCarrier(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Serves what `Calls` takes."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Route one call; None means UNIMPLEMENTED."""
        path: str = details.method
        metadata = dict(details.invocation_metadata)
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


class _Refusal:
    """Answers a call that may not run."""

    def __init__(self, error: BridgeError) -> None:
        self._error = error

    def __call__(self, request: object, context: grpc.ServicerContext) -> bytes:
        _abort(context, self._error)


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


def _abort(context: grpc.ServicerContext, error: BridgeError) -> NoReturn:
    context.set_trailing_metadata(error.trailers())
    context.abort(error.status, error.to_detail().message)
    raise error  # not reached: abort raises
