"""Random runs, calls, deaths and restarts of one world: nobody gets the numbers of another run.

The model is a counter: each run and each call adds up a value of its own, so whatever it returns
says whose it is. A failure prints its seed; `VLLM_SCHEDULES_SEED` repeats its draws, and with
`VLLM_SCHEDULES_SECONDS` it goes on for longer.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from pool_harness import Pool, connect, environment, start_pool

from vllm_bridge.client import Client, Session, World
from vllm_bridge.codec.errors import BridgeError

ALL_REDUCE = "tensor_model_parallel_all_reduce"

SECONDS = float(os.environ.get("VLLM_SCHEDULES_SECONDS", "2"))
SEED = int(os.environ.get("VLLM_SCHEDULES_SEED", "0")) or random.SystemRandom().randrange(2**32)

CALLERS = 5

# Each of them happens, however busy the machine is.
KINDS = ("run", "call", "nested", "raising", "submitted", "restart")
LONGEST_SECONDS = 90

# In a process of its own, which is killed: it says each sum of its own that was wrong.
ANOTHER_CLIENT = """
import itertools, sys, torch
from vllm_bridge.client import connect

endpoint, world_id, base = sys.argv[1:]
client = connect(endpoint)
print("ready", flush=True)
for value in itertools.count(int(base)):
    value = float(value)
    try:
        world = client.world(world_id)
        found = world.run(lambda session: session.call(
            "tensor_model_parallel_all_reduce", torch.full((1,), value, dtype=torch.float64)
        ).item())
    except Exception:
        continue
    if found != [2 * value] * 2:
        print("wrong", value, found, flush=True)
"""

# What may become of a run or call whose world, rank or time ends in the middle of it.
NAMED = {
    "abandoned",
    "collective_failed",
    "deadline_exceeded",
    "peer_died",
    "queue_full",
    "run_cancelled",
    "run_overlap",
    "run_timeout",
    "session_closed",
    "session_worker_unavailable",
    "stale_session",
    "unknown_session",
    "withdrawn",
    "world_stopped",
}


class Raised(Exception):
    """What a function of a run raises."""


@pytest.fixture
def pool(short_tmp: Path) -> Iterator[Pool]:  # type: ignore[override]
    pool = start_pool(short_tmp / "schedules", "--size", "0", entry_point=None)
    yield pool
    pool.stop()
    print(pool.stderr()[-20_000:])


class Schedule:
    """Callers of two clients on one world, and what kills its ranks and starts it again."""

    def __init__(self, clients: list[Client], world: World) -> None:
        self.begun = time.monotonic()
        self.clients = clients
        self.world_id = world.world_id
        # As each client has the world; replaced after a restart.
        self.worlds = [world, clients[1].world(world.world_id)]
        self.values = itertools.count(1)
        self.did: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._lock = threading.Lock()

    @property
    def on(self) -> bool:
        """Whether it goes on."""
        went_on = time.monotonic() - self.begun
        longer = went_on < SECONDS or (self.missing() and went_on < LONGEST_SECONDS)
        return longer and not self.wrong

    def missing(self) -> list[str]:
        """What has not happened yet."""
        return [kind for kind in KINDS if not self.did[kind]]

    def caller(self, number: int) -> None:
        """Does one thing after the other, drawn at random."""
        draw = random.Random(f"{SEED} caller {number}")
        client = number % len(self.clients)
        kinds: list[Callable[[World, random.Random], None]] = [
            *[self.run] * 4,
            *[self.call] * 3,
            self.nested,
            self.raising,
            self.short,
            self.submitted,
        ]
        while self.on:
            kind = draw.choice(kinds)
            try:
                kind(self.worlds[client], draw)
            except Raised:
                self.note(kind.__name__)
            except BridgeError as error:
                self.note(error.reason)
                if error.reason not in NAMED:
                    self.fail(f"{kind.__name__}: {error!r}")
                time.sleep(draw.random() * 0.01)
            else:
                self.note(kind.__name__)
            if draw.random() < 0.1:
                # Long enough for a lease to be given back, sometimes.
                time.sleep(draw.random() * 0.2)

    def keeper(self) -> None:
        """Kills ranks of the world, and starts it again."""
        draw = random.Random(f"{SEED} keeper")
        while self.on:
            time.sleep(0.2 + draw.random())
            owner = self.worlds[0]
            if draw.random() < 0.7:
                os.kill(draw.choice(owner.ranks).info.pid, signal.SIGKILL)
            else:
                owner.stop()
            world = self.clients[0].restart_world(self.world_id)
            self.worlds = [world, self.clients[1].world(self.world_id)]
            self.note("restart")

    def run(self, world: World, draw: random.Random) -> None:
        """One run of some sums."""
        value, count = self.value(), draw.randrange(1, 4)
        self.check(
            world.run(lambda session: sums(session, value, count)), [[2 * value] * count] * 2
        )

    def call(self, world: World, draw: random.Random) -> None:
        """A call of all ranks."""
        value = self.value()
        found = world.call(ALL_REDUCE, full(value), timeout=timedelta(seconds=30))
        self.check([each.item() for each in found], [2 * value] * 2)

    def nested(self, world: World, draw: random.Random) -> None:
        """Runs inside of a run."""
        outer, inner = self.value(), self.value()

        def function(session: Session) -> tuple[Any, Any]:
            own = sums(session, outer, 1)
            if session.info.rank == 0:
                return own, world.run(lambda each: sums(each, inner, 1))
            return own, None

        self.check(world.run(function), [([2 * outer], [[2 * inner]] * 2), ([2 * outer], None)])

    def raising(self, world: World, draw: random.Random) -> None:
        """A run that fails on one rank, while the other one is in a sum."""
        value, rank = self.value(), draw.randrange(2)

        def function(session: Session) -> None:
            if session.info.rank == rank:
                raise Raised
            sums(session, value, 1)
            self.fail(f"{value} was added up by one rank alone")

        world.run(function)

    def short(self, world: World, draw: random.Random) -> None:
        """A run whose time may be over before its turn, or in the middle."""
        value = self.value()
        timeout = timedelta(milliseconds=draw.choice((1, 5, 20, 100)))
        found = world.run(lambda session: sums(session, value, 2), timeout=timeout)
        self.check(found, [[2 * value] * 2] * 2)

    def submitted(self, world: World, draw: random.Random) -> None:
        """Several at once, of which one may be cancelled."""
        values = [self.value() for _ in range(3)]
        futures = [
            world.submit(lambda session, value=value: sums(session, value, 1)) for value in values
        ]
        if draw.random() < 0.3:
            futures.pop().cancel()
        for value, future in zip(values, futures, strict=False):
            self.check(future.result(timedelta(seconds=60)), [[2 * value]] * 2)

    def value(self) -> float:
        """One that nobody else adds up."""
        return float(next(self.values))

    def check(self, found: object, wanted: object) -> None:
        """Raises nothing: what is wrong ends the schedule."""
        if found != wanted:
            self.fail(f"{found} instead of {wanted}")

    def note(self, what: str) -> None:
        """It has happened."""
        with self._lock:
            self.did[what] += 1

    def fail(self, why: str) -> None:
        """It is no possible outcome."""
        self.wrong.append(why)


def full(value: float) -> torch.Tensor:
    return torch.full((1,), value, dtype=torch.float64)


def sums(session: Session, value: float, count: int) -> list[float]:
    found = (session.call(ALL_REDUCE, full(value)) for _ in range(count))
    return [each.item() for each in found]


def another(pool: Pool, world: World) -> subprocess.Popen[str]:
    arguments = [pool.endpoint, world.world_id, str(2**40)]
    return subprocess.Popen(
        [sys.executable, "-c", ANOTHER_CLIENT, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )


@pytest.mark.timeout(180 + LONGEST_SECONDS + 2 * SECONDS)
def test_no_call_ever_returns_the_value_of_another_run(pool: Pool) -> None:
    print(f"VLLM_SCHEDULES_SEED={SEED}")
    with connect(pool.endpoint) as first, connect(pool.endpoint) as second:
        world = first.start_world(tensor_parallel_size=2)
        with another(pool, world) as other, ThreadPoolExecutor(2 * CALLERS + 1) as threads:
            assert other.stdout is not None
            assert other.stdout.readline() == "ready\n"
            schedule = Schedule([first, second], world)
            begun: list[Future[None]] = [threads.submit(schedule.keeper)]
            begun += [threads.submit(schedule.caller, number) for number in range(2 * CALLERS)]
            time.sleep(SECONDS * random.Random(f"{SEED} killer").uniform(0.3, 0.9))
            other.send_signal(signal.SIGKILL)
            said = other.stdout.read()
            for each in begun:
                each.result(60 + LONGEST_SECONDS + SECONDS)
        print(dict(schedule.did))
        assert not schedule.wrong, f"VLLM_SCHEDULES_SEED={SEED}: {schedule.wrong}"
        assert said == "", f"VLLM_SCHEDULES_SEED={SEED}: {said}"
        assert schedule.missing() == []
        # Whatever it was, the world works.
        last = schedule.worlds[0]
        assert last.run(lambda session: sums(session, 0.5, 1)) == [[1.0], [1.0]]
        assert last.refresh().runs_waiting == 0
