"""Large new memory in large pages: each page of it is handed out, and cleared, at the first touch.

With pages of 4 KiB a result of 64 MiB takes 16,384 faults, which take longer than to write it.
Linux gives pages of 2 MiB to those who ask, unless it is set to give them to everybody or nobody;
where it does not, nothing changes.
"""

from __future__ import annotations

import ctypes
import mmap
import sys

import torch

__all__ = ["ask_for_huge_pages"]

_HUGE = 2 << 20
_SMALLEST_BYTES = 2 * _HUGE
_ADVICE: int | None = getattr(mmap, "MADV_HUGEPAGE", None)


def ask_for_huge_pages(tensor: torch.Tensor) -> torch.Tensor:
    """Return a new CPU tensor, about to be written as a whole, in large pages where it is large."""
    if tensor.nbytes >= _SMALLEST_BYTES and _ADVICE is not None and sys.platform == "linux":
        start = -(-tensor.data_ptr() // _HUGE) * _HUGE
        end = (tensor.data_ptr() + tensor.nbytes) // _HUGE * _HUGE
        # A refusal changes nothing: the pages are small then.
        ctypes.CDLL(None).madvise(
            ctypes.c_void_p(start), ctypes.c_size_t(end - start), ctypes.c_int(_ADVICE)
        )
    return tensor
