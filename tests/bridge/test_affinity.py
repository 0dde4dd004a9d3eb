"""The table of affinities, against a model of it, on random schedules of calls.

| affinity | preferred rank idle | preferred rank busy | preferred rank gone |
|---|---|---|---|
| `hint` | use it | any idle rank, else queue | any rank |
| `strict_queue` | use it | wait in its queue | `session_worker_unavailable` |
| `strict_fail_fast` | use it | `worker_busy` at once | `session_worker_unavailable` |
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pool_harness import FAKE, SHORT, Block, Pool, connect, context_of, eventually, start_pool

from vllm_bridge.client import Client, Session
from vllm_bridge.codec.errors import BridgeError

RANKS = 3
MAX_KILLS = 5
SECONDS = float(os.environ.get("AFFINITY_SECONDS", "3"))

MakeBlock = Callable[[], Block]


@pytest.fixture(scope="module")
def server(short_tmp: Path) -> Iterator[Pool]:
    pool = start_pool(short_tmp / "affinity", "--size", str(RANKS))
    with connect(pool.endpoint) as client:
        eventually(lambda: client.status().pools[0].ready == RANKS, 60)
    yield pool
    pool.stop()


@pytest.fixture
def client(server: Pool) -> Iterator[Client]:
    """A client, while the pool knows that all ranks are idle."""
    with connect(server.endpoint) as client:
        eventually(lambda: client.status().pools[0].idle == RANKS)
        yield client


@dataclass(eq=False)
class Call:
    """A call that stays where it is until it is told to end."""

    session: Session
    block: Block
    error: BridgeError | None = None
    done: bool = False
    # By the model: the rank it runs on, or in whose queue it is; 0: in the pool's queue.
    pid: int = 0
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.session.send(FAKE + "Block", str(self.block.path).encode(), None)
        except BridgeError as error:
            self.error = error
        self.done = True

    def runs_on(self) -> int:
        return 0 if self.done else self.block.pid()


class Model:
    """What the table says should be where, and a schedule that is checked against it."""

    def __init__(self, client: Client, block: MakeBlock, seed: int) -> None:
        self.client = client
        self.block = block
        self.random = random.Random(seed)
        self.history: list[str] = []
        # Rank -> the call that runs on it and those behind it there.
        self.queues: dict[int, list[Call]] = {
            rank.pid: [] for rank in client.status().ranks if rank.pid
        }
        self.pool_queue: list[Call] = []
        # Hint session -> its rank.
        self.preferred: dict[Session, int] = {}
        self.gone: set[int] = set()
        self.sessions: list[Session] = []
        for affinity in ("hint", "strict_queue", "strict_fail_fast"):
            for number in range(3):
                session = client.open_session(f"{affinity}-{seed}-{number}", affinity=affinity)
                if number == 0:
                    # Through the pool, which sees it then; the others go direct.
                    session.info.endpoint = ""
                self.sessions.append(session)

    def idle(self) -> list[int]:
        return [pid for pid, calls in self.queues.items() if not calls]

    def calls(self) -> list[Call]:
        return [*self.pool_queue, *(call for calls in self.queues.values() for call in calls)]

    def begin(self) -> None:
        """Issue a call of a random session, and see that it goes where it should."""
        session = self.random.choice(self.sessions)
        self.history.append(f"begin {session.session_id}")
        if session.affinity == "hint":
            self._begin_hint(session)
            return
        home = session.info.pid
        call = Call(session, self.block())
        if home in self.gone:
            self._refused(call, "session_worker_unavailable")
        elif not self.queues[home]:
            self.queues[home].append(call)
            eventually(lambda: call.runs_on() == home or call.error)
        elif session.affinity == "strict_fail_fast":
            self._refused(call, "worker_busy")
        else:
            self.queues[home].append(call)
            eventually(lambda: _active(session) == len(self.queues[home]))
        call.pid = home

    def end(self) -> None:
        """Let a random running call end; those behind it move up."""
        running = [calls[0] for calls in self.queues.values() if calls]
        if not running:
            return
        call = self.random.choice(running)
        self.history.append(f"end {call.session.session_id}")
        call.block.end()
        call.thread.join(10)
        assert call.error is None, call.error
        self._leave(call.pid)

    def kill(self) -> None:
        """Kill a random rank; another takes its place."""
        pid = self.random.choice(list(self.queues))
        self.history.append(f"kill {pid}")
        before = {rank.pid for rank in self.client.status().ranks}
        os.kill(pid, signal.SIGKILL)
        self.gone.add(pid)
        for call in self.queues.pop(pid):
            call.thread.join(10)
            assert call.error is not None
            assert call.error.reason == "session_worker_unavailable"

        def replaced() -> object:
            now = self.client.status()
            new = {rank.pid for rank in now.ranks} - before - {0}
            return len(new) == 1 and now.pools[0].ready == RANKS

        eventually(replaced, 20)
        (new,) = {rank.pid for rank in self.client.status().ranks} - before
        self.queues[new] = []
        self._serve_pool_queue(new)

    def finish(self) -> None:
        while self.calls():
            self.end()
        for session in self.sessions:
            session.close()

    def _begin_hint(self, session: Session) -> None:
        idle = self.idle()
        call = Call(session, self.block())
        if not idle:
            self.pool_queue.append(call)
            eventually(lambda: self.client.status().pools[0].queued == len(self.pool_queue))
            return
        eventually(lambda: call.runs_on() in idle or call.error)
        pid = call.runs_on()
        if self.preferred.get(session) in idle:
            assert pid == self.preferred[session]
        self._runs(call, pid)

    def _runs(self, call: Call, pid: int) -> None:
        call.pid = pid
        self.queues[pid].append(call)
        if self.preferred.get(call.session) not in self.queues:
            self.preferred[call.session] = pid

    def _refused(self, call: Call, reason: str) -> None:
        call.thread.join(10)
        assert call.error is not None
        assert call.error.reason == reason

    def _leave(self, pid: int) -> None:
        calls = self.queues[pid]
        calls.pop(0)
        if calls:
            # Those in the rank's own queue were promised this rank.
            eventually(lambda: calls[0].runs_on() == pid or calls[0].error)
        else:
            self._serve_pool_queue(pid)

    def _serve_pool_queue(self, pid: int) -> None:
        if self.pool_queue:
            first = self.pool_queue.pop(0)
            eventually(lambda: first.runs_on() == pid or first.error)
            self._runs(first, pid)


def _active(session: Session) -> int:
    """Calls that run or wait on the session's rank."""
    return len(session.inspect().calls)


def test_random_schedules_follow_the_table(client: Client, block: MakeBlock) -> None:
    seed = int(os.environ.get("AFFINITY_SEED", random.randrange(10**6)))
    killed = 0
    give_up = time.monotonic() + SECONDS
    while time.monotonic() < give_up:
        model = Model(client, block, seed)
        try:
            for _ in range(30):
                action = model.random.choices(
                    [model.begin, model.end, model.kill],
                    # Each makes the pool pause longer before it fills the place again.
                    weights=[10, 6, 0.4 if killed < MAX_KILLS else 0],
                )[0]
                killed += action == model.kill
                action()
                if time.monotonic() > give_up:
                    break
            model.finish()
        except BaseException:
            print(f"AFFINITY_SEED={seed}", *model.history, sep="\n")
            for call in model.calls():
                call.block.end()
            for session in model.sessions:
                session.close()
            raise
        seed += 1


def test_hint_avoids_ranks_that_are_busy_with_direct_calls(
    client: Client, block: MakeBlock
) -> None:
    strict = [client.open_session(affinity="strict_queue") for _ in range(RANKS)]
    calls = [Call(session, block()) for session in strict]
    eventually(lambda: all(call.runs_on() for call in calls))
    hint = client.open_session()
    waiting = Call(hint, block())
    eventually(lambda: client.status().pools[0].queued == 1)
    # Nothing tells the pool that this one has ended: it finds out.
    calls[1].block.end()
    eventually(lambda: waiting.runs_on() == strict[1].info.pid)
    for call in [waiting, *calls]:
        call.block.end()
        call.thread.join(10)
    for session in [hint, *strict]:
        session.close()


def test_new_strict_sessions_go_to_idle_ranks(client: Client, block: MakeBlock) -> None:
    hint = client.open_session()
    call = Call(hint, block())
    eventually(lambda: call.runs_on() != 0)
    sessions = [client.open_session(affinity="strict_queue") for _ in range(4)]
    pids = [session.info.pid for session in sessions]
    assert call.runs_on() not in pids
    assert sorted(pids.count(pid) for pid in set(pids)) == [2, 2]
    call.block.end()
    call.thread.join(10)
    for session in [hint, *sessions]:
        session.close()


def test_first_calls_of_hint_sessions_spread_over_idle_ranks(client: Client) -> None:
    sessions = [client.open_session() for _ in range(2 * RANKS)]
    homes = [context_of(session)["pid"] for session in sessions]
    assert sorted(homes.count(pid) for pid in set(homes)) == [2] * RANKS
    assert [session.send(FAKE + "Echo", b"1", SHORT) for session in sessions] == [b"1"] * 6
    for session in sessions:
        session.close()
