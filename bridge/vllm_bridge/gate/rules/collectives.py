"""What the calls that other ranks take part in have to agree on: a rule for each.

A rule has the parameters of the function it is for, so that Python itself binds the arguments and
fills in the defaults. It is only asked when the call is about to send, with arguments that have
passed the function's own checks. None means that the call cannot be gated: its members are not
ranks of one world.
"""

from __future__ import annotations

from typing import Any

import vllm_distributed
from vllm_bridge.gate.rules import functions, objects, stateless, tensors
from vllm_bridge.gate.rules.registry import RULES, Rule
from vllm_distributed import (
    DeviceCommunicatorBase,
    GroupCoordinator,
    StatelessGroupCoordinator,
    StatelessProcessGroup,
)
from vllm_distributed.config import ParallelConfig
from vllm_distributed.flight.recording import original

__all__ = ["NOT_GATED", "RULES", "Rule", "gated_name"]

# Importing them has filled the table.
_FILLED_BY = (functions, objects, stateless, tensors)

NOT_GATED: dict[str, str] = {
    "init_distributed_environment": "its members are all processes that connect to the "
    "init method's address, some of them outside of the pool perhaps; the agreement there names "
    "the missing ones",
    "init_gloo_process_group": "its members are known to the caller's store alone",
    "DeviceCommunicatorBase.batch_isend_irecv": "each rank's list meets those of several others",
    "MessageQueue.wait_until_ready": "a queue's readers are all that hold its handle",
    "MessageQueue.broadcast_object": "a queue's readers are all that hold its handle",
    "MessageQueue.enqueue": "a queue's readers are all that hold its handle",
    "MessageQueue.dequeue": "a queue's readers are all that hold its handle",
}
"""Calls between ranks that do not pass the gate, and why."""


def gated_name(function: Any) -> str | None:
    """The name in `RULES` of a function, a class, or a bound method; None where it has none."""
    target = getattr(function, "__func__", function)
    found = _BY_TARGET.get(original(target)) if callable(function) else None
    if found is None:
        return None
    receiver = getattr(function, "__self__", None)
    known = receiver is None or isinstance(receiver, (_RECEIVERS, type))
    return found if known else None


_RECEIVERS = (GroupCoordinator, DeviceCommunicatorBase, StatelessProcessGroup, ParallelConfig)


def _by_target() -> dict[Any, str]:
    targets: dict[Any, str] = {}
    for name in RULES:
        owner, _, method = name.rpartition(".")
        if not owner:
            targets[original(getattr(vllm_distributed, name))] = name
            continue
        cls = _CLASSES[owner]
        member = cls if method == "new" else getattr(cls, method)
        targets.setdefault(original(getattr(member, "__func__", member)), name)
    return targets


_CLASSES: dict[str, Any] = {
    "GroupCoordinator": GroupCoordinator,
    "StatelessGroupCoordinator": StatelessGroupCoordinator,
    "DeviceCommunicatorBase": DeviceCommunicatorBase,
    "StatelessProcessGroup": StatelessProcessGroup,
    "MessageQueue": vllm_distributed.communicators.MessageQueue,
    "ParallelConfig": ParallelConfig,
}
_BY_TARGET = _by_target()
