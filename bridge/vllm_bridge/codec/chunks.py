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


class Arriving:
    """The parts of one direction, as they come."""

    def __init__(self) -> None:
        self.tensors: list[torch.Tensor] = []
        self._first: rank_pb2.CallPart | None = None
        self._there = 0

    def push(self, data: bytes) -> None:
        """One more.

        Raises:
            ChunksMalformed, DecodeError: it does not go together with those before it.
        """
        part = rank_pb2.CallPart.FromString(data)
        if self._first is None:
            if len(part.sizes) > MAX_TENSORS:
                raise ChunksMalformed(f"{len(part.sizes)} tensors in parts; at most {MAX_TENSORS}")
            self._first = part
            self._begin_next()
            return
        if len(self.tensors) > len(self._first.sizes) or not self.tensors or self._complete():
            raise ChunksMalformed("more parts than its sizes say")
        flat = self.tensors[-1]
        left = flat.numel() - self._there
        if not 0 < len(part.data) <= min(MAX_PART_BYTES, left):
            raise ChunksMalformed(
                f"a part of {len(part.data)} bytes where {left} of a tensor are left; it has 1 "
                f"to {MAX_PART_BYTES} bytes of one tensor"
            )
        flat.numpy().data[self._there : self._there + len(part.data)] = part.data
        self._there += len(part.data)
        if self._there == flat.numel():
            self._begin_next()

    def end(self) -> bytes:
        """The message that they belong to.

        Raises:
            ChunksMalformed: some are missing.
        """
        if self._first is None or not self._complete():
            raise ChunksMalformed("its parts ended too early")
        return self._first.message

    def _complete(self) -> bool:
        sizes = [] if self._first is None else self._first.sizes
        last = self.tensors[-1].numel() if self.tensors else 0
        return len(self.tensors) == len(sizes) and self._there == last

    def _begin_next(self) -> None:
        sizes = [] if self._first is None else self._first.sizes
        while len(self.tensors) < len(sizes):
            self.tensors.append(_room(sizes[len(self.tensors)]))
            self._there = 0
            if self.tensors[-1].numel():
                return


def _room(size: int) -> torch.Tensor:
    try:
        # Takes memory as it is written to, not before.
        return torch.empty(size, dtype=torch.uint8, device="cpu")
    except (RuntimeError, TypeError, OverflowError) as error:
        raise ChunksMalformed(f"there is no room for {size} bytes: {error}") from error


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
        arriving = Arriving()
        for part in parts:
            arriving.push(part)
        return self.take(arriving)

    def take(self, arriving: Arriving) -> bytes:
        """What has arrived; the message itself. Raises ChunksMalformed: some is missing."""
        message = arriving.end()
        self._arrived = list(arriving.tensors)
        return message

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

    def keep(self, message: types_pb2.Tensor, flat: torch.Tensor) -> None:
        """Have a tensor sent in parts, which nobody changes until it was."""
        message.chunks.index = len(self._leaving)
        self._leaving.append(flat)

    @property
    def leaving(self) -> bool:
        """Whether there is anything to send in parts."""
        return bool(self._leaving)

    def outgoing(self, request: bytes) -> Iterator[bytes]:
        """A request in parts, as often as it is asked for."""
        sizes = [flat.numel() for flat in self._leaving]
        yield rank_pb2.CallPart(message=request, sizes=sizes).SerializeToString()
        for flat in self._leaving:
            yield from _pieces(flat)

    def parts(self, response: bytes) -> Iterator[bytes]:
        """The answer in parts."""
        sizes = [flat.numel() for flat in self._leaving]
        yield rank_pb2.CallPart(message=response, sizes=sizes).SerializeToString()
        self._leaving.reverse()
        while self._leaving:
            yield from _pieces(self._leaving.pop())


def _pieces(tensor: torch.Tensor) -> Iterator[bytes]:
    flat = tensor.numpy()
    for start in range(0, flat.size, PART_BYTES):
        data = flat[start : start + PART_BYTES].tobytes()
        yield rank_pb2.CallPart(data=data).SerializeToString()


def _bad(what: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, "bad_tensor", f"not a tensor: {what}")
