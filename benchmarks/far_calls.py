"""A call to a rank on another host, over TLS, beside a bare grpcio TLS echo over the same link.

The "other host" is a rank that joins in a mount namespace of its own (`unshare -m`, which needs
root): it sees another /dev/shm, so that the pool takes it for one on another host. Both servers are
processes of their own, on loopback; rounds of both alternate, and the median of each is printed.

    python benchmarks/far_calls.py
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import grpc

from vllm_bridge.client import connect
from vllm_bridge.transport.certificates import SERVER_NAME, make_certificate

ROUNDS, CALLS = 12, 200
ECHO = "/Echo/Echo"


class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Gives back what it gets."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """As grpc calls it."""
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request)


def serve_echo() -> None:
    """In a process of its own: says where it listens, until its stdin ends."""
    pair = make_certificate()
    server = grpc.server(ThreadPoolExecutor(2), handlers=[Echo()])
    credentials = grpc.ssl_server_credentials([(pair.key.encode(), pair.certificate.encode())])
    port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    print(json.dumps({"port": port, "certificate": pair.certificate}), flush=True)
    sys.stdin.read()


def started(stack: ExitStack, *command: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


def ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    if process.stdout is None:
        raise RuntimeError("it has no stdout")
    said: dict[str, Any] = json.loads(process.stdout.readline())
    return said


def seconds(call: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(CALLS):
        begin = time.perf_counter()
        call()
        taken.append(time.perf_counter() - begin)
    return taken


def main() -> None:
    """Measure, and print one line."""
    bridge = [sys.executable, "-m", "vllm_bridge"]
    with ExitStack() as stack:
        pool = ready(
            started(
                stack,
                *(*bridge, "serve", "--size", "0", "--join", "127.0.0.1:0"),
                *("--insecure-loopback", "--start-timeout", "90"),
            )
        )
        echo = ready(started(stack, sys.executable, __file__, "echo"))
        started(
            stack,
            *("unshare", "-m", "sh", "-c", 'mount -t tmpfs none /dev/shm && exec "$@"', "sh"),
            *(*bridge, "join", "--pool", pool["join"], "--world", "far", "--rank", "0"),
            *("--wait", "60"),
        )
        client = stack.enter_context(connect(pool["endpoint"]))
        stack.enter_context(
            client.start_world(world_id="far", distributed_executor_backend="external_launcher")
        )
        session = client.session("far/rank-0")
        channel = stack.enter_context(
            grpc.secure_channel(
                f"127.0.0.1:{echo['port']}",
                grpc.ssl_channel_credentials(echo["certificate"].encode()),
                options=[("grpc.ssl_target_name_override", SERVER_NAME)],
            )
        )
        bare = channel.unary_unary(ECHO)
        calls: dict[str, Callable[[], object]] = {
            "echo": lambda: bare(b"x" * 64),
            "far": lambda: session.call("get_pp_indices", 61, 0, 4),
        }
        taken: dict[str, list[float]] = {name: [] for name in calls}
        for number in range(ROUNDS + 1):
            for name, call in calls.items():
                found = seconds(call)
                if number:
                    taken[name] += found
        direct = session.info.endpoint
        medians = {name: statistics.median(found) * 1e6 for name, found in taken.items()}
    print(
        f"bare TLS echo {medians['echo']:.0f} us, call to a far rank {medians['far']:.0f} us "
        f"(direct to {direct}): {medians['far'] / medians['echo']:.2f} x"
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["echo"]:
        serve_echo()
    else:
        main()
