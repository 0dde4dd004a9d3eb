"""What a policy is."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch

__all__ = ["AbstractEplbPolicy"]


class AbstractEplbPolicy(ABC):
    """Decides where experts go: a base for classes. Source: vLLM."""

    @classmethod
    @abstractmethod
    def rebalance_experts(
        cls,
        weight: torch.Tensor,
        num_replicas: int,
        num_groups: int,
        num_nodes: int,
        num_ranks: int,
        old_global_expert_indices: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return which expert goes into which slot, [layers, num_replicas], for the load of each
        expert, [layers, logical experts]. `old_global_expert_indices`, of the shape of the result,
        is where they are: what stays on a rank should stay in its slot. Pure: every rank finds the
        same."""
