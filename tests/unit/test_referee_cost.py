"""What a call at the gate costs the pool, in steps of the interpreter: other programs do not change
the number."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from referee_gate import Gate, in_world


def steps_per_rank(size: int, *, waiting_elsewhere: bool, calls: int = 2) -> float:
    gate = Gate()
    members, steps = range(size), 0

    def count(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return count

    if waiting_elsewhere:
        gate.enter(in_world(0, "other"), "barrier")
    for rank in members:  # the group is known
        gate.enter(in_world(rank), "barrier", members=members)
    previous = sys.gettrace()
    for _ in range(calls):
        sys.settrace(count)
        try:
            tickets = [
                gate.enter(in_world(rank), "all_reduce", members=members, run=(3, 0))
                for rank in members
            ]
        finally:
            sys.settrace(previous)
        assert gate.went(*tickets)
    return steps / calls / size


@pytest.mark.parametrize("waiting_elsewhere", [False, True])
def test_a_call_costs_the_same_for_2_and_for_64_ranks(waiting_elsewhere: bool) -> None:
    few = steps_per_rank(2, waiting_elsewhere=waiting_elsewhere)
    many = steps_per_rank(64, waiting_elsewhere=waiting_elsewhere)
    assert 0 < many <= 1.1 * few
