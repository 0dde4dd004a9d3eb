"""Everything that can happen to a rank, its pool, its client and its machine, with real ranks."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import failing_ranks
import pytest
import torch
from pool_harness import (
    FAKE,
    SHORT,
    Block,
    Pool,
    alive,
    environment,
    eventually,
    start_pool,
    stop_process,
)

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session, World
from vllm_bridge.codec.errors import BridgeError, Category

Start = Callable[..., Pool]


HEARTBEAT_TIMEOUT_S = 3.0

# Mounts of one's own: a /dev/shm, or a runtime directory, that is full.
UNSHARE = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]


@pytest.fixture(scope="module")
def failing_pool(short_tmp: Path) -> Iterator[Pool]:
    """Real ranks whose clients may call what is in `failing_ranks`."""
    pool = start_pool(
        short_tmp / "failing",
        "--allow",
        "failing_ranks.",
        "--heartbeat-timeout",
        f"{HEARTBEAT_TIMEOUT_S:g}",
        entry_point=None,
    )
    yield pool
    pool.stop()


@pytest.fixture
def client(failing_pool: Pool) -> Iterator[Client]:
    with failing_pool.client() as client:
        client.open_session(affinity="strict_queue").close()  # torch has been loaded
        yield client


@contextlib.contextmanager
def world_of_two(client: Client) -> Iterator[World]:
    world = client.start_world(tensor_parallel_size=2)
    try:
        yield world
    finally:
        world.stop()


@pytest.mark.timing
@pytest.mark.parametrize(
    ("function", "args", "said", "quoted"),
    [
        ("exit_with", (7,), "exited with status 7", "leaving on my own"),
        ("exit_with", (0,), "exited with status 0", ""),
        ("crash_in_native_code", (), r"killed by signal 11 \(SIGSEGV\)", ""),
    ],
)
def test_rank_that_ends_in_a_call(
    client: Client, function: str, args: tuple[int, ...], said: str, quoted: str
) -> None:
    with world_of_two(client) as world:
        waiting = world.ranks[0].info.pid
        before = time.monotonic()
        with pytest.raises(BridgeError, match=rf"rank 1 of {world.world_id} .*{said}") as caught:
            world.ranks[1].run(f"failing_ranks.{function}", *args)
        assert time.monotonic() - before < 2.0
        assert caught.value.category == Category.WORKER
        assert caught.value.reason == "session_worker_unavailable"
        assert quoted in caught.value.message
        # The world fails as a whole, and says the same: the other rank is killed at about the time
        # at which this one's caller hears of it.
        eventually(lambda: not alive(waiting))
        with pytest.raises(BridgeError, match=said):
            world.ranks[0].call("get_tensor_model_parallel_rank")
        assert world.refresh().state == pool_pb2.WORLD_FAILED


def test_standalone_rank_that_ends_in_a_call_is_replaced(client: Client) -> None:
    with pytest.raises(BridgeError, match=r"rank-\d+ .*exited with status 7"):
        client.open_session().run("failing_ranks.exit_with", 7)
    assert client.open_session().call("get_pp_indices", 61, 0, 4) == (0, 15)


@pytest.mark.timing
def test_stopped_rank_is_found_by_its_silence(client: Client) -> None:
    with world_of_two(client) as world:
        stopped, other = world.ranks[1].info.pid, world.ranks[0].info.pid
        begin = time.monotonic()
        with pytest.raises(BridgeError, match="no heartbeat for") as caught:
            world.ranks[1].run("failing_ranks.stop_itself", timeout=timedelta(seconds=60))
        took = time.monotonic() - begin
        assert HEARTBEAT_TIMEOUT_S - 1.5 < took < HEARTBEAT_TIMEOUT_S + 3.0
        assert f"rank 1 of {world.world_id} (pid {stopped})" in caught.value.message
        assert caught.value.category == Category.WORKER
        eventually(lambda: not alive(stopped) and not alive(other))
        failure = world.refresh().failure
        assert "no heartbeat for" in failure


def test_stopped_standalone_rank_is_replaced(client: Client) -> None:
    session = client.open_session(affinity="strict_queue")
    stop_process(session.info.pid)
    with pytest.raises(BridgeError, match="no heartbeat for"):
        session.call("get_pp_indices", 61, 0, 4, timeout=timedelta(seconds=60))
    session.close()
    ready = [pool_pb2.READY, pool_pb2.READY]
    eventually(lambda: [rank.state for rank in client.status().ranks] == ready, 20)


def test_rank_without_memory_says_so_and_goes_on(start: Start) -> None:
    pool = start(
        "--size", "1", "--allow", "failing_ranks.", entry_point="failing_ranks:little_memory"
    )
    with pool.client() as client, client.open_session(affinity="strict_queue") as session:
        too_much = 2 * failing_ranks.MEMORY_BYTES
        for name, args in (
            ("failing_ranks.allocate", (too_much,)),
            ("torch.zeros", (too_much,)),
        ):
            with pytest.raises(BridgeError) as caught:
                session.run(name, *args)
            assert caught.value.category == Category.PYTHON_ERROR, caught.value
            assert caught.value.python_type in ("MemoryError", "RuntimeError")
            assert "memory" in str(caught.value).lower()
        assert session.run("failing_ranks.allocate", 1 << 20) == 1 << 20
        assert session.call("get_pp_indices", 61, 0, 4) == (0, 15)


def test_rank_that_is_never_ready_is_quoted(start: Start) -> None:
    pool = start("--size", "0", "--start-timeout", "2", entry_point="failing_ranks:never_ready")
    errors: list[BridgeError] = []
    with pool.client() as client:

        def quoted() -> bool:
            with pytest.raises(BridgeError) as caught:
                client.start_world(timeout=timedelta(milliseconds=100))
            errors.append(caught.value)
            return "waiting for a device that does not come" in caught.value.message

        # The first ones may pass while the forkserver still loads.
        eventually(quoted, 40)
    assert errors[-1].reason == "start_timeout"
    assert "not ready after 2.1 s" in errors[-1].message


def test_taken_socket_path_of_a_rank(client: Client, failing_pool: Pool) -> None:
    (directory,) = failing_pool.runtime_dirs()
    world = client.start_world()
    last = int(world.info.ranks[0].endpoint.rpartition("rank-")[2].removesuffix(".sock"))
    world.stop()
    for number in range(last + 1, last + 20):
        (directory / f"rank-{number}.sock").mkdir()
    try:
        with pytest.raises(BridgeError, match=r"rank 0 of .* not be started: .*rank-\d+\.sock"):
            client.start_world()
    finally:
        for number in range(last + 1, last + 20):
            with contextlib.suppress(FileNotFoundError):
                (directory / f"rank-{number}.sock").rmdir()
    with client.start_world() as again:
        assert again.ranks[0].call("get_tensor_model_parallel_rank") == 0


CALLER = """
import sys
from datetime import timedelta
from vllm_bridge.client import connect
connect(sys.argv[1]).session(sys.argv[2]).send(sys.argv[3], sys.argv[4].encode(), timedelta(60))
"""


def test_client_killed_in_a_call(start: Start, block: Callable[[], Block]) -> None:
    pool = start("--size", "1")
    held = block()
    with pool.client() as client:
        session = client.open_session("held")
        caller = subprocess.Popen(
            [sys.executable, "-c", CALLER, pool.endpoint, "held", FAKE + "Block", str(held.path)],
            env=environment(),
        )
        eventually(held.started, 20)
        caller.kill()
        caller.wait(10)
        # Nobody waits for the call any more, but the rank runs it: others wait for the rank.
        with pytest.raises(BridgeError) as caught:
            client.open_session().send(FAKE + "Echo", b"1", timedelta(milliseconds=500))
        assert caught.value.category == Category.TIMEOUT
        held.end()
        assert session.send(FAKE + "Echo", b"2", SHORT) == b"2"
        assert len(client.status().ranks) == 1


# Full file systems


def full(directory: Path, *arguments: str, size: str = "64k") -> list[str]:
    """A command line that sees a full file system in that place, and nobody else does."""
    script = (
        f'mount -t tmpfs -o size={size},mode=1777 tmpfs "$0" && '
        'dd if=/dev/zero of="$0/filler" bs=4k 2>/dev/null; exec "$@"'
    )
    return [*UNSHARE, "sh", "-c", script, str(directory), *arguments]


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(full(Path("/mnt"), "true"), capture_output=True)
    return tried.returncode == 0


needs_mounts = pytest.mark.skipif(
    not can_mount(), reason="mounts of one's own are not allowed here"
)


@needs_mounts
def test_full_shared_memory(short_tmp: Path) -> None:
    pool = start_pool(
        short_tmp / "shm", "--size", "0", entry_point=None, before=full(Path("/dev/shm"))
    )
    try:
        with pool.client() as client, client.start_world(tensor_parallel_size=2) as world:

            def make_queue(rank: Session) -> str:
                group = rank.call("get_tp_group")
                with pytest.raises(BridgeError) as caught:
                    rank.call("GroupCoordinator.create_mq_broadcaster", group)
                return caught.value.message

            told = world.run(make_queue)
            assert "/dev/shm" in told[0]
            assert "No space left on device" in told[0]
            # The world is none the worse.
            sums = world.run(
                lambda rank: rank.call("tensor_model_parallel_all_reduce", torch.ones(2))
            )
            assert [found.tolist() for found in sums] == [[2.0, 2.0], [2.0, 2.0]]
    finally:
        pool.stop()


@needs_mounts
@pytest.mark.parametrize("inodes", [2, 3])
def test_full_runtime_directory(short_tmp: Path, inodes: int) -> None:
    # One is the mount's root and one the filler; with a third the pool's directory can be made, and
    # nothing in it.
    place = short_tmp / f"full-{inodes}"
    place.mkdir()
    done = subprocess.run(
        full(place, sys.executable, "-m", "vllm_bridge", "serve", size=f"64k,nr_inodes={inodes}"),
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        env=environment(XDG_RUNTIME_DIR=str(place)),
    )
    assert done.returncode == 2, done
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
