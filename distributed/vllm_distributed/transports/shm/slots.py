"""The slots of a group's memory, as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import torch

from vllm_distributed.transports.shm.layout import Layout
from vllm_distributed.transports.shm.segment import Segment

__all__ = ["SlotViews", "Slots"]

_MOST_KEPT = 512


class SlotViews(NamedTuple):
    """The slots that are written for a step, seen as tensors of one dtype and shape."""

    each: tuple[torch.Tensor, ...]
    """One a member."""
    whole: torch.Tensor
    """All in one tensor, whose first dim is the member."""


class Slots:
    """Makes views of the slots, and keeps them: making one takes longer than a step does."""

    def __init__(self, segment: Segment, layout: Layout) -> None:
        self.slot_bytes = layout.slot_bytes
        self._bytes = segment.bytes
        self._members = layout.members
        self._starts = (layout.slot(0, 0), layout.slot(0, 1))
        self._stride = layout.slot(1, 0) - layout.slot(0, 0)
        self._kept: dict[tuple[torch.dtype, tuple[int, ...]], tuple[SlotViews, SlotViews]] = {}

    def views(self, dtype: torch.dtype, shape: tuple[int, ...], parity: int) -> SlotViews:
        """Return the slots for steps of a parity; a tensor of the shape must fit in one."""
        found = self._kept.get((dtype, shape))
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = (self._made(0, dtype, shape), self._made(1, dtype, shape))
            self._kept[dtype, shape] = found
        return found[parity]

    def close(self) -> None:
        """Let go of all views."""
        self._kept.clear()
        self._bytes = self._bytes[:0].clone()

    def _made(self, parity: int, dtype: torch.dtype, shape: Sequence[int]) -> SlotViews:
        length = prod(shape) * dtype.itemsize
        with torch.inference_mode(False):  # or they could be written in that mode only
            rows = torch.as_strided(
                self._bytes, (self._members, length), (self._stride, 1), self._starts[parity]
            )
            whole = rows.view(dtype).view((self._members, *shape))
            return SlotViews(tuple(whole.unbind(0)), whole)
