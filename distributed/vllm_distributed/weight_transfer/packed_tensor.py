"""Tensors packed in one buffer of bytes: few large messages in place of many small ones.

Both sides cut at the same places, by the sizes of the tensors alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from vllm_distributed.errors import InvalidArgumentError
from vllm_distributed.logger import init_logger

__all__ = [
    "DEFAULT_PACKED_BUFFER_SIZE_BYTES",
    "DEFAULT_PACKED_NUM_BUFFERS",
    "PackedChunk",
    "pack_tensors",
    "packed_nccl_broadcast_consumer",
    "packed_nccl_broadcast_producer",
    "unpack_tensor",
]

DEFAULT_PACKED_BUFFER_SIZE_BYTES = 1 << 30
"""A buffer is full when it has more bytes than this."""
DEFAULT_PACKED_NUM_BUFFERS = 2
"""How many of them there are on each side."""

logger = init_logger(__name__)


@dataclass
class PackedChunk:
    """Tensors in one buffer."""

    packed_tensor: torch.Tensor
    """A vector of uint8."""
    names: list[str]
    """Of the tensors in it, in their order; so are the next three."""
    shapes: list[list[int]]
    """Of the tensors."""
    dtypes: list[torch.dtype]
    """Of the tensors."""
    tensor_sizes: list[int]
    """In bytes."""


def pack_tensors(
    iterator: Iterator[tuple[str, torch.Tensor]],
    post_iter_func: Callable[[tuple[str, torch.Tensor]], torch.Tensor],
    buffer_size_bytes: int,
    tensor_list: list[torch.Tensor] | None = None,
    current_size: int = 0,
) -> PackedChunk | None:
    """Return the next tensors in one buffer, until they have more than `buffer_size_bytes` or end;
    None where there are none.

    `post_iter_func` makes of each pair the tensor that is packed, of as many bytes. `tensor_list`
    are vectors of uint8 that come first, of `current_size` bytes. A tensor that is larger than the
    buffer is packed too, with a warning. Local. Source: vLLM.
    """
    _check_size(buffer_size_bytes)
    parts = [] if tensor_list is None else tensor_list
    chunk = PackedChunk(torch.empty(0, dtype=torch.uint8, device="cpu"), [], [], [], [])
    while current_size <= buffer_size_bytes:
        pair = next(iterator, None)
        if pair is None:
            break
        part = post_iter_func(pair).detach().contiguous().view(-1).view(torch.uint8)
        if part.numel() > buffer_size_bytes:
            logger.warning(
                "%r has %d bytes, more than the buffer of %d",
                pair[0],
                part.numel(),
                buffer_size_bytes,
            )
        parts.append(part)
        chunk.names.append(pair[0])
        chunk.shapes.append(list(pair[1].shape))
        chunk.dtypes.append(pair[1].dtype)
        chunk.tensor_sizes.append(part.numel())
        current_size += part.numel()
    if not parts:
        return None
    chunk.packed_tensor = torch.cat(parts)
    return chunk


def unpack_tensor(
    packed_tensor: torch.Tensor,
    names: list[str],
    shapes: list[list[int]],
    dtypes: list[torch.dtype],
    tensor_sizes: list[int],
) -> list[tuple[str, torch.Tensor]]:
    """Return the tensors of a buffer, with their names: views of it where its places allow. Local.

    `packed_tensor` is a vector of uint8 of all `tensor_sizes` bytes. Raises `InvalidArgumentError`
    where the lists do not fit it or each other. Source: vLLM.
    """
    counts = {len(names), len(shapes), len(dtypes), len(tensor_sizes)}
    if len(counts) > 1 or sum(tensor_sizes) != packed_tensor.numel():
        raise InvalidArgumentError(
            f"{len(names)} names, {len(shapes)} shapes, {len(dtypes)} dtypes and "
            f"{len(tensor_sizes)} sizes of {sum(tensor_sizes)} bytes do not describe a buffer of "
            f"{packed_tensor.numel()}"
        )
    found = []
    for name, shape, dtype, part in zip(
        names, shapes, dtypes, torch.split(packed_tensor, list(tensor_sizes)), strict=True
    ):
        if part.numel() != math.prod(shape) * dtype.itemsize:
            raise InvalidArgumentError(
                f"{name!r} of shape {list(shape)} and {dtype} has not {part.numel()} bytes"
            )
        is_aligned = part.storage_offset() % dtype.itemsize == 0
        found.append((name, (part if is_aligned else part.clone()).view(dtype).view(shape)))
    return found


def packed_nccl_broadcast_producer(
    iterator: Iterator[tuple[str, torch.Tensor]],
    group: Any,
    src: int,
    post_iter_func: Callable[[tuple[str, torch.Tensor]], torch.Tensor],
    buffer_size_bytes: int = DEFAULT_PACKED_BUFFER_SIZE_BYTES,
    num_buffers: int = DEFAULT_PACKED_NUM_BUFFERS,
) -> None:
    """Broadcast tensors, packed, from rank `src`: this one. Collective; the others call
    `packed_nccl_broadcast_consumer`, with the same sizes.

    `group` is anything with `broadcast(tensor, src=)`, of any device. On CUDA all happens in the
    current stream. `num_buffers` is vLLM's; no more than one buffer is filled at a time here.
    """
    _check_count(num_buffers)
    while (chunk := pack_tensors(iterator, post_iter_func, buffer_size_bytes)) is not None:
        group.broadcast(chunk.packed_tensor, src=src)


def packed_nccl_broadcast_consumer(
    iterator: Iterator[tuple[str, tuple[list[int], torch.dtype]]],
    group: Any,
    src: int,
    post_unpack_func: Callable[[list[tuple[str, torch.Tensor]]], None],
    buffer_size_bytes: int = DEFAULT_PACKED_BUFFER_SIZE_BYTES,
    num_buffers: int = DEFAULT_PACKED_NUM_BUFFERS,
    device: torch.device | str = "cuda",
) -> None:
    """Receive tensors, packed, from rank `src`. Collective; see `packed_nccl_broadcast_producer`.

    `iterator` yields a name with shape and dtype for each tensor that is to come, and
    `post_unpack_func` gets those of each buffer. `device` is where the buffers are: that of the
    group; the CPU where there is no CUDA.
    """
    _check_size(buffer_size_bytes)
    _check_count(num_buffers)
    place = torch.device(device)
    if place.type == "cuda" and not torch.cuda.is_available():
        place = torch.device("cpu")
    waiting: list[tuple[str, list[int], torch.dtype, int]] = []
    for name, (shape, dtype) in iterator:
        waiting.append((name, shape, dtype, math.prod(shape) * dtype.itemsize))
        if sum(each[3] for each in waiting) > buffer_size_bytes:
            post_unpack_func(_received(waiting, group, src, place))
            waiting = []
    if waiting:
        post_unpack_func(_received(waiting, group, src, place))


def _received(
    waiting: Sequence[tuple[str, list[int], torch.dtype, int]],
    group: Any,
    src: int,
    device: torch.device,
) -> list[tuple[str, torch.Tensor]]:
    names, shapes, dtypes, sizes = (list(each) for each in zip(*waiting, strict=True))
    packed = torch.empty(sum(sizes), dtype=torch.uint8, device=device)
    group.broadcast(packed, src=src)
    return unpack_tensor(packed, names, shapes, dtypes, sizes)


def _check_size(size: object) -> None:
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise InvalidArgumentError(f"buffer_size_bytes={size!r} must be an integer of at least 1")


def _check_count(count: object) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise InvalidArgumentError(f"num_buffers={count!r} must be an integer of at least 1")
