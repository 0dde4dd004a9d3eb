"""Ways into a server beside the front door: modules, secrets, sockets, slow readers, proxies."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from pool_harness import Pool, children, connect, environment, eventually, start_pool
from snakepit_harness import SCRIPT, spawn, wait_ready
from test_serve import refused

from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.pool.observe import metrics_server
from vllm_bridge.pool.sessions import shared_memory
from vllm_bridge.process.import_path import bootstrap, without_empty_entries
from vllm_bridge.transport.server_token import VARIABLE

Start = Callable[..., Pool]


TOKEN = "s3cret-t0ken"


# --- the working directory ------------------------------------------------------------------------

MODULES = ("random", "numpy", "torch", "socket", "json", "grpc", "msgpack", "vllm_bridge")


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder with modules of well-known names, which leave a marker when they are imported."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in MODULES:
        (folder / f"{name}.py").write_text(
            f"open({str(tmp_path / 'marker')!r}, 'a').write({name!r} + '\\n')\n"
            f"raise ImportError('{name} of the working directory')\n"
        )
    return folder


def imported(trap: Path) -> str:
    marker = trap.parent / "marker"
    return marker.read_text() if marker.exists() else ""


PROGRAM = Path(sys.executable).with_name("vllm-bridge")


@pytest.mark.parametrize("colon", ["", ":"], ids=["plain", "an empty entry in PYTHONPATH"])
def test_a_random_py_where_the_server_is_started_is_not_run(
    trap: Path, short_tmp: Path, colon: str
) -> None:
    variables = environment(XDG_RUNTIME_DIR=str(short_tmp))
    paths = [path for path in variables["PYTHONPATH"].split(":") if path]
    with subprocess.Popen(
        [sys.executable, *bootstrap("vllm_bridge.cli"), "serve", "--embedded", "--size", "1"],
        cwd=trap,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # An empty entry comes last here, or the pool's own interpreter would not get far.
        env={**variables, "PYTHONPATH": ":".join(paths) + colon},
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        endpoint = json.loads(process.stdout.readline())["endpoint"]
        with connect(endpoint) as client:
            session = client.open_session(affinity="strict_queue")
            assert session.call("get_pp_indices", 61, 0, 4) == (0, 15)
            assert session.run("torch.add", torch.ones(2), 1).tolist() == [2.0, 2.0]
        process.stdin.close()
        assert process.wait(20) == 0
    assert imported(trap) == ""


def test_the_program_in_such_a_folder(trap: Path) -> None:
    done = subprocess.run(
        [PROGRAM, "--version"], cwd=trap, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done
    assert imported(trap) == ""


def test_python_m_in_a_folder_with_a_grpc_py(trap: Path) -> None:
    # Python itself looks for the package there; nothing else is to come from there.
    (trap / "vllm_bridge.py").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "vllm_bridge", "status", "--connect", f"unix:{trap}/none.sock"],
        cwd=trap,
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(),
    )
    assert "no pool answers" in done.stderr, done
    assert "grpc" not in imported(trap)
    assert "random" not in imported(trap)


def test_a_snakepit_worker_started_in_such_a_folder(trap: Path, short_tmp: Path) -> None:
    ready = short_tmp / "trap-ready"
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), "--port", "0"],
        cwd=trap,
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**environment(), "SNAKEPIT_READY_FILE": str(ready)},
    )
    try:
        assert wait_ready(process, ready, Path(os.devnull)) > 0
    finally:
        process.kill()
        process.communicate()
    assert imported(trap) == ""


def test_only_empty_entries_are_dropped() -> None:
    assert without_empty_entries(":/a::/b:") == "/a:/b"
    assert without_empty_entries("/a:.") == "/a:."


# --- secrets --------------------------------------------------------------------------------------


def environ_of(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text()


def test_the_token_does_not_reach_ranks(short_tmp: Path) -> None:
    pool = start_pool(
        short_tmp / "secret", "--allow", "os.", entry_point=None, VLLM_BRIDGE_TOKEN=TOKEN
    )
    try:
        with pool.client(TOKEN) as client:
            session = client.open_session(affinity="strict_queue")
            assert session.run("os.getenv", VARIABLE, "none") == "none"
            assert session.run("os.getenv", "PYTHONUNBUFFERED") == "1"
        for pid in pool.processes()[1:]:
            assert TOKEN not in environ_of(pid)
            assert VARIABLE not in environ_of(pid)
        (rank, *_) = children(pool.forkserver)
        opened = {os.readlink(link) for link in Path(f"/proc/{rank}/fd").iterdir()}
        files = {path for path in opened if path.startswith("/") and "/dev/" not in path}
        assert not {path for path in files if not path.startswith("/proc/")}, opened
    finally:
        pool.stop()


def test_the_token_does_not_reach_a_snakepit_worker(short_tmp: Path) -> None:
    process, ready, stderr = spawn(short_tmp / "snake-secret", VLLM_BRIDGE_TOKEN=TOKEN)
    try:
        wait_ready(process, ready, stderr)
        assert TOKEN not in environ_of(process.pid)
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("token", ["", "  ", "\t\n"])
def test_a_blank_token_is_none(token: str, tmp_path: Path) -> None:
    said = refused("serve", "--listen", "127.0.0.1:0", VLLM_BRIDGE_TOKEN=token)
    assert VARIABLE in said
    assert "no token" in said
    file = tmp_path / "token"
    file.write_text(token)
    file.chmod(0o600)
    assert "no token" in refused("serve", "--token-file", str(file))
    with pytest.raises(BridgeError, match="no token") as caught:
        connect("127.0.0.1:1", token=token)
    assert caught.value.reason == "bad_token"


@pytest.mark.parametrize("token", ["a\nb", "geheimniß"])
def test_a_token_that_cannot_travel(token: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(token)
    file.chmod(0o600)
    assert "printable ASCII" in refused("serve", "--token-file", str(file))
    with pytest.raises(BridgeError, match="printable ASCII"):
        connect("127.0.0.1:1", token=token)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o660])
def test_a_token_file_that_others_can_open_is_refused(mode: int, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    file.chmod(mode)
    for command in (["serve", "--listen", "127.0.0.1:0"], ["status", "--connect", "127.0.0.1:1"]):
        said = refused(*command, "--token-file", str(file))
        assert f"chmod 600 {file}" in said
        assert f"{mode:04o}" in said


# --- sockets --------------------------------------------------------------------------------------


def test_every_socket_is_its_owners_alone(short_tmp: Path) -> None:
    pool = start_pool(short_tmp / "sockets", entry_point=None)
    try:
        with pool.client() as client, client.start_world(tensor_parallel_size=2):
            eventually(lambda: client.status().pools[0].ready == 2, 40)
            found = [path for path in short_tmp.glob("sockets/**/*") if path.is_socket()]
            # One for gRPC and one for frames: of the pool, its ranks, and the ranks of the world.
            assert len(found) == 2 * (1 + 2 + 2), found
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in found}
            assert set(modes.values()) == {0o600}, modes
    finally:
        pool.stop()


# --- the metrics port -----------------------------------------------------------------------------


def test_slow_readers_of_metrics_cost_no_threads_and_few_descriptors(start: Start) -> None:
    pool = start("--metrics", "127.0.0.1:0")
    host, _, port = pool.ready["metrics"].rpartition(":")
    threads, files = Path(f"/proc/{pool.pid}/task"), Path(f"/proc/{pool.pid}/fd")
    with contextlib.ExitStack() as opened, pool.client() as client:
        eventually(lambda: client.status().pools[0].ready == 2, 40)
        before = len(list(threads.iterdir())), len(list(files.iterdir()))
        for number in range(300):
            slow = opened.enter_context(socket.create_connection((host, int(port)), 10))
            slow.sendall(b"GET /metrics HTTP/1.1\r\nX: " if number % 2 else b"")
        session = client.open_session()
        assert session.send("/vllm.distributed.v1.Fake/Echo", b"hi", None) == b"hi"
        with urllib.request.urlopen(f"http://{host}:{port}/metrics", timeout=10) as answer:
            assert b"vllm_bridge_pool_size" in answer.read()

        def grown() -> tuple[int, int] | bool:
            new = (
                len(list(threads.iterdir())) - before[0],
                len(list(files.iterdir())) - before[1],
            )
            # A few more than the connections: for what the session has opened.
            return new if new[0] > 8 or new[1] > metrics_server.MAX_CONNECTIONS + 8 else True

        eventually(grown)
    with urllib.request.urlopen(f"http://{host}:{port}/", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"HEAD / HTTP/1.0\r\n\r\n", b"HTTP/1.1 200 OK"),
        (b"POST / HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 Method Not Allowed"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, b"HTTP/1.1 431 "),
        (b"\x00\xff\r\n\r\n", b"HTTP/1.1 405 "),
    ],
)
def test_other_requests_to_the_metrics_port(start: Start, sent: bytes, answer: bytes) -> None:
    pool = start("--metrics", "127.0.0.1:0", "--size", "0")
    host, _, port = pool.ready["metrics"].rpartition(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(sent)
        got = b""
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(4096):
                got += data
        assert got.startswith(answer), got
        if sent.startswith(b"HEAD"):
            assert got.endswith(b"\r\n\r\n")


# --- proxies --------------------------------------------------------------------------------------


@pytest.fixture
def proxy() -> Iterator[tuple[str, list[bytes]]]:
    """A proxy of HTTP, and what it was told."""
    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.settimeout(5)
                        told.append(connection.recv(4096))

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", told
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)


CALLER = """
import sys
from vllm_bridge.client import connect
with connect(sys.argv[1], token=sys.argv[2]) as client:
    print(client.status().pid)
"""


def test_the_token_does_not_go_to_a_proxy(start: Start, proxy: tuple[str, list[bytes]]) -> None:
    address, told = proxy
    variables = dict.fromkeys(("http_proxy", "https_proxy", "grpc_proxy"), address)
    variables |= {"no_proxy": "", "no_grpc_proxy": ""}
    pool = start("--listen", "127.0.0.1:0", VLLM_BRIDGE_TOKEN=TOKEN, **variables)
    done = subprocess.run(
        [sys.executable, "-c", CALLER, pool.endpoint, TOKEN],
        capture_output=True,
        text=True,
        timeout=30,
        env=environment(**variables),
    )
    assert done.stdout.strip() == str(pool.pid), done
    assert told == []


# --- a full disk ----------------------------------------------------------------------------------


def test_a_key_that_found_no_room_is_not_used(tmp_path: Path) -> None:
    memory = shared_memory.SharedMemory(tmp_path, max_segment_bytes=1 << 20)

    class Entry:
        number = 7
        session_id = "seven"

    # A limit on the size of files is a disk with little room, without mounting one.
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for room in (0, 5):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            with pytest.raises(BridgeError) as caught:
                memory.share(Entry, 1)  # type: ignore[arg-type]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert caught.value.reason == "no_shared_memory"
        assert list(tmp_path.iterdir()) == []
    signal.signal(signal.SIGXFSZ, kept)
    answer = memory.share(Entry, 1)  # type: ignore[arg-type]
    assert len((tmp_path / "session-7" / "key").read_text()) == 32
    assert answer.segments == ["segment-1"]


@pytest.mark.parametrize("key", ["", "abc", "g" * 32, "0" * 33])
def test_a_file_that_is_no_key_proves_nothing(tmp_path: Path, key: str) -> None:
    from vllm_bridge._generated import types_pb2
    from vllm_bridge.codec.segments import MIN_BYTES, SessionMemory

    (tmp_path / "key").write_text(key)
    (tmp_path / "segment-1").write_bytes(b"")
    call = SessionMemory(tmp_path, 1 << 30).call(f"{key} segment-1")
    flat = torch.zeros(MIN_BYTES, dtype=torch.uint8)
    assert not call.store(types_pb2.Tensor(), flat)
    assert (tmp_path / "segment-1").stat().st_size == 0
