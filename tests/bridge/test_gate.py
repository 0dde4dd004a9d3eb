"""The gate with real ranks: what may begin, what is refused and why, and that nothing hangs."""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import torch
from gate_harness import (
    LONG,
    Call,
    Callers,
    Outcome,
    attempt,
    method,
    named,
    on_tp,
    sleep,
    wait_until_at_gate,
    wait_until_running,
)
from pool_harness import Pool, connect, eventually, start_pool

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.client import Client, Session, World
from vllm_bridge.codec.calls import encode_call
from vllm_bridge.codec.errors import BridgeError, Category, from_rpc_error

SHORT = timedelta(seconds=1)
# On top of a deadline, for the answer to arrive: a call without one has 20 s.
GRACE_S = 5.0


@pytest.fixture(scope="module")
def gate_pool(short_tmp: Path) -> Iterator[Pool]:
    pool = start_pool(
        short_tmp / "gate",
        *("--size", "0", "--allow", "time.", "--allow", "socket."),
        *("--heartbeat-interval", "0.2", "--overdue-grace", "1.5"),
        entry_point=None,
    )
    yield pool
    pool.stop()
    print(pool.stderr())


@pytest.fixture(scope="module")
def client(gate_pool: Pool) -> Iterator[Client]:
    with connect(gate_pool.endpoint) as client:
        yield client


@pytest.fixture(scope="module")
def callers() -> Iterator[Callers]:
    callers = Callers()
    yield callers
    callers.close()


@pytest.fixture(scope="module")
def module_world(client: Client) -> Iterator[World]:
    with client.start_world(tensor_parallel_size=3) as world:
        yield world


@pytest.fixture
def world(module_world: World, callers: Callers) -> Iterator[World]:
    """Three ranks; every test leaves them usable, as the errors say."""
    yield module_world
    check_usable(module_world, callers)


def check_usable(world: World, callers: Callers) -> None:
    ones = torch.ones(2)
    done = callers.together(world, [named("tensor_model_parallel_all_reduce", ones)] * 3)
    for outcome in done:
        assert outcome is not None
        assert outcome.error is None, outcome
        assert outcome.value.tolist() == [3.0, 3.0]


def ended(outcomes: list[Outcome | None]) -> list[Outcome]:
    assert all(outcome is not None for outcome in outcomes)
    return [outcome for outcome in outcomes if outcome is not None]


def refused(outcome: Outcome | None, reason: str) -> BridgeError:
    """The refusal, whose message says who entered and whether the world is usable."""
    assert outcome is not None
    assert outcome.error is not None, outcome
    # The caller sees its deadline pass 50 ms after the gate, on a busy machine before it.
    reasons = (reason, "withdrawn") if reason == "deadline_exceeded" else (reason,)
    assert outcome.reason in reasons, outcome
    ending = r"(No rank|No member|Nobody|Neither).* entered; the (world|group) is usable\.$"
    assert re.search(ending, outcome.message), outcome.message
    return outcome.error


# What is right goes through


RIGHT: dict[str, tuple[list[Call], list[Any]]] = {
    "all_reduce": ([on_tp("all_reduce", torch.ones(2))] * 3, [[3.0, 3.0]] * 3),
    "all_gather": (
        [on_tp("all_gather", torch.full((1,), float(rank)), 0) for rank in range(3)],
        [[0.0, 1.0, 2.0]] * 3,
    ),
    "all_gather, the same dim in other words": (
        [on_tp("all_gather", torch.ones(1, 1), dim) for dim in (0, 0, -2)],
        [[[1.0]] * 3] * 3,
    ),
    "all_gatherv": (
        [on_tp("all_gatherv", torch.ones(rank), 0, [0, 1, 2]) for rank in range(3)],
        [[1.0] * 3] * 3,
    ),
    "reduce_scatter": ([on_tp("reduce_scatter", torch.ones(3), 0)] * 3, [[3.0]] * 3),
    "gather": (
        [on_tp("gather", torch.ones(1), 2, 0)] * 3,
        [None, None, [1.0, 1.0, 1.0]],
    ),
    "broadcast": (
        [on_tp("broadcast", torch.full((1,), float(rank)), 1) for rank in range(3)],
        [[1.0]] * 3,
    ),
    "broadcast_object": ([on_tp("broadcast_object", "x", 0)] * 3, ["x"] * 3),
    "barrier": ([on_tp("barrier")] * 3, [None] * 3),
    "module functions and methods": (
        [
            named("tensor_model_parallel_all_reduce", torch.ones(1)),
            on_tp("all_reduce", torch.ones(1)),
            named("all_reduce", torch.ones(1), "tp:0"),
        ],
        [[3.0]] * 3,
    ),
    "by qualified name": (
        [
            lambda session: session.run(
                "vllm_distributed.tensor_model_parallel_all_reduce", torch.ones(1)
            ),
            *[named("tensor_model_parallel_all_reduce", torch.ones(1))] * 2,
        ],
        [[3.0]] * 3,
    ),
    "tensors without elements": ([on_tp("all_reduce", torch.empty(0))] * 3, [[]] * 3),
    "a message without elements": (
        [
            on_tp("send", torch.empty(0), 1),
            on_tp("recv", torch.Size([0]), torch.float32, 0),
            None,
        ],
        [None, [], None],
    ),
    "send and recv": (
        [
            on_tp("send", torch.ones(2), 1),
            on_tp("recv", torch.Size([2]), torch.float32, 0),
            None,
        ],
        [None, [1.0, 1.0], None],
    ),
    "objects": ([on_tp("send_object", [1], 2), None, on_tp("recv_object", 0)], [None, None, [1]]),
    "an object without waiting": (
        [on_tp("isend_object", [1], 2), None, on_tp("recv_object", 0)],
        [..., None, [1]],
    ),
    "dicts": (
        [
            on_tp("send_tensor_dict", {"a": torch.ones(1)}, 1),
            on_tp("recv_tensor_dict", 0),
            None,
        ],
        [None, {"a": [1.0]}, None],
    ),
    "dicts without waiting": (
        [
            on_tp("isend_tensor_dict", {"a": 5}, 1),
            on_tp("recv_tensor_dict", 0),
            None,
        ],
        [..., {"a": 5}, None],
    ),
}  # type: ignore[assignment]


def test_right_calls_go_through(world: World, callers: Callers) -> None:
    for name, (calls, wanted) in RIGHT.items():
        outcomes = callers.together(world, calls)
        for outcome, value in zip(outcomes, wanted, strict=True):
            if outcome is None:
                continue
            assert outcome.error is None, (name, outcome)
            assert value is ... or plain(outcome.value) == value, (name, outcome)


def plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


# What is refused


@pytest.mark.timing
def test_a_missing_member_is_named_and_nobody_hangs(world: World, callers: Callers) -> None:
    check_usable(world, callers)  # every rank has made a call
    second = callers.begin(world.ranks[1], on_tp("barrier", timeout=4 * SHORT))
    wait_until_at_gate(world.ranks[1])
    first = attempt(world.ranks[0], on_tp("barrier", timeout=SHORT))
    error = refused(first, "deadline_exceeded")
    assert first.seconds < SHORT.total_seconds() + GRACE_S
    if error.reason == "deadline_exceeded":
        assert error.category == Category.TIMEOUT
    assert re.match(
        r"barrier on tp:0 \(call \d+\) (timed out after 1\.\d s before it started|"
        r"was withdrawn after \d\.\d s at the gate)\b.*\. "
        r"Waiting: rank 0, rank 1\. Not arrived: rank 2, idle since ",
        error.message,
    ), error.message
    assert error.details["waiting"] == [0, 1]
    assert error.details["missing"] == [2]
    assert error.details["ran"] is False
    assert error.details["state"] == "gate"
    assert error.rank == 0
    assert error.call_id
    later = refused(second.result(30), "deadline_exceeded")
    assert "Not arrived: rank" in later.message


@pytest.mark.timing
def test_a_missing_member_that_is_busy_is_said_to_be(world: World, callers: Callers) -> None:
    busy = callers.begin(world.ranks[2], sleep(3.0))
    wait_until_running(world.ranks[2])
    first = attempt(world.ranks[0], on_tp("barrier", timeout=SHORT))
    error = refused(first, "deadline_exceeded")
    assert re.search(r"rank 2, running Objects\.Call for \d\.\d s", error.message), error.message
    assert busy.result(30).error is None


MISMATCHED: dict[str, list[Call]] = {
    "operation": [on_tp("barrier"), on_tp("all_reduce", torch.ones(1)), on_tp("barrier")],
    "shape": [on_tp("all_reduce", torch.ones(size)) for size in (2, 3, 2)],
    "no elements": [on_tp("all_reduce", torch.ones(size)) for size in (2, 0, 2)],
    "dtype": [
        on_tp("all_reduce", torch.ones(2, dtype=dtype))
        for dtype in (torch.float32, torch.float64, torch.float32)
    ],
    "src": [on_tp("broadcast_object", "x", src) for src in (0, 1, 0)],
    "dst": [on_tp("gather", torch.ones(1), dst) for dst in (0, 1, 0)],
    "dim": [on_tp("all_gather", torch.ones(2, 2), dim) for dim in (0, 1, 0)],
    "sizes": [
        on_tp("all_gatherv", torch.ones(1), 0, [1, 1, 1]),
        on_tp("all_gatherv", torch.ones(1), 0, [1, 1, 2]),
        on_tp("all_gatherv", torch.ones(1), 0, [1, 1, 1]),
    ],
    "arguments of a group": [
        named("init_model_parallel_group", partition, 0, "gloo", group_name="x")
        for partition in ([[0, 1, 2]], [[0, 1], [2]], [[0, 1, 2]])
    ],
}


@pytest.mark.timing
def test_calls_that_differ_are_refused_on_all(world: World, callers: Callers) -> None:
    for what, calls in MISMATCHED.items():
        # Those who agree wait together when the third one comes.
        begun = [callers.begin(world.ranks[rank], calls[rank]) for rank in (0, 2)]
        for rank in (0, 2):
            wait_until_at_gate(world.ranks[rank])
        begun.append(callers.begin(world.ranks[1], calls[1]))
        for outcome in [one.result(60) for one in begun]:
            assert outcome.seconds < 5, (what, outcome)
            error = refused(outcome, "collective_mismatch")
            assert "rank" in error.message, what


@pytest.mark.timing
def test_what_a_group_refuses_itself_is_not_waited_for(world: World) -> None:
    """No other rank calls: a call that fails its own checks never comes to the gate."""
    for call in (
        on_tp("gather", torch.ones(1), 7),
        on_tp("send", torch.ones(1), 0),
        on_tp("broadcast_object", "x", 9),
    ):
        outcome = attempt(world.ranks[0], call)
        assert outcome.reason == "invalid_rank", outcome
        assert outcome.seconds < 5, outcome


MISMATCHED_PAIRS: dict[str, tuple[Call, Call]] = {
    "kind": (on_tp("send_object", 1, 1), on_tp("recv", torch.Size([1]), torch.float32, 0)),
    "shape": (on_tp("send", torch.ones(2), 1), on_tp("recv", torch.Size([3]), torch.float32, 0)),
    "dtype": (on_tp("send", torch.ones(2), 1), on_tp("recv", torch.Size([2]), torch.int64, 0)),
    "dict": (on_tp("send_tensor_dict", {}, 1), on_tp("recv_object", 0)),
}


def test_pairs_that_differ_are_refused_on_both(world: World, callers: Callers) -> None:
    for sending, receiving in MISMATCHED_PAIRS.values():
        for outcome in callers.together(world, [sending, receiving, None]):
            if outcome is not None:
                refused(outcome, "collective_mismatch")


@pytest.mark.timing
def test_a_receiver_without_sender(world: World) -> None:
    outcome = attempt(world.ranks[0], on_tp("irecv_tensor_dict", 1, timeout=SHORT))
    error = refused(outcome, "deadline_exceeded")
    assert "Not arrived: rank 1" in error.message
    assert outcome.seconds < SHORT.total_seconds() + GRACE_S


@pytest.mark.timing
def test_a_cycle_of_waits_is_refused_at_once(world: World, callers: Callers) -> None:
    def make(session: Session) -> list[Any]:
        return [
            session.call("init_model_parallel_group", partition, 0, "gloo", group_name="pair")
            for partition in ([[0, 1], [2]], [[0], [1, 2]], [[0, 2], [1]])
        ]

    made = [outcome.value for outcome in ended(callers.together(world, [make] * 3))]

    def barrier(rank: int, which: int) -> Call:
        return lambda session: session.call("GroupCoordinator.barrier", made[rank][which])

    calls = [barrier(0, 0), barrier(1, 1), barrier(2, 2)]
    for outcome in ended(callers.together(world, calls)):
        assert outcome.seconds < 5
        refused(outcome, "deadlock")
    # Receivers that wait for each other.
    calls = [on_tp("recv_object", 1), on_tp("recv_object", 2), on_tp("recv_object", 0)]
    for outcome in ended(callers.together(world, calls)):
        refused(outcome, "deadlock")

    def destroy(rank: int) -> Call:
        return lambda session: [
            session.call("GroupCoordinator.destroy", group) for group in made[rank]
        ]

    callers.together(world, [destroy(rank) for rank in range(3)])


@pytest.mark.timing
def test_a_late_counterpart_is_told_that_the_others_have_left(
    world: World, callers: Callers
) -> None:
    busy = callers.begin(world.ranks[2], sleep(1.5))
    wait_until_running(world.ranks[2])
    late = callers.begin(world.ranks[2], named("tensor_model_parallel_all_reduce", torch.ones(1)))
    eventually(lambda: len(world.ranks[2].inspect().calls) == 2)
    gone = attempt(
        world.ranks[0],
        named("tensor_model_parallel_all_reduce", torch.ones(1), timeout=SHORT),
    )
    refused(gone, "deadline_exceeded")
    assert busy.result(30).error is None
    error = refused(late.result(30), "abandoned")
    assert "rank 0" in error.message


def test_a_cancelled_caller_leaves_the_gate(world: World, client: Client) -> None:
    session = world.ranks[0]
    path, request = encode_call("tensor_model_parallel_all_reduce", (torch.ones(1),), {})
    with grpc.insecure_channel(session.info.endpoint) as channel:
        call = channel.unary_unary(path).future(
            request,
            metadata=(("vllm-session-id", session.session_id), ("vllm-call-id", "cancelled")),
        )
        wait_until_at_gate(session)
        call.cancel()
        eventually(lambda: len(session.inspect().calls) == 0)
    (ended_call,) = [one for one in session.inspect().ended if one.call_id == "cancelled"]
    assert ended_call.state == rank_pb2.WITHDRAWN
    assert ended_call.gated_s == 0


def test_a_withdrawn_call_says_what_the_gate_said(world: World, callers: Callers) -> None:
    session = world.ranks[0]
    waiting = callers.begin(session, named("tensor_model_parallel_all_reduce", torch.ones(1)))
    wait_until_at_gate(session)
    (call,) = session.inspect().calls
    request = rank_pb2.WithdrawRequest(session_id=call.session_id, call_id=call.call_id)
    body = session.send("/vllm.bridge.v1.Rank/Withdraw", request.SerializeToString(), SHORT)
    answer = rank_pb2.WithdrawResponse.FromString(body)
    assert answer.call.state == rank_pb2.WITHDRAWN
    error = refused(waiting.result(30), "withdrawn")
    assert error.message == BridgeError.from_detail(answer.refusal).message


@pytest.mark.timing
def test_inspection_of_a_rank_at_the_gate(world: World, callers: Callers) -> None:
    session = world.ranks[1]
    waiting = callers.begin(session, on_tp("broadcast", torch.ones(2, 3), 1, timeout=2 * SHORT))
    wait_until_at_gate(session)
    body = session.send(
        "/vllm.bridge.v1.Rank/Inspect",
        rank_pb2.InspectRequest(with_stacks=True).SerializeToString(),
        SHORT,
    )
    seen = rank_pb2.InspectResponse.FromString(body)
    (call,) = seen.calls
    assert (call.operation, call.group) == ("broadcast", "tp:0")
    assert call.parts == "dtype=float32, shape=[2, 3], src=1"
    assert 0 < call.at_gate_s <= call.running_s <= call.queued_s
    assert call.gated_s == 0
    assert call.sequence > seen.ended[0].sequence > 0
    assert seen.ended[0].ended_s > 0
    assert seen.stacks[0].thread.startswith("rank-executor")
    assert any("gate.py" in frame for frame in seen.stacks[0].frames)
    refused(waiting.result(30), "deadline_exceeded")


@pytest.mark.timing
def test_stateless_groups_are_gated_too(world: World, callers: Callers) -> None:
    first = world.ranks[0]
    listener = first.run("socket.create_server", ("127.0.0.1", 0))
    port = method(listener, "getsockname")(first)[1]
    first.run("vllm_distributed.adopt_listen_socket", listener)

    def create(rank: int) -> Call:
        return named("StatelessProcessGroup.create", "127.0.0.1", port, rank, 2)

    made = ended(callers.together(world, [create(0), create(1), None])[:2])
    groups = [outcome.value for outcome in made]
    assert None not in groups, made

    def on(rank: int, name: str, *args: Any, timeout: timedelta = 5 * SHORT) -> Call:
        return lambda session: session.invoke(
            f"StatelessProcessGroup.{name}", (groups[rank], *args), timeout=timeout
        )

    right = callers.together(
        world, [on(0, "all_gather_obj", "a"), on(1, "all_gather_obj", "b"), None]
    )
    assert [outcome.value for outcome in ended(right[:2])] == [["a", "b"]] * 2
    for outcome in ended(
        callers.together(world, [on(0, "barrier"), on(1, "broadcast_obj", 1, 0), None])[:2]
    ):
        refused(outcome, "collective_mismatch")
    missing = attempt(first, on(0, "barrier", timeout=SHORT))
    assert "Not arrived" in refused(missing, "deadline_exceeded").message
    # The group's own limit holds as well as the deadline of the call.
    missing = attempt(first, lambda s: s.invoke("StatelessProcessGroup.barrier", (groups[0], 0.5)))
    refused(missing, "deadline_exceeded")
    assert missing.seconds < 0.5 + GRACE_S
    sent = attempt(first, on(0, "send_obj", {"k": 1}, 1))
    assert sent.error is None
    assert attempt(world.ranks[1], on(1, "recv_obj", 0)).value == {"k": 1}
    callers.together(world, [on(0, "barrier"), on(1, "barrier"), None])
    callers.together(world, [on(0, "destroy"), on(1, "destroy"), None])


def test_groups_that_changed_are_gated_as_they_are(world: World, callers: Callers) -> None:
    """What counts is the group that the call finds, also within a patch and after a new start."""

    def again(session: Session) -> str:
        session.call("destroy_model_parallel")
        session.call("initialize_model_parallel", 1, 3)
        name = session.call("get_pp_group").unique_name
        session.call("GroupCoordinator.barrier", session.call("get_pp_group"))
        session.call("destroy_model_parallel")
        session.call("initialize_model_parallel", 3)
        return str(name)

    outcomes = ended(callers.together(world, [again] * 3))
    assert [outcome.value for outcome in outcomes] == ["pp:0"] * 3, outcomes


# Ranks that end, and worlds without a gate


@pytest.mark.timing
def test_a_killed_member_ends_all_waits_within_two_seconds(
    client: Client, callers: Callers
) -> None:
    world = client.start_world(tensor_parallel_size=3)
    waiting = [
        callers.begin(session, named("tensor_model_parallel_all_reduce", torch.ones(1)))
        for session in world.ranks[:2]
    ]
    for session in world.ranks[:2]:
        wait_until_at_gate(session)
    killed = time.monotonic()
    os.kill(world.info.ranks[2].pid, signal.SIGKILL)
    for call in waiting:
        outcome = call.result(30)
        assert time.monotonic() - killed < 2, outcome
        assert "rank 2" in outcome.message, outcome.message
        assert "SIGKILL" in outcome.message, outcome.message
        assert outcome.error is not None
        assert outcome.error.category == Category.WORKER
    world.stop()


def test_a_world_without_a_gate(client: Client, callers: Callers) -> None:
    with client.start_world(tensor_parallel_size=2, gate=False) as world:
        assert world.info.gate is False
        first = callers.begin(
            world.ranks[0], named("tensor_model_parallel_all_reduce", torch.ones(1))
        )
        wait_until_running(world.ranks[0])
        (call,) = world.ranks[0].inspect().calls
        assert call.at_gate_s == 0
        assert call.operation == ""
        second = attempt(world.ranks[1], named("tensor_model_parallel_all_reduce", torch.ones(1)))
        assert first.result(30).value.tolist() == second.value.tolist() == [2.0]


@pytest.mark.timing
def test_an_overdue_rank_is_shown_and_then_replaced(client: Client, callers: Callers) -> None:
    world = client.start_world(tensor_parallel_size=2)

    def state(rank: int = 0) -> str:
        return pool_pb2.RankState.Name(world.refresh().ranks[rank].state)

    outcome = attempt(world.ranks[0], sleep(1.1, timeout=timedelta(seconds=0.3)))
    assert outcome.reason == "deadline_exceeded"
    eventually(lambda: state() == "OVERDUE" or state())
    eventually(lambda: state() == "READY" or state())
    assert attempt(world.ranks[0], named("get_tp_group")).error is None
    begin = time.monotonic()
    attempt(world.ranks[1], sleep(60, timeout=timedelta(seconds=0.3)))
    eventually(lambda: world.refresh().state == pool_pb2.WORLD_FAILED)
    assert time.monotonic() - begin < 30  # not a minute
    said = world.refresh().failure
    for part in ("rank 1", "Objects.Call", "deadline"):
        assert part in said, said
    error = attempt(world.ranks[0], named("get_tp_group")).error
    assert error is not None
    assert error.message.startswith(said)


def test_a_world_that_was_restarted_refuses_what_is_older(client: Client, callers: Callers) -> None:
    world = client.start_world(tensor_parallel_size=2)
    old = world.ranks[0]
    group = old.call("get_tp_group")
    request = pool_pb2.RestartWorldRequest(world_id=world.world_id).SerializeToString()
    path = "/vllm.bridge.v1.Pool/RestartWorld"
    with pytest.raises(grpc.RpcError) as live:
        client.send(client.endpoint, path, request, LONG)
    assert from_rpc_error(live.value).reason == "world_exists"
    os.kill(world.info.ranks[1].pid, signal.SIGKILL)
    eventually(lambda: world.refresh().state == pool_pb2.WORLD_FAILED)
    again = client.restart_world(world.world_id)
    assert again.info.epoch == world.info.epoch + 1
    assert again.info.state == pool_pb2.WORLD_READY
    stale = attempt(again.ranks[0], lambda s: s.call("GroupCoordinator.barrier", group))
    assert stale.reason == "stale_ref", stale
    # The session's name is the same: only its epoch tells that it is another.
    assert attempt(old, named("get_tp_group")).reason == "stale_session"
    old.info.endpoint = ""
    assert attempt(old, named("get_tp_group")).reason == "stale_session"
    ones = named("tensor_model_parallel_all_reduce", torch.ones(1))
    outcomes = ended(callers.together(again, [ones, ones]))
    assert [outcome.value.tolist() for outcome in outcomes] == [[2.0]] * 2
    again.stop()


@pytest.mark.timing
def test_diagnosis_says_who_waits_for_whom(world: World, client: Client, callers: Callers) -> None:
    # Something for rank 2 to have done last, whichever test was before this one.
    ended(callers.together(world, [on_tp("barrier")] * 3))
    busy = callers.begin(world.ranks[1], sleep(2))
    wait_until_running(world.ranks[1])
    waiting = callers.begin(world.ranks[0], on_tp("barrier", timeout=3 * SHORT))
    wait_until_at_gate(world.ranks[0])
    request = pool_pb2.DiagnoseRequest(world_id=world.world_id, with_stacks=True)
    begin = time.monotonic()
    body = client.send(
        client.endpoint, "/vllm.bridge.v1.Pool/Diagnose", request.SerializeToString(), LONG
    )
    assert time.monotonic() - begin < GRACE_S
    diagnosis = pool_pb2.Diagnosis.FromString(body)
    first, *lines = diagnosis.text.splitlines()
    assert re.search(r"rank 0 waits in barrier on tp:0 for rank 1, rank 2", first), first
    assert re.match(r"rank 0: waits in barrier on tp:0 for rank 1, rank 2, for \d", lines[0])
    assert re.match(r"rank 1: running Objects\.Call for \d", lines[1]), lines
    assert re.match(r"rank 2: idle since .* ended \d+\.\d s ago", lines[2]), lines
    shown = next(w for w in client.status().worlds if w.world_id == world.world_id).ranks
    assert shown[0].activity.sentence == "waits in barrier on tp:0 for rank 1, rank 2"
    assert shown[0].doing.startswith("waits in barrier on tp:0 for rank 1, rank 2, for ")
    assert list(shown[0].activity.waits_for) == [1, 2]
    assert [rank.coordinates.tp for rank in shown] == [0, 1, 2]
    assert [answer.rank for answer in diagnosis.ranks] == [0, 1, 2]
    assert all(answer.stacks for answer in diagnosis.ranks)
    assert busy.result(30).error is None
    refused(waiting.result(30), "deadline_exceeded")


@pytest.mark.timing
def test_a_pool_that_dies_ends_the_wait_at_the_gate(short_tmp: Path, callers: Callers) -> None:
    pool = start_pool(short_tmp / "gone", "--size", "0", entry_point=None)
    with connect(pool.endpoint) as client:
        session = client.start_world(tensor_parallel_size=2).ranks[0]
        waiting = callers.begin(session, on_tp("barrier"))
        wait_until_at_gate(session)
        killed = time.monotonic()
        os.kill(pool.pid, signal.SIGKILL)
        outcome = waiting.result(30)
        assert time.monotonic() - killed < 2 * GRACE_S
        assert outcome.error is not None
        assert outcome.error.category in (Category.WORKER, Category.GRPC_ERROR), outcome
    pool.stop()


# Any schedule


def test_random_schedules(client: Client, callers: Callers) -> None:
    """Whatever ranks do: no call outlives its deadline by much, one that is refused says why, one
    that went through went through on all members and is right."""
    seed = int(os.environ.get("GATE_SEED", "7"))
    chance = random.Random(seed)
    world = client.start_world(tensor_parallel_size=3)
    for number in range(int(os.environ.get("GATE_ROUNDS", "12"))):
        _round(world, callers, chance, f"round {number} of seed {seed}")
    victim = chance.randrange(3)
    others = [session for rank, session in enumerate(world.ranks) if rank != victim]
    waiting = [
        callers.begin(session, named("tensor_model_parallel_all_reduce", torch.ones(1)))
        for session in others
    ]
    os.kill(world.info.ranks[victim].pid, signal.SIGKILL)
    killed = time.monotonic()
    for call in waiting:
        assert "SIGKILL" in call.result(30).message
    assert time.monotonic() - killed < 15  # not their deadline
    world.stop()


_SOON = timedelta(seconds=0.6)


def _round(world: World, callers: Callers, chance: random.Random, name: str) -> None:
    """One call per rank at most, drawn by chance, and a look at how they ended."""
    kinds = [
        chance.choices(("right", "missing", "shape", "operation", "late", "cancelled"), w)[0]
        for w in [(12, 2, 1, 1, 2, 1)] * 3
    ]
    complete = all(kind in ("right", "late") for kind in kinds)
    timeout = timedelta(seconds=20) if complete else _SOON
    limit_s = timeout.total_seconds()
    begun: list[Future[Outcome] | None] = []
    for rank, (session, kind) in enumerate(zip(world.ranks, kinds, strict=True)):
        call = _drawn(kind, rank, timeout, chance.random() * 0.2)
        begun.append(None if call is None else callers.begin(session, call))
    outcomes = [None if one is None else one.result(60) for one in begun]
    told = f"{name}: {list(zip(kinds, outcomes, strict=True))}"
    went = [
        kind
        for kind, outcome in zip(kinds, outcomes, strict=True)
        if outcome is not None and outcome.error is None and kind != "cancelled"
    ]
    for kind, outcome in zip(kinds, outcomes, strict=True):
        if outcome is None or kind == "cancelled":
            continue
        assert outcome.seconds < limit_s + GRACE_S, told
        if outcome.error is None:
            assert outcome.value.tolist() == [6.0], told
        else:
            assert outcome.reason in (
                "deadline_exceeded",
                "collective_mismatch",
                "abandoned",
                # The deadline of a member's caller was seen before the member's own.
                "withdrawn",
            ), told
            # Whose deadline passes before it hears of the gate has nothing to say of it.
            is_early = (
                outcome.reason == "deadline_exceeded" and "state" not in outcome.error.details
            )
            assert is_early or "world is usable" in outcome.message, told
    # All or none, and all where all asked for the same.
    assert len(went) in (0, 3 - kinds.count("cancelled")), told
    assert not went or set(kinds) <= {"right", "late", "cancelled"}, told
    assert went or not complete, told
    check_usable(world, callers)


def _drawn(kind: str, rank: int, timeout: timedelta, pause_s: float) -> Call | None:
    mine = torch.full((1,), float(rank + 1))
    right = named("tensor_model_parallel_all_reduce", mine, timeout=timeout)
    if kind == "missing":
        return None
    if kind == "shape":
        return named("tensor_model_parallel_all_reduce", torch.ones(2), timeout=timeout)
    if kind == "operation":
        return on_tp("barrier", timeout=timeout)
    if kind == "late":
        return lambda session: (session.run("time.sleep", pause_s), right(session))[1]
    if kind == "cancelled":
        return lambda session: _cancelled(session, mine, pause_s)
    return right


def _cancelled(session: Session, tensor: torch.Tensor, after_s: float) -> None:
    path, request = encode_call("tensor_model_parallel_all_reduce", (tensor,), {})
    with grpc.insecure_channel(session.info.endpoint) as channel:
        call = channel.unary_unary(path).future(
            request, metadata=(("vllm-session-id", session.session_id),)
        )
        # It may be answered before it is cancelled.
        with contextlib.suppress(grpc.FutureTimeoutError, grpc.RpcError):
            call.result(after_s)
        call.cancel()


def test_members_on_one_host_begin_without_the_pool(short_tmp: Path, callers: Callers) -> None:
    pool = start_pool(short_tmp / "frozen", "--size", "0", entry_point="failing_ranks:patient")
    try:
        with connect(pool.endpoint) as client, client.start_world(tensor_parallel_size=2) as world:
            barrier = on_tp("barrier")
            # The first call finds the group's handle, and the connection.
            assert all(
                one is not None and one.error is None
                for one in callers.together(world, [barrier] * 2)
            )
            pool.process.send_signal(signal.SIGSTOP)
            try:
                for _ in range(20):
                    for outcome in callers.together(world, [barrier] * 2):
                        assert outcome is not None
                        assert outcome.error is None, outcome
            finally:
                pool.process.send_signal(signal.SIGCONT)
            # What they passed counts, and is what the pool remembers of them.
            waiting = callers.begin(world.ranks[0], on_tp("barrier", timeout=3 * SHORT))
            wait_until_at_gate(world.ranks[0])  # who asks makes it turn to the pool
            message = waiting.result(30).message
            assert "(call 22)" in message
            assert re.search(r"rank 1, idle since barrier on tp:0 finished", message), message
    finally:
        pool.stop()
