"""The caller's side of the contract, in Python: arguments to a request, a response to a result."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import torch
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from vllm_bridge._generated import dispatch, objects_pb2, types_pb2
from vllm_bridge.codec import tensors, terms
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.tensors import INLINE, Storage
from vllm_bridge.contract import (
    REF,
    WRAPPERS,
    Method,
    Parameter,
    Record,
    Type,
    methods_by_name,
    records,
)
from vllm_bridge.durations import from_duration, of_seconds, to_duration
from vllm_bridge.refs import Named, StandIn


@dataclass(frozen=True)
class RemoteObject(StandIn):
    """An object that stays in its rank: pass it back as an argument of the same session."""

    id: str
    session_id: str
    epoch: int
    type_name: str

    def to_ref(self) -> types_pb2.Ref:
        """The message that stands for it."""
        return types_pb2.Ref(
            id=self.id, session_id=self.session_id, epoch=self.epoch, type_name=self.type_name
        )


@dataclass(frozen=True)
class RemoteGroup(RemoteObject):
    """A coordinator of a rank, or a process group (which has no `rank` and `local_rank`)."""

    unique_name: str
    ranks: tuple[int, ...]
    rank_in_group: int
    world_size: int
    backend: str
    rank: int | None = None
    local_rank: int | None = None
    device: str = ""


@dataclass(frozen=True)
class RemoteRecord(RemoteObject):
    """An object of an exposed class, with what it showed when it was sent.

    The fields are attributes too: `config.world_size`.
    """

    fields: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        fields = self.__dict__.get("fields", {})
        if name not in fields:
            raise AttributeError(
                f"a {self.type_name} shows no {name!r}; it shows {', '.join(fields) or 'nothing'}"
            )
        return fields[name]


class RemoteObjects:
    """The object space of a client's session: only remote objects can be sent."""

    def __init__(self, session_id: str = "", epoch: int = 0) -> None:
        self._session_id, self._epoch = session_id, epoch

    def own(self, value: object) -> object:
        """The value, or the object of the session that a name stands for."""
        if not isinstance(value, Named):
            return value
        return RemoteObject(value.ref_id, self._session_id, self._epoch, "named")

    def put(self, value: object) -> types_pb2.Ref:
        """The ref of a remote object."""
        value = self.own(value)
        if isinstance(value, RemoteObject):
            return value.to_ref()
        raise BridgeError(
            Category.VALIDATION,
            "unsendable",
            f"a {type(value).__name__} cannot be sent to a rank; send numbers, text, bytes, "
            "containers, tensors, or an object that came from it",
        )

    def get(self, ref: types_pb2.Ref) -> RemoteObject:
        """The remote object of a ref."""
        return RemoteObject(ref.id, ref.session_id, ref.epoch, ref.type_name)


_OBJECTS = RemoteObjects()

# Values that are their fields.
_SCALARS = frozenset({"int", "bool", "float", "string", "bytes"})


def encode_call(
    name: str,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    storage: Storage = INLINE,
    objects: RemoteObjects = _OBJECTS,
) -> tuple[str, bytes]:
    """Path and request of a call, e.g. of `get_pp_indices` or `GroupCoordinator.all_reduce`.

    The storage may take bytes of tensors out of the request.

    Raises:
        BridgeError: (validation) no such function, or arguments that do not fit its signature;
            names the argument, its value and what is accepted.
    """
    method = _method(name)
    request = dispatch.METHODS[method.path].request()
    for parameter, given in _bind(method, args, kwargs):
        value = objects.own(given)
        if value is None and parameter.type.kind == "nullable":
            continue
        try:
            _set(request, parameter, value, storage)
        except (TypeError, ValueError, AttributeError) as error:
            raise _wrong(
                "wrong_type",
                f"{name}: {parameter.name} cannot be {value!r} ({error})",
                parameter.name,
            ) from error
    return method.path, request.SerializeToString()


def decode_result(name: str, response: bytes, storage: Storage = INLINE) -> Any:
    """The result of a call out of its response."""
    method = _method(name)
    message = _response_class(method.path, method.response).FromString(response)
    if method.result.kind == "none":
        return None
    if method.result.kind == "tuple":
        return tuple(
            _get(message, f"item_{number}", item, storage=storage)
            for number, item in enumerate(method.result.items, start=1)
        )
    return _get(message, "result", method.result, storage=storage)


def encode_term(
    value: object, storage: Storage = INLINE, objects: RemoteObjects = _OBJECTS
) -> types_pb2.Term:
    """A value of any type, for the `Objects` service."""
    return terms.encode(value, objects, storage=storage)


def decode_term(term: types_pb2.Term, storage: Storage = INLINE) -> Any:
    """What the `Objects` service answered."""
    return terms.decode(term, _OBJECTS, storage)


def _method(name: str) -> Method:
    method = methods_by_name().get(name)
    if method is None:
        near = difflib.get_close_matches(name, methods_by_name(), n=1)
        remedy = f"did you mean {near[0]!r}?" if near else "docs/surface.md lists all of them"
        message = f"vllm_distributed has no function {name!r}; {remedy}"
        raise _wrong("unknown_function", message, name)
    return method


@cache
def _response_class(path: str, name: str) -> type[Message]:
    descriptor = dispatch.METHODS[path].request.DESCRIPTOR.file
    # types-protobuf names two classes of descriptors where there is one at run time.
    response_type: Any = descriptor.message_types_by_name[name]
    return GetMessageClass(response_type)


def _bind(
    method: Method, args: Sequence[object], kwargs: Mapping[str, object]
) -> Iterable[tuple[Parameter, object]]:
    name, parameters = method.exposed.qualified_name, method.parameters
    if len(args) > len(parameters):
        raise _wrong(
            "too_many_arguments",
            f"{name} takes at most {len(parameters)} arguments, {len(args)} were given",
            name,
        )
    given = {p.name: (p, value) for p, value in zip(parameters, args, strict=False)}
    by_name = {parameter.name: parameter for parameter in parameters} if kwargs else {}
    for keyword, value in kwargs.items():
        if keyword not in by_name:
            known = ", ".join(by_name) or "none"
            raise _wrong("unknown_keyword", f"{name} has no {keyword!r}; it has {known}", keyword)
        if keyword in given:
            raise _wrong("argument_twice", f"{name}: {keyword!r} was given twice", keyword)
        given[keyword] = by_name[keyword], value
    missing = [p.name for p in parameters if not p.optional and p.name not in given]
    if missing:
        raise _wrong("missing_argument", f"{name} needs {', '.join(missing)}", missing[0])
    return given.values()


def _set(request: Message, parameter: Parameter, value: Any, storage: Storage) -> None:
    kind = parameter.type.kind
    if kind in _SCALARS and not (kind == "int" and isinstance(value, bool)):
        setattr(request, parameter.name, value)
        return
    absent = parameter.optional or parameter.type.kind == "nullable"
    required = parameter.type.required
    _set_field(request, parameter.name, required, value, wrapped=absent, storage=storage)


def _set_field(
    request: Message,
    field: str,
    type_: Type,
    value: Any,
    *,
    wrapped: bool,
    storage: Storage = INLINE,
) -> None:
    if type_.is_list or type_.kind == "size":
        item = type_.items[0] if type_.items else Type("int")
        if item.is_list:
            values = [types_pb2.Int64List(values=inner) for inner in value]
        else:
            values = [_to_wire(item, element, storage) for element in value]
        (getattr(request, field).values if wrapped else getattr(request, field)).extend(values)
        if wrapped:
            getattr(request, field).SetInParent()
        return
    wire = _to_wire(type_, value, storage)
    if isinstance(wire, Message):
        target = getattr(request, field)
        target.CopyFrom(wire)
        target.SetInParent()
    else:
        setattr(request, field, wire)


def _to_wire(type_: Type, value: Any, storage: Storage) -> Any:
    kind = type_.kind
    if kind == "tensor":
        if isinstance(value, RemoteObject):
            return types_pb2.Tensor(ref=value.to_ref())
        if not isinstance(value, torch.Tensor):
            raise TypeError("a torch.Tensor is needed")
        return tensors.to_message(value, storage)
    if kind in ("group", "process_group"):
        if not isinstance(value, RemoteObject):
            raise TypeError("a group that came from a rank is needed")
        message = types_pb2.GroupCoordinator if kind == "group" else types_pb2.ProcessGroup
        return message(ref=value.to_ref())
    if kind == "object" and type_.name:
        return _record_to_wire(records()[type_.name], value)
    if kind == "object":
        if not isinstance(value, RemoteObject):
            raise TypeError("an object that came from a rank is needed")
        return value.to_ref()
    if kind == "term":
        return encode_term(value, storage)
    if kind == "duration":
        return to_duration(value if isinstance(value, timedelta) else of_seconds(value))
    if kind == "dtype":
        return value if isinstance(value, str) else tensors.dtype_name(value)
    if kind == "device":
        return str(value)
    if kind == "int" and isinstance(value, bool):
        raise TypeError("an int is needed")
    return value


def _record_to_wire(record: Record, value: Any) -> Message:
    message = _message_of(record)
    if isinstance(value, RemoteObject):
        getattr(message, REF).CopyFrom(value.to_ref())
        return message
    given = {field.name: field for field in record.given}
    if isinstance(value, record.cls) and record.plain:
        value = {name: getattr(value, name) for name in given}
    if not isinstance(value, Mapping) or not given:
        what = f", or a mapping of its fields ({', '.join(given)})," if given else ""
        raise TypeError(f"a {record.name} that came from a rank{what} is needed")
    for name, item in value.items():
        if name not in given:
            raise TypeError(f"a {record.name} is made of {', '.join(given)}, not of {name!r}")
        if item is not None:
            _set_field(message, name, given[name].type.required, item, wrapped=True)
    return message


def _message_of(record: Record) -> Message:
    message: Message = getattr(objects_pb2, record.message)()
    return message


def _get(
    message: Message,
    field: str,
    type_: Type,
    *,
    wrapped: bool = False,
    storage: Storage = INLINE,
) -> Any:
    if type_.kind in _SCALARS:
        return getattr(message, field)
    wrapped = wrapped or type_.kind == "nullable"
    if type_.kind == "nullable" and not message.HasField(field):
        return None
    inner, value = type_.required, getattr(message, field)
    if inner.is_list:
        item, container = inner.items[0], list if inner.kind == "list" else tuple
        if item.is_list:
            return container(container(element.values) for element in value)
        elements = value.values if wrapped and item.kind in WRAPPERS else value
        return container(_from_wire(item, element, storage) for element in elements)
    if inner.kind == "size":
        return torch.Size(value.values if wrapped else value)
    return _from_wire(inner, value, storage)


def _from_wire(type_: Type, value: Any, storage: Storage) -> Any:
    kind = type_.kind
    if kind == "tensor":
        if value.WhichOneof("storage") == "ref":
            return _OBJECTS.get(value.ref)
        return tensors.from_message(value, storage)
    if kind in ("group", "process_group"):
        return _group(value)
    if kind == "object" and type_.name:
        return _record(records()[type_.name], value)
    if kind == "object":
        return _OBJECTS.get(value)
    if kind == "term":
        return decode_term(value, storage)
    if kind == "duration":
        return from_duration(value)
    if kind == "dtype":
        return tensors.dtype_named(value)
    if kind == "device":
        return torch.device(value)
    return value


def _record(record: Record, message: Message) -> Any:
    """A remote object, or for plain data the object itself."""
    present = [
        field
        for field in (record.given if record.plain else record.fields)
        if field.type.kind == "nullable" or message.HasField(field.name)
    ]
    fields = {field.name: _get(message, field.name, field.type, wrapped=True) for field in present}
    if record.plain:
        return record.cls(**fields)
    ref = getattr(message, REF)
    return RemoteRecord(ref.id, ref.session_id, ref.epoch, ref.type_name, fields)


def _group(message: types_pb2.GroupCoordinator | types_pb2.ProcessGroup) -> RemoteGroup:
    ref = message.ref
    coordinator = message if isinstance(message, types_pb2.GroupCoordinator) else None
    return RemoteGroup(
        id=ref.id,
        session_id=ref.session_id,
        epoch=ref.epoch,
        type_name=ref.type_name,
        unique_name=message.unique_name,
        ranks=tuple(message.ranks),
        rank_in_group=message.rank_in_group,
        world_size=message.world_size,
        backend=message.backend,
        rank=coordinator.rank if coordinator else None,
        local_rank=coordinator.local_rank if coordinator else None,
        device=coordinator.device if coordinator else "",
    )


def _wrong(reason: str, message: str, argument: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, reason, message, details={"argument": argument})
