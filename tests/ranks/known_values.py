"""Inputs whose sums and concatenations are known without communicating, exact in every dtype.

Element i of the tensor of member p (counted inside the group) is `i % 7 + p`; of a boolean one,
whether `i % (members + 1)` is p. So each rank can say what the others passed, and what all make.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import torch

__all__ = ["KINDS", "digest", "of_member", "same", "total"]


def of_member(
    shape: Sequence[int], place: int, members: int, dtype: torch.dtype = torch.float32
) -> torch.Tensor:
    """Return what member `place` of `members` passes."""
    index = torch.arange(torch.Size(shape).numel(), dtype=torch.int32)
    values = index % (members + 1) == place if dtype is torch.bool else index % 7 + place
    return _as(values, dtype).reshape(tuple(shape))


def total(shape: Sequence[int], members: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Return the sum over all members; of booleans, whether any is true."""
    index = torch.arange(torch.Size(shape).numel(), dtype=torch.int32)
    if dtype is torch.bool:
        values = index % (members + 1) < members
    else:
        values = index % 7 * members + members * (members - 1) // 2
    return _as(values, dtype).reshape(tuple(shape))


def same(actual: torch.Tensor | None, expected: torch.Tensor, where: str = "") -> None:
    """Check dtype, shape and values, bit by bit."""
    assert actual is not None, where
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape), where
    assert torch.equal(_bytes(actual), _bytes(expected)), where


def digest(tensors: Sequence[torch.Tensor]) -> int:
    """Return a number that tells tensors apart whose bits differ."""
    number = 0
    for tensor in tensors:
        number = zlib.crc32(_bytes(tensor).numpy(), number)
    return number


def _as(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    # Not every dtype can be reached from integers at once.
    return values.to(dtype) if dtype is torch.bool else values.to(torch.float32).to(dtype)


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    plain = tensor.detach().resolve_conj().resolve_neg()
    # A copy: one element is contiguous with any stride, but only with some a view as bytes.
    return plain.clone(memory_format=torch.contiguous_format).reshape(-1).view(torch.uint8)


# The same values in other places


def _every_other(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.dim() == 0:
        return _far_in(tensor)
    room = tensor.new_zeros((*tensor.shape[:-1], 2 * tensor.shape[-1]))
    room[..., ::2] = tensor
    return room[..., ::2]


def _transposed(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.movedim(0, -1).contiguous().movedim(-1, 0) if tensor.dim() else tensor


def _far_in(tensor: torch.Tensor) -> torch.Tensor:
    """Begin where nothing but an element of this dtype may."""
    room = tensor.new_zeros(tensor.numel() + 3)
    room[3:] = tensor.reshape(-1)
    return room[3:].view(tensor.shape)


def _negative(tensor: torch.Tensor) -> torch.Tensor:
    """Have the sign be a promise of the view, where the dtype has such views."""
    return torch._neg_view(-tensor) if tensor.dtype.is_floating_point else tensor


KINDS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "contiguous": lambda tensor: tensor,
    "every other": _every_other,
    "transposed": _transposed,
    "far in": _far_in,
    "negative": _negative,
}
