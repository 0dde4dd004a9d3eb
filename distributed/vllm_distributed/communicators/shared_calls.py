"""What a member called, as one integer that fits into a word of shared memory.

Two calls that fit together have the same one: the operation, the root if it has one, dtype and
length where all members must have them equal.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Sequence

import torch

__all__ = ["BARRIER", "CONTROL", "cut", "describe", "fit", "sign"]

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
)
CONTROL = frozenset(
    {
        "barrier",
        "broadcast_object",
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
_ROOTED = frozenset({"gather", "broadcast", "broadcast_object", "broadcast_tensor_dict"})
_FRAMES = frozenset({_NUMBERS["broadcast_object"], _NUMBERS["broadcast_tensor_dict"]})
_OPERATION_BITS = 5
_OPERATION_MASK = (1 << _OPERATION_BITS) - 1
# From the lowest bit on: operation, root, dtype, how it is cut, number of elements. The highest bit
# says that there is such a number; the one below is `shared_group`'s.
_ROOT_AT, _ROOT_MASK = 5, (1 << 6) - 1
_DTYPE_AT, _DTYPE_MASK = 11, (1 << 8) - 1
_CUT_AT, _CUT_MASK = 19, (1 << 9) - 1
_COUNT_AT, _COUNT_MASK = 28, (1 << 34) - 1
_COUNTED = 1 << 63


@functools.lru_cache(maxsize=4096)
def sign(
    operation: str,
    root: int = 0,
    dtype: torch.dtype | None = None,
    count: int | None = None,
    cut: int = 0,
) -> int:
    """Return the number of a call: `root` counts in the group, `count` is of elements, `cut` tells
    dims and lists of sizes apart."""
    number = _NUMBERS[operation] | root << _ROOT_AT | (cut & _CUT_MASK) << _CUT_AT
    if dtype is not None:
        number |= _DTYPE_NUMBERS[dtype] << _DTYPE_AT
    if count is not None:
        number |= _COUNTED | (count & _COUNT_MASK) << _COUNT_AT
    return number


def cut(dim: int, sizes: Sequence[int]) -> int:
    """Return a number that differs, nearly always, for another dim or other sizes along it.

    >>> cut(0, [2, 3]) == cut(0, [3, 2])
    False
    """
    return zlib.crc32(repr((dim, *sizes)).encode())


def fit(one: int, other: int) -> bool:
    """Return whether two calls fit together. Objects and dicts of tensors travel in the same way,
    and what arrives says which it is."""
    return one == other or (
        one >> _OPERATION_BITS == other >> _OPERATION_BITS
        and {one & _OPERATION_MASK, other & _OPERATION_MASK} <= _FRAMES
    )


def describe(number: int) -> tuple[str, str]:
    """Return the operation of a call and, in words, all that its number says.

    >>> describe(sign("broadcast", 1, torch.float32, 7))
    ('broadcast', 'broadcast of 7 x float32 from member 1')
    >>> describe(sign("barrier"))
    ('barrier', 'barrier')
    """
    at = number & _OPERATION_MASK
    if at >= len(OPERATIONS):
        return "operation", "an unknown operation"
    operation = OPERATIONS[at]
    words = operation
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


BARRIER = sign("barrier")
