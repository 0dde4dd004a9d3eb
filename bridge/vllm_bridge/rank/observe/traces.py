"""The calls of a rank that are part of a trace, for the pool to export.

The executor only notes a call; the thread that sends heartbeats makes the message. Neither needs
OpenTelemetry.
"""

from __future__ import annotations

import time
from collections import deque
from typing import NamedTuple

from vllm_bridge._generated import control_pb2
from vllm_bridge.rank.journal import Record
from vllm_bridge.transport.trace_parent import sampled

MOST = 2_048
"""Calls between two heartbeats: telling of more would hold up those that run."""


class _Ended(NamedTuple):
    record: Record
    # Its `traceparent`, as it came.
    parent: str
    outcome: str
    ended: float


class Traces:
    """What has ended since the last heartbeat."""

    def __init__(self) -> None:
        self._ended: deque[_Ended] = deque()
        self._dropped = 0

    def add(self, record: Record, parent: str, outcome: str) -> None:
        """A call has ended, however."""
        if len(self._ended) < MOST:
            self._ended.append(_Ended(record, parent, outcome, time.monotonic()))
        else:
            self._dropped += 1

    def take(self) -> control_pb2.Spans | None:
        """What there is; None where that is nothing. For one thread."""
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        dropped, self._dropped = self._dropped, 0
        if not ended and not dropped:
            return None
        ahead_ns = time.time_ns() - time.monotonic_ns()
        made = (_span(each, ahead_ns) for each in ended)
        calls = [span for span in made if span is not None]
        return control_pb2.Spans(calls=calls, dropped=dropped) if calls or dropped else None


def _span(ended: _Ended, ahead_ns: int) -> control_pb2.CallSpan | None:
    """None: its trace is not sampled."""
    parent = sampled(ended.parent)
    if parent is None:
        return None
    record, pending = ended.record, ended.record.pending

    def unix_ns(when: float) -> int:
        return int(when * 1e9) + ahead_ns if when else 0

    span = control_pb2.CallSpan(
        trace_id=parent.trace_id,
        parent_id=parent.span_id,
        method=record.method,
        session_id=record.session_id,
        call_id=record.call_id,
        queued_ns=unix_ns(record.queued_at),
        started_ns=unix_ns(record.started_at),
        ended_ns=unix_ns(ended.ended),
        outcome=ended.outcome,
    )
    if pending is not None and not pending.facts.eager:
        span.group = pending.facts.group.key
        span.operation = pending.facts.operation
        span.at_gate_ns = unix_ns(pending.at_gate)
        span.gated_ns = unix_ns(pending.gated_at)
    return span
