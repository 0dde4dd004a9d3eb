"""What goes when, and which part of it is whose: pure, and the same on both sides.

Tensors are taken as bytes, in their order in memory. A bucket holds pieces of them one behind the
other; a target has a part of each tensor (`Cut`), whose bytes are in the same order in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

__all__ = ["Cut", "Piece", "buckets_of", "copy_part", "cut_of"]

_ALIGNMENT = 64
_UNITS = ((8, torch.int64), (4, torch.int32), (2, torch.int16))


class Cut(NamedTuple):
    """Of every `row` bytes of a tensor, those from `start` to `end`."""

    row: int
    start: int
    end: int

    def before(self, at: int) -> int:
        """Return how many of the first `at` bytes of the tensor are in the part."""
        rows, rest = divmod(at, self.row)
        width = self.end - self.start
        return rows * width + min(max(rest - self.start, 0), width)


def cut_of(
    shape: Sequence[int], itemsize: int, dim: int | None = None, index: int = 0, count: int = 1
) -> Cut:
    """Return part `index` of `count` equal ones along `dim`; all of it where that is None."""
    if dim is None:
        whole = max(math.prod(shape) * itemsize, 1)
        return Cut(whole, 0, whole)
    inner = math.prod(shape[dim + 1 :]) * itemsize
    part = shape[dim] // count * inner
    return Cut(max(shape[dim] * inner, 1), index * part, (index + 1) * part)


@dataclass(frozen=True)
class Piece:
    """Bytes `start` to `end` of tensor `index`, at byte `at` of their bucket."""

    index: int
    start: int
    end: int
    at: int


def buckets_of(sizes: Sequence[int], capacity: int) -> Iterator[list[Piece]]:
    """Yield what goes in each bucket of `capacity` bytes, a multiple of 64.

    A tensor that fits in a bucket is in one; a larger one begins a bucket.
    """
    bucket: list[Piece] = []
    room = capacity
    for index, size in enumerate(sizes):
        if size > room and bucket:
            yield bucket
            bucket, room = [], capacity
        for start in range(0, size, capacity):
            if start:
                yield bucket
                bucket, room = [], capacity
            end = min(start + capacity, size)
            bucket.append(Piece(index, start, end, capacity - room))
            room -= min(-(-(end - start) // _ALIGNMENT) * _ALIGNMENT, room)
    if bucket:
        yield bucket


def copy_part(cut: Cut, source: torch.Tensor, start: int, target: torch.Tensor) -> None:
    """Copy, of the bytes of a tensor from `start` on, those that are in the part.

    `source` are those bytes, `target` has room for exactly its part of them; both are vectors of
    uint8.
    """
    row, width = cut.row, cut.end - cut.start
    if width == row:
        target.copy_(source)
        return
    end = start + source.numel()
    at, done = start, 0

    def rest_of_a_row(stop: int) -> int:
        first = at - at % row
        begin, until = max(at, first + cut.start), min(stop, first + cut.end)
        length = max(until - begin, 0)
        if length:
            target[done : done + length].copy_(source[begin - start : until - start])
        return length

    if at % row:
        stop = min(end, at - at % row + row)
        done, at = done + rest_of_a_row(stop), stop
    rows = (end - at) // row
    if rows:
        _copy_columns(
            source[at - start : at - start + rows * row], target[done : done + rows * width], cut
        )
        done, at = done + rows * width, at + rows * row
    if at < end:
        rest_of_a_row(end)


def _copy_columns(source: torch.Tensor, target: torch.Tensor, cut: Cut) -> None:
    row, start, end = cut.row, cut.start, cut.end
    places = math.gcd(row, start, end, source.data_ptr(), target.data_ptr())
    offsets = math.gcd(places, source.storage_offset(), target.storage_offset())
    for size, dtype in _UNITS:
        if offsets % size == 0:
            source, target = source.view(dtype), target.view(dtype)
            row, start, end = row // size, start // size, end // size
            break
    target.view(-1, end - start).copy_(source.view(-1, row)[:, start:end])
