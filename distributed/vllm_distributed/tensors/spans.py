"""Bytes by their address: to move some between tensors and memory that processes share.

A view of a tensor's bytes takes microseconds to make, and a message has many tensors. An address
and a length take a fraction of one; their holder keeps the tensor alive, too.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Sequence

import torch

__all__ = ["Span", "Spans", "move", "read", "span_of", "span_of_bytes", "spans_of"]

Span = tuple[int, int]
"""Address and length."""

_move = ctypes.memmove  # lets other threads run meanwhile


def span_of(tensor: torch.Tensor) -> Span:
    """Return where the bytes of a contiguous CPU tensor are."""
    return tensor.data_ptr(), tensor.nbytes


def span_of_bytes(data: bytes) -> Span:
    """Return where the bytes of an object are; never to be written."""
    address: int | None = ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value
    return address or 0, len(data)


def move(to: int, start: int, length: int) -> None:
    """Copy bytes from one address to another."""
    _move(to, start, length)


def read(start: int, length: int) -> bytes:
    """Return a copy of the bytes at an address."""
    return ctypes.string_at(start, length)


class Spans:
    """Bytes in several places, gone through once from the first to the last.

    `keep` is what they are of.
    """

    def __init__(self, spans: Iterable[Span], keep: object = None) -> None:
        self._ahead = [span for span in spans if span[1]]
        self._ahead.reverse()
        self._keep = keep
        self.left = sum([length for _, length in self._ahead])
        """How many bytes have not been moved."""

    def copy_out(self, to: int, room: int) -> int:
        """Copy the next bytes of one place to an address with so much room; return how many."""
        start, length = self._ahead[-1]
        count = min(length, room)
        _move(to, start, count)
        self._advance(start, length, count)
        return count

    def copy_in(self, start: int, ready: int) -> int:
        """Fill the next bytes of one place from an address where so many are; return how many."""
        to, length = self._ahead[-1]
        count = min(length, ready)
        _move(to, start, count)
        self._advance(to, length, count)
        return count

    def detach(self) -> None:
        """Go on with a copy of what is left, and let go of what it was of."""
        copy = torch.empty(self.left, dtype=torch.uint8, device="cpu")
        at = copy.data_ptr()
        for start, length in reversed(self._ahead):
            _move(at, start, length)
            at += length
        self._ahead, self._keep = [span_of(copy)], copy

    def drop(self) -> None:
        """Let go of what is left."""
        self._ahead, self._keep, self.left = [], None, 0

    def _advance(self, place: int, length: int, count: int) -> None:
        self.left -= count
        if count < length:
            self._ahead[-1] = (place + count, length - count)
            return
        self._ahead.pop()
        if not self._ahead:
            self._keep = None


def spans_of(tensors: Sequence[torch.Tensor]) -> list[Span]:
    """Return where the bytes of contiguous CPU tensors are."""
    return [(tensor.data_ptr(), tensor.nbytes) for tensor in tensors]
