"""torch process groups for one partition of the world."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed import ProcessGroup

from vllm_distributed import entry
from vllm_distributed.compat.torch_internals import (
    apart_from_world,
    bound_device,
    can_split_world,
    is_alive,
    world_group,
)
from vllm_distributed.errors import (
    CollectiveError,
    DistributedError,
    EnvironmentConflictError,
)
from vllm_distributed.forks import belongs_to_this_process, is_inherited
from vllm_distributed.process_groups.making import supervised_gloo

__all__ = ["destroy_group", "make_group", "make_solo_group"]

_CPU = torch.device("cpu")


def make_group(
    group_ranks: Sequence[Sequence[int]],
    backend: str,
    timeout: timedelta,
    description: str,
    device: torch.device = _CPU,
) -> ProcessGroup | None:
    """Return the process group this rank is in; None if it is alone in its group.

    Collective over the world: torch numbers the groups it makes, so every rank has to ask for all
    of them in the same order, also for those it is no member of (which costs it microseconds; only
    the members connect to each other). Groups of one are made by nobody: see `make_solo_group`.

    A group for a device is bound to it, so that it connects here and not, with another error, in
    its first operation. Where the world's communicator can be split, which is faster than making
    a new one and shares its resources, it is. Raises `EnvironmentConflictError` if the world is
    bound to another device, `CollectiveError` if the members cannot connect.
    """
    belongs_to_this_process(world_group(), "the world")
    _check_device(backend, device, description)
    shared = [list(ranks) for ranks in group_ranks if len(ranks) > 1]
    rank = dist.get_rank()
    mine: ProcessGroup | None = None
    if shared:
        entry.about_to_send()
    try:
        if shared and can_split_world(backend, device):
            return _split(shared, rank, timeout, description)
        for ranks in shared:
            with _place(backend), supervised_gloo(description, ranks):
                group = dist.new_group(
                    ranks,
                    backend=backend,
                    timeout=timeout,
                    group_desc=description,
                    **_binding(backend, device),
                )
            if rank in ranks:
                mine = group
    except RuntimeError as error:
        if mine is not None:
            destroy_group(mine)
        if isinstance(error, DistributedError):
            raise
        raise CollectiveError(
            f"rank {rank} could not connect to the other members of {description} within "
            f"{timeout.total_seconds():g} s: {error}",
            group=description,
            rank=rank,
        ) from error
    return mine


def _split(
    shared: list[list[int]], rank: int, timeout: timedelta, description: str
) -> ProcessGroup | None:
    group: ProcessGroup | None = dist.split_group(
        split_ranks=shared, timeout=timeout, group_desc=description
    )
    return group if any(rank in ranks for ranks in shared) else None


def make_solo_group(
    backend: str, timeout: timedelta, description: str, device: torch.device = _CPU
) -> ProcessGroup:
    """Return a process group with this rank alone in it. Local: no other rank takes part."""
    belongs_to_this_process(world_group(), "the world")
    with apart_from_world(), supervised_gloo(description, [dist.get_rank()]):
        group: ProcessGroup = dist.new_group(
            [dist.get_rank()],
            backend=backend,
            timeout=timeout,
            use_local_synchronization=True,
            group_desc=description,
            **_binding(backend, device),
        )
    return group


def _place(backend: str) -> AbstractContextManager[None]:
    """Return the block to make a group of this backend in: only NCCL's are split off the world."""
    return nullcontext() if "nccl" in backend else apart_from_world()


def _check_device(backend: str, device: torch.device, description: str) -> None:
    """Refuse a device that torch would refuse as well, with an AssertionError of one rank."""
    bound = bound_device()
    if backend == "nccl" and device.index is not None and bound not in (None, device):
        raise EnvironmentConflictError(
            f"{description} is for {device}, but torch's default group is bound to {bound}: pass "
            f"the local_rank of that device, or init_process_group(device_id={str(device)!r})",
            device=str(device),
            bound=str(bound),
        )


def _binding(backend: str, device: torch.device) -> dict[str, Any]:
    """Return the arguments that bind a group to its device: NCCL connects at once then."""
    return {"device_id": device} if backend == "nccl" and device.index is not None else {}


def destroy_group(group: ProcessGroup) -> None:
    """Destroy a process group, unless torch has already done so with its default group, or it is
    the parent's of a forked child."""
    if not is_inherited(group) and is_alive(group):
        dist.destroy_process_group(group)
