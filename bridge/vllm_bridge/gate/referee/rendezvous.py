"""Where the calls of a group meet.

A queue has one lane per side: per member for collectives, sender and receiver for point to point.
In each lane calls wait in order; the first ones of all lanes belong together, and start together.
A call that waits is always the last of its lane, because its rank does nothing else meanwhile; the
ones before it are eager.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from vllm_bridge.gate.referee.decisions import LastCall, Member
from vllm_bridge.transport.metadata import NO_RUN, RunLabel

# Eager sends that nobody has received, of one sender to one receiver: far above what a program that
# works needs, and a few megabytes.
MAX_PENDING_SENDS = 4_096

# Attempts given up while a member was elsewhere; a rank that far behind is not coming.
MAX_GIVEN_UP = 64


DIFFERED = "did not match"
OVERLAPPED = "was of another run"


@dataclass(slots=True)
class Tally:
    """How many ranks wait at the gate."""

    waiting: int = 0


@dataclass(eq=False, slots=True)
class Caller:
    """What the referee knows of a rank that has arrived at the gate."""

    member: Member
    # Of the ranks of its world, or of those outside of worlds.
    tally: Tally
    # Where it waits: one place at most, since a rank runs one call at a time.
    call: QueuedCall | None = None
    last: LastCall | None = None


@dataclass(eq=False, slots=True)
class QueuedCall:
    """One call at the gate."""

    caller: Caller
    ticket: int
    queue: RendezvousQueue
    # Its place in the queue.
    lane: int
    operation: str
    parts: dict[str, str]
    # It does not wait: it has gone ahead, and the others meet it later.
    eager: bool
    # When it arrived at the gate, when it came to its rank, and when it must have an answer.
    entered: float
    arrived: float
    deadline: float | None
    session_id: str = ""
    call_id: str = ""
    # Of its tensor, for people; not compared.
    shape: str = ""
    # Of its world.
    run: RunLabel = NO_RUN
    settled: bool = False

    def overlaps(self, other: QueuedCall) -> bool:
        """Whether the two are of different runs of one world, so that they must never meet."""
        ours, theirs = self.caller.member, other.caller.member
        return (
            self.run != other.run
            and ours.world_id == theirs.world_id != ""
            and ours.epoch == theirs.epoch
        )

    def expired_by(self, other: QueuedCall) -> bool:
        """Whether it is of a run of the other's world whose turn was over when the other's came."""
        return 0 < self.run.turn < other.run.turn and self.overlaps(other)

    def agrees(self, other: QueuedCall) -> bool:
        """Whether the two are sides of the same call."""
        if self.parts != other.parts:
            return False
        # The two sides of a point-to-point call have names of their own.
        return self.queue.pairwise or self.operation == other.operation


class Group(ABC):
    """Members that call together."""

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.size = size
        self.collective = RendezvousQueue(self, range(size), pairwise=False)
        self.pairs: dict[tuple[int, int], RendezvousQueue] = {}

    @property
    def idle(self) -> bool:
        """Whether nothing is lost by forgetting it."""
        return all(queue.idle for queue in self.queues())

    def queues(self) -> Iterator[RendezvousQueue]:
        """Of collectives, then of every pair that has met."""
        yield self.collective
        yield from self.pairs.values()

    def pair(self, sender: int, receiver: int) -> RendezvousQueue:
        """Where the sends of one member to another meet their receives."""
        numbers = (sender, receiver)
        queue = self.pairs.get(numbers)
        if queue is None:
            queue = self.pairs[numbers] = RendezvousQueue(self, numbers, pairwise=True)
        return queue

    def waiting(self) -> list[QueuedCall]:
        """All calls that wait in it."""
        return [call for queue in self.queues() for call in queue.waiting()]

    def namesake_of(self, group: Group) -> bool:
        """Whether it is another group of the same name in the same world."""
        return False

    @property
    @abstractmethod
    def world_id(self) -> str:
        """The world it is of; empty for a stateless one."""

    @abstractmethod
    def caller(self, number: int) -> Caller | None:
        """The member, when it has arrived at the gate."""

    @abstractmethod
    def member(self, number: int) -> Member:
        """The member, whether or not it has come."""

    @abstractmethod
    def death(self) -> str:
        """How a member died; empty while none has."""

    @abstractmethod
    def number(self, number: int) -> int:
        """How people number the member."""

    @abstractmethod
    def label(self, number: int) -> str:
        """How people call the member, e.g. "rank 1"."""


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An attempt at a call that has been refused while some members had not come."""

    at: float
    attempt: int
    by: Sequence[QueuedCall]
    # e.g. "timed out"; `DIFFERED`, `OVERLAPPED`.
    how: str
    # The call of another run that the attempt met, where it was `OVERLAPPED`.
    met: QueuedCall | None = None


@dataclass(frozen=True, slots=True)
class Went:
    """All sides were there and asked for the same."""

    calls: Sequence[QueuedCall]
    sequence: int


@dataclass(frozen=True, slots=True)
class Differed:
    """Sides that asked for different things: all that had arrived."""

    calls: Sequence[QueuedCall]
    one: QueuedCall
    other: QueuedCall


@dataclass(frozen=True, slots=True)
class Overlapped:
    """Calls that wait, and have met one of another run. All others stay."""

    calls: Sequence[QueuedCall]
    met: QueuedCall


Outcome = Went | Differed | Overlapped


class RendezvousQueue:
    """The calls of one group, or of one sender and one receiver in it, that wait for each other."""

    __slots__ = (
        "_attempt",
        "_backlog",
        "_given_up",
        "_refused",
        "_run",
        "_waiting",
        "broken",
        "group",
        "numbers",
        "pairwise",
        "present",
        "sequence",
    )

    def __init__(self, group: Group, numbers: Sequence[int], *, pairwise: bool) -> None:
        self.group = group
        # The members' numbers in the group, by lane.
        self.numbers = numbers
        self.pairwise = pairwise
        # The first call of each lane that has one. All in here agree.
        self.present: dict[int, QueuedCall] = {}
        # Calls started so far.
        self.sequence = 0
        # Why this queue can never work again; empty while it can.
        self.broken = ""
        # The run that all of them are of; None: they are of several.
        self._run: RunLabel | None = None
        self._backlog: dict[int, deque[QueuedCall]] = {}
        self._waiting = 0
        # An attempt lasts as long as somebody waits. Each lane is refused once for it as late.
        self._attempt = 0
        self._refused: set[int] = set()
        self._given_up: dict[int, deque[GivenUp]] = {}

    @property
    def idle(self) -> bool:
        """Whether nobody waits here and nobody has gone ahead."""
        return not self.present and not self.broken

    @property
    def number_waiting(self) -> int:
        """How many calls wait."""
        return self._waiting

    def waiting(self) -> list[QueuedCall]:
        """The calls that wait, by lane."""
        if not self._waiting:
            return []
        last = {lane: behind[-1] for lane, behind in self._backlog.items()}
        return [
            call
            for lane in sorted(self.present)
            if not (call := last.get(lane, self.present[lane])).eager
        ]

    def position(self, call: QueuedCall) -> int:
        """How many calls of its lane come before the one that waits in it, or is about to."""
        behind = self._backlog.get(call.lane)
        if behind:
            return len(behind) + (behind[-1] is not call)
        first = self.present.get(call.lane)
        return 0 if first is None or first is call else 1

    def missing(self, call: QueuedCall) -> list[int]:
        """The lanes whose counterpart of this waiting call has not come."""
        own, present, backlog = call.lane, self.present, self._backlog
        lanes = range(len(self.numbers))
        position = self.position(call)
        if not position:
            return [lane for lane in lanes if lane not in present and lane != own]
        return [
            lane
            for lane in lanes
            if lane != own and (lane not in present or len(backlog.get(lane, ())) < position)
        ]

    def full(self, lane: int) -> bool:
        """Whether this lane takes no further eager call."""
        return len(self._backlog.get(lane, ())) >= MAX_PENDING_SENDS - 1

    def late(self, call: QueuedCall) -> GivenUp | None:
        """The attempt that this call was meant for, when that was given up before it came.

        A call that came to its rank later than that is a fresh one. Each attempt is reported to a
        lane once.
        """
        records = self._given_up.get(call.lane)
        if records is None:
            return None
        found = None
        others: list[GivenUp] = []
        while records and found is None:
            record = records.popleft()
            if any(call.overlaps(other) for other in record.by):
                # For a call of that run, unless that can come no more.
                if not 0 < record.by[0].run.turn < call.run.turn:
                    others.append(record)
            elif call.arrived < record.at:
                found = record
        records.extendleft(reversed(others))
        if not records:
            del self._given_up[call.lane]
        if found is not None and found.attempt == self._attempt:
            self._refused.add(call.lane)
        return found

    def add(self, call: QueuedCall, now: float) -> list[Outcome]:
        """Put a call at the end of its lane, and say what follows from it.

        Those that wait and are named in the outcome have left the queue. An eager one leaves when
        it went; when its counterpart differs it stays: what it sent is still to be received. Unless
        it was sent in a run that is over: ranks drop that by themselves.
        """
        if self._drop_expired(call):
            return []
        self._waiting += not call.eager
        if call.lane in self.present:
            self._backlog.setdefault(call.lane, deque()).append(call)
            return []
        outcomes: list[Outcome] = []
        arriving = [call]
        while arriving:
            overlapped = self._come_forward(arriving)
            if overlapped is not None:
                outcomes.append(overlapped)
                self._record(GivenUp(now, -1, overlapped.calls, OVERLAPPED, overlapped.met))
                arriving = self._leave(overlapped.calls)
                continue
            first = next(iter(self.present.values()))
            other = _first_to_differ(first, arriving)
            if other is not None:
                calls = list(self.present.values())
                outcomes.append(Differed(calls, first, other))
                arriving = self._part(calls, now)
            elif len(self.present) == len(self.numbers):
                calls = list(self.present.values())
                self.sequence += 1
                outcomes.append(Went(calls, self.sequence))
                arriving = self._leave(calls)
                self._end_attempt()
            else:
                break
        return outcomes

    def give_up(self, calls: Sequence[QueuedCall], how: str, now: float) -> None:
        """Take out calls that are refused, and remember it for the members that have not arrived.

        `calls` are waiting, or were about to.
        """
        if not calls:
            return  # eager ones differed, and nobody was told anything
        self._refused.update(call.lane for call in calls)
        self._record(GivenUp(now, self._attempt, calls, how))
        self._leave(calls)

    def overlap(self, calls: Sequence[QueuedCall], met: QueuedCall, now: float) -> None:
        """Take out calls that wait here, because their members wait for a call of another run."""
        self._record(GivenUp(now, -1, calls, OVERLAPPED, met))
        self._leave(calls)

    def _record(self, record: GivenUp) -> None:
        """For the lanes that have not come, and whose calls of that attempt are still to come."""
        overlapped = record.how == OVERLAPPED
        gone = {call.lane for call in record.by} if overlapped else {*self.present, *self._refused}
        for lane in range(len(self.numbers)):
            if lane in gone:
                continue
            records = self._given_up.setdefault(lane, deque(maxlen=MAX_GIVEN_UP))
            if not overlapped and records and records[-1].attempt == self._attempt:
                records.pop()
            records.append(record)

    def _drop_expired(self, call: QueuedCall) -> bool:
        """Forget messages that were sent in earlier runs than one that comes; return whether that
        is one itself. Those that stateless groups put into a store are kept there."""
        if not self.pairwise or not self.group.world_id or not call.run.turn:
            return False
        here = [*self.present.values(), *itertools.chain(*self._backlog.values())]
        if call.eager and any(call.expired_by(other) for other in here):
            return True
        expired = {id(other) for other in here if other.eager and other.expired_by(call)}
        if expired:
            self._keep_only([other for other in here if id(other) not in expired])
        return False

    def _keep_only(self, calls: Sequence[QueuedCall]) -> None:
        self.present, self._backlog = {}, {}
        self._run = calls[0].run if len({call.run for call in calls}) == 1 else None
        for call in calls:
            if call.lane in self.present:
                self._backlog.setdefault(call.lane, deque()).append(call)
            else:
                self.present[call.lane] = call

    def _come_forward(self, arriving: Sequence[QueuedCall]) -> Overlapped | None:
        """Make calls the first of their lanes, and say what that means for those of other runs.

        It costs the same for any number of members, as long as all are of one run."""
        if not self.present:
            self._run = arriving[0].run
        for call in arriving:
            self.present[call.lane] = call
            if call.run != self._run:
                self._run = None
        return None if self._run is not None else self._overlapped(arriving)

    def _overlapped(self, arriving: Sequence[QueuedCall]) -> Overlapped | None:
        """The calls that have to go since one of another run has come, or was here.

        The later run's stay, unless something of an earlier one is on its way already: a call that
        took it would have the wrong run's value.
        """
        for one in arriving:
            for other in self.present.values():
                if not one.overlaps(other):
                    continue
                earlier, later = sorted((one, other), key=lambda call: call.run)
                met, gone = (earlier, later) if earlier.eager else (later, earlier)
                if gone.eager:
                    continue  # both are on their way
                same = [
                    call
                    for call in self.present.values()
                    if not call.eager and not call.overlaps(gone) and call.overlaps(met)
                ]
                return Overlapped(same, met)
        return None

    def clear(self) -> list[QueuedCall]:
        """Take out everything; returns the calls that waited."""
        waiting = self.waiting()
        self.present.clear()
        self._backlog.clear()
        self._given_up.clear()
        self._waiting = 0
        self._end_attempt()
        return waiting

    def _part(self, calls: Sequence[QueuedCall], now: float) -> list[QueuedCall]:
        self.give_up([call for call in calls if not call.eager], DIFFERED, now)
        ahead = list(self.present.values())
        if ahead and _first_to_differ(ahead[0], ahead) is not None:
            # They have all gone and meet on their way; there is nothing left to hold back.
            return self._leave(ahead)
        return []

    def _leave(self, calls: Iterable[QueuedCall]) -> list[QueuedCall]:
        """Take calls out; returns those that are now the first of their lane, not yet `present`."""
        following: list[QueuedCall] = []
        for call in calls:
            behind = self._backlog.get(call.lane)
            if self.present.get(call.lane) is call:
                del self.present[call.lane]
                if behind:
                    following.append(behind.popleft())
            elif behind and behind[-1] is call:
                behind.pop()
            else:
                continue
            if behind is not None and not behind:
                del self._backlog[call.lane]
            self._waiting -= not call.eager
        if not self._waiting:
            self._end_attempt()
        return following

    def _end_attempt(self) -> None:
        self._attempt += 1
        self._refused.clear()


def _first_to_differ(call: QueuedCall, others: Iterable[QueuedCall]) -> QueuedCall | None:
    return next((other for other in others if not call.agrees(other)), None)
