"""The deadlines of the calls at the gate, earliest first."""

from __future__ import annotations

import heapq
import itertools

from vllm_bridge.gate.referee.rendezvous import QueuedCall

# Most calls are settled long before their deadline; so many of them may stay in the heap.
_SLACK = 64


class Deadlines:
    """A heap that drops settled calls when they come up, or when they are most of it."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, QueuedCall]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, call: QueuedCall, waiting: int) -> None:
        """Remember a call's deadline, if it has one. `waiting`: how many calls wait in all."""
        if call.deadline is None:
            return
        if len(self._heap) > 2 * waiting + _SLACK:
            self._heap = [entry for entry in self._heap if not entry[2].settled]
            heapq.heapify(self._heap)
        heapq.heappush(self._heap, (call.deadline, next(self._order), call))

    def first(self) -> float | None:
        """The earliest deadline of a call that still waits."""
        while self._heap and self._heap[0][2].settled:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> list[QueuedCall]:
        """Take out the calls whose deadline has passed, earliest first."""
        due = []
        while (first := self.first()) is not None and first <= now:
            due.append(heapq.heappop(self._heap)[2])
        return due
