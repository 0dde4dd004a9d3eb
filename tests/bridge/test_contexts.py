"""Context managers of real ranks, over the bridge: entered, exited, and never left open."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from pool_harness import Pool, connect, eventually

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.client import Client, Session
from vllm_bridge.codec.calls import RemoteObject, decode_term
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow.allow_list import AllowList
from vllm_bridge.rank.contexts import RemoteError, SessionContexts
from vllm_bridge.rank.executor import Executor
from vllm_bridge.rank.grpc_carrier import GrpcCarrier
from vllm_bridge.rank.handler import Calls, RankState
from vllm_bridge.rank.journal import Journal, Record
from vllm_bridge.rank.objects import SessionObjects
from vllm_bridge.rank.services import object_methods
from vllm_bridge.rank.sessions import RankSessions
from vllm_bridge.transport.metadata import SESSION_ID


@pytest.fixture
def real(real_pool: Pool) -> Iterator[Client]:
    with connect(real_pool.endpoint) as client:
        yield client


@pytest.fixture
def session(real: Client) -> Iterator[Session]:
    with real.open_session(affinity="strict_queue") as session:
        yield session


def enter(session: Session, context: RemoteObject) -> Any:
    request = rank_pb2.EnterRequest(context=context.to_ref()).SerializeToString()
    answer = session.send("/vllm.bridge.v1.Objects/Enter", request, None)
    return decode_term(types_pb2.Term.FromString(answer))


def leave(session: Session, context: RemoteObject, error: str = "") -> bool:
    request = rank_pb2.ExitRequest(context=context.to_ref(), error=error).SerializeToString()
    answer = session.send("/vllm.bridge.v1.Objects/Exit", request, None)
    return rank_pb2.ExitResponse.FromString(answer).suppressed


def release(session: Session, context: RemoteObject) -> int:
    request = rank_pb2.ReleaseRequest(objects=[context.to_ref()]).SerializeToString()
    answer = session.send("/vllm.bridge.v1.Objects/Release", request, None)
    return rank_pb2.ReleaseResponse.FromString(answer).released


def test_a_context_is_entered_for_the_block_and_forgotten(session: Session) -> None:
    for _ in range(2):
        with session.context("suppress_stdout") as value:
            assert value is None
            assert session.inspect().contexts == 1
        assert session.inspect().contexts == 0
    assert session.inspect().objects == 0


def test_an_exception_of_the_block_exits_and_is_raised(session: Session) -> None:
    with pytest.raises(ZeroDivisionError), session.context("suppress_stdout"):
        raise ZeroDivisionError
    assert session.inspect().contexts == 0


def test_the_tensor_parallel_group_is_patched_on_every_rank_and_put_back(real: Client) -> None:
    def work(session: Session) -> tuple[list[int], str, int, list[float]]:
        alone = session.call("get_pp_group")
        with session.context("patch_tensor_parallel_group", alone):
            inside = session.call("get_tensor_model_parallel_world_size")
            with session.context("graph_capture", "cpu") as capture:
                kind = capture.type_name.rpartition(".")[2]
        after = session.call("get_tensor_model_parallel_world_size")
        total = session.call("tensor_model_parallel_all_reduce", torch.ones(1))
        return [inside, after], kind, session.inspect().contexts, total.tolist()

    with real.start_world(tensor_parallel_size=2) as world:
        assert world.run(work) == [([1, 2], "GraphCaptureContext", 0, [2.0])] * 2


def test_what_is_no_context_or_out_of_turn_is_refused(session: Session) -> None:
    outer, inner = session.call("suppress_stdout"), session.call("suppress_stdout")
    config = session.call("EPLBConfig.new")
    with session.context("suppress_stdout"), pytest.raises(BridgeError) as of_config:
        enter(session, config)
    assert of_config.value.reason == "not_a_context"
    with pytest.raises(BridgeError, match="returns no context manager") as of_number:
        session.context("get_pp_indices", 61, 0, 4).__enter__()
    assert of_number.value.reason == "not_a_context"

    with pytest.raises(BridgeError) as too_early:
        leave(session, outer)
    assert too_early.value.reason == "context_not_entered"
    enter(session, outer)
    with pytest.raises(BridgeError) as twice:
        enter(session, outer)
    assert twice.value.reason == "context_entered"
    enter(session, inner)
    with pytest.raises(BridgeError, match=inner.id) as wrong_order:
        leave(session, outer)
    assert wrong_order.value.reason == "context_order"
    assert wrong_order.value.details["open"] == [inner.id]
    with pytest.raises(BridgeError, match="exit it first") as released:
        release(session, outer)
    assert released.value.reason == "context_entered"

    assert leave(session, inner) is False
    assert leave(session, outer) is False
    with pytest.raises(BridgeError) as twice_left:
        leave(session, outer)
    assert twice_left.value.reason == "context_not_entered"
    with pytest.raises(BridgeError) as again:
        enter(session, outer)
    assert again.value.reason == "context_used"
    assert release(session, outer) == 1


def test_a_context_of_another_session_is_refused(real: Client, session: Session) -> None:
    context = session.call("suppress_stdout")
    with real.open_session(affinity="strict_queue") as other:
        for call in (enter, leave):
            with pytest.raises(BridgeError) as caught:
                call(other, context)
            assert caught.value.reason == "foreign_ref"


def test_closing_the_session_exits_what_it_entered(real: Client, session: Session) -> None:
    neighbour = real.open_session(affinity="strict_queue")
    while neighbour.inspect().pid != session.inspect().pid:
        neighbour = real.open_session(affinity="strict_queue")
    enter(neighbour, neighbour.run("torch.no_grad"))
    enter(neighbour, neighbour.call("suppress_stdout"))
    assert session.run("torch.is_grad_enabled") is False
    neighbour.close()
    eventually(lambda: session.run("torch.is_grad_enabled"))


def test_an_object_that_is_a_context_can_be_entered_again(session: Session) -> None:
    context = session.run("torch.no_grad")
    for _ in range(2):
        with session.context(context):
            assert session.run("torch.is_grad_enabled") is False
        assert session.run("torch.is_grad_enabled") is True


def test_the_end_of_a_session_waits_for_the_running_call_and_so_do_its_contexts(
    start: Callable[..., Pool], tmp_path: Path
) -> None:
    exits = tmp_path / "exits"
    os.mkfifo(tmp_path / "fifo")
    opened = ("--allow", "marking.", "--writable", str(tmp_path))
    pool = start("--size", "1", *opened, entry_point=None)
    with connect(pool.endpoint) as client, ThreadPoolExecutor() as threads:
        closed = client.open_session(affinity="strict_queue")
        other = client.open_session(affinity="strict_queue")
        for name in ("outer", "inner"):
            made = closed.run("marking.marked", str(tmp_path), name)
            assert enter(closed, made) == name
        running = threads.submit(other.run, "marking.stay", str(tmp_path / "fifo"))
        eventually(lambda: [call.state for call in other.inspect().calls] == [rank_pb2.RUNNING])
        try:
            # Answered though the executor is stuck, and nothing has been exited.
            closed.close()
            assert other.inspect().sessions == 1
            assert not exits.exists()
        finally:
            os.close(os.open(tmp_path / "fifo", os.O_WRONLY))
        running.result()
        eventually(lambda: exits.exists() and exits.read_text() == "inner\nouter\n")

        with client.start_world(tensor_parallel_size=1) as world:
            rank = world.ranks[0]
            enter(rank, rank.run("marking.marked", str(tmp_path), "of a world"))
        eventually(lambda: exits.read_text().endswith("of a world\n"))


class Noting:
    """A context manager that says what happens to it."""

    def __init__(self, name: str, log: list[object], *, fails: bool = False) -> None:
        self._name, self._log, self._fails = name, log, fails

    def __enter__(self) -> str:
        self._log.append(f"+{self._name}")
        return self._name

    def __exit__(self, kind: object, error: object, traceback: object) -> bool:
        self._log.append((self._name, kind, str(error), traceback) if error else f"-{self._name}")
        if self._fails:
            raise OSError("cannot leave")
        return error is not None


def _any(context: object) -> None:
    """Every context may be entered."""


@contextlib.contextmanager
def _of_the_test() -> Iterator[None]:
    yield


class TestInTheRank:
    """Without a pool: order, errors, and the end of a session."""

    def test_the_error_of_the_block_reaches_exit_which_may_suppress_it(self) -> None:
        log: list[object] = []
        contexts, ref = SessionContexts("s"), types_pb2.Ref(id="obj-1")
        assert contexts.enter(ref, Noting("a", log), _any) == "a"
        assert contexts.exit(ref, "** (RuntimeError) boom") is True
        assert log == ["+a", ("a", RemoteError, "** (RuntimeError) boom", None)]
        assert issubclass(RemoteError, RuntimeError)

    def test_a_failing_exit_counts_as_exited(self) -> None:
        contexts, ref = SessionContexts("s"), types_pb2.Ref(id="obj-1")
        contexts.enter(ref, Noting("a", [], fails=True), _any)
        with pytest.raises(OSError, match="cannot leave"):
            contexts.exit(ref, "")
        assert len(contexts) == 0

    def test_the_end_of_a_session_exits_all_innermost_first_in_the_executor(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        log: list[object] = []
        later: list[Any] = []
        sessions = RankSessions(0, later.append)
        sessions.register("s", fail_fast=False)
        objects = sessions.get("s").objects
        for name in "abc":
            context = Noting(name, log, fails=name == "b")
            objects.contexts.enter(objects.put(context), context, _any)
        assert sessions.contexts() == 3
        sessions.drop("s")
        assert log == ["+a", "+b", "+c"]
        with caplog.at_level(logging.WARNING):
            later.pop()()
        assert log[3:] == ["-c", "-b", "-a"]
        assert "cannot leave" in caplog.text

        late = Noting("late", log)
        with pytest.raises(BridgeError) as caught:
            objects.contexts.enter(objects.put(late), late, _any)
        assert caught.value.reason == "session_not_found"
        assert "+late" not in log

    @pytest.mark.parametrize("context", [threading.Lock(), _of_the_test()])
    def test_what_no_client_may_use_is_not_entered(self, context: object) -> None:
        objects = SessionObjects("s", epoch=0)
        request = rank_pb2.EnterRequest(context=objects.put(context))
        with pytest.raises(BridgeError) as caught:
            object_methods()["/vllm.bridge.v1.Objects/Enter"].call(
                request, Wire(objects, AllowList())
            )
        assert caught.value.reason == "name_not_allowed"
        assert len(objects.contexts) == 0

    @pytest.mark.parametrize(("method", "taken"), [("Enter", False), ("Exit", True)])
    def test_a_fail_fast_session_can_exit_on_a_busy_rank(self, method: str, taken: bool) -> None:
        journal = Journal()
        sessions = RankSessions(epoch=0)
        sessions.register("s", fail_fast=True)
        state = RankState(None, sessions, journal, Executor(journal), AllowList(), max_queue=1)
        handler = GrpcCarrier(Calls(state, object_methods()))
        for call_id in "ab":  # one runs, and the queue is full
            journal.queue(Record("other", call_id, "/any"))
        details = SimpleNamespace(
            method=f"/vllm.bridge.v1.Objects/{method}", invocation_metadata=[(SESSION_ID, "s")]
        )
        routed = handler.service(details)
        assert routed is not None
        # What is refused needs no thread.
        assert hasattr(routed.unary_unary, "experimental_thread_pool") is taken
