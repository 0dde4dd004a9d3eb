"""What a call of SnakeBridge means: vLLM's names in our package, others behind the allow list."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch

import vllm_distributed
from vllm_bridge import contract, surface
from vllm_bridge.codec import tensors
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.durations import of_seconds
from vllm_bridge.rank.allow.allow_list import Target

OURS = frozenset(
    {
        "vllm.distributed",
        "vllm.distributed.parallel_state",
        "vllm.distributed.utils",
        "vllm.distributed.communication_op",
        "vllm.distributed.stateless_coordinator",
        "vllm.config",
        "vllm.config.parallel",
        "vllm_distributed",
        "vllm_distributed.parallel_state",
        "vllm_distributed.utils",
        "vllm_distributed.communication_op",
        "vllm_distributed.config",
    }
)
"""Modules that mean our package, which has the public names of all of them."""

Arguments = tuple[list[Any], dict[str, Any]]


def find(wire: Wire, module: str, name: str) -> Any:
    """What `module.name` is, for a client.

    Raises:
        BridgeError: (validation) our package has no such name, or it may not be used
            (`unknown_name`, `name_not_allowed`).
    """
    if module not in OURS:
        return wire.allow_list.resolve(f"{module}.{name}")
    if name in surface.GUARDED:
        return functools.partial(_guarded, wire, name)
    return _own(wire, module, name)


def call(function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Call what was found, once, with arguments that JSON can carry where others are wanted.

    Raises:
        BridgeError: (validation, `not_callable`) it is nothing to call.
    """
    if isinstance(function, Target):
        args, kwargs = function.arguments(args, kwargs)
        function = function.function
    if not callable(function):
        raise BridgeError(
            Category.VALIDATION,
            "not_callable",
            f"a {type(function).__name__} cannot be called",
        )
    converters = _converters(function)
    if converters:
        args, kwargs = _converted(function, converters, args, kwargs)
    return function(*args, **kwargs)


def _own(wire: Wire, module: str, name: str) -> Any:
    known = [public for public in vllm_distributed.__all__ if public not in surface.NOT_EXPOSED]
    if name not in known:
        near = difflib.get_close_matches(name, known, 3)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise BridgeError(
            Category.VALIDATION,
            "unknown_name",
            f"{module} has no public {name!r} here{hint}",
            details={"module": module, "name": name},
        )
    return wire.allow_list.resolve(f"vllm_distributed.{name}")


def _guarded(wire: Wire, name: str, *args: Any, **kwargs: Any) -> Any:
    """A function that is served by the method of `Wire` with its name, by keywords."""
    function = getattr(vllm_distributed, name)
    bound = inspect.signature(function).bind(*args, **kwargs)
    return getattr(wire, name)(**bound.arguments)


# Arguments that JSON has no word for, by the kind of their parameter in the contract.
_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "duration": lambda value: of_seconds(value) if _is_number(value) else value,
    "dtype": lambda value: tensors.dtype_named(value) if isinstance(value, str) else value,
    "device": lambda value: torch.device(value) if isinstance(value, str) else value,
    "size": lambda value: torch.Size(value) if isinstance(value, list) else value,
}

Converters = dict[str, Callable[[Any], Any]]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@functools.cache
def _exposed() -> dict[Any, surface.Exposed]:
    """Our functions and classes, by what they are."""
    found: dict[Any, surface.Exposed] = {}
    for item in surface.exposed():
        if callable(item.target):
            found[getattr(item.target, "__func__", item.target)] = item
    return found


def _converters(function: Any) -> Converters:
    if isinstance(function, functools.partial) and function.func is _guarded:
        function = getattr(vllm_distributed, function.args[1])
    try:
        return _converters_of(getattr(function, "__func__", function))
    except TypeError:
        # Not hashable: nothing of ours.
        return {}


@functools.lru_cache(maxsize=1024)
def _converters_of(function: Any) -> Converters:
    item = _exposed().get(function)
    if item is None:
        return {}
    return {
        parameter.name: _CONVERTERS[parameter.type.required.kind]
        for parameter in contract.method_of(item).parameters
        if parameter.type.required.kind in _CONVERTERS
    }


def _converted(
    function: Any, converters: Converters, args: list[Any], kwargs: dict[str, Any]
) -> Arguments:
    guarded = isinstance(function, functools.partial)
    signed = getattr(vllm_distributed, function.args[1]) if guarded else function
    names = list(inspect.signature(signed).parameters)
    args = [
        converters[name](value) if name in converters else value
        for name, value in zip(names, args, strict=False)
    ] + args[len(names) :]
    kwargs = {
        name: converters[name](value) if name in converters else value
        for name, value in kwargs.items()
    }
    return args, kwargs
