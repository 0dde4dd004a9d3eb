"""The rank's side of the gate, its journal and its counts, without a pool."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from pool_harness import eventually

from vllm_bridge._generated import control_pb2, rank_pb2, types_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.gate import rank_gate
from vllm_bridge.gate.counts import BUCKETS_S, Counts
from vllm_bridge.gate.facts import Facts, Group
from vllm_bridge.gate.rank_gate import GatedCall, RankGate
from vllm_bridge.rank.journal import LATEST, Journal, Record, State
from vllm_bridge.rank.reports import thread_stacks
from vllm_bridge.transport import control

GROUP = Group("met here", (), 0, 2)


class Context:
    """As much of gRPC's as the gate looks at."""

    def __init__(self, remaining_s: float | None = None) -> None:
        self._remaining_s = remaining_s

    def time_remaining(self) -> float | None:
        return self._remaining_s


class Standing:
    """A call at the gate, in a thread of its own, and what the rank has sent."""

    def __init__(self, facts: Facts, remaining_s: float | None = None) -> None:
        self.sent: list[control_pb2.RankToPool] = []
        self.gate = RankGate(control_pb2.WorldAssignment(rank=0, world_size=2), self._send)
        self.record = Record("s", "call-1", "/a/b")
        self.error: BridgeError | None = None
        self._there = threading.Event()
        context: Any = Context(remaining_s)
        self.thread = threading.Thread(target=self._stand, args=(facts, context))
        self.thread.start()
        assert self._there.wait(5)

    def _send(self, messages: Sequence[control_pb2.RankToPool]) -> None:
        self.sent += messages
        self._there.set()

    def _stand(self, facts: Facts, context: Any) -> None:
        try:
            self.gate.pass_through(facts, self.record, context)
        except BridgeError as error:
            self.error = error

    def end(self) -> None:
        self.thread.join(5)
        assert not self.thread.is_alive()


def test_a_verdict_lets_the_call_through() -> None:
    facts = Facts(GROUP, "barrier", (("src", "1"),))
    standing = Standing(facts, remaining_s=1.0)
    enter = standing.sent[0].enter
    assert (enter.group, enter.operation, enter.size, enter.rank_in_group) == (
        "met here",
        "barrier",
        2,
        0,
    )
    assert [(part.name, part.value) for part in enter.parts] == [("src", "1")]
    assert enter.remaining.ToTimedelta().total_seconds() == pytest.approx(0.95)
    pending = standing.record.pending
    assert pending is not None
    assert pending.waiting
    standing.gate.verdict(control_pb2.Verdict(ticket=enter.ticket + 1, go=True))
    assert pending.waiting
    standing.gate.verdict(control_pb2.Verdict(ticket=enter.ticket, go=True))
    standing.end()
    assert standing.error is None
    assert pending.gated_at > 0


@pytest.mark.parametrize(
    ("remaining_s", "timeout_s", "told"),
    [(None, None, None), (0.1, None, 0.09), (10.0, None, 9.95), (10.0, 3.0, 3.0), (1e12, 2.0, 2.0)],
)
def test_the_pool_is_told_the_shorter_limit(
    remaining_s: float | None, timeout_s: float | None, told: float | None
) -> None:
    facts = Facts(GROUP, "send", direction=control_pb2.SEND, eager=True, timeout_s=timeout_s)
    standing = Standing(facts, remaining_s)
    standing.end()
    enter = standing.sent[0].enter
    assert enter.eager
    assert enter.HasField("remaining") == (told is not None)
    if told is not None:
        assert enter.remaining.ToTimedelta().total_seconds() == pytest.approx(told)


def test_the_end_of_a_call_travels_with_the_next_one() -> None:
    standing = Standing(Facts(GROUP, "send", direction=control_pb2.SEND, eager=True))
    standing.end()
    pending = standing.record.pending
    assert pending is not None
    standing.gate.done(pending, ok=True)
    assert len(standing.sent) == 1
    context: Any = Context()
    standing.gate.pass_through(pending.facts, Record("s", "call-2", "/a/b"), context)
    assert [message.WhichOneof("message") for message in standing.sent[1:]] == ["done", "enter"]
    assert standing.sent[1].done.ticket == pending.ticket
    standing.gate.flush()
    standing.gate.done(pending, ok=False)
    standing.gate.flush()
    assert [message.WhichOneof("message") for message in standing.sent[3:]] == ["done"]


def test_a_refusal_is_the_callers_error_and_known_before() -> None:
    standing = Standing(Facts(GROUP, "barrier"))
    refusal = BridgeError(Category.POOL, "collective_mismatch", "no").to_detail()
    ticket = standing.sent[0].enter.ticket
    standing.gate.verdict(control_pb2.Verdict(ticket=ticket, go=False, refusal=refusal))
    standing.end()
    assert standing.error is not None
    assert (standing.error.reason, standing.error.rank, standing.error.call_id) == (
        "collective_mismatch",
        0,
        "call-1",
    )
    assert standing.record.refusal is not None


def test_a_call_whose_caller_has_gone_asks_to_leave_once_it_stands() -> None:
    standing = Standing(Facts(GROUP, "barrier"))
    pending = standing.record.pending
    assert pending is not None
    standing.gate.leave(pending, rank_gate.CALLER_GONE)
    assert standing.sent[-1].leave == control_pb2.Leave(
        ticket=pending.ticket, why="its caller has gone"
    )
    assert standing.gate.close()
    standing.end()
    assert standing.error is not None
    assert standing.error.reason == "pool_gone"
    standing.gate.leave(pending, "too late")
    assert standing.sent[-1].leave.why == "its caller has gone"


def test_nobody_waits_at_a_gate_that_has_closed() -> None:
    gate = RankGate(control_pb2.WorldAssignment(rank=0, world_size=2), lambda message: None)
    assert not gate.close()
    context: Any = Context()
    with pytest.raises(BridgeError, match="is gone"):
        gate.pass_through(Facts(GROUP, "barrier"), Record("s", "c", "/a/b"), context)


def test_counts_are_taken_once() -> None:
    counts = Counts()
    for seconds in (0.0001, BUCKETS_S[0], 0.0011, 1000.0):
        counts.add("a", "ok", seconds, 10, 20)
    counts.add("a", "timeout", 0.2, 1, 0)
    ok, failed = sorted(counts.take(), key=lambda count: count.outcome)
    assert (ok.calls, ok.bytes_in, ok.bytes_out) == (4, 40, 80)
    assert ok.seconds == pytest.approx(1000.0017)
    assert list(ok.buckets) == [2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert (failed.outcome, failed.calls) == ("timeout", 1)
    assert counts.take() == []


@pytest.mark.timeout(30)
def test_a_call_that_is_withdrawn_on_its_way_to_the_gate_never_begins() -> None:
    gate = RankGate(control_pb2.WorldAssignment(rank=0, world_size=2), lambda messages: None)
    record = Record("s", "call-1", "/a/b")
    record.nears_gate = True
    withdrawing = threading.Thread(target=gate.withdraw, args=(record, 20.0))
    withdrawing.start()
    eventually(lambda: bool(record.leaving))
    context: Any = Context()
    with pytest.raises(BridgeError) as caught:
        gate.pass_through(Facts(GROUP, "barrier"), record, context)
    assert caught.value.reason == "withdrawn"
    assert caught.value.details["ran"] is False
    assert record.refusal is not None
    assert withdrawing.is_alive()
    gate.decided(record)  # as its end says
    withdrawing.join(10)
    assert not withdrawing.is_alive()


@pytest.mark.timeout(30)
def test_a_call_that_comes_to_no_gate_is_not_waited_for() -> None:
    gate = RankGate(control_pb2.WorldAssignment(rank=0, world_size=2), lambda messages: None)
    record = Record("s", "call-1", "/a/b")
    record.nears_gate = True
    context: Any = Context()
    withdrawing = threading.Thread(target=gate.withdraw, args=(record, 20.0))
    withdrawing.start()
    eventually(lambda: bool(record.leaving))
    assert GatedCall(gate, record, context)("no rule has this name", int, ("7",), {}) == 7
    withdrawing.join(10)
    assert not withdrawing.is_alive()
    assert record.refusal is None


@pytest.mark.timing
def test_the_journal_keeps_the_latest_and_says_what_is_overdue() -> None:
    journal = Journal()
    for number in range(LATEST + 5):
        record = Record("s", str(number), "/a/b")
        journal.queue(record)
        assert journal.start(record)
        journal.end(record)
        journal.end(record)
    latest = journal.latest()
    assert [record.call_id for record in latest] == [str(n) for n in range(LATEST + 4, 4, -1)]
    assert latest[0].sequence == LATEST + 5
    running = Record("s", "r", "/a/b")
    journal.queue(running)
    assert journal.running() is None
    journal.start(running)
    assert journal.running() is running
    now = time.monotonic()
    assert running.overdue_s(now) == 0.0
    running.deadline = now - 2.0
    assert running.overdue_s(now) == pytest.approx(2.0)
    running.gone_at = now - 3.0
    assert running.overdue_s(now) == pytest.approx(3.0)
    running.refusal = types_pb2.ErrorDetail(reason="deadlock")
    journal.end(running)
    assert running.state is State.WITHDRAWN
    assert running.overdue_s(now) == 0.0


def test_frames_come_in_any_pieces() -> None:
    messages = [
        control_pb2.RankToPool(request_id=number, enter=control_pb2.Enter(group="g" * number))
        for number in (1, 300, 2)
    ]
    data = b"".join(control.frame(message) for message in messages)
    for step in (1, 3, 4, 5, 100, len(data)):
        frames = control.Frames()
        found = [
            body for at in range(0, len(data), step) for body in frames.feed(data[at : at + step])
        ]
        assert [control_pb2.RankToPool.FromString(body) for body in found] == messages
    with pytest.raises(control.FrameTooLarge):
        control.Frames().feed(b"\xff\xff\xff\xff")


def test_stacks_name_threads_and_lines() -> None:
    leave = threading.Event()
    thread = threading.Thread(target=leave.wait, name="rank-executor_0", daemon=True)
    thread.start()
    try:
        first, *_ = thread_stacks()
    finally:
        leave.set()
        thread.join()
    assert isinstance(first, rank_pb2.ThreadStack)
    assert first.thread == "rank-executor_0"
    assert any("threading.py" in frame and frame.endswith(" wait") for frame in first.frames)
