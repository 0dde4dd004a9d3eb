"""Bytes, and small tensors behind them, as one flat run between ranks of a CPU process group.

gloo's cost is by message: ten tensors of 64 KiB in ten messages take longer than copied together in
one. So everything goes in two messages, of which the first has a fixed size (and is all there is
where little follows): a mark, the lengths and the beginning of the bytes, then the rest of them and
the tensors, each aligned as torch aligns memory.

The mark says what it is: an encoded object, a list of them, or the description of a dict of
tensors. A receiver that finds another one, or none, made another call than its peer, and nothing is
allocated by lengths that are none.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch

from vllm_distributed.errors import EncodingError
from vllm_distributed.tensors.outputs import empty
from vllm_distributed.wire.message_steps import NO_STAMP, Stamp, stamp_of

__all__ = [
    "OBJECT",
    "OBJECT_LIST",
    "TENSOR_DICT",
    "Budget",
    "Flat",
    "Frame",
    "check_mark",
    "cut",
    "receive",
    "room_for",
]

# The last byte is the layout's version.
OBJECT = b"VDOBJEC2"
TENSOR_DICT = b"VDTENSO2"
OBJECT_LIST = b"VDLISTO2"
_NAMES = {
    OBJECT: "an object",
    OBJECT_LIST: "a list of objects",
    TENSOR_DICT: "a dict of tensors",
}

# The mark, the lengths of the head and of all that is in the second message, the stamp.
_LENGTHS = struct.Struct("<8sqqQQ")
_FIRST_BYTES = 1024
_INLINE_BYTES = _FIRST_BYTES - _LENGTHS.size
_LONGEST_HEAD = 1 << 40
_ALIGNMENT = 64

# A tensor above the first goes by itself: copying it would cost as much as a message. The second
# bounds the memory that the copies take.
_LARGEST_BYTES = 256 * 1024
_MOST_BYTES = 8 * 1024 * 1024


class Budget:
    """Says which tensors go in the frame: the same, in the same order, on both sides."""

    def __init__(self) -> None:
        self._left = _MOST_BYTES

    def takes(self, tensor_bytes: int, on_host: bool) -> bool:
        """Return whether the next tensor goes in the frame. Empty ones go nowhere."""
        if not on_host or not 0 < tensor_bytes <= min(_LARGEST_BYTES, self._left):
            return False
        self._left -= _aligned(tensor_bytes)
        return True


def cut(
    mark: bytes, head: bytes, tensors: Sequence[torch.Tensor] = (), stamp: Stamp = NO_STAMP
) -> list[torch.Tensor]:
    """Return the messages for bytes and contiguous CPU tensors, none of them empty."""
    overflow = head[_INLINE_BYTES:]
    rest = _second_message(overflow, tensors) if overflow or tensors else None
    first = bytearray(_FIRST_BYTES)
    _LENGTHS.pack_into(first, 0, mark, len(head), 0 if rest is None else rest.numel(), *stamp)
    inline = head[:_INLINE_BYTES]
    first[_LENGTHS.size : _LENGTHS.size + len(inline)] = inline
    messages = [torch.frombuffer(first, dtype=torch.uint8)]
    return messages if rest is None else [*messages, rest]


def _second_message(overflow: bytes, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    if not tensors:
        return torch.frombuffer(bytearray(overflow), dtype=torch.uint8)
    sizes = [_aligned(tensor.nbytes) for tensor in tensors]
    at = _aligned(len(overflow))
    rest = torch.empty(at + sum(sizes), dtype=torch.uint8, device="cpu")
    if overflow:
        rest[: len(overflow)] = torch.frombuffer(bytearray(overflow), dtype=torch.uint8)
    for tensor, size in zip(tensors, sizes, strict=True):
        rest[at : at + tensor.nbytes].view(tensor.dtype).copy_(tensor.view(-1))
        at += size
    return rest


class Frame(NamedTuple):
    """What has arrived: what it is, when it was sent, the bytes, and where the tensors are."""

    mark: bytes
    stamp: Stamp
    head: bytes
    flat: Flat


def receive(mark: bytes, into: Callable[[torch.Tensor], object]) -> Frame:
    """Return the frame of which `into` receives one message at a time: of this mark or of another,
    for `check_mark` to tell.

    Raises `EncodingError` if the peer sent something else.
    """
    # Zeros: of a shorter message, gloo leaves the rest as it was.
    first = torch.zeros(_FIRST_BYTES, dtype=torch.uint8, device="cpu")
    into(first)
    host: Any = first.numpy()
    view = memoryview(host)
    found, head_bytes, rest_bytes, run, step = _LENGTHS.unpack_from(view)
    if found not in _NAMES:
        raise EncodingError(
            f"the peer sent something else than {_NAMES[mark]}: it made another call, such as a "
            f"broadcast of a tensor, or runs another version of this package. The ranks are out of "
            f"step: destroy the group and initialise it again on every rank"
        )
    overflow = max(head_bytes - _INLINE_BYTES, 0)
    if (
        not 0 <= head_bytes <= _LONGEST_HEAD
        or not overflow <= rest_bytes <= _aligned(overflow) + _MOST_BYTES
    ):
        raise EncodingError(
            f"a peer announced {head_bytes} bytes in a frame of {rest_bytes}, which no frame has"
        )
    rest = room_for(torch.Size([rest_bytes]), torch.uint8, "cpu")
    if rest_bytes:
        into(rest)
    head = bytes(view[_LENGTHS.size : _LENGTHS.size + min(head_bytes, _INLINE_BYTES)])
    if overflow:
        head += rest[:overflow].numpy().tobytes()
    return Frame(found, stamp_of(run, step), head, Flat(rest, _aligned(overflow)))


def check_mark(found: bytes, mark: bytes) -> None:
    """Raise `EncodingError` if a peer sent another kind of frame than this rank receives."""
    if found != mark:
        raise EncodingError(
            f"the peer sent {_NAMES.get(found, 'something else')} in place of {_NAMES[mark]}: it "
            f"made another call"
        )


def room_for(size: torch.Size, dtype: torch.dtype, device: str) -> torch.Tensor:
    """Return memory for what a peer announced. Raises `EncodingError` if there is not so much."""
    try:
        if device == "cpu":
            return empty(size, dtype)
        return torch.empty(size, dtype=dtype, device=device)
    except RuntimeError as error:
        raise EncodingError(
            f"a peer announced a tensor of shape {list(size)} and {dtype}, for which there is no "
            f"memory on {device}: {error}"
        ) from error


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
