"""What a rank says of itself, once an interval."""

from __future__ import annotations

import time

from vllm_bridge._generated import control_pb2
from vllm_bridge.rank.handler import RankState


class Heartbeats:
    """Made by the thread that reads the control connection: a stopped rank sends none."""

    def __init__(self, state: RankState) -> None:
        self._state = state

    def next(self) -> control_pb2.Heartbeat:
        """The state now, and the counts since the one before."""
        state, now = self._state, time.monotonic()
        running = state.journal.running()
        return control_pb2.Heartbeat(
            running=None
            if running is None
            else control_pb2.RunningCall(
                session_id=running.session_id,
                call_id=running.call_id,
                method=running.method,
                running_s=now - running.started_at,
                overdue_s=running.overdue_s(now),
            ),
            queued=max(len(state.journal) - (running is not None), 0),
            sessions=len(state.sessions),
            objects=state.sessions.objects(),
            counts=state.counts.take(),
            gate=state.gate.counts.take() if state.gate is not None else (),
        )
