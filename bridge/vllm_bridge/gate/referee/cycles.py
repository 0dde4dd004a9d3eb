"""Who waits for whom, and circles in it.

A call waits for all members that have not arrived, and a rank runs one call at a time: a rank on a
circle can never arrive where others wait for it. A rank only begins to wait for others when it
arrives at the gate, so a new circle always goes through the last one to arrive.
"""

from __future__ import annotations

from vllm_bridge.gate.referee.rendezvous import Caller, QueuedCall


def missing_callers(call: QueuedCall) -> list[Caller]:
    """The members that a waiting call waits for, of those that have been at the gate before."""
    queue = call.queue
    group, numbers = queue.group, queue.numbers
    callers = [group.caller(numbers[lane]) for lane in queue.missing(call)]
    return [caller for caller in callers if caller is not None]


def find_cycle(start: Caller) -> list[QueuedCall]:
    """The calls of a circle through `start`, each waiting for the rank of the next, the last for
    `start`; empty when there is none."""
    reached_from: dict[Caller, Caller] = {}
    pending = [start]
    while pending:
        caller = pending.pop()
        if caller.call is None:
            continue
        for needed in missing_callers(caller.call):
            if needed is start:
                return _path(caller, reached_from)
            if needed.call is not None and needed not in reached_from:
                reached_from[needed] = caller
                pending.append(needed)
    return []


def _path(last: Caller, reached_from: dict[Caller, Caller]) -> list[QueuedCall]:
    path: list[QueuedCall] = []
    caller: Caller | None = last
    while caller is not None:
        if caller.call is not None:
            path.append(caller.call)
        caller = reached_from.get(caller)
    path.reverse()
    return path
