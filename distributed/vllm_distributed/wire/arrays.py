"""Tensors and numpy arrays as msgpack, for `object_codec`; and what bytes may say of them.

Each is a dtype, a shape and the bytes of the elements. Decoding any bytes returns a value or raises
`EncodingError` (or what msgpack and torch raise for bytes that are none), and allocates no more
than they account for.
"""

from __future__ import annotations

import re
from math import prod
from typing import Any, NoReturn

import msgpack
import numpy as np
import torch

from vllm_distributed.errors import EncodingError
from vllm_distributed.tensors.raw_bytes import bytes_of

__all__ = [
    "DTYPE_NAMES",
    "dtype_named",
    "empty_array",
    "is_plain_dtype",
    "numpy_dtype_named",
    "pack_array",
    "pack_tensor",
    "refuse_extension",
    "shape_of",
    "unpack_array",
    "unpack_list",
    "unpack_scalar",
    "unpack_tensor",
]

_DTYPES = {
    str(value).removeprefix("torch."): value
    for value in vars(torch).values()
    if isinstance(value, torch.dtype)
}
DTYPE_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
"""What `dtype_named` takes, by dtype: torch takes longer to say it."""

# What numpy's `dtype.str` says of the kinds that are plain memory: no objects, no structures.
_NUMPY_DTYPE = re.compile(r"[<>|=][biufcSUMm][0-9]{1,9}(\[[0-9]{0,9}[A-Za-zμ]{1,2}\])?", re.ASCII)

Array = np.ndarray[Any, np.dtype[Any]]


def dtype_named(name: object) -> torch.dtype:
    """Return torch's dtype of that name, such as `float32`."""
    if not isinstance(name, str) or name not in _DTYPES:
        raise EncodingError(f"{name!r:.80} is not a dtype of torch {torch.__version__}")
    return _DTYPES[name]


def shape_of(extents: object) -> torch.Size:
    """Return the shape that a list of integers is."""
    if not isinstance(extents, list) or not all(
        type(extent) is int and 0 <= extent < 2**63 for extent in extents
    ):
        raise EncodingError(f"{extents!r:.80} is not a shape")
    return torch.Size(extents)


def is_plain_dtype(text: object) -> bool:
    """Return whether numpy's dtype of that text is plain memory."""
    return isinstance(text, str) and _NUMPY_DTYPE.fullmatch(text) is not None


def numpy_dtype_named(text: object) -> np.dtype[Any]:
    """Return numpy's dtype of that text, which is plain memory.

    Not one whose elements have no bytes (`|S0`): numpy gives them one each, however many a shape
    says there are.
    """
    if not isinstance(text, str) or not is_plain_dtype(text):
        raise EncodingError(f"{text!r:.80} is not a dtype of numpy for plain memory")
    try:
        dtype = np.dtype(text)
    except (TypeError, ValueError) as error:
        raise EncodingError(f"{text!r:.80} is not a dtype of numpy") from error
    if not dtype.itemsize:
        raise EncodingError(f"elements of {text!r} have no bytes: there are no arrays of them")
    return dtype


def empty_array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """Return an uninitialised array: without elements it has no memory, not that of one."""
    if 0 in shape:
        return np.ndarray(shape, dtype, buffer=bytearray())
    return np.empty(shape, dtype)


def pack_tensor(tensor: torch.Tensor) -> bytes:
    """Return a dense tensor on any device as bytes."""
    return _packed([DTYPE_NAMES[tensor.dtype], list(tensor.shape), bytes_of(tensor)])


def unpack_tensor(data: bytes) -> torch.Tensor:
    """Return the CPU tensor that `pack_tensor` made `data` from."""
    fields = unpack_list(data)
    if len(fields) != 3 or not isinstance(fields[2], bytes):
        raise EncodingError("a tensor is a dtype, a shape and bytes")
    dtype, shape, raw = dtype_named(fields[0]), shape_of(fields[1]), fields[2]
    _check_length(str(dtype), shape, dtype.itemsize, raw)
    if not raw:
        return torch.empty(shape, dtype=dtype, device="cpu")
    return torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(dtype).reshape(shape)


def pack_array(array: Array) -> bytes:
    """Return an array of plain memory as bytes."""
    return _packed([array.dtype.str, list(array.shape), array.tobytes()])


def unpack_array(data: bytes) -> Array:
    """Return the array that `pack_array` made `data` from."""
    fields = unpack_list(data)
    if len(fields) != 3 or not isinstance(fields[2], bytes):
        raise EncodingError("a numpy array is the text of a dtype, a shape and bytes")
    dtype, shape, raw = numpy_dtype_named(fields[0]), shape_of(fields[1]), fields[2]
    _check_length(str(dtype), shape, dtype.itemsize, raw)
    if not raw:
        return empty_array(shape, dtype)
    return np.frombuffer(bytearray(raw), dtype).reshape(shape)  # the bytearray's: writable


def unpack_scalar(data: bytes) -> Any:
    """Return the numpy scalar whose array without dims `data` is."""
    array = unpack_array(data)
    if array.ndim:
        raise EncodingError(f"a numpy scalar has no shape, got {list(array.shape)}")
    return array[()]


def unpack_list(data: bytes) -> list[Any]:
    """Return a list of plain values, without extensions."""
    value = msgpack.unpackb(
        data, ext_hook=refuse_extension, strict_map_key=False, unicode_errors="surrogatepass"
    )
    if not isinstance(value, list):
        raise EncodingError(f"expected a list, got {type(value).__name__}")
    return value


def refuse_extension(code: int, data: bytes) -> NoReturn:
    """What is not plain has no place here."""
    raise EncodingError(f"extension {code} where there may be none")


def _check_length(dtype: str, shape: torch.Size, itemsize: int, raw: bytes) -> None:
    wanted = prod(shape) * itemsize
    if wanted != len(raw):
        raise EncodingError(f"{dtype} of shape {list(shape)} is {wanted} bytes, got {len(raw)}")


def _packed(fields: list[Any]) -> bytes:
    packed: bytes = msgpack.packb(fields)
    return packed
