"""The map from slots to experts, the other way round."""

from __future__ import annotations

import torch

from vllm_distributed.eplb.checks import check_count
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["compute_logical_maps"]


def compute_logical_maps(
    physical_to_logical_map: torch.Tensor, num_logical_experts: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the slots of each expert, and how many it has.

    `physical_to_logical_map` says which expert is in each slot, [layers, slots] or [slots] of one
    layer, integers on the CPU, -1 for an empty slot. The slots are [layers, experts, most of any],
    ascending and padded with -1, the counts [layers, experts]; both without layers where the map
    has none, and of its dtype. Pure, local. Source: vLLM.

    Raises:
        InvalidTypeError: for what is no tensor of integers on the CPU.
        InvalidArgumentError: for another shape, and an expert that is out of range, by its place.

    >>> slots, counts = compute_logical_maps(torch.tensor([0, 1, 0, -1]), 3)
    >>> slots.tolist(), counts.tolist()
    ([[0, 2], [1, -1], [-1, -1]], [2, 1, 0])
    """
    check_count("num_logical_experts", num_logical_experts)
    given = physical_to_logical_map
    if not isinstance(given, torch.Tensor):
        raise InvalidTypeError(
            f"physical_to_logical_map must be a torch.Tensor, got {type(given).__name__}"
        )
    if given.is_floating_point() or given.is_complex() or given.dtype is torch.bool:
        raise InvalidTypeError(f"physical_to_logical_map must hold integers, got {given.dtype}")
    if given.device.type != "cpu":
        raise InvalidTypeError(
            f"physical_to_logical_map must be on the CPU, and is on {given.device}: call .cpu()"
        )
    if given.dim() not in (1, 2):
        raise InvalidArgumentError(
            f"physical_to_logical_map must be [layers, slots] or [slots], got {list(given.shape)}",
            shape=list(given.shape),
        )
    experts = given[None] if given.dim() == 1 else given
    wrong = (experts < -1) | (experts >= num_logical_experts)
    if wrong.any():
        layer, slot = (int(index) for index in wrong.nonzero()[0])
        raise InvalidArgumentError(
            f"slot {slot} of layer {layer} has expert {int(experts[layer, slot])}: experts are 0 "
            f"to {num_logical_experts - 1}, and -1 is an empty slot",
            layer=layer,
            slot=slot,
        )
    layers = len(experts)
    has = experts >= 0
    counts = torch.zeros(layers, num_logical_experts, dtype=experts.dtype, device="cpu")
    counts.scatter_add_(1, experts.clamp(min=0).long(), has.to(experts.dtype))
    most = int(counts.max()) if counts.numel() else 0
    # Slots by expert, each expert's in their order: the place of one among those of its expert is
    # its place in all less that of the first.
    order = torch.where(has, experts, num_logical_experts).sort(dim=1, stable=True).indices
    first = counts.cumsum(dim=1) - counts
    row, place = has.gather(1, order).nonzero(as_tuple=True)
    at = order[row, place]
    expert = experts[row, at].long()
    found = torch.full((layers, num_logical_experts, most), -1, dtype=experts.dtype, device="cpu")
    found[row, expert, place - first[row, expert].long()] = at.to(experts.dtype)
    if given.dim() == 1:
        return found[0], counts[0]
    return found, counts
