"""What a rank has been asked to do: its queue, its running call, and the last ones it finished.

Read beside the executor, so it answers while the rank is stuck in a call.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice

from vllm_bridge._generated import types_pb2
from vllm_bridge.gate.pending import PendingCall
from vllm_bridge.transport.metadata import NO_RUN, RunLabel

KEEP_FINISHED = 1_000
"""Ended calls remembered, so that a late question about one still has an answer."""

LATEST = 20
"""Ended calls that inspection lists. A recording has all that are remembered."""


class State(Enum):
    """How far a call got. WITHDRAWN calls never ran and never will."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    WITHDRAWN = "withdrawn"


@dataclass(eq=False)
class Record:
    """One call. Times are of `time.monotonic`; 0 for what has not come to pass."""

    session_id: str
    call_id: str
    method: str
    state: State = State.QUEUED
    # Number among all calls of the rank.
    sequence: int = 0
    queued_at: float = field(default_factory=time.monotonic)
    started_at: float = 0.0
    ended_at: float = 0.0
    # Its deadline; and when its caller went away.
    deadline: float = 0.0
    gone_at: float = 0.0
    # Its stand at the gate; and what the gate said where it refused.
    pending: PendingCall | None = None
    refusal: types_pb2.ErrorDetail | None = None
    # The run that it is part of; and whether it has not begun, since its turn has not come.
    run: RunLabel = NO_RUN
    awaits_turn: bool = False
    # Whether it may still come to the gate; and why it is refused there when it comes.
    nears_gate: bool = False
    leaving: str = ""
    # Its `traceparent`; empty where nobody wants to know.
    parent: str = ""
    # What the executor does last, after the answer.
    ending: Callable[[], None] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What a client knows the call by."""
        return (self.session_id, self.call_id)

    def overdue_s(self, now: float) -> float:
        """How long it has been running since its deadline passed or its caller went away."""
        pending = self.pending
        if self.state is not State.RUNNING or (pending is not None and pending.waiting):
            return 0.0
        since = [when for when in (self.deadline, self.gone_at) if when]
        return max(now - min(since), 0.0) if since else 0.0


class Journal:
    """The rank's calls. One lock decides between starting a call and withdrawing it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: OrderedDict[int, Record] = OrderedDict()
        self._ended: OrderedDict[tuple[str, str], Record] = OrderedDict()
        self._latest: deque[Record] = deque(maxlen=KEEP_FINISHED)
        self._sequence = 0

    def __len__(self) -> int:
        return len(self._active)

    def queue(self, record: Record) -> None:
        """A call has arrived and waits for the executor."""
        with self._lock:
            self._sequence += 1
            record.sequence = self._sequence
            self._active[id(record)] = record

    def start(self, record: Record) -> bool:
        """Claim the call for execution; False when it was withdrawn first."""
        with self._lock:
            if record.state is not State.QUEUED:
                return False
            record.state = State.RUNNING
            record.started_at = time.monotonic()
            return True

    def end(self, record: Record) -> None:
        """The call is over: finished if it ran, withdrawn if it never did. May be said twice."""
        with self._lock:
            if record.ended_at:
                return
            self._active.pop(id(record), None)
            if record.state is State.RUNNING and record.refusal is None:
                record.state = State.FINISHED
            else:
                record.state = State.WITHDRAWN
            record.ended_at = time.monotonic()
            self._latest.appendleft(record)
            if record.call_id:
                self._ended[record.key] = record
                if len(self._ended) > KEEP_FINISHED:
                    self._ended.popitem(last=False)

    def withdraw(self, session_id: str, call_id: str) -> Record | None:
        """Take a queued call out; returns the call in its state after that, None if unknown."""
        with self._lock:
            for record in self._active.values():
                if record.key == (session_id, call_id):
                    if record.state is State.QUEUED:
                        record.state = State.WITHDRAWN
                    return record
            return self._ended.get((session_id, call_id))

    def active(self) -> list[Record]:
        """The running call and the queue, in order."""
        with self._lock:
            return list(self._active.values())

    def running(self) -> Record | None:
        """The call that the executor is on."""
        with self._lock:
            first = next(iter(self._active.values()), None)
        return first if first is not None and first.state is State.RUNNING else None

    def latest(self, most: int = LATEST) -> list[Record]:
        """The latest calls that have ended, newest first."""
        with self._lock:
            return list(islice(self._latest, most))
