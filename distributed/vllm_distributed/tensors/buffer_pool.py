"""Memory that results reuse, and never while a result in it is still in use.

A block goes out as a tensor and comes back when nothing refers to the tensor's storage any more:
not the tensor, not a view of it, not an array or buffer made from it. torch holds the object it
made a storage from for as long as the storage lives, and that object's end is what is waited for.
"""

from __future__ import annotations

import math
import mmap
import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from vllm_distributed.errors import InvalidArgumentError

__all__ = ["IDLE_BYTES", "SMALLEST_BYTES", "ReusableMemory"]

IDLE_BYTES = 256 * 2**20
"""Bytes that lie idle at most, unless told otherwise: results of a few large calls."""

SMALLEST_BYTES = 64 * 2**10
"""Below this a result costs less to allocate than to keep account of."""

_STEPS = 8
"""Block sizes from one power of two to the next: at most an eighth of a block is not used."""

_CPU = torch.device("cpu")


class ReusableMemory:
    """Blocks of memory for CPU tensors, reused when nothing refers to them.

    `idle_bytes` bounds what lies idle: beyond it the blocks of the size not used for longest are
    given back to the system. Tensors in use are not counted, as they would be anywhere else, and
    larger ones than the bound are not from here. Their storage cannot be resized. May be used by
    several threads. Raises `InvalidArgumentError` for a bound that is no integer, or negative.

    >>> memory = ReusableMemory()
    >>> first = memory.empty([1024, 1024], torch.float32)
    >>> place, row = first.data_ptr(), first[7]
    >>> del first
    >>> memory.empty([1024, 1024], torch.int32).data_ptr() == place  # `row` is a view
    False
    >>> del row
    >>> memory.empty([1024, 1024], torch.float32).data_ptr() == place
    True
    """

    def __init__(self, idle_bytes: int = IDLE_BYTES) -> None:
        if not isinstance(idle_bytes, int) or isinstance(idle_bytes, bool) or idle_bytes < 0:
            raise InvalidArgumentError(
                f"idle_bytes must be an integer, not negative, got {idle_bytes!r}",
                argument="idle_bytes",
            )
        self._limit = idle_bytes
        self._lock = threading.Lock()
        # By size; the size that came back last is last. Guarded by the lock, as the sum is.
        self._idle: OrderedDict[int, list[mmap.mmap]] = OrderedDict()
        self._idle_bytes = 0
        # Come back and not yet among the idle ones.
        self._returned: deque[mmap.mmap] = deque()

    @property
    def idle_bytes(self) -> int:
        """Bytes of the blocks that nobody uses."""
        self._settle()
        return self._idle_bytes

    def empty(self, size: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Return an uninitialised, contiguous CPU tensor that shares no memory with any other."""
        needed = math.prod(size) * dtype.itemsize
        if not SMALLEST_BYTES <= needed <= self._limit:
            return torch.empty(size=size, dtype=dtype, device=_CPU)
        memory = self._take(_block_size(needed))
        block: Any = _Block(needed, np.uint8, memory)
        # The memory is the finalizer's argument: it outlives the block, to be given back.
        weakref.finalize(block, self._give_back, memory).atexit = False
        return torch.from_numpy(block).view(dtype).view(size)

    def trim(self) -> None:
        """Give what lies idle back to the system."""
        self._settle()
        with self._lock:
            self._idle.clear()
            self._idle_bytes = 0
        self._settle()

    def _take(self, size: int) -> mmap.mmap:
        self._settle()
        memory = None
        with self._lock:
            blocks = self._idle.get(size)
            if blocks:
                memory = blocks.pop()
                self._idle_bytes -= size
        self._settle()
        if memory is not None:
            return memory
        # Of the system, not of malloc: what is given up goes back at once.
        return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)

    def _give_back(self, memory: mmap.mmap) -> None:
        """Called when a block has ended: in any thread, also in one that holds the lock, where the
        garbage collector runs. So it never waits."""
        self._returned.append(memory)
        self._settle()

    def _settle(self) -> None:
        """Put what came back among the idle blocks. Who finds the lock taken leaves it to the
        holder, who looks again after letting go."""
        while self._returned and self._lock.acquire(blocking=False):
            try:
                while self._returned:
                    self._keep(self._returned.popleft())
            finally:
                self._lock.release()

    def _keep(self, memory: mmap.mmap) -> None:
        size = len(memory)
        self._idle.setdefault(size, []).append(memory)
        self._idle.move_to_end(size)
        self._idle_bytes += size
        while self._idle_bytes > self._limit:
            oldest, blocks = next(iter(self._idle.items()))
            if blocks:
                blocks.pop()
                self._idle_bytes -= oldest
            else:
                del self._idle[oldest]


class _Block(np.ndarray):
    """An array of its own type over the whole of a block: numpy lets views of arrays skip over
    arrays of its own type on the way to the memory, and then this one would end before they do."""


def _block_size(needed: int) -> int:
    """Return `needed` rounded up to a size that a block may have: whole pages.

    >>> [_block_size(n) // 1024 for n in (65536, 65537, 2**20, 2**20 + 1)]
    [64, 72, 1024, 1152]
    """
    step = max((1 << needed.bit_length() - 1) // _STEPS, mmap.PAGESIZE)
    return -(-needed // step) * step
