"""What the referee says: one sentence on what happened, who, what to do, and what still works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.gate.referee.decisions import Holder, Member, Waiting
from vllm_bridge.gate.referee.rendezvous import (
    MAX_PENDING_SENDS,
    GivenUp,
    Group,
    QueuedCall,
    RendezvousQueue,
)

Tell = Callable[[Member], str]

# Messages are cut at 2,000 characters, and the end of ours says what still works.
_MAX_LISTED = 8
_MAX_CHARS = 120
_MAX_DEATH_CHARS = 1_400
_MAX_IN_DETAILS = 64

_CATEGORIES = {
    "abandoned": Category.POOL,
    "collective_mismatch": Category.VALIDATION,
    "deadline_exceeded": Category.TIMEOUT,
    "deadlock": Category.VALIDATION,
    "peer_died": Category.WORKER,
    "run_overlap": Category.POOL,
    "too_many_groups": Category.POOL,
    "too_many_pending_sends": Category.POOL,
    "withdrawn": Category.POOL,
}


def refusal(
    call: QueuedCall,
    reason: str,
    message: str,
    waiting: Iterable[QueuedCall],
    met: QueuedCall | None = None,
) -> BridgeError:
    """The error for one call that may not start; `waiting`: at least these waited in its queue;
    `met`: the call of another run."""
    queue = call.queue
    group = queue.group
    return BridgeError(
        _CATEGORIES[reason],
        reason,
        message,
        details={
            "world_id": group.world_id,
            "group": clip(group.name),
            "operation": clip(call.operation),
            "sequence": number_of(call),
            "waiting": _numbers(queue, (other.lane for other in waiting if other.queue is queue)),
            "missing": _numbers(queue, queue.missing(call)),
            "state": "gate",
            "ran": False,
        }
        | ({"run": str(call.run), "met": str(met.run)} if met else {}),
        rank=call.caller.member.rank,
        call_id=call.call_id,
    )


def call_of(call: QueuedCall) -> str:
    """e.g. "all_reduce on tp:0", "recv from rank 0 on pp:0"."""
    queue = call.queue
    group = queue.group
    operation = clip(call.operation)
    if queue.pairwise:
        towards = ("to", "from")[call.lane]
        operation += f" {towards} {group.label(queue.numbers[1 - call.lane])}"
    return f"{operation} on {clip(group.name)}"


def number_of(call: QueuedCall) -> int:
    """The number the call gets when all before it have started."""
    return call.queue.sequence + call.queue.position(call) + 1


def waits(call: QueuedCall, missing: Sequence[str] | None = None) -> str:
    """e.g. "waits in barrier on pp:1 for rank 0"."""
    if missing is None:
        missing = missing_labels(call)
    return f"waits in {call_of(call)} for {_listed(missing)}"


def missing_labels(call: QueuedCall) -> list[str]:
    """The members that have not arrived, e.g. ["rank 1"]."""
    return _labels(call.queue, call.queue.missing(call))


def describe(call: QueuedCall, now: float) -> Waiting:
    """A call that waits, as diagnosis shows it."""
    missing = missing_labels(call)
    return Waiting(
        member=call.caller.member,
        ticket=call.ticket,
        group=call.queue.group.name,
        operation=call.operation,
        call=call_of(call),
        sequence=number_of(call),
        session_id=call.session_id,
        call_id=call.call_id,
        since=call.entered,
        waited_s=now - call.entered,
        missing=missing,
        clause=waits(call, missing),
        missing_ranks=_missing_ranks(call),
    )


def _missing_ranks(call: QueuedCall) -> list[int]:
    queue, world_id = call.queue, call.caller.member.world_id
    members = (queue.group.member(queue.numbers[lane]) for lane in queue.missing(call))
    return [m.rank for m in members if m.rank is not None and m.world_id == world_id]


def timed_out(call: QueuedCall, now: float, tell: Tell | None) -> str:
    """Its deadline passed at the gate."""
    queued, waited = call.entered - call.arrived, now - call.entered
    split = ""
    if queued >= 0.1:
        split = f" ({seconds(queued)} in the queue, {seconds(waited)} at the gate)"
    return (
        f"{_numbered(call)} timed out after {seconds(queued + waited)} before it started{split}. "
        f"{_standing(call, now, tell)}{usable(call.queue)}"
    )


def withdrawn(call: QueuedCall, why: str, now: float) -> str:
    """Its rank took it back."""
    return (
        f"{_numbered(call)} was withdrawn after {seconds(now - call.entered)} at the gate: "
        f"{clip(why)}. {_standing(call, now, None)}{usable(call.queue)}"
    )


def late(call: QueuedCall, record: GivenUp) -> str:
    """The others gave it up before it came."""
    by = _listed(_labels(call.queue, (other.lane for other in record.by)))
    ago = seconds(call.entered - record.at)
    return (
        f"{_numbered(call)} came to the gate too late: its counterpart on {by} {record.how} {ago} "
        "before, when this call waited in its rank already. Make the call again on every member. "
        f"{usable(call.queue)}"
    )


def mismatch(one: QueuedCall, other: QueuedCall, calls: Sequence[QueuedCall]) -> str:
    """Two members of one group, or two sides of one message, asked for different things."""
    queue = one.queue
    if one.queue is other.queue and queue.pairwise:
        sender, receiver = sorted((one, other), key=lambda call: call.lane)
        head = (
            f"{_numbered(sender)} and {clip(receiver.operation)} on {_label(receiver)} do not match"
        )
        remedy = "Receive what the other side sends."
    elif one.queue is other.queue and one.operation != other.operation:
        asked = "; ".join(
            f"{_listed(labels)} asked for {operation}" for operation, labels in _asked(calls)
        )
        return (
            f"the calls on {clip(queue.group.name)} (call {queue.sequence + 1}) do not match: "
            f"{asked}. Make the same calls in the same order on all members. {usable(queue)}"
        )
    else:
        head = f"{_numbered(one)} does not match on all members"
        remedy = "Pass the same on all members."
    return f"{head}: {_difference(one, other)}. {remedy} {usable(queue)}"


def overlap(call: QueuedCall, met: QueuedCall, holder: Holder) -> str:
    """It met a call of another run of its world."""
    world_id = call.caller.member.world_id
    remedy = (
        "Make the call within the run that is meant"
        if call.run.turn
        else "Make it within a run, or when no run has its turn"
    )
    if met.eager:
        remedy = "Receive in the run that sends; the next run drops what this one has left"
    ours, theirs = _run(call, holder), _run(met, holder)
    return (
        f"{_numbered(call)} did not start: it is part of {ours}, and {call_of(met)} of "
        f"{_label(met)} part of {theirs} of {world_id}. Calls of different runs never meet. "
        f"{remedy}. {usable(call.queue)}"
    )


def deadlock(cycle: Sequence[QueuedCall], call: QueuedCall) -> str:
    """Each rank of the circle waits for the next."""
    members = [each.caller.member for each in cycle]
    one_world = len({(member.world_id, member.epoch) for member in members}) == 1
    names = [
        f"rank {member.rank}" if one_world and member.rank is not None else member.name
        for member in members
    ]
    steps = [
        f"{name} {waits(each, [needed])}"
        for each, name, needed in zip(cycle, names, [*names[1:], names[0]], strict=True)
    ]
    if len(steps) > _MAX_LISTED:
        steps[_MAX_LISTED:] = [f"and so on over {len(steps)} ranks"]
    return (
        f"deadlock: {'; '.join(steps)}. A rank runs one call at a time, so none of these could "
        f"ever start. Make the calls in the same order on all ranks. {usable(call.queue)}"
    )


def died(call: QueuedCall, how: str) -> str:
    """A member is dead."""
    how = how.strip().rstrip(".")
    if len(how) > _MAX_DEATH_CHARS:
        how = how[: _MAX_DEATH_CHARS - 3] + "..."
    end = (
        "No rank entered; groups with a dead rank are not usable: restart the world."
        if call.queue.group.world_id
        else "No member entered; the group is not usable: make a new one."
    )
    return f"{_numbered(call)} cannot start: {how}. {end}"


def ended(call: QueuedCall, how: str) -> str:
    """The world, or the stateless group, is no more."""
    who, what = _words(call.queue.group)
    return f"{_numbered(call)} did not start: {how}. No {who} entered; the {what} is not usable."


def out_of_step(call: QueuedCall) -> str:
    """Why a pair with too many sends that nobody received can never work again."""
    queue = call.queue
    where = clip(queue.group.name)
    others = [lane for lane in range(len(queue.numbers)) if lane != call.lane]
    return (
        f"{_label(call)} has made {MAX_PENDING_SENDS} calls of {clip(call.operation)} on {where} "
        f"that {_listed(_labels(queue, others))} never met, and then one more. These members are "
        f"out of step in such calls on {where}: make a new group or world for them, and wait for "
        "the other side now and then. Everything else is usable."
    )


def usable(queue: RendezvousQueue) -> str:
    """Nothing has happened; or only what does not wait for anybody has."""
    ahead = [call.lane for call in queue.present.values() if call.eager]
    who, what = _words(queue.group)
    if not ahead:
        return f"No {who} entered; the {what} is usable."
    gone = _listed(_labels(queue, ahead))
    return (
        f"{gone[0].upper()}{gone[1:]} had gone ahead without waiting, and that stays to be met; no "
        f"other {who} entered; the {what} is usable."
    )


def seconds(value: float) -> str:
    """e.g. "7.2 s", "40 ms"."""
    value = max(value, 0.0)
    return f"{value * 1000:.0f} ms" if value < 0.0995 else f"{value:.1f} s"


def clip(text: str) -> str:
    """Names and values as ranks report them, at a length that leaves room for the rest."""
    return text if len(text) <= _MAX_CHARS else text[: _MAX_CHARS - 3] + "..."


def _run(call: QueuedCall, holder: Holder) -> str:
    turn = call.run.turn
    if not turn:
        return "no run"
    member = call.caller.member
    return call.run.held_by(clip(holder(member.world_id, member.epoch, turn)))


def _numbered(call: QueuedCall) -> str:
    return f"{call_of(call)} (call {number_of(call)})"


def _standing(call: QueuedCall, now: float, tell: Tell | None) -> str:
    queue = call.queue
    waiting = {other.lane for other in queue.waiting()} | {call.lane}
    text = f"Waiting: {_listed(_labels(queue, sorted(waiting)))}. "
    missing = queue.missing(call)
    if not missing:
        return text
    clauses = [_absent(queue.group, queue.numbers[lane], now, tell) for lane in missing]
    return f"{text}Not arrived: {_listed(clauses, '; ')}. "


def _absent(group: Group, number: int, now: float, tell: Tell | None) -> str:
    label = group.label(number)
    caller = group.caller(number)
    if caller is not None and caller.call is not None:
        since = seconds(now - caller.call.entered)
        return f"{label}, which {waits(caller.call)} since {since}"
    told = tell(group.member(number)) if tell is not None else ""
    if told:
        return f"{label}, {clip(told)}"
    last = None if caller is None else caller.last
    if last is None:
        return f"{label}, which has made no call on a group so far"
    call = f"{clip(last.operation)} on {clip(last.group)}"
    if last.ended is None:
        return f"{label}, in {call}"
    ended = "finished" if last.ok else "failed"
    return f"{label}, idle since {call} {ended} {seconds(now - last.ended)} ago"


def _difference(one: QueuedCall, other: QueuedCall) -> str:
    ours, theirs = one.queue.group, other.queue.group
    if ours is not theirs:
        members = (str([group.number(n) for n in range(group.size)]) for group in (ours, theirs))
        values = dict(zip((one, other), members, strict=True))
        name = "members"
    else:
        name = next(
            name
            for name in (*one.parts, *other.parts)
            if one.parts.get(name) != other.parts.get(name)
        )
        values = {call: call.parts.get(name, "not given") for call in (one, other)}
        if name == "elements" and one.shape and other.shape:
            name = "shape"
            values = {call: call.shape for call in (one, other)}
    first, second = sorted(values, key=lambda call: call.lane)
    return (
        f"{clip(name)} is {clip(values[first])} on {_label(first)} and {clip(values[second])} on "
        f"{_label(second)}"
    )


def _asked(calls: Sequence[QueuedCall]) -> list[tuple[str, list[str]]]:
    asked: dict[str, list[str]] = {}
    for call in sorted(calls, key=lambda call: call.lane):
        asked.setdefault(clip(call.operation), []).append(_label(call))
    return list(asked.items())


def _words(group: Group) -> tuple[str, str]:
    return ("rank", "world") if group.world_id else ("member", "group")


def _label(call: QueuedCall) -> str:
    return call.queue.group.label(call.queue.numbers[call.lane])


def _labels(queue: RendezvousQueue, lanes: Iterable[int]) -> list[str]:
    return [queue.group.label(queue.numbers[lane]) for lane in lanes]


def _numbers(queue: RendezvousQueue, lanes: Iterable[int]) -> list[int]:
    return [queue.group.number(queue.numbers[lane]) for lane in lanes][:_MAX_IN_DETAILS]


def _listed(labels: Sequence[str], separator: str = ", ") -> str:
    shown = list(labels[:_MAX_LISTED])
    if len(labels) > _MAX_LISTED:
        shown.append(f"and {len(labels) - _MAX_LISTED} more")
    return separator.join(shown)
