"""Values without a static type: msgpack with extension types.

The codes are part of the contract (docs/contract.md); `elixir_client/lib/vllm/term.ex` is the other
side. Nothing here evaluates or unpickles: the bytes only ever become the types listed below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, Protocol

import msgpack
import torch

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec import tensors
from vllm_bridge.codec.errors import BridgeError, Category

TUPLE = 1
ATOM = 2
REF = 3
TENSOR = 4
COMPLEX = 5
SET = 6
BIG_INTEGER = 7
MAP = 8
FROZENSET = 9
GROUP = 10
DTYPE = 11
DEVICE = 12

MAX_DEPTH = 128
"""Nesting that neither side encodes or decodes beyond: a stack overflow is not an error message."""

_CONTAINERS: dict[int, type] = {TUPLE: tuple, SET: set, FROZENSET: frozenset}


class ObjectSpace(Protocol):
    """Where objects that cannot travel stay, and where references are looked up."""

    def put(self, value: object) -> types_pb2.Ref:
        """Keep the value and name it; the same value gets the same name."""
        ...

    def get(self, ref: types_pb2.Ref) -> object:
        """The value named, or a `BridgeError` that says why it is not there."""
        ...


def encode(value: object, objects: ObjectSpace, *, keep_tensors: bool = False) -> types_pb2.Term:
    """The value as a Term; what cannot travel becomes a ref.

    With `keep_tensors`, tensors become refs too.

    Raises:
        BridgeError: (validation) nested deeper than `MAX_DEPTH` (a cycle, usually).
    """
    encoder = _Encoder(objects, keep_tensors)
    packed: bytes = msgpack.packb(encoder.prepare(value, 0), use_bin_type=True)
    return types_pb2.Term(msgpack=packed, tensors=encoder.tensors)


def decode(term: types_pb2.Term, objects: ObjectSpace) -> Any:
    """The value of a Term. An empty Term is None.

    Raises:
        BridgeError: (validation) bytes that are no valid term; (others) from the object space.
    """
    if not term.msgpack:
        return None
    return _Decoder(term, objects).unpack(term.msgpack, 0)


def tensor_message(
    value: torch.Tensor, objects: ObjectSpace, *, keep: bool = False
) -> types_pb2.Tensor:
    """A tensor by value, or as a ref with its dtype and shape."""
    if not keep:
        return tensors.to_message(value)
    message = tensors.describe(value)
    message.ref.CopyFrom(objects.put(value))
    return message


def tensor_value(message: types_pb2.Tensor, objects: ObjectSpace) -> torch.Tensor:
    """The tensor of a message, inline or kept."""
    if message.WhichOneof("storage") != "ref":
        return tensors.from_message(message)
    value = objects.get(message.ref)
    if not isinstance(value, torch.Tensor):
        raise _bad(f"the ref {message.ref.id} is a {type(value).__name__}, not a tensor")
    return value


class _Encoder:
    def __init__(self, objects: ObjectSpace, keep_tensors: bool) -> None:
        self._objects = objects
        self._keep_tensors = keep_tensors
        self.tensors: list[types_pb2.Tensor] = []

    def prepare(self, value: object, depth: int) -> object:
        """What msgpack packs natively, with everything else as an extension type."""
        if depth > MAX_DEPTH:
            raise _bad(f"a value nested deeper than {MAX_DEPTH} levels")
        kind = type(value)
        if value is None or kind in (bool, float, str, bytes):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return int(value) if -(2**63) <= value < 2**64 else _big_integer(value)
        if kind is list:
            return [self.prepare(item, depth + 1) for item in value]  # type: ignore[attr-defined]
        if isinstance(value, dict):
            return self._map(value, depth)
        return self._extension(value, depth)

    def _map(self, value: Mapping[object, object], depth: int) -> object:
        if all(type(key) is str for key in value):
            return {key: self.prepare(item, depth + 1) for key, item in value.items()}
        flat = [self.prepare(part, depth + 1) for pair in value.items() for part in pair]
        return msgpack.ExtType(MAP, msgpack.packb(flat))

    def _extension(self, value: object, depth: int) -> object:
        if isinstance(value, torch.Tensor):
            message = tensor_message(value, self._objects, keep=self._keep_tensors)
            self.tensors.append(message)
            return msgpack.ExtType(TENSOR, msgpack.packb(len(self.tensors) - 1))
        if isinstance(value, (tuple, set, frozenset)):
            code = TUPLE
            if not isinstance(value, tuple):
                code = SET if isinstance(value, set) else FROZENSET
            items = [self.prepare(item, depth + 1) for item in value]
            return msgpack.ExtType(code, msgpack.packb(items))
        if isinstance(value, (float, str, bytes, list)):
            return self.prepare(_plain(value), depth)
        if isinstance(value, (bytearray, memoryview)):
            return bytes(value)
        if isinstance(value, complex):
            return msgpack.ExtType(COMPLEX, msgpack.packb([value.real, value.imag]))
        if isinstance(value, torch.dtype):
            return msgpack.ExtType(DTYPE, tensors.dtype_name(value).encode())
        if isinstance(value, torch.device):
            return msgpack.ExtType(DEVICE, str(value).encode())
        ref = self._objects.put(value)
        return msgpack.ExtType(
            REF, msgpack.packb([ref.id, ref.session_id, ref.epoch, ref.type_name])
        )


class _Decoder:
    """Unpacks level by level: extension types come out of msgpack as they are and are resolved
    after it has returned. Unpacking them from within its `ext_hook` would nest its C frames, of
    tens of kilobytes each, and a message of a few kilobytes could overflow the stack."""

    def __init__(self, term: types_pb2.Term, objects: ObjectSpace) -> None:
        self._tensors = term.tensors
        self._objects = objects

    def unpack(self, packed: bytes, depth: int) -> Any:
        """The value of msgpack bytes, extension types resolved."""
        try:
            # Keys are strings where the encoder is ours; other keys come as an extension type.
            value = msgpack.unpackb(packed, strict_map_key=True)
            return self._resolve(value, depth)
        except BridgeError:
            raise
        except (
            ValueError,
            TypeError,
            OverflowError,
            RuntimeError,
            msgpack.UnpackException,
        ) as error:
            # ValueError: truncated, trailing or non-UTF-8 input; TypeError: unhashable keys;
            # OverflowError: numbers out of range; RuntimeError: a device of no known type.
            raise _bad(f"malformed msgpack: {error}") from error

    def _resolve(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is not list and kind is not dict and kind is not msgpack.ExtType:
            return value if kind is not msgpack.Timestamp else _refuse_timestamp()
        if depth > MAX_DEPTH:
            raise _bad(f"a term nested deeper than {MAX_DEPTH} levels")
        if kind is list:
            return [self._resolve(item, depth + 1) for item in value]
        if kind is dict:
            return {key: self._resolve(item, depth + 1) for key, item in value.items()}
        return self._extension(value.code, value.data, depth)

    def _extension(self, code: int, data: bytes, depth: int) -> object:
        if code in _CONTAINERS:
            return _CONTAINERS[code](self._list(data, depth, "container"))
        if code == ATOM:
            return data.decode()
        if code in (DTYPE, DEVICE):
            text = data.decode()
            return tensors.dtype_named(text) if code == DTYPE else torch.device(text)
        if code == BIG_INTEGER:
            return int.from_bytes(data, "big", signed=True)
        if code == COMPLEX:
            return complex(*self._list(data, depth, "complex", length=2))
        if code == MAP:
            flat = self._list(data, depth, "map")
            if len(flat) % 2:
                raise _bad("a map with a key and no value")
            return dict(zip(flat[::2], flat[1::2], strict=True))
        if code == TENSOR:
            return self._tensor(self.unpack(data, depth))
        if code in (REF, GROUP):
            return self._objects.get(self._ref(data, depth))
        raise _bad(f"extension type {code} is not known")

    def _list(self, data: bytes, depth: int, what: str, *, length: int | None = None) -> list[Any]:
        items = self.unpack(data, depth + 1)
        if not isinstance(items, list) or (length is not None and len(items) != length):
            raise _bad(f"a {what} that does not hold a list" + (f" of {length}" if length else ""))
        return items

    def _tensor(self, index: object) -> torch.Tensor:
        if not isinstance(index, int) or not 0 <= index < len(self._tensors):
            raise _bad(f"tensor index {index!r}; the term has {len(self._tensors)} tensors")
        return tensor_value(self._tensors[index], self._objects)

    def _ref(self, data: bytes, depth: int) -> types_pb2.Ref:
        identifier, session, epoch, type_name = self._list(data, depth, "ref", length=4)
        return types_pb2.Ref(id=identifier, session_id=session, epoch=epoch, type_name=type_name)


def _big_integer(value: int) -> object:
    length = (value.bit_length() + 8) // 8
    return msgpack.ExtType(BIG_INTEGER, value.to_bytes(length, "big", signed=True))


def _plain(value: float | str | bytes | list[Any]) -> object:
    """The value of a subclass as its base class."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    return bytes(value) if isinstance(value, bytes) else list(value)


def _refuse_timestamp() -> NoReturn:
    raise _bad("extension type -1 (timestamp) is not known")


def _bad(what: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, "bad_term", f"not a term: {what}")
