"""Tensors that come and go in parts: for those that are too large for one message.

The bytes of an argument go into the memory of its tensor as they arrive. Those of a result are
copied once, and leave in parts of a mebibyte as fast as the client takes them.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.codec.errors import BridgeError, Category

MIN_BYTES = 1 << 20
"""Smaller results of such a call stay in its message."""

PART_BYTES = 1 << 20
MAX_PART_BYTES = 4 << 20
MAX_TENSORS = 10_000


class ChunksMalformed(Exception):
    """What is wrong with the parts of a call."""


class ChunkStorage:
    """The chunks of one call: a `Storage`."""

    def __init__(self) -> None:
        self._arrived: list[torch.Tensor | None] = []
        self._leaving: list[torch.Tensor] = []

    def receive(self, parts: Iterator[bytes]) -> bytes:
        """Read the parts of a request to their end; the request itself.

        Raises:
            ChunksMalformed, DecodeError: they do not go together.
        """
        first = _next(parts)
        if len(first.sizes) > MAX_TENSORS:
            raise ChunksMalformed(f"{len(first.sizes)} tensors in parts; at most {MAX_TENSORS}")
        for size in first.sizes:
            self._arrived.append(_receive(parts, size))
        if next(parts, None) is not None:
            raise ChunksMalformed("more parts than its sizes say")
        return first.message

    def load(self, message: types_pb2.Tensor, size: int) -> torch.Tensor:
        """The bytes of an argument; each of them once.

        Raises:
            BridgeError: (validation, `bad_tensor`) they did not come.
        """
        if message.WhichOneof("storage") != "chunks":
            raise _bad("a call in parts has its tensors inline or in chunks")
        index = message.chunks.index
        flat = self._arrived[index] if index < len(self._arrived) else None
        if flat is None:
            raise _bad(f"chunks {index} did not come, or were used before")
        self._arrived[index] = None
        return flat

    def store(self, message: types_pb2.Tensor, flat: torch.Tensor) -> bool:
        """Have a large result sent in parts."""
        if flat.numel() < MIN_BYTES:
            return False
        message.chunks.index = len(self._leaving)
        # A copy: what is kept in the rank may change before the last byte has left.
        self._leaving.append(flat.clone())
        return True

    def parts(self, response: bytes) -> Iterator[bytes]:
        """The answer in parts."""
        sizes = [flat.numel() for flat in self._leaving]
        yield rank_pb2.CallPart(message=response, sizes=sizes).SerializeToString()
        self._leaving.reverse()
        while self._leaving:
            flat = self._leaving.pop().numpy()
            for start in range(0, flat.size, PART_BYTES):
                data = flat[start : start + PART_BYTES].tobytes()
                yield rank_pb2.CallPart(data=data).SerializeToString()


def _next(parts: Iterator[bytes]) -> rank_pb2.CallPart:
    part = next(parts, None)
    if part is None:
        raise ChunksMalformed("its parts ended too early")
    return rank_pb2.CallPart.FromString(part)


def _receive(parts: Iterator[bytes], size: int) -> torch.Tensor:
    try:
        # Takes memory as it is written to, not before.
        flat = torch.empty(size, dtype=torch.uint8, device="cpu")
    except (RuntimeError, TypeError, OverflowError) as error:
        raise ChunksMalformed(f"there is no room for {size} bytes: {error}") from error
    target, there = flat.numpy().data, 0
    while there < size:
        data = _next(parts).data
        if not 0 < len(data) <= min(MAX_PART_BYTES, size - there):
            raise ChunksMalformed(
                f"a part of {len(data)} bytes where {size - there} of a tensor are left; it has 1 "
                f"to {MAX_PART_BYTES} bytes of one tensor"
            )
        target[there : there + len(data)] = data
        there += len(data)
    return flat


def _bad(what: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, "bad_tensor", f"not a tensor: {what}")
