"""A tensor as its bytes, whatever its layout: the one way there, for all that sends elements.

torch calls a tensor of one element or none contiguous whatever its strides are, and neither
`contiguous` nor `reshape(-1)` changes them; a view as bytes is refused then. So strides that say
nothing are replaced first.
"""

from __future__ import annotations

from typing import Any

import torch

__all__ = ["bytes_of", "flat_bytes", "with_plain_strides"]


def flat_bytes(tensor: torch.Tensor) -> torch.Tensor:
    """Return the bytes of the elements, row-major: uint8, one dim, on the CPU. May share memory
    with `tensor`, which is any dense one.

    >>> flat_bytes(torch.arange(3, dtype=torch.int16, device="cpu")[::2][1:]).tolist()
    [2, 0]
    """
    host = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous()
    return host.as_strided((host.numel(),), (1,)).view(torch.uint8)


def bytes_of(tensor: torch.Tensor) -> bytes:
    """Return a copy of the bytes of the elements, row-major."""
    host: Any = flat_bytes(tensor).numpy()
    copy: bytes = host.tobytes()
    return copy


def with_plain_strides(tensor: torch.Tensor) -> torch.Tensor:
    """Return a view of a contiguous tensor, of at least one dim, with the strides it would have if
    each of its extents mattered."""
    return tensor.as_strided((tensor.numel(),), (1,)).view(tensor.shape or (1,))
