"""Types of the contract as Elixir has them: names of modules, typespecs, and the types of
`Vllm.Call.Spec`."""

from __future__ import annotations

from collections.abc import Callable

from vllm_bridge.contract import Record, Type
from vllm_bridge.surface import CONFIGURATION, DISTRIBUTED

COORDINATOR = "Vllm.Distributed.GroupCoordinator"
PROCESS_GROUP = "Vllm.Distributed.ProcessGroup"

STRUCTS: dict[str, dict[str, str]] = {
    "GroupCoordinator": {
        "ref": "Vllm.Ref.t()",
        "unique_name": "String.t()",
        "ranks": "[non_neg_integer()]",
        "rank": "non_neg_integer()",
        "rank_in_group": "non_neg_integer()",
        "world_size": "pos_integer()",
        "local_rank": "integer()",
        "backend": "String.t()",
        "device": "String.t()",
    },
    "ProcessGroup": {
        "ref": "Vllm.Ref.t()",
        "unique_name": "String.t()",
        "ranks": "[non_neg_integer()]",
        "rank_in_group": "non_neg_integer()",
        "world_size": "pos_integer()",
        "backend": "String.t()",
    },
}
"""Structs of the objects whose messages are written by hand: fields and their types."""

_RESULTS = {
    "int": "integer()",
    "bool": "boolean()",
    "float": "number()",
    "string": "String.t()",
    "bytes": "binary()",
    "none": "nil",
    "size": "[non_neg_integer()]",
    "tensor": "Vllm.Tensor.t()",
    "group": f"{COORDINATOR}.t()",
    "process_group": f"{PROCESS_GROUP}.t()",
    "term": "term()",
    "object": "Vllm.Ref.t()",
    "duration": "integer()",
    "dtype": "String.t()",
    "device": "String.t()",
}

# What is accepted is wider than what is returned.
_ARGUMENTS = {
    **_RESULTS,
    "float": "number() | :nan | :infinity | :neg_infinity",
    "string": "String.t() | atom()",
    "bytes": "binary() | Vllm.Bytes.t()",
    "tensor": "Vllm.Call.tensor()",
    "group": f"{COORDINATOR}.input()",
    "process_group": f"{PROCESS_GROUP}.input()",
    "object": "Vllm.Call.object()",
    "duration": "integer()",
    "dtype": "Vllm.Tensor.dtype() | String.t()",
    "device": "String.t() | atom()",
}


def module_of(service: str) -> str:
    """`ParallelConfig` -> `Vllm.Config.ParallelConfig`."""
    if service == DISTRIBUTED:
        return "Vllm.Distributed"
    return f"Vllm.{'Config' if service in CONFIGURATION else 'Distributed'}.{service}"


def call_type(type_: Type) -> str:
    """The type as `Vllm.Call.Spec` has it."""
    if type_.kind == "tuple":
        return f"{{:tuple, [{', '.join(call_type(item) for item in type_.items)}]}}"
    if type_.kind == "size":
        return "{:list, :int}"
    if type_.name:
        return f"{{:object, {module_of(type_.name)}}}"
    if type_.items:
        return f"{{:{type_.kind}, {call_type(type_.items[0])}}}"
    return f":{type_.kind}"


def result_type(type_: Type) -> str:
    """The typespec of a result, or of a field of a struct."""
    if type_.kind == "tuple_of":
        return "tuple()"
    if type_.name:
        return f"{module_of(type_.name)}.t()"
    return _composed(type_, result_type) or _RESULTS[type_.kind]


def argument_type(type_: Type) -> str:
    """The typespec of an argument."""
    if type_.kind == "tuple_of":
        return "tuple()"
    if type_.name:
        return f"{module_of(type_.name)}.input()"
    return _composed(type_, argument_type) or _ARGUMENTS[type_.kind]


def takes_fields(record: Record) -> bool:
    """Whether an argument may be the fields to make an object of."""
    return bool(record.given)


def _composed(type_: Type, inner: Callable[[Type], str]) -> str | None:
    if type_.kind == "nullable":
        return f"{inner(type_.items[0])} | nil"
    if type_.kind == "list":
        return f"[{inner(type_.items[0])}]"
    if type_.kind == "tuple":
        return f"{{{', '.join(inner(item) for item in type_.items)}}}"
    return None
