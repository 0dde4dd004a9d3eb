"""Which experts of a layer a rank holds where their load is unknown, and how even a load is."""

from __future__ import annotations

import torch

from vllm_distributed.eplb.checks import check_count, check_divides_evenly, check_load
from vllm_distributed.errors import InvalidArgumentError, InvalidRankError, InvalidTypeError

__all__ = ["expert_balancedness", "get_expert_map", "get_expert_placement"]

STRATEGIES = ("linear", "round_robin")


def get_expert_placement(
    num_experts: int, ep_rank: int, ep_size: int, strategy: str = "linear"
) -> list[int]:
    """Return the experts that rank `ep_rank` of `ep_size` holds, ascending.

    `linear`: consecutive experts, one more on each of the first ranks where they do not divide.
    `round_robin`: every `ep_size`-th expert. Pure, local.

    Raises:
        InvalidArgumentError: for counts below 1, more ranks than experts or a strategy of another
            name.
        InvalidRankError: for a rank out of range.

    >>> [get_expert_placement(5, rank, 2) for rank in range(2)]
    [[0, 1, 2], [3, 4]]
    >>> [get_expert_placement(5, rank, 2, "round_robin") for rank in range(2)]
    [[0, 2, 4], [1, 3]]
    """
    check_count("num_experts", num_experts)
    check_count("ep_size", ep_size)
    if not isinstance(ep_rank, int) or isinstance(ep_rank, bool):
        raise InvalidTypeError(f"ep_rank must be an integer, got {ep_rank!r}")
    if not 0 <= ep_rank < ep_size:
        raise InvalidRankError(
            f"ep_rank={ep_rank} is not one of the {ep_size} ranks (0..{ep_size - 1})",
            ep_rank=ep_rank,
            ep_size=ep_size,
        )
    if ep_size > num_experts:
        raise InvalidArgumentError(
            f"{num_experts} experts cannot be placed on {ep_size} ranks: use at most "
            f"{num_experts} ranks, or redundant experts",
            num_experts=num_experts,
            ep_size=ep_size,
        )
    if strategy == "round_robin":
        return list(range(ep_rank, num_experts, ep_size))
    if strategy == "linear":
        each, more = divmod(num_experts, ep_size)
        start = ep_rank * each + min(ep_rank, more)
        return list(range(start, start + each + (ep_rank < more)))
    raise InvalidArgumentError(
        f"strategy {strategy!r} is not one of {', '.join(STRATEGIES)}", strategy=repr(strategy)
    )


def get_expert_map(
    num_experts: int, ep_rank: int, ep_size: int, strategy: str = "linear"
) -> torch.Tensor:
    """Return, for each expert, its number among those of rank `ep_rank`, or -1 if it is elsewhere.

    An int32 tensor of `num_experts` elements on the CPU. Arguments, strategies and errors as of
    `get_expert_placement`. Pure, local.

    >>> get_expert_map(5, 1, 2, "round_robin").tolist()
    [-1, 0, -1, 1, -1]
    """
    placed = get_expert_placement(num_experts, ep_rank, ep_size, strategy)
    numbers = torch.full((num_experts,), -1, dtype=torch.int32, device="cpu")
    here = torch.tensor(placed, dtype=torch.int64, device="cpu")
    numbers[here] = torch.arange(len(placed), dtype=torch.int32, device="cpu")
    return numbers


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
