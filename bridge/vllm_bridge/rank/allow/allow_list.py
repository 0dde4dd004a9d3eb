"""Which names a client may call, and what it may do with the objects of a rank.

Both are closed lists: names in `allowed_names` and `torch_names.txt`, methods and attributes per
exact type in `allowed_types`. Functions, classes and modules are never arguments, and no result
either: what has a name is called by it. `--allow PREFIX` opens a module of the operator's beside
them (`user_code`).
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import torch

import vllm_distributed
from vllm_bridge import surface
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.named_values import Places, converted, places
from vllm_bridge.rank.allow.names import NAMESPACES, REFUSED, callable_names, value_names
from vllm_bridge.rank.allow.types import FUNCTIONS, STREAMS, Opening, opening_of
from vllm_bridge.rank.allow.user_code import CODE, UserCode

DEFAULT_PREFIXES = ("torch.", "vllm_distributed.")
"""Prefixes that stand for the closed lists."""

MORE = '`vllm-bridge serve --allow PREFIX` (Elixir: `{Vllm.Bridge, args: ["--allow", PREFIX]}`)'


@dataclass(frozen=True, eq=False)
class Target:
    """Something to call: a function by its name, a method of an object, or an object.

    A client that asks for a function by name gets a ref to this, which it calls; the function
    itself is nowhere to be sent.
    """

    name: str
    function: Callable[..., Any]
    places: Places = field(default_factory=dict)
    keywords: bool = True

    def arguments(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, with dtypes, devices and the like where their names were sent.

        Raises:
            BridgeError: (validation) a private keyword, or any where none is taken
                (`name_not_allowed`); no such dtype or device.
        """
        for keyword in kwargs:
            if keyword.startswith("_") or not self.keywords:
                raise _refused(
                    keyword, f"it is no keyword that a client may give to {self.name}", ()
                )
        return converted(self.places, args, kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given, named = self.arguments(args, kwargs)
        return self.function(*given, **named)


class AllowList:
    """The rank's closed lists, and the prefixes of modules that the operator has added.

    `more` tells a refused caller how to add prefixes.
    """

    def __init__(self, prefixes: Sequence[str] = (), more: str = MORE) -> None:
        self._more = more
        # `os` is not the beginning of `osmnx`.
        dotted = tuple(f"{prefix.rstrip('.')}." for prefix in prefixes)
        self._prefixes = dotted or DEFAULT_PREFIXES
        self._roots = tuple(prefix for prefix in self._prefixes if prefix in DEFAULT_PREFIXES)
        self._user = UserCode(
            tuple(prefix for prefix in self._prefixes if prefix not in DEFAULT_PREFIXES)
        )
        # The same name has the same ref.
        self._targets: dict[str, Target] = {}

    # Names.

    def resolve(self, qualified_name: str) -> Any:
        """What has that name: a `Target` for what is called, else a value.

        Raises:
            BridgeError: (validation, `name_not_allowed`) it is not open; (`unknown_name`) there is
            no
                such name.
        """
        target = self._targets.get(qualified_name)
        if target is not None:
            return target
        value, where = self._find(qualified_name)
        if not isinstance(value, CODE):
            return value
        target = Target(qualified_name, value, places(where))
        return self._targets.setdefault(qualified_name, target)

    def resolve_callable(self, qualified_name: str) -> Target:
        """As `resolve`, for something to call."""
        value = self.resolve(qualified_name)
        if isinstance(value, Target) and qualified_name not in NAMESPACES:
            return value
        if self._user.has_type(type(value)):
            return self.called(value)
        raise BridgeError(
            Category.VALIDATION,
            "not_callable",
            f"{qualified_name!r} is a {type(value).__name__} and cannot be called",
            details={"name": qualified_name},
        )

    def load(self, module: str) -> list[str]:
        """Import a module of the operator's; the public names of it that a client may use.

        Raises:
            BridgeError: (validation, `name_not_allowed`) it is not behind `--allow`;
                (`unknown_name`) there is no such module.
            Exception: what the module raises when it is imported.
        """
        if any(not part.isidentifier() or part.startswith("_") for part in module.split(".")):
            raise self._not_allowed(module, "every part must be a public Python name")
        # `--allow my_package.` opens the package itself, too.
        if not self._user.has_name(f"{module}."):
            raise self._not_allowed(module, "only modules behind --allow are loaded")
        try:
            return self._user.load(module)
        except ModuleNotFoundError as error:
            # Another one, which this needs, is its own failure.
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise
            raise self._unknown(module, str(error)) from error

    def _find(self, name: str) -> tuple[Any, str]:
        if any(not part.isidentifier() or part.startswith("_") for part in name.split(".")):
            raise self._not_allowed(name, "every part must be a public Python name")
        try:
            if self._user.has_name(name):
                return self._user.named(name), ""
            self._check_open(name)
            root, *parts = name.split(".")
            start = torch if root == "torch" else vllm_distributed
            value = functools.reduce(getattr, parts, start)
        except (ImportError, AttributeError, ValueError) as error:
            raise self._unknown(name, str(error)) from error
        except PermissionError as error:
            raise self._not_allowed(name, str(error)) from None
        return value, callable_names().get(name, "") or _own_places(value)

    def _check_open(self, name: str) -> None:
        if name.startswith(self._roots) and (
            name in callable_names() or name in value_names() or name in NAMESPACES
        ):
            return
        reason = next((why for above in _above(name) if (why := REFUSED.get(above))), None)
        if not name.startswith(self._prefixes):
            raise self._not_allowed(name, "it starts with no allowed prefix")
        if reason is None and _is_free(name):
            raise self._unknown(name, "there is nothing of that name")
        raise self._not_allowed(name, reason or "it is not on the list of names that are open")

    # Objects.

    def attribute(self, value: object, name: str) -> Any:
        """`value.name`, for a client that reads it.

        Raises:
            BridgeError: (validation, `name_not_allowed`) it is not open for objects of that type.
        """
        if isinstance(value, Target):
            return self.resolve(f"{value.name}.{name}")
        opening = self._opening(value, name)
        if opening is None:
            return self._of_user(value, name)
        if name not in opening.attributes:
            self._refuse_member(value, name, opening, read=True)
        return getattr(value, name)

    def method(self, value: object, name: str) -> Target:
        """`value.name`, for a client that calls it; raises as `attribute` does."""
        if isinstance(value, Target):
            return self.resolve_callable(f"{value.name}.{name}")
        opening = self._opening(value, name)
        if opening is None:
            function = self._of_user(value, name)
            if not _has(
                type(value), name
            ):  # an attribute of the object: not its class's to give out
                return self.called(function)
            if not callable(function):
                raise self._not_callable(value, name)
            return Target(_label(value, name), function)
        where = opening.methods.get(name)
        if where is None:
            self._refuse_member(value, name, opening, read=False)
        return Target(_label(value, name), getattr(value, name), places(where), opening.keywords)

    def called(self, value: object) -> Target:
        """An object that is called itself; raises as `attribute` does."""
        if isinstance(value, Target):
            return self.resolve_callable(value.name)
        opening = opening_of(type(value))
        if _is_listed_function(value) or (opening is not None and opening.called):
            return Target(_type_name(value), value)  # type: ignore[arg-type]
        if opening is None and self._user.can_call(value):
            return Target(_type_name(value), value)  # type: ignore[arg-type]
        raise self._not_allowed(_type_name(value), "such an object cannot be called from outside")

    def _opening(self, value: object, name: str) -> Opening | None:
        """What is open of an object; None where the operator's module says."""
        if name.startswith("_") or not name.isidentifier():
            raise self._not_allowed(name, "only public names may")
        opening = opening_of(type(value))
        if opening is None and not self._user.has_type(type(value)):
            raise self._not_allowed(name, f"no attribute of a {_type_name(value)} is open")
        return opening

    def _of_user(self, value: object, name: str) -> Any:
        try:
            return self._user.member(value, name)
        except PermissionError as error:
            raise self._not_allowed(name, str(error)) from None

    def _refuse_member(self, value: object, name: str, opening: Opening, *, read: bool) -> NoReturn:
        if not _has(value, name):
            raise AttributeError(f"a {_type_name(value)} has no {name!r}")
        other = opening.methods if read else opening.attributes
        if name in other:
            how = "called, not read" if read else "read, not called"
            raise self._not_allowed(name, f"of a {_type_name(value)} it is {how}")
        near = difflib.get_close_matches(name, opening.attributes if read else opening.methods, 3)
        hint = f"; open are {', '.join(near)}" if near else ""
        raise self._not_allowed(name, f"it is not open of a {_type_name(value)}{hint}")

    # Arguments, results and contexts.

    def check_argument(self, value: object) -> None:
        """Refuse an object that no call takes: functions, classes, modules, and types not
        listed."""
        opening = opening_of(type(value))
        if (opening is not None and opening.argument) or self._user.has_type(type(value)):
            return
        if isinstance(value, Target):
            raise self._not_allowed(
                value.name, "functions and classes are called, and sent nowhere"
            )
        raise self._not_allowed(_type_name(value), "an object of that type is no argument")

    def check_result(self, value: object, *, stream: bool = False) -> None:
        """Refuse to give out what a client has no use for, or none that is open."""
        kind = type(value)
        if kind is Target or (stream and kind in STREAMS) or _is_listed_function(value):
            return
        if isinstance(value, torch.Tensor):
            self._check_dense(value)
        if opening_of(kind) is not None or self._user.has_type(kind) or self._is_context(value):
            return
        if isinstance(value, types.ModuleType):
            raise self._not_allowed("the result", f"it is the module {value.__name__!r}")
        if isinstance(value, CODE):
            what = f"a function or class, which belongs to {getattr(value, '__module__', None)!r}"
            raise self._not_allowed("the result, or something in it,", f"it is {what}")
        raise self._not_allowed(
            "the result, or something in it,",
            f"it is a {_type_name(value)}, which belongs to {kind.__module__!r}",
        )

    def check_context(self, value: object) -> None:
        """Refuse to enter a context manager that is not open."""
        opening = opening_of(type(value))
        if (opening is not None and opening.entered) or self._is_context(value):
            return
        if self._user.can_enter(value):
            return
        raise self._not_allowed(_type_name(value), "such a context is not entered from outside")

    def _is_context(self, value: object) -> bool:
        """Whether one of our functions made it, or the operator's, with `contextlib`."""
        if type(value) is not contextlib._GeneratorContextManager:
            return False
        # Gone with the first entry, which is another error.
        function = getattr(value, "func", None)
        return function is None or function in _contexts() or self._user.has_function(function)

    def _check_dense(self, value: torch.Tensor) -> None:
        if value.layout is not torch.strided or value.is_quantized or value.is_nested:
            raise self._not_allowed(
                "the result, or something in it,",
                f"it is a tensor of layout {value.layout}; only dense ones are given out",
            )

    # Errors.

    def _not_callable(self, value: object, name: str) -> BridgeError:
        return BridgeError(
            Category.VALIDATION,
            "not_callable",
            f"{name!r} of a {_type_name(value)} is no method and cannot be called; read it",
            details={"name": name},
        )

    def _unknown(self, name: str, why: str) -> BridgeError:
        near = difflib.get_close_matches(name, callable_names(), 2) if self._roots else []
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        return BridgeError(
            Category.VALIDATION,
            "unknown_name",
            f"{name!r} does not exist: {why}{hint}",
            details={"name": name},
        )

    def _not_allowed(self, name: str, why: str) -> BridgeError:
        return _refused(name, why, self._prefixes, f"; more with {self._more}")


def _refused(name: str, why: str, prefixes: Sequence[str], more: str = "") -> BridgeError:
    allowed = ", ".join(
        f"the open names of {prefix}" if prefix in DEFAULT_PREFIXES else prefix
        for prefix in prefixes
    )
    end = f". Allowed: {allowed}{more}" if allowed else ""
    return BridgeError(
        Category.VALIDATION,
        "name_not_allowed",
        f"{name!r} may not be used from outside: {why}{end}",
        details={"name": name, "allowed": list(prefixes)},
    )


def _above(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 1, -1)]


def _is_free(name: str) -> bool:
    """Whether an open namespace has nothing of that name: a mistake in writing, not an attempt."""
    namespace, _, last = name.rpartition(".")
    homes = {known.rpartition(".")[0] for known in callable_names()}
    if namespace not in homes:
        return False
    root, *parts = namespace.split(".")
    start = torch if root == "torch" else vllm_distributed
    return last not in dir(functools.reduce(getattr, parts, start))


@functools.cache
def _contexts() -> frozenset[Any]:
    """Our functions that return contexts, below the decorator that makes them so."""
    return frozenset(
        inspect.unwrap(item.target)
        for item in surface.exposed()
        if item.context_manager and callable(item.target)
    )


@functools.cache
def _own_items() -> dict[Any, surface.Exposed]:
    return {
        getattr(item.target, "__func__", item.target): item
        for item in surface.exposed()
        if callable(item.target)
    }


def _own_places(value: Any) -> str:
    from vllm_bridge.rank.allow.types import own_places

    try:
        item = _own_items().get(getattr(value, "__func__", value))
    except TypeError:  # a value that is not hashable
        return ""
    return own_places(item) if item is not None else ""


def _is_listed_function(value: object) -> bool:
    return isinstance(value, types.FunctionType) and (
        (value.__module__, value.__qualname__) in FUNCTIONS
    )


def _has(value: object, name: str) -> bool:
    """Whether an object has an attribute, without running any code to see."""
    missing = object()
    return inspect.getattr_static(value, name, missing) is not missing


def _label(value: object, name: str) -> str:
    return f"{type(value).__name__}.{name}"


def _type_name(value: object) -> str:
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"
