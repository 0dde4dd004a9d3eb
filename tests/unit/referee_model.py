"""What the referee must decide, written down slowly and obviously: everything is looked up anew.

One world, groups that are fixed from the start. A queue is (group, None) for collectives and
(group, (sender, receiver)) for point to point; its lanes are the ranks that take part.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

Pair = tuple[int, int]
Key = tuple[str, "Pair | None"]


@dataclass(frozen=True)
class Call:
    ticket: int
    rank: int
    queue: Key
    asked: tuple[object, ...]
    eager: bool
    arrived: float
    deadline: float


@dataclass
class Attempt:
    """From when somebody waits until nobody does."""

    # Ranks that will be told they are too late, since when, and what those had asked for who were
    # found to differ.
    owed: dict[int, tuple[float, set[tuple[object, ...]]]] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)


@dataclass
class Lines:
    """One queue: who stands in line, by rank, and all that was given up so far."""

    lanes: dict[int, list[Call]]
    attempts: list[Attempt] = field(default_factory=lambda: [Attempt()])
    started: int = 0

    def heads(self) -> list[Call]:
        return [line[0] for line in self.lanes.values() if line]

    def calls(self) -> list[Call]:
        return [call for line in self.lanes.values() for call in line]


class Model:
    def __init__(self, groups: dict[str, tuple[int, ...]]) -> None:
        self.groups = groups
        self.dead: set[int] = set()
        self.queues: dict[Key, Lines] = {}
        self.now = 0.0
        # The outcome of each call that has one, and the number of each that went.
        self.outcomes: dict[int, str] = {}
        self.numbers: dict[int, int] = {}

    def lines(self, key: Key) -> Lines:
        group, pair = key
        return self.queues.setdefault(key, Lines({r: [] for r in pair or self.groups[group]}))

    def waiting(self) -> dict[int, Call]:
        """By rank."""
        calls = (call for lines in self.queues.values() for call in lines.calls())
        return {call.rank: call for call in calls if not call.eager}

    def waits_for(self, call: Call) -> set[int]:
        lanes = self.lines(call.queue).lanes
        ahead = lanes[call.rank].index(call)
        return {rank for rank, line in lanes.items() if len(line) <= ahead}

    def calls_that_miss(self, rank: int) -> list[Call]:
        """In the order in which they came."""
        calls = [call for lines in self.queues.values() for call in lines.calls()]
        return sorted(
            (call for call in calls if rank in self.waits_for(call)), key=lambda call: call.ticket
        )

    # What happens

    def enter(self, call: Call) -> None:
        self.expire()
        lines = self.lines(call.queue)
        late = self.late(call, lines)
        if self.dead & set(self.groups[call.queue[0]]):
            if not call.eager:
                self.outcomes[call.ticket] = "peer_died"
        elif late and not call.eager:
            self.outcomes[call.ticket] = late
        else:
            lines.lanes[call.rank].append(call)
            if not call.eager and call.deadline <= self.now:
                self.give_up([call], "deadline_exceeded")
            else:
                self.settle(lines)

    def late(self, call: Call, lines: Lines) -> str:
        """How a call that comes too late is refused; empty when it does not."""
        for attempt in lines.attempts:
            since, asked = attempt.owed.pop(call.rank, (0.0, set()))
            if call.arrived < since:
                attempt.refused.add(call.rank)
                return "collective_mismatch" if asked - {call.asked} else "abandoned"
        return ""

    def expire(self) -> None:
        due = [call for call in self.waiting().values() if call.deadline <= self.now]
        self.give_up(due, "deadline_exceeded")

    def leave(self, rank: int) -> None:
        self.give_up([self.waiting()[rank]], "withdrawn")

    def die(self, rank: int) -> None:
        self.dead.add(rank)
        for (group, _), lines in self.queues.items():
            if rank in self.groups[group]:
                for call in lines.calls():
                    if not call.eager and call.rank != rank:
                        self.outcomes[call.ticket] = "peer_died"
                lines.lanes = {each: [] for each in lines.lanes}

    def settle(self, lines: Lines) -> None:
        while heads := lines.heads():
            if len({call.asked for call in heads}) > 1:
                self.give_up([call for call in heads if not call.eager], "collective_mismatch")
                if len({call.asked for call in lines.heads()}) <= 1:
                    return
                for line in lines.lanes.values():
                    del line[:1]
            elif len(heads) == len(lines.lanes):
                lines.started += 1
                for call in heads:
                    lines.lanes[call.rank].remove(call)
                    if not call.eager:
                        self.outcomes[call.ticket] = "go"
                        self.numbers[call.ticket] = lines.started
                lines.attempts.append(Attempt())
            else:
                return

    def give_up(self, calls: Iterable[Call], outcome: str) -> None:
        by_queue = defaultdict(list)
        for call in calls:
            self.outcomes[call.ticket] = outcome
            by_queue[call.queue].append(call)
        for key, given_up in by_queue.items():
            lines = self.lines(key)
            attempt = lines.attempts[-1]
            attempt.refused |= {call.rank for call in given_up}
            differ = outcome == "collective_mismatch"
            asked = {call.asked for call in given_up} if differ else set()
            for rank, line in lines.lanes.items():
                if not line and rank not in attempt.refused:
                    attempt.owed[rank] = self.now, asked
            for call in given_up:
                lines.lanes[call.rank].remove(call)
            if all(call.eager for call in lines.calls()):
                lines.attempts.append(Attempt())

    # Circles

    def circles_through(self, rank: int) -> list[set[int]]:
        """Ranks of which each waits for the next in some order, with `rank` among them."""
        waiting = self.waiting()
        if rank not in waiting:
            return []
        others = [other for other in waiting if other != rank]
        found = []
        for length in range(1, len(others) + 1):
            for rest in itertools.permutations(others, length):
                circle = (rank, *rest)
                follows = zip(circle, (*rest, rank), strict=True)
                if all(needed in self.waits_for(waiting[each]) for each, needed in follows):
                    found.append(set(circle))
        return found
