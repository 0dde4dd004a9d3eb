"""kill -9 of anything: no process, no socket, no directory stays; the rest is told."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pool_harness import FAKE, SHORT, Pool, alive, children, eventually, start_pool

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category

Start = Callable[..., Pool]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def busy_pool(start: Start, *arguments: str) -> tuple[Pool, list[int]]:
    """A pool with two standalone ranks and a world of two, and the pids of all that."""
    pool = start(*arguments)
    client = pool.client()
    client.open_session(affinity="strict_queue")
    client.start_world(tensor_parallel_size=2)
    eventually(
        lambda: [rank.state for rank in client.status().ranks] == [pool_pb2.READY, pool_pb2.READY]
    )
    return pool, pool.processes()


def gone(pids: list[int]) -> Callable[[], object]:
    return lambda: [pid for pid in pids if alive(pid)] == [] or pids


def test_killed_pool_leaves_nothing(start: Start, short_tmp: Path) -> None:
    path = short_tmp / "kill.sock"
    pool, processes = busy_pool(start, "--listen", f"unix:{path}")
    assert len(processes) == 6
    kill(pool.pid)
    eventually(gone(processes))
    eventually(lambda: pool.runtime_dirs() == [])
    assert not path.exists()


def test_pool_killed_while_the_forkserver_loads(start: Start, short_tmp: Path) -> None:
    path = short_tmp / "early.sock"
    # A real one: it loads torch.
    pool = start("--listen", f"unix:{path}", entry_point="vllm_bridge.rank.process:main")
    processes = pool.processes()
    kill(pool.pid)
    eventually(gone(processes), 60)  # torch is loaded before it looks
    assert pool.runtime_dirs() == []
    assert not path.exists()


def test_cleanup_leaves_the_socket_of_a_successor(start: Start, short_tmp: Path) -> None:
    path = short_tmp / "successor.sock"
    pool, processes = busy_pool(start, "--listen", f"unix:{path}")
    os.kill(pool.forkserver, signal.SIGSTOP)
    forkserver = pool.forkserver
    kill(pool.pid)
    pool.process.wait(20)
    path.unlink()
    with socket.socket(socket.AF_UNIX) as successor:
        successor.bind(str(path))
        os.kill(forkserver, signal.SIGCONT)
        eventually(gone(processes))
        assert path.exists()


def test_pool_and_forkserver_killed_together(start: Start) -> None:
    pool, processes = busy_pool(start)
    forkserver = pool.forkserver
    kill(forkserver)
    kill(pool.pid)
    eventually(gone(processes))
    assert len(pool.runtime_dirs()) == 1, "nobody is left to remove it"
    # The next pool in that place is.

    second = start_pool(pool.runtime_base)
    try:
        assert len(second.runtime_dirs()) == 1
        assert str(second.runtime_dirs()[0]) in second.endpoint
    finally:
        second.stop()


def test_second_pool_leaves_the_directory_of_a_live_one(start: Start) -> None:

    pool = start()
    second = start_pool(pool.runtime_base)
    second.stop()
    with pool.client() as client:
        assert client.status().pid == pool.pid
        client.open_session(affinity="strict_queue")


def test_killed_forkserver_is_replaced(start: Start) -> None:
    pool, processes = busy_pool(start)
    client = pool.client()
    session = client.open_session(affinity="strict_queue")
    forkserver = pool.forkserver
    kill(forkserver)
    eventually(gone([pid for pid in processes if pid != pool.pid]))
    eventually(lambda: client.status().worlds[0].state == pool_pb2.WORLD_FAILED)
    failure = client.status().worlds[0].failure
    assert f"the forkserver (pid {forkserver})" in failure
    assert "killed by signal 9 (SIGKILL)" in failure
    with pytest.raises(BridgeError, match="forkserver") as caught:
        session.send(FAKE + "Echo", b"", SHORT)
    assert caught.value.reason == "session_worker_unavailable"
    assert client.open_session(affinity="strict_queue").send(FAKE + "Echo", b"1", SHORT) == b"1"
    assert len(client.start_world(tensor_parallel_size=2).ranks) == 2


def test_killed_standalone_rank_is_replaced(start: Start) -> None:
    pool, _ = busy_pool(start)
    client = pool.client()
    session = client.open_session(affinity="strict_queue")
    kill(session.info.pid)
    with pytest.raises(BridgeError, match=r"killed by signal 9 \(SIGKILL\)") as caught:
        session.send(FAKE + "Echo", b"", SHORT)
    assert caught.value.category == Category.WORKER
    assert caught.value.reason == "session_worker_unavailable"
    assert f"pid {session.info.pid}" in caught.value.message
    for ask in (
        lambda: client.session(session.session_id),
        lambda: client.open_session(session.session_id, affinity="strict_queue"),
    ):
        with pytest.raises(BridgeError, match="SIGKILL"):
            ask()
    assert session.close() is True
    again = client.open_session(session.session_id, affinity="strict_queue")
    assert again.send(FAKE + "Echo", b"again", SHORT) == b"again"
    eventually(lambda: all(rank.state == pool_pb2.READY for rank in client.status().ranks))
    assert len(children(pool.forkserver)) == 4


def test_rank_killed_during_a_direct_call_and_a_forwarded_one(start: Start) -> None:
    pool, _ = busy_pool(start)
    client = pool.client()
    for endpoint in ("direct", "forwarded"):
        session = client.open_session(affinity="strict_queue")
        if endpoint == "forwarded":
            session.info.endpoint = ""
        with pytest.raises(BridgeError, match="SIGKILL") as caught:
            session.send(FAKE + "Die", b"9", SHORT)
        assert caught.value.reason == "session_worker_unavailable"


def test_rank_killed_while_the_pool_is_stopped(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, _ = busy_pool(start)
    session = pool.client().open_session(affinity="strict_queue")
    monkeypatch.setattr(
        "vllm_bridge.client._calls.session.LOST_TIMEOUT", timedelta(milliseconds=300)
    )
    os.kill(pool.pid, signal.SIGSTOP)
    try:
        os.kill(session.info.pid, signal.SIGKILL)
        with pytest.raises(BridgeError, match="The pool cannot be asked about it") as caught:
            session.send(FAKE + "Echo", b"", SHORT)
    finally:
        os.kill(pool.pid, signal.SIGCONT)
    assert (caught.value.category, caught.value.reason) == (Category.WORKER, "connection_lost")
    assert session.session_id in caught.value.message
    monkeypatch.undo()  # now it may take its time
    with pytest.raises(BridgeError, match="SIGKILL"):
        session.send(FAKE + "Echo", b"", SHORT)


def test_rank_that_dies_by_itself_is_quoted(start: Start) -> None:
    pool, _ = busy_pool(start)
    session = pool.client().open_session(affinity="strict_queue")
    with pytest.raises(BridgeError, match=r"killed by signal 6 \(SIGABRT\)"):
        session.send(FAKE + "Die", b"6", SHORT)


def test_hint_sessions_survive_their_rank(start: Start) -> None:
    pool, _ = busy_pool(start)
    session = pool.client().open_session()
    with pytest.raises(BridgeError, match="SIGKILL") as caught:
        session.send(FAKE + "Die", b"9", SHORT)
    assert caught.value.category == Category.WORKER
    assert session.send(FAKE + "Echo", b"alive", SHORT) == b"alive"
