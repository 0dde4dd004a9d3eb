"""What the members of a call must agree on: one table for all that compare them.

Members of a group that share memory compare their calls in its first step; in a world of a pool of
rank processes the gate compares them before. A program that one takes, the other takes. Calls that
move the same in the same way are one operation, by whatever name they are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

import torch

__all__ = [
    "AGREED",
    "Agreement",
    "all_gather",
    "all_gatherv",
    "all_reduce",
    "broadcast",
    "frame",
    "gather",
    "message",
    "reduce_scatter",
]

AGREED: dict[str, tuple[str, ...]] = {
    "barrier": (),
    "all_reduce": ("dtype", "elements", "op"),
    "all_gather": ("dtype", "elements", "dim", "before"),
    "all_gatherv": ("dtype", "elements", "dim", "before", "sizes"),
    "reduce_scatter": ("dtype", "elements", "dim", "before", "sizes"),
    "gather": ("dtype", "elements", "dst", "dim", "before"),
    "broadcast": ("dtype", "elements", "src"),
    "broadcast_object": ("src",),
    "broadcast_object_list": ("src", "length"),
    "broadcast_tensor_dict": ("src",),
    "tensor": ("dtype", "elements"),
    "object": (),
    "tensor_dict": ("all_gather_ranks",),
}
"""By operation; the last three are messages, which sender and receiver agree on.

`elements` are those of one member's tensor (of all members' together, where they have different
`sizes` along the dim), whatever its shape; `before` is the product of the extents before the dim:
with `elements` it says in which pieces tensors are concatenated or cut.
"""


class Agreement(NamedTuple):
    """What one member of a call says of it. None: nothing."""

    operation: str
    dtype: torch.dtype | None = None
    elements: int | None = None
    src: int | None = None
    dst: int | None = None
    dim: int | None = None
    before: int | None = None
    sizes: tuple[int, ...] | None = None
    op: str | None = None

    def parts(self) -> tuple[tuple[str, str], ...]:
        """Return what is agreed on, as names and words.

        >>> all_gather(torch.float32, torch.Size([2, 3]), 1).parts()
        (('dtype', 'float32'), ('elements', '6'), ('dim', '1'), ('before', '2'))
        """
        values = self._asdict()
        named = ((name, values[name]) for name in AGREED[self.operation] if name in values)
        return tuple((name, _words(value)) for name, value in named)


@lru_cache(maxsize=4096)
def all_reduce(dtype: torch.dtype, shape: torch.Size, op: str = "sum") -> Agreement:
    """Sums and the like that every member gets, also those made in place."""
    return Agreement("all_reduce", dtype, shape.numel(), op=op)


@lru_cache(maxsize=4096)
def all_gather(dtype: torch.dtype, shape: torch.Size, dim: int) -> Agreement:
    """Tensors of one size, concatenated; `dim` is not negative, here and below."""
    return Agreement("all_gather", dtype, shape.numel(), dim=dim, before=prod(shape[:dim]))


def all_gatherv(dtype: torch.dtype, shape: torch.Size, dim: int, sizes: Sequence[int]) -> Agreement:
    """Tensors of different extents along `dim`. Where all are equal, it is an `all_gather`."""
    if len(set(sizes)) == 1:
        return all_gather(dtype, shape, dim)
    before = prod(shape[:dim])
    elements = before * sum(sizes) * prod(shape[dim + 1 :])
    return Agreement("all_gatherv", dtype, elements, dim=dim, before=before, sizes=tuple(sizes))


def reduce_scatter(
    dtype: torch.dtype, shape: torch.Size, dim: int, sizes: Sequence[int]
) -> Agreement:
    """Sums of which each member gets a part, whether they are equal or not."""
    before = prod(shape[:dim])
    return Agreement(
        "reduce_scatter", dtype, shape.numel(), dim=dim, before=before, sizes=tuple(sizes)
    )


@lru_cache(maxsize=4096)
def gather(dtype: torch.dtype, shape: torch.Size, dim: int, dst: int) -> Agreement:
    """Tensors of one size, concatenated on one member."""
    return Agreement("gather", dtype, shape.numel(), dst=dst, dim=dim, before=prod(shape[:dim]))


@lru_cache(maxsize=4096)
def broadcast(dtype: torch.dtype, shape: torch.Size, src: int) -> Agreement:
    """One member's tensor for all."""
    return Agreement("broadcast", dtype, shape.numel(), src=src)


@lru_cache(maxsize=1024)
def frame(operation: str, src: int) -> Agreement:
    """One member's object, list of objects or dict of tensors for all."""
    return Agreement(operation, src=src)


@lru_cache(maxsize=4096)
def message(dtype: torch.dtype, shape: torch.Size) -> Agreement:
    """A tensor that is sent alone, and how it is received."""
    return Agreement("tensor", dtype, shape.numel())


def _words(value: object) -> str:
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    return str(list(value) if isinstance(value, tuple) else value)
