"""Tensors to messages and back, by value.

Bytes are row-major and little-endian whatever the layout of the tensor; dtypes have Nx's names.
"""

from __future__ import annotations

import math
import sys

import torch

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.errors import BridgeError, Category

if sys.byteorder != "little":
    raise ImportError("vllm_bridge sends tensors in the byte order of the host: little-endian only")

_NAMES: dict[torch.dtype, str] = {
    torch.float64: "f64",
    torch.float32: "f32",
    torch.float16: "f16",
    torch.bfloat16: "bf16",
    torch.float8_e4m3fn: "f8_e4m3fn",
    torch.float8_e5m2: "f8_e5m2",
    torch.int64: "s64",
    torch.int32: "s32",
    torch.int16: "s16",
    torch.int8: "s8",
    torch.uint8: "u8",
    torch.uint16: "u16",
    torch.uint32: "u32",
    torch.uint64: "u64",
    torch.bool: "pred",
    torch.complex64: "c64",
    torch.complex128: "c128",
}
_DTYPES = {name: dtype for dtype, name in _NAMES.items()}


def dtype_name(dtype: torch.dtype) -> str:
    """`torch.float32` -> `"f32"`; torch's own name for a dtype that Nx does not have."""
    return _NAMES.get(dtype, str(dtype).removeprefix("torch."))


def dtype_named(name: str) -> torch.dtype:
    """`"f32"`, `"float32"` or `"torch.float32"` -> `torch.float32`.

    Raises:
        BridgeError: (validation) no such dtype; lists the known ones.
    """
    bare = name.removeprefix("torch.")
    dtype = _DTYPES.get(bare) or getattr(torch, bare, None)
    if not isinstance(dtype, torch.dtype):
        raise BridgeError(
            Category.VALIDATION,
            "unknown_dtype",
            f"unknown dtype {name!r}; use one of {', '.join(_DTYPES)}",
            details={"dtype": name},
        )
    return dtype


def describe(tensor: torch.Tensor) -> types_pb2.Tensor:
    """The message without its bytes: dtype and shape."""
    dtype = _NAMES.get(tensor.dtype)
    if dtype is None:
        raise BridgeError(
            Category.VALIDATION,
            "unknown_dtype",
            f"a tensor of dtype {tensor.dtype} cannot be sent; convert it to one of "
            f"{', '.join(_DTYPES)}, or keep it in its rank with tensors: :ref",
            details={"dtype": str(tensor.dtype)},
        )
    return types_pb2.Tensor(dtype=dtype, shape=tensor.shape)


def to_message(tensor: torch.Tensor) -> types_pb2.Tensor:
    """The tensor with its bytes, copied off its device."""
    message = describe(tensor)
    message.data = raw_bytes(tensor)
    return message


def raw_bytes(tensor: torch.Tensor) -> bytes:
    """The elements, row-major."""
    if tensor.numel() == 0:
        return b""
    flat = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    data: bytes = flat.view(torch.uint8).numpy().tobytes()
    return data


def from_message(message: types_pb2.Tensor) -> torch.Tensor:
    """A new CPU tensor of the message's inline bytes.

    Raises:
        BridgeError: (validation) unknown dtype, negative extent, or bytes that do not fit.
    """
    dtype = dtype_named(message.dtype)
    shape = tuple(message.shape)
    if any(extent < 0 for extent in shape):
        raise _bad(message, f"the shape {shape} has a negative extent")
    if message.WhichOneof("storage") not in (None, "data"):
        raise _bad(message, "only inline bytes are understood here")
    count = math.prod(shape)
    expected = count * dtype.itemsize
    if len(message.data) != expected:
        raise _bad(
            message,
            f"dtype {message.dtype} and shape {shape} need {expected} bytes, "
            f"got {len(message.data)}",
        )
    if count == 0:
        return torch.empty(shape, dtype=dtype)
    # One copy, because the tensor must own memory that may be written.
    return torch.frombuffer(bytearray(message.data), dtype=dtype).reshape(shape)


def _bad(message: types_pb2.Tensor, what: str) -> BridgeError:
    return BridgeError(
        Category.VALIDATION,
        "bad_tensor",
        f"not a tensor: {what}",
        details={"dtype": message.dtype, "shape": list(message.shape)},
    )
