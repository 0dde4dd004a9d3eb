"""Memory of communicators: given back while nothing is sent, and got again."""

from __future__ import annotations

from collections.abc import Callable

import torch

from vllm_distributed.groups.coordinator import GroupCoordinator, living_groups

__all__ = [
    "checkpoint_prepare_distributed_state",
    "checkpoint_restore_distributed_state",
    "resume_device_comms",
    "suspend_device_comms",
]


def suspend_device_comms() -> None:
    """Give back the memory that the communicators of all groups can do without while none is used.

    On the CPU that is what members of a group share for large collectives. Everything already
    called must be over on this rank; ranks wait for each other in every group. The groups stay
    usable: a call that needs the memory gets it again.

    Collective over every group that this process is in.

    Raises:
        CollectiveError, CollectiveTimeoutError: if a peer is gone or does not take part.
    """
    _for_each(lambda group: group.device_communicator.suspend())


def resume_device_comms() -> None:
    """Get back what `suspend_device_comms` gave up, now and not with the first call that needs it.

    Does nothing for groups that were not suspended. Collective over every group that this process
    is in.

    Raises:
        CollectiveError, CollectiveTimeoutError: if a peer is gone or does not take part.
    """
    _for_each(lambda group: group.device_communicator.resume())


def checkpoint_prepare_distributed_state() -> None:
    """Bring the communicators of all groups to where this process can be checkpointed.

    Waits for what the accelerator still does, and gives memory back as `suspend_device_comms`
    does. Collective over every group that this process is in.

    Raises:
        CollectiveError, CollectiveTimeoutError: if a peer is gone or does not take part.
    """
    _synchronize()
    _for_each(lambda group: group.device_communicator.checkpoint_prepare())
    _synchronize()


def checkpoint_restore_distributed_state() -> None:
    """Have the communicators of all groups work again after a process was checkpointed.

    Collective over every group that this process is in.

    Raises:
        CollectiveError, CollectiveTimeoutError: if a peer is gone or does not take part.
    """
    _synchronize()
    _for_each(lambda group: group.device_communicator.checkpoint_restore())
    _synchronize()


def _for_each(action: Callable[[GroupCoordinator], None]) -> None:
    for group in living_groups():
        action(group)


def _synchronize() -> None:
    if torch.cuda.is_available() and torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
