"""The referee itself: what ranks say goes in, decisions come out."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence, Set

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.gate.referee import admission, messages
from vllm_bridge.gate.referee.cycles import find_cycle, missing_callers
from vllm_bridge.gate.referee.deadlines import Deadlines
from vllm_bridge.gate.referee.decisions import Decision, Holder, LastCall, Member, Waiting, nobody
from vllm_bridge.gate.referee.groups import StatelessGroup, Table, World
from vllm_bridge.gate.referee.rendezvous import (
    DIFFERED,
    OVERLAPPED,
    Caller,
    Differed,
    GivenUp,
    Group,
    Overlapped,
    QueuedCall,
    RendezvousQueue,
    Tally,
)

# What makes a stateless group known, and forgets it: operations that nobody waits for.
CREATE, DESTROY = "create", "destroy"

# Ranks and worlds that are over, while messages of theirs may still be under way.
_MAX_ENDED = 1_024


class Referee:
    """Decides for all ranks of a server which calls may start.

    Not safe for threads: one of them calls everything, in the order in which the ranks' messages
    come. Every `enter` that is not eager gets exactly one decision, from that call or from a later
    one of any method, unless its rank dies first. Decisions are returned, and may be for other
    members. An eager one gets none, but for `too_many_pending_sends`.

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
        self._waiting: dict[str, QueuedCall] = {}
        # Of ranks outside of worlds.
        self._outside = Tally()
        self._ended: OrderedDict[Hashable, str] = OrderedDict()

    def enter(self, member: Member, enter: control_pb2.Enter) -> list[Decision]:
        """A rank has arrived at the gate with a call."""
        # A call whose deadline has passed never starts, even when the timer is late.
        decisions = self.expire(None)
        members = tuple(enter.members)
        error = self._not_admitted(member, enter, members)
        if error is None:
            caller = self._caller(member)
            if not members and enter.operation in (CREATE, DESTROY):
                return decisions + self._make_known(caller, enter)
            group, error = self._group(caller, enter, members)
        if error is not None:
            return decisions if enter.eager else [*decisions, _no(member, enter.ticket, 0.0, error)]
        if group is None:
            caller.last = LastCall(enter.ticket, enter.operation, enter.group)
            return decisions if enter.eager else [*decisions, _go(member, enter.ticket, 0.0, 0)]
        queue = _queue(group, enter)
        if enter.sequence:
            # The ranks have let calls through by themselves meanwhile.
            queue.sequence = max(queue.sequence, enter.sequence - 1)
        call = admission.queued_call(caller, queue, enter, self._clock())
        return decisions + (self._go_ahead(call) if call.eager else self._wait(call))

    def leave(self, member: Member, ticket: int, why: str) -> list[Decision]:
        """A rank takes a call back; no decision when that call has its own already.

        `why`: a clause, e.g. "its caller has gone".
        """
        call = self._waiting.get(member.rank_id)
        if call is None or call.ticket != ticket:
            return []
        message = messages.withdrawn(call, why, self._clock())
        return self._give_up([(call, message)], "withdrawn", "was withdrawn")

    def done(self, member: Member, ticket: int, ok: bool, ago_s: float = 0.0) -> None:
        """A call that went through the gate has ended, so long ago."""
        caller = self._callers.get(member.rank_id)
        if caller is not None and caller.last is not None and caller.last.ticket == ticket:
            caller.last.ended = self._clock() - ago_s
            caller.last.ok = ok

    def passed(self, member: Member, done: control_pb2.Done, ago_s: float) -> None:
        """A call has ended that the ranks let through by themselves."""
        if member.rank_id in self._ended or (member.world_id, member.epoch) in self._ended:
            return
        caller = self._caller(member)
        if caller.last is None or caller.last.ticket < done.ticket:
            ended = self._clock() - ago_s
            caller.last = LastCall(done.ticket, done.operation, done.group, ended, done.ok)

    def due(self) -> float | None:
        """When, in the clock's time, `expire` has something to do; None: nobody has a deadline."""
        return self._deadlines.first()

    def expire(self, tell: Callable[[Member], str] | None) -> list[Decision]:
        """Refuse the calls whose deadline has passed.

        `tell` says what an absent member is running, e.g. "running Objects.call for 3.2 s", and ""
        when it is idle. The `rank_id` is empty for one that has never come to the gate.
        """
        now = self._clock()
        first = self._deadlines.first()
        if first is None or first > now:
            return []
        due = self._deadlines.pop_due(now)
        told = [(call, messages.timed_out(call, now, tell)) for call in due]
        return self._give_up(told, "deadline_exceeded", "timed out")

    def died(self, member: Member, how: str) -> list[Decision]:
        """A rank is dead, `how` says it; all that wait in its groups are refused, now and later."""
        self._remember_end(member.rank_id, how)
        decisions = self._lose(member.rank_id, how)
        if member.rank is not None and (member.world_id, member.epoch) not in self._ended:
            world = self._world(member)
            world.dead[member.rank] = how
            for group in world.groups:
                if member.rank in group.members:
                    decisions += self._close(group, how)
        return decisions

    def forget_world(self, world_id: str, epoch: int) -> list[Decision]:
        """An epoch of a world is over: drop all of it, refuse its calls that still wait.

        To be called for every world any of whose ranks was named here.
        """
        how = f"world {world_id} (epoch {epoch}) has ended"
        self._remember_end((world_id, epoch), how)
        world = self._worlds.pop((world_id, epoch), None)
        if world is None:
            return []
        callers = list(world.callers.values())
        calls = [caller.call for caller in callers if caller.call is not None]
        told = [(call, messages.ended(call, how)) for call in calls]
        decisions = self._give_up(told, "withdrawn", "ended with its world")
        for caller in callers:
            decisions += self._lose(caller.member.rank_id, how)
        return decisions

    def change_world(self, world_id: str, epoch: int, numbers: Set[int]) -> list[Decision]:
        """An epoch of a world goes on with other ranks: those of these numbers are others from now
        on, or none. What was known of them is forgotten, and of the groups that they were in."""
        world = self._worlds.get((world_id, epoch))
        if world is None:
            return []
        decisions: list[Decision] = []
        for rank in sorted(numbers):
            caller = world.callers.pop(rank, None)
            if caller is not None:
                how = f"{caller.member.name or f'rank {rank}'} left {world_id}"
                self._remember_end(caller.member.rank_id, how)
                decisions += self._lose(caller.member.rank_id, how)
            world.dead.pop(rank, None)
        for group in world.groups:
            if not numbers.isdisjoint(group.members):
                decisions += self._close(group, f"{group.name} has other members now")
                world.groups.pop((group.name, group.members))
        return decisions

    def waiting(self, world_id: str | None = None, epoch: int | None = None) -> list[Waiting]:
        """The calls that wait at the gate, of a world (and epoch) or of all; longest first."""
        now = self._clock()
        return [
            messages.describe(call, now)
            for call in sorted(self._waiting.values(), key=lambda call: call.entered)
            if world_id is None or call.caller.member.world_id == world_id
            if epoch is None or call.caller.member.epoch == epoch
        ]

    def waiting_of(self, rank_id: str) -> Waiting | None:
        """The call of this rank that waits at the gate."""
        call = self._waiting.get(rank_id)
        return None if call is None else messages.describe(call, self._clock())

    # Coming in

    def _not_admitted(
        self, member: Member, enter: control_pb2.Enter, members: tuple[int, ...]
    ) -> BridgeError | None:
        if self._ended:
            world = (member.world_id, member.epoch)
            how = self._ended.get(member.rank_id) or self._ended.get(world)
            if how is not None:
                return admission.ended(member, enter, how)
        if not enter.eager and member.rank_id in self._waiting:
            return admission.already_there(member, enter, self._waiting[member.rank_id])
        fault = admission.fault(member, enter, members)
        return admission.malformed(member, enter, fault) if fault else None

    def _caller(self, member: Member) -> Caller:
        caller = self._callers.get(member.rank_id)
        if caller is None:
            world = None if member.rank is None else self._world(member)
            caller = Caller(member, world.tally if world else self._outside)
            self._callers[member.rank_id] = caller
            if member.rank is not None and world is not None:
                world.callers[member.rank] = caller
        return caller

    def _world(self, member: Member) -> World:
        key = (member.world_id, member.epoch)
        world = self._worlds.get(key)
        if world is None:
            world = self._worlds[key] = World(*key)
        return world

    def _group(
        self, caller: Caller, enter: control_pb2.Enter, members: tuple[int, ...]
    ) -> tuple[Group | None, BridgeError | None]:
        """The group whose members meet here; None when the call goes at once."""
        member = caller.member
        if not members:
            stateless = self._stateless.get(enter.group)
            if stateless is None or not stateless.meets(caller, enter.rank_in_group, enter.size):
                return None, None
            return stateless, None
        if member.rank is None:
            return None, None
        try:
            group = self._world(member).group(enter.group, members)
        except ValueError as error:
            return None, admission.malformed(member, enter, str(error))
        return group, None if group is not None else admission.too_many_groups(member, enter)

    def _make_known(self, caller: Caller, enter: control_pb2.Enter) -> list[Decision]:
        number = enter.rank_in_group
        group = self._stateless.get(enter.group)
        destroy = enter.operation == DESTROY
        decisions: list[Decision] = []
        if group is not None and group.replaced_by(caller, number, enter.size, destroy=destroy):
            how = f"{group.label(number)} {'destroyed it' if destroy else 'made it again'}"
            told = [(call, messages.ended(call, how)) for call in group.waiting()]
            decisions = self._refuse_all(told, "abandoned")
            self._stateless.pop(group.name)
            group = None
        if destroy:
            return decisions
        if group is None:
            group = StatelessGroup(enter.group, enter.size)
            if not self._stateless.put(group.name, group):
                return decisions  # too many groups are in use: its calls go at once
        group.join(number, caller)
        return decisions

    def _wait(self, call: QueuedCall) -> list[Decision]:
        """A call that stays until it has a verdict."""
        queue, now = call.queue, call.entered
        late = queue.late(call)
        how = queue.group.death()
        if how:
            return self._refuse_all([(call, messages.died(call, how))], "peer_died")
        if queue.broken:
            return self._refuse_all([(call, queue.broken)], "too_many_pending_sends")
        if late is not None:
            other = _found_to_differ(call, late)
            if other is not None:
                message = messages.mismatch(call, other, [*late.by, call])
                return self._refuse_all([(call, message)], "collective_mismatch")
            if late.how == OVERLAPPED and late.met is not None:
                return self._overlap([call], late.met)
            return self._refuse_all([(call, messages.late(call, late))], "abandoned")
        if call.deadline is not None and call.deadline <= now:
            message = messages.timed_out(call, now, None)
            return self._give_up([(call, message)], "deadline_exceeded", "timed out")
        call.caller.call = call
        call.caller.tally.waiting += 1
        self._waiting[call.caller.member.rank_id] = call
        decisions = self._meet(call)
        if call.settled:
            return decisions
        self._deadlines.add(call, len(self._waiting))
        if elsewhere := self._elsewhere(call):
            decisions += self._check_members(call, elsewhere) or self._check_cycle(call)
        return decisions

    def _go_ahead(self, call: QueuedCall) -> list[Decision]:
        """An eager call: others may have waited for it."""
        queue = call.queue
        call.caller.last = LastCall(call.ticket, call.operation, queue.group.name)
        queue.late(call)  # it has gone ahead and cannot be refused; the attempt is settled
        if queue.broken or queue.group.death():
            return []
        if not queue.full(call.lane):
            return self._meet(call)
        queue.broken = messages.out_of_step(call)
        told = [(each, queue.broken) for each in [*queue.clear(), call]]
        return self._refuse_all(told, "too_many_pending_sends")

    def _meet(self, call: QueuedCall) -> list[Decision]:
        now = call.entered
        decisions: list[Decision] = []
        for outcome in call.queue.add(call, now):
            waited = [each for each in outcome.calls if not each.eager]
            if isinstance(outcome, Overlapped):
                decisions += self._overlap(outcome.calls, outcome.met)
                continue
            if isinstance(outcome, Differed):
                message = messages.mismatch(outcome.one, outcome.other, outcome.calls)
                told = [(each, message) for each in waited]
                decisions += self._refuse_all(told, "collective_mismatch")
                continue
            for each in waited:
                each.caller.last = LastCall(each.ticket, each.operation, each.queue.group.name)
                self._settle(each)
                waited_s = now - each.entered
                decisions.append(_go(each.caller.member, each.ticket, waited_s, outcome.sequence))
        return decisions

    # Looking at who waits for whom

    def _elsewhere(self, call: QueuedCall) -> list[QueuedCall]:
        """What the members that this call waits for wait in themselves.

        Members that wait in the same call are no reason to look at each of the others."""
        queue = call.queue
        waiting = call.caller.tally.waiting if queue.group.world_id else len(self._waiting)
        if waiting == queue.number_waiting:
            return []
        return [caller.call for caller in missing_callers(call) if caller.call is not None]

    def _check_members(self, call: QueuedCall, elsewhere: Iterable[QueuedCall]) -> list[Decision]:
        """Whether a member waits in a group of the same name that it says has other members."""
        group = call.queue.group
        for other in elsewhere:
            if not other.queue.group.namesake_of(group):
                continue
            if call.overlaps(other):
                return self._part(call, other)
            message = messages.mismatch(call, other, [call, other])
            told = [(e, message) for e in (*call.queue.waiting(), *other.queue.waiting())]
            return self._give_up(told, "collective_mismatch", DIFFERED)
        return []

    def _check_cycle(self, call: QueuedCall) -> list[Decision]:
        cycle = find_cycle(call.caller)  # of no calls, as a rule
        for one, other in itertools.pairwise(cycle):
            if one.overlaps(other):
                return self._part(one, other)
        told = [(each, messages.deadlock(cycle, each)) for each in cycle]
        return self._give_up(told, "deadlock", "was part of a deadlock")

    def _part(self, one: QueuedCall, other: QueuedCall) -> list[Decision]:
        """Refuse the earlier run's of two calls whose ranks wait for each other."""
        gone, met = sorted((one, other), key=lambda call: call.run)
        decisions = self._overlap([gone], met)
        gone.queue.overlap([gone], met, self._clock())
        return decisions

    def _overlap(self, calls: Sequence[QueuedCall], met: QueuedCall) -> list[Decision]:
        """Refuse calls that have met one of another run."""
        errors = [
            messages.refusal(
                call, "run_overlap", messages.overlap(call, met, self._holder), calls, met
            )
            for call in calls
        ]
        return [self._refuse(call, error) for call, error in zip(calls, errors, strict=True)]

    # Going out

    def _give_up(
        self, told: Iterable[tuple[QueuedCall, str]], reason: str, how: str
    ) -> list[Decision]:
        """Refuse calls that wait, and remember it for the members that have not arrived."""
        errors = [
            (call, messages.refusal(call, reason, message, call.queue.waiting()))
            for call, message in told
        ]
        now = self._clock()
        by_queue: dict[RendezvousQueue, list[QueuedCall]] = {}
        for call, _ in errors:
            by_queue.setdefault(call.queue, []).append(call)
        for queue, calls in by_queue.items():
            queue.give_up(calls, how, now)
        return [self._refuse(call, error) for call, error in errors]

    def _refuse_all(self, told: Iterable[tuple[QueuedCall, str]], reason: str) -> list[Decision]:
        """Refuse calls that are not in their queue, or in one that is over."""
        told = list(told)
        calls = [call for call, _ in told]
        return [
            self._refuse(call, messages.refusal(call, reason, message, calls))
            for call, message in told
        ]

    def _refuse(self, call: QueuedCall, error: BridgeError) -> Decision:
        self._settle(call)
        waited = self._clock() - call.entered
        return _no(call.caller.member, call.ticket, waited, error)

    def _settle(self, call: QueuedCall) -> None:
        call.settled = True
        if call.caller.call is call:
            call.caller.call = None
            call.caller.tally.waiting -= 1
            del self._waiting[call.caller.member.rank_id]

    # Ends

    def _lose(self, rank_id: str, how: str) -> list[Decision]:
        """Forget a rank that is no more, and close the stateless groups it was a member of."""
        caller = self._callers.pop(rank_id, None)
        if caller is None:
            return []
        if caller.call is not None:  # nobody is left to tell
            caller.call.queue.give_up([caller.call], "ended with its rank", self._clock())
            self._settle(caller.call)
        decisions: list[Decision] = []
        for group in self._stateless:
            if group.lose(caller, how):
                decisions += self._close(group, how)
            if not group.known:
                self._stateless.pop(group.name)
        return decisions

    def _close(self, group: Group, how: str) -> list[Decision]:
        """Refuse all that wait in a group that can never meet again."""
        told = [(call, messages.died(call, how)) for call in group.waiting()]
        decisions = self._refuse_all(told, "peer_died")
        for queue in group.queues():
            queue.clear()
        return decisions

    def _remember_end(self, key: Hashable, how: str) -> None:
        self._ended[key] = how
        if len(self._ended) > _MAX_ENDED:
            self._ended.popitem(last=False)


def _queue(group: Group, enter: control_pb2.Enter) -> RendezvousQueue:
    if enter.direction == control_pb2.SEND:
        return group.pair(enter.rank_in_group, enter.peer)
    if enter.direction == control_pb2.RECEIVE:
        return group.pair(enter.peer, enter.rank_in_group)
    return group.collective


def _found_to_differ(call: QueuedCall, late: GivenUp) -> QueuedCall | None:
    """The call it differs from, where it came to its rank before the others were found to differ.

    When it came to the gate is not asked: what a rank says of that has been under way for an
    unknown time, and of calls that differ the difference is what helps.
    """
    if late.how != DIFFERED:
        return None
    return next((other for other in late.by if not call.agrees(other)), None)


def _go(member: Member, ticket: int, waited_s: float, sequence: int) -> Decision:
    verdict = control_pb2.Verdict(ticket=ticket, go=True, sequence=sequence)
    return Decision(member, ticket, verdict, waited_s)


def _no(member: Member, ticket: int, waited_s: float, error: BridgeError) -> Decision:
    verdict = control_pb2.Verdict(ticket=ticket, refusal=error.to_detail())
    return Decision(member, ticket, verdict, waited_s)
