"""How long operations of the world's groups may take, where none of their own was given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from vllm_distributed.compat.torch_internals import group_timeout, world_group

__all__ = ["GroupTimeouts", "set_world_timeouts", "world_timeouts"]


@dataclass(frozen=True)
class GroupTimeouts:
    """The timeouts of one coordinator's groups."""

    device: timedelta
    cpu: timedelta


_of_world: GroupTimeouts | None = None


def set_world_timeouts(timeouts: GroupTimeouts | None) -> None:
    """Set what groups made from now on have by default; None: what torch's default group has."""
    global _of_world
    _of_world = timeouts


def world_timeouts() -> GroupTimeouts:
    """Return what groups have by default."""
    if _of_world is not None:
        return _of_world
    of_default_group = group_timeout(world_group())
    return GroupTimeouts(of_default_group, of_default_group)
