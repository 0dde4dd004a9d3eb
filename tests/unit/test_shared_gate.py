"""The shared gate at which ranks of one host meet: by hand, at random, and with real processes."""

from __future__ import annotations

import contextlib
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError

import pytest

from vllm_bridge.gate import shared_gate
from vllm_bridge.gate.shared_gate import NO_DEADLINE, Answer, Seat, SharedGate

ONE, TWO = b"1" * 16, b"2" * 16


class Ranks:
    """Shared gates of all ranks of a world, in one process."""

    def __init__(self, size: int) -> None:
        fd = shared_gate.create(size)
        assert fd is not None
        self.fd = fd
        self.gates = [SharedGate(os.dup(fd), rank, size) for rank in range(size)]
        self.seats = [self.seat("tp:0", list(range(size)), rank) for rank in range(size)]

    def seat(self, group: str, members: list[int], rank: int) -> Seat:
        seat = self.gates[rank].seat(group, members, members.index(rank))
        assert seat is not None
        return seat

    def meet_at_pool(self) -> None:
        """All of them turn to the pool, which says go."""
        for seat in self.seats:
            assert seat.arrive(ONE, NO_DEADLINE) is Answer.ASK_POOL
        for seat in self.seats:
            seat.back_from_pool(go=True)


@pytest.fixture
def pair() -> Iterator[Ranks]:
    ranks = Ranks(2)
    yield ranks
    os.close(ranks.fd)


def never() -> bool:
    return False


# Turns


@pytest.mark.timing
def test_a_call_waits_for_those_of_earlier_turns_on_other_ranks(pair: Ranks) -> None:
    first, second = pair.gates
    assert first.begin(3) == 3
    assert (first.earlier(3), second.earlier(3), second.earlier(4)) == ([], [], [0])
    assert second.begin(4) == 4
    # One of an earlier turn than any rank has begun does not begin.
    first.end()
    assert first.begin(3) == 4
    assert second.earlier(5) == []
    first.resume(3)
    with ThreadPoolExecutor(1) as threads:
        begin = time.monotonic()
        waiting = threads.submit(second.wait_for_earlier, 4, 10.0)
        while not second._words[second._layout.awaiting(1)]:
            time.sleep(0)
        first.end()
        waiting.result(10)
        assert time.monotonic() - begin < 5
    assert second.earlier(4) == []
    second.end()


def test_a_dead_rank_has_no_seats_and_holds_no_later_turn() -> None:
    ranks = Ranks(3)
    first, second, _ = ranks.gates
    without = ranks.seat("tp:0", [0, 1], 0)
    # Rank 2 dies in a call of the third turn.
    ranks.gates[2].begin(3)
    assert first.earlier(4) == [2]
    first.lose(2)
    assert first.earlier(4) == second.earlier(4) == []
    assert first.seat("tp:0", [0, 1, 2], 0) is None
    assert first.seat("dp:0", [0, 2], 0) is None
    assert first.seat("tp:0", [0, 1], 0) is without
    os.close(ranks.fd)


def test_the_last_one_says_go(pair: Ranks) -> None:
    first, second = pair.seats
    for number in range(3):
        assert first.arrive(ONE, NO_DEADLINE) is Answer.WAIT
        assert second.arrive(ONE, NO_DEADLINE) is Answer.GO
        assert first.wait(5, never) is Answer.GO
        assert first._words[first._cell + shared_gate._SEQUENCE] == number + 1


def test_one_that_waits_in_vain_takes_all_to_the_pool_and_back(pair: Ranks) -> None:
    first, second = pair.seats
    assert first.arrive(ONE, NO_DEADLINE) is Answer.WAIT
    assert first.wait(0.01, never) is Answer.ASK_POOL
    assert second.arrive(ONE, NO_DEADLINE) is Answer.ASK_POOL
    assert (first.sequence, second.sequence) == (1, 1)
    first.back_from_pool(go=True)
    # The other has not heard yet: where it would be is not known.
    assert first.arrive(ONE, NO_DEADLINE) is Answer.ASK_POOL
    second.back_from_pool(go=True)
    assert second.arrive(ONE, NO_DEADLINE) is Answer.ASK_POOL
    for seat in pair.seats:
        seat.back_from_pool(go=True)
    assert second.arrive(ONE, NO_DEADLINE) is Answer.WAIT
    assert first.arrive(ONE, NO_DEADLINE) is Answer.GO


@pytest.mark.parametrize(("digest", "deadline_s"), [(TWO, 100.0), (ONE, -1.0)])
def test_what_differs_or_is_too_late_goes_to_the_pool(
    pair: Ranks, digest: bytes, deadline_s: float
) -> None:
    first, second = pair.seats
    deadline = time.monotonic_ns() + int(deadline_s * 1e9)
    assert first.arrive(ONE, NO_DEADLINE) is Answer.WAIT
    assert second.arrive(digest, deadline) is Answer.ASK_POOL
    assert first.wait(5, never) is Answer.ASK_POOL


def test_one_whose_deadline_has_passed_is_not_let_through(pair: Ranks) -> None:
    first, second = pair.seats
    assert first.arrive(ONE, time.monotonic_ns() + 5_000_000) is Answer.WAIT
    while time.monotonic_ns() < first._words[first._own + shared_gate._DEADLINE]:
        os.sched_yield()
    assert second.arrive(ONE, NO_DEADLINE) is Answer.ASK_POOL
    assert first.wait(5, never) is Answer.ASK_POOL


def test_after_a_refusal_all_meet_at_the_pool_once(pair: Ranks) -> None:
    first, second = pair.seats
    first.arrive(ONE, NO_DEADLINE)
    assert first.wait(0, never) is Answer.ASK_POOL
    first.back_from_pool(go=False)
    # Its counterpart may come late: only the pool knows that it is refused.
    assert second.arrive(ONE, NO_DEADLINE) is Answer.ASK_POOL
    second.back_from_pool(go=False)
    pair.meet_at_pool()
    assert first.arrive(ONE, NO_DEADLINE) is Answer.WAIT
    assert second.arrive(ONE, NO_DEADLINE) is Answer.GO


@pytest.mark.timing
def test_a_nudge_ends_the_wait(pair: Ranks) -> None:
    first = pair.seats[0]
    first.arrive(ONE, NO_DEADLINE)
    wanted = threading.Event()

    def nudge() -> None:
        wanted.set()
        pair.gates[0].nudge()

    nudger = threading.Timer(0.05, nudge)
    begin = time.monotonic()
    nudger.start()
    assert first.wait(30, wanted.is_set) is Answer.ASK_POOL
    assert time.monotonic() - begin < 5
    nudger.join()


def test_groups_do_not_meet_each_other() -> None:
    ranks = Ranks(3)
    pair, other = (ranks.seat("tp:0", [0, 1], 0), ranks.seat("tp:0", [1, 2], 1))
    assert pair.arrive(ONE, NO_DEADLINE) is Answer.WAIT
    assert other.arrive(ONE, NO_DEADLINE) is Answer.WAIT
    assert ranks.seat("tp:0", [0, 1], 1).arrive(ONE, NO_DEADLINE) is Answer.GO
    assert ranks.seat("tp:0", [1, 2], 2).arrive(ONE, NO_DEADLINE) is Answer.GO
    os.close(ranks.fd)


def test_more_groups_than_cells_have_no_seat(pair: Ranks) -> None:
    first, second = pair.gates
    # One is taken by "tp:0".
    for number in range(shared_gate.CELLS - 1):
        assert first.seat(f"g:{number}", [0, 1], 0) is not None
    assert first.seat("one too many", [0, 1], 0) is None
    assert second.seat("one too many", [0, 1], 1) is None
    last = second.seat(f"g:{shared_gate.CELLS - 2}", [0, 1], 1)
    assert last is not None
    assert last.arrive(ONE, NO_DEADLINE) is Answer.WAIT
    mine = first.seat(f"g:{shared_gate.CELLS - 2}", [0, 1], 0)
    assert mine is not None
    assert mine.arrive(ONE, NO_DEADLINE) is Answer.GO


def test_a_shared_gate_of_another_world_is_refused(pair: Ranks) -> None:
    with mmap.mmap(pair.fd, 8) as memory:
        memory[:8] = struct.pack("<Q", 5)
    with pytest.raises(ValueError, match="of 5 ranks, not 2"):
        SharedGate(os.dup(pair.fd), 0, 2)


def test_a_lock_that_nobody_gives_back_sends_all_to_the_pool(
    pair: Ranks, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = pair.seats
    monkeypatch.setattr(shared_gate, "LOCK_SECONDS", 0.01)
    assert first.arrive(ONE, NO_DEADLINE) is Answer.WAIT
    holder = threading.Thread(target=lambda: pair.gates[0]._lock.acquire(1))
    holder.start()
    holder.join()  # it has the lock, and has ended without giving it back
    assert second.arrive(ONE, NO_DEADLINE) is Answer.ASK_POOL
    assert first.wait(0, never) is Answer.ASK_POOL
    assert pair.gates[0].seat("tp:0", [0, 1], 0) is None
    assert pair.gates[1].seat("other", [0, 1], 1) is None


# A member that is killed while it holds the lock, or stopped.
HOLDER = """
import sys
from vllm_bridge.gate.shared_gate import SharedGate
gate = SharedGate(int(sys.argv[1]), 1, 2)
gate._lock.acquire(5)
print("holds", flush=True)
sys.stdin.read()
gate._lock.release()
"""


@contextlib.contextmanager
def holder_of(fd: int) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(fd)],
        pass_fds=[fd],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holds\n"
        yield holder
        holder.kill()


@pytest.mark.timing
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_holder_that_dies_or_stops_does_not_hold_others(pair: Ranks, number: int) -> None:
    first = pair.seats[0]
    with holder_of(pair.fd) as holder:
        holder.send_signal(number)
        if number == signal.SIGKILL:
            holder.wait(10)
        begin = time.monotonic()
        assert first.arrive(ONE, NO_DEADLINE) is Answer.ASK_POOL
        assert time.monotonic() - begin < 5
        assert pair.gates[0].seat("tp:0", [0, 1], 0) is None


@pytest.mark.parametrize("dies", [True, False])
def test_one_that_waits_never_leaves_without_the_lock(
    pair: Ranks, monkeypatch: pytest.MonkeyPatch, dies: bool
) -> None:
    """The holder might be about to say go to it."""
    monkeypatch.setattr(shared_gate, "LOCK_SECONDS", 0.01)
    first = pair.seats[0]
    assert first.arrive(ONE, NO_DEADLINE) is Answer.WAIT
    with holder_of(pair.fd) as holder, ThreadPoolExecutor(1) as threads:
        leaving = threads.submit(first.wait, 0, never)
        with pytest.raises(FutureTimeoutError):
            leaving.result(0.2)
        if dies:
            holder.kill()
        else:
            assert holder.stdin is not None
            holder.stdin.close()
        assert leaving.result(10) is Answer.ASK_POOL
    assert first._words[first._own + shared_gate._STATE] == shared_gate._AT_POOL


class Model:
    """What the members of one group may see, with a pool that decides as it likes."""

    def __init__(self, size: int, seed: int) -> None:
        self.random = random.Random(seed)
        self.ranks = Ranks(size)
        self.size = size
        # What each does: None, or "gate" or "pool" with what it asked for.
        self.at: list[tuple[str, bytes] | None] = [None] * size
        self.went: list[int] = [0] * size
        # Members that have to meet at the pool before the shared gate may be used again.
        self.unsettled: set[int] = set()

    def run(self, steps: int) -> None:
        for _ in range(steps):
            rank = self.random.randrange(self.size)
            at = self.at[rank]
            if at is None:
                self.arrive(rank)
            elif at[0] == "gate":
                self.look(rank)
            else:
                self.decide()
            self.check()
        os.close(self.ranks.fd)

    def arrive(self, rank: int) -> None:
        digest = TWO if self.random.random() < 0.1 else ONE
        answer = self.ranks.seats[rank].arrive(digest, NO_DEADLINE)
        at_gate = [at for at in self.at if at is not None and at[0] == "gate"]
        if answer is Answer.GO:
            assert len(at_gate) == self.size - 1, "somebody is missing"
            assert all(at[1] == digest for at in at_gate), "they differ"
            assert not self.unsettled, "a refusal is not settled"
            for other in range(self.size):
                if other != rank:
                    assert self.ranks.seats[other].wait(5, never) is Answer.GO
                self.at[other] = None
            return
        if answer is Answer.WAIT:
            assert not any(at is not None and at[0] == "pool" for at in self.at)
            self.at[rank] = ("gate", digest)
            return
        self.at[rank] = ("pool", digest)
        self.follow()

    def look(self, rank: int) -> None:
        """Its patience ends."""
        at = self.at[rank]
        assert at is not None
        assert self.ranks.seats[rank].wait(0, never) is Answer.ASK_POOL
        self.at[rank] = ("pool", at[1])
        self.follow()

    def follow(self) -> None:
        """Whoever waited at the shared gate has been sent to the pool."""
        for rank, at in enumerate(self.at):
            if at is not None and at[0] == "gate":
                assert self.ranks.seats[rank].wait(5, never) is Answer.ASK_POOL
                self.at[rank] = ("pool", at[1])

    def decide(self) -> None:
        there = [rank for rank, at in enumerate(self.at) if at is not None and at[0] == "pool"]
        all_alike = len({at[1] for at in self.at if at is not None}) == 1
        if len(there) == self.size and all_alike:
            self.unsettled.clear()
            self.random.shuffle(there)
            for rank in there:
                self.ranks.seats[rank].back_from_pool(go=True)
                self.at[rank] = None
        else:
            rank = self.random.choice(there)
            self.ranks.seats[rank].back_from_pool(go=False)
            self.at[rank] = None
            self.unsettled = set(range(self.size))

    def check(self) -> None:
        kinds = {at[0] for at in self.at if at is not None}
        assert kinds != {"gate", "pool"}, self.at


@pytest.mark.parametrize("size", [2, 3, 4])
def test_random_schedules_let_through_all_or_none(size: int) -> None:
    for seed in range(60):
        Model(size, seed).run(150)


# Real processes, each with its own patience, thousands of calls: all go, in step.
MEMBER = """
import sys, time
from vllm_bridge.gate.shared_gate import Answer, SharedGate, NO_DEADLINE
fd, rank, size, calls = map(int, sys.argv[1:])
seat = SharedGate(fd, rank, size).seat("tp:0", list(range(size)), rank)
for number in range(calls):
    digest = number.to_bytes(16, "little")
    answer = seat.arrive(digest, NO_DEADLINE)
    if answer is Answer.WAIT:
        answer = seat.wait(60, lambda: False)
    assert answer is Answer.GO, (number, answer)
print("done")
"""


def test_processes_pass_in_step() -> None:
    fd = shared_gate.create(3)
    assert fd is not None
    members = [
        subprocess.Popen(
            [sys.executable, "-c", MEMBER, str(fd), str(rank), "3", "2000"],
            pass_fds=[fd],
            stdout=subprocess.PIPE,
        )
        for rank in range(3)
    ]
    os.close(fd)
    for member in members:
        out, _ = member.communicate(timeout=90)
        assert (member.returncode, out) == (0, b"done\n")
