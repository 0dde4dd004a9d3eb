"""A worker's life: how it starts, where it listens, what ends it, and a world of two."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from pool_harness import Block, alive, eventually
from snakepit_harness import (
    SERVICE,
    Worker,
    connect,
    snakepit_python,
    spawn,
    start_worker,
    typed,
    wait_ready,
)

from vllm_bridge._generated import bridge_service_pb2 as pb
from vllm_bridge._generated import rank_pb2

LISTENING = "0A"


def listening_addresses(pid: int) -> set[tuple[str, int]]:
    """Addresses and ports on which a process listens, from the kernel's own tables."""
    links = [os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    found = set()
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in inodes:
                host, port = fields[1].split(":")
                words = [bytes.fromhex(host[n : n + 8])[::-1] for n in range(0, len(host), 8)]
                # gRPC has IPv4 addresses on sockets of IPv6.
                address = socket.inet_ntop(family, b"".join(words)).removeprefix("::ffff:")
                found.add((address, int(port, 16)))
    return found


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    folder = tmp_path_factory.mktemp("start")
    ignored = ["--heartbeat-enabled", "--heartbeat-interval-ms", "2000", "--adapter", "a.B"]
    unknown = ["--made-up", "value", "stray"]
    worker = start_worker(folder, *ignored, *unknown, SNAKEPIT_LOG_LEVEL="debug")
    yield worker
    assert worker.stop() in (0, 143)


def loopbacks() -> list[str]:
    """Those of this host: every one has the first, and one without IPv6 has no second."""
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return ["127.0.0.1"]
    return ["127.0.0.1", "::1"]


class TestStart:
    def test_it_listens_on_the_loopbacks_and_nowhere_else(self, worker: Worker) -> None:
        expected = {(host, worker.port) for host in loopbacks()}
        assert listening_addresses(worker.process.pid) == expected

    def test_each_answers(self, worker: Worker) -> None:
        for host in loopbacks():
            address = f"[{host}]" if ":" in host else host
            with grpc.insecure_channel(f"{address}:{worker.port}") as channel:
                ping = channel.unary_unary(SERVICE + "Ping")
                answer = ping(pb.PingRequest(message="x").SerializeToString(), timeout=10)
            assert pb.PingResponse.FromString(answer).message == "pong: x"

    def test_the_ready_file_is_the_port_and_has_no_scratch_beside_it(self, worker: Worker) -> None:
        folder = worker.stderr_path.parent
        assert (folder / "ready").read_text() == str(worker.port)
        assert not (folder / "ready.tmp").exists()

    def test_it_leads_a_process_group(self, worker: Worker) -> None:
        pid = worker.process.pid
        assert os.getpgid(pid) == os.getsid(pid) == pid

    def test_arguments_that_mean_nothing_are_logged(self, worker: Worker) -> None:
        assert "--made-up value stray" in worker.stderr()
        assert "--adapter" not in worker.stderr()

    def test_modules_beside_the_script_are_not_in_the_way(self, worker: Worker) -> None:
        # The script's folder, and the empty PYTHONPATH entry that means it, are not searched.
        assert worker.things("is_found", "parameters") is False
        assert worker.things("is_found", "snakepit_bridge_pb2") is True


class TestEnd:
    def test_sigterm_ends_a_worker_that_is_stuck_in_a_call(
        self, tmp_path: Path, block: Callable[[], Block]
    ) -> None:
        worker, held = start_worker(tmp_path), block()

        def stuck() -> None:
            with pytest.raises(grpc.RpcError):
                worker.things("block", str(held.path))

        call = threading.Thread(target=stuck)
        call.start()
        eventually(held.started)
        worker.process.terminate()
        assert worker.ended() in (0, 143)
        call.join(20)
        assert not call.is_alive()

    def test_the_end_of_stdin_ends_it(self, tmp_path: Path) -> None:
        worker = start_worker(tmp_path)
        assert worker.process.stdin is not None
        # What is written there means nothing.
        worker.process.stdin.write(b"hello\n")
        worker.process.stdin.flush()
        assert worker.things("echo", 1) == 1
        worker.process.stdin.close()
        assert worker.process.wait(20) == 0

    def test_the_death_of_its_parent_ends_it(self, tmp_path: Path) -> None:
        # The parent is a process of its own; the pipe stays open on this side.
        script = (
            "import subprocess, sys; p = subprocess.Popen(sys.argv[1:]); print(p.pid); p.wait()"
        )
        parent, ready, stderr = spawn(tmp_path, before=(sys.executable, "-c", script))
        try:
            port = wait_ready(parent, ready, stderr)
            worker = connect(parent, port, stderr)
            inspected = worker.rpc("/vllm.bridge.v1.Rank/Inspect", b"").binary_result
            pid = rank_pid(inspected)
            assert pid != parent.pid
            parent.kill()
            eventually(lambda: not alive(pid))
        finally:
            parent.kill()
            parent.wait(10)

    def test_sigterm_before_it_is_ready(self, tmp_path: Path) -> None:
        process, ready, _ = spawn(tmp_path)
        process.terminate()
        assert process.wait(20) in (0, -15)
        assert not ready.exists()


class TestHealthCheck:
    def test_it_checks_imports_and_starts_nothing(self, tmp_path: Path) -> None:
        process, ready, stderr = spawn(tmp_path, "--health-check")
        assert process.wait(60) == 0, stderr.read_text()
        assert not ready.exists()

    def test_a_missing_library_is_its_failure(self, tmp_path: Path) -> None:
        library = snakepit_python(tmp_path / "priv" / "python")
        (library / "msgpack.py").write_text("raise ImportError('no msgpack here')\n")
        process, _, stderr = spawn(tmp_path, "--health-check")
        assert process.wait(60) == 1
        assert "no msgpack here" in stderr.read_text()


def test_what_cannot_be_loaded_ends_it(tmp_path: Path) -> None:
    library = snakepit_python(tmp_path / "priv" / "python")
    (library / "pydantic.py").write_text("raise ImportError('no pydantic here')\n")
    process, _, stderr = spawn(tmp_path)
    assert process.wait(60) == 1
    assert "no pydantic here" in stderr.read_text()


class TestElixirSide:
    """Calls that are for the Elixir side arrive there as they are."""

    def test_forwarding(self, tmp_path: Path) -> None:
        seen: list[tuple[str, bytes, str]] = []

        class Elixir(grpc.GenericRpcHandler):  # type: ignore[misc]
            def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
                header = dict(details.invocation_metadata).get("x-snakepit-correlation-id", "")

                def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
                    seen.append((details.method, request, header))
                    response = pb.ExecuteElixirToolResponse(success=True)
                    response.result.value = b'"from elixir"'
                    return response.SerializeToString()

                return grpc.unary_unary_rpc_method_handler(answer)

        server = grpc.server(ThreadPoolExecutor(2), handlers=[Elixir()])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            process, ready, stderr = spawn(tmp_path, elixir_address=f"127.0.0.1:{port}")
            worker = connect(process, wait_ready(process, ready, stderr), stderr)
            request = pb.ExecuteElixirToolRequest(session_id="s", tool_name="t")
            data = worker.channel.unary_unary(SERVICE + "ExecuteElixirTool")(
                request.SerializeToString(),
                timeout=20,
                metadata=(("x-snakepit-correlation-id", "corr"),),
            )
            assert pb.ExecuteElixirToolResponse.FromString(data).result.value == b'"from elixir"'
            assert seen == [(SERVICE + "ExecuteElixirTool", request.SerializeToString(), "corr")]
            assert worker.stop() in (0, 143)
        finally:
            server.stop(None)


def test_two_workers_are_a_world(tmp_path: Path) -> None:
    with socket.socket() as held, ThreadPoolExecutor(2) as both:
        # Bound, not listening: only who reuses the address, as rank 0 does, can serve there.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        rendezvous = f"tcp://127.0.0.1:{held.getsockname()[1]}"
        starts = [both.submit(start_worker, tmp_path / str(rank)) for rank in range(2)]
        workers = [start.result() for start in starts]

        def on_each(function: str, *arguments: Any) -> list[Any]:
            calls = [
                both.submit(worker.function, "vllm.distributed", function, *arguments[rank])
                for rank, worker in enumerate(workers)
            ]
            return [call.result() for call in calls]

        join = [[2, rank, rendezvous, rank, "gloo", 60] for rank in range(2)]
        assert on_each("init_distributed_environment", *join) == [None, None]
        assert on_each("initialize_model_parallel", [2], [2]) == [None, None]
        groups = on_each("get_tp_group", [], [])
        assert [group["type_name"] for group in groups] == ["GroupCoordinator"] * 2
        ones = typed("tensor", dtype="f32", shape=[2], data="AACAPwAAAEA=")
        sums = on_each("tensor_model_parallel_all_reduce", [ones], [ones])
        for worker, ref in zip(workers, sums, strict=True):
            listed = {"call_type": "method", "instance": ref, "function": "tolist"}
            assert worker.call(listed) == [2.0, 4.0]
        on_each("destroy_model_parallel", [], [])
        on_each("destroy_distributed_environment", [], [])
        assert {worker.stop() for worker in workers} <= {0, 143}


def rank_pid(inspected: bytes) -> int:
    """The worker's own process id."""
    return rank_pb2.InspectResponse.FromString(inspected).pid
