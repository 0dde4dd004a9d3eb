"""Which dtypes gloo takes, and how the others are carried without changing a value.

Moving: any dtype can travel as its bytes. Reducing: gloo sums the types listed in `REDUCIBLE`.
Others are summed exactly in another one where there is such a type: integers in one at least as
wide (sums wrap around in the same way), complex numbers as pairs, booleans by their maximum, which
is what NCCL does. 8-bit floats have none, since a sum would be rounded, and are refused.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vllm_distributed.compat.torch_internals import REDUCE
from vllm_distributed.compat.torch_tracing import FORWARD, RECORDERS, has_modes, is_transforming
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError, UnsupportedDtypeError
from vllm_distributed.tensors.kinds import check_gradient, check_real, refuse_when_traced
from vllm_distributed.tensors.raw_bytes import with_plain_strides

__all__ = [
    "REDUCIBLE",
    "as_bytes_if_needed",
    "check_dense",
    "check_reducible",
    "check_writable",
    "dense_and_plain",
    "has_overlaps",
    "is_plain",
    "is_plain_value",
    "plain",
    "reduction_view",
    "with_a_dim",
    "write_into",
    "written_back",
]

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
_STRIDED = torch.strided
_SAME_BITS = {torch.uint32: torch.int32, torch.uint64: torch.int64}
_WIDER = {torch.int16: torch.int32, torch.uint16: torch.int32}
_CONVERTED = frozenset({*_SAME_BITS, *_WIDER, torch.bool, torch.complex64, torch.complex128})


def check_dense(tensor: torch.Tensor, operation: str) -> None:
    """Refuse what is not a dense tensor in this host's memory, or has a gradient to lose."""
    if not isinstance(tensor, torch.Tensor):
        raise InvalidTypeError(
            f"{operation} takes a torch.Tensor, got {type(tensor).__name__}", operation=operation
        )
    if not tensor.is_cpu or tensor.layout is not torch.strided or tensor.is_quantized:
        raise InvalidTypeError(
            f"{operation} takes a dense CPU tensor here, got one on {tensor.device} with "
            f"layout {tensor.layout}: convert it with .cpu(), .to_dense() or .dequantize() first",
            operation=operation,
            device=str(tensor.device),
        )
    refuse_when_traced()
    check_real(operation, tensor)
    check_gradient(operation, tensor)


def is_plain_value(tensor: Any) -> bool:
    """Return whether this is a tensor that can be carried as it is, by a few questions on the way
    of every call: no reducible dtype is complex or quantized, and what stands for another tensor
    has another type or no memory. Few others can be, and those are found to be dense the long way.

    For parts of a message, which is refused as a whole in a program that is traced.
    """
    return (
        type(tensor) is Tensor
        and tensor.dtype in REDUCIBLE
        and tensor.is_cpu
        and tensor.layout is _STRIDED
        and tensor.is_contiguous()
        and not tensor.requires_grad
        and not tensor.is_neg()
        and not tensor.is_nested
        and tensor.data_ptr() != 0
    )


def is_plain(tensor: Any) -> bool:
    """As `is_plain_value`, where nothing traces or transforms the program either."""
    return not (
        has_modes() or is_transforming() or RECORDERS[0] is not None or FORWARD._current_level >= 0
    ) and is_plain_value(tensor)


def dense_and_plain(tensor: Tensor, operation: str) -> Tensor:
    """Return `plain(tensor)`, after `check_dense`."""
    if is_plain(tensor):
        return tensor
    check_dense(tensor, operation)
    return plain(tensor)


def check_writable(tensor: Tensor, operation: str) -> None:
    """Refuse a tensor that a result cannot be written into, before anything is sent: one with
    several elements in the same place, such as `torch.zeros(1).expand(4)`."""
    if tensor.is_contiguous() or not has_overlaps(tensor):
        return
    raise InvalidArgumentError(
        f"{operation} writes into its tensor, and several elements of this one are in the same "
        f"place in memory (shape {list(tensor.shape)}, strides {list(tensor.stride())}): pass a "
        f".clone() or .contiguous() of it",
        operation=operation,
        shape=list(tensor.shape),
        strides=list(tensor.stride()),
    )


def write_into(target: Tensor, source: Tensor) -> None:
    """Copy values into a tensor, also one that needs a gradient or was made in inference mode."""
    with torch.inference_mode() if target.is_inference() else torch.no_grad():
        target.copy_(source)


def written_back(target: Tensor, buffer: Tensor) -> Tensor:
    """Return `target`, with the values of `buffer` where that is not its own memory."""
    if buffer is not target and buffer.data_ptr() != target.data_ptr():
        write_into(target, buffer)
    return target


def with_a_dim(tensor: Tensor) -> Tensor:
    """Return the tensor; one without dims as a vector of one element, to be concatenated."""
    return tensor.view(1) if tensor.dim() == 0 else tensor


def has_overlaps(tensor: Tensor) -> bool:
    """Return whether two elements of a dense tensor are in the same place."""
    if tensor.numel() == 0:
        return False
    dims = sorted(
        (stride, extent)
        for stride, extent in zip(tensor.stride(), tensor.shape, strict=True)
        if extent > 1
    )
    reach = 0  # of the dims with smaller strides
    for stride, extent in dims:
        if stride <= reach:
            break
        reach += stride * (extent - 1)
    else:
        return False
    if dims[0][0] == 0:
        return True
    # The dims interleave, as those of `as_strided` may: only counting the places will tell.
    places = torch.zeros(1, dtype=torch.int64, device="cpu")
    for stride, extent in dims:
        steps = torch.arange(extent, dtype=torch.int64, device="cpu") * stride
        places = (places[:, None] + steps).flatten()
    return len(set(places.tolist())) < places.numel()


def plain(tensor: torch.Tensor) -> torch.Tensor:
    """Return the same values contiguous in memory, detached and without pending conj or neg."""
    if tensor.requires_grad:
        tensor = tensor.detach()
    if tensor.is_conj() or tensor.is_neg():
        tensor = tensor.resolve_conj().resolve_neg()
    return tensor.contiguous()


def as_bytes_if_needed(tensor: Tensor) -> Tensor:
    """Return a view gloo can move; its last dim must be contiguous."""
    if tensor.dtype in REDUCIBLE:
        return tensor
    if tensor.is_contiguous():  # also if the strides of dims of extent 0 or 1 say nothing of it
        tensor = with_plain_strides(tensor)
    return tensor.view(torch.uint8)


def check_reducible(dtype: torch.dtype, operation: str) -> None:
    """Raise `UnsupportedDtypeError` for a dtype with no exact sum."""
    if dtype in REDUCIBLE or dtype in _CONVERTED:
        return
    supported = sorted(str(known).removeprefix("torch.") for known in REDUCIBLE | _CONVERTED)
    raise UnsupportedDtypeError(
        f"{operation} cannot reduce {dtype} exactly; supported are {', '.join(supported)}: "
        f"convert the tensor first, to float32 for instance",
        operation=operation,
        dtype=str(dtype),
        supported=supported,
    )


def reduction_view(tensor: torch.Tensor, op: str = "sum") -> tuple[torch.Tensor, Any, bool]:
    """Return what to hand to gloo for a contiguous tensor, with which options, and whether it is a
    copy whose result has to be written back."""
    dtype = tensor.dtype
    how = REDUCE[op]
    if dtype in REDUCIBLE:
        return tensor, how, False
    if dtype is torch.bool:
        return tensor.view(torch.uint8), REDUCE["max" if op in ("sum", "max") else "min"], False
    if dtype in _WIDER:
        return tensor.to(_WIDER[dtype]), how, True
    if dtype in _SAME_BITS:
        return tensor.view(_SAME_BITS[dtype]), how, False
    return torch.view_as_real(tensor), how, False
