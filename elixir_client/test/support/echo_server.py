"""A gRPC server for the tests of the Elixir client.

    python echo_server.py unix:/path/to/socket
    python echo_server.py 127.0.0.1:0 interop

The second one also has the service of gRPC's interoperability tests.
Prints the address it listens on and ends when its standard input closes, so that no test run leaves
one behind. Messages are plain bytes: no generated code on either side.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures

import grpc

cancelled = threading.Event()


def echo(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answers with the request."""
    return request


def sleep(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answers after as many seconds as the request says."""
    time.sleep(float(request))
    return b"slept"


def block(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answers when its caller has gone."""
    when_gone(context).wait()
    return b""


def when_gone(context: grpc.ServicerContext) -> threading.Event:
    """Is set, and ``cancelled`` with it, when the caller of a call that does not end has gone.

    To be made before anything is answered: grpcio does not go on with the handler of a call that
    was cancelled while it answered.
    """
    gone = threading.Event()

    def left() -> None:
        cancelled.set()
        gone.set()

    if not context.add_callback(left):
        left()
    return gone


def was_cancelled(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Waits until a call of ``block`` was cancelled; each is told once."""
    seen = cancelled.wait(60)
    cancelled.clear()
    return b"yes" if seen else b"no"


def make(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answers with as many bytes as the request says."""
    return b"x" * int(request)


def size(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answers with the size of the request."""
    return str(len(request)).encode()


def fail(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Fails with the code and message of the request, and with trailers."""
    code, message = request.decode().split(":", 1)
    context.set_trailing_metadata((("detail", "plain"), ("detail-bin", bytes(range(256)))))
    status = next(status for status in grpc.StatusCode if status.value[0] == int(code))
    context.abort(status, message)


def metadata(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Answers with the metadata of the call and the seconds its deadline leaves."""
    pairs = [
        [key, value.hex() if isinstance(value, bytes) else value]
        for key, value in context.invocation_metadata()
    ]
    remaining = context.time_remaining()
    # Without a deadline grpcio says some centuries.
    pairs.append(["time-remaining", str(remaining) if remaining and remaining < 1e6 else "none"])
    return json.dumps(pairs).encode()


def crash(request: bytes, context: grpc.ServicerContext) -> bytes:
    """Ends the whole process in the middle of the call."""
    os._exit(1)


def count(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    """Sends as many messages of as many bytes as the request says, then fails if it says so."""
    number, size, *failure = request.decode().split(":")
    context.send_initial_metadata(())
    for index in range(int(number)):
        yield str(index).encode().ljust(int(size), b".")
    if failure:
        context.set_trailing_metadata((("detail", "plain"),))
        context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, failure[0])


def hold(request: bytes, context: grpc.ServicerContext) -> Iterator[bytes]:
    """Sends one message and keeps the stream open until its caller has gone."""
    gone = when_gone(context)
    yield b"first"
    gone.wait()


def collect(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
    """Answers a stream with the number and the size of its messages."""
    sizes = [len(request) for request in requests]
    return f"{len(sizes)}:{sum(sizes)}".encode()


def first_only(requests: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
    """Answers with the first message of a stream; the rest is not read."""
    return next(requests)


def talk(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """Answers every message with itself."""
    yield from requests


def linger(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
    """Answers the first message with itself and keeps the call until its caller has gone."""
    gone = when_gone(context)
    yield next(requests)
    gone.wait()


METHODS: dict[str, Callable[[bytes, grpc.ServicerContext], bytes]] = {
    "Echo": echo,
    "Sleep": sleep,
    "Block": block,
    "WasCancelled": was_cancelled,
    "Make": make,
    "Size": size,
    "Fail": fail,
    "Metadata": metadata,
    "Crash": crash,
}


STREAMS: dict[str, Callable[[bytes, grpc.ServicerContext], Iterator[bytes]]] = {
    "Count": count,
    "Hold": hold,
}


def main(address: str, *services: str) -> None:
    """Serves until standard input ends."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=48),
        options=[
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),
        ],
    )
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(method) for name, method in METHODS.items()
    } | {name: grpc.unary_stream_rpc_method_handler(method) for name, method in STREAMS.items()}
    handlers["Collect"] = grpc.stream_unary_rpc_method_handler(collect)
    handlers["FirstOnly"] = grpc.stream_unary_rpc_method_handler(first_only)
    handlers["Talk"] = grpc.stream_stream_rpc_method_handler(talk)
    handlers["Linger"] = grpc.stream_stream_rpc_method_handler(linger)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", handlers),))
    if "interop" in services:
        # Its messages are compiled, which takes a moment.
        import interop_service

        server.add_generic_rpc_handlers((interop_service.handler(),))
    port = server.add_insecure_port(address)
    server.start()

    print(address if address.startswith("unix:") else f"127.0.0.1:{port}", flush=True)
    sys.stdin.read()
    server.stop(None)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
