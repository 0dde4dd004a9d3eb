"""Any schedule of calls: the referee decides as the model does, and nothing is left hanging."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from referee_gate import Gate, in_world
from referee_model import Call, Model

STORE = "127.0.0.1:4000"
NEVER = float("inf")

# Of every refusal: whether what it was about still works.
LAST_WORDS = (
    "; the world is usable.",
    "; the group is usable.",
    "; groups with a dead rank are not usable: restart the world.",
    "; the group is not usable: make a new one.",
)

WAITS = [0.0, 0.4, 1.0, 3.0]


@dataclass(frozen=True)
class Step:
    """What one rank does, or what happens to it; `call` but for a few."""

    action: str
    rank: int
    # Joins a call that misses it, if there is one, and asks for the same.
    joins: bool
    group: int
    pairwise: bool
    receives: bool
    peer: int
    operation: str
    part: int
    eager: bool
    queued: float
    timeout: float
    then: float


STEPS = st.builds(
    Step,
    action=st.sampled_from([*["call"] * 40, "leave", "leave", "expire", "expire", "die"]),
    rank=st.integers(0, 3),
    joins=st.sampled_from([True, True, False]),
    group=st.integers(0, 3),
    pairwise=st.sampled_from([False, False, True]),
    receives=st.booleans(),
    peer=st.integers(1, 3),
    operation=st.sampled_from(["all_reduce"] * 4 + ["barrier"]),
    part=st.sampled_from([0] * 5 + [1]),
    eager=st.sampled_from([False, False, False, True]),
    queued=st.sampled_from([0.0, 0.0, *WAITS]),
    timeout=st.sampled_from([0.0, 0.5, 1.0, 2.0] + [NEVER] * 8),
    then=st.sampled_from([0.0] * 8 + WAITS),
)


class Bench:
    """A referee and the model of it, side by side."""

    def __init__(self, size: int) -> None:
        everybody = tuple(range(size))
        self.groups = {
            "world:0": everybody,
            "tp:0": everybody[:2],
            "pp:0": (everybody[-1], everybody[0]),
            STORE: everybody,
        }
        self.gate = Gate()
        self.callers = [in_world(rank) for rank in everybody]
        for rank in everybody:
            self.gate.create(self.callers[rank], STORE, rank, size)
        self.model = Model(self.groups)
        self.model.now = self.gate.now
        self.read: set[int] = set()

    def advance(self, seconds: float) -> None:
        self.gate.now += seconds
        self.model.now = self.gate.now

    def take(self, step: Step) -> None:
        rank = step.rank % len(self.callers)
        waiting = self.model.waiting()
        if step.action == "expire":
            self.gate.expire()
            self.model.expire()
            due = self.gate.referee.due()
            assert due is None or due > self.gate.now
        elif rank in self.model.dead:
            return
        elif step.action == "die":
            self.gate.died(self.callers[rank], f"rank {rank} died")
            self.model.die(rank)
        elif step.action == "leave" and rank in waiting:
            self.gate.leave(self.callers[rank], waiting[rank].ticket)
            self.model.leave(rank)
        elif step.action == "call" and rank not in waiting:
            self.call(rank, step)
        self.compare()
        self.advance(step.then)

    def call(self, rank: int, step: Step) -> None:
        group, pair, operation, part = self.wish(rank, step)
        members = self.groups[group]
        ends: dict[str, int] = {}
        if pair is not None:
            operation = "send" if rank == pair[0] else "recv"
            ends = (
                {"to": members.index(pair[1])}
                if rank == pair[0]
                else {"of": members.index(pair[0])}
            )
        ticket = self.gate.enter(
            self.callers[rank],
            operation,
            group,
            () if group == STORE else members,
            number=members.index(rank),
            size=len(members),
            eager=step.eager,
            queued=step.queued,
            timeout=None if step.timeout == NEVER else step.timeout,
            part=part,
            **ends,
        )
        asked = (part,) if pair else (operation, part)
        arrived, deadline = self.gate.now - step.queued, self.gate.now + step.timeout
        self.model.enter(Call(ticket, rank, (group, pair), asked, step.eager, arrived, deadline))
        self.accept_circle(rank)

    def wish(self, rank: int, step: Step) -> tuple[str, tuple[int, int] | None, str, int]:
        """Group, sender and receiver, operation and part of the rank's next call."""
        missing = self.model.calls_that_miss(rank)
        if step.joins and missing:
            call = missing[step.group % len(missing)]
            group, pair = call.queue
            return group, pair, "send" if pair else str(call.asked[0]), int(call.asked[-1])
        of_rank = [name for name, members in self.groups.items() if rank in members]
        group = of_rank[step.group % len(of_rank)]
        members = self.groups[group]
        peer = members[(members.index(rank) + step.peer) % len(members)]
        if not step.pairwise or peer == rank:
            return group, None, step.operation, step.part
        pair = (peer, rank) if step.receives else (rank, peer)
        return group, pair, "", step.part

    def accept_circle(self, rank: int) -> None:
        """Any circle through the newcomer may be refused, and one must be."""
        circles = self.model.circles_through(rank)
        if not circles:
            return
        waiting = self.model.waiting()
        refused = {
            each for each, call in waiting.items() if self.gate.outcome(call.ticket) == "deadlock"
        }
        assert refused in circles
        self.model.give_up([waiting[each] for each in refused], "deadlock")

    def compare(self) -> None:
        verdicts = self.gate.verdicts
        assert {ticket: self.gate.outcome(ticket) for ticket in verdicts} == self.model.outcomes
        assert {t: v.sequence for t, v in verdicts.items() if v.go} == self.model.numbers
        left = {call.ticket for call in self.model.waiting().values()}
        assert {waiting.ticket for waiting in self.gate.referee.waiting()} == left
        for ticket in verdicts.keys() - self.read:
            self.read.add(ticket)
            if not verdicts[ticket].go:
                assert self.gate.message(ticket).endswith(LAST_WORDS)

    def finish(self) -> None:
        """Whoever waits is refused in the end, the world works, and nothing of it stays."""
        for rank, call in self.model.waiting().items():
            self.gate.leave(self.callers[rank], call.ticket)
            self.model.leave(rank)
        self.compare()
        self.advance(0.1)
        for group, members in self.groups.items():
            lines = self.model.lines((group, None))
            if self.model.dead & set(members) or lines.calls():
                continue
            tickets = [
                self.gate.enter(
                    self.callers[rank],
                    "all_gather",
                    group,
                    () if group == STORE else members,
                    number=number,
                    size=len(members),
                )
                for number, rank in enumerate(members)
            ]
            assert self.gate.went(*tickets)
        self.gate.forget()
        assert self.gate.empty()
        late = self.gate.enter(self.callers[0], "barrier", "tp:0", self.groups["tp:0"])
        assert self.gate.outcome(late) == "withdrawn"
        assert self.gate.empty()


@settings(max_examples=200)
@given(st.integers(2, 4), st.lists(STEPS, min_size=15, max_size=60))
def test_every_schedule_ends_as_the_model_says(size: int, steps: list[Step]) -> None:
    bench = Bench(size)
    for step in steps:
        bench.take(step)
    bench.finish()


RIGHT, WRONG, MISSING, LATE, CANCELLED = "right", "wrong", "missing", "late", "cancelled"
REFUSALS = {"collective_mismatch", "deadline_exceeded", "abandoned", "withdrawn"}
CONDUCT = st.sampled_from([RIGHT] * 4 + [WRONG, MISSING, LATE, CANCELLED])


@settings(max_examples=150)
@given(st.data(), st.integers(2, 4))
def test_a_round_goes_or_is_refused_as_a_whole_and_the_next_one_works(
    data: st.DataObject, size: int
) -> None:
    gate = Gate()
    members = tuple(range(size))
    callers = [in_world(rank) for rank in members]
    for _ in range(data.draw(st.integers(1, 4))):
        conduct = [data.draw(CONDUCT) for _ in members]
        order = data.draw(st.permutations(members))
        began = gate.now
        tickets = {}
        for rank in order:
            if conduct[rank] in (MISSING, LATE):
                continue
            gate.now += 0.01
            tickets[rank] = gate.enter(
                callers[rank],
                "all_reduce",
                members=members,
                timeout=1.0,
                shape=[rank] if conduct[rank] == WRONG else [],
            )
            if conduct[rank] == CANCELLED:
                gate.leave(callers[rank], tickets[rank])
        gate.now = began + 2.0
        gate.expire()
        for rank in order:
            if conduct[rank] == LATE:
                queued = gate.now - began - 0.005
                tickets[rank] = gate.enter(
                    callers[rank], "all_reduce", members=members, timeout=0.5, queued=queued
                )
        gate.now += 0.5
        gate.expire()
        outcomes = {rank: gate.outcome(ticket) for rank, ticket in tickets.items()}
        assert "waits" not in outcomes.values()
        # The one that completes a round is not cancelled: its verdict is under way before it asks.
        right = all(
            conduct[rank] == RIGHT or (conduct[rank] == CANCELLED and rank == order[-1])
            for rank in members
        )
        together = len(tickets) == size and right
        alone = all(conduct[rank] == LATE for rank in members)
        assert set(outcomes.values()) <= ({"go"} if together or alone else REFUSALS)
        gate.now += 0.01
        clean = [gate.enter(v, "barrier", members=members, timeout=1.0) for v in callers]
        assert gate.went(*clean)
        assert len({gate.verdicts[ticket].sequence for ticket in clean}) == 1


@given(st.permutations(range(4)), st.integers(2, 4))
def test_a_ring_of_calls_is_a_deadlock_in_any_order(order: list[int], size: int) -> None:
    gate = Gate()
    order = [rank for rank in order if rank < size]
    tickets = []
    for rank in order:
        after = (rank + 1) % size
        tickets.append(gate.enter(in_world(rank), "barrier", f"edge:{rank}", (rank, after)))
    assert {gate.outcome(ticket) for ticket in tickets} == {"deadlock"}
    assert len({gate.message(ticket) for ticket in tickets}) == 1
    assert all(
        f"rank {rank} waits in barrier on edge:{rank}" in gate.message(tickets[0]) for rank in order
    )
