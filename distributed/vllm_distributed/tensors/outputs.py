"""Where results in the host's memory go: new memory each time, unless a caller lends some.

A large block of new memory costs more than moving the bytes into it: the system hands it out page
by page, each at the first touch. `using` lends memory that results reuse, as a rule that of
`ReusableMemory`.
"""

from __future__ import annotations

import ctypes
import mmap
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import torch

from vllm_distributed.tensors.dtypes import plain

__all__ = ["Memory", "copy_of", "empty", "is_lent", "using"]

_CPU = torch.device("cpu")
# With pages of 4 KiB a result of 64 MiB takes 16,384 faults, which take longer than to write it.
# Linux gives pages of 2 MiB to processes that ask, unless it is set to give them to all or none.
_HUGE = 2 << 20
_SMALLEST_BYTES = 2 * _HUGE
_ADVICE: int | None = getattr(mmap, "MADV_HUGEPAGE", None)


class Memory(Protocol):
    """Gives memory for results."""

    def empty(self, size: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
        """Return an uninitialised, contiguous CPU tensor that shares no memory with any other."""


class _InForce(threading.local):
    memory: Memory | None = None


_in_force = _InForce()


@contextmanager
def using(memory: Memory) -> Iterator[None]:
    """Take the memory of results from `memory`, in this thread, while the context lasts."""
    before, _in_force.memory = _in_force.memory, memory
    try:
        yield
    finally:
        _in_force.memory = before


def is_lent() -> bool:
    """Return whether a caller lends memory for results, in this thread."""
    return _in_force.memory is not None


def empty(size: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """Return an uninitialised, contiguous CPU tensor for a result of this shape and dtype."""
    memory = _in_force.memory
    if memory is None:
        # By keyword it is twice as fast: torch tries fewer overloads.
        new = torch.empty(size=size, dtype=dtype, device=_CPU)
        return _in_huge_pages(new)
    return memory.empty(size, dtype)


def copy_of(tensor: torch.Tensor) -> torch.Tensor:
    """Return a contiguous copy of a CPU tensor for a result, detached and without pending conj or
    neg, that shares no memory with it."""
    if _in_force.memory is not None:
        copy = empty(tensor.shape, tensor.dtype)
        return copy.copy_(tensor.detach() if tensor.requires_grad else tensor)
    copy = plain(tensor)  # one step, where `empty` and `copy_` are two
    if copy is tensor or copy.data_ptr() == tensor.data_ptr():
        return copy.clone(memory_format=torch.contiguous_format)
    return copy


def _in_huge_pages(tensor: torch.Tensor) -> torch.Tensor:
    """Return a new CPU tensor, about to be written as a whole, in large pages where it is large."""
    if tensor.nbytes >= _SMALLEST_BYTES and _ADVICE is not None and sys.platform == "linux":
        start = -(-tensor.data_ptr() // _HUGE) * _HUGE
        end = (tensor.data_ptr() + tensor.nbytes) // _HUGE * _HUGE
        # A refusal changes nothing: the pages are small then.
        ctypes.CDLL(None).madvise(
            ctypes.c_void_p(start), ctypes.c_size_t(end - start), ctypes.c_int(_ADVICE)
        )
    return tensor
