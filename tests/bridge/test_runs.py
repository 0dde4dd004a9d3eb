"""Runs of one world take turns: nobody ever gets the numbers of another run."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from gate_harness import LONG, attempt, named, wait_until_at_gate, wait_until_running
from pool_harness import Pool, connect, environment, eventually, start_pool

from vllm_bridge import aio
from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session, World
from vllm_bridge.client._blocking import now
from vllm_bridge.codec.errors import BridgeError, Category

ALL_REDUCE = "tensor_model_parallel_all_reduce"

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def pool(short_tmp: Path) -> Iterator[Pool]:  # type: ignore[override]
    pool = start_pool(
        short_tmp / "runs",
        *("--size", "0"),
        *("--allow", "time.", "--allow", "failing_ranks."),
        entry_point=None,
    )
    yield pool
    pool.stop()
    print(pool.stderr())


@pytest.fixture(scope="module")
def client(pool: Pool) -> Iterator[Client]:
    with connect(pool.endpoint) as client:
        yield client


@pytest.fixture(scope="module")
def world(client: Client) -> Iterator[World]:
    with client.start_world(tensor_parallel_size=2) as world:
        yield world


def total(value: float) -> Any:
    """A function that adds the value up over the ranks, several times."""

    def function(session: Session) -> list[float]:
        sums = (session.call(ALL_REDUCE, torch.full((1,), value), timeout=LONG) for _ in range(3))
        return [found.item() for found in sums]

    return function


def right(value: float) -> list[list[float]]:
    return [[2 * value] * 3] * 2


ANOTHER_CLIENT = """
import sys, torch
from concurrent.futures import ThreadPoolExecutor
from vllm_bridge.client import connect

endpoint, world_id = sys.argv[1:]
world = connect(endpoint).world(world_id)
print("ready", flush=True)

def total(value):
    def function(session):
        tensor = torch.full((1,), float(value))
        return [session.call("tensor_model_parallel_all_reduce", tensor).item() for _ in range(3)]
    return function

def check(value):
    return sum(world.run(total(value)) == [[2.0 * value] * 3] * 2 for _ in range(3))

with ThreadPoolExecutor(20) as threads:
    print(sum(threads.map(check, range(1_000, 1_020))), flush=True)
"""


def another(pool: Pool, program: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, pool.endpoint, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_forty_callers_of_two_processes_get_their_own_sums(pool: Pool, world: World) -> None:
    with another(pool, ANOTHER_CLIENT, world.world_id) as other, ThreadPoolExecutor(20) as threads:
        found = list(threads.map(lambda value: world.run(total(value)), list(range(20)) * 3))
        assert found == [right(value) for value in list(range(20)) * 3]
        assert other.stdout is not None
        assert other.stdout.read() == "60\n"
    assert other.returncode == 0
    assert world.refresh().runs_waiting == 0
    assert not world.info.HasField("run")


def test_different_shapes_of_two_callers_are_no_mismatch(pool: Pool, world: World) -> None:
    def shaped(size: int) -> list[int]:
        found = world.run(lambda session: session.call(ALL_REDUCE, torch.ones(size)))
        return [each.tolist() == [2.0] * size for each in found]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(shaped, [1, 2, 3, 4] * 6)) == [[True, True]] * 24


def test_calls_that_the_pool_forwards_are_part_of_their_runs(client: Client, world: World) -> None:
    # As from another host.
    far = client.world(world.world_id)
    for rank in far.ranks:
        rank.info.endpoint = ""
    with ThreadPoolExecutor(8) as threads:
        runs = [
            threads.submit((far if value % 2 else world).run, total(float(value)))
            for value in range(16)
        ]
        for value, run in enumerate(runs):
            assert run.result(60) == right(value)


def test_a_block_stops_the_world_that_it_started_and_no_other(client: Client, pool: Pool) -> None:
    async def attached(world_id: str) -> None:
        async with aio.connect(pool.endpoint) as other:
            async with other.world(world_id) as same, same.slice(tp=1):
                assert same.world_id == world_id
            async with await other.world(world_id):
                pass

    with client.start_world(tensor_parallel_size=2) as world:
        with connect(pool.endpoint) as other, other.world(world.world_id) as same, same.slice(tp=0):
            pass
        asyncio.run(attached(world.world_id))
        assert world.run(total(1.0)) == right(1.0)
        client.stop_world(world.world_id)
        with client.restart_world(world.world_id):
            assert client.world(world.world_id).info.state == pool_pb2.WORLD_READY
        assert client.world(world.world_id).info.state == pool_pb2.WORLD_STOPPED


def test_runs_have_their_turns_in_the_order_in_which_they_came(world: World) -> None:
    order: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        begun.set()
        go_on.wait(30)

    def note(number: int) -> None:
        world.run(lambda session: order.append(number))

    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(world.run, hold)
        assert begun.wait(10)
        held = world.refresh().run
        assert str(os.getpid()) in held.holder
        others = []
        for number in range(5):
            others.append(threads.submit(note, number))
            eventually(lambda number=number: world.refresh().runs_waiting == number + 1)
        assert (
            "5 more wait for theirs"
            in now(
                world._link.channels.pool(
                    "Diagnose",
                    pool_pb2.DiagnoseRequest(world_id=world.world_id),
                    pool_pb2.Diagnosis,
                    SECOND * 5,
                )
            ).text
        )
        go_on.set()
        for each in (first, *others):
            each.result(30)
    assert order == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_run_inside_of_another_is_part_of_its_turn(client: Client, world: World) -> None:
    def nested(session: Session) -> tuple[Any, Any, Any]:
        own = session.call(ALL_REDUCE, torch.full((1,), 5.0)).item()
        # On both ranks: two runs inside, which must not mix either. And a third inside of these,
        # on another object that stands for the same world.
        again = client.world(world.world_id)
        inner = world.run(
            lambda each: (
                total(10.0 + (session.info.rank or 0))(each),
                again.run(total(20.0)) if each.info.rank == 1 else None,
            )
        )
        return own, inner, session.call(ALL_REDUCE, torch.full((1,), 6.0)).item()

    found = world.run(nested, timeout=timedelta(seconds=60))
    for rank, (own, inner, after) in enumerate(found):
        assert (own, after) == (10.0, 12.0)
        value = 10.0 + rank
        assert inner == [([2 * value] * 3, None), ([2 * value] * 3, right(20.0))]


@pytest.mark.timing
def test_the_timeout_of_a_run_covers_the_wait_for_its_turn(world: World) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        begun.set()
        go_on.wait(30)

    with ThreadPoolExecutor(1) as threads:
        holder = threads.submit(world.run, hold)
        assert begun.wait(10)
        before = time.monotonic()
        with pytest.raises(BridgeError, match="never began") as caught:
            world.run(total(1.0), timeout=SECOND)
        assert 0.5 < time.monotonic() - before < 15.0
        go_on.set()
        holder.result(30)
    error = caught.value
    assert (error.category, error.reason) == (Category.TIMEOUT, "run_timeout")
    assert f"process {os.getpid()} on " in error.message
    assert "has it since" in error.message
    assert world.run(total(3.0)) == right(3.0)


def test_a_run_that_fails_gives_its_turn_back(world: World) -> None:
    def fail(session: Session) -> None:
        raise KeyError(session.info.rank)

    for _ in range(3):
        with pytest.raises(KeyError):
            world.run(fail)
        assert world.run(total(4.0), timeout=SECOND * 10) == right(4.0)


@pytest.mark.timing
def test_what_user_code_of_a_lost_run_still_does_meets_nobody(client: Client) -> None:
    summed = "failing_ranks.summed"
    with client.start_world(tensor_parallel_size=2) as world:

        def half(session: Session) -> None:
            # Rank 0 is in the middle of its user code when the run is over, and rank 1 never was.
            if session.info.rank == 0:
                session.run(summed, 1.0, timeout=None)
            else:
                wait_until_running(world.ranks[0])
                raise KeyError("the run fails")

        with pytest.raises(KeyError):
            world.run(half)
        outcomes: list[Any] = [None, None]

        def late(session: Session) -> None:
            outcome = attempt(session, lambda each: each.run(summed, 100.0, timeout=SECOND))
            outcomes[session.info.rank or 0] = outcome

        world.run(late)
        for outcome in outcomes:
            # Never 101.
            # Either: the caller's own deadline may pass just before the rank says so.
            assert outcome.reason in ("deadline_exceeded", "withdrawn"), outcome
        assert "a call of an earlier run that still runs on rank 0" in outcomes[1].message
        # Outside of any run nobody is waited for, and nothing met either: both are refused.
        outside = attempt(world.ranks[1], lambda each: each.run(summed, 2.0))
        assert outside.reason == "collective_mismatch"
        assert world.run(lambda each: each.run(summed, 5.0)) == [10.0, 10.0]


def test_a_collective_that_fails_by_a_death_names_the_rank_that_died(client: Client) -> None:
    with client.start_world(tensor_parallel_size=2) as world:
        victim = world.ranks[1].info.pid

        def half(session: Session) -> None:
            if session.info.rank == 0:
                session.run("failing_ranks.summed", 1.0, timeout=LONG)
            else:
                wait_until_running(world.ranks[0])
                os.kill(victim, signal.SIGKILL)

        said = rf"rank 1 of {world.world_id} \(pid {victim}\) was killed by signal 9"
        with pytest.raises(BridgeError, match=said) as caught:
            world.run(half)
        assert caught.value.reason == "session_worker_unavailable"

        # As the survivor says it, when that is faster than the pool.
        survivor = BridgeError(Category.PYTHON_ERROR, "collective_failed", "rank 1 is gone", rank=0)
        named_error = now(world.ranks[0]._calls._named(survivor))
        assert str(victim) in named_error.message
        assert named_error.details["collective_error"] == "rank 1 is gone"


HOLDER = """
import sys, time
from vllm_bridge.client import connect

endpoint, world_id = sys.argv[1:]
world = connect(endpoint).world(world_id)

def hold(session):
    if session.info.rank == 0:
        print("ready", flush=True)
    time.sleep(600)

world.run(hold)
"""


@pytest.mark.timing
def test_the_turn_of_a_killed_client_is_over_at_once(pool: Pool, world: World) -> None:
    with another(pool, HOLDER, world.world_id) as holder:
        assert f"process {holder.pid}" in world.refresh().run.holder
        holder.send_signal(signal.SIGKILL)
        before = time.monotonic()
        assert world.run(total(7.0), timeout=SECOND * 20) == right(7.0)
        assert time.monotonic() - before < 15.0


@pytest.mark.timing
def test_calls_outside_any_run_never_meet_those_of_a_run(client: Client, world: World) -> None:
    bare = client.world(world.world_id)
    stop = threading.Event()
    reasons: list[list[str]] = [[], []]

    def beside(rank: int) -> None:
        while not stop.is_set():
            hundred = named(ALL_REDUCE, torch.full((1,), 100.0), timeout=SECOND)
            outcome = attempt(bare.ranks[rank], hundred)
            assert outcome.error is not None or outcome.value.item() == 200.0
            reasons[rank].append(outcome.reason)

    with ThreadPoolExecutor(2) as threads:
        begun = [threads.submit(beside, rank) for rank in range(2)]
        try:
            eventually(lambda: all(reasons))
            for value in range(30):
                assert world.run(total(float(value))) == right(value)
        finally:
            stop.set()
        for each in begun:
            each.result(30)
    # The last one of all has no counterpart.
    alone = {"deadline_exceeded", "withdrawn"}
    assert {*reasons[0], *reasons[1]} <= {"ok", "run_overlap", *alone}


def test_the_refusal_of_a_call_outside_names_the_run(client: Client, world: World) -> None:
    go_on = threading.Event()

    def alone_at_first(session: Session) -> float:
        if session.info.rank == 0:
            go_on.wait(30)
        found: float = session.call(ALL_REDUCE, torch.ones(1), timeout=LONG).item()
        return found

    with ThreadPoolExecutor(2) as threads:
        run = threads.submit(world.run, alone_at_first)
        wait_until_at_gate(world.ranks[1])
        outcome = attempt(client.world(world.world_id).ranks[0], named(ALL_REDUCE, torch.ones(1)))
        go_on.set()
        assert run.result(30) == [2.0, 2.0]
    assert outcome.error is not None
    assert (outcome.reason, outcome.error.category) == ("run_overlap", Category.POOL)
    assert "it is part of no run, and all_reduce on tp:" in outcome.message
    assert f"part of run {world_number(world) - 1} (process {os.getpid()} on" in outcome.message
    assert outcome.message.endswith("No rank entered; the world is usable.")
    # Outside of any run they meet as they always did.
    with ThreadPoolExecutor(2) as threads:
        calls = [
            threads.submit(attempt, rank, named(ALL_REDUCE, torch.ones(1))) for rank in world.ranks
        ]
        assert [call.result(30).value.item() for call in calls] == [2.0, 2.0]


def world_number(world: World) -> int:
    """The number of the next turn."""
    numbers = world.run(lambda session: world.refresh().run.number)
    return int(numbers[0])


def test_a_call_whose_turn_is_over_never_runs(client: Client, world: World) -> None:
    from vllm_bridge.client._calls import turns
    from vllm_bridge.transport.metadata import TURN

    number = world_number(world)
    old = ((TURN, str(number)),)
    late = client.world(world.world_id).ranks[0]
    late._calls._turn = lambda: old  # type: ignore[method-assign]
    with ThreadPoolExecutor(3) as threads:
        # One waits in the rank when the next run's turn comes, one comes after that.
        busy = threads.submit(world.ranks[0].run, "time.sleep", 1.0)
        wait_until_running(world.ranks[0])
        queued = threads.submit(attempt, late, named(ALL_REDUCE, torch.ones(1)))
        eventually(lambda: len(world.ranks[0].inspect().calls) == 2)
        run = threads.submit(world.run, total(9.0))
        outcomes = [queued.result(30)]
        assert run.result(30) == right(9.0)
        busy.result(30)
    outcomes.append(attempt(late, named(ALL_REDUCE, torch.ones(1))))
    for outcome in outcomes:
        assert outcome.reason == "run_overlap", outcome
        assert f"is part of run {number}, whose turn is over: run {number + 1} has" in (
            outcome.message
        )
    assert turns.metadata(("nowhere", world.world_id, 1)) == ()
    # What only reads goes through.
    assert late.inspect().pid == world.ranks[0].info.pid


@pytest.mark.parametrize("text", ["x", "-1", "1.", "1.2.3", "9" * 19, "٣"])
def test_a_turn_that_is_none_is_refused(world: World, text: str) -> None:
    from vllm_bridge.transport.metadata import run_named

    with pytest.raises(BridgeError, match="must be the number of a turn") as caught:
        run_named(text)
    assert caught.value.category == Category.VALIDATION


def test_worlds_of_which_runs_go_side_by_side(client: Client) -> None:
    with client.start_world(concurrent=True, tensor_parallel_size=2) as world:
        assert world.info.concurrent
        meet = threading.Barrier(4, timeout=20)
        with ThreadPoolExecutor(2) as threads:
            both = [threads.submit(world.run, lambda session: meet.wait()) for _ in range(2)]
            for each in both:
                each.result(30)


def test_a_world_that_ends_ends_the_wait_for_its_turns(client: Client) -> None:
    for end in ("stop", "kill"):
        world = client.start_world(tensor_parallel_size=2)
        begun = threading.Event()

        def hold(session: Session, begun: threading.Event = begun) -> None:
            begun.set()
            session.run("time.sleep", 30.0)

        with ThreadPoolExecutor(2) as threads:
            holder = threads.submit(world.run, hold)
            assert begun.wait(10)
            waiter = threads.submit(world.run, total(1.0))
            eventually(lambda world=world: world.refresh().runs_waiting == 1)
            if end == "stop":
                world.stop()
            else:
                os.kill(world.ranks[1].info.pid, signal.SIGKILL)
            for run in (holder, waiter):
                with pytest.raises(BridgeError) as caught:
                    run.result(30)
                assert caught.value.reason in ("session_closed", "session_worker_unavailable")
        world.stop()
