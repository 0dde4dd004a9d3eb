"""What arrives at the gate, and what is decided about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vllm_bridge._generated import control_pb2

Holder = Callable[[str, int, int], str]
"""Who has, or had, the turn of that number on that epoch of that world; "" when nobody knows."""


def nobody(world_id: str, epoch: int, number: int) -> str:
    """The holder of turns that nobody names."""
    return ""


@dataclass(frozen=True, slots=True)
class Member:
    """A rank, as the pool names it. Empty `rank_id`: a member that has not arrived yet."""

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

    member: Member
    ticket: int
    verdict: control_pb2.Verdict
    # Seconds it waited at the gate.
    waited_s: float

    @property
    def outcome(self) -> str:
        """ "go", or the reason of the refusal."""
        return "go" if self.verdict.go else self.verdict.refusal.reason


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that waits at the gate, for diagnosis and metrics."""

    member: Member
    ticket: int
    group: str
    operation: str
    # e.g. "all_reduce on tp:0".
    call: str
    # The number it would get if it started next.
    sequence: int
    session_id: str
    call_id: str
    # When it arrived at the gate, in the clock of the referee.
    since: float
    waited_s: float
    # Members that have not arrived, e.g. "rank 1".
    missing: list[str]
    # e.g. "waits in all_reduce on tp:0 for rank 1".
    clause: str
    # Those members as ranks of its world, where they are some.
    missing_ranks: list[int]


@dataclass(slots=True)
class LastCall:
    """The call of a rank that was let through last."""

    ticket: int
    operation: str
    group: str
    # When it ended; None while it runs.
    ended: float | None = None
    ok: bool = True
