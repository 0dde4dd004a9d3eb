"""What a member called, as one integer that fits into a word of shared memory.

Two calls that fit together have the same one: it says what `agreement` says of a call.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable
from typing import Any

import torch

from vllm_distributed.call_agreement import Agreement
from vllm_distributed.tensors.reductions import OPS

__all__ = [
    "BARRIER",
    "CONTROL",
    "TENSOR",
    "describe",
    "dtype_of",
    "fit",
    "mark_of",
    "no_run",
    "number_of",
    "of_run",
    "sign",
]

OPERATIONS = (
    "barrier",
    "all_reduce",
    "all_gather",
    "all_gatherv",
    "reduce_scatter",
    "gather",
    "broadcast",
    "broadcast_object",
    "broadcast_tensor_dict",
    "broadcast_object_list",
)
CONTROL = frozenset(
    {
        "barrier",
        "broadcast_object",
        "broadcast_object_list",
        "broadcast_tensor_dict",
        "send_object",
        "isend_object",
        "recv_object",
        "send_tensor_dict",
        "isend_tensor_dict",
        "recv_tensor_dict",
        "irecv_tensor_dict",
    }
)
"""What is done over a coordinator's CPU group, whatever its device."""

_NUMBERS = {name: number for number, name in enumerate(OPERATIONS)}
_DTYPES = tuple(
    sorted(
        {value for value in vars(torch).values() if isinstance(value, torch.dtype)},
        key=str,
    )
)
_DTYPE_NUMBERS = {dtype: number + 1 for number, dtype in enumerate(_DTYPES)}
_FRAMED = ("broadcast_object", "broadcast_tensor_dict", "broadcast_object_list")
_ROOTED = frozenset({"gather", "broadcast", *_FRAMED})
_FRAMES = frozenset(_NUMBERS[name] for name in _FRAMED)
_OPERATION_BITS = 5
_OPERATION_MASK = (1 << _OPERATION_BITS) - 1
# From the lowest bit on: operation, root, dtype, how it is cut, number of elements. The highest bit
# says that there is such a number; the one below is `group.py`'s.
_ROOT_AT, _ROOT_MASK = 5, (1 << 6) - 1
_DTYPE_AT, _DTYPE_MASK = 11, (1 << 8) - 1
_CUT_AT, _CUT_MASK = 19, (1 << 9) - 1
_COUNT_AT, _COUNT_MASK = 28, (1 << 34) - 1
_COUNTED = 1 << 63


TENSOR = b"VDALONE"
"""How the mark of a tensor begins that is sent alone; others are those of `flat_frame`."""
_MARKS = {dtype: TENSOR + bytes([number]) for dtype, number in _DTYPE_NUMBERS.items()}


@functools.lru_cache(maxsize=4096)
def sign(call: Agreement) -> int:
    """Return the number of a call; roots count in the group.

    It differs, if not in every case for another dim and other sizes along it, where calls do.
    """
    number = _NUMBERS[call.operation] | (call.src or call.dst or 0) << _ROOT_AT
    if call.op is not None:  # of an operation without a root
        number |= OPS.index(call.op) << _ROOT_AT
    if call.dim is not None:
        cut = zlib.crc32(repr((call.dim, call.before, call.sizes)).encode())
        number |= (cut & _CUT_MASK) << _CUT_AT
    if call.dtype is not None:
        number |= _DTYPE_NUMBERS[call.dtype] << _DTYPE_AT
    if call.elements is not None:
        number |= _COUNTED | (call.elements & _COUNT_MASK) << _COUNT_AT
    return number


def of_run(number: int, run: int) -> int:
    """Return the number of a call that is part of a run: another one in each of many runs that
    follow each other.

    >>> call = sign(Agreement("barrier"))
    >>> of_run(call, 7) == of_run(call, 8), of_run(call, 0) == call
    (False, True)
    """
    return number ^ (run & _CUT_MASK) << _CUT_AT


def no_run() -> int:
    """Return the run that a call is part of whose members may count for themselves."""
    return 0


@functools.lru_cache(maxsize=4096)
def number_of(call: Callable[..., Agreement], *arguments: Any) -> int:
    """Return `sign(call(*arguments))`, by one look where there is one: an agreement is a tuple of
    many, and to look that up as well takes as long as a step."""
    return sign(call(*arguments))


def mark_of(dtype: torch.dtype) -> bytes:
    """Return the mark of a tensor of this dtype that is sent alone."""
    return _MARKS[dtype]


def dtype_of(mark: bytes) -> str:
    """Return the name of the dtype that a mark says."""
    number = mark[-1]
    return str(_DTYPES[number - 1]) if 0 < number <= len(_DTYPES) else "an unknown dtype"


def fit(one: int, other: int) -> bool:
    """Return whether two calls fit together. Objects, lists of them and dicts of tensors travel in
    the same way, and what arrives says which it is."""
    return one == other or (
        one >> _OPERATION_BITS == other >> _OPERATION_BITS
        and {one & _OPERATION_MASK, other & _OPERATION_MASK} <= _FRAMES
    )


def describe(number: int) -> tuple[str, str]:
    """Return the operation of a call and, in words, all that its number says.

    >>> describe(sign(Agreement("broadcast", torch.float32, 7, src=1)))
    ('broadcast', 'broadcast of 7 x float32 from member 1')
    >>> describe(sign(Agreement("barrier")))
    ('barrier', 'barrier')
    """
    at = number & _OPERATION_MASK
    if at >= len(OPERATIONS):
        return "operation", "an unknown operation"
    operation = OPERATIONS[at]
    words = operation
    if operation == "all_reduce" and 0 < (op := number >> _ROOT_AT & _ROOT_MASK) < len(OPS):
        words += f" ({OPS[op]})"
    dtype = number >> _DTYPE_AT & _DTYPE_MASK
    if 0 < dtype <= len(_DTYPES):
        words += " of "
        if number & _COUNTED:
            words += f"{number >> _COUNT_AT & _COUNT_MASK} x "
        words += str(_DTYPES[dtype - 1]).removeprefix("torch.")
    if operation in _ROOTED:
        end = "to" if operation == "gather" else "from"
        words += f" {end} member {number >> _ROOT_AT & _ROOT_MASK}"
    return operation, words


BARRIER = sign(Agreement("barrier"))
