"""The yardstick: a bare synchronous grpcio server that returns its request.

Listens on the unix socket named on the command line, prints `ready`, and leaves when its standard
input ends.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import grpc


class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers every method with the bytes it was sent."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """The same handler for every path."""
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request)


def main() -> None:
    """Serve until standard input ends."""
    server = grpc.server(ThreadPoolExecutor(max_workers=2), handlers=[Echo()])
    server.add_insecure_port(f"unix:{sys.argv[1]}")
    server.start()
    print("ready", flush=True)
    sys.stdin.read()
    server.stop(grace=None)


if __name__ == "__main__":
    main()
