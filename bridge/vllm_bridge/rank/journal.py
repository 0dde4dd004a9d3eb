"""What a rank has been asked to do: its queue, its running call, and the last ones it finished.

Read beside the executor, so it answers while the rank is stuck in a call.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum

KEEP_FINISHED = 1_000
"""Ended calls remembered, so that a late question about one still has an answer."""


class State(Enum):
    """How far a call got. WITHDRAWN calls never ran and never will."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    WITHDRAWN = "withdrawn"


@dataclass(eq=False)
class Record:
    """One call."""

    session_id: str
    call_id: str
    method: str
    state: State = State.QUEUED
    queued_at: float = field(default_factory=time.monotonic)
    started_at: float = 0.0

    @property
    def key(self) -> tuple[str, str]:
        """What a client knows the call by."""
        return (self.session_id, self.call_id)


class Journal:
    """The rank's calls. One lock decides between starting a call and withdrawing it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: OrderedDict[int, Record] = OrderedDict()
        self._ended: OrderedDict[tuple[str, str], Record] = OrderedDict()

    def __len__(self) -> int:
        return len(self._active)

    def queue(self, record: Record) -> None:
        """A call has arrived and waits for the executor."""
        with self._lock:
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
        """The executor has passed the call: finished if it ran, withdrawn if it never started."""
        with self._lock:
            self._active.pop(id(record), None)
            if record.state is State.RUNNING:
                record.state = State.FINISHED
            elif record.state is State.QUEUED:
                record.state = State.WITHDRAWN
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
