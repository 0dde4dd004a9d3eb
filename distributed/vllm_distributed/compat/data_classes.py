"""vLLM's data classes in message queues: dataclasses, enums, named tuples and msgspec's structs.

A class of a module of vLLM that is nothing but data needs no `register_type`. Its fields travel by
the same rules as everything else, and an object is made of them without a look at what was sent
besides: by name among the modules of vLLM that this process has imported. Dataclasses and named
tuples are filled in without running code of theirs; structs are called with their fields.
"""

from __future__ import annotations

import dataclasses
import enum
import operator
import sys
from collections.abc import Callable
from typing import Any

from vllm_distributed.wire.registered_types import Registered, named_type

__all__ = ["named", "travelling"]

_PREFIX = "vllm."


def travelling(cls: type) -> Registered | None:
    """Return how objects of a class travel, if it is one of vLLM's data classes."""
    if not cls.__module__.startswith(_PREFIX) or "<locals>" in cls.__qualname__:
        return None
    if issubclass(cls, enum.Enum):
        return Registered(named_type(cls), lambda member: member.name, lambda name: cls[name])
    if hasattr(cls, "__struct_fields__"):
        return _of_fields(cls, cls.__struct_fields__, lambda values: cls(**values))
    if issubclass(cls, tuple):
        if not hasattr(cls, "_fields"):
            return None
        return Registered(named_type(cls), list, lambda items: _filled_tuple(cls, items))
    if dataclasses.is_dataclass(cls) and not issubclass(cls, BaseException):
        names = tuple(field.name for field in dataclasses.fields(cls))
        return _of_fields(cls, names, lambda values: _filled(cls, values))
    return None


def named(name: str) -> type | None:
    """Return the data class of vLLM that travels under a name, where its module is imported."""
    if not name.startswith(_PREFIX):
        return None
    module_name, parts = name, list[str]()
    while module_name not in sys.modules:
        module_name, _, last = module_name.rpartition(".")
        if not module_name:
            return None
        parts.insert(0, last)
    found: Any = sys.modules[module_name]
    for part in parts:
        found = vars(found).get(part) if isinstance(found, type) else getattr(found, part, None)
    is_it = isinstance(found, type) and parts and named_type(found) == name
    return found if is_it else None


def _of_fields(
    cls: type, names: tuple[str, ...], make: Callable[[dict[str, Any]], Any]
) -> Registered:
    if len(names) > 1:
        read: Callable[[Any], Any] = operator.attrgetter(*names)
    else:
        read = lambda value: [getattr(value, name) for name in names]  # noqa: E731

    def encode(value: Any) -> list[Any]:
        return list(read(value))

    def decode(items: list[Any]) -> Any:
        return make(dict(zip(names, items, strict=True)))

    return Registered(named_type(cls), encode, decode)


def _filled(cls: type, values: dict[str, Any]) -> Any:
    made: Any = object.__new__(cls)
    if hasattr(made, "__dict__"):
        vars(made).update(values)
    else:
        for name, value in values.items():
            object.__setattr__(made, name, value)
    return made


def _filled_tuple(cls: type, items: list[Any]) -> Any:
    if len(items) != len(cls._fields):  # type: ignore[attr-defined]
        raise ValueError(f"{len(items)} values for the fields {cls._fields}")  # type: ignore[attr-defined]
    return tuple.__new__(cls, items)
