"""What the referee says: one sentence on what happened, who, what to do, and what still works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.gate.referee.meetings import MAX_PENDING_SENDS, GivenUp, Group, Meeting, Visit
from vllm_bridge.gate.referee.visits import Holder, Visitor, Waiting

Tell = Callable[[Visitor], str]

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
    visit: Visit, reason: str, message: str, waiting: Iterable[Visit], met: Visit | None = None
) -> BridgeError:
    """The error for one call that may not start; `waiting`: who waited in its meeting, at least;
    `met`: the call of another run."""
    meeting = visit.meeting
    group = meeting.group
    return BridgeError(
        _CATEGORIES[reason],
        reason,
        message,
        details={
            "world_id": group.world_id,
            "group": clip(group.name),
            "operation": clip(visit.operation),
            "sequence": number_of(visit),
            "waiting": _numbers(
                meeting, (other.lane for other in waiting if other.meeting is meeting)
            ),
            "missing": _numbers(meeting, meeting.missing(visit)),
            "state": "gate",
            "ran": False,
        }
        | ({"run": str(visit.run), "met": str(met.run)} if met else {}),
        rank=visit.caller.visitor.rank,
        call_id=visit.call_id,
    )


def call_of(visit: Visit) -> str:
    """e.g. "all_reduce on tp:0", "recv from rank 0 on pp:0"."""
    meeting = visit.meeting
    group = meeting.group
    operation = clip(visit.operation)
    if meeting.pairwise:
        towards = ("to", "from")[visit.lane]
        operation += f" {towards} {group.label(meeting.numbers[1 - visit.lane])}"
    return f"{operation} on {clip(group.name)}"


def number_of(visit: Visit) -> int:
    """The number the call gets when all before it have started."""
    return visit.meeting.sequence + visit.meeting.position(visit) + 1


def waits(visit: Visit, missing: Sequence[str] | None = None) -> str:
    """e.g. "waits in barrier on pp:1 for rank 0"."""
    if missing is None:
        missing = missing_labels(visit)
    return f"waits in {call_of(visit)} for {_listed(missing)}"


def missing_labels(visit: Visit) -> list[str]:
    """Who has not come, e.g. ["rank 1"]."""
    return _labels(visit.meeting, visit.meeting.missing(visit))


def describe(visit: Visit, now: float) -> Waiting:
    """A call that waits, for those who ask."""
    missing = missing_labels(visit)
    return Waiting(
        visitor=visit.caller.visitor,
        ticket=visit.ticket,
        group=visit.meeting.group.name,
        operation=visit.operation,
        call=call_of(visit),
        sequence=number_of(visit),
        session_id=visit.session_id,
        call_id=visit.call_id,
        since=visit.entered,
        waited_s=now - visit.entered,
        missing=missing,
        clause=waits(visit, missing),
    )


def timed_out(visit: Visit, now: float, tell: Tell | None) -> str:
    """Its deadline passed at the gate."""
    queued, waited = visit.entered - visit.arrived, now - visit.entered
    split = ""
    if queued >= 0.1:
        split = f" ({seconds(queued)} in the queue, {seconds(waited)} at the gate)"
    return (
        f"{_numbered(visit)} timed out after {seconds(queued + waited)} before it started{split}. "
        f"{_standing(visit, now, tell)}{usable(visit.meeting)}"
    )


def withdrawn(visit: Visit, why: str, now: float) -> str:
    """Its rank took it back."""
    return (
        f"{_numbered(visit)} was withdrawn after {seconds(now - visit.entered)} at the gate: "
        f"{clip(why)}. {_standing(visit, now, None)}{usable(visit.meeting)}"
    )


def late(visit: Visit, record: GivenUp) -> str:
    """The others gave it up before it came."""
    by = _listed(_labels(visit.meeting, (other.lane for other in record.by)))
    ago = seconds(visit.entered - record.at)
    return (
        f"{_numbered(visit)} came to the gate too late: its counterpart on {by} {record.how} {ago} "
        "before, when this call waited in its rank already. Make the call again on every member. "
        f"{usable(visit.meeting)}"
    )


def mismatch(one: Visit, other: Visit, visits: Sequence[Visit]) -> str:
    """Two members of one group, or two sides of one message, asked for different things."""
    meeting = one.meeting
    if one.meeting is other.meeting and meeting.pairwise:
        sender, receiver = sorted((one, other), key=lambda visit: visit.lane)
        head = (
            f"{_numbered(sender)} and {clip(receiver.operation)} on {_label(receiver)} do not match"
        )
        remedy = "Receive what the other side sends."
    elif one.meeting is other.meeting and one.operation != other.operation:
        asked = "; ".join(
            f"{_listed(labels)} asked for {operation}" for operation, labels in _asked(visits)
        )
        return (
            f"the calls on {clip(meeting.group.name)} (call {meeting.sequence + 1}) do not match: "
            f"{asked}. Make the same calls in the same order on all members. {usable(meeting)}"
        )
    else:
        head = f"{_numbered(one)} does not match on all members"
        remedy = "Pass the same on all members."
    return f"{head}: {_difference(one, other)}. {remedy} {usable(meeting)}"


def overlap(visit: Visit, met: Visit, holder: Holder) -> str:
    """It met a call of another run of its world."""
    world_id = visit.caller.visitor.world_id
    remedy = (
        "Make the call within the run that is meant"
        if visit.run.turn
        else "Make it within a run, or when no run has its turn"
    )
    if met.eager:
        remedy = "Receive in the run that sends; the next run drops what this one has left"
    ours, theirs = _run(visit, holder), _run(met, holder)
    return (
        f"{_numbered(visit)} did not start: it is part of {ours}, and {call_of(met)} of "
        f"{_label(met)} part of {theirs} of {world_id}. Calls of different runs never meet. "
        f"{remedy}. {usable(visit.meeting)}"
    )


def deadlock(cycle: Sequence[Visit], visit: Visit) -> str:
    """Each rank of the circle waits for the next."""
    visitors = [each.caller.visitor for each in cycle]
    one_world = len({(visitor.world_id, visitor.epoch) for visitor in visitors}) == 1
    names = [
        f"rank {visitor.rank}" if one_world and visitor.rank is not None else visitor.name
        for visitor in visitors
    ]
    steps = [
        f"{name} {waits(each, [needed])}"
        for each, name, needed in zip(cycle, names, [*names[1:], names[0]], strict=True)
    ]
    if len(steps) > _MAX_LISTED:
        steps[_MAX_LISTED:] = [f"and so on over {len(steps)} ranks"]
    return (
        f"deadlock: {'; '.join(steps)}. A rank runs one call at a time, so none of these could "
        f"ever start. Make the calls in the same order on all ranks. {usable(visit.meeting)}"
    )


def died(visit: Visit, how: str) -> str:
    """A member is dead."""
    how = how.strip().rstrip(".")
    if len(how) > _MAX_DEATH_CHARS:
        how = how[: _MAX_DEATH_CHARS - 3] + "..."
    end = (
        "No rank entered; the world is not usable: restart it."
        if visit.meeting.group.world_id
        else "No member entered; the group is not usable: make a new one."
    )
    return f"{_numbered(visit)} cannot start: {how}. {end}"


def ended(visit: Visit, how: str) -> str:
    """The world, or the stateless group, is no more."""
    who, what = _words(visit.meeting.group)
    return f"{_numbered(visit)} did not start: {how}. No {who} entered; the {what} is not usable."


def out_of_step(visit: Visit) -> str:
    """Why a pair with too many sends that nobody received can never work again."""
    meeting = visit.meeting
    where = clip(meeting.group.name)
    others = [lane for lane in range(len(meeting.numbers)) if lane != visit.lane]
    return (
        f"{_label(visit)} has made {MAX_PENDING_SENDS} calls of {clip(visit.operation)} on {where} "
        f"that {_listed(_labels(meeting, others))} never met, and then one more. These members are "
        f"out of step in such calls on {where}: make a new group or world for them, and wait for "
        "the other side now and then. Everything else is usable."
    )


def usable(meeting: Meeting) -> str:
    """Nothing has happened; or only what does not wait for anybody has."""
    ahead = [visit.lane for visit in meeting.present.values() if visit.eager]
    who, what = _words(meeting.group)
    if not ahead:
        return f"No {who} entered; the {what} is usable."
    gone = _listed(_labels(meeting, ahead))
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


def _run(visit: Visit, holder: Holder) -> str:
    turn = visit.run.turn
    if not turn:
        return "no run"
    visitor = visit.caller.visitor
    return visit.run.held_by(clip(holder(visitor.world_id, visitor.epoch, turn)))


def _numbered(visit: Visit) -> str:
    return f"{call_of(visit)} (call {number_of(visit)})"


def _standing(visit: Visit, now: float, tell: Tell | None) -> str:
    meeting = visit.meeting
    waiting = {other.lane for other in meeting.waiting()} | {visit.lane}
    text = f"Waiting: {_listed(_labels(meeting, sorted(waiting)))}. "
    missing = meeting.missing(visit)
    if not missing:
        return text
    clauses = [_absent(meeting.group, meeting.numbers[lane], now, tell) for lane in missing]
    return f"{text}Not arrived: {_listed(clauses, '; ')}. "


def _absent(group: Group, number: int, now: float, tell: Tell | None) -> str:
    label = group.label(number)
    caller = group.member(number)
    if caller is not None and caller.visit is not None:
        since = seconds(now - caller.visit.entered)
        return f"{label}, which {waits(caller.visit)} since {since}"
    told = tell(group.visitor(number)) if tell is not None else ""
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


def _difference(one: Visit, other: Visit) -> str:
    ours, theirs = one.meeting.group, other.meeting.group
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
        values = {visit: visit.parts.get(name, "not given") for visit in (one, other)}
        if name == "elements" and one.shape and other.shape:
            name = "shape"
            values = {visit: visit.shape for visit in (one, other)}
    first, second = sorted(values, key=lambda visit: visit.lane)
    return (
        f"{clip(name)} is {clip(values[first])} on {_label(first)} and {clip(values[second])} on "
        f"{_label(second)}"
    )


def _asked(visits: Sequence[Visit]) -> list[tuple[str, list[str]]]:
    asked: dict[str, list[str]] = {}
    for visit in sorted(visits, key=lambda visit: visit.lane):
        asked.setdefault(clip(visit.operation), []).append(_label(visit))
    return list(asked.items())


def _words(group: Group) -> tuple[str, str]:
    return ("rank", "world") if group.world_id else ("member", "group")


def _label(visit: Visit) -> str:
    return visit.meeting.group.label(visit.meeting.numbers[visit.lane])


def _labels(meeting: Meeting, lanes: Iterable[int]) -> list[str]:
    return [meeting.group.label(meeting.numbers[lane]) for lane in lanes]


def _numbers(meeting: Meeting, lanes: Iterable[int]) -> list[int]:
    return [meeting.group.number(meeting.numbers[lane]) for lane in lanes][:_MAX_IN_DETAILS]


def _listed(labels: Sequence[str], separator: str = ", ") -> str:
    shown = list(labels[:_MAX_LISTED])
    if len(labels) > _MAX_LISTED:
        shown.append(f"and {len(labels) - _MAX_LISTED} more")
    return separator.join(shown)
