"""Sums of tensors in rank order, so that every member that adds them up has the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

__all__ = ["add_up", "addable"]

_SAME_BITS = {
    torch.uint16: torch.int16,
    torch.uint32: torch.int32,
    torch.uint64: torch.int64,
}
_ROUNDED = frozenset({torch.float16, torch.bfloat16})


def addable(tensor: torch.Tensor) -> torch.Tensor:
    """Return a view that torch can add: unsigned integers wrap around like signed ones."""
    dtype = _SAME_BITS.get(tensor.dtype)
    return tensor if dtype is None else tensor.view(dtype)


def add_up(parts: Sequence[torch.Tensor], out: torch.Tensor) -> None:
    """Write the sum of two or more `addable` tensors into `out`, which may be one of the first two.

    Booleans are combined by or. 16-bit floats are summed in float32 and rounded once, to the
    nearest: of two that is what torch's addition does by itself.
    """
    first, second = parts[0], parts[1]
    if first.dtype is torch.bool:
        _each(torch.bitwise_or, parts, out)
    elif len(parts) == 2:
        torch.add(first, second, out=out)
    elif first.dtype in _ROUNDED:
        wide = first.float()
        for part in parts[1:]:
            wide.add_(part)
        out.copy_(wide)
    else:
        _each(torch.add, parts, out)


def _each(operator: Any, parts: Sequence[torch.Tensor], out: torch.Tensor) -> None:
    operator(parts[0], parts[1], out=out)
    for part in parts[2:]:
        operator(out, part, out=out)
