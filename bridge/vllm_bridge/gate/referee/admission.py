"""What a rank says at the gate: whether it can be true, and how the referee keeps it."""

from __future__ import annotations

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.gate.referee import messages
from vllm_bridge.gate.referee.decisions import Member
from vllm_bridge.gate.referee.groups import MAX_GROUPS
from vllm_bridge.gate.referee.rendezvous import Caller, QueuedCall, RendezvousQueue
from vllm_bridge.transport.metadata import RunLabel

_OUR_FAULT = "This is a fault of the bridge: please report it"


def ended(member: Member, enter: control_pb2.Enter, how: str) -> BridgeError:
    """The rank, or its world, has ended."""
    message = f"{messages.clip(enter.operation)} did not start: {how}. Nobody entered"
    return _error(member, enter, Category.POOL, "withdrawn", message)


def already_there(member: Member, enter: control_pb2.Enter, call: QueuedCall) -> BridgeError:
    """The rank waits at the gate already."""
    message = (
        f"{messages.clip(enter.operation)} did not start: a rank runs one call at a time, and "
        f"{member.name or member.rank_id} {messages.waits(call)}. {_OUR_FAULT}"
    )
    return _error(member, enter, Category.GRPC_ERROR, "already_at_gate", message)


def too_many_groups(member: Member, enter: control_pb2.Enter) -> BridgeError:
    """The world has too many groups in use."""
    message = (
        f"{messages.clip(enter.operation)} on {messages.clip(enter.group)} did not start: calls "
        f"wait, or have gone ahead, in {MAX_GROUPS} groups of world {member.world_id} already. "
        "No rank entered; the world is usable."
    )
    return _error(member, enter, Category.POOL, "too_many_groups", message)


def malformed(member: Member, enter: control_pb2.Enter, fault: str) -> BridgeError:
    """The error for what a correct rank never says."""
    message = f"{messages.clip(enter.operation)} did not start: {fault}. {_OUR_FAULT}"
    return _error(member, enter, Category.GRPC_ERROR, "bad_enter", message)


def queued_call(
    caller: Caller, queue: RendezvousQueue, enter: control_pb2.Enter, now: float
) -> QueuedCall:
    """The call as the referee keeps it."""
    lane = enter.rank_in_group
    if queue.pairwise:
        lane = queue.numbers.index(lane)
    deadline = None
    if enter.HasField("remaining"):
        remaining = enter.remaining
        deadline = now + remaining.seconds + remaining.nanos * 1e-9
    age = enter.age
    parts = {part.name: part.value for part in enter.parts}
    # Where elements are counted, a shape is only for people.
    shape = parts.pop("shape", "") if "elements" in parts else ""
    return QueuedCall(
        caller,
        enter.ticket,
        queue,
        lane,
        enter.operation,
        parts,
        enter.eager,
        now,
        now - max(age.seconds + age.nanos * 1e-9, 0.0),
        deadline,
        enter.session_id,
        enter.call_id,
        shape=shape,
        run=RunLabel(enter.turn, enter.nested),
    )


def fault(member: Member, enter: control_pb2.Enter, members: tuple[int, ...]) -> str:
    """What is wrong with it that a correct rank never says; empty when nothing is."""
    size, number = enter.size, enter.rank_in_group
    if not enter.group:
        return "the group has no name"
    if not 0 <= number < size:
        return f"member {number} of a group of {size}"
    if members:
        if len(members) != size:
            return f"{len(members)} members in a group of {size}"
        if member.rank is not None and members[number] != member.rank:
            return f"rank {member.rank} as member {number}, which is rank {members[number]}"
    if enter.direction and (not 0 <= enter.peer < size or enter.peer == number):
        return f"member {number} of {size} calling with member {enter.peer}"
    return ""


def _error(
    member: Member, enter: control_pb2.Enter, category: Category, reason: str, message: str
) -> BridgeError:
    return BridgeError(
        category,
        reason,
        message,
        details={"world_id": member.world_id, "state": "gate", "ran": False},
        rank=member.rank,
        call_id=enter.call_id,
    )
