"""The typed contract: Python signatures as messages, fields and services.

One model, from which `codegen` writes the .proto files, the Python glue and the Elixir modules, and
with which the Python client encodes its calls.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property
from typing import Any

import torch
from torch.distributed import ProcessGroup

import vllm_distributed
from vllm_bridge.surface import (
    CLASSES,
    DISTRIBUTED,
    FIELDS,
    NUMBERS,
    PLAIN_DATA,
    Exposed,
    Kind,
    base_of,
    exposed,
    own_members,
)

PACKAGE = "vllm.distributed.v1"

RECEIVER = "receiver"
"""Field of the object a method is called on; the coordinators' own parameters are named `group`."""

REF = "ref"
"""Field of an object's message with its handle."""

FIRST_SET = 401
"""Number of the first field that the object sets by itself, so that fields can be added to a class
without moving those."""

FIRST_PROPERTY = 501
"""Number of the first property, for the same reason."""

WRAPPERS = {
    "int": "Int64List",
    "bool": "BoolList",
    "float": "DoubleList",
    "string": "StringList",
    "tensor": "TensorList",
}
"""List messages for lists that may be absent, by the kind of their items."""


class ContractError(TypeError):
    """A signature that has no place in the contract."""


@dataclass(frozen=True)
class Type:
    """A type of the contract.

    `kind` is one of int, bool, float, string, bytes, none, tensor, group, process_group, duration,
    dtype, device, size, object, term, list, tuple_of, tuple, nullable; the last four have `items`.
    An `object` is one of an exposed class, which `name` is, and without a name any object that
    stays in its rank. A `tuple_of` travels as a list and is a tuple of any length at both ends.
    """

    kind: str
    items: tuple[Type, ...] = ()
    name: str = ""

    @property
    def is_list(self) -> bool:
        """A list, or a list that may be None."""
        return self.required.kind in ("list", "tuple_of")

    @property
    def required(self) -> Type:
        """The type without `None`."""
        return self.items[0] if self.kind == "nullable" else self


@dataclass(frozen=True)
class Parameter:
    """One parameter, which is one field of the request."""

    name: str
    number: int
    type: Type
    optional: bool


@dataclass(frozen=True)
class Field:
    """One field of an object's message."""

    name: str
    number: int
    type: Type
    # It follows from the other fields, and nobody gives it.
    derived: bool


@dataclass(frozen=True)
class Record:
    """An exposed class whose objects travel as a message with what they show to clients."""

    name: str
    cls: type
    fields: tuple[Field, ...]

    @property
    def message(self) -> str:
        """Name of the message."""
        return f"{self.name}Object"

    @property
    def plain(self) -> bool:
        """Whether its objects have no identity, and travel as their fields alone."""
        return self.name in PLAIN_DATA

    @property
    def made_of_fields(self) -> bool:
        """Whether an object can be made from the fields that are not derived."""
        return dataclasses.is_dataclass(self.cls) or _is_named_tuple(self.cls)

    @property
    def given(self) -> tuple[Field, ...]:
        """The fields that an object can be made from."""
        return tuple(f for f in self.fields if not f.derived) if self.made_of_fields else ()


@dataclass(frozen=True)
class Method:
    """One callable, which is one RPC."""

    exposed: Exposed
    parameters: tuple[Parameter, ...]
    result: Type

    @cached_property
    def rpc(self) -> str:
        """Name of the RPC: `GetPpIndices`."""
        name = camel_case(self.exposed.name.lower())
        # all_reduce_ (in place) beside all_reduce.
        return f"{name}InPlace" if self.exposed.name.endswith("_") else name

    @cached_property
    def path(self) -> str:
        """Full gRPC method: `/vllm.distributed.v1.Distributed/GetPpIndices`."""
        return f"/{PACKAGE}.{self.exposed.service}/{self.rpc}"

    @property
    def message_prefix(self) -> str:
        """Prefix of the request's and the response's names, unique in the package."""
        return self.rpc if self.exposed.service == DISTRIBUTED else self.exposed.service + self.rpc

    @property
    def request(self) -> str:
        """Name of the request message."""
        return f"{self.message_prefix}Request"

    @property
    def response(self) -> str:
        """Name of the response message."""
        return f"{self.message_prefix}Response"


def services() -> dict[str, list[Method]]:
    """Service name -> its methods."""
    grouped: dict[str, list[Method]] = {}
    for method in methods():
        grouped.setdefault(method.exposed.service, []).append(method)
    return grouped


@cache
def methods() -> tuple[Method, ...]:
    """The whole contract, in a stable order."""
    return tuple(method_of(item) for item in exposed())


@cache
def methods_by_name() -> dict[str, Method]:
    """Qualified name -> method. One that a class inherits from an exposed one has both names."""
    known = {method.exposed.qualified_name: method for method in methods()}
    for name in CLASSES:
        base = base_of(name)
        if base is None:
            continue
        for qualified, method in list(known.items()):
            if qualified.startswith(f"{base}.") and method.exposed.kind is not Kind.CONSTRUCTOR:
                known.setdefault(f"{name}.{method.exposed.name}", method)
    return known


@cache
def records() -> dict[str, Record]:
    """Class name -> its record. Coordinators and process groups have messages written by hand."""
    return {
        name: _record(name, cls) for name, cls in CLASSES.items() if name not in _SCALAR_CLASSES
    }


# 1 is the handle.
_FIRST_GIVEN = 2

_STARTS = (_FIRST_GIVEN, FIRST_SET, FIRST_PROPERTY)


def _record(name: str, cls: type) -> Record:
    numbered = [
        (field, hint, number, first > _FIRST_GIVEN)
        for first, fields in zip(_STARTS, _fields(name, cls), strict=True)
        for number, (field, hint) in enumerate(fields.items(), first)
    ]
    return Record(
        name,
        cls,
        tuple(
            Field(field, number, type_of(hint, f"{name}.{field}"), is_derived)
            for field, hint, number, is_derived in numbered
        ),
    )


def _fields(name: str, cls: type) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Name -> annotation: of the public fields, of those the object sets, and of its properties."""
    given: dict[str, Any] = {}
    set_by_itself: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    if dataclasses.is_dataclass(cls):
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            if not field.name.startswith("_"):
                (given if field.init else set_by_itself)[field.name] = hints[field.name]
    elif _is_named_tuple(cls):
        given = typing.get_type_hints(cls)
    else:
        given = dict(FIELDS[name])
    for member, value in own_members(cls).items():
        if isinstance(value, property) and not member.startswith("_"):
            hint = typing.get_type_hints(value.fget)["return"]
            if type_of(hint, f"{name}.{member}").kind in _FACTS:
                properties[member] = hint
    return given, set_by_itself, properties


# Properties of these kinds are facts, shown with the object; the others are asked for.
_FACTS = ("int", "bool", "float", "string")


def _is_named_tuple(cls: type) -> bool:
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def method_of(item: Exposed) -> Method:
    """The contract of one callable.

    Raises:
        ContractError: an annotation is missing, or a parameter cannot be sent; names both.
    """
    if item.kind is Kind.CONSTANT:
        return Method(item, (), type_of(type(item.target), item.qualified_name))
    if not callable(item.target):
        raise ContractError(f"{item.qualified_name} cannot be called")
    signature = inspect.signature(item.target)
    hints = _hints(item)
    parameters = []
    moved = NUMBERS.get(item.qualified_name, {})
    for place, parameter in enumerate(signature.parameters.values(), start=1):
        number = moved.get(parameter.name, place)
        where = f"{item.qualified_name}({parameter.name})"
        if parameter.name == "self":
            parameters.append(Parameter(RECEIVER, number, receiver(item.service), optional=False))
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise ContractError(f"{where}: a variable number of arguments has no fields")
        if parameter.name not in hints:
            raise ContractError(f"{where} has no annotation; the contract needs one")
        optional = parameter.default is not parameter.empty
        type_ = type_of(hints[parameter.name], where)
        if optional and _ambiguous(type_, parameter.default):
            type_ = Type("term")
        parameters.append(Parameter(parameter.name, number, type_, optional))
    if item.kind is Kind.CONSTRUCTOR:
        return Method(item, tuple(parameters), receiver(item.service))
    if item.context_manager:
        return Method(item, tuple(parameters), Type("object"))
    if "return" not in hints:
        raise ContractError(
            f"{item.qualified_name} has no return annotation; the contract needs one"
        )
    return Method(item, tuple(parameters), type_of(hints["return"], f"{item.qualified_name} ->"))


def _ambiguous(type_: Type, default: object) -> bool:
    """Whether a field of the type could not tell absent from None or from empty. A term can."""
    nested = type_.is_list and type_.required.items[0].is_list
    return nested or (type_.kind == "nullable" and default is not None)


def receiver(service: str) -> Type:
    """What stands for an object of the service's class."""
    return type_of(CLASSES[service], service)


def _hints(item: Exposed) -> dict[str, Any]:
    if item.kind is not Kind.CONSTRUCTOR:
        # A module may know a class only while types are checked.
        return typing.get_type_hints(item.target, localns=dict(CLASSES))
    if isinstance(item.target, type) and (
        dataclasses.is_dataclass(item.target) or _is_named_tuple(item.target)
    ):
        return typing.get_type_hints(item.target)
    return typing.get_type_hints(getattr(item.target, "__init__"))  # noqa: B009 - of the class


_SCALARS: dict[object, str] = {
    int: "int",
    bool: "bool",
    float: "float",
    str: "string",
    bytes: "bytes",
    type(None): "none",
    torch.Tensor: "tensor",
    torch.dtype: "dtype",
    torch.device: "device",
    torch.Size: "size",
    timedelta: "duration",
    ProcessGroup: "process_group",
    vllm_distributed.GroupCoordinator: "group",
}

_SCALAR_CLASSES = frozenset(
    name for name, cls in CLASSES.items() if cls is vllm_distributed.GroupCoordinator
)

_CLASS_NAMES = {cls: name for name, cls in CLASSES.items() if name not in _SCALAR_CLASSES}

_LIST_ITEMS = {"int", "bool", "float", "string", "tensor", "object"}

_HANDLES = {"object", "group", "process_group"}


def type_of(hint: Any, where: str) -> Type:
    """The contract's type of an annotation; `term` where it is not a static one."""
    if hint in _SCALARS:
        return Type(_SCALARS[hint])
    if hint in _CLASS_NAMES:
        return Type("object", name=_CLASS_NAMES[hint])
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments, where)
    if origin is typing.Literal and all(isinstance(choice, str) for choice in arguments):
        return Type("string")
    if origin in (list, Sequence):
        item = type_of(arguments[0], where)
        nested = item.kind == "list" and item.items[0].kind == "int"
        return Type("list", (item,)) if item.kind in _LIST_ITEMS or nested else Type("term")
    if origin is tuple and Ellipsis in arguments:
        item = type_of(arguments[0], where)
        nested = item.kind == "tuple_of" and item.items[0].kind == "int"
        return Type("tuple_of", (item,)) if item.kind == "int" or nested else Type("term")
    if origin is tuple:
        items = tuple(type_of(argument, where) for argument in arguments)
        nested = any(item.required.kind in ("tuple", "tuple_of") for item in items)
        return Type("term") if nested else Type("tuple", items)
    if origin is Callable or (isinstance(hint, type) and hint.__module__ not in _OF_PYTHON):
        # Of a class that is not exposed: it stays in its rank.
        return Type("object")
    return Type("term")


_OF_PYTHON = ("builtins", "typing", "collections.abc")


def _union(arguments: tuple[Any, ...], where: str) -> Type:
    present = [argument for argument in arguments if argument is not type(None)]
    if len(present) == len(arguments):
        kinds = {type_of(argument, where).kind for argument in present}
        if kinds <= _HANDLES:
            return Type("object")
        # torch.device | str: the text of one is the other.
        return Type("device") if kinds == {"device", "string"} else Type("term")
    inner = type_of(present[0], where) if len(present) == 1 else _union(tuple(present), where)
    if inner.kind == "tuple":
        return Type("term")
    # A term carries its own None.
    return inner if inner.kind in ("term", "none") else Type("nullable", (inner,))


def camel_case(name: str) -> str:
    """`get_pp_indices` -> `GetPpIndices`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
