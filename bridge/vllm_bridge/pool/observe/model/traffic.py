"""Calls per second and their latency, over the last minutes.

Ranks count their calls and say so in every heartbeat; what one says belongs to the second in which
it comes.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from vllm_bridge._generated import control_pb2, pool_pb2
from vllm_bridge.gate.counts import BUCKETS_S
from vllm_bridge.pool.observe.model.activity import wall

HISTORY_SECONDS = 300

RECENT_SECONDS = 10
"""That rates are taken over."""

MAX_WORLDS = 128
"""With a history. One more takes the place of the one that has been without calls longest."""

_BUCKETS = len(BUCKETS_S) + 1


@dataclass(slots=True)
class Second:
    """What ended in one second."""

    number: int
    calls: int = 0
    errors: int = 0
    buckets: list[int] = field(default_factory=lambda: [0] * _BUCKETS)

    def add(self, counts: Iterable[control_pb2.MethodCount]) -> None:
        """Count these as well."""
        for count in counts:
            self.calls += count.calls
            if count.outcome != "ok":
                self.errors += count.calls
            for index, calls in enumerate(count.buckets[:_BUCKETS]):
                self.buckets[index] += calls


class Seconds:
    """The latest seconds in which calls have ended, at most so many."""

    def __init__(self, keep: int) -> None:
        self._seconds: deque[Second] = deque(maxlen=keep)

    def add(self, counts: Sequence[control_pb2.MethodCount], now: float) -> None:
        """Count what has come at this moment, of `time.monotonic`."""
        if not counts:
            return
        number = int(now)
        if not self._seconds or self._seconds[-1].number != number:
            self._seconds.append(Second(number))
        self._seconds[-1].add(counts)

    def rates(self, now: float) -> pool_pb2.Rates:
        """Over the last `RECENT_SECONDS`."""
        found = list(self._since(int(now) - RECENT_SECONDS))
        calls = sum(second.calls for second in found)
        buckets = [sum(column) for column in zip(*(second.buckets for second in found))]  # noqa: B905
        return pool_pb2.Rates(
            calls_per_s=calls / RECENT_SECONDS,
            errors_per_s=sum(second.errors for second in found) / RECENT_SECONDS,
            p50_s=quantile(buckets, 0.5),
            p99_s=quantile(buckets, 0.99),
        )

    def history(self, world_id: str, now: float, seconds: int) -> pool_pb2.History:
        """A number for each of the latest seconds that are over."""
        end = int(now)
        history = pool_pb2.History(world_id=world_id)
        history.until.FromNanoseconds(int(wall(now - end) * 1e9))
        known = {second.number: second for second in self._since(end - seconds)}
        nothing = Second(0)
        for number in range(end - seconds, end):
            second = known.get(number, nothing)
            history.calls.append(second.calls)
            history.errors.append(second.errors)
            history.p50_s.append(quantile(second.buckets, 0.5))
            history.p99_s.append(quantile(second.buckets, 0.99))
        return history

    def _since(self, number: int) -> Iterator[Second]:
        for second in reversed(self._seconds):
            if second.number < number:
                return
            yield second


class Traffic:
    """Of all ranks of a server, and of each of its worlds. Used in its event loop alone."""

    def __init__(self) -> None:
        self._all = Seconds(HISTORY_SECONDS)
        self._worlds: OrderedDict[str, Seconds] = OrderedDict()

    def add(self, world_id: str, counts: Sequence[control_pb2.MethodCount]) -> None:
        """Count what a rank of that world has told; empty: one outside worlds."""
        if not counts:
            return
        now = time.monotonic()
        self._all.add(counts, now)
        if not world_id:
            return
        seconds = self._worlds.setdefault(world_id, Seconds(HISTORY_SECONDS))
        seconds.add(counts, now)
        self._worlds.move_to_end(world_id)
        if len(self._worlds) > MAX_WORLDS:
            self._worlds.popitem(last=False)

    def rates(self, world_id: str = "") -> pool_pb2.Rates:
        """Of all ranks, or of one world."""
        seconds = self._worlds.get(world_id) if world_id else self._all
        return seconds.rates(time.monotonic()) if seconds is not None else pool_pb2.Rates()

    def histories(self, worlds: Iterable[str], seconds: int) -> list[pool_pb2.History]:
        """Of all ranks, then of those worlds that had calls."""
        now = time.monotonic()
        found = [self._all.history("", now, seconds)]
        for world_id in worlds:
            known = self._worlds.get(world_id)
            if known is not None:
                found.append(known.history(world_id, now, seconds))
        return found


def quantile(buckets: Sequence[int], part: float) -> float:
    """The latency in seconds that this part of the calls did not exceed, as far as buckets tell.

    Within a bucket calls are taken to lie evenly. 0 without calls; the last bound for those above.
    """
    total = sum(buckets)
    if not total:
        return 0.0
    wanted, before, low = part * total, 0, 0.0
    for count, high in zip(buckets, (*BUCKETS_S, BUCKETS_S[-1]), strict=True):
        if count and before + count >= wanted:
            return low + (high - low) * (wanted - before) / count
        before, low = before + count, high
    return BUCKETS_S[-1]
