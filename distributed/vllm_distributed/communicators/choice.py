"""Which transport and communicator a group gets: by its process groups' backends and devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.communicators.base import Transport
from vllm_distributed.communicators.gloo import GlooTransport
from vllm_distributed.communicators.solo import SoloTransport
from vllm_distributed.communicators.staged import StagedTransport
from vllm_distributed.errors import InvalidTypeError

if TYPE_CHECKING:
    from vllm_distributed.communicators.device import DeviceCommunicatorBase

__all__ = ["make_communicator", "make_transport", "set_custom_all_reduce"]

_custom_all_reduce = True


def set_custom_all_reduce(enable: bool) -> None:
    """Allow, or forbid, the all-reduce through symmetric memory in groups made from now on.

    It is allowed at first, and used where the devices of a group reach each other's memory; it
    changes the speed only. The same on every rank. Local to the process. Raises `InvalidTypeError`
    for what is neither True nor False.
    """
    global _custom_all_reduce
    if not isinstance(enable, bool):
        raise InvalidTypeError(f"enable must be True or False, got {enable!r}", argument="enable")
    _custom_all_reduce = enable


def make_communicator(
    cpu_group: ProcessGroup | None,
    device: torch.device,
    device_group: ProcessGroup | None,
    unique_name: str,
    *,
    optimised: bool,
) -> DeviceCommunicatorBase:
    """Return a coordinator's communicator; without groups, one for a rank alone."""
    from vllm_distributed.communicators.device import DeviceCommunicatorBase

    return DeviceCommunicatorBase(cpu_group, device, device_group, unique_name, optimised=optimised)


def make_transport(
    cpu_group: ProcessGroup | None,
    device: torch.device,
    device_group: ProcessGroup | None,
    unique_name: str,
    *,
    optimised: bool,
) -> Transport:
    """Return what carries a group's tensors; without a group, the transport of a rank alone."""
    group = cpu_group if device_group is None else device_group
    if group is None:
        return SoloTransport(unique_name)
    if device.type != "cuda":
        gloo = GlooTransport(group, unique_name)
        # A tensor on a device that gloo cannot read: only where there can be one.
        return StagedTransport(gloo) if torch.cuda.is_available() else gloo
    from vllm_distributed.communicators.cuda import NcclTransport

    return NcclTransport(
        group,
        None if cpu_group is None else GlooTransport(cpu_group, unique_name),
        device,
        unique_name,
        custom_all_reduce=optimised and _custom_all_reduce,
    )
