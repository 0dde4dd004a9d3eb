"""torch process groups for one partition of the world."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import torch.distributed as dist
from torch.distributed import ProcessGroup

from vllm_distributed.errors import CollectiveError
from vllm_distributed.torch_internals import is_alive

__all__ = ["destroy_group", "make_group", "make_solo_group"]


def make_group(
    group_ranks: Sequence[Sequence[int]], backend: str, timeout: timedelta, description: str
) -> ProcessGroup | None:
    """Return the process group this rank is in; None if it is alone in its group.

    Collective over the world: torch numbers the groups it makes, so every rank has to ask for all
    of them in the same order, also for those it is no member of (which costs it microseconds; only
    the members connect to each other). Groups of one are made by nobody: see `make_solo_group`.
    """
    mine: ProcessGroup | None = None
    rank = dist.get_rank()
    try:
        for ranks in group_ranks:
            if len(ranks) == 1:
                continue
            group = dist.new_group(
                list(ranks), backend=backend, timeout=timeout, group_desc=description
            )
            if rank in ranks:
                mine = group
    except RuntimeError as error:
        if mine is not None:
            destroy_group(mine)
        raise CollectiveError(
            f"rank {rank} could not connect to the other members of {description} within "
            f"{timeout.total_seconds():g} s: {error}",
            group=description,
            rank=rank,
        ) from error
    return mine


def make_solo_group(backend: str, timeout: timedelta, description: str) -> ProcessGroup:
    """Return a process group with this rank alone in it. Local: no other rank takes part."""
    group: ProcessGroup = dist.new_group(
        [dist.get_rank()],
        backend=backend,
        timeout=timeout,
        use_local_synchronization=True,
        group_desc=description,
    )
    return group


def destroy_group(group: ProcessGroup) -> None:
    """Destroy a process group, unless torch has already done so with its default group."""
    if is_alive(group):
        dist.destroy_process_group(group)
