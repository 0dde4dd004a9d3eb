"""What a rank is doing: one sentence for everywhere, and the parts that it is made of."""

from __future__ import annotations

import time
from typing import Protocol

from vllm_bridge._generated import pool_pb2
from vllm_bridge.gate.referee import Waiting

# A wall clock that is never set back.
_OFFSET = time.time() - time.monotonic()


def wall(ago_s: float = 0.0) -> float:
    """Unix time so many seconds ago."""
    return _OFFSET + time.monotonic() - ago_s


class Call(Protocol):
    """A running call, as a heartbeat or an inspection tells of it."""

    method: str
    session_id: str
    call_id: str
    group: str
    operation: str
    parts: str
    running_s: float
    gated_s: float
    overdue_s: float


def of_call(call: Call, age_s: float, waiting: Waiting | None) -> pool_pb2.Activity:
    """What a rank is doing that runs this call; it was told so long ago.

    `waiting`: where it stands at the gate by now.
    """
    if waiting is not None and (waiting.session_id, waiting.call_id) != (
        call.session_id,
        call.call_id,
    ):
        # It has gone on to another call since.
        return at_gate(pool_pb2.Activity(), waiting)
    activity = pool_pb2.Activity(
        method=call.method,
        session_id=call.session_id,
        call_id=call.call_id,
        group=call.group,
        operation=call.operation,
        parts=call.parts,
        overdue_s=call.overdue_s + age_s if call.overdue_s > 0 else 0.0,
    )
    if waiting is not None:
        return at_gate(activity, waiting)
    if call.gated_s:
        return begun(
            activity, pool_pb2.ACTIVITY_INSIDE, f"inside {named(call)}", call.gated_s + age_s
        )
    return begun(
        activity, pool_pb2.ACTIVITY_RUNNING, f"running {named(call)}", call.running_s + age_s
    )


def at_gate(activity: pool_pb2.Activity, waiting: Waiting) -> pool_pb2.Activity:
    """The same, of a call that waits at the gate."""
    activity.session_id, activity.call_id = waiting.session_id, waiting.call_id
    activity.group, activity.operation = waiting.group, waiting.operation
    activity.sequence = waiting.sequence
    activity.waits_for.extend(waiting.missing_ranks)
    return begun(activity, pool_pb2.ACTIVITY_AT_GATE, waiting.clause, waiting.waited_s)


def begun(
    activity: pool_pb2.Activity, kind: pool_pb2.ActivityKind, sentence: str, for_s: float | None
) -> pool_pb2.Activity:
    """Say what it is, and since when; None: nobody knows."""
    activity.kind = kind
    activity.sentence = sentence
    if for_s is not None:
        activity.for_s = for_s
        activity.since.FromNanoseconds(int(wall(for_s) * 1e9))
    return activity


def named(call: Call) -> str:
    """e.g. "all_reduce on tp:0 (dtype=float32, shape=[4])", "Objects.Call"."""
    if call.operation:
        parts = f" ({call.parts})" if call.parts else ""
        return f"{call.operation} on {call.group}{parts}"
    service, _, method = call.method.rpartition("/")
    return f"{service.rpartition('.')[2]}.{method}"


def timed(activity: pool_pb2.Activity) -> str:
    """The sentence, and for how long that has been so."""
    overdue = f", overdue by {activity.overdue_s:.1f} s" if activity.overdue_s else ""
    if activity.kind == pool_pb2.ACTIVITY_AT_GATE:
        return f"{activity.sentence}, for {activity.for_s:.1f} s, nothing sent yet{overdue}"
    return f"{activity.sentence} for {activity.for_s:.1f} s{overdue}"
