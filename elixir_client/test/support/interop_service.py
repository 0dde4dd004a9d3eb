"""The server's side of gRPC's interoperability tests, ``grpc.testing.TestService``.

See https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md. The messages come
from ``interop.proto``, compiled when this is imported.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc

sys.path.insert(0, str(Path(__file__).parent))
messages: Any = grpc.protos("interop.proto")

INITIAL = "x-grpc-test-echo-initial"
TRAILING = "x-grpc-test-echo-trailing-bin"


def _echo_metadata(context: grpc.ServicerContext) -> None:
    received = dict(context.invocation_metadata())
    if INITIAL in received:
        context.send_initial_metadata(((INITIAL, received[INITIAL]),))
    if TRAILING in received:
        context.set_trailing_metadata(((TRAILING, received[TRAILING]),))


def _fail_if_asked(request: Any, context: grpc.ServicerContext) -> None:
    if request.HasField("response_status"):
        code = request.response_status.code
        status = next(status for status in grpc.StatusCode if status.value[0] == code)
        context.abort(status, request.response_status.message)


def _payload(size: int) -> Any:
    return messages.Payload(body=bytes(size))


def empty_call(request: Any, context: grpc.ServicerContext) -> Any:
    """Answers with nothing."""
    return messages.Empty()


def unary_call(request: Any, context: grpc.ServicerContext) -> Any:
    """Answers with a payload of the size asked for, or the status."""
    _echo_metadata(context)
    _fail_if_asked(request, context)
    return messages.SimpleResponse(payload=_payload(request.response_size))


def streaming_input_call(requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
    """Answers with the size of all payloads."""
    size = sum(len(request.payload.body) for request in requests)
    return messages.StreamingInputCallResponse(aggregated_payload_size=size)


def streaming_output_call(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
    """Answers with payloads of the sizes asked for, or the status."""
    _fail_if_asked(request, context)
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1e6)
        yield messages.StreamingOutputCallResponse(payload=_payload(parameters.size))


def full_duplex_call(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
    """Answers every request as ``streaming_output_call`` does, in turn."""
    _echo_metadata(context)
    for request in requests:
        yield from streaming_output_call(request, context)


def handler() -> grpc.GenericRpcHandler:
    """The service."""

    def serialize(message: Any) -> bytes:
        serialized: bytes = message.SerializeToString()
        return serialized

    methods = {
        "EmptyCall": grpc.unary_unary_rpc_method_handler(
            empty_call, messages.Empty.FromString, serialize
        ),
        "UnaryCall": grpc.unary_unary_rpc_method_handler(
            unary_call, messages.SimpleRequest.FromString, serialize
        ),
        "StreamingInputCall": grpc.stream_unary_rpc_method_handler(
            streaming_input_call,
            messages.StreamingInputCallRequest.FromString,
            serialize,
        ),
        "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(
            streaming_output_call, messages.StreamingOutputCallRequest.FromString, serialize
        ),
        "FullDuplexCall": grpc.stream_stream_rpc_method_handler(
            full_duplex_call,
            messages.StreamingOutputCallRequest.FromString,
            serialize,
        ),
    }
    return grpc.method_handlers_generic_handler("grpc.testing.TestService", methods)
