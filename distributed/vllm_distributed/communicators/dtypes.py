"""Which dtypes gloo takes, and how the others are carried without changing a value.

Moving: any dtype can travel as its bytes. Reducing: gloo sums the types listed in `REDUCIBLE`.
Others are summed exactly in another one where there is such a type: integers in one at least as
wide (sums wrap around in the same way), complex numbers as pairs, booleans by their maximum, which
is what NCCL does. 8-bit floats have none, since a sum would be rounded, and are refused.
"""

from __future__ import annotations

from typing import Any

import torch

from vllm_distributed.errors import InvalidTypeError, UnsupportedDtypeError
from vllm_distributed.torch_internals import MAX, SUM

__all__ = ["as_bytes_if_needed", "check_dense", "plain", "reduction_view"]

REDUCIBLE = frozenset(
    {
        torch.float32,
        torch.float64,
        torch.float16,
        torch.bfloat16,
        torch.int8,
        torch.uint8,
        torch.int32,
        torch.int64,
    }
)
_SAME_BITS = {torch.uint32: torch.int32, torch.uint64: torch.int64}
_WIDER = {torch.int16: torch.int32, torch.uint16: torch.int32}
_CONVERTED = frozenset({*_SAME_BITS, *_WIDER, torch.bool, torch.complex64, torch.complex128})


def check_dense(tensor: torch.Tensor, operation: str) -> None:
    """Refuse what is not a dense tensor in this host's memory."""
    if not isinstance(tensor, torch.Tensor):
        raise InvalidTypeError(
            f"{operation} takes a torch.Tensor, got {type(tensor).__name__}", operation=operation
        )
    if not tensor.is_cpu or tensor.layout is not torch.strided or tensor.is_quantized:
        raise InvalidTypeError(
            f"{operation} over gloo takes a dense CPU tensor, got one on {tensor.device} with "
            f"layout {tensor.layout}: convert it with .cpu(), .to_dense() or .dequantize() first",
            operation=operation,
            device=str(tensor.device),
        )


def plain(tensor: torch.Tensor) -> torch.Tensor:
    """Return the same values contiguous in memory, detached and without pending conj or neg."""
    if tensor.requires_grad:
        tensor = tensor.detach()
    if tensor.is_conj() or tensor.is_neg():
        tensor = tensor.resolve_conj().resolve_neg()
    return tensor.contiguous()


def as_bytes_if_needed(tensor: torch.Tensor) -> torch.Tensor:
    """Return a view gloo can move; its last dim must be contiguous."""
    if tensor.dtype in REDUCIBLE:
        return tensor
    return (tensor.view(1) if tensor.dim() == 0 else tensor).view(torch.uint8)


def check_reducible(dtype: torch.dtype, operation: str) -> None:
    """Raise `UnsupportedDtypeError` for a dtype with no exact sum over gloo."""
    if dtype in REDUCIBLE or dtype in _CONVERTED:
        return
    supported = sorted(str(known).removeprefix("torch.") for known in REDUCIBLE | _CONVERTED)
    raise UnsupportedDtypeError(
        f"{operation} over gloo cannot reduce {dtype}; supported are {', '.join(supported)}: "
        f"convert the tensor first, to float32 for instance",
        operation=operation,
        dtype=str(dtype),
        supported=supported,
    )


def reduction_view(tensor: torch.Tensor) -> tuple[torch.Tensor, Any, bool]:
    """Return what to hand to gloo for a contiguous tensor, with which options, and whether it is a
    copy whose result has to be written back."""
    dtype = tensor.dtype
    if dtype in REDUCIBLE:
        return tensor, SUM, False
    if dtype is torch.bool:
        return tensor.view(torch.uint8), MAX, False
    if dtype in _WIDER:
        return tensor.to(_WIDER[dtype]), SUM, True
    if dtype in _SAME_BITS:
        return tensor.view(_SAME_BITS[dtype]), SUM, False
    return torch.view_as_real(tensor), SUM, False
