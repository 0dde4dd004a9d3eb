"""Who waits for whom, and circles in it.

A call waits for all members that have not come, and a rank runs one call at a time: a rank on a
circle can never come to where it is waited for. A rank only begins to wait for others when it comes
to the gate, so a new circle always goes through the one that came last.
"""

from __future__ import annotations

from vllm_bridge.gate.referee.meetings import Caller, Visit


def missing_callers(visit: Visit) -> list[Caller]:
    """The members that a waiting call waits for, of those that have been at the gate before."""
    meeting = visit.meeting
    group, numbers = meeting.group, meeting.numbers
    callers = [group.member(numbers[lane]) for lane in meeting.missing(visit)]
    return [caller for caller in callers if caller is not None]


def find_cycle(start: Caller) -> list[Visit]:
    """The calls of a circle through `start`, each waiting for the rank of the next, the last for
    `start`; empty when there is none."""
    reached_from: dict[Caller, Caller] = {}
    pending = [start]
    while pending:
        caller = pending.pop()
        if caller.visit is None:
            continue
        for needed in missing_callers(caller.visit):
            if needed is start:
                return _path(caller, reached_from)
            if needed.visit is not None and needed not in reached_from:
                reached_from[needed] = caller
                pending.append(needed)
    return []


def _path(last: Caller, reached_from: dict[Caller, Caller]) -> list[Visit]:
    path: list[Visit] = []
    caller: Caller | None = last
    while caller is not None:
        if caller.visit is not None:
            path.append(caller.visit)
        caller = reached_from.get(caller)
    path.reverse()
    return path
