"""A call of this rank while it waits at the gate, and what the gate needs of the rank's record."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from vllm_bridge._generated import control_pb2, types_pb2
from vllm_bridge.transport.metadata import RunLabel

if TYPE_CHECKING:
    from vllm_bridge.gate.facts import Facts  # imports torch


class Record(Protocol):
    """What the gate reads and writes of a call's record; see `rank.journal.Record`."""

    session_id: str
    call_id: str
    queued_at: float
    deadline: float
    gone_at: float
    pending: PendingCall | None
    refusal: types_pb2.ErrorDetail | None
    run: RunLabel
    awaits_turn: bool
    nears_gate: bool
    leaving: str
    ending: Callable[[], None] | None


class PendingCall:
    """One call that waits at the gate."""

    def __init__(self, ticket: int, facts: Facts, record: Record, rank: int) -> None:
        self.ticket = ticket
        self.facts = facts
        self._record = record
        self._rank = rank
        self.at_gate = time.monotonic()
        # When it was let through.
        self.gated_at = 0.0
        self.waiting = not facts.eager
        # Whether the pool knows of it, whether somebody waits for that, and why it was withdrawn.
        self.at_pool = False
        self.hurried = False
        self.leaving = ""
        self._verdict: control_pb2.Verdict | None = None
        self._held = threading.Lock()
        self._held.acquire()

    def wait(self) -> control_pb2.Verdict | None:
        """Block until there is a verdict; None when the pool has gone without one."""
        self._held.acquire()
        return self._verdict

    def go(self) -> None:
        """The members have let it through by themselves."""
        self.gated_at = time.monotonic()
        self.waiting = False

    def settle(self, verdict: control_pb2.Verdict | None) -> None:
        """The verdict is there. Called once."""
        self._verdict = verdict
        self.waiting = False
        if verdict is not None and verdict.go:
            self.gated_at = time.monotonic()
        elif verdict is not None:
            # Noted before the executor wakes, so that every later reader sees it.
            self._record.refusal = refusal_of(verdict.refusal, self._rank, self._record)
        self._held.release()


def refusal_of(detail: types_pb2.ErrorDetail, rank: int, record: Record) -> types_pb2.ErrorDetail:
    """What the pool said, as the refusal of this call."""
    said = types_pb2.ErrorDetail()
    said.CopyFrom(detail)
    said.rank = rank
    said.call_id = record.call_id
    return said
