"""Values as SnakeBridge writes them: JSON, with an object for what JSON has no word for.

Such an object has `__type__` and `__schema__`; the types are listed in docs/snakepit.md. Nothing
here evaluates or unpickles: text only ever becomes the types listed there. Containers keep their
shape, and a leaf that JSON cannot carry stays in the worker and travels as a ref.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any, NoReturn

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec import tensors
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.objects import SessionObjects
from vllm_bridge.snakepit.tools.base64_text import decode_base64

SCHEMA = 1

MAX_DEPTH = 128
"""Nesting that is neither encoded nor decoded beyond: a stack overflow is not an error message."""

STOP_ITERATION = {"__type__": "stop_iteration", "__schema__": SCHEMA}

_NOT_FINITE = {"infinity": math.inf, "neg_infinity": -math.inf, "nan": math.nan}

_REFS = ("ref", "stream_ref")


def parse(text: bytes) -> Any:
    """The JSON value of a text.

    Raises:
        BridgeError: (validation, `malformed_json`) it is none; says where.
    """
    try:
        return _JSON.decode(text.decode())
    except (ValueError, RecursionError) as error:
        raise BridgeError(
            Category.VALIDATION, "malformed_json", f"not JSON: {error}; it begins {text[:60]!r}"
        ) from None


def render(value: object) -> bytes:
    """JSON text of an encoded value.

    Raises:
        BridgeError: (validation, `bad_value`) text that is not Unicode, or an integer of more
            digits than Python writes.
    """
    try:
        return json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
    except (ValueError, RecursionError) as error:
        raise _bad(f"the result cannot be written as JSON: {error}") from None


class Values:
    """Conversions of one call: refs are looked up in, and put into, its session."""

    def __init__(
        self, wire: Wire, objects: SessionObjects, python_module: str, library: str
    ) -> None:
        self._wire = wire
        self._objects = objects
        self._session_id = objects.session_id
        self._origin = {"python_module": python_module, "library": library}
        # Refs that this call has made: forgotten if its result cannot be sent.
        self._made: list[types_pb2.Ref] = []

    # From JSON.

    def decode(self, value: Any, depth: int = 0) -> Any:
        """The Python value of an argument.

        Raises:
            BridgeError: (validation, `bad_value`) an unknown `__type__`, or one without what
                belongs to it; (others) a ref that is not this session's.
        """
        kind = type(value)
        if kind is not list and kind is not dict:
            return value
        if depth > MAX_DEPTH:
            raise _bad(f"an argument is nested deeper than {MAX_DEPTH} levels")
        if kind is list:
            return [self.decode(item, depth + 1) for item in value]
        if "__type__" not in value:
            return {key: self.decode(item, depth + 1) for key, item in value.items()}
        name = value["__type__"]
        decoder = _DECODERS.get(name) if isinstance(name, str) else None
        if decoder is None:
            raise _bad(f"__type__ {name!r} is not known; it is one of {', '.join(_DECODERS)}")
        if value.get("__schema__", SCHEMA) != SCHEMA:
            raise _bad(
                f"__schema__ {value['__schema__']!r} of a {name}; this worker knows {SCHEMA}"
            )
        try:
            return decoder(self, value, depth)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise _bad(f"not a {name}: {type(error).__name__}: {error}") from None

    def ref(self, value: Any) -> types_pb2.Ref:
        """The ref that a parameter is.

        Raises:
            BridgeError: (validation, `wrong_type`) it is none.
        """
        if not isinstance(value, dict) or value.get("__type__") not in _REFS:
            raise BridgeError(
                Category.VALIDATION, "wrong_type", f"a ref is needed, not {str(value)[:100]!r}"
            )
        epoch, _, number = str(value.get("id", "")).partition("-")
        session_id = value.get("session_id")
        try:
            # What is no id of ours has an epoch that no session has.
            generation = int(epoch, 16) & (2**64 - 1)
        except ValueError:
            generation = 0
        return types_pb2.Ref(
            id=number,
            session_id=self._session_id if session_id is None else str(session_id),
            epoch=generation,
            type_name=str(value.get("type_name", "")),
        )

    def _elements(self, value: Mapping[str, Any], depth: int) -> list[Any]:
        elements = value["elements"]
        if not isinstance(elements, list):
            raise TypeError("elements must be a list")
        return [self.decode(item, depth + 1) for item in elements]

    def _pairs(self, value: Mapping[str, Any], depth: int) -> dict[Any, Any]:
        pairs = value["pairs"]
        if not isinstance(pairs, list):
            raise TypeError("pairs must be a list")
        return {self.decode(k, depth + 1): self.decode(v, depth + 1) for k, v in pairs}

    def _complex(self, value: Mapping[str, Any], depth: int) -> complex:
        return complex(self.decode(value["real"], depth), self.decode(value["imag"], depth))

    def _tensor(self, value: Mapping[str, Any], depth: int) -> Any:
        message = types_pb2.Tensor(
            dtype=value["dtype"], shape=value["shape"], data=_bytes(value["data"])
        )
        return tensors.from_message(message)

    def _kept(self, value: dict[str, Any], depth: int) -> object:
        return self._wire.get(self.ref(value))

    # To JSON.

    def encode(self, value: object) -> Any:
        """A result, as what `render` writes.

        Raises:
            BridgeError: (validation, `bad_value`) nested deeper than `MAX_DEPTH` (a cycle,
                usually); (others) something in it may not be given out, or there is no room.
        """
        try:
            return self._encode(value, 0)
        except BridgeError:
            self.forget()
            raise

    def forget(self) -> None:
        """Release the refs that this call has made: its caller will not hear of them."""
        while self._made:
            self._objects.release(self._made.pop())

    def keep(self, value: object, stream_type: str = "") -> dict[str, Any]:
        """A ref to an object that stays here, whatever it is."""
        known = len(self._objects)
        self._wire.allow_list.check_result(value, stream=bool(stream_type))
        ref = self._objects.put(value)
        if len(self._objects) > known:
            self._made.append(ref)
        name = ref.type_name.rpartition(".")[2]
        encoded = {
            "__type__": "stream_ref" if stream_type else "ref",
            "__schema__": SCHEMA,
            "id": f"{ref.epoch:x}-{ref.id}",
            "session_id": ref.session_id,
            **self._origin,
            "type_name": name,
            "__type_name__": name,
        }
        return {**encoded, "stream_type": stream_type} if stream_type else encoded

    def _encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if value is None or kind is bool or kind is int or kind is str:
            return value
        if depth > MAX_DEPTH:
            raise _bad(f"the result is nested deeper than {MAX_DEPTH} levels, or contains itself")
        if kind is list:
            return [self._encode(item, depth + 1) for item in value]
        if isinstance(value, dict):
            return self._encode_dict(value, depth)
        if isinstance(value, tuple):
            return self._typed("tuple", elements=self._items(value, depth))
        if isinstance(value, (set, frozenset)):
            name = "set" if isinstance(value, set) else "frozenset"
            return self._typed(name, elements=self._items(value, depth))
        return self._leaf(value, depth)

    def _leaf(self, value: Any, depth: int) -> Any:
        if isinstance(value, float):
            return _float(float(value))
        if isinstance(value, int):
            return int(value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, list):
            return self._encode(list(value), depth)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._typed("bytes", data=base64.b64encode(value).decode())
        if isinstance(value, complex):
            return self._typed("complex", real=_float(value.real), imag=_float(value.imag))
        for moment in (datetime, date, time):
            if isinstance(value, moment):
                return self._typed(moment.__name__, value=value.isoformat())
        if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
            return self._scalar(value, depth)
        if isinstance(value, Iterator):
            generator = type(value).__name__ == "generator"
            return self.keep(value, "generator" if generator else "iterator")
        return self.keep(value)

    def _scalar(self, value: Any, depth: int) -> Any:
        """A number of numpy's."""
        plain = value.item() if hasattr(value, "item") else value
        same = type(plain).__module__ == "numpy"
        return self.keep(value) if same else self._encode(plain, depth)

    def _encode_dict(self, value: Mapping[Any, Any], depth: int) -> Any:
        if all(type(key) is str for key in value) and "__type__" not in value:
            return {key: self._encode(item, depth + 1) for key, item in value.items()}
        return self._typed("dict", pairs=[self._items(pair, depth + 1) for pair in value.items()])

    def _items(self, values: Iterable[Any], depth: int) -> list[Any]:
        return [self._encode(item, depth + 1) for item in values]

    def _typed(self, name: str, **facts: Any) -> dict[str, Any]:
        return {"__type__": name, "__schema__": SCHEMA, **facts}


def _float(value: float) -> Any:
    if math.isfinite(value):
        return value
    name = "nan" if math.isnan(value) else "infinity" if value > 0 else "neg_infinity"
    return {"__type__": "special_float", "__schema__": SCHEMA, "value": name}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is needed, not {value!r}")
    return value


def _bytes(value: Any) -> bytes:
    return decode_base64(_text(value))


def _moment(value: Any) -> str:
    # Python before 3.11 does not read the Z of UTC.
    text = _text(value)
    return f"{text[:-1]}+00:00" if text.endswith("Z") else text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON; numbers that are not finite are special_float objects")


def _bad(message: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, "bad_value", message)


_JSON = json.JSONDecoder(parse_constant=_refuse_constant)

_Decoder = Callable[[Values, Any, int], Any]

_DECODERS: Mapping[str, _Decoder] = {
    "tuple": lambda values, value, depth: tuple(values._elements(value, depth)),
    "set": lambda values, value, depth: set(values._elements(value, depth)),
    "frozenset": lambda values, value, depth: frozenset(values._elements(value, depth)),
    "bytes": lambda values, value, depth: _bytes(value["data"]),
    "complex": Values._complex,
    "datetime": lambda values, value, depth: datetime.fromisoformat(_moment(value["value"])),
    "date": lambda values, value, depth: date.fromisoformat(_text(value["value"])),
    "time": lambda values, value, depth: time.fromisoformat(_moment(value["value"])),
    "special_float": lambda values, value, depth: _NOT_FINITE[value["value"]],
    "atom": lambda values, value, depth: _text(value["value"]),
    "dict": Values._pairs,
    "ref": Values._kept,
    "stream_ref": Values._kept,
    "tensor": Values._tensor,
}
