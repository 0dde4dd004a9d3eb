"""Clients share the turn of a world among their runs: what they and other clients see of that."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from pool_harness import Pool, connect, environment, eventually, start_pool

import vllm_bridge.aio
from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session, World
from vllm_bridge.client._leases.lease import Lease
from vllm_bridge.client._leases.leases import Leases
from vllm_bridge.codec.errors import BridgeError, Category

SECOND = timedelta(seconds=1)


@pytest.fixture(scope="module")
def pool(short_tmp: Path) -> Iterator[Pool]:  # type: ignore[override]
    pool = start_pool(short_tmp / "leases", "--size", "0", "--max-queue", "8", entry_point=None)
    yield pool
    pool.stop()
    print(pool.stderr())


@pytest.fixture(scope="module")
def client(pool: Pool) -> Iterator[Client]:
    with connect(pool.endpoint) as client:
        yield client


@pytest.fixture(scope="module")
def world(client: Client) -> Iterator[World]:
    with client.start_world() as world:
        yield world


@pytest.fixture
def other(pool: Pool, world: World) -> Iterator[World]:
    """The same world, as another client has it."""
    with connect(pool.endpoint) as client:
        yield client.world(world.world_id)


def leases(world: World) -> Leases:
    return world._link.leases


def held(world: World) -> list[Lease]:
    return list(leases(world)._leases)


class Held:
    """A run that lasts until it is told to end."""

    def __init__(self, world: World, name: int = 0) -> None:
        self.world, self.name = world, name
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.order: list[int] = []

    def __call__(self) -> None:
        self.world.run(self.hold)

    def hold(self, session: Session) -> None:
        self.order.append(self.name)
        self.begun.set()
        assert self.go_on.wait(60)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(12) as threads:
        yield threads


def nothing(session: Session) -> None:
    pass


def number(world: World) -> int:
    return int(world.run(lambda session: world.refresh().run.number)[0])


def test_runs_that_nobody_disputes_share_one_lease(world: World) -> None:
    first = number(world)
    lease = held(world)
    assert [number(world) for _ in range(20)] == list(range(first + 1, first + 21))
    # The same, unless the machine has slept for longer than one is kept.
    assert held(world) == lease or not lease or lease[0].over


def test_an_idle_lease_is_given_back_and_numbers_go_on_where_it_ended(world: World) -> None:
    first = number(world)
    assert not world.refresh().HasField("run")
    eventually(lambda: not held(world))
    assert number(world) == first + 1


def test_runs_of_two_clients_have_their_turns_in_the_order_in_which_they_came(
    world: World, other: World, threads: ThreadPoolExecutor
) -> None:
    first = Held(world)
    begun = [threads.submit(first)]
    assert first.begun.wait(20)
    waiting = [
        Held(of, name) for name, of in enumerate([world, world, other, world, other, other], 1)
    ]
    for run in waiting:
        run.order = first.order
        begun.append(threads.submit(run))
        eventually(lambda run=run: world.refresh().runs_waiting == run.name)
        # The pool has told the other client: a later run of that one does not join those that wait.
        told = other if run.world is world else world
        eventually(lambda told=told: all(lease.closed for lease in held(told)))
    first.go_on.set()
    for run in waiting:
        assert run.begun.wait(20)
        assert other.refresh().runs_waiting == len(waiting) - run.name
        run.go_on.set()
    for each in begun:
        each.result(20)
    assert first.order == list(range(7))


@pytest.mark.timing
def test_who_waits_behind_another_client_is_told_who_has_the_turn_there(
    world: World, other: World, threads: ThreadPoolExecutor
) -> None:
    holder = Held(other)
    begun = threads.submit(holder)
    assert holder.begun.wait(20)
    # On a busy machine the time may pass before the server has said it.
    for _ in range(10):
        with pytest.raises(BridgeError, match="never began") as caught:
            world.run(nothing, timeout=SECOND / 2)
        assert (caught.value.category, caught.value.reason) == (Category.TIMEOUT, "run_timeout")
        if "holder" in caught.value.details:
            break
    assert f"(process {os.getpid()} on" in caught.value.message
    assert caught.value.details["run"] == world.refresh().run.number
    holder.go_on.set()
    begun.result(20)


def test_more_runs_of_a_client_than_may_wait_are_refused(
    world: World, threads: ThreadPoolExecutor
) -> None:
    holder = Held(world)
    begun = threads.submit(holder)
    assert holder.begun.wait(20)
    waiting = [threads.submit(world.run, nothing) for _ in range(8)]
    eventually(lambda: world.refresh().runs_waiting == 8)
    with pytest.raises(BridgeError, match="8 runs wait for their turn on world-1 alr") as caught:
        world.run(nothing)
    assert (caught.value.category, caught.value.reason) == (Category.POOL, "queue_full")
    holder.go_on.set()
    for each in (begun, *waiting):
        each.result(20)


ANOTHER = """
import os, sys, threading, time
from vllm_bridge.client import connect

endpoint, world_id, step = sys.argv[1:]
world = connect(endpoint).world(world_id)

def run(what=lambda session: None):
    world.run(what)

def say(session=None):
    print("ready", flush=True)
    time.sleep(600)

def wait(what):
    threading.Thread(target=run, args=(what,), daemon=True).start()

if step == "idle":
    run()
    print("ready", flush=True)
    while True:
        run()
if step == "has it":
    run(say)
if step == "waits behind another client":
    print("ready", flush=True)
    run()
if step == "waits in its client":
    begun = threading.Event()
    wait(lambda session: (begun.set(), time.sleep(600)))
    begun.wait()
    for _ in range(3):
        wait(lambda session: None)
    say()
if step == "asks":
    print("ready", flush=True)
    while True:
        run()
        # Until the lease is given back.
        time.sleep(0.2)
"""

STEPS = ["idle", "has it", "waits behind another client", "waits in its client", "asks"]


@pytest.mark.parametrize("step", STEPS)
def test_a_client_that_is_killed_frees_the_world_at_once(
    pool: Pool, world: World, threads: ThreadPoolExecutor, step: str
) -> None:
    behind = step == "waits behind another client"
    first = Held(world)
    if behind:
        begun = threads.submit(first)
        assert first.begun.wait(20)
    process = subprocess.Popen(
        [sys.executable, "-c", ANOTHER, pool.endpoint, world.world_id, step],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        if behind:
            eventually(lambda: world.refresh().runs_waiting == 1)
        process.send_signal(signal.SIGKILL)
        if behind:
            eventually(lambda: world.refresh().runs_waiting == 0)
            first.go_on.set()
            begun.result(20)
        for _ in range(3):
            world.run(nothing, timeout=SECOND * 20)
    eventually(lambda: world.refresh().runs_waiting == 0)


def granted(stream: Iterator[bytes]) -> pool_pb2.Turn:
    """The turn, when it has come; before, the pool may say that others have theirs."""
    return next(turn for turn in map(pool_pb2.Turn.FromString, stream) if turn.number)


def test_a_client_of_single_turns_goes_between_those_of_a_lease(pool: Pool, world: World) -> None:
    with grpc.insecure_channel(pool.endpoint) as channel:
        take = channel.unary_stream("/vllm.bridge.v1.Pool/TakeTurn")
        for _ in range(3):
            before = number(world)
            request = pool_pb2.TakeTurnRequest(world_id=world.world_id, holder="an old one")
            stream = take(request.SerializeToString(), timeout=20)
            turn = pool_pb2.Turn.FromString(next(stream))
            assert turn == pool_pb2.Turn(number=before + 1)
            assert world.refresh().run.holder == "an old one"
            stream.cancel()
            assert number(world) == before + 2


def test_a_lease_of_an_id_that_exists_is_refused(pool: Pool, world: World) -> None:
    with grpc.insecure_channel(pool.endpoint) as channel:
        take = channel.unary_stream("/vllm.bridge.v1.Pool/TakeTurn")
        request = pool_pb2.TakeTurnRequest(world_id=world.world_id, lease_id="mine")
        first = take(request.SerializeToString(), timeout=20)
        assert granted(first).block > 0
        with pytest.raises(grpc.RpcError) as caught:
            granted(take(request.SerializeToString(), timeout=20))
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        first.cancel()
    world.run(nothing, timeout=SECOND * 20)


def test_a_client_that_answers_nothing_holds_up_no_question(pool: Pool, world: World) -> None:
    with grpc.insecure_channel(pool.endpoint) as channel:
        take = channel.unary_stream("/vllm.bridge.v1.Pool/TakeTurn")
        request = pool_pb2.TakeTurnRequest(
            world_id=world.world_id, lease_id="silent", holder="its first run", client="silent"
        )
        stream = take(request.SerializeToString(), timeout=60)
        granted(stream)
        # What it said last.
        assert world.refresh().run.holder == "its first run"
        stream.cancel()


def test_runs_learn_of_a_failure_of_what_reads_their_turns(
    world: World, other: World, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = Held(world)
    begun = threads.submit(holder)
    assert holder.begun.wait(20)

    def fail(lease: Lease, limit: int) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(Lease, "waits", fail)
    with pytest.raises(BridgeError, match="the turns of a world failed: RuntimeError: a defect"):
        other.run(nothing, timeout=SECOND * 20)
    monkeypatch.undo()
    holder.go_on.set()
    begun.result(20)
    assert not held(other)
    other.run(nothing, timeout=SECOND * 20)


def test_a_client_that_is_closed_gives_its_lease_back_and_leaves_no_thread(
    pool: Pool, world: World
) -> None:
    with connect(pool.endpoint) as client:
        again = client.world(world.world_id)
        again.run(nothing)
    world.run(nothing, timeout=SECOND * 20)
    assert not held(again)
    names = lambda: [each.name for each in threading.enumerate()]  # noqa: E731
    eventually(lambda: "turns of a client" not in names())


def test_a_run_that_waits_when_its_client_is_closed_is_told_so(
    pool: Pool, world: World, threads: ThreadPoolExecutor
) -> None:
    holder = Held(world)
    begun = threads.submit(holder)
    assert holder.begun.wait(20)
    with connect(pool.endpoint) as client:
        again = client.world(world.world_id)
        waiting = threads.submit(again.run, nothing)
        eventually(lambda: world.refresh().runs_waiting == 1)
    with pytest.raises(BridgeError, match="the client was closed while this run waited"):
        waiting.result(20)
    eventually(lambda: world.refresh().runs_waiting == 0)
    holder.go_on.set()
    begun.result(20)


def in_loop(pool: Pool, test: Callable[[vllm_bridge.aio.Client], object]) -> None:
    async def body() -> None:
        async with vllm_bridge.aio.connect(pool.endpoint) as client:
            await test(client)  # type: ignore[misc]

    asyncio.run(body())


def test_tasks_share_a_lease_and_have_their_turns_in_order(pool: Pool, world: World) -> None:
    async def test(client: vllm_bridge.aio.Client) -> None:
        again = await client.world(world.world_id)
        order: list[int] = []
        running: list[int] = []

        async def one(name: int) -> None:
            async def on_rank(session: vllm_bridge.aio.Session) -> None:
                running.append(name)
                assert running == [name]
                order.append(name)
                await asyncio.sleep(0)
                running.remove(name)

            await again.run(on_rank)

        await asyncio.gather(*(one(name) for name in range(8)))
        assert order == list(range(8))
        for name in range(30):
            await one(name)

    in_loop(pool, test)


def test_a_task_that_is_cancelled_while_it_waits_is_in_nobodys_way(
    pool: Pool, world: World
) -> None:
    async def test(client: vllm_bridge.aio.Client) -> None:
        again = await client.world(world.world_id)
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def hold(session: vllm_bridge.aio.Session) -> None:
            begun.set()
            await go_on.wait()

        async def noted(session: vllm_bridge.aio.Session) -> None:
            noted_runs.append(session)

        noted_runs: list[object] = []
        holder = asyncio.ensure_future(again.run(hold))
        await begun.wait()
        waiting = [asyncio.ensure_future(again.run(noted)) for _ in range(3)]
        while (await again.refresh()).runs_waiting < 3:
            await asyncio.sleep(0.01)
        waiting[1].cancel()
        go_on.set()
        await holder
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(each) for each in outcomes] == [list, asyncio.CancelledError, list]
        assert len(noted_runs) == 2

    in_loop(pool, test)
    world.run(nothing, timeout=SECOND * 20)
