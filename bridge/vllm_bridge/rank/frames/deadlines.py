"""When calls have to be over, the next one first."""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from vllm_bridge.rank.frames.call import FrameCall

_LEAST = 1024


class Deadlines:
    """Those of open calls. Calls that are over are dropped when they are in the way."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, FrameCall]] = []
        self._number = 0
        self._full = _LEAST

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, call: FrameCall) -> None:
        """A call that has one."""
        self._number += 1
        heapq.heappush(self._heap, (call.deadline, self._number, call))
        if len(self._heap) > self._full:
            # Twice as many as are open, at most: calls end long before their deadlines.
            self._heap = [entry for entry in self._heap if entry[2].is_active()]
            heapq.heapify(self._heap)
            self._full = max(2 * len(self._heap), _LEAST)

    def next(self) -> float | None:
        """The first one; None where no open call has any."""
        while self._heap and not self._heap[0][2].is_active():
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def passed(self, now: float) -> Iterator[FrameCall]:
        """Calls whose time is over, each once."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]
