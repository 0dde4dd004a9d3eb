"""How Python objects travel between ranks: msgpack with extension types, never pickle by default.

Supported: None, bool, int of any size, float, complex, str, bytes, bytearray, list, tuple, set,
frozenset, dict with any hashable keys, torch's dtype, device, Size, tensors, parameters and
`TensorMetadata`, numpy's arrays and scalars of plain numbers, text and times, and classes that
`register_type` names. A view of bytes arrives as bytes, an object of a class derived from tensor or
parameter as one of that class.
Everything else is refused by `encode`, unless the environment has
`VLLM_ALLOW_INSECURE_SERIALIZATION=1` (vLLM's own name for it): then it is pickled, and a receiver
with the same setting unpickles it. `decode` of any bytes returns a value or raises
`EncodingError`; it runs no code found in them and allocates no more than they account for.
"""

from __future__ import annotations

import gc
import os
import pickle
import struct
from collections.abc import Callable, Sequence
from enum import IntEnum
from functools import partial
from typing import Any, NamedTuple

import msgpack
import numpy as np
import torch

from vllm_distributed.errors import EncodingError
from vllm_distributed.tensors.kinds import check_real
from vllm_distributed.wire.arrays import (
    dtype_named,
    is_plain_dtype,
    pack_array,
    pack_tensor,
    refuse_extension,
    shape_of,
    unpack_array,
    unpack_list,
    unpack_scalar,
    unpack_tensor,
)
from vllm_distributed.wire.registered_types import (
    build,
    derived,
    named_type,
    registered,
    reserve,
)
from vllm_distributed.wire.tree import Tree

__all__ = ["TensorMetadata", "decode", "encode"]

MAX_NESTING = 128
"""How deep tuples and sets may be nested in each other. Neither side goes beyond: a stack overflow
is not an error message."""

# Each extension packed from within msgpack's `default` is a call of its C code inside another, with
# tens of KB of C stack that Python's recursion limit does not see. Up to this depth that is the
# fast way; deeper values are prepared in Python first.
_FAST_NESTING = 8

INSECURE_SETTING = "VLLM_ALLOW_INSECURE_SERIALIZATION"

_COMPLEX = struct.Struct("<dd")
_PLACE = struct.Struct("<I")


class TensorMetadata(NamedTuple):
    """What a receiver must know to allocate a tensor: device type, dtype and shape."""

    device: str
    dtype: torch.dtype
    size: torch.Size


class _Extension(IntEnum):
    """msgpack extension codes (0 to 127 are the application's). Never renumber: ranks of
    different versions may talk to each other."""

    TUPLE = 1
    BIG_INT = 2
    COMPLEX = 3
    SET = 4
    FROZENSET = 5
    DTYPE = 6
    DEVICE = 7
    SIZE = 8
    TENSOR = 9
    TENSOR_METADATA = 10
    PICKLE = 11
    NUMPY_ARRAY = 12
    NUMPY_SCALAR = 13
    ASIDE = 14
    BYTEARRAY = 15
    PARAMETER = 16
    REGISTERED = 17


_CODES: dict[type, _Extension] = {
    tuple: _Extension.TUPLE,
    set: _Extension.SET,
    frozenset: _Extension.FROZENSET,
}


def _parameter(items: list[Any]) -> torch.nn.Parameter:
    if len(items) != 2 or not isinstance(items[1], torch.Tensor) or type(items[0]) is not bool:
        raise EncodingError("a parameter is whether it requires a gradient, and a tensor")
    return torch.nn.Parameter(items[1], requires_grad=items[0])


# What is made of the items of an extension that is a list.
_CONTAINERS: dict[int, Callable[[list[Any]], Any]] = {
    **{code: kind for kind, code in _CODES.items()},
    _Extension.PARAMETER: _parameter,
    _Extension.REGISTERED: build,
}


def encode(value: Any, aside: list[Any] | None = None) -> bytes:
    """Return `value` as bytes. Raises `EncodingError` naming the type that cannot travel.

    With `aside`, an empty list, tensors and numpy arrays are appended to it, and only their places
    in it are encoded: their elements travel in another way.

    >>> decode(encode({"a": (1, 2), 3: {4, 5}}))
    {'a': (1, 2), 3: {4, 5}}
    """
    try:
        try:
            packed = _pack(value, aside, 0)
            # A bytearray is packed as bytes are, and those begin with one of these.
            may_be = b"\xc4" in packed or b"\xc5" in packed or b"\xc6" in packed
            if not may_be or not _has_bytearray(value):
                return packed
        except _TooDeepError:
            pass
        if aside is not None:
            aside.clear()
        return _pack(_prepare(value, aside, 0), aside, 0)
    except (ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, EncodingError):
            raise
        too_deep = "recursion" in str(error)
        why = "it is nested too deeply, or contains itself" if too_deep else error
        raise EncodingError(
            f"an object of type {named_type(type(value))} cannot be encoded: {why}"
        ) from error


def _has_bytearray(value: Any) -> bool:
    """Return whether there is a bytearray in a value that msgpack has packed: looked for level by
    level, with few steps for each."""
    level = [value]
    while level:
        kinds = set(map(type, level))
        if bytearray in kinds:
            return True
        inner: list[Any] = []
        if kinds & _HOLDERS:
            inner = gc.get_referents(*[part for part in level if type(part) in _HOLDERS])
        for kind in kinds - _HOLDERS:
            entry = registered(kind)
            if entry is not None:
                inner += [entry.encode(part) for part in level if type(part) is kind]
        level = inner
    return False


_HOLDERS = frozenset({list, tuple, set, frozenset, dict})


def decode(data: bytes | bytearray | memoryview, aside: Sequence[Any] = ()) -> Any:
    """Return the object that `encode` made `data` from. Tensors arrive on the CPU.

    `aside` are the tensors and arrays that were set aside; each must have its one place in `data`.
    """
    try:
        if not aside:
            return _PLAIN.value(data)
        left = dict(enumerate(aside))
        value = _Tree(left).value(data)
    except EncodingError:
        raise
    except (
        ValueError,  # msgpack: malformed, trailing or too deeply nested; UnicodeDecodeError
        TypeError,  # an unhashable dict key or set member
        RuntimeError,  # torch: not a device; RecursionError
        OverflowError,
        msgpack.UnpackException,
    ) as error:
        raise EncodingError(
            f"{len(data)} bytes received are not an encoded object: {error}"
        ) from error
    if left:
        raise EncodingError(f"the object has no place for {len(left)} of its arrays")
    return value


class _TooDeepError(Exception):
    """The value is nested too deep to pack it the fast way."""


def _pack(value: Any, aside: list[Any] | None = None, level: int = 0) -> bytes:
    """Return `value` as msgpack, from inside of `level` calls of msgpack's packer."""
    if level > _FAST_NESTING:
        raise _TooDeepError
    packer = msgpack.Packer(
        default=partial(_extend, aside, level + 1),
        strict_types=True,
        unicode_errors="surrogatepass",
    )
    packed: bytes = packer.pack(value)
    return packed


def _prepare(value: Any, aside: list[Any] | None, depth: int) -> Any:
    """Return `value` with its tuples and sets as extensions already, the innermost first, so that
    packing them nests nothing."""
    kind = type(value)
    if kind is bytearray:
        return _extension(_Extension.BYTEARRAY, bytes(value))
    if kind is list:
        return [_prepare(item, aside, depth) for item in value]
    if kind is dict:
        return {
            _prepare(key, aside, depth): _prepare(item, aside, depth) for key, item in value.items()
        }
    code, items = _CODES.get(kind), value
    if code is None:
        entry = derived(kind)
        if entry is None:
            return value
        code, items = _Extension.REGISTERED, [entry.name, entry.encode(value)]
    return _extension(code, _pack([_prepare(item, aside, _deeper(depth)) for item in items], aside))


def _deeper(depth: int) -> int:
    if depth >= MAX_NESTING:
        raise EncodingError(f"tuples and sets are nested more than {MAX_NESTING} deep")
    return depth + 1


class _Tree(Tree):
    """Tuples, sets and objects of registered classes are put off until msgpack has returned; all
    else is restored on its way. `left` are the values set aside, by place, not asked for yet."""

    containers = _CONTAINERS
    in_container = staticmethod(_deeper)

    def __init__(self, left: dict[int, Any] | None = None) -> None:
        self._left = left

    def unpack(self, data: bytes | bytearray | memoryview) -> tuple[Any, bool]:
        found: list[bool] = []
        restore = self.restore

        def put_off(code: int, payload: bytes) -> Any:
            if code in _CONTAINERS:
                found.append(True)
                return msgpack.ExtType(code, payload)
            return restore(code, payload)

        value = msgpack.unpackb(
            data, ext_hook=put_off, strict_map_key=False, unicode_errors="surrogatepass"
        )
        return value, bool(found)

    def restore(self, code: int, data: bytes) -> Any:
        """The inverse of `_extend`, for bytes that may be anything; not for containers."""
        if code == _Extension.BIG_INT:
            return int.from_bytes(data, "little", signed=True)
        if code == _Extension.COMPLEX:
            if len(data) != _COMPLEX.size:
                raise EncodingError(f"a complex number is {_COMPLEX.size} bytes, got {len(data)}")
            return complex(*_COMPLEX.unpack(data))
        if code == _Extension.DTYPE:
            return dtype_named(data.decode())
        if code == _Extension.DEVICE:
            return torch.device(data.decode())
        if code == _Extension.SIZE:
            return shape_of(unpack_list(data))
        if code == _Extension.TENSOR_METADATA:
            return _unpack_metadata(data)
        if code == _Extension.TENSOR:
            return unpack_tensor(data)
        if code == _Extension.NUMPY_ARRAY:
            return unpack_array(data)
        if code == _Extension.NUMPY_SCALAR:
            return unpack_scalar(data)
        if code == _Extension.BYTEARRAY:
            return bytearray(data)
        if code == _Extension.PICKLE:
            return _unpickle(data)
        if code == _Extension.ASIDE:
            left = self._left
            if (
                not left
                or len(data) != _PLACE.size
                or (place := _PLACE.unpack(data)[0]) not in left
            ):
                raise EncodingError(
                    "an array is asked for that is not there, or for the second time"
                )
            return left.pop(place)
        raise EncodingError(f"extension {code} is not one of this version's: upgrade the receiver")

    def no_list(self, found: Any) -> Exception:
        return EncodingError(f"expected a list, got {named_type(type(found))}")


_PLAIN = _Tree()


def _extend(aside: list[Any] | None, level: int, value: Any) -> Any:
    """What msgpack has no type for becomes an extension."""
    kind = type(value)
    code = _CODES.get(kind)
    if code is not None:
        return _extension(code, _pack(list(value), aside, level))
    entry = registered(kind)
    if entry is not None:
        encoded = [entry.name, entry.encode(value)]
        return _extension(_Extension.REGISTERED, _pack(encoded, aside, level))
    if kind is int:  # msgpack hands over what does not fit 64 bits
        size = value.bit_length() // 8 + 1
        return _extension(_Extension.BIG_INT, value.to_bytes(size, "little", signed=True))
    if kind is complex:
        return _extension(_Extension.COMPLEX, _COMPLEX.pack(value.real, value.imag))
    if kind is torch.dtype:
        return _extension(_Extension.DTYPE, str(value).removeprefix("torch.").encode())
    if kind is torch.device:
        return _extension(_Extension.DEVICE, str(value).encode())
    if kind is torch.Size:
        return _extension(_Extension.SIZE, _pack([int(extent) for extent in value], None, level))
    if kind is TensorMetadata:
        return _extension(_Extension.TENSOR_METADATA, _pack(list(value), None, level))
    if isinstance(value, torch.Tensor) and value.layout is torch.strided and not value.is_meta:
        if value.is_quantized:
            raise EncodingError(
                "a quantized tensor cannot travel between ranks: dequantize it first"
            )
        check_real("an object to be sent", value)
        if isinstance(value, torch.nn.Parameter):
            parts = [value.requires_grad, value.detach()]
            return _extension(_Extension.PARAMETER, _pack(parts, aside, level))
        if aside is not None:
            return _set_aside(value, aside)
        return _extension(_Extension.TENSOR, pack_tensor(value))
    if isinstance(value, np.generic) or kind is np.ndarray or kind is np.memmap:
        array = np.asarray(value)
        if is_plain_dtype(array.dtype.str):
            is_scalar = isinstance(value, np.generic)
            if aside is not None and not is_scalar:
                return _set_aside(array, aside)
            code = _Extension.NUMPY_SCALAR if is_scalar else _Extension.NUMPY_ARRAY
            return _extension(code, pack_array(array))
    entry = derived(kind)
    if entry is not None:
        encoded = [entry.name, entry.encode(value)]
        return _extension(_Extension.REGISTERED, _pack(encoded, aside, level))
    if _pickle_is_allowed():
        return _extension(_Extension.PICKLE, pickle.dumps(value))
    raise EncodingError(
        f"an object of type {named_type(kind)} cannot travel between ranks: send plain values "
        f"(None, bool, int, float, complex, str, bytes, list, tuple, set, dict, torch dtype, "
        f"device, Size, dense tensor, numpy array of plain numbers), or say how its class travels, "
        f"on every rank, with vllm_distributed.register_type(cls, encode, decode); or set "
        f"{INSECURE_SETTING}=1 on every rank to have it pickled, if every rank is trusted",
        type=named_type(kind),
    )


def _set_aside(value: Any, aside: list[Any]) -> Any:
    aside.append(value)
    return _extension(_Extension.ASIDE, _PLACE.pack(len(aside) - 1))


def _unpack_metadata(data: bytes) -> TensorMetadata:
    fields = msgpack.unpackb(
        data, ext_hook=_restore_fact, strict_map_key=False, unicode_errors="surrogatepass"
    )
    if (
        not isinstance(fields, list)
        or len(fields) != 3
        or not isinstance(fields[0], str)
        or not isinstance(fields[1], torch.dtype)
        or not isinstance(fields[2], torch.Size)
    ):
        raise EncodingError("tensor metadata is a device type, a dtype and a size")
    return TensorMetadata(*fields)


def _unpickle(data: bytes) -> Any:
    if not _pickle_is_allowed():
        raise EncodingError(
            f"a peer sent a pickled object, and this rank does not unpickle: have the peer send "
            f"plain values, or set {INSECURE_SETTING}=1 here too, if every rank is trusted"
        )
    return pickle.loads(data)  # noqa: S301 - the user opted in, knowing vLLM's setting


def _restore_fact(code: int, data: bytes) -> Any:
    """What may be within metadata."""
    if code in (_Extension.DTYPE, _Extension.SIZE):
        return _PLAIN.restore(code, data)
    return refuse_extension(code, data)


def _extension(code: _Extension, data: bytes) -> Any:
    return msgpack.ExtType(int(code), data)


def _pickle_is_allowed() -> bool:
    return os.environ.get(INSECURE_SETTING) == "1"


reserve(
    *(type(None), bool, int, float, complex, str, bytes, bytearray, memoryview, list, dict),
    *_CODES,
    *(torch.dtype, torch.device, torch.Size, torch.Tensor, torch.nn.Parameter, TensorMetadata),
    *(np.ndarray, np.memmap),
)
