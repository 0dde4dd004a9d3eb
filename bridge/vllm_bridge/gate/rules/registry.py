"""How a rule is written down: for which names, and from what it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vllm_bridge.gate.facts import Facts, Group, of_communicator, of_coordinator
from vllm_distributed import DeviceCommunicatorBase, GroupCoordinator

Members = GroupCoordinator | DeviceCommunicatorBase
Rule = Callable[..., Facts | None]

RULES: dict[str, Rule] = {}
"""By qualified name, as in `surface`."""


def rule(*names: str) -> Callable[[Rule], Rule]:
    """The rule of these names."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


def on_coordinators(name: str) -> Callable[[Rule], Rule]:
    """The rule of a method of coordinators, stateless ones too."""
    return rule(f"GroupCoordinator.{name}")


def on_tensors(name: str) -> Callable[[Rule], Rule]:
    """The rule of a method of coordinators and of their communicators."""
    return rule(f"GroupCoordinator.{name}", f"DeviceCommunicatorBase.{name}")


def group_of(members: Members) -> Group | None:
    """The group of a coordinator or communicator."""
    if isinstance(members, GroupCoordinator):
        return of_coordinator(members)
    return of_communicator(members)


def facts_of(
    group: Group | None, operation: str, *parts: tuple[str, str], **more: Any
) -> Facts | None:
    """The facts of a call on a group; None where there is no group to gate it in."""
    return None if group is None else Facts(group, operation, parts, **more)


def peer_of(group: Members, given: int | None, step: int) -> int:
    """The other side of a point-to-point call, by default the next or previous member."""
    return (group.rank_in_group + step) % group.world_size if given is None else given
