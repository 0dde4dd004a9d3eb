"""The typed contract: Python signatures as messages, fields and services.

One model, from which `codegen` writes the .proto files, the Python glue and the Elixir modules, and
with which the Python client encodes its calls.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import torch
from torch.distributed import ProcessGroup

import vllm_distributed
from vllm_bridge.surface import CLASSES, DISTRIBUTED, Exposed, Kind, exposed

PACKAGE = "vllm.distributed.v1"

RECEIVER = "receiver"
"""Field of the object a method is called on; the coordinators' own parameters are named `group`."""


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
    dtype, device, size, object, term, list, tuple, nullable; the last three have `items`. An
    `object` stays in its rank; which class is meant is the method's business.
    """

    kind: str
    items: tuple[Type, ...] = ()

    @property
    def is_list(self) -> bool:
        """A list, or a list that may be None."""
        return self.required.kind == "list"

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
class Method:
    """One callable, which is one RPC."""

    exposed: Exposed
    parameters: tuple[Parameter, ...]
    result: Type

    @property
    def rpc(self) -> str:
        """Name of the RPC: `GetPpIndices`."""
        name = camel_case(self.exposed.name.lower())
        # all_reduce_ (in place) beside all_reduce.
        return f"{name}InPlace" if self.exposed.name.endswith("_") else name

    @property
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
    for number, parameter in enumerate(signature.parameters.values(), start=1):
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
    coordinator = issubclass(CLASSES[service], vllm_distributed.GroupCoordinator)
    return Type("group" if coordinator else "object")


def _hints(item: Exposed) -> dict[str, Any]:
    if item.kind is not Kind.CONSTRUCTOR:
        return typing.get_type_hints(item.target)
    if dataclasses.is_dataclass(item.target):
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

_LIST_ITEMS = {"int", "bool", "float", "string", "tensor"}


def type_of(hint: Any, where: str) -> Type:
    """The contract's type of an annotation; `term` where it is not a static one."""
    if hint in _SCALARS:
        return Type(_SCALARS[hint])
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _union(arguments, where)
    if origin is typing.Literal and all(isinstance(choice, str) for choice in arguments):
        return Type("string")
    if origin in (list, Sequence):
        item = type_of(arguments[0], where)
        nested = item.kind == "list" and item.items[0].kind == "int"
        return Type("list", (item,)) if item.kind in _LIST_ITEMS or nested else Type("term")
    if origin is tuple and Ellipsis not in arguments:
        items = tuple(type_of(argument, where) for argument in arguments)
        return Type("tuple", items) if all(not item.items for item in items) else Type("term")
    return Type("term")


def _union(arguments: tuple[Any, ...], where: str) -> Type:
    present = [argument for argument in arguments if argument is not type(None)]
    if len(present) == len(arguments):
        kinds = {type_of(argument, where).kind for argument in present}
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
