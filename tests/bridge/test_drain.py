"""SIGTERM: what runs comes to its end, what is new is refused, then the server stops."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
import torch
from gate_harness import LONG, Callers, named, sleep, wait_until_running
from grpc_health.v1 import health_pb2, health_pb2_grpc
from pool_harness import FAKE, Block, Pool, alive, connect, eventually, start_pool

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session, World
from vllm_bridge.codec.errors import BridgeError, Category

Start = Callable[..., Pool]

ALL_REDUCE = "tensor_model_parallel_all_reduce"


@pytest.fixture
def callers() -> Iterator[Callers]:
    callers = Callers()
    yield callers
    callers.close()


@pytest.fixture
def real_pool(short_tmp: Path) -> Iterator[Pool]:  # type: ignore[override]
    """A server of real ranks whose clients may call `time.sleep`."""
    options = ("--size", "1", "--allow", "time.", "--drain-seconds", "60")
    pool = start_pool(short_tmp / "drain", *options, entry_point=None)
    yield pool
    pool.stop()
    print(pool.stderr())


class HeldRun:
    """A run that adds up twice, and goes on to the second sum when it is told to."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, session: Session) -> list[float]:
        first = add(session, 1.0)
        self.begun.set()
        assert self.go_on.wait(60)
        return [first, add(session, 10.0)]


def add(session: Session, value: float) -> float:
    return float(session.call(ALL_REDUCE, torch.full((1,), value), timeout=LONG).item())


def test_what_runs_ends_and_what_is_new_is_refused(real_pool: Pool, callers: Callers) -> None:
    pool = real_pool
    with connect(pool.endpoint) as client, grpc.insecure_channel(pool.endpoint) as channel:
        world = client.start_world(tensor_parallel_size=2)
        over = client.start_world()
        over.stop()
        strict, hint = client.open_session(affinity="strict_queue"), client.open_session()
        held, never = HeldRun(), []
        run = callers.begin(world.ranks[0], lambda _: world.run(held))
        assert held.begun.wait(60)
        waiting = callers.begin(world.ranks[0], lambda _: world.run(never.append))
        eventually(lambda: world.refresh().runs_waiting == 1)
        call = callers.begin(strict, sleep(3.0))
        wait_until_running(strict)
        pool.process.send_signal(signal.SIGTERM)

        outcome = waiting.result(60)
        assert (outcome.reason, never) == ("draining", [])
        assert outcome.error is not None
        assert outcome.error.category == Category.POOL
        assert "the server is stopping" in outcome.message
        # The pool knows that it ends. Ranks answer for themselves, and hear it from the pool.
        eventually(lambda: reason_of(named("get_tp_group"), strict) == "draining")
        eventually(lambda: reason_of(named("get_tp_group"), world.ranks[1]) == "draining")
        for what, refused in new_things(client, world, over, strict, hint).items():
            with pytest.raises(BridgeError) as caught:
                refused()
            assert caught.value.reason == "draining", (what, caught.value)
            assert caught.value.details["ran"] is False
        assert client.status().pid == pool.pid
        health = health_pb2_grpc.HealthStub(channel)
        answer = health.Check(health_pb2.HealthCheckRequest(), timeout=30)
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING

        assert call.result(60).reason == "ok"
        assert pool.process.poll() is None
        held.go_on.set()
        assert run.result(60).value == [[2.0, 20.0]] * 2
        assert pool.process.wait(30) == 0


def reason_of(call: Callable[[Session], object], session: Session) -> str | None:
    try:
        call(session)
    except BridgeError as error:
        return error.reason
    return None


def new_things(
    client: Client, world: World, over: World, strict: Session, hint: Session
) -> dict[str, Callable[[], object]]:
    through_the_pool = pool_pb2.Session()
    through_the_pool.CopyFrom(strict.info)
    through_the_pool.endpoint = through_the_pool.frames_endpoint = ""
    return {
        "a call of a hint session": lambda: hint.call("get_pp_indices", 4, 0, 2),
        "a call of a strict session": lambda: named("get_tp_group")(strict),
        "the same, through the pool": lambda: named("get_tp_group")(
            Session(strict._link, through_the_pool)
        ),
        "a call on a rank of a world": lambda: named("get_tp_group")(world.ranks[1]),
        "a run": lambda: world.run(lambda session: None),
        "a session": lambda: client.open_session("new"),
        "a strict session": lambda: client.open_session(affinity="strict_queue"),
        "a world": client.start_world,
        "a restart": lambda: client.restart_world(over.world_id),
    }


def busy(client: Client, callers: Callers, block: Block) -> None:
    """Have a server of fake ranks forward a call that goes on until its block is ended."""
    path = str(block.path).encode()
    callers.begin(client.open_session(), lambda session: session.send(FAKE + "Block", path, LONG))
    eventually(block.started)


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(
    start: Start, callers: Callers, block: Callable[[], Block], second: signal.Signals
) -> None:
    pool = start("--drain-seconds", "1e300")
    with connect(pool.endpoint) as client:
        busy(client, callers, block())
        processes = pool.processes()
        pool.process.send_signal(signal.SIGTERM)
        eventually(lambda: attempt_to_open(client) == "draining")
        pool.process.send_signal(second)
        assert pool.process.wait(20) == 0
        eventually(lambda: not [pid for pid in processes if alive(pid)])


def attempt_to_open(client: Client) -> str:
    try:
        client.open_session()
    except BridgeError as error:
        return error.reason
    return ""


def test_what_runs_longer_than_the_grace_is_ended(
    start: Start, callers: Callers, block: Callable[[], Block]
) -> None:
    pool = start("--drain-seconds", "0.5")
    with connect(pool.endpoint) as client:
        busy(client, callers, block())
        begin = time.monotonic()
        pool.process.send_signal(signal.SIGTERM)
        assert pool.process.wait(20) == 0
        assert time.monotonic() - begin >= 0.5


def test_it_stops_as_soon_as_nothing_runs(
    start: Start, callers: Callers, block: Callable[[], Block]
) -> None:
    pool, one = start("--drain-seconds", "600"), block()
    with connect(pool.endpoint) as client:
        busy(client, callers, one)
        pool.process.send_signal(signal.SIGTERM)
        eventually(lambda: attempt_to_open(client) == "draining")
        one.end()
        assert pool.process.wait(20) == 0


@pytest.mark.parametrize("how", ["SIGTERM", "the end of stdin"])
def test_an_embedded_server_does_not_wait(
    start: Start, callers: Callers, block: Callable[[], Block], how: str
) -> None:
    pool = start("--embedded", "--drain-seconds", "600")
    with connect(pool.endpoint) as client:
        busy(client, callers, block())
        if how == "SIGTERM":
            pool.process.send_signal(signal.SIGTERM)
        else:
            assert pool.process.stdin is not None
            pool.process.stdin.close()
        assert pool.process.wait(20) == 0
    assert "draining" not in pool.stderr()
