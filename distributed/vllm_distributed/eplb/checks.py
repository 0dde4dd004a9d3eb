"""Checks of the numbers that load balancing is given."""

from __future__ import annotations

import torch

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["check_count", "check_divides_evenly", "check_load"]


def check_count(name: str, value: int) -> int:
    """Return `value`, an integer of at least 1."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be an integer, got {value!r}", argument=name)
    if value < 1:
        raise InvalidArgumentError(
            f"{name} must be at least 1, got {value}", argument=name, value=value
        )
    return value


def check_divides_evenly(whole_name: str, whole: int, parts_name: str, parts: int) -> int:
    """Return `whole / parts`, which must be a whole number."""
    if whole % parts != 0:
        raise InvalidArgumentError(
            f"{whole_name}={whole} is not divisible by {parts_name}={parts}: each of the {parts} "
            f"must hold equally many",
            **{whole_name: whole, parts_name: parts},
        )
    return whole // parts


def check_load(name: str, load: torch.Tensor) -> torch.Tensor:
    """Return a [layers, experts] tensor of loads as float64 on the CPU."""
    if not isinstance(load, torch.Tensor):
        raise InvalidTypeError(f"{name} must be a torch.Tensor, got {type(load).__name__}")
    if load.dim() != 2 or load.size(1) == 0:
        raise InvalidArgumentError(
            f"{name} must have the shape [layers, experts], with at least one expert, got "
            f"{list(load.shape)}",
            shape=list(load.shape),
        )
    if load.is_complex() or load.dtype is torch.bool:
        raise InvalidTypeError(f"{name} must hold real numbers, got {load.dtype}")
    values = load.detach().to(device="cpu", dtype=torch.float64)
    bad = ~torch.isfinite(values) | (values < 0)
    if bad.any():
        layer, expert = (int(index) for index in bad.nonzero()[0])
        raise InvalidArgumentError(
            f"{name}[{layer}, {expert}] is {float(values[layer, expert])}: loads must be finite "
            f"and not negative",
            layer=layer,
            expert=expert,
        )
    return values
