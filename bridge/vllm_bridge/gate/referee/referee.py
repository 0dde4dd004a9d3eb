"""The referee itself: what ranks say goes in, decisions come out."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.gate.referee import admission, messages
from vllm_bridge.gate.referee.cycles import find_cycle, missing_callers
from vllm_bridge.gate.referee.deadlines import Deadlines
from vllm_bridge.gate.referee.groups import StatelessGroup, Table, World
from vllm_bridge.gate.referee.meetings import (
    DIFFERED,
    OVERLAPPED,
    Caller,
    Differed,
    GivenUp,
    Group,
    Meeting,
    Overlapped,
    Visit,
)
from vllm_bridge.gate.referee.visits import Decision, Holder, LastCall, Visitor, Waiting, nobody

# What makes a stateless group known, and forgets it: operations that nobody waits for.
CREATE, DESTROY = "create", "destroy"

# Ranks and worlds that are over, while messages of theirs may still be under way.
_MAX_ENDED = 1_024


class Referee:
    """Decides for all ranks of a server which calls may start.

    Not safe for threads: one of them calls everything, in the order in which the ranks' messages
    come. Every `enter` that is not eager gets exactly one decision, from that call or from a later
    one of any method, unless its rank dies first. Decisions are returned, and may be for other
    visitors. An eager one gets none, but for `too_many_pending_sends`.

    Groups of a world are known by name and members. A stateless group is known by its address, once
    each of its members has entered with the operation "create", to which nothing is answered. A
    call on a group of which some member is not known goes at once: that member may be outside.

    Args:
        clock: seconds, monotonic.
        holder: who has, or had, a turn; for messages.
    """

    def __init__(self, clock: Callable[[], float], holder: Holder = nobody) -> None:
        self._clock = clock
        self._holder = holder
        self._callers: dict[str, Caller] = {}
        self._worlds: dict[tuple[str, int], World] = {}
        self._stateless: Table[str, StatelessGroup] = Table()
        self._deadlines = Deadlines()
        # All calls that wait, by rank id.
        self._waiting: dict[str, Visit] = {}
        self._ended: OrderedDict[Hashable, str] = OrderedDict()

    def enter(self, visitor: Visitor, enter: control_pb2.Enter) -> list[Decision]:
        """A rank stands at the gate with a call."""
        # A call whose deadline has passed never starts, even when the timer is late.
        decisions = self.expire(None)
        members = tuple(enter.members)
        error = self._not_admitted(visitor, enter, members)
        if error is None:
            caller = self._caller(visitor)
            if not members and enter.operation in (CREATE, DESTROY):
                return decisions + self._make_known(caller, enter)
            group, error = self._group(caller, enter, members)
        if error is not None:
            return (
                decisions if enter.eager else [*decisions, _no(visitor, enter.ticket, 0.0, error)]
            )
        if group is None:
            caller.last = LastCall(enter.ticket, enter.operation, enter.group)
            return decisions if enter.eager else [*decisions, _go(visitor, enter.ticket, 0.0, 0)]
        meeting = _meeting(group, enter)
        if enter.sequence:
            # The ranks have let calls through by themselves meanwhile.
            meeting.sequence = max(meeting.sequence, enter.sequence - 1)
        visit = admission.visit_of(caller, meeting, enter, self._clock())
        return decisions + (self._go_ahead(visit) if visit.eager else self._wait(visit))

    def leave(self, visitor: Visitor, ticket: int, why: str) -> list[Decision]:
        """A rank takes a call back; no decision when that call has its own already.

        `why`: a clause, e.g. "its caller has gone".
        """
        visit = self._waiting.get(visitor.rank_id)
        if visit is None or visit.ticket != ticket:
            return []
        message = messages.withdrawn(visit, why, self._clock())
        return self._give_up([(visit, message)], "withdrawn", "was withdrawn")

    def done(self, visitor: Visitor, ticket: int, ok: bool, ago_s: float = 0.0) -> None:
        """A call that went through the gate has ended, so long ago."""
        caller = self._callers.get(visitor.rank_id)
        if caller is not None and caller.last is not None and caller.last.ticket == ticket:
            caller.last.ended = self._clock() - ago_s
            caller.last.ok = ok

    def passed(self, visitor: Visitor, done: control_pb2.Done, ago_s: float) -> None:
        """A call has ended that the ranks let through by themselves."""
        if visitor.rank_id in self._ended or (visitor.world_id, visitor.epoch) in self._ended:
            return
        caller = self._caller(visitor)
        if caller.last is None or caller.last.ticket < done.ticket:
            ended = self._clock() - ago_s
            caller.last = LastCall(done.ticket, done.operation, done.group, ended, done.ok)

    def due(self) -> float | None:
        """When, in the clock's time, `expire` has something to do; None: nobody has a deadline."""
        return self._deadlines.first()

    def expire(self, tell: Callable[[Visitor], str] | None) -> list[Decision]:
        """Refuse the calls whose deadline has passed.

        `tell` says what an absent member is running, e.g. "running Objects.call for 3.2 s", and ""
        when it is idle. The `rank_id` is empty for one that has never come to the gate.
        """
        now = self._clock()
        first = self._deadlines.first()
        if first is None or first > now:
            return []
        due = self._deadlines.pop_due(now)
        told = [(visit, messages.timed_out(visit, now, tell)) for visit in due]
        return self._give_up(told, "deadline_exceeded", "timed out")

    def died(self, visitor: Visitor, how: str) -> list[Decision]:
        """A rank is dead, `how` says it; all who wait in its groups are refused, now and later."""
        self._remember_end(visitor.rank_id, how)
        decisions = self._lose(visitor.rank_id, how)
        if visitor.rank is not None and (visitor.world_id, visitor.epoch) not in self._ended:
            world = self._world(visitor)
            world.dead[visitor.rank] = how
            for group in world.groups:
                if visitor.rank in group.members:
                    decisions += self._close(group, how)
        return decisions

    def forget_world(self, world_id: str, epoch: int) -> list[Decision]:
        """An epoch of a world is over: drop all of it, refuse whoever of it still waits.

        To be called for every world any of whose ranks was named here.
        """
        how = f"world {world_id} (epoch {epoch}) has ended"
        self._remember_end((world_id, epoch), how)
        world = self._worlds.pop((world_id, epoch), None)
        if world is None:
            return []
        callers = list(world.callers.values())
        visits = [caller.visit for caller in callers if caller.visit is not None]
        told = [(visit, messages.ended(visit, how)) for visit in visits]
        decisions = self._give_up(told, "withdrawn", "ended with its world")
        for caller in callers:
            decisions += self._lose(caller.visitor.rank_id, how)
        return decisions

    def waiting(self, world_id: str | None = None, epoch: int | None = None) -> list[Waiting]:
        """Who stands at the gate, of a world (and epoch) or of all; longest first."""
        now = self._clock()
        return [
            messages.describe(visit, now)
            for visit in sorted(self._waiting.values(), key=lambda visit: visit.entered)
            if world_id is None or visit.caller.visitor.world_id == world_id
            if epoch is None or visit.caller.visitor.epoch == epoch
        ]

    # Coming in

    def _not_admitted(
        self, visitor: Visitor, enter: control_pb2.Enter, members: tuple[int, ...]
    ) -> BridgeError | None:
        if self._ended:
            world = (visitor.world_id, visitor.epoch)
            how = self._ended.get(visitor.rank_id) or self._ended.get(world)
            if how is not None:
                return admission.ended(visitor, enter, how)
        if not enter.eager and visitor.rank_id in self._waiting:
            return admission.already_there(visitor, enter, self._waiting[visitor.rank_id])
        fault = admission.fault(visitor, enter, members)
        return admission.malformed(visitor, enter, fault) if fault else None

    def _caller(self, visitor: Visitor) -> Caller:
        caller = self._callers.get(visitor.rank_id)
        if caller is None:
            caller = self._callers[visitor.rank_id] = Caller(visitor)
            if visitor.rank is not None:
                self._world(visitor).callers[visitor.rank] = caller
        return caller

    def _world(self, visitor: Visitor) -> World:
        key = (visitor.world_id, visitor.epoch)
        world = self._worlds.get(key)
        if world is None:
            world = self._worlds[key] = World(*key)
        return world

    def _group(
        self, caller: Caller, enter: control_pb2.Enter, members: tuple[int, ...]
    ) -> tuple[Group | None, BridgeError | None]:
        """The group whose members meet here; None when the call goes at once."""
        visitor = caller.visitor
        if not members:
            stateless = self._stateless.get(enter.group)
            if stateless is None or not stateless.meets(caller, enter.rank_in_group, enter.size):
                return None, None
            return stateless, None
        if visitor.rank is None:
            return None, None
        try:
            group = self._world(visitor).group(enter.group, members)
        except ValueError as error:
            return None, admission.malformed(visitor, enter, str(error))
        return group, None if group is not None else admission.too_many_groups(visitor, enter)

    def _make_known(self, caller: Caller, enter: control_pb2.Enter) -> list[Decision]:
        number = enter.rank_in_group
        group = self._stateless.get(enter.group)
        destroy = enter.operation == DESTROY
        decisions: list[Decision] = []
        if group is not None and group.replaced_by(caller, number, enter.size, destroy=destroy):
            how = f"{group.label(number)} {'destroyed it' if destroy else 'made it anew'}"
            told = [(visit, messages.ended(visit, how)) for visit in group.waiting()]
            decisions = self._refuse_all(told, "abandoned")
            self._stateless.pop(group.name)
            group = None
        if destroy:
            return decisions
        if group is None:
            group = StatelessGroup(enter.group, enter.size)
            if not self._stateless.put(group.name, group):
                return decisions  # no place for it: its calls go at once
        group.join(number, caller)
        return decisions

    def _wait(self, visit: Visit) -> list[Decision]:
        """A call that stays until it has a verdict."""
        meeting, now = visit.meeting, visit.entered
        late = meeting.late(visit)
        how = meeting.group.death()
        if how:
            return self._refuse_all([(visit, messages.died(visit, how))], "peer_died")
        if meeting.broken:
            return self._refuse_all([(visit, meeting.broken)], "too_many_pending_sends")
        if late is not None:
            other = _found_to_differ(visit, late)
            if other is not None:
                message = messages.mismatch(visit, other, [*late.by, visit])
                return self._refuse_all([(visit, message)], "collective_mismatch")
            if late.how == OVERLAPPED and late.met is not None:
                return self._overlap([visit], late.met)
            return self._refuse_all([(visit, messages.late(visit, late))], "abandoned")
        if visit.deadline is not None and visit.deadline <= now:
            message = messages.timed_out(visit, now, None)
            return self._give_up([(visit, message)], "deadline_exceeded", "timed out")
        visit.caller.visit = visit
        self._waiting[visit.caller.visitor.rank_id] = visit
        decisions = self._meet(visit)
        if visit.settled:
            return decisions
        self._deadlines.add(visit, len(self._waiting))
        elsewhere = [caller.visit for caller in missing_callers(visit) if caller.visit is not None]
        if elsewhere:
            decisions += self._check_members(visit, elsewhere) or self._check_cycle(visit)
        return decisions

    def _go_ahead(self, visit: Visit) -> list[Decision]:
        """An eager call: others may have waited for it."""
        meeting = visit.meeting
        visit.caller.last = LastCall(visit.ticket, visit.operation, meeting.group.name)
        meeting.late(visit)  # too late to be refused; what was given up is no longer owed
        if meeting.broken or meeting.group.death():
            return []
        if not meeting.full(visit.lane):
            return self._meet(visit)
        meeting.broken = messages.out_of_step(visit)
        told = [(each, meeting.broken) for each in [*meeting.clear(), visit]]
        return self._refuse_all(told, "too_many_pending_sends")

    def _meet(self, visit: Visit) -> list[Decision]:
        now = visit.entered
        decisions: list[Decision] = []
        for outcome in visit.meeting.add(visit, now):
            waited = [each for each in outcome.visits if not each.eager]
            if isinstance(outcome, Overlapped):
                decisions += self._overlap(outcome.visits, outcome.met)
                continue
            if isinstance(outcome, Differed):
                message = messages.mismatch(outcome.one, outcome.other, outcome.visits)
                told = [(each, message) for each in waited]
                decisions += self._refuse_all(told, "collective_mismatch")
                continue
            for each in waited:
                each.caller.last = LastCall(each.ticket, each.operation, each.meeting.group.name)
                self._settle(each)
                waited_s = now - each.entered
                decisions.append(_go(each.caller.visitor, each.ticket, waited_s, outcome.sequence))
        return decisions

    # Looking at who waits for whom

    def _check_members(self, visit: Visit, elsewhere: Iterable[Visit]) -> list[Decision]:
        """Whether a member waits in a group of the same name that it says has other members."""
        group = visit.meeting.group
        for other in elsewhere:
            if not other.meeting.group.namesake_of(group):
                continue
            if visit.overlaps(other):
                return self._part(visit, other)
            message = messages.mismatch(visit, other, [visit, other])
            told = [(e, message) for e in (*visit.meeting.waiting(), *other.meeting.waiting())]
            return self._give_up(told, "collective_mismatch", DIFFERED)
        return []

    def _check_cycle(self, visit: Visit) -> list[Decision]:
        cycle = find_cycle(visit.caller)  # of no calls, as a rule
        for one, other in itertools.pairwise(cycle):
            if one.overlaps(other):
                return self._part(one, other)
        told = [(each, messages.deadlock(cycle, each)) for each in cycle]
        return self._give_up(told, "deadlock", "was part of a deadlock")

    def _part(self, one: Visit, other: Visit) -> list[Decision]:
        """Refuse the earlier run's of two calls whose ranks wait for each other."""
        gone, met = sorted((one, other), key=lambda visit: visit.run)
        decisions = self._overlap([gone], met)
        gone.meeting.overlap([gone], met, self._clock())
        return decisions

    def _overlap(self, visits: Sequence[Visit], met: Visit) -> list[Decision]:
        """Refuse calls that have met one of another run."""
        errors = [
            messages.refusal(
                visit, "run_overlap", messages.overlap(visit, met, self._holder), visits, met
            )
            for visit in visits
        ]
        return [self._refuse(visit, error) for visit, error in zip(visits, errors, strict=True)]

    # Going out

    def _give_up(self, told: Iterable[tuple[Visit, str]], reason: str, how: str) -> list[Decision]:
        """Refuse calls that wait, and remember it for the members that have not come."""
        errors = [
            (visit, messages.refusal(visit, reason, message, visit.meeting.waiting()))
            for visit, message in told
        ]
        now = self._clock()
        by_meeting: dict[Meeting, list[Visit]] = {}
        for visit, _ in errors:
            by_meeting.setdefault(visit.meeting, []).append(visit)
        for meeting, visits in by_meeting.items():
            meeting.give_up(visits, how, now)
        return [self._refuse(visit, error) for visit, error in errors]

    def _refuse_all(self, told: Iterable[tuple[Visit, str]], reason: str) -> list[Decision]:
        """Refuse calls that are not in their meeting, or in one that is over."""
        told = list(told)
        visits = [visit for visit, _ in told]
        return [
            self._refuse(visit, messages.refusal(visit, reason, message, visits))
            for visit, message in told
        ]

    def _refuse(self, visit: Visit, error: BridgeError) -> Decision:
        self._settle(visit)
        waited = self._clock() - visit.entered
        return _no(visit.caller.visitor, visit.ticket, waited, error)

    def _settle(self, visit: Visit) -> None:
        visit.settled = True
        if visit.caller.visit is visit:
            visit.caller.visit = None
            del self._waiting[visit.caller.visitor.rank_id]

    # Ends

    def _lose(self, rank_id: str, how: str) -> list[Decision]:
        """Forget a rank that is no more, and close the stateless groups it was a member of."""
        caller = self._callers.pop(rank_id, None)
        if caller is None:
            return []
        if caller.visit is not None:  # nobody is left to tell
            caller.visit.meeting.give_up([caller.visit], "ended with its rank", self._clock())
            self._settle(caller.visit)
        decisions: list[Decision] = []
        for group in self._stateless:
            if group.lose(caller, how):
                decisions += self._close(group, how)
            if not group.known:
                self._stateless.pop(group.name)
        return decisions

    def _close(self, group: Group, how: str) -> list[Decision]:
        """Refuse all who wait in a group that can never meet again."""
        told = [(visit, messages.died(visit, how)) for visit in group.waiting()]
        decisions = self._refuse_all(told, "peer_died")
        for meeting in group.meetings():
            meeting.clear()
        return decisions

    def _remember_end(self, key: Hashable, how: str) -> None:
        self._ended[key] = how
        if len(self._ended) > _MAX_ENDED:
            self._ended.popitem(last=False)


def _meeting(group: Group, enter: control_pb2.Enter) -> Meeting:
    if enter.direction == control_pb2.SEND:
        return group.pair(enter.rank_in_group, enter.peer)
    if enter.direction == control_pb2.RECEIVE:
        return group.pair(enter.peer, enter.rank_in_group)
    return group.collective


def _found_to_differ(visit: Visit, late: GivenUp) -> Visit | None:
    """The call it differs from, where it stood at its gate when the others were found to differ."""
    if late.how != DIFFERED or visit.stood >= late.at:
        return None
    return next((other for other in late.by if not visit.agrees(other)), None)


def _go(visitor: Visitor, ticket: int, waited_s: float, sequence: int) -> Decision:
    verdict = control_pb2.Verdict(ticket=ticket, go=True, sequence=sequence)
    return Decision(visitor, ticket, verdict, waited_s)


def _no(visitor: Visitor, ticket: int, waited_s: float, error: BridgeError) -> Decision:
    verdict = control_pb2.Verdict(ticket=ticket, refusal=error.to_detail())
    return Decision(visitor, ticket, verdict, waited_s)
