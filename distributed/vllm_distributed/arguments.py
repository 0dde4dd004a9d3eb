"""Checks of what a caller passes to a group's operations, made before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from operator import index
from typing import SupportsIndex

import torch
from torch import Size, Tensor
from torch.distributed import ProcessGroup

from vllm_distributed.errors import InvalidArgumentError, InvalidRankError, InvalidTypeError
from vllm_distributed.forks import belongs_to_this_process
from vllm_distributed.tensors.kinds import check_real, refuse_nested

__all__ = [
    "check_dense",
    "check_dim",
    "check_divides",
    "check_dtype",
    "check_peer",
    "check_process_group",
    "check_rank",
    "check_shape",
    "check_sizes",
    "check_switch",
    "check_switches",
    "check_tensor",
    "check_tensor_list",
    "integers_for_ranks",
]


# On the way of every collective: what is right is told first, in few steps, and what is wrong then.


def check_rank(name: str, value: int, world_size: int, group: str) -> int:
    """Return `value`, a rank counted inside a group of `world_size`."""
    if type(value) is int and 0 <= value < world_size:
        return value
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidTypeError(
            f"{name} must be an integer, got {value!r}", argument=name, group=group
        )
    if not 0 <= value < world_size:
        raise InvalidRankError(
            f"{name}={value} is not a rank of {group}, which has {world_size} "
            f"({name} counts inside the group: 0..{world_size - 1})",
            argument=name,
            value=value,
            group=group,
            world_size=world_size,
        )
    return value


def check_peer(name: str, value: int, rank_in_group: int, world_size: int, group: str) -> int:
    """Return `value`, a rank of the group that is not the caller."""
    check_rank(name, value, world_size, group)
    if value == rank_in_group:
        raise InvalidRankError(
            f"{name}={value} is this rank itself on {group}, and a rank cannot send to or receive "
            f"from itself; the group has ranks 0..{world_size - 1}",
            argument=name,
            value=value,
            group=group,
        )
    return value


def check_process_group(name: str, value: object) -> None:
    """Refuse anything but a torch process group of this process."""
    belongs_to_this_process(value, name)
    if not isinstance(value, ProcessGroup):
        raise InvalidTypeError(
            f"{name} must be a torch ProcessGroup, got {type(value).__name__}", argument=name
        )


def check_shape(operation: str, size: Sequence[int] | int) -> Size:
    """Return `size`, the shape of a tensor to be made: any sequence of integers, or one integer for
    a vector."""
    if type(size) is Size and min(size, default=0) >= 0:
        return size
    if isinstance(size, Integral) and not isinstance(size, bool):
        size = (index(size),)
    if isinstance(size, (str, bytes)) or not isinstance(size, Sequence):
        raise InvalidTypeError(
            f"{operation}: size must be a torch.Size, or integers: (2, 3) or 2, got {size!r:.80}",
            operation=operation,
            argument="size",
        )
    wrong = [
        extent
        for extent in size
        if not isinstance(extent, SupportsIndex) or isinstance(extent, bool) or index(extent) < 0
    ]
    if wrong:
        raise InvalidArgumentError(
            f"{operation}: size={list(size)} must be integers, none negative, and has {wrong[0]!r}",
            operation=operation,
            argument="size",
        )
    return Size(map(index, size))


def check_dtype(operation: str, dtype: torch.dtype) -> torch.dtype:
    """Return `dtype`."""
    if not isinstance(dtype, torch.dtype):
        raise InvalidTypeError(f"{operation}: dtype must be a torch.dtype, got {dtype!r}")
    return dtype


def check_dim(operation: str, input_: Tensor, dim: int) -> int:
    """Return `dim` as a number that is not negative. A tensor without dims counts as a vector."""
    if not isinstance(input_, Tensor):
        raise InvalidTypeError(
            f"{operation} takes a torch.Tensor, got {type(input_).__name__}", operation=operation
        )
    if input_.is_nested:
        refuse_nested(operation)
    dims = input_.dim() or 1
    if type(dim) is int and 0 <= dim < dims:
        return dim
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise InvalidTypeError(f"dim must be an integer, got {dim!r}", argument="dim")
    if not -dims <= dim < dims:
        raise InvalidArgumentError(
            f"{operation}: dim={dim} is out of range for a tensor of shape "
            f"{list(input_.shape)} ({-dims}..{dims - 1})",
            operation=operation,
            dim=dim,
            shape=list(input_.shape),
        )
    return dim % dims


def check_dense(name: str, tensor: Tensor) -> None:
    """Refuse what has no elements lying in memory, whatever device it is on."""
    if tensor.layout is not torch.strided or tensor.is_meta or tensor.is_quantized:
        raise InvalidTypeError(
            f"{name} must be a dense tensor, got one on {tensor.device} with layout "
            f"{tensor.layout}: convert it with .to_dense() or .dequantize() first",
            argument=name,
            device=str(tensor.device),
        )
    check_real(name, tensor)


def check_tensor(name: str, value: object) -> None:
    """Raise `InvalidTypeError` for anything but a tensor."""
    if not isinstance(value, Tensor):
        raise InvalidTypeError(
            f"{name} must be a torch.Tensor, got {type(value).__name__}", argument=name
        )


def check_tensor_list(name: str, value: object) -> None:
    """Refuse anything but a list of tensors."""
    if not isinstance(value, (list, tuple)):
        raise InvalidTypeError(
            f"{name} must be a list of tensors or None, got {type(value).__name__}", argument=name
        )


def check_divides(operation: str, input_: torch.Tensor, dim: int, world_size: int) -> int:
    """Return each rank's share of the tensor's extent along `dim`."""
    extent = input_.size(dim) if input_.dim() else 1
    if extent % world_size != 0:
        raise InvalidArgumentError(
            f"{operation}: dim {dim} of a tensor of shape {list(input_.shape)} has size {extent}, "
            f"which {world_size} ranks cannot share equally: pad it, or use reduce_scatterv with "
            f"sizes",
            operation=operation,
            dim=dim,
            shape=list(input_.shape),
            world_size=world_size,
        )
    return extent // world_size


def check_sizes(
    operation: str,
    sizes: Sequence[int],
    world_size: int,
    extent: int,
    rank_in_group: int | None = None,
) -> None:
    """Check one size per rank: their sum is `extent`, or if `rank_in_group` is given that one's."""
    if not integers_for_ranks(operation, sizes, world_size):
        raise InvalidArgumentError(
            f"{operation}: sizes={list(sizes)} must be {world_size} integers, none negative, one "
            f"for each rank of the group",
            operation=operation,
            sizes=list(sizes),
            world_size=world_size,
        )
    subject = "their sum" if rank_in_group is None else f"sizes[{rank_in_group}] of this rank"
    actual = sum(sizes) if rank_in_group is None else sizes[rank_in_group]
    if actual != extent:
        raise InvalidArgumentError(
            f"{operation}: with sizes={list(sizes)} {subject} is {actual}, but the tensor's "
            f"extent along the dim is {extent}",
            operation=operation,
            sizes=list(sizes),
            extent=extent,
        )


def integers_for_ranks(operation: str, sizes: Sequence[int], ranks: int) -> bool:
    """Return whether `sizes`, which must be a list, has an integer of at least 0 for each rank."""
    if isinstance(sizes, (str, bytes)) or not isinstance(sizes, Sequence):
        raise InvalidTypeError(
            f"{operation}: sizes must be a list of {ranks} integers, one for each rank, got "
            f"{sizes!r}",
            operation=operation,
            argument="sizes",
        )
    return len(sizes) == ranks and all(
        isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in sizes
    )


def check_switch(name: str, value: object) -> None:
    """Refuse anything but a boolean."""
    if not isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be True or False, got {value!r}", argument=name)


def check_switches(name: str, value: object) -> None:
    """Refuse what is neither None nor a dict of booleans."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise InvalidTypeError(
            f"{name} must be a dict from keys to True or False, or None, got "
            f"{type(value).__name__}",
            argument=name,
        )
    for key, switch in value.items():
        check_switch(f"{name}[{key!r}]", switch)
