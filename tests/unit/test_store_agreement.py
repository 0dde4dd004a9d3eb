"""Ranks as threads on a store in memory: who comes, who does not, and who wants something else."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from torch.distributed import HashStore

from vllm_distributed.errors import (
    RollCallError,
    RollCallMismatchError,
    RollCallTimeoutError,
)
from vllm_distributed.store.agreement import StoreAgreement
from vllm_distributed.store.attempts import wait_for_key
from vllm_distributed.store.gathering import StoreGathering

SHORT = timedelta(seconds=1)
LONG = timedelta(seconds=20)


def together(*calls: Callable[[], Any]) -> list[Any]:
    """Return what each call returned or raised, all of them run at once."""
    results: list[Any] = [None] * len(calls)

    def attempt(index: int) -> None:
        try:
            results[index] = calls[index]()
        except RollCallError as error:
            results[index] = error

    threads = [threading.Thread(target=attempt, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def rolls(count: int, timeout: timedelta = LONG) -> list[StoreAgreement]:
    store = HashStore()
    return [StoreAgreement(store, rank, count, timeout) for rank in range(count)]


def call(
    roll: StoreAgreement, name: str = "make", extra: int = 0, **agree: int
) -> Callable[[], Any]:
    return lambda: roll.hold(name, agree, {"extra": extra})


def test_everybody_reads_what_everybody_said() -> None:
    ranks = rolls(3)
    for _ in range(3):
        results = together(*(call(roll, extra=rank) for rank, roll in enumerate(ranks)))
        assert [[answer["extra"]["extra"] for answer in result] for result in results] == [
            [0, 1, 2]
        ] * 3


def test_other_arguments_and_other_calls_are_told_to_all() -> None:
    one, two = rolls(2)
    for result in together(call(one, size=1), call(two, size=2)):
        assert isinstance(result, RollCallMismatchError)
        assert "rank 0: make(size=1); rank 1: make(size=2)" in str(result)
    for result in together(call(one, "make"), call(two, "break")):
        assert isinstance(result, RollCallMismatchError)
        assert "rank 0: make(); rank 1: break()" in str(result)
    assert all(len(result) == 2 for result in together(call(one), call(two)))


def test_the_missing_are_named_and_the_attempt_counts_for_nobody() -> None:
    ranks = rolls(3, SHORT)
    for result in together(call(ranks[0]), call(ranks[2])):
        assert isinstance(result, RollCallTimeoutError)
        assert "rank 1 of the world of 3 did not make the call within 1 s" in str(result)
        assert result.details["missing"] == [1]
    # Rank 1 was late: it does not answer the attempt the others gave up.
    assert all(len(result) == 3 for result in together(*map(call, ranks)))


def test_a_world_of_another_size_is_told_to_all() -> None:
    store = HashStore()
    one, two = StoreAgreement(store, 0, 2, LONG), StoreAgreement(store, 1, 3, LONG)
    for result in together(call(one), call(two)):
        assert isinstance(result, RollCallMismatchError)
        assert "world_size=2" in str(result)
        assert "world_size=3" in str(result)


def test_an_interrupted_call_ends_at_once_and_is_abandoned() -> None:
    one, two = rolls(2)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        call(one)()
    assert time.monotonic() - started < 15  # not its time
    assert all(len(result) == 2 for result in together(call(one), call(two)))


def test_whose_last_rank_comes_at_the_deadline_is_held_and_names_nobody_as_missing() -> None:
    """All have answered, but the one that should give the go died before it could."""
    one, two = rolls(2, SHORT)

    class Dying:
        """The store of a rank that ends when it has answered."""

        def __init__(self, store: Any) -> None:
            self._store = store

        def add(self, key: str, amount: int) -> int:
            return 0 if key.endswith("arrived") else int(self._store.add(key, amount))

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

    two._attempts.store = Dying(two._attempts.store)  # type: ignore[assignment]
    for result in together(call(one), call(two)):
        assert len(result) == 2


def test_nothing_but_the_place_of_the_next_stays_in_the_store() -> None:
    ranks = rolls(3)
    for _ in range(4):
        together(*map(call, ranks))
        assert ranks[0]._attempts.store.num_keys() <= 2  # type: ignore[attr-defined]
    late = [StoreAgreement(ranks[0]._attempts.store, rank, 3, LONG) for rank in range(3)]
    assert all(len(result) == 3 for result in together(*map(call, late)))
    alone = StoreAgreement(late[0]._attempts.store, 0, 3, SHORT)
    assert together(call(alone))[0].details["missing"] == [1, 2]
    assert all(len(result) == 3 for result in together(*map(call, late)))
    assert ranks[0]._attempts.store.num_keys() <= 2  # type: ignore[attr-defined]


def test_a_member_that_gave_up_takes_part_in_nothing_more() -> None:
    """After Ctrl-C its thread joined the next gathering, as the member itself may."""
    store = HashStore()
    gathering = StoreGathering(store, "barrier", 0, 2)
    outcome: list[list[bytes] | RollCallError] = []

    def hold() -> None:
        try:
            outcome.append(gathering.hold(b"", LONG.total_seconds()))
        except RollCallError as error:
            outcome.append(error)

    thread = threading.Thread(target=hold, daemon=True)
    thread.start()
    assert wait_for_key(store, "barrier/0/0", time.monotonic() + LONG.total_seconds())
    gathering.give_up()
    thread.join(LONG.total_seconds() / 2)
    assert isinstance(outcome[0], RollCallTimeoutError)
    with pytest.raises(RollCallTimeoutError, match="rank 1 of the group of 2 did not come"):
        gathering.hold(b"", SHORT.total_seconds())


def test_rank_0_leaves_a_barrier_after_the_others_have_seen_it() -> None:
    """It serves the store: had it returned, and its process ended, the others would have failed."""
    store = HashStore()
    first, second = (
        StoreGathering(store, "barrier", rank, 2, rank_0_is_last=True) for rank in range(2)
    )
    reads, may_read, first_left = threading.Event(), threading.Event(), threading.Event()

    def slowly() -> None:
        attempts = second._attempts
        begin = attempts.begin

        def begun() -> Any:
            attempt = begin()
            parts = attempt.parts

            def held_back() -> list[bytes]:
                reads.set()
                assert may_read.wait(20)
                return parts()

            attempt.parts = held_back  # type: ignore[method-assign]
            return attempt

        attempts.begin = begun  # type: ignore[method-assign]
        second.hold(b"", 20)

    def leave() -> None:
        first.hold(b"", 20)
        first_left.set()

    threads = [threading.Thread(target=each) for each in (slowly, leave)]
    for thread in threads:
        thread.start()
    assert reads.wait(20)
    assert not first_left.wait(0.2)
    may_read.set()
    assert first_left.wait(20)
    for thread in threads:
        thread.join()
