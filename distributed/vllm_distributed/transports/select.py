"""Which transport a group gets: by its process groups' backends and devices."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.errors import InvalidTypeError
from vllm_distributed.transports.base import Transport
from vllm_distributed.transports.gloo import GlooTransport
from vllm_distributed.transports.hierarchy.collectives import HierarchicalTransport
from vllm_distributed.transports.hierarchy.group import Hierarchy
from vllm_distributed.transports.hierarchy.make import MakeBetween, by_host
from vllm_distributed.transports.shm.collectives import SharedMemoryTransport
from vllm_distributed.transports.shm.group import SharedMemory
from vllm_distributed.transports.shm.negotiate import Negotiation
from vllm_distributed.transports.solo import SoloTransport
from vllm_distributed.transports.staged import StagedTransport

__all__ = [
    "custom_all_reduce_is_allowed",
    "make_transport",
    "set_custom_all_reduce",
    "shared_memory_of",
]

_custom_all_reduce = True


def set_custom_all_reduce(enable: bool) -> None:
    """Allow, or forbid, sums of small tensors on CUDA devices through symmetric memory, in groups
    made from now on.

    They are allowed at first, and used where the devices reach each other's memory; elsewhere, and
    where forbidden, NCCL does them. It changes the speed and how 16-bit floats are rounded. The
    same on every rank. Nothing on the CPU depends on it: memory that ranks of one node share is
    turned off by `VLLM_DISTRIBUTED_SHM=0`. Local to the process.

    Raises:
        InvalidTypeError: for what is neither True nor False.
    """
    global _custom_all_reduce
    if not isinstance(enable, bool):
        raise InvalidTypeError(f"enable must be True or False, got {enable!r}", argument="enable")
    _custom_all_reduce = enable


def custom_all_reduce_is_allowed() -> bool:
    """Return what `set_custom_all_reduce` said last."""
    return _custom_all_reduce


def shared_memory_of(
    cpu_group: ProcessGroup,
    tensors: ProcessGroup,
    unique_name: str,
    ranks: Sequence[int],
    make_between: MakeBetween,
) -> SharedMemory | Hierarchy | None:
    """Return what a group's members share: all of them, or those of each host; None where they
    share nothing.

    Collective over the groups, of the global `ranks`. Operations on tensors take as long as those
    of the group `tensors` may. `make_between` makes the process group of one member of each host.
    """
    negotiation = Negotiation(cpu_group, unique_name, ranks, like=tensors)
    return negotiation.share() or by_host(negotiation, make_between)


def make_transport(
    cpu_group: ProcessGroup | None,
    device: torch.device,
    device_group: ProcessGroup | None,
    unique_name: str,
    *,
    optimised: bool,
    shared_memory: SharedMemory | Hierarchy | None = None,
) -> Transport:
    """Return what carries a group's tensors; without a group, the transport of a rank alone."""
    group = cpu_group if device_group is None else device_group
    if group is None:
        return SoloTransport(unique_name)
    if device.type != "cuda":
        host = _for_host(group, unique_name, shared_memory)
        # A tensor on a device that the host cannot read: only where there can be one.
        return StagedTransport(host) if torch.cuda.is_available() else host
    from vllm_distributed.transports.nccl import NcclTransport

    return NcclTransport(
        group,
        None if cpu_group is None else _for_host(cpu_group, unique_name, shared_memory),
        device,
        unique_name,
        custom_all_reduce=optimised and _custom_all_reduce,
    )


def _for_host(
    group: ProcessGroup, unique_name: str, shared_memory: SharedMemory | Hierarchy | None
) -> Transport:
    gloo = GlooTransport(group, unique_name)
    if shared_memory is None:
        return gloo
    if isinstance(shared_memory, Hierarchy):
        return HierarchicalTransport(shared_memory, gloo, group)
    return SharedMemoryTransport(shared_memory, gloo)
