"""What the tests of Snakepit's worker call, behind `--allow snakepit_things.`."""

from __future__ import annotations

import builtins
import importlib.util
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_counted = 0


def echo(*args: Any, **kwargs: Any) -> Any:
    """The only argument, or all of them."""
    return args[0] if len(args) == 1 and not kwargs else [list(args), kwargs]


def type_name(value: Any) -> str:
    return type(value).__name__


def count() -> int:
    """How often it was called."""
    global _counted
    _counted += 1
    return _counted


def count_and_return(what: str) -> Any:
    """Counts, and returns what cannot be sent."""
    count()
    if what == "cycle":
        cycle: list[Any] = []
        cycle.append(cycle)
        return cycle
    return {"surrogate": "\ud800", "module": os, "foreign": os.system, "digits": 10**5000}[what]


def count_and_raise(name: str) -> None:
    """Counts, and raises a TypeError about a keyword argument, or another builtin exception."""
    count()
    raise getattr(builtins, name)("unexpected keyword argument")


def block(path: str) -> str:
    """Hold the worker until the file is gone; PATH.started says that it does."""
    Path(f"{path}.started").touch()
    while Path(path).exists():
        time.sleep(0.005)
    return "done"


def numbers(last: int, fail_at: int = -1) -> Iterator[int]:
    for number in range(last):
        if number == fail_at:
            raise ZeroDivisionError(f"at {number}")
        yield number


def twice() -> list[Any]:
    """The same object twice, and another."""
    thing = Thing()
    return [thing, {"again": thing}, Thing()]


def thread_name() -> str:
    return threading.current_thread().name


def load_snakepit_modules() -> str:
    """Import what Snakepit's own folder has; returns the package of its messages."""
    import snakepit_bridge  # noqa: F401
    import snakepit_bridge_pb2
    import snakepit_bridge_pb2_grpc  # noqa: F401

    package: str = snakepit_bridge_pb2.DESCRIPTOR.package
    return package


def is_found(module: str) -> bool:
    """Whether a module of that name can be imported."""
    return importlib.util.find_spec(module) is not None


class Thing:
    """A class to make, to look into and to enter."""

    shared = "of the class"

    def __init__(self, size: int = 3) -> None:
        self.size = size
        self.log: list[str] = []

    def grown(self, by: int) -> int:
        return self.size + by

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, place: int) -> int:
        return place * 10

    def __enter__(self) -> Thing:
        self.log.append(f"enter {threading.current_thread().name}")
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        self.log.append(f"exit {threading.current_thread().name} {error}")
        return error is not None
