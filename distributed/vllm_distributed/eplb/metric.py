"""How evenly the load of experts is spread over GPUs."""

from __future__ import annotations

import torch

from vllm_distributed.eplb.checks import check_count, check_divides_evenly, check_load

__all__ = ["expert_balancedness"]


def expert_balancedness(load: torch.Tensor, num_gpus: int) -> float:
    """Return the mean load of a GPU over the largest, in 0..1; 1.0 is perfect balance.

    `load` is [layers, physical experts], for instance tokens routed to each in a step; GPU g holds
    the g-th equal part of the slots. The means and the maxima are summed over the layers before
    they are divided, so that a layer counts by its load. Without any load the result is 1.0. Pure,
    local.

    Raises:
        InvalidArgumentError: for a load that is negative, not finite or not of this shape, and for
            slots that do not divide among the GPUs.

    >>> expert_balancedness(torch.tensor([[3, 1, 0, 4]]), 2)
    1.0
    >>> expert_balancedness(torch.tensor([[3, 1, 0, 0]]), 2)
    0.5
    """
    values = check_load("load", load)
    check_count("num_gpus", num_gpus)
    slots = check_divides_evenly("num_physical_experts", values.size(1), "num_gpus", num_gpus)
    per_gpu = values.view(values.size(0), num_gpus, slots).sum(dim=-1)
    if values.size(0) == 0:
        return 1.0
    peak = per_gpu.max()
    if peak <= 0:
        return 1.0
    # Of the peak: loads near the least number there is would vanish in their mean.
    shares = per_gpu / peak
    return float(shares.mean(dim=-1).sum() / shares.amax(dim=-1).sum())
