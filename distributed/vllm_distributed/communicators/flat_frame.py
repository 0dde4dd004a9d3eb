"""A description and small tensors as one flat run of bytes, between ranks of a CPU process group.

gloo's cost is by message: ten tensors of 64 KiB in ten messages take longer than copied together in
one. So everything goes in two messages, of which the first has a fixed size (and is all there is
where little follows): the lengths and the beginning of the description, then the rest of it and the
tensors, each aligned as torch aligns memory.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

import torch

from vllm_distributed.errors import EncodingError

__all__ = ["Budget", "cut", "receive"]

# The first number is below zero, which tells the frame from an object (`object_channel`).
_LENGTHS = struct.Struct("<qq")
_FIRST_BYTES = 1024
_INLINE_BYTES = _FIRST_BYTES - _LENGTHS.size
_OBJECT_INLINE_BYTES = _FIRST_BYTES - 8
_ALIGNMENT = 64

# A tensor above the first goes by itself: copying it would cost as much as a message. The second
# bounds the memory that the copies take.
_LARGEST_BYTES = 256 * 1024
_MOST_BYTES = 8 * 1024 * 1024


class Budget:
    """Says which tensors go in the frame: the same, in the same order, on both sides."""

    def __init__(self) -> None:
        self._left = _MOST_BYTES

    def takes(self, tensor_bytes: int, *, on_host: bool) -> bool:
        """Return whether the next tensor goes in the frame. Empty ones go nowhere."""
        if not on_host or not 0 < tensor_bytes <= min(_LARGEST_BYTES, self._left):
            return False
        self._left -= _aligned(tensor_bytes)
        return True


def cut(head: bytes, tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Return the messages for a description and contiguous CPU tensors, none of them empty."""
    overflow = head[_INLINE_BYTES:]
    sizes = [_aligned(tensor.nbytes) for tensor in tensors]
    rest = torch.empty(_aligned(len(overflow)) + sum(sizes), dtype=torch.uint8)
    first = bytearray(_FIRST_BYTES)
    _LENGTHS.pack_into(first, 0, -1 - len(head), rest.numel())
    inline = head[:_INLINE_BYTES]
    first[_LENGTHS.size : _LENGTHS.size + len(inline)] = inline
    messages = [torch.frombuffer(first, dtype=torch.uint8)]
    if not rest.numel():
        return messages
    if overflow:
        rest[: len(overflow)] = torch.frombuffer(bytearray(overflow), dtype=torch.uint8)
    at = _aligned(len(overflow))
    for tensor, size in zip(tensors, sizes, strict=True):
        rest[at : at + tensor.nbytes].view(tensor.dtype).copy_(tensor.view(-1))
        at += size
    return [*messages, rest]


def receive(into: Callable[[torch.Tensor], object]) -> tuple[bytes, Flat]:
    """Return the description, and where the tensors are; `into` receives one message.

    Raises `EncodingError` if the peer sent something else.
    """
    first = torch.empty(_FIRST_BYTES, dtype=torch.uint8)
    into(first)
    host: Any = first.numpy()
    view = memoryview(host)
    head_code, rest_bytes = _LENGTHS.unpack_from(view)
    if head_code >= 0:  # an object: taken in, so that the group stays in step
        if head_code > _OBJECT_INLINE_BYTES:
            into(torch.empty(head_code - _OBJECT_INLINE_BYTES, dtype=torch.uint8))
        raise EncodingError("the peer sent an object in place of a dict: it made another call")
    head_bytes = -1 - head_code
    overflow = max(head_bytes - _INLINE_BYTES, 0)
    if rest_bytes < overflow:
        raise EncodingError(f"a peer announced {head_bytes} bytes in a frame of {rest_bytes}")
    rest = torch.empty(rest_bytes, dtype=torch.uint8)
    if rest_bytes:
        into(rest)
    head = bytes(view[_LENGTHS.size : _LENGTHS.size + min(head_bytes, _INLINE_BYTES)])
    if overflow:
        head += rest[:overflow].numpy().tobytes()
    return head, Flat(rest, _aligned(overflow))


class Flat:
    """The tensors of a frame that has arrived, to be taken out in their order."""

    def __init__(self, rest: torch.Tensor, at: int) -> None:
        self._rest, self._at = rest, at

    def take(self, size: torch.Size, dtype: torch.dtype) -> torch.Tensor:
        """Return the next tensor, with memory of its own.

        A view would be free, but keep the whole frame alive for as long as one of its tensors is.
        """
        length = size.numel() * dtype.itemsize
        end = self._at + length
        if end > self._rest.numel():
            raise EncodingError("a peer sent fewer bytes than its description says")
        part = self._rest[self._at : end].view(dtype)
        self._at += _aligned(length)
        return part.clone().view(size)


def _aligned(length: int) -> int:
    return -(-length // _ALIGNMENT) * _ALIGNMENT
