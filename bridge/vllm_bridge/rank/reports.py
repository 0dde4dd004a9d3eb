"""What a rank says of itself: once an interval, and of its threads to people who ask."""

from __future__ import annotations

import resource
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

from vllm_bridge._generated import control_pb2, rank_pb2
from vllm_bridge.rank.executor import THREAD_NAME
from vllm_bridge.rank.handler import RankState
from vllm_bridge.rank.journal import Record, State

MAX_FRAMES = 60
"""Of one thread; the innermost ones."""


_STATES = {
    State.QUEUED: rank_pb2.QUEUED,
    State.RUNNING: rank_pb2.RUNNING,
    State.FINISHED: rank_pb2.FINISHED,
    State.WITHDRAWN: rank_pb2.WITHDRAWN,
}

_MEMORY = Path("/proc/self/statm")


class Heartbeats:
    """From the thread that reads the control connection: a stopped rank sends no heartbeat."""

    def __init__(self, state: RankState) -> None:
        self._state = state
        # When the latest call ended that was told of.
        self._told = 0.0

    def next(self) -> control_pb2.Heartbeat:
        """The state now, and the counts and the latest calls since the one before."""
        state, now = self._state, time.monotonic()
        running = state.journal.running()
        latest = state.journal.latest()
        ended = [record for record in latest if record.ended_at > self._told]
        if ended:
            self._told = ended[0].ended_at
        return control_pb2.Heartbeat(
            running=None if running is None else _running(running, now),
            ended=[call_record(record, now) for record in ended],
            memory=memory(),
            queued=max(len(state.journal) - (running is not None), 0),
            sessions=len(state.sessions),
            objects=state.sessions.objects(),
            counts=state.counts.take(),
            gate=state.gate.counts.take() if state.gate is not None else (),
        )


def call_record(record: Record, now: float) -> rank_pb2.CallRecord:
    """A call of the journal as it is at this moment, of `time.monotonic`."""
    pending = record.pending
    state = _STATES[record.state]
    if record.refusal is not None:
        state = rank_pb2.WITHDRAWN
    message = rank_pb2.CallRecord(
        call_id=record.call_id,
        session_id=record.session_id,
        method=record.method,
        state=state,
        queued_s=now - record.queued_at,
        running_s=_since(record.started_at, now),
        ended_s=_since(record.ended_at, now),
        overdue_s=record.overdue_s(now),
        sequence=record.sequence,
    )
    if pending is not None:
        message.group = pending.facts.group.key
        message.operation = pending.facts.operation
        message.parts = str(pending.facts)
        message.at_gate_s = _since(pending.at_gate, now)
        message.gated_s = _since(pending.gated_at, now)
    return message


def _running(record: Record, now: float) -> control_pb2.RunningCall:
    call = call_record(record, now)
    return control_pb2.RunningCall(
        session_id=call.session_id,
        call_id=call.call_id,
        method=call.method,
        running_s=call.running_s,
        overdue_s=call.overdue_s,
        group=call.group,
        operation=call.operation,
        parts=call.parts,
        at_gate_s=call.at_gate_s,
        gated_s=call.gated_s,
    )


def _since(when: float, now: float) -> float:
    return now - when if when else 0.0


def memory() -> rank_pb2.MemoryInfo:
    """What this process has of the machine's memory and of its device's."""
    found = rank_pb2.MemoryInfo()
    try:
        pages = [int(number) for number in _MEMORY.read_text().split()]
    except (OSError, ValueError):
        return found  # a confined rank of another launcher, without /proc
    size = resource.getpagesize()
    found.resident, found.anonymous = pages[1] * size, (pages[1] - pages[2]) * size
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        # Without its device a heartbeat says less; without it the rank would be killed.
        with suppress(RuntimeError):
            found.device_allocated = torch.cuda.memory_allocated()
            found.device_reserved = torch.cuda.memory_reserved()
    return found


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
