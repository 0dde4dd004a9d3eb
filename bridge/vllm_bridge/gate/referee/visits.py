"""Who comes to the gate, with what, and what is decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vllm_bridge._generated import control_pb2
from vllm_bridge.metadata import NO_RUN, RunLabel

if TYPE_CHECKING:
    from vllm_bridge.gate.referee.meetings import Meeting


Holder = Callable[[str, int, int], str]
"""Who has, or had, the turn of that number on that epoch of that world; "" when nobody knows."""


def nobody(world_id: str, epoch: int, number: int) -> str:
    """The holder of turns that nobody names."""
    return ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A rank, as the pool names it. Empty `rank_id`: a member that has not come to the gate yet."""

    rank_id: str
    # Empty outside a world.
    world_id: str = ""
    epoch: int = 0
    # Global rank in its world; None outside a world.
    rank: int | None = None
    # How messages call it where its rank number does not say enough.
    name: str = ""


@dataclass(slots=True)
class Decision:
    """A verdict, and the rank it is for."""

    visitor: Visitor
    ticket: int
    verdict: control_pb2.Verdict
    # Seconds it stood at the gate.
    waited_s: float

    @property
    def outcome(self) -> str:
        """ "go", or the reason of the refusal."""
        return "go" if self.verdict.go else self.verdict.refusal.reason


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that stands at the gate, for diagnosis and metrics."""

    visitor: Visitor
    ticket: int
    group: str
    operation: str
    # e.g. "all_reduce on tp:0".
    call: str
    # The number it would get if it started next.
    sequence: int
    session_id: str
    call_id: str
    # When it came to the gate, in the clock of the referee.
    since: float
    waited_s: float
    # Who has not come, e.g. "rank 1".
    missing: list[str]
    # e.g. "waits in all_reduce on tp:0 for rank 1".
    clause: str


@dataclass(slots=True)
class LastCall:
    """The call of a rank that was let through last."""

    ticket: int
    operation: str
    group: str
    # When it ended; None while it runs.
    ended: float | None = None
    ok: bool = True


@dataclass(eq=False, slots=True)
class Caller:
    """What the referee knows of a rank that has come to the gate."""

    visitor: Visitor
    # Where it waits: one place at most, since a rank runs one call at a time.
    visit: Visit | None = None
    last: LastCall | None = None


@dataclass(eq=False, slots=True)
class Visit:
    """One call at the gate."""

    caller: Caller
    ticket: int
    meeting: Meeting
    # Its place in the meeting.
    lane: int
    operation: str
    parts: dict[str, str]
    # It does not wait: it has gone ahead, and the others meet it later.
    eager: bool
    # When it came to the gate, when it came to its rank, and when it must have an answer.
    entered: float
    arrived: float
    deadline: float | None
    # When it came to the gate of its rank, where its members wait for a moment by themselves.
    stood: float
    session_id: str = ""
    call_id: str = ""
    # Of its tensor, for people; not compared.
    shape: str = ""
    # Of its world.
    run: RunLabel = NO_RUN
    settled: bool = False

    def overlaps(self, other: Visit) -> bool:
        """Whether the two are of different runs of one world, so that they must never meet."""
        ours, theirs = self.caller.visitor, other.caller.visitor
        return (
            self.run != other.run
            and ours.world_id == theirs.world_id != ""
            and ours.epoch == theirs.epoch
        )

    def expired_by(self, other: Visit) -> bool:
        """Whether it is of a run of the other's world whose turn was over when the other's came."""
        return 0 < self.run.turn < other.run.turn and self.overlaps(other)

    def agrees(self, other: Visit) -> bool:
        """Whether the two are sides of the same call."""
        if self.parts != other.parts:
            return False
        # The two sides of a point-to-point call have names of their own.
        return self.meeting.pairwise or self.operation == other.operation
