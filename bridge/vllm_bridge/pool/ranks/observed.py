"""What a rank has told of itself in its heartbeats: the latest calls, their rates, its memory."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from vllm_bridge._generated import control_pb2, pool_pb2, rank_pb2
from vllm_bridge.pool.observe.model.activity import wall
from vllm_bridge.pool.observe.model.traffic import RECENT_SECONDS, Seconds

KEEP_ENDED = 40
"""Calls of a rank that are remembered for its time line."""


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call, and the Unix time that the seconds in it count back from."""

    told_at: float
    call: rank_pb2.CallRecord


class Observed:
    """Of one rank."""

    def __init__(self) -> None:
        self.memory = rank_pb2.MemoryInfo()
        # Oldest first; and how many there have been in all.
        self.ended: deque[EndedCall] = deque(maxlen=KEEP_ENDED)
        self.ended_total = 0
        self._seconds = Seconds(RECENT_SECONDS + 1)

    def take(self, heartbeat: control_pb2.Heartbeat) -> None:
        """Take in what a heartbeat says."""
        if heartbeat.HasField("memory"):
            self.memory = heartbeat.memory
        self._seconds.add(heartbeat.counts, time.monotonic())
        now = wall()
        for call in reversed(heartbeat.ended):
            self.ended.append(EndedCall(now, call))
            self.ended_total += 1

    def rates(self) -> pool_pb2.Rates:
        """Of its calls."""
        return self._seconds.rates(time.monotonic())
