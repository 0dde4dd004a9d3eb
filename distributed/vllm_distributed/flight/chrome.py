"""Operations as events of the Chrome trace format, which Perfetto and chrome://tracing open.

The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from vllm_distributed.flight.records import Entry

__all__ = ["Clock", "events"]

Event = dict[str, Any]


class Clock:
    """Microseconds since 1970 for times of `time.monotonic_ns`, all by one look at both clocks."""

    def __init__(self) -> None:
        self.now_ns = time.monotonic_ns()
        self.ahead_ns = time.time_ns() - self.now_ns

    def us(self, monotonic_ns: int) -> float:
        """When that was."""
        return (monotonic_ns + self.ahead_ns) / 1000

    def lasted_us(self, started_ns: int, ended_ns: int) -> float:
        """From one to the other; to now where the other has not come."""
        return max((ended_ns or self.now_ns) - started_ns, 0) / 1000


def events(entries: Iterable[Entry], rank: int, clock: Clock, main_thread: int = 0) -> list[Event]:
    """One event for each, on the track of the rank, which is thread `rank` of process 1.

    Operations of other threads than `main_thread` (0: of that of the first one) are on tracks of
    their own, for events of one track must lie within each other.
    """
    made, tracks = [], {main_thread: rank} if main_thread else {}
    for entry in entries:
        track = tracks.setdefault(entry.thread, rank if not tracks else (len(tracks) << 20) + rank)
        args: dict[str, Any] = {
            "group": entry.group,
            "members": list(entry.members),
            "sequence": entry.sequence,
            "state": entry.state,
        }
        if entry.peers is not None:
            args["source"], args["destination"] = entry.peers
        if entry.dtype:
            args["dtype"], args["shape"] = entry.dtype, list(entry.shape)
        if entry.failure:
            args["failure"] = entry.failure
        made.append(
            {
                "name": f"{entry.operation} {entry.group}",
                "cat": "message" if entry.peers is not None else "collective",
                "ph": "X",
                "pid": 1,
                "tid": track,
                "ts": clock.us(entry.started_ns),
                "dur": clock.lasted_us(entry.started_ns, entry.ended_ns),
                "args": args,
            }
        )
    return [*_names(tracks.values(), rank), *made]


def _names(tracks: Iterable[int], rank: int) -> list[Event]:
    return [
        {
            "name": "thread_name",
            "ph": "M",
            "pid": 1,
            "tid": track,
            "args": {"name": f"rank {rank}" if track == rank else f"rank {rank}, another thread"},
        }
        for track in tracks
    ]
