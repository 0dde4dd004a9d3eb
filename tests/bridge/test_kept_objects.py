"""Objects and contexts of `hint` sessions, whose calls may run in several ranks."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pool_harness import connect, eventually, start_pool

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.client import Client, Session
from vllm_bridge.codec.calls import RemoteObject, decode_term, encode_term
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.rank.objects import SessionObjects
from vllm_bridge.refs import home_of, make_id


@pytest.fixture(scope="module")
def two(short_tmp: Path) -> Iterator[Client]:
    """A client of a pool of two real ranks."""
    pool = start_pool(short_tmp / "two", "--size", "2", "--allow", "posix.", entry_point=None)
    with connect(pool.endpoint) as client:
        eventually(lambda: client.status().pools[0].ready == 2, 60)
        yield client
    pool.stop()


@pytest.fixture
def session(two: Client) -> Iterator[Session]:
    with two.open_session() as session:
        yield session


@pytest.fixture
def elsewhere(session: Session, tmp_path: Path) -> Any:
    """A block in which the session's own rank is busy, so that its calls run in the other one."""

    @contextlib.contextmanager
    def block() -> Iterator[None]:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        with ThreadPoolExecutor(1) as threads:
            # Opening a pipe waits for the other end.
            busy = threads.submit(session.run, "posix.open", str(pipe), os.O_RDONLY)
            try:
                eventually(lambda: len(session.inspect().calls) > 0)
                yield
            finally:
                # Whoever waits at the other end goes on.
                end = os.open(pipe, os.O_RDWR)
                busy.result(30)
                os.close(end)
        pipe.unlink()

    return block


def pid_of(session: Session) -> int:
    return int(session.run("posix.getpid"))


def linear(session: Session, size: int) -> RemoteObject:
    made = session.run("torch.nn.Linear", size, size)
    assert isinstance(made, RemoteObject)
    return made


def size_of(session: Session, module: RemoteObject) -> int:
    request = rank_pb2.GetAttributeRequest(object=module.to_ref(), name="out_features")
    answer = session.send("/vllm.bridge.v1.Objects/GetAttribute", request.SerializeToString(), None)
    size = decode_term(types_pb2.Term.FromString(answer))
    assert isinstance(size, int)
    return size


def release(session: Session, *objects: RemoteObject) -> int:
    request = rank_pb2.ReleaseRequest(objects=[one.to_ref() for one in objects])
    answer = session.send("/vllm.bridge.v1.Objects/Release", request.SerializeToString(), None)
    return rank_pb2.ReleaseResponse.FromString(answer).released


def test_calls_go_to_the_rank_that_keeps_their_object(session: Session, elsewhere: Any) -> None:
    here, first = linear(session, 2), pid_of(session)
    with elsewhere():
        there = linear(session, 3)
        assert pid_of(session) != first
    assert here.id != there.id
    for _ in range(3):
        assert (size_of(session, here), size_of(session, there)) == (2, 3)
    assert pid_of(session) == first, "its own rank is what it was"

    both = rank_pb2.CallRequest(
        qualified_name="torch.nn.Sequential",
        args=encode_term([here, there]),
        kwargs=encode_term({}),
    )
    with pytest.raises(BridgeError, match="strict session") as caught:
        session.send("/vllm.bridge.v1.Objects/Call", both.SerializeToString(), None)
    assert caught.value.reason == "ref_elsewhere"

    assert release(session, here, there, here) == 2
    assert release(session, here, there) == 0
    for gone in (here, there):
        with pytest.raises(BridgeError, match="released") as caught:
            size_of(session, gone)
        assert caught.value.reason == "unknown_ref"


def test_an_object_waits_for_its_rank(session: Session, elsewhere: Any) -> None:
    """It runs behind what is running there, though another rank is idle."""
    here = linear(session, 2)
    with ThreadPoolExecutor(1) as threads:
        with elsewhere():
            later = threads.submit(size_of, session, here)
            pid_of(session)
            assert not later.done()
        assert later.result(30) == 2


def test_calls_inside_of_a_context_run_in_its_rank(session: Session, elsewhere: Any) -> None:
    first = pid_of(session)
    with elsewhere():
        there = pid_of(session)
        context = session.run("torch.no_grad")
    assert first != there
    with session.context(context), ThreadPoolExecutor(1) as threads:
        for _ in range(3):
            assert pid_of(session) == there
            assert session.run("torch.is_grad_enabled") is False
        # Other threads are not inside of it.
        assert threads.submit(pid_of, session).result(30) == first
        assert threads.submit(session.run, "torch.is_grad_enabled").result(30) is True
        with session.context("suppress_stdout"):
            assert pid_of(session) == there
        with pytest.raises(BridgeError) as caught:
            size_of(session, threads.submit(linear, session, 2).result(30))
        assert caught.value.reason == "ref_elsewhere"
    assert pid_of(session) == first
    with session.context(context):
        assert pid_of(session) == there


def test_what_a_dead_rank_kept(two: Client, session: Session) -> None:
    kept = linear(session, 2)
    pid = pid_of(session)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: all(rank.pid != pid for rank in two.status().ranks))
    with pytest.raises(BridgeError, match="gone") as caught:
        size_of(session, kept)
    assert caught.value.reason == "unknown_ref"
    assert release(session, kept) == 0


@pytest.mark.parametrize("ref_id", ["obj-1@rank-999", "obj-999", "", "@", "garbage@"])
def test_garbage(session: Session, ref_id: str) -> None:
    made = linear(session, 2)
    garbage = RemoteObject(ref_id, made.session_id, made.epoch, made.type_name)
    with pytest.raises(BridgeError) as caught:
        size_of(session, garbage)
    assert caught.value.reason == "unknown_ref"
    assert release(session, garbage, made) == 1
    with pytest.raises(BridgeError) as caught:
        session.send("/vllm.bridge.v1.Objects/Release", b"\xff", None)
    assert caught.value.reason == "malformed_request"


def test_ids_say_which_rank_it_is() -> None:
    assert home_of(make_id(3, "rank-7")) == "rank-7"
    assert home_of(make_id(3, "")) == ""
    ref = SessionObjects("s", epoch=0, home="rank-7").put(object())
    with pytest.raises(BridgeError) as caught:
        SessionObjects("s", epoch=0, home="rank-8").get(ref)
    assert caught.value.reason == "ref_elsewhere"
    with pytest.raises(BridgeError) as caught:
        SessionObjects("s", epoch=0, home="rank-7").get(ref)
    assert caught.value.reason == "unknown_ref"
