"""How many calls there were, how they ended and how long they took, since it was last asked."""

from __future__ import annotations

import threading
from bisect import bisect_left

from vllm_bridge._generated import control_pb2

BUCKETS_S = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0)
"""Upper bounds, as control.proto has them; one bucket more is for longer calls."""

_CALLS, _SECONDS, _IN, _OUT, _BUCKETS = range(5)


class Counts:
    """Counters by method and outcome. Counting costs under a microsecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[tuple[str, str], list[float]] = {}

    def add(self, method: str, outcome: str, seconds: float, bytes_in: int, bytes_out: int) -> None:
        """Count one call. `outcome` is "ok" or the reason of its error."""
        with self._lock:
            counted = self._counted.get((method, outcome))
            if counted is None:
                counted = [0.0] * (_BUCKETS + len(BUCKETS_S) + 1)
                self._counted[method, outcome] = counted
            counted[_CALLS] += 1
            counted[_SECONDS] += seconds
            counted[_IN] += bytes_in
            counted[_OUT] += bytes_out
            counted[_BUCKETS + bisect_left(BUCKETS_S, seconds)] += 1

    def take(self) -> list[control_pb2.MethodCount]:
        """What was counted since the last time."""
        with self._lock:
            counted, self._counted = self._counted, {}
        return [
            control_pb2.MethodCount(
                method=method,
                outcome=outcome,
                calls=int(values[_CALLS]),
                seconds=values[_SECONDS],
                buckets=[int(value) for value in values[_BUCKETS:]],
                bytes_in=int(values[_IN]),
                bytes_out=int(values[_OUT]),
            )
            for (method, outcome), values in counted.items()
        ]
