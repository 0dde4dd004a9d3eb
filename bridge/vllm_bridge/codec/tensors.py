"""Tensors to messages and back, by value.

Bytes are row-major and little-endian whatever the layout of the tensor; dtypes have Nx's names.
They are in the message, or where a `Storage` keeps them: shared memory, or chunks that come by
themselves.
"""

from __future__ import annotations

import math
import sys
from typing import Protocol

import torch

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_distributed.tensors.raw_bytes import flat_bytes

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
# A table, because asking torch for an attribute may import half of it.
_OF_TORCH = {name: dtype for name, dtype in vars(torch).items() if isinstance(dtype, torch.dtype)}

MAX_DIMENSIONS = 64
"""The product of the extents of a million dimensions would take minutes. torch itself has 64."""


MAX_INLINE_BYTES = 2**31 - 2**16
"""Of one tensor in its message: protobuf and gRPC end at 2 GiB, and there is more in a message."""


class Storage(Protocol):
    """Where the bytes of tensors are that are not in their message."""

    def load(self, message: types_pb2.Tensor, size: int) -> torch.Tensor:
        """Its `size` bytes: a one-dimensional uint8 tensor that owns them.

        Raises:
            BridgeError: they are not there.
        """
        ...

    def store(self, message: types_pb2.Tensor, flat: torch.Tensor) -> bool:
        """Keep these bytes (uint8, one dimension), and note in the message where; False: inline."""
        ...


class _Inline:
    """Every byte is in its message."""

    def load(self, message: types_pb2.Tensor, size: int) -> torch.Tensor:
        raise _bad(message, "only inline bytes are understood here")

    def store(self, message: types_pb2.Tensor, flat: torch.Tensor) -> bool:
        return False


INLINE: Storage = _Inline()


def dtype_name(dtype: torch.dtype) -> str:
    """`torch.float32` -> `"f32"`; torch's own name for a dtype that Nx does not have."""
    return _NAMES.get(dtype, str(dtype).removeprefix("torch."))


def dtype_named(name: str) -> torch.dtype:
    """`"f32"`, `"float32"` or `"torch.float32"` -> `torch.float32`.

    Raises:
        BridgeError: (validation) no such dtype; lists the known ones.
    """
    bare = name.removeprefix("torch.")
    dtype = _DTYPES.get(bare) or _OF_TORCH.get(bare)
    if dtype is None:
        raise BridgeError(
            Category.VALIDATION,
            "unknown_dtype",
            f"unknown dtype {name!r}; use one of {', '.join(_DTYPES)}",
            details={"dtype": name},
        )
    return dtype


def describe(tensor: torch.Tensor) -> types_pb2.Tensor:
    """The message without its bytes: dtype and shape.

    Raises:
        BridgeError: (validation) `unknown_dtype`; `unsendable`: a nested tensor has no shape.
    """
    if tensor.is_nested:
        raise _unsendable(tensor, "it is nested")
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


def to_message(tensor: torch.Tensor, storage: Storage = INLINE) -> types_pb2.Tensor:
    """The tensor with its bytes, copied off its device.

    Raises:
        BridgeError: (validation) `unknown_dtype`; `unsendable`: it has no elements one after the
            other, as sparse, nested and meta tensors; `tensor_too_large`: the storage does not take
            it, and its message cannot.
    """
    message = describe(tensor)
    if tensor.layout is not torch.strided:
        raise _unsendable(tensor, f"it is of layout {tensor.layout}")
    if tensor.is_meta:
        raise _unsendable(tensor, "it is on the device meta, and has no elements")
    try:
        flat = flat_bytes(tensor)
        data = flat.numpy()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        # Subclasses that stand for something else, such as fake tensors.
        raise _unsendable(tensor, f"its bytes cannot be had: {error}") from error
    if not storage.store(message, flat):
        _check_size(message, flat.numel())
        message.data = data.tobytes()
    return message


def _unsendable(tensor: torch.Tensor, why: str) -> BridgeError:
    return BridgeError(
        Category.VALIDATION,
        "unsendable",
        f"a {type(tensor).__name__} cannot be sent: {why}. Send a dense tensor, e.g. "
        "tensor.to_dense(), or keep it in its rank with tensors: :ref",
    )


def _check_size(message: types_pb2.Tensor, size: int) -> None:
    if size > MAX_INLINE_BYTES:
        raise BridgeError(
            Category.VALIDATION,
            "tensor_too_large",
            f"a tensor of {size} bytes does not fit into a message, which takes up to "
            f"{MAX_INLINE_BYTES}; keep it in its rank with tensors: :ref and fetch it from there",
            details={"dtype": message.dtype, "shape": list(message.shape), "bytes": size},
        )


def from_message(message: types_pb2.Tensor, storage: Storage = INLINE) -> torch.Tensor:
    """A new CPU tensor of the message's bytes.

    Raises:
        BridgeError: (validation) unknown dtype, a shape that cannot be, or bytes that do not fit;
            or what the storage raises.
    """
    dtype = dtype_named(message.dtype)
    shape = tuple(message.shape)
    if len(shape) > MAX_DIMENSIONS:
        raise _bad(message, f"it has {len(shape)} dimensions; at most {MAX_DIMENSIONS} may be")
    if any(extent < 0 for extent in shape):
        raise _bad(message, f"the shape {shape} has a negative extent")
    expected = math.prod(shape) * dtype.itemsize
    if message.WhichOneof("storage") in (None, "data"):
        found = len(message.data)
        # One copy, because the tensor must own memory that may be written.
        flat = torch.frombuffer(bytearray(message.data), dtype=torch.uint8) if found else _NOTHING
    else:
        flat = storage.load(message, expected)
        found = flat.numel()
    if found != expected:
        raise _bad(
            message, f"dtype {message.dtype} and shape {shape} need {expected} bytes, got {found}"
        )
    if dtype is torch.bool:
        # Torch computes with the byte, and another than 1 is not as true as 1.
        flat = flat.ne(0)
    try:
        return (
            flat.view(dtype).reshape(shape)
            if expected
            else torch.empty(shape, dtype=dtype, device="cpu")
        )
    except RuntimeError as error:
        # Extents whose product is zero, or fits by wrapping around, may still be too large.
        raise _bad(message, f"there is no tensor of shape {shape}: {error}") from error


_NOTHING = torch.empty(0, dtype=torch.uint8, device="cpu")


def _bad(message: types_pb2.Tensor, what: str) -> BridgeError:
    return BridgeError(
        Category.VALIDATION,
        "bad_tensor",
        f"not a tensor: {what}",
        details={"dtype": message.dtype, "shape": list(message.shape[:MAX_DIMENSIONS])},
    )
