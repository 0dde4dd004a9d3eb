"""The referee: calls of one run never meet those of another, nor calls outside any run."""

from __future__ import annotations

import random
import time

import pytest
from referee_gate import Gate, in_world, standalone

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.gate.referee import Referee

R0, R1, R2 = (in_world(rank) for rank in range(3))

USABLE = "No rank entered; the world is usable."


@pytest.fixture
def gate() -> Gate:
    gate = Gate()
    gate.referee = Referee(lambda: gate.now, lambda world, epoch, number: f"holder {number}")
    return gate


def test_the_later_runs_call_stays_and_the_earlier_ones_is_refused(gate: Gate) -> None:
    early = gate.enter(R0, "all_reduce", run=(3, 0))
    late = gate.enter(R1, "all_reduce", run=(4, 0))
    assert (gate.outcome(early), gate.outcome(late)) == ("run_overlap", "waits")
    refusal = gate.verdicts[early].refusal
    assert BridgeError.from_detail(refusal).category is Category.POOL
    assert refusal.message == (
        "all_reduce on tp:0 (call 1) did not start: it is part of run 3 (holder 3), and all_reduce "
        "on tp:0 of rank 1 part of run 4 (holder 4) of w. Calls of different runs never meet. Make "
        f"the call within the run that is meant. {USABLE}"
    )
    right = gate.enter(R0, "all_reduce", run=(4, 0))
    assert gate.went(late, right)


@pytest.mark.parametrize("outside_first", [True, False])
def test_a_call_outside_any_run_gives_way_whichever_is_first(
    gate: Gate, outside_first: bool
) -> None:
    def outside() -> int:
        return gate.enter(R0, "all_reduce", shape=[1])

    def inside() -> int:
        return gate.enter(R1, "all_reduce", run=(7, 0), shape=[2])

    if outside_first:
        bare, run = outside(), inside()
    else:
        run, bare = inside(), outside()
    assert (gate.outcome(bare), gate.outcome(run)) == ("run_overlap", "waits")
    assert "it is part of no run, and" in gate.verdicts[bare].refusal.message
    assert "when no run has its turn" in gate.verdicts[bare].refusal.message
    assert gate.went(run, gate.enter(R0, "all_reduce", run=(7, 0), shape=[2]))


def test_calls_outside_any_run_meet_each_other(gate: Gate) -> None:
    assert gate.went(gate.enter(R0, "barrier"), gate.enter(R1, "barrier"))


def test_the_counterpart_that_comes_late_hears_of_the_run_and_not_of_a_missing_member(
    gate: Gate,
) -> None:
    bare = gate.enter(R0, "barrier")
    run = gate.enter(R1, "barrier", run=(1, 0))
    # Its counterpart waits in rank 1 behind the run's call, and comes when that is over.
    gate.now += 1
    assert gate.went(run, gate.enter(R0, "barrier", run=(1, 0)))
    late = gate.enter(R1, "barrier", queued=2.0)
    assert (gate.outcome(bare), gate.outcome(late)) == ("run_overlap", "run_overlap")
    # One that came after that is a fresh one; and the run is no part of any of this.
    fresh = gate.enter(R1, "barrier", queued=0.5)
    assert gate.outcome(fresh) == "waits"
    assert gate.went(fresh, gate.enter(R0, "barrier"))


def test_the_end_of_an_outside_attempt_is_not_the_runs(gate: Gate) -> None:
    members = (0, 1, 2)
    bare = gate.enter(R0, "barrier", members=members)
    first = gate.enter(R1, "barrier", members=members, run=(2, 0))
    assert gate.outcome(bare) == "run_overlap"
    # Queued before that, and yet not late: it is another run's that was refused.
    second = gate.enter(R2, "barrier", members=members, run=(2, 0), queued=5.0)
    third = gate.enter(R0, "barrier", members=members, run=(2, 0), queued=5.0)
    assert gate.went(first, second, third)


def test_a_run_inside_of_another_does_not_mix_with_it(gate: Gate) -> None:
    outer = gate.enter(R0, "all_reduce", run=(5, 0))
    inner = gate.enter(R1, "all_reduce", run=(5, 1))
    assert (gate.outcome(outer), gate.outcome(inner)) == ("run_overlap", "waits")
    assert "run 5.1 (holder 5)" in gate.verdicts[outer].refusal.message
    assert gate.went(inner, gate.enter(R0, "all_reduce", run=(5, 1)))


def test_a_wait_across_groups_costs_the_outside_call_and_not_the_run(gate: Gate) -> None:
    bare = gate.enter(R0, "barrier", "world:0")
    run = gate.enter(R1, "all_reduce", run=(9, 0))
    assert (gate.outcome(bare), gate.outcome(run)) == ("run_overlap", "waits")
    assert gate.went(run, gate.enter(R0, "all_reduce", run=(9, 0)))
    # Within one run that is a deadlock, as ever.
    gate.enter(R0, "barrier", "world:0", run=(9, 0))
    assert gate.outcome(gate.enter(R1, "all_reduce", run=(9, 0))) == "deadlock"


def test_a_group_of_the_same_name_with_other_members(gate: Gate) -> None:
    bare = gate.enter(R0, "barrier", members=(0, 1))
    run = gate.enter(R1, "barrier", members=(1, 0), run=(9, 0))
    assert (gate.outcome(bare), gate.outcome(run)) == ("run_overlap", "waits")


def test_what_an_earlier_run_sent_is_not_received_in_a_later_one(gate: Gate) -> None:
    gate.enter(R0, "isend", to=1, eager=True, run=(1, 0))
    outside = gate.enter(R1, "recv", of=0)
    assert gate.outcome(outside) == "run_overlap"
    assert "the next run drops what this one has left" in gate.verdicts[outside].refusal.message
    receive = gate.enter(R1, "recv", of=0, run=(2, 0))
    assert gate.outcome(receive) == "waits"
    gate.enter(R0, "isend", to=1, eager=True, run=(2, 0))
    assert gate.outcome(receive) == "go"


def test_what_a_later_run_sends_ends_the_wait_of_an_earlier_one(gate: Gate) -> None:
    receive = gate.enter(R1, "recv", of=0, run=(1, 0))
    gate.enter(R0, "isend", to=1, eager=True, run=(2, 0))
    assert gate.outcome(receive) == "run_overlap"
    assert gate.went(gate.enter(R1, "recv", of=0, run=(2, 0)))


def test_turns_of_different_worlds_are_not_compared(gate: Gate) -> None:
    one, other = in_world(0, "v"), in_world(0, "w")
    for number, member in enumerate((one, other)):
        gate.create(member, "met here", number, 2)
    first = gate.enter(one, "barrier", "met here", (), number=0, size=2, run=(3, 0))
    second = gate.enter(other, "barrier", "met here", (), number=1, size=2, run=(8, 0))
    assert gate.went(first, second)


def test_ranks_outside_worlds_have_no_runs(gate: Gate) -> None:
    one, other = standalone(0), standalone(1)
    for number, member in enumerate((one, other)):
        gate.create(member, "met here", number, 2)
    first = gate.enter(one, "barrier", "met here", (), number=0, size=2)
    assert gate.went(first, gate.enter(other, "barrier", "met here", (), number=1, size=2))


def test_random_runs_and_calls_outside_never_meet() -> None:
    """Two ranks that make calls of runs, in turn, and of others, in between and in any order."""
    begin = time.monotonic()
    seed = 0
    while time.monotonic() - begin < 1.0:
        seed += 1
        draw = random.Random(seed)
        gate = Gate()
        queues: tuple[list[tuple[int, int]], ...] = ([], [])
        for turn in range(1, 5):
            for queue in queues:
                queue += [(turn, 0)] * 3
        for queue in queues:
            for _ in range(draw.randrange(4)):
                queue.insert(draw.randrange(len(queue)), (0, 0))
        asked: dict[int, tuple[int, int]] = {}
        standing: list[int | None] = [None, None]
        while any(queues) or any(
            ticket is not None and gate.outcome(ticket) != "waits" for ticket in standing
        ):
            rank = draw.randrange(2)
            ticket = standing[rank]
            if ticket is not None and gate.outcome(ticket) == "waits":
                if all(each is not None and gate.outcome(each) == "waits" for each in standing):
                    raise AssertionError(f"seed {seed}: both wait for ever")
                if not queues[1 - rank]:
                    break  # the last call has no counterpart
                continue
            standing[rank] = None
            if queues[rank]:
                run = queues[rank].pop(0)
                standing[rank] = gate.enter((R0, R1)[rank], "all_reduce", run=run)
                asked[standing[rank] or 0] = run
        together: dict[int, list[tuple[int, int]]] = {}
        for ticket, verdict in gate.verdicts.items():
            if verdict.go:
                together.setdefault(verdict.sequence, []).append(asked[ticket])
            elif verdict.refusal.reason == "run_overlap":
                assert asked[ticket] == (0, 0), f"seed {seed}"
        for runs in together.values():
            assert len(set(runs)) == 1, f"seed {seed}"


def test_messages_of_a_run_that_is_over_are_passed_by(gate: Gate) -> None:
    for size in (1, 2):
        gate.enter(R0, "isend", to=1, eager=True, kind="object", size_=size, run=(7, 0))
    gate.enter(R0, "isend", to=1, eager=True, kind="tensor_dict", run=(8, 0))
    receive = gate.enter(R1, "recv", of=0, kind="tensor_dict", run=(8, 0))
    assert gate.outcome(receive) == "go"
    # One that comes after the receiver of a later run.
    waiting = gate.enter(R1, "recv", of=0, kind="object", run=(9, 0))
    gate.enter(R0, "isend", to=1, eager=True, kind="object", run=(8, 0))
    assert gate.outcome(waiting) == "waits"
    gate.enter(R0, "isend", to=1, eager=True, kind="object", run=(9, 0))
    assert gate.outcome(waiting) == "go"
