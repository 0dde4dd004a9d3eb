"""The default policy, as a class with vLLM's names."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from vllm_distributed.eplb.checks import check_count
from vllm_distributed.eplb.policy.abstract import AbstractEplbPolicy
from vllm_distributed.eplb.policy.balancing import rebalance_experts
from vllm_distributed.errors import InvalidArgumentError

__all__ = ["DefaultEplbPolicy"]

Map = npt.NDArray[np.int64]


class DefaultEplbPolicy(AbstractEplbPolicy):
    """`rebalance_experts` of this package; what stays on a rank stays in its slot. Source: vLLM."""

    @classmethod
    def rebalance_experts(
        cls,
        weight: torch.Tensor,
        num_replicas: int,
        num_groups: int,
        num_nodes: int,
        num_ranks: int,
        old_global_expert_indices: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return which expert goes into which slot, [layers, num_replicas], int64 on the CPU.

        Arguments and errors as of `vllm_distributed.rebalance_experts`; with the map that there is
        now, [layers, num_replicas] and -1 for a slot that is empty, what stays on a rank stays in
        its slot (`preserve_intragpu_slots`). Pure, local.
        """
        slots, _, _ = rebalance_experts(weight, num_replicas, num_groups, num_nodes, num_ranks)
        if old_global_expert_indices is None:
            return slots
        old = old_global_expert_indices.detach().cpu().numpy()
        return torch.from_numpy(cls.preserve_intragpu_slots(slots.numpy(), num_ranks, old))

    @classmethod
    def preserve_intragpu_slots(cls, phy2log: Map, num_ranks: int, old_phy2log: Map) -> Map:
        """Return a map with the same experts on each rank as `phy2log`, those that were there
        before in the slots that they had, where there is one for each; the others, in their order,
        in the slots that are left.

        Both are [layers, slots], of which each rank has the same number, one behind the other.
        Where the number of slots is another one, `phy2log` is returned as it is. Pure, local.

        Raises `InvalidArgumentError` for a number of ranks that is none, and for other layers.

        >>> old, new = np.array([[0, 1, 2, 3]]), np.array([[1, 3, 2, 0]])
        >>> DefaultEplbPolicy.preserve_intragpu_slots(new, 2, old).tolist()
        [[3, 1, 2, 0]]
        """
        check_count("num_ranks", num_ranks)
        if phy2log.ndim != 2 or old_phy2log.ndim != 2 or len(phy2log) != len(old_phy2log):
            raise InvalidArgumentError(
                f"both maps are [layers, slots] with the same layers, got {list(phy2log.shape)} "
                f"and {list(old_phy2log.shape)}",
                new=list(phy2log.shape),
                old=list(old_phy2log.shape),
            )
        layers, slots = phy2log.shape
        if slots % num_ranks or old_phy2log.shape[1] != slots:
            return phy2log
        size = slots // num_ranks
        # A row for each rank of each layer.
        new, old = (each.reshape(-1, size) for each in (phy2log, old_phy2log))
        found = np.full_like(new, -1)
        placed, filled = np.zeros(new.shape, dtype=bool), np.zeros(new.shape, dtype=bool)
        rows = np.arange(len(new))
        for slot in range(size):
            fits = (new == old[:, slot : slot + 1]) & ~placed
            at = fits.argmax(axis=1)
            kept = fits[rows, at]
            found[kept, slot] = new[kept, at[kept]]
            placed[kept, at[kept]] = True
            filled[kept, slot] = True
        # Boolean masks go row by row, and each row has as many experts as slots left.
        found[~filled] = new[~placed]
        return found.reshape(layers, slots)
