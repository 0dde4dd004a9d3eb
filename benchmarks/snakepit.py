"""A rank as a Snakepit worker, against a bare grpcio echo over the same loopback.

A table on stdout: medians. The calls are interleaved, with the same client and the same bytes.
Starting is measured as the processes' wall time: from the
start of a worker to its ready file, less that of a process that imports torch and leaves, the
fastest of each.

    chrt -f 5 python benchmarks/snakepit.py [rounds]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import grpc

from vllm_bridge._generated import bridge_service_pb2 as pb
from vllm_bridge._generated import rank_pb2
from vllm_bridge.codec.calls import encode_term

SCRIPT = Path(__file__).parents[1] / "bridge" / "vllm_bridge" / "snakepit" / "worker.py"
SERVICE = "/snakepit.bridge.BridgeService/"
MEBIBYTE = bytes(range(256)) * 4096
STARTS = 5

UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

Send = Callable[[bytes], bytes]


class Echo(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers every method with the bytes it was sent; `/first` with the first of them."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """The same handler for every path but one."""
        length = 1 if details.method == "/first" else None
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request[:length])


def serve_echo() -> None:
    """Print the port, and serve until standard input ends."""
    server = grpc.server(ThreadPoolExecutor(2), handlers=[Echo()], options=UNLIMITED)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()


@contextmanager
def echo() -> Iterator[str]:
    """A running echo server; its address."""
    command = [sys.executable, __file__, "--echo"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"127.0.0.1:{int(process.stdout.readline())}"
        process.kill()


@contextmanager
def worker() -> Iterator[tuple[str, float]]:
    """A running worker; its address, and how long it took to be ready."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        begin = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, SCRIPT, "--port", "0"],
            cwd=SCRIPT.parent,
            stdin=subprocess.PIPE,
            env={**os.environ, "SNAKEPIT_READY_FILE": str(ready)},
        )
        while not ready.exists():
            assert process.poll() is None, "the worker has ended"
            time.sleep(0.0005)
        seconds = time.perf_counter() - begin
        try:
            yield f"127.0.0.1:{int(ready.read_text())}", seconds
        finally:
            process.terminate()
            process.wait(20)


def request(tool: str, binary: bytes | None = None, **parameters: object) -> bytes:
    """An encoded ExecuteToolRequest."""
    message = pb.ExecuteToolRequest(session_id="bench", tool_name=tool)
    for name, value in parameters.items():
        message.parameters[name].value = json.dumps(value).encode()
    if binary is not None:
        message.binary_parameters["request"] = binary
    return message.SerializeToString()


def call(module: str, function: str, *args: object) -> bytes:
    """A request of `snakebridge.call`."""
    return request(
        "snakebridge.call",
        protocol_version=1,
        min_supported_version=1,
        library="vllm",
        python_module=module,
        function=function,
        args=args,
        kwargs={},
        idempotent=False,
        session_id="bench",
    )


def check(answer: bytes) -> None:
    """An answer of ExecuteTool must be a success."""
    response = pb.ExecuteToolResponse.FromString(answer)
    assert response.success, response.error_message


def medians(pairs: list[tuple[Send, bytes]], rounds: int) -> list[float]:
    """Median seconds of each call, interleaved."""
    times: list[list[float]] = [[] for _ in pairs]
    for number in range(rounds + rounds // 10):
        for (send, data), taken in zip(pairs, times, strict=True):
            begin = time.perf_counter()
            send(data)
            if number >= rounds // 10:
                taken.append(time.perf_counter() - begin)
    return [median(taken) for taken in times]


def started() -> list[float]:
    """Seconds to a ready worker less those of importing torch, in turn, each the fastest."""
    bare, ready = [], []
    for _ in range(STARTS):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import os, torch; os._exit(0)"], check=True)
        bare.append(time.perf_counter() - begin)
        with worker() as (_, seconds):
            ready.append(seconds)
    return [min(ready), min(bare)]


def main() -> None:
    """Measure, and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    ready, bare = started()
    with echo() as echo_address, worker() as (address, _):
        echo_channel = grpc.insecure_channel(echo_address, options=UNLIMITED)
        channel = grpc.insecure_channel(address, options=UNLIMITED)
        raw, first = echo_channel.unary_unary("/echo"), echo_channel.unary_unary("/first")
        execute = channel.unary_unary(SERVICE + "ExecuteTool")
        small = call("vllm.distributed", "get_pp_indices", 61, 0, 4)
        encoded = {"__type__": "bytes", "__schema__": 1, "data": b64encode(MEBIBYTE).decode()}
        large = call("torch", "is_tensor", encoded)
        typed = rank_pb2.CallRequest(
            qualified_name="torch.is_tensor", args=encode_term([MEBIBYTE])
        ).SerializeToString()
        binary = request("vllm.rpc", typed, method="/vllm.bridge.v1.Objects/Call")
        for data in (small, large, binary):
            check(execute(data))
        quiet = medians([(raw, small), (execute, small)], rounds)
        # As Snakepit has it: with a telemetry stream open.
        toggle = pb.TelemetryControl(toggle=pb.TelemetryToggle(enabled=True)).SerializeToString()
        events = channel.stream_stream(SERVICE + "StreamTelemetry")(iter([toggle]))
        execute(small)
        watched = medians([(raw, small), (execute, small)], rounds)
        events.cancel()
        sizes = medians([(first, large), (execute, large), (execute, binary)], rounds // 20)
    print("| what | ms | beside it | ms | |")
    print("|---|---|---|---|---|")
    print(row("start to ready", ready, "import torch", bare, f"{(ready - bare) * 1e3:.0f} ms more"))
    for name, (echoed, taken) in (("", quiet), (", telemetry open", watched)):
        ratio = f"{taken / echoed:.2f} x"
        print(row(f"get_pp_indices{name}", taken, "echo", echoed, ratio))
    print(row("1 MiB, snakebridge.call", sizes[1], "sending the same", sizes[0], "at most 6 ms"))
    print(row("1 MiB, vllm.rpc", sizes[2], "sending 4/3 of it", sizes[0], "at most 3 ms"))


def row(what: str, seconds: float, beside: str, other: float, note: str) -> str:
    """One line of the table."""
    return f"| {what} | {seconds * 1e3:.3f} | {beside} | {other * 1e3:.3f} | {note} |"


if __name__ == "__main__":
    if "--echo" in sys.argv:
        serve_echo()
    else:
        main()
