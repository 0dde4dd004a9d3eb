"""How many tokens went to each expert, on all ranks together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch

from vllm_distributed.eplb.model_state import EplbModelState

if TYPE_CHECKING:
    from vllm_distributed.groups.coordinator import GroupCoordinator

__all__ = ["balancedness", "global_loads", "sums_over"]


def global_loads(
    states: Iterable[EplbModelState], group: GroupCoordinator, *, use_last: bool
) -> list[torch.Tensor]:
    """Return the load of each expert over the window, [layers, logical experts], of each model;
    `use_last`: that of the last time, as rank 0 has it. Collective over the group."""
    found = []
    for state in states:
        if use_last:
            saved = state.last_expert_load
            found.append(saved.clone() if group.is_first_rank else torch.zeros_like(saved))
            continue
        experts, slots = state.model.num_logical_experts, state.physical_to_logical_map
        load = torch.zeros(slots.shape[0], experts + 1, dtype=torch.int64, device=slots.device)
        index = slots.masked_fill(slots < 0, experts).long()
        load.scatter_add_(1, index, state.expert_load_window.sum(dim=0, dtype=torch.int64))
        found.append(load[:, :-1].contiguous())
    return sums_over(group, found)


def sums_over(group: GroupCoordinator, tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the sums of tensors over the group, in one call."""
    whole = group.all_reduce(torch.cat([tensor.flatten() for tensor in tensors]))
    found, at = [], 0
    for tensor in tensors:
        found.append(whole[at : at + tensor.numel()].view_as(tensor))
        at += tensor.numel()
    return found


def balancedness(load: torch.Tensor, ranks: int) -> tuple[float, float, float]:
    """Return the mean and the largest load of a rank, summed over the layers, and their ratio, for
    the load of each slot, [layers, slots]."""
    by_rank = load.view(len(load), ranks, -1).sum(dim=-1).double()
    mean = float(by_rank.mean(dim=1).sum())
    most = float(by_rank.max(dim=1).values.sum())
    return mean, most, mean / most if most else 0.0
