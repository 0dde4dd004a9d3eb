"""Which groups experts are in, and on how many nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.distributed import ProcessGroup

from vllm_distributed.errors import GroupNotInitializedError
from vllm_distributed.groups.active import active
from vllm_distributed.transports.shm.same_node import in_the_same_node_as

if TYPE_CHECKING:
    from vllm_distributed.groups.coordinator import GroupCoordinator

__all__ = ["ep_group", "eplb_group", "node_count"]


def ep_group() -> GroupCoordinator:
    """Return the group whose ranks have the experts."""
    return _group("ep", "expert parallel", "")


def eplb_group(*, apart: bool) -> GroupCoordinator:
    """Return the group that experts move in: one of its own where there is one, and where it must
    be `apart` from what the model does."""
    if not apart and (active.model is None or "eplb" not in active.model.groups):
        return ep_group()
    return _group(
        "eplb",
        "expert load balancing",
        ": with use_async experts move in a group of their own, which enable_eplb=True makes",
    )


def node_count(pg: ProcessGroup, rank_mapping: dict[int, int] | None = None) -> int:
    """Return on how many nodes the ranks are, of those that `rank_mapping` does not map to -1.
    Collective over the group."""
    unknown = set(range(pg.size()))
    nodes = 0
    while unknown:
        rank = min(unknown)
        here = {other for other, near in enumerate(in_the_same_node_as(pg, rank)) if near} | {rank}
        stays = [r for r in here & unknown if rank_mapping is None or rank_mapping.get(r, -1) != -1]
        nodes += bool(stays)
        unknown -= here
    return max(nodes, 1)


def _group(name: str, words: str, note: str) -> GroupCoordinator:
    group = None if active.model is None else active.model.groups.get(name)
    if group is None:
        raise GroupNotInitializedError(
            f"there is no {words} group{note}: call initialize_model_parallel() first, on every "
            f"rank",
            group=name,
        )
    return group
