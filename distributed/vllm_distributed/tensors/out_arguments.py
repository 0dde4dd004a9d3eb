"""Checks of `out`, the tensor a caller wants a result in, made before anything is sent.

Transports write into what gets through without looking again: memory of another extent would be
written past its end, and memory that is the input's changed while it is being sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

import torch
from torch import Tensor

from vllm_distributed.arguments import check_dense
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.tensors.dtypes import has_overlaps, is_plain, is_plain_value, write_into

__all__ = [
    "check_apart",
    "check_list",
    "check_out",
    "is_plain_and_apart",
    "is_same_memory",
    "refuse_out",
    "written",
]


def is_plain_and_apart(out: Tensor, input_: Tensor, shape: Sequence[int]) -> bool:
    """Return whether two tensors can be used as they are, the first for a result of this shape, and
    lie in different memory: the few questions that nearly every call passes. A caller whose answer
    is no asks `check_out` and the others why."""
    if not (
        is_plain(out)
        and is_plain_value(input_)
        and out.dtype is input_.dtype
        and out.shape == shape
    ):
        return False
    start, other = out.data_ptr(), input_.data_ptr()
    return start + out.nbytes <= other or other + input_.nbytes <= start


def check_out(
    operation: str,
    out: Tensor,
    shape: Sequence[int],
    like: tuple[torch.dtype, torch.device],
    name: str = "out",
) -> None:
    """Refuse an `out` that cannot take a result of this shape, dtype and device.

    Raises `InvalidTypeError` if it is not a dense tensor, else `InvalidArgumentError`.
    """
    if not isinstance(out, Tensor):
        raise InvalidTypeError(
            f"{operation}: {name} must be a torch.Tensor or None, got {type(out).__name__}",
            operation=operation,
            argument=name,
        )
    plain = is_plain(out)
    if not plain:
        check_dense(name, out)
    dtype, device = like
    found = (tuple(out.shape), out.dtype, _comparable(out.device, device))
    if found != (tuple(shape), dtype, device):
        raise InvalidArgumentError(
            f"{operation}: {name} has shape {list(out.shape)}, {out.dtype} on {out.device}, and "
            f"the result has shape {list(shape)}, {dtype} on {device}: pass "
            f"torch.empty({list(shape)}, dtype={dtype}, device='{device}')",
            operation=operation,
            argument=name,
            shape=list(out.shape),
            expected=list(shape),
        )
    if plain:  # without a gradient, and no two of its elements are in one place
        return
    if out.requires_grad:
        raise InvalidArgumentError(
            f"{operation}: {name} requires a gradient, and results have none: pass {name}.detach()",
            operation=operation,
            argument=name,
        )
    if has_overlaps(out):
        raise InvalidArgumentError(
            f"{operation}: several elements of {name} are in the same place in memory (shape "
            f"{list(out.shape)}, strides {list(out.stride())}): pass a tensor of its own, such as "
            f"torch.empty({list(shape)}, dtype={dtype})",
            operation=operation,
            argument=name,
            shape=list(out.shape),
            strides=list(out.stride()),
        )


def check_apart(
    operation: str, out: Tensor, others: Mapping[str, Tensor], name: str = "out"
) -> None:
    """Refuse a dense `out` that lies in the same memory as one of `others`, which maps names to
    dense tensors."""
    for other, tensor in others.items():
        if _meet(out, tensor):
            raise InvalidArgumentError(
                f"{operation}: {name} lies in the same stretch of memory as {other}, which is in "
                f"use while {name} is written: pass a tensor of its own"
                + (", or the input itself to have it replaced" * (operation == "all_reduce")),
                operation=operation,
                argument=name,
                other=other,
            )


def check_list(operation: str, out: object, count: int) -> list[Tensor]:
    """Return `out`, which must be a list of `count` tensors."""
    if isinstance(out, list) and len(out) == count:
        return out
    raise InvalidTypeError(
        f"{operation}: out must be a list of {count} tensors, one for each tensor of input_, or "
        f"None, got {f'a list of {len(out)}' if isinstance(out, list) else type(out).__name__}",
        operation=operation,
        argument="out",
    )


def refuse_out(operation: str, rank: int, dst: int) -> NoReturn:
    """Refuse an `out` on a rank that gets no result."""
    raise InvalidArgumentError(
        f"{operation}: out is given on rank {rank} of the group, and only dst={dst} gets a result: "
        f"pass out there, and None elsewhere",
        operation=operation,
        argument="out",
        rank=rank,
        dst=dst,
    )


def is_same_memory(one: Tensor, other: Tensor) -> bool:
    """Return whether two dense tensors of one shape and dtype have the same elements in the same
    places."""
    return one is other or (
        one.device == other.device
        and one.data_ptr() == other.data_ptr()
        and one.stride() == other.stride()
        and one.is_conj() == other.is_conj()
        and one.is_neg() == other.is_neg()
    )


def written(out: Tensor, operation: Callable[[Tensor | None], Tensor | None]) -> Tensor:
    """Return a checked `out` with the result of an operation that takes contiguous ones: written
    straight into it, or copied there."""
    if out.is_contiguous() and not out.is_conj() and not out.is_neg():
        operation(out)
        return out
    result = operation(None)
    if result is not None:
        write_into(out, result)
    return out


def _comparable(device: torch.device, wanted: torch.device) -> torch.device:
    """Return a device without its number where none is asked for: any of the kind will do."""
    return (
        torch.device(device.type) if wanted.index is None and device.index is not None else device
    )


def _meet(one: Tensor, other: Tensor) -> bool:
    """Return whether the stretches of memory from first to last element have bytes in common.
    Strided views that interleave count as meeting: telling them apart costs more than a copy."""
    if one.device != other.device or one.numel() == 0 or other.numel() == 0:
        return False
    return one.data_ptr() < _end(other) and other.data_ptr() < _end(one)


def _end(tensor: Tensor) -> int:
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    last = sum((extent - 1) * stride for extent, stride in steps)
    return tensor.data_ptr() + (last + 1) * tensor.element_size()
