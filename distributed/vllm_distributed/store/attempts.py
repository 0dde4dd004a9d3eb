"""All members come together over a store, or all give up: what every agreement here is made of.

The verdict of an attempt, go or why it was given up, is one compare-and-set in the store, so the
two cannot both win; all members wait for that one key, so the first to find a reason tells all. It
also tells a late member to go on to the next attempt, where the others are if they retry. A few
round trips to the store (half a millisecond on loopback); no connection between members is used, so
nothing is poisoned by failing.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from vllm_distributed.compat.torch_internals import Store
from vllm_distributed.forks import leave_to_parent

__all__ = ["Attempt", "Attempts", "wait_for_key"]

_GO = "go"
_PATIENCE_S = 0.5
# The pauses add an eighth to a wait, or this much.
_FRACTION = 1 / 8
_SHORTEST_S, _LONGEST_S = 0.0002, 0.02


class Attempt:
    """One of them, seen from one member. Every method may raise torch's RuntimeError: the store is
    gone."""

    def __init__(self, store: Store, key: str, world_size: int) -> None:
        self._store, self._world_size = store, world_size
        self.key = key

    def arrived(self) -> None:
        """Say that this member's part is posted, under its rank; the last member gives the go."""
        if self._store.add(f"{self.key}/arrived", 1) == self._world_size:
            self.end(_GO)

    def decided(self, deadline: float, why: Callable[[list[int]], str]) -> str:
        """Return why the attempt was given up; nothing if all members go on.

        At `deadline`, of `time.monotonic()`, `why` makes the reason of the members that are
        missing. If none is, the last one came in this moment, or died before it gave the go.
        """
        if not wait_for_key(self._store, f"{self.key}/verdict", deadline):
            missing = [rank for rank in range(self._world_size) if not self._is_there(rank)]
            self.end(why(missing) if missing else _GO)
        verdict = self._store.get(f"{self.key}/verdict").decode()
        return "" if verdict == _GO else verdict

    def end(self, verdict: str) -> None:
        """Decide the attempt for all, unless it is decided already: go, or why not."""
        self._store.compare_set(f"{self.key}/verdict", "", verdict)

    def parts(self) -> list[bytes]:
        """Return what every member posted, in rank order."""
        keys = [f"{self.key}/{rank}" for rank in range(self._world_size)]
        return [bytes(part) for part in self._store.multi_get(keys)]

    def leave(self) -> int:
        """Say that this member has read all it needs; return how many have."""
        return self._store.add(f"{self.key}/read", 1)

    def wait_until_left(self, deadline: float, stop: threading.Event) -> None:
        """Return when all members have left, at `deadline`, of `time.monotonic()`, or when `stop`
        is set: for the member that serves the store, after an attempt with a go."""
        started = time.monotonic()
        while self._store.add(f"{self.key}/read", 0) < self._world_size:
            now = time.monotonic()
            if now >= deadline or stop.wait(_pause(started, now, deadline)):
                return

    def let_others_read(self, widest: int) -> None:
        """Return when those of `widest` ranks that came have left, or soon: for the member that
        serves the store, before it stops."""
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            present = [rank for rank in range(widest) if self._is_there(rank)]
            # The last one may delete the parts.
            if not present or self._store.add(f"{self.key}/read", 0) >= len(present):
                return
            time.sleep(0.01)

    def _is_there(self, rank: int) -> bool:
        return self._store.check([f"{self.key}/{rank}"])


class Attempts:
    """The attempts under one prefix, numbered so that each is decided once.

    `what` names to a forked child whose store this is.
    """

    def __init__(self, store: Store, prefix: str, world_size: int, what: str) -> None:
        self.store = store
        leave_to_parent(self, what, "store")
        self._prefix, self._world_size = prefix, world_size
        self._number = self._kept_from = 0
        self.latest: Attempt | None = None

    def begin(self) -> Attempt:
        """Return the attempt that is next."""
        self.latest = Attempt(self.store, f"{self._prefix}/{self._number}", self._world_size)
        self._number += 1
        return self.latest

    def begin_undecided(self) -> Attempt:
        """Return the first attempt that has no verdict yet."""
        if self._number == 0 and self.store.check([self._next]):  # those before it were deleted
            self._number = self._kept_from = int(self.store.get(self._next))
        while self.store.check([f"{self._prefix}/{self._number}/verdict"]):
            self._number += 1
        return self.begin()

    def delete_earlier(self, *names: str) -> None:
        """Delete these keys of the attempts before the latest, which nobody reads any more: all
        members came to the latest."""
        latest = self._number - 1
        for number in range(self._kept_from, latest):
            self._delete(number, *names)
        self._kept_from = latest

    def delete_earlier_wholly(self, widest: int) -> None:
        """Delete the attempts before the latest, and keep in the store which one that is."""
        if self._kept_from < self._number - 1:
            self.store.set(self._next, str(self._number - 1))
        self.delete_earlier(*_keys(widest), "verdict")

    def delete_latest(self, widest: int) -> None:
        """Delete what the latest attempt left but its verdict, by which the next one is found."""
        self._delete(self._number - 1, *_keys(widest))

    @property
    def _next(self) -> str:
        return f"{self._prefix}/next"

    def _delete(self, number: int, *names: str) -> None:
        for name in names:
            with contextlib.suppress(RuntimeError):  # a kind of store that cannot
                self.store.delete_key(f"{self._prefix}/{number}/{name}")


def _keys(widest: int) -> list[str]:
    return [*map(str, range(widest)), "size", "arrived", "read"]


def wait_for_key(
    store: Store, key: str, deadline: float, stop: threading.Event | None = None
) -> bool:
    """Return whether the key is there by `deadline`, of `time.monotonic()`; `stop` ends the wait.

    A store's own `wait` keeps its connection busy, even from being cloned, until its time is over;
    and every further connection may cost seconds, because torch looks up the name of the other
    end's address, which a name server that does not answer makes long.

    Raises torch's RuntimeError if the store is gone.
    """
    started = time.monotonic()
    while not store.check([key]):
        now = time.monotonic()
        if now >= deadline or (stop is not None and stop.is_set()):
            return False
        pause = _pause(started, now, deadline)
        if stop is None:
            time.sleep(pause)
        else:
            stop.wait(pause)
    return True


def _pause(started: float, now: float, deadline: float) -> float:
    """Return how long to wait before the next look at the store: longer and longer."""
    return min(max((now - started) * _FRACTION, _SHORTEST_S), _LONGEST_S, deadline - now)
