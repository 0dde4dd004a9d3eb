"""Balancing the load of experts: which expert lives on which GPU, as pure functions."""

from vllm_distributed.eplb.placement import (
    expert_balancedness,
    get_expert_map,
    get_expert_placement,
)
from vllm_distributed.eplb.policy import rebalance_experts

__all__ = [
    "expert_balancedness",
    "get_expert_map",
    "get_expert_placement",
    "rebalance_experts",
]
