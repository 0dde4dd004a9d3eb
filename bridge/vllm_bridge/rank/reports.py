"""What a rank says of itself: once an interval, and of its threads to people who ask."""

from __future__ import annotations

import sys
import threading
import time
import traceback

from vllm_bridge._generated import control_pb2, rank_pb2
from vllm_bridge.rank.executor import THREAD_NAME
from vllm_bridge.rank.handler import RankState

MAX_FRAMES = 60
"""Of one thread; the innermost ones."""


class Heartbeats:
    """From the thread that reads the control connection: a stopped rank sends no heartbeat."""

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


def thread_stacks() -> list[rank_pb2.ThreadStack]:
    """The Python stack of every thread but the asking one, the executor's first."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    own = threading.get_ident()
    stacks = [
        rank_pb2.ThreadStack(
            thread=names.get(ident, f"thread {ident}"),
            frames=[
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_stack(top)[-MAX_FRAMES:]
            ],
        )
        for ident, top in sys._current_frames().items()
        if ident != own
    ]
    return sorted(stacks, key=lambda stack: not stack.thread.startswith(THREAD_NAME))
