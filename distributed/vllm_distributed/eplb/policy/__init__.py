"""What decides where experts go."""

from vllm_distributed.eplb.policy.abstract import AbstractEplbPolicy
from vllm_distributed.eplb.policy.balancing import rebalance_experts
from vllm_distributed.eplb.policy.default import DefaultEplbPolicy

__all__ = ["EPLB_POLICIES", "AbstractEplbPolicy", "DefaultEplbPolicy", "rebalance_experts"]

EPLB_POLICIES: dict[str, type[AbstractEplbPolicy]] = {"default": DefaultEplbPolicy}
"""The policies that `EPLBConfig.policy` may name."""
