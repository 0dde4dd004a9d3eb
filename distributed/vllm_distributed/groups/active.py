"""The groups this process is in: one object, which making and undoing change and getters read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vllm_distributed.errors import EnvironmentNotInitializedError
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.topology import Topology
from vllm_distributed.world.environment import Environment

__all__ = ["ActiveGroups", "ModelParallel", "active", "destroy_groups", "require_environment"]


@dataclass(frozen=True)
class ModelParallel:
    """The model parallel groups by name (`tp`, `pp`, ...), and the layout they are made after."""

    topology: Topology
    groups: Mapping[str, GroupCoordinator]


@dataclass
class ActiveGroups:
    """What this process is in. None: not made yet, or undone."""

    environment: Environment | None = None
    world: GroupCoordinator | None = None
    inner_dp_world: GroupCoordinator | None = None
    """The ranks of this replica, where it spans several nodes; the world if it is the only one."""
    model: ModelParallel | None = None
    tensor_parallel_patch: GroupCoordinator | None = None
    """The group in place of the tensor parallel one, within `patch_tensor_parallel_group`."""


active = ActiveGroups()


def require_environment(caller: str) -> tuple[Environment, GroupCoordinator]:
    """Return the environment and the world's group, for the function named `caller`.

    Raises `EnvironmentNotInitializedError` in a process that is in no world.
    """
    if active.environment is None or active.world is None:
        raise EnvironmentNotInitializedError(
            f"{caller}: this process is in no world: call init_distributed_environment() first, "
            f"on every rank",
            caller=caller,
        )
    return active.environment, active.world


def destroy_groups(groups: Mapping[str, GroupCoordinator]) -> None:
    """Destroy groups, the ones made last first."""
    for group in reversed(list(groups.values())):
        group.destroy()
