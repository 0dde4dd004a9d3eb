"""Sums and the like of two tensors on the CPU, for groups that reduce by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.distributed import ReduceOp

from vllm_distributed.compat.torch_internals import MAX
from vllm_distributed.errors import InvalidArgumentError, UnsupportedDtypeError
from vllm_distributed.tensors.dtypes import reduction_view

__all__ = ["Combine", "reduction_of"]

Combine = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def reduction_of(op: Any, dtype: torch.dtype) -> Combine:
    """Return a function that combines two tensors of the dtype on the CPU."""
    function = next((combine for known, combine in _REDUCTIONS if op == known), None)
    if function is None:
        raise InvalidArgumentError(
            f"all_reduce: op must be ReduceOp.SUM, PRODUCT, MIN or MAX, got {op!r}", op=repr(op)
        )
    try:
        zero = torch.zeros(1, dtype=dtype, device="cpu")
        function(zero, zero.clone())
    except RuntimeError as error:
        raise UnsupportedDtypeError(
            f"all_reduce: torch cannot combine {dtype} with {op} ({error}): convert the tensor "
            f"first, to float32 for instance",
            dtype=str(dtype),
        ) from error
    return function


def _sum(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Dtypes that torch cannot add itself are added as others with the same result."""
    view, how, is_copy = reduction_view(one)
    other_view, _, _ = reduction_view(other)
    result = torch.maximum(view, other_view) if how is MAX else torch.add(view, other_view)
    if is_copy:
        return result.to(one.dtype)
    return torch.view_as_complex(result) if one.is_complex() else result.view(one.dtype)


_REDUCTIONS: list[tuple[Any, Combine]] = [
    (ReduceOp.SUM, _sum),
    (ReduceOp.PRODUCT, torch.mul),
    (ReduceOp.MIN, torch.minimum),
    (ReduceOp.MAX, torch.maximum),
]
