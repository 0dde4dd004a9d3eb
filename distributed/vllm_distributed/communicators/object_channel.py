"""Encoded objects between the ranks of a CPU process group.

An object goes out as one message of a fixed size, which holds its length and its beginning, and
for larger ones a second message with the rest. So a small object takes one round trip, and the
receiver need not know anything in advance.
"""

from __future__ import annotations

import struct
from typing import Any

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.communicators.base import run
from vllm_distributed.errors import EncodingError

__all__ = ["ObjectChannel"]

_LENGTH = struct.Struct("<q")
_FIRST_BYTES = 1024
_INLINE_BYTES = _FIRST_BYTES - _LENGTH.size
_TAG = 0


class ObjectChannel:
    """Moves bytes of any length; `src` and `dst` are ranks of `group`."""

    def __init__(self, group: ProcessGroup, unique_name: str) -> None:
        self._group = group
        self._name = unique_name

    def broadcast(self, data: bytes | None, src: int) -> bytes:
        """Return the bytes `src` gave; the other ranks give None."""
        if data is not None:
            for part in _cut(data):
                run(self._name, "broadcast_object", self._group.broadcast, part, src)
            return data
        first = torch.empty(_FIRST_BYTES, dtype=torch.uint8)
        run(self._name, "broadcast_object", self._group.broadcast, first, src)
        length, rest = _allocate(first)
        if rest.numel():
            run(self._name, "broadcast_object", self._group.broadcast, rest, src)
        return _join(length, first, rest)

    def send(self, data: bytes, dst: int) -> None:
        for part in _cut(data):
            run(self._name, "send_object", self._group.send, [part], dst, _TAG)

    def isend(self, data: bytes, dst: int) -> tuple[list[Any], list[torch.Tensor]]:
        """Start to send; return the works, and the buffers that must live until they are done."""
        parts = _cut(data)
        return [self._group.send([part], dst, _TAG) for part in parts], parts

    def recv(self, src: int) -> bytes:
        first = torch.empty(_FIRST_BYTES, dtype=torch.uint8)
        run(self._name, "recv_object", self._group.recv, [first], src, _TAG)
        length, rest = _allocate(first)
        if rest.numel():
            run(self._name, "recv_object", self._group.recv, [rest], src, _TAG)
        return _join(length, first, rest)


def _cut(data: bytes) -> list[torch.Tensor]:
    first = bytearray(_FIRST_BYTES)
    _LENGTH.pack_into(first, 0, len(data))
    head = data[:_INLINE_BYTES]
    first[_LENGTH.size : _LENGTH.size + len(head)] = head
    parts = [torch.frombuffer(first, dtype=torch.uint8)]
    if len(data) > _INLINE_BYTES:
        parts.append(torch.frombuffer(bytearray(data[_INLINE_BYTES:]), dtype=torch.uint8))
    return parts


def _allocate(first: torch.Tensor) -> tuple[int, torch.Tensor]:
    (length,) = _LENGTH.unpack(first[: _LENGTH.size].numpy().tobytes())
    if length < 0:
        raise EncodingError(f"a peer announced an object of {length} bytes")
    return length, torch.empty(max(length - _INLINE_BYTES, 0), dtype=torch.uint8)


def _join(length: int, first: torch.Tensor, rest: torch.Tensor) -> bytes:
    head = first.numpy()[_LENGTH.size : _LENGTH.size + length].tobytes()
    return head + rest.numpy().tobytes() if rest.numel() else head
