"""Which tensors can be reduced by which operation of an all-reduce."""

from __future__ import annotations

import torch

from vllm_distributed.errors import (
    GradientError,
    InvalidArgumentError,
    InvalidTypeError,
    UnsupportedDtypeError,
)

__all__ = ["OPS", "check_linear", "check_reduction", "divide"]

OPS = ("sum", "max", "min", "avg", "product")

_FLOATS = frozenset({torch.float16, torch.bfloat16, torch.float32, torch.float64})
_SIGNED = frozenset({torch.int8, torch.int16, torch.int32, torch.int64})
_ORDERED = _FLOATS | _SIGNED | {torch.uint8, torch.bool}
# Sums are in `dtypes.py`. Unsigned integers are carried as signed ones, which have another order.
_DTYPES = {
    "max": _ORDERED,
    "min": _ORDERED,
    "avg": _FLOATS | {torch.complex64, torch.complex128},
    "product": _ORDERED | {torch.uint16, torch.uint32, torch.uint64},
}


def check_reduction(operation: str, op: str, input_: torch.Tensor) -> None:
    """Refuse an `op` that is none, or that has no exact result for the tensor's dtype."""
    if not isinstance(op, str):
        raise InvalidTypeError(
            f"{operation}: op must be one of {', '.join(OPS)}, got {op!r:.80}",
            operation=operation,
            argument="op",
        )
    if op not in OPS:
        raise InvalidArgumentError(
            f"{operation}: op must be one of {', '.join(OPS)}, got {op!r:.80}",
            operation=operation,
            argument="op",
            value=op,
        )
    if not isinstance(input_, torch.Tensor):
        raise InvalidTypeError(
            f"{operation} takes a torch.Tensor, got {type(input_).__name__}", operation=operation
        )
    if op != "sum" and input_.dtype not in _DTYPES[op]:
        supported = sorted(str(known).removeprefix("torch.") for known in _DTYPES[op])
        raise UnsupportedDtypeError(
            f"{operation} has no {op} of {input_.dtype}; supported are {', '.join(supported)}: "
            f"convert the tensor first",
            operation=operation,
            op=op,
            dtype=str(input_.dtype),
            supported=supported,
        )


def check_linear(op: str) -> None:
    """Refuse to differentiate what has no gradient here."""
    if op not in ("sum", "avg"):
        raise GradientError(
            f"all_reduce has a gradient for sum and avg, and not for op={op!r}: pass "
            f"tensor.detach(), or call it under torch.no_grad()",
            op=op,
        )


def divide(tensor: torch.Tensor, count: int) -> None:
    """Make averages of sums, in place, also in a tensor that was made in inference mode."""
    with torch.inference_mode() if tensor.is_inference() else torch.no_grad():
        tensor.div_(count)
