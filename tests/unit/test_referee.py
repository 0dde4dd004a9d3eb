"""The referee: what it decides, and what it says, word by word."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from referee_gate import Gate, in_world, standalone

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import Category
from vllm_bridge.gate.referee import Member, Referee, groups, rendezvous

R0, R1, R2, R3 = (in_world(rank) for rank in range(4))
USABLE = "No rank entered; the world is usable."


@pytest.fixture
def gate() -> Gate:
    return Gate()


# What goes


def test_the_last_member_lets_all_go_and_calls_are_numbered(gate: Gate) -> None:
    for number in (1, 2, 3):
        first = gate.enter(R0, "all_reduce", shape=[2])
        assert gate.outcome(first) == "waits"
        second = gate.enter(R1, "all_reduce", shape=[2])
        assert gate.went(first, second)
        assert {gate.verdicts[t].sequence for t in (first, second)} == {number}


def test_groups_of_one_name_with_other_members_are_apart(gate: Gate) -> None:
    low = gate.enter(R0, "all_reduce", members=(0, 1))
    high = gate.enter(R2, "barrier", members=(2, 3))
    other_high = gate.enter(R3, "barrier", members=(2, 3))
    assert gate.went(high, other_high)
    assert gate.outcome(low) == "waits"


def test_worlds_and_epochs_are_apart(gate: Gate) -> None:
    ticket = gate.enter(R0, "all_reduce")
    gate.enter(in_world(1, "v"), "all_reduce")
    assert gate.outcome(ticket) == "waits"


@pytest.mark.parametrize("sender_first", [True, False])
def test_point_to_point_meets_in_pairs(gate: Gate, sender_first: bool) -> None:
    members = (0, 1, 2)
    sides = [
        lambda: gate.enter(R0, "send", members=members, to=2, kind="tensor"),
        lambda: gate.enter(R2, "recv", members=members, of=0, kind="tensor"),
    ]
    tickets = [side() for side in (sides if sender_first else sides[::-1])]
    assert gate.went(*tickets)
    back = gate.enter(R2, "send", members=members, to=0, kind="tensor")
    assert gate.outcome(back) == "waits"


def test_eager_sends_wait_for_nobody_and_are_met_in_order(gate: Gate) -> None:
    for size in (1, 2, 3):
        ticket = gate.enter(R0, "isend", to=1, eager=True, kind="tensor", size_=size)
        assert ticket not in gate.verdicts
    for size in (1, 2):
        assert gate.went(gate.enter(R1, "recv", of=0, kind="tensor", size_=size))
    blocking = gate.enter(R0, "send", to=1, kind="tensor", size_=4)
    assert gate.outcome(blocking) == "waits"
    assert gate.went(gate.enter(R1, "recv", of=0, kind="tensor", size_=3))
    assert gate.outcome(blocking) == "waits"
    assert gate.went(gate.enter(R1, "recv", of=0, kind="tensor", size_=4), blocking)


def test_an_eager_side_that_comes_last_lets_the_other_go(gate: Gate) -> None:
    ticket = gate.enter(R1, "recv", of=0)
    gate.enter(R0, "isend", to=1, eager=True)
    assert gate.went(ticket)


def test_a_source_that_does_not_wait_is_met_by_all_others(gate: Gate) -> None:
    members = (0, 1, 2)
    for _ in range(2):
        gate.enter(R0, "broadcast_obj", members=members, eager=True, src=0)
    for _ in range(2):
        one = gate.enter(R1, "broadcast_obj", members=members, src=0)
        assert gate.outcome(one) == "waits"
        assert gate.went(one, gate.enter(R2, "broadcast_obj", members=members, src=0))


# Calls that the ranks let through by themselves


def test_calls_that_the_ranks_let_through_count_and_are_remembered(gate: Gate) -> None:
    gate.enter(R1, "barrier")
    assert gate.went(gate.enter(R0, "barrier"))
    done = control_pb2.Done(ticket=1000, ok=True, group="tp:0", operation="all_gather")
    gate.referee.passed(R1, done, 0.5)
    gate.now += 1
    ticket = gate.enter(R0, "all_reduce", sequence=8, timeout=1)
    gate.now += 1
    gate.expire()
    assert "(call 8)" in gate.error(ticket).message
    assert "rank 1, idle since all_gather on tp:0 finished 2.5 s ago" in gate.error(ticket).message
    # An older one changes nothing, and a number that is behind neither.
    gate.referee.passed(R1, control_pb2.Done(ticket=2, group="g", operation="x"), 0.0)
    ticket = gate.enter(R0, "all_reduce", sequence=2, timeout=1)
    gate.now += 1
    gate.expire()
    assert "(call 8)" in gate.error(ticket).message
    assert "idle since all_gather on tp:0" in gate.error(ticket).message


def test_what_passed_in_a_world_that_is_over_is_forgotten(gate: Gate) -> None:
    gate.referee.forget_world("w", 1)
    done = control_pb2.Done(ticket=1, ok=True, group="tp:0", operation="barrier")
    gate.referee.passed(R0, done, 0.0)
    assert not gate.referee.waiting("w")
    ticket = gate.enter(R0, "barrier")
    assert gate.error(ticket).reason == "withdrawn"


def test_who_came_with_those_that_differ_hears_of_the_difference(gate: Gate) -> None:
    members = (0, 1, 2)
    one = gate.enter(R0, "barrier", members=members)
    other = gate.enter(R1, "all_reduce", members=members)
    gate.now += 0.01
    third = gate.enter(R2, "barrier", members=members, queued=0.05)
    for ticket in (one, other, third):
        assert gate.error(ticket).reason == "collective_mismatch"
    assert "rank 0, rank 2 asked for barrier; rank 1 asked for all_reduce" in (
        gate.error(third).message
    )


def test_who_came_after_those_that_differ_waits_for_another_attempt(gate: Gate) -> None:
    members = (0, 1, 2)
    gate.enter(R0, "barrier", members=members)
    gate.enter(R1, "all_reduce", members=members)
    gate.now += 0.01
    assert gate.outcome(gate.enter(R2, "barrier", members=members)) == "waits"


# What does not, word by word


def test_message_of_a_missing_member(gate: Gate) -> None:
    for _ in range(11):
        gate.enter(R0, "barrier")
        done = gate.enter(R1, "barrier")
    gate.referee.done(R1, done, True)
    gate.now += 2.25
    ticket = gate.enter(R0, "all_reduce", timeout=4.95, queued=0.004)
    assert gate.referee.due() == pytest.approx(gate.now + 4.95)
    gate.now += 4.94
    gate.expire()
    assert gate.outcome(ticket) == "waits"
    gate.now += 0.011
    gate.expire()
    error = gate.error(ticket)
    assert error.message == (
        "all_reduce on tp:0 (call 12) timed out after 5.0 s before it started. Waiting: rank 0. "
        "Not arrived: rank 1, idle since barrier on tp:0 finished 7.2 s ago. " + USABLE
    )
    assert (error.category, error.reason) == (Category.TIMEOUT, "deadline_exceeded")
    assert (error.rank, error.call_id) == (0, f"call-{ticket}")
    assert error.details == {
        "world_id": "w",
        "group": "tp:0",
        "operation": "all_reduce",
        "sequence": 12,
        "waiting": [0],
        "missing": [1],
        "state": "gate",
        "ran": False,
    }
    assert gate.referee.due() is None


@pytest.mark.parametrize(
    ("told", "absent"),
    [
        ("", "rank 1, which has made no call on a group so far; rank 2, which waits in barrier on "
         "pp:0 for rank 3 since 5.0 s"),
        ("running Objects.call for 9.1 s", "rank 1, running Objects.call for 9.1 s; rank 2, which "
         "waits in barrier on pp:0 for rank 3 since 5.0 s"),
    ],
)  # fmt: skip
def test_message_says_what_each_absent_member_does(gate: Gate, told: str, absent: str) -> None:
    gate.enter(R2, "barrier", "pp:0", (2, 3))
    asked = []
    gate.now += 3
    ticket = gate.enter(R0, "all_reduce", members=(0, 1, 2), timeout=2.0, queued=1.0)
    gate.now += 2
    gate.expire(lambda member: asked.append((member.world_id, member.epoch, member.rank)) or told)
    assert gate.message(ticket) == (
        "all_reduce on tp:0 (call 1) timed out after 3.0 s before it started (1.0 s in the queue, "
        f"2.0 s at the gate). Waiting: rank 0. Not arrived: {absent}. {USABLE}"
    )
    assert asked == [("w", 1, 1)]


@pytest.mark.parametrize(
    ("ok", "ended", "clause"),
    [(True, True, "idle since recv on tp:0 finished 1.0 s ago"),
     (False, True, "idle since recv on tp:0 failed 1.0 s ago"),
     (True, False, "in recv on tp:0")],
)  # fmt: skip
def test_message_of_a_message_nobody_sends(gate: Gate, ok: bool, ended: bool, clause: str) -> None:
    gate.enter(R0, "send", to=1)
    last = gate.enter(R1, "recv", of=0)
    if ended:
        gate.referee.done(R1, last - 1, True)  # of another rank: no call of this one
        gate.referee.done(R1, last, ok)
    ticket = gate.enter(R0, "send", to=1, timeout=1.0)
    gate.now += 1
    gate.expire(None)
    assert gate.message(ticket) == (
        "send to rank 1 on tp:0 (call 2) timed out after 1.0 s before it started. Waiting: rank 0. "
        f"Not arrived: rank 1, {clause}. {USABLE}"
    )


MISMATCHES = {
    "operations": (
        lambda gate: [gate.enter(R0, "all_reduce"), gate.enter(R1, "broadcast", src=0)],
        "the calls on tp:0 (call 1) do not match: rank 0 asked for all_reduce; rank 1 asked for "
        "broadcast. Make the same calls in the same order on all members. " + USABLE,
    ),
    "one against two": (
        lambda gate: [
            gate.enter(R3, "gather", members=(0, 1, 3)),
            gate.enter(R1, "gather", members=(0, 1, 3)),
            gate.enter(R0, "barrier", members=(0, 1, 3)),
        ],
        "the calls on tp:0 (call 1) do not match: rank 0 asked for barrier; rank 1, rank 3 asked "
        "for gather. Make the same calls in the same order on all members. " + USABLE,
    ),
    "parts": (
        lambda gate: [
            gate.enter(R1, "all_reduce", dtype="float32", shape=[4]),
            gate.enter(R0, "all_reduce", dtype="float32", shape=[2, 3]),
        ],
        "all_reduce on tp:0 (call 1) does not match on all members: shape is [2, 3] on rank 0 and "
        "[4] on rank 1. Pass the same on all members. " + USABLE,
    ),
    "a part that one has not": (
        lambda gate: [gate.enter(R0, "reduce"), gate.enter(R1, "reduce", dst=1)],
        "reduce on tp:0 (call 1) does not match on all members: dst is not given on rank 0 and 1 "
        "on rank 1. Pass the same on all members. " + USABLE,
    ),
    "point to point": (
        lambda gate: [
            gate.enter(R1, "recv_object", of=0, kind="object"),
            gate.enter(R0, "send", to=1, kind="tensor"),
        ],
        "send to rank 1 on tp:0 (call 1) and recv_object on rank 1 do not match: kind is tensor on "
        "rank 0 and object on rank 1. Receive what the other side sends. " + USABLE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MISMATCHES)
def test_message_of_a_mismatch(gate: Gate, case: str) -> None:
    calls, message = MISMATCHES[case]
    tickets = calls(gate)
    for ticket in tickets:
        error = gate.error(ticket)
        assert (error.category, error.reason) == (Category.VALIDATION, "collective_mismatch")
        assert error.message == message
        assert error.details["ran"] is False
    assert not gate.referee.waiting()
    assert gate.went(gate.enter(R0, "all_reduce"), gate.enter(R1, "all_reduce"))


def test_members_who_differ_on_who_the_members_are(gate: Gate) -> None:
    first = gate.enter(R1, "all_reduce", members=(1, 2))
    second = gate.enter(R0, "all_reduce", members=(0, 1))
    for ticket in (first, second):
        assert gate.message(ticket) == (
            "all_reduce on tp:0 (call 1) does not match on all members: members is [0, 1] on rank "
            "0 and [1, 2] on rank 1. Pass the same on all members. " + USABLE
        )


def test_a_difference_is_seen_before_all_are_there_and_the_late_one_hears_of_it(gate: Gate) -> None:
    members = (0, 1, 2)
    refused = [
        gate.enter(R0, "all_reduce", members=members, shape=[1]),
        gate.enter(R1, "all_reduce", members=members, shape=[2]),
    ]
    assert {gate.outcome(ticket) for ticket in refused} == {"collective_mismatch"}
    gate.now += 0.5
    late = gate.enter(R2, "all_reduce", members=members, queued=0.6, shape=[2])
    assert gate.error(late).reason == "collective_mismatch"
    assert gate.message(late) == (
        "all_reduce on tp:0 (call 1) does not match on all members: shape is [1] on rank 0 and [2] "
        "on rank 2. Pass the same on all members. " + USABLE
    )
    assert gate.went(*[gate.enter(r, "barrier", members=members) for r in (R0, R1, R2)])


def test_an_eager_send_that_does_not_match_stays_to_be_received(gate: Gate) -> None:
    gate.enter(R0, "isend", to=1, eager=True, kind="tensor")
    wrong = gate.enter(R1, "recv_object", of=0, kind="object")
    assert gate.message(wrong) == (
        "isend to rank 1 on tp:0 (call 1) and recv_object on rank 1 do not match: kind is tensor "
        "on rank 0 and object on rank 1. Receive what the other side sends. Rank 0 had gone ahead "
        "without waiting, and that stays to be met; no other rank entered; the world is usable."
    )
    assert gate.went(gate.enter(R1, "recv", of=0, kind="tensor"))


def test_two_eager_sides_that_do_not_match_meet_on_their_way(gate: Gate) -> None:
    gate.enter(R0, "isend", to=1, eager=True, kind="tensor")
    gate.enter(R1, "irecv", of=0, eager=True, kind="object")
    assert not gate.verdicts
    one = gate.enter(R0, "send", to=1, kind="tensor")
    assert gate.outcome(one) == "waits"
    assert gate.went(one, gate.enter(R1, "recv", of=0, kind="tensor"))


def test_message_of_a_deadlock(gate: Gate) -> None:
    first = gate.enter(R0, "all_reduce", "tp:0")
    second = gate.enter(R1, "barrier", "pp:1")
    for ticket in (first, second):
        error = gate.error(ticket)
        assert error.message == (
            "deadlock: rank 1 waits in barrier on pp:1 for rank 0; rank 0 waits in all_reduce on "
            "tp:0 for rank 1. A rank runs one call at a time, so none of these could ever start. "
            "Make the calls in the same order on all ranks. " + USABLE
        )
        assert (error.category, error.reason) == (Category.VALIDATION, "deadlock")
    assert gate.went(gate.enter(R0, "barrier", "pp:1"), gate.enter(R1, "barrier", "pp:1"))


def test_a_circle_through_messages_and_larger_groups(gate: Gate) -> None:
    bystander = gate.enter(R3, "barrier", "world:0", (0, 1, 2, 3))
    ring = [
        gate.enter(R0, "send", "pp:0", (0, 1, 2), to=1),
        gate.enter(R1, "send", "pp:0", (0, 1, 2), to=2),
    ]
    assert all(gate.outcome(ticket) == "waits" for ticket in ring)
    ring.append(gate.enter(R2, "all_gather", "ep:0", (0, 2)))
    for ticket in ring:
        assert gate.message(ticket).startswith(
            "deadlock: rank 2 waits in all_gather on ep:0 for rank 0; rank 0 waits in send to rank "
            "1 on pp:0 for rank 1; rank 1 waits in send to rank 2 on pp:0 for rank 2. "
        )
    assert gate.outcome(bystander) == "waits"


def test_a_collective_against_a_message_in_the_same_group_is_a_deadlock(gate: Gate) -> None:
    tickets = [gate.enter(R0, "all_reduce"), gate.enter(R1, "recv", of=0)]
    assert {gate.outcome(ticket) for ticket in tickets} == {"deadlock"}


def test_a_call_taken_back(gate: Gate) -> None:
    ticket = gate.enter(R0, "all_reduce")
    gate.now += 0.04
    gate.leave(R1, ticket)  # no call of this rank
    gate.leave(R0, ticket)
    gate.leave(R0, ticket)  # the verdict is under way
    assert gate.outcome(ticket) == "withdrawn"
    assert gate.message(ticket) == (
        "all_reduce on tp:0 (call 1) was withdrawn after 40 ms at the gate: its caller has gone. "
        "Waiting: rank 0. Not arrived: rank 1, which has made no call on a group so far. " + USABLE
    )
    pair = [gate.enter(R0, "barrier"), gate.enter(R1, "barrier")]
    gate.leave(R0, pair[0])
    assert gate.went(*pair)


def test_the_late_counterpart_of_a_call_given_up_is_refused_once(gate: Gate) -> None:
    given_up = gate.enter(R0, "all_reduce", timeout=1.0)
    gate.now += 1
    gate.expire()
    assert gate.outcome(given_up) == "deadline_exceeded"
    gate.now += 1.5
    late = gate.enter(R1, "all_reduce", queued=1.6)
    error = gate.error(late)
    assert error.reason == "abandoned"
    assert error.message == (
        "all_reduce on tp:0 (call 1) came to the gate too late: its counterpart on rank 0 timed "
        "out 1.5 s before, when this call waited in its rank already. Make the call again on every "
        "member. " + USABLE
    )
    again = gate.enter(R1, "all_reduce", queued=1.6)
    assert gate.went(again, gate.enter(R0, "all_reduce"))


def test_a_call_made_after_the_other_was_given_up_is_a_fresh_one(gate: Gate) -> None:
    gate.enter(R0, "all_reduce", timeout=1.0)
    gate.now += 1
    gate.expire()
    gate.now += 1
    fresh = gate.enter(R1, "all_reduce", queued=0.9)
    assert gate.went(gate.enter(R0, "all_reduce"), fresh)


def test_each_attempt_is_reported_to_a_late_member_once(gate: Gate) -> None:
    members = (0, 1, 2)
    for timeout in (1.0, 2.0):
        gate.enter((R0, R1)[int(timeout) - 1], "gather", members=members, timeout=timeout)
    gate.now += 1
    gate.expire()  # rank 0 gives up, rank 1 waits on
    assert [waiting.missing for waiting in gate.referee.waiting()] == [["rank 0", "rank 2"]]
    gate.now += 1
    gate.expire()  # rank 1 gives up the same attempt
    gate.now += 1
    round_two = [gate.enter(rank, "gather", members=members, timeout=9) for rank in (R0, R1)]
    assert gate.outcome(gate.enter(R2, "gather", members=members, queued=5)) == "abandoned"
    assert gate.went(*round_two, gate.enter(R2, "gather", members=members, queued=5))


def test_who_was_told_of_an_attempt_is_not_told_again_when_more_give_it_up(gate: Gate) -> None:
    members = (0, 1, 2)
    gate.enter(R1, "gather", members=members, timeout=2.0)
    gate.enter(R0, "gather", members=members, timeout=1.0)
    gate.now += 1
    gate.expire()
    gate.now += 0.5
    assert gate.outcome(gate.enter(R2, "gather", members=members, queued=5)) == "abandoned"
    gate.now += 0.5
    gate.expire()
    gate.now += 0.5
    fresh = gate.enter(R2, "gather", members=members, queued=5)
    assert gate.went(fresh, *[gate.enter(rank, "gather", members=members) for rank in (R0, R1)])


def test_an_attempt_ends_when_it_goes_also_when_a_next_one_waits_behind_it(gate: Gate) -> None:
    members = (0, 1, 2)

    def put(member: Member, *, eager: bool = False, queued: float = 0.0) -> int:
        return gate.enter(member, "put", members=members, eager=eager, queued=queued)

    put(R0, eager=True)
    behind = put(R0)
    gate.leave(R1, put(R1))
    gate.now += 1
    assert gate.went(put(R1), put(R2))
    gate.now += 1
    gate.leave(R0, behind)
    gate.now += 1
    assert [gate.outcome(put(rank, queued=2)) for rank in (R1, R2)] == ["abandoned"] * 2


def test_the_others_keep_waiting_and_the_retry_meets_them(gate: Gate) -> None:
    members = (0, 1, 2)
    patient = gate.enter(R1, "gather", members=members)
    gate.leave(R0, gate.enter(R0, "gather", members=members))
    gate.now += 1
    rest = [gate.enter(rank, "gather", members=members) for rank in (R0, R2)]
    assert gate.went(patient, *rest)


def test_a_call_past_its_deadline_never_goes_even_when_the_timer_is_late(gate: Gate) -> None:
    one = gate.enter(R0, "barrier", timeout=1.0)
    gate.now += 1.2
    other = gate.enter(R1, "barrier", timeout=5.0)
    assert gate.outcome(one) == "deadline_exceeded"
    assert gate.outcome(other) == "waits"
    spent = gate.enter(R0, "barrier", timeout=0.0, queued=2.0)
    assert gate.message(spent) == (
        "barrier on tp:0 (call 1) timed out after 2.0 s before it started (2.0 s in the queue, 0 "
        "ms at the gate). Waiting: rank 0, rank 1. " + USABLE
    )


def test_a_death_refuses_who_waits_and_who_comes(gate: Gate) -> None:
    there = gate.enter(R0, "all_reduce")
    elsewhere = gate.enter(R2, "all_reduce", members=(2, 3))
    gate.died(R1, "rank 1 of w (pid 1) was killed by signal 9 (SIGKILL)")
    later = gate.enter(R0, "barrier", "dp:0", (0, 1, 2))
    for ticket, call in ((there, "all_reduce on tp:0"), (later, "barrier on dp:0")):
        error = gate.error(ticket)
        assert (error.category, error.reason) == (Category.WORKER, "peer_died")
        assert error.message == (
            f"{call} (call 1) cannot start: rank 1 of w (pid 1) was killed by signal 9 (SIGKILL). "
            "No rank entered; groups with a dead rank are not usable: restart the world."
        )
    assert gate.outcome(elsewhere) == "waits"
    assert gate.outcome(gate.enter(R1, "barrier")) == "withdrawn"  # its words came after its end
    gate.forget()
    assert gate.outcome(elsewhere) == "withdrawn"
    assert gate.empty()


def test_a_long_account_of_a_death_leaves_room_for_the_end(gate: Gate) -> None:
    gate.enter(R0, "all_reduce")
    gate.died(R1, "rank 1 exited with status 1; its stderr ended with:\n" + "x" * 5_000)
    ticket = gate.enter(R0, "all_reduce")
    assert gate.message(ticket).endswith(
        "No rank entered; groups with a dead rank are not usable: restart the world."
    )
    assert len(gate.message(ticket)) < 2_000


def test_forgetting_a_world_refuses_its_calls_and_frees_everything(gate: Gate) -> None:
    ticket = gate.enter(R0, "all_reduce", timeout=9.0)
    gate.enter(R1, "isend", to=0, eager=True)
    gate.forget()
    error = gate.error(ticket)
    assert error.reason == "withdrawn"
    assert error.message == (
        "all_reduce on tp:0 (call 1) did not start: world w (epoch 1) has ended. No rank entered; "
        "the world is not usable."
    )
    assert gate.empty()
    assert gate.outcome(gate.enter(R1, "all_reduce")) == "withdrawn"
    gate.died(R0, "rank 0 was killed")
    assert gate.empty()


def test_a_rank_that_was_replaced_meets_the_others_again(gate: Gate) -> None:
    gate.died(R1, "rank 1 was killed")
    refused = gate.enter(R0, "all_reduce")
    assert gate.outcome(refused) == "peer_died"
    gate.change(1)
    successor = replace(R1, rank_id="another")
    first, second = gate.enter(R0, "all_reduce"), gate.enter(successor, "all_reduce")
    assert gate.went(first, second)


def test_a_call_that_waits_in_a_group_of_a_rank_that_leaves_is_refused(gate: Gate) -> None:
    waiting = gate.enter(R0, "all_reduce")
    gate.change(1)
    error = gate.error(waiting)
    assert error.reason == "peer_died"
    assert "has other members now" in error.message


def test_a_rank_that_has_left_is_not_let_in_again(gate: Gate) -> None:
    assert gate.went(gate.enter(R0, "all_reduce"), gate.enter(R1, "all_reduce"))
    gate.change(1)
    gone = gate.enter(R1, "all_reduce")
    assert "left w" in gate.message(gone)
    waiting = gate.enter(R0, "all_reduce")
    assert gate.went(waiting, gate.enter(replace(R1, rank_id="another"), "all_reduce"))


# Stateless groups

A, B, C = (standalone(index) for index in range(3))
STORE = "127.0.0.1:4000"


def test_a_stateless_group_is_gated_once_all_members_are_known(gate: Gate) -> None:
    def barrier(member, number: int) -> int:
        return gate.enter(member, "barrier", STORE, (), number=number, size=2, timeout=1.0)

    gate.create(A, STORE, 0, 2)
    assert gate.went(barrier(A, 0))  # the other may be outside
    assert gate.went(barrier(C, 1))  # no member that is known
    gate.create(B, STORE, 1, 2)
    waiting = barrier(A, 0)
    gate.now += 1
    gate.expire()
    assert gate.message(waiting) == (
        "barrier on 127.0.0.1:4000 (call 1) timed out after 1.0 s before it started. Waiting: "
        "member 0 (rank-0 (pid 0)). Not arrived: member 1 (rank-1 (pid 1)), which has made no call "
        "on a group so far. No member entered; the group is usable."
    )
    assert gate.went(barrier(A, 0), barrier(B, 1))


def test_a_group_made_anew_at_the_same_address_is_another_group(gate: Gate) -> None:
    gate.create(A, STORE, 0, 2)
    gate.create(B, STORE, 1, 2)
    waiting = gate.enter(A, "barrier", STORE, (), number=0, size=2)
    gate.create(B, STORE, 1, 2)
    assert gate.message(waiting) == (
        "barrier on 127.0.0.1:4000 (call 1) did not start: member 1 (rank-1 (pid 1)) made it "
        "again. No member entered; the group is not usable."
    )
    assert gate.went(gate.enter(B, "barrier", STORE, (), number=1, size=2))
    gate.enter(B, "destroy", STORE, (), number=1, size=2, eager=True)
    gate.died(A, "killed")
    gate.died(B, "killed")
    assert gate.empty()


def test_a_stateless_group_closes_with_the_death_of_a_member(gate: Gate) -> None:
    gate.create(A, STORE, 0, 2)
    gate.create(R0, STORE, 1, 2)
    waiting = gate.enter(A, "barrier", STORE, (), number=0, size=2)
    gate.forget()
    later = gate.enter(A, "barrier", STORE, (), number=0, size=2)
    for ticket in (waiting, later):
        assert gate.message(ticket) == (
            "barrier on 127.0.0.1:4000 (call 1) cannot start: world w (epoch 1) has ended. No "
            "member entered; the group is not usable: make a new one."
        )
    gate.died(A, "killed")
    assert gate.empty()


def test_a_circle_through_groups_of_ranks_outside_worlds_names_them(gate: Gate) -> None:
    for store in ("a:1", "b:2"):
        gate.create(A, store, 0, 2)
        gate.create(B, store, 1, 2)
    gate.enter(A, "barrier", "a:1", (), number=0, size=2)
    ticket = gate.enter(B, "barrier", "b:2", (), number=1, size=2)
    assert gate.message(ticket).startswith(
        "deadlock: rank-1 (pid 1) waits in barrier on b:2 for rank-0 (pid 0); rank-0 (pid 0) waits "
        "in barrier on a:1 for rank-1 (pid 1). "
    )


def test_groups_that_user_code_made_outside_a_world_are_not_gated(gate: Gate) -> None:
    assert gate.went(gate.enter(A, "barrier", "tp:0", (0, 1), number=0))


# Limits, and ranks that speak nonsense


def test_sends_that_nobody_receives_have_a_limit(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendezvous, "MAX_PENDING_SENDS", 3)
    monkeypatch.setattr("vllm_bridge.gate.referee.messages.MAX_PENDING_SENDS", 3)
    sends = [gate.enter(R0, "isend", to=1, eager=True) for _ in range(5)]
    assert [gate.outcome(ticket) for ticket in sends] == [
        *["waits"] * 3, "too_many_pending_sends", "waits"
    ]  # fmt: skip
    received = gate.enter(R1, "recv", of=0)
    assert (
        gate.message(received)
        == gate.message(sends[3])
        == (
            "rank 0 has made 3 calls of isend on tp:0 that rank 1 never met, and then one more. "
            "These members are out of step in such calls on tp:0: make a new group or world for "
            "them, and wait for the other side now and then. Everything else is usable."
        )
    )
    assert gate.went(gate.enter(R1, "send", to=0), gate.enter(R0, "recv", of=1))


def test_idle_groups_make_place_and_busy_ones_do_not(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MAX_GROUPS", 2)
    for name in "abc":
        gate.enter(R0, "barrier", name)
        assert gate.went(gate.enter(R1, "barrier", name))
    gate.enter(R0, "isend", "a", to=1, eager=True)
    gate.enter(R0, "isend", "b", to=1, eager=True)
    refused = gate.enter(R0, "barrier", "c")
    assert gate.outcome(refused) == "too_many_groups"
    assert gate.went(gate.enter(R1, "recv", "a", of=0))
    gate.enter(R0, "barrier", "c")
    assert gate.went(gate.enter(R1, "barrier", "c"))
    for name in "xyz":
        gate.create(A, name, 0, 1)
    assert len(gate.referee._stateless) == 2


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"group": ""}, "the group has no name"),
        ({"number": 2}, "member 2 of a group of 2"),
        ({"number": -1}, "member -1 of a group of 2"),
        ({"size": 3}, "2 members in a group of 3"),
        ({"members": (0, 0)}, "a member is named twice"),
        ({"number": 1}, "rank 0 as member 1, which is rank 1"),
        ({"to": 2}, "member 0 of 2 calling with member 2"),
        ({"of": 0}, "member 0 of 2 calling with member 0"),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(gate: Gate, fault: dict, message: str) -> None:
    ticket = gate.enter(R0, "all_reduce", **fault)
    assert gate.outcome(ticket) == "bad_enter"
    assert gate.message(ticket) == (
        f"all_reduce did not start: {message}. This is a fault of the bridge: please report it"
    )
    assert not gate.referee.waiting()
    eager = gate.enter(R0, "all_reduce", eager=True, **fault)
    assert gate.outcome(eager) == "waits"
    assert gate.went(gate.enter(R0, "barrier"), gate.enter(R1, "barrier"))


def test_a_rank_waits_in_one_place(gate: Gate) -> None:
    first = gate.enter(R0, "all_reduce")
    second = gate.enter(R0, "barrier")
    assert gate.message(second) == (
        "barrier did not start: a rank runs one call at a time, and rank 0 of w (pid 0) waits in "
        "all_reduce on tp:0 for rank 1. This is a fault of the bridge: please report it"
    )
    assert gate.went(first, gate.enter(R1, "all_reduce"))


def test_long_names_and_long_lists_leave_room_for_the_end(gate: Gate) -> None:
    members = tuple(range(300))
    ticket = gate.enter(R0, "o" * 900, "g" * 900, members, timeout=1.0, shape="s" * 9_000)
    gate.now += 1
    gate.expire(lambda member: "t" * 900)
    assert gate.message(ticket).endswith("and 291 more. " + USABLE)
    assert gate.error(ticket).details["missing"][:3] == [1, 2, 3]


# For those who ask


def test_waiting_lists_the_calls_at_the_gate(gate: Gate) -> None:
    ticket = gate.enter(R2, "gather", members=(0, 1, 2))
    gate.now += 2
    gate.enter(in_world(0, "v"), "barrier")
    longest, other = gate.referee.waiting()
    assert (longest.member, longest.ticket, longest.call_id) == (R2, ticket, f"call-{ticket}")
    assert (longest.since, longest.waited_s, longest.sequence) == (100.0, 2.0, 1)
    assert longest.clause == "waits in gather on tp:0 for rank 0, rank 1"
    assert longest.missing == ["rank 0", "rank 1"]
    assert [other] == gate.referee.waiting("v", 1)
    assert gate.referee.waiting("v", 2) == []


def test_deadlines_of_settled_calls_are_not_kept(gate: Gate) -> None:
    for _ in range(1_000):
        gate.enter(R0, "barrier", timeout=120.0)
        gate.enter(R1, "barrier", timeout=120.0)
    assert len(gate.referee._deadlines) < 100


@pytest.mark.timing
def test_letting_a_pair_go_is_fast() -> None:
    """Far above what it takes (about 10 microseconds), far below what the gate may add (150)."""
    referee = Referee(time.monotonic)
    enters = [
        control_pb2.Enter(
            ticket=rank,
            group="tp:0",
            members=[0, 1],
            rank_in_group=rank,
            size=2,
            operation="all_reduce",
            parts=[control_pb2.AgreedPart(name="shape", value="[2, 3]")],
        )
        for rank in (0, 1)
    ]
    took = []
    for _ in range(500):
        began = time.perf_counter()
        referee.enter(R0, enters[0])
        assert len(referee.enter(R1, enters[1])) == 2
        took.append(time.perf_counter() - began)
    assert sorted(took)[250] < 150e-6
