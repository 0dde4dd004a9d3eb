"""The public names of the package: what it exports, and the members of its classes."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import vllm_distributed

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"


@dataclass(frozen=True)
class Name:
    """A public name: `divide`, `GroupCoordinator.all_reduce`."""

    qualified: str

    @property
    def last(self) -> str:
        return self.qualified.rpartition(".")[2]


def public_names() -> list[Name]:
    """Return everything the table has a row for, in its order."""
    return [Name(name) for name in _names()]


def public_classes() -> dict[str, type]:
    """Return the classes of the package's surface."""
    return {
        name: value
        for name in vllm_distributed.__all__
        if inspect.isclass(value := getattr(vllm_distributed, name))
    }


def _names() -> Iterator[str]:
    classes = public_classes()
    yield from sorted(set(vllm_distributed.__all__) - set(classes), key=str.lower)
    for name, cls in sorted(classes.items()):
        yield name
        others = {other for other in classes.values() if other is not cls}
        yield from (f"{name}.{member}" for member in _members(cls, others))


def _members(cls: type, others: set[type]) -> list[str]:
    """Return public methods and properties, without those a class of the surface hands down."""
    names = set()
    inherited = {base for other in others if issubclass(cls, other) for base in other.__mro__}
    for base in cls.__mro__:
        if base in inherited or not base.__module__.startswith("vllm_distributed"):
            continue
        for name, value in vars(base).items():
            if isinstance(value, (staticmethod, classmethod)):
                value = value.__func__
            if not name.startswith("_") and (inspect.isfunction(value) or is_property(value)):
                names.add(name)
    return sorted(names)


def is_property(value: object) -> bool:
    return isinstance(value, property) or type(value).__name__ == "cached_property"
