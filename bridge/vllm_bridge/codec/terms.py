"""Values without a static type: msgpack with extension types.

The codes are part of the contract (docs/contract.md); `elixir_client/lib/vllm/term` is the other
side. Nothing here evaluates or unpickles: the bytes only ever become the types listed below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, cast

import msgpack
import torch

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec import tensors
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.codec.msgpack_input import MAX_DEPTH, bad, too_deep, twice, unpack
from vllm_bridge.refs import StandIn
from vllm_distributed.wire.tree import Tree

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

_OPEN = frozenset({list, dict, msgpack.ExtType, msgpack.Timestamp})

MAX_INTEGER_BYTES = 4096
"""Of the largest integer, in either direction: larger ones only cost time."""


class ObjectSpace(Protocol):
    """Where objects that cannot travel stay, and where references are looked up."""

    def put(self, value: object) -> types_pb2.Ref:
        """Keep the value and name it; the same value gets the same name."""
        ...

    def get(self, ref: types_pb2.Ref) -> object:
        """The value named, or a `BridgeError` that says why it is not there."""
        ...


def encode(
    value: object,
    objects: ObjectSpace,
    *,
    keep_tensors: bool = False,
    storage: tensors.Storage = tensors.INLINE,
) -> types_pb2.Term:
    """The value as a Term; what cannot travel becomes a ref.

    With `keep_tensors`, tensors become refs too; else `storage` may take their bytes.

    Raises:
        BridgeError: (validation) nested deeper than `MAX_DEPTH` (a cycle, usually), an integer of
            more than `MAX_INTEGER_BYTES`, or a `str` that is no Unicode text.
    """
    encoder = _Encoder(objects, keep_tensors, storage)
    try:
        packed: bytes = msgpack.packb(encoder.prepare(value, 0), use_bin_type=True)
    except UnicodeEncodeError as error:
        raise bad(f"a str is no Unicode text: {error.object[:50]!r}; send it as bytes") from error
    except (ValueError, OverflowError) as error:
        raise bad(f"one part of it is too large: {error}") from error
    return types_pb2.Term(msgpack=packed, tensors=encoder.tensors)


def decode(
    term: types_pb2.Term, objects: ObjectSpace, storage: tensors.Storage = tensors.INLINE
) -> Any:
    """The value of a Term. A Term without bytes is None.

    Raises:
        BridgeError: (validation) bytes that are no valid term; (others) from the object space.
    """
    if not term.msgpack:
        return None
    return _Decoder(term, objects, storage).decode()


def tensor_message(
    value: torch.Tensor,
    objects: ObjectSpace,
    *,
    keep: bool = False,
    storage: tensors.Storage = tensors.INLINE,
) -> types_pb2.Tensor:
    """A tensor by value, or as a ref with its dtype and shape."""
    if not keep:
        return tensors.to_message(value, storage)
    message = tensors.describe(value)
    message.ref.CopyFrom(objects.put(value))
    return message


def tensor_value(
    message: types_pb2.Tensor,
    objects: ObjectSpace,
    storage: tensors.Storage = tensors.INLINE,
) -> torch.Tensor:
    """The tensor of a message: its bytes, or the one that is kept."""
    if message.WhichOneof("storage") != "ref":
        return tensors.from_message(message, storage)
    value = objects.get(message.ref)
    if not isinstance(value, torch.Tensor | StandIn):
        raise bad(f"the ref {message.ref.id} is a {type(value).__name__}, not a tensor")
    return cast("torch.Tensor", value)  # a client has a stand-in


class _Encoder:
    def __init__(self, objects: ObjectSpace, keep_tensors: bool, storage: tensors.Storage) -> None:
        self._objects = objects
        self._keep_tensors = keep_tensors
        self._storage = storage
        self.tensors: list[types_pb2.Tensor] = []
        # The value being encoded keeps its tensors alive, so that id() is safe as a key.
        self._index_of: dict[int, int] = {}

    def prepare(self, value: object, depth: int) -> object:
        """What msgpack packs natively, with everything else as an extension type."""
        if depth > MAX_DEPTH:
            raise too_deep()
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
            return msgpack.ExtType(TENSOR, msgpack.packb(self._tensor(value)))
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
        if isinstance(value, (torch.layout, torch.memory_format)):
            return str(value)
        ref = self._objects.put(value)
        return msgpack.ExtType(
            REF, msgpack.packb([ref.id, ref.session_id, ref.epoch, ref.type_name])
        )

    def _tensor(self, value: torch.Tensor) -> int:
        """The index of a tensor; one that occurs twice is sent once."""
        index = self._index_of.get(id(value))
        if index is None:
            index = self._index_of[id(value)] = len(self.tensors)
            self.tensors.append(
                tensor_message(value, self._objects, keep=self._keep_tensors, storage=self._storage)
            )
        return index


class _Decoder(Tree):
    """Lists and maps count as levels, as in `_Encoder`."""

    def __init__(
        self, term: types_pb2.Term, objects: ObjectSpace, storage: tensors.Storage
    ) -> None:
        self._term = term
        self._storage = storage
        self._objects = objects
        self._tensors: dict[int, torch.Tensor] = {}
        self.containers = _CONTAINERS

    def decode(self) -> Any:
        """The value of the term."""
        try:
            return self.value(self._term.msgpack)
        except UnicodeDecodeError as error:
            raise bad("a msgpack string is not valid UTF-8") from error
        except (ValueError, TypeError, OverflowError, RuntimeError) as error:
            # TypeError: an unhashable key or element; OverflowError: a number out of range;
            # RuntimeError: a device of no known type.
            raise bad(f"malformed msgpack: {error}") from error

    def unpack(self, data: bytes | bytearray | memoryview) -> tuple[Any, bool]:
        value = unpack(bytes(data))
        return value, type(value) in _OPEN

    def no_list(self, found: Any) -> Exception:
        return _no_list()

    def timestamp(self, value: msgpack.Timestamp) -> Any:
        raise _unknown(-1)

    def in_list(self, depth: int) -> int:
        if depth >= MAX_DEPTH:
            raise too_deep()
        return depth + 1

    def restore(self, code: int, data: bytes) -> object:
        if code == ATOM:
            return data.decode()
        if code == DTYPE:
            return tensors.dtype_named(data.decode())
        if code == DEVICE:
            return torch.device(data.decode())
        if code == BIG_INTEGER and 1 <= len(data) <= MAX_INTEGER_BYTES:
            return int.from_bytes(data, "big", signed=True)
        if code == COMPLEX:
            return _complex(data)
        if code == TENSOR:
            return self._tensor(data)
        if code in (REF, GROUP):
            return self._objects.get(_ref(code, data))
        raise _unknown(code)

    def _tensor(self, data: bytes) -> torch.Tensor:
        """One that is named twice is the same tensor: its bytes are not copied for every index."""
        try:
            index = unpack(data)
        except BridgeError as error:
            raise _unknown(TENSOR) from error
        if type(index) is not int or not 0 <= index < len(self._term.tensors):
            raise _unknown(TENSOR)
        if index not in self._tensors:
            self._tensors[index] = tensor_value(
                self._term.tensors[index], self._objects, self._storage
            )
        return self._tensors[index]


def _pairs(flat: list[Any]) -> dict[Any, Any]:
    """A map of any keys. 1, 1.0 and True are three keys in Elixir and one in Python."""
    if len(flat) % 2:
        raise bad("a map has a key without a value")
    result = dict(zip(flat[::2], flat[1::2], strict=True))
    if 2 * len(result) != len(flat):
        raise twice("a map has the same key twice", flat[::2])
    return result


def _set(kind: Callable[[list[Any]], Any], items: list[Any]) -> Any:
    made = kind(items)
    if len(made) != len(items):
        raise twice("a set has the same element twice", items)
    return made


_CONTAINERS: dict[int, Callable[[list[Any]], Any]] = {
    TUPLE: tuple,
    SET: partial(_set, set),
    FROZENSET: partial(_set, frozenset),
    MAP: _pairs,
}


def _list(data: bytes) -> list[Any]:
    items = unpack(data)
    if type(items) is not list:
        raise _no_list()
    return items


def _no_list() -> BridgeError:
    return bad("a msgpack extension holds no array")


def _complex(data: bytes) -> complex:
    parts = _list(data)
    if [type(part) for part in parts] != [float, float]:
        raise _unknown(COMPLEX)
    return complex(*parts)


def _ref(code: int, data: bytes) -> types_pb2.Ref:
    fields = _list(data)
    if [type(field) for field in fields] != [str, str, int, str]:
        raise _unknown(code)
    identifier, session, epoch, type_name = fields
    if not 0 <= epoch < 2**64:
        raise _unknown(code)
    return types_pb2.Ref(id=identifier, session_id=session, epoch=epoch, type_name=type_name)


def _big_integer(value: int) -> object:
    length = value.bit_length() // 8 + 1 if value >= 0 else (value + 1).bit_length() // 8 + 1
    if length > MAX_INTEGER_BYTES:
        raise bad(f"an integer of {length} bytes is larger than the {MAX_INTEGER_BYTES} sent")
    return msgpack.ExtType(BIG_INTEGER, value.to_bytes(length, "big", signed=True))


def _plain(value: float | str | bytes | list[Any]) -> object:
    """The value of a subclass as its base class."""
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    return bytes(value) if isinstance(value, bytes) else list(value)


def _unknown(code: int) -> BridgeError:
    return bad(f"msgpack extension {code} is malformed or not known")
