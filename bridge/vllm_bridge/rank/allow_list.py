"""Which Python names and objects a client may reach.

A qualified name must start with an allowed module prefix, must not leave it on the way (`torch.os`
is not torch), has no private part, lies in an open module, and is not in the table of refused names
(`allowed_names`). The same holds for what is called on an object or read from it: the object, and
the function or class that is found there. Modules are never given out.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Sequence
from typing import Any

import vllm_distributed
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.rank.allowed_names import (
    FOREIGN_METHODS,
    OPEN_MODULES,
    REFUSED,
    ROOTS,
    TORCH_CLASSES,
)

DEFAULT_PREFIXES = ("torch.", "vllm_distributed.")

MORE = '`vllm-bridge serve --allow PREFIX` (Elixir: `{Vllm.Bridge, args: ["--allow", PREFIX]}`)'

_CODE = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    type(functools.lru_cache(lambda: None)),
    type,
)
"""Types of what has a home of its own, other than that of its type."""


class AllowList:
    """The rank's allow list of module prefixes, each ending in a dot.

    `more` says to whoever is refused how prefixes are added.
    """

    def __init__(self, prefixes: Sequence[str] = (), more: str = MORE) -> None:
        self._more = more
        self._prefixes = tuple(prefixes) or DEFAULT_PREFIXES
        # What the operator has added: open as a whole, also where it is below torch.
        self._added = tuple(prefix for prefix in self._prefixes if prefix not in DEFAULT_PREFIXES)

    def resolve(self, qualified_name: str) -> Any:
        """The object of that name.

        Raises:
            BridgeError: (validation, `name_not_allowed`) the name is not behind an allowed prefix,
                or is refused; (`unknown_name`) there is no such object.
        """
        self._check_name(qualified_name)
        try:
            value = vllm_distributed.resolve_obj_by_qualname(qualified_name)
        except (ImportError, AttributeError, ValueError) as error:
            raise BridgeError(
                Category.VALIDATION,
                "unknown_name",
                f"{qualified_name!r} does not exist: {error}",
                details={"name": qualified_name},
            ) from error
        if isinstance(value, type) and self._closed_class(qualified_name):
            raise self._not_allowed(
                qualified_name, "most classes of torch itself are its compiler's"
            )
        self.check_given(value, qualified_name)
        return value

    def resolve_callable(self, qualified_name: str) -> Callable[..., Any]:
        """As `resolve`, for something to call."""
        value = self.resolve(qualified_name)
        if not callable(value):
            raise BridgeError(
                Category.VALIDATION,
                "not_callable",
                f"{qualified_name!r} is a {type(value).__name__} and cannot be called",
                details={"name": qualified_name},
            )
        function: Callable[..., Any] = value
        return function

    def attribute(self, value: object, name: str) -> Any:
        """`value.name`, for a client.

        Raises:
            BridgeError: (validation, `name_not_allowed`) neither may a private name be read, nor
                anything of an object that is not at home behind an allowed prefix, nor a name that
                is refused.
        """
        if name.startswith("_") or not name.isidentifier():
            raise self._not_allowed(name, "only public names may")
        if name in FOREIGN_METHODS.get(type(value), ()):
            return getattr(value, name)
        self.check_receiver(value)
        for kind in _classes(value):
            path = f"{kind.__module__}.{kind.__qualname__}.{name}"
            if path in REFUSED:
                raise self._not_allowed(name, f"{path} {REFUSED[path]}")
        found = getattr(value, name)
        self.check_given(found, name)
        return found

    def check_receiver(self, value: object) -> None:
        """Refuse an object to call, or to look into, that is not at home behind a prefix."""
        if isinstance(value, (*_CODE, types.ModuleType)):
            self.check_given(value, _name_of(value))
        elif not self._inside(type(value).__module__):
            kind = type(value)
            name = f"{kind.__module__}.{kind.__qualname__}"
            raise self._not_allowed(name, f"an object of that type belongs to {kind.__module__!r}")

    def check_given(self, value: object, name: str) -> None:
        """Refuse to give out a module, or a function or class that may not be used by name."""
        if isinstance(value, types.ModuleType):
            raise self._not_allowed(name, f"it is the module {value.__name__!r}")
        if not isinstance(value, _CODE):
            return
        home = _home(value)
        if home is None or not self._inside(home):
            raise self._not_allowed(name, f"it belongs to {home!r}")
        # The public names of torch.distributed are defined in this module, and refused as public.
        path = _name_of(value).replace("torch.distributed.distributed_c10d.", "torch.distributed.")
        self._check_refused(path, name)

    def _check_name(self, name: str) -> None:
        if any(not part.isidentifier() or part.startswith("_") for part in name.split(".")):
            raise self._not_allowed(name, "every part must be a public Python name")
        if not name.startswith(self._prefixes):
            raise self._not_allowed(name, "it starts with no allowed prefix")
        self._check_refused(name, name)
        module = name.rpartition(".")[0]
        root = name.partition(".")[0]
        if root in ROOTS and module not in OPEN_MODULES and not name.startswith(self._added or ()):
            near = sorted(known for known in OPEN_MODULES if known.startswith(f"{root}."))
            raise self._not_allowed(
                name, f"{module} is not among the open modules of {root}: {', '.join(near)}"
            )

    def _check_refused(self, path: str, name: str) -> None:
        if self._added and path.startswith(self._added):
            return
        parts = path.split(".")
        for length in range(len(parts), 1, -1):
            found = ".".join(parts[:length])
            if found in REFUSED:
                raise self._not_allowed(name, f"{found} {REFUSED[found]}")

    def _closed_class(self, name: str) -> bool:
        root, _, last = name.rpartition(".")
        added = bool(self._added) and name.startswith(self._added)
        return root == "torch" and last not in TORCH_CLASSES and not added

    def _inside(self, module: str) -> bool:
        # builtin functions of torch live in private modules such as torch._C.
        return f"{module}.".startswith(self._prefixes)

    def _not_allowed(self, name: str, why: str) -> BridgeError:
        return BridgeError(
            Category.VALIDATION,
            "name_not_allowed",
            f"{name!r} may not be used from outside: {why}. Allowed: "
            f"{', '.join(self._prefixes)}; more with {self._more}",
            details={"name": name, "allowed": list(self._prefixes)},
        )


def _classes(value: object) -> tuple[type, ...]:
    return inspect.getmro(value if isinstance(value, type) else type(value))


def _home(value: Any) -> str | None:
    """The module where a function or class is defined."""
    home = getattr(value, "__module__", None)
    if isinstance(home, str):
        return home
    # Methods of builtin types say which type, or object, they are of.
    owner = getattr(value, "__objclass__", None)
    receiver = getattr(value, "__self__", None)
    if owner is None and receiver is not None:
        owner = receiver if isinstance(receiver, type) else type(receiver)
    return owner.__module__ if isinstance(owner, type) else None


def _name_of(value: Any) -> str:
    """Where a function or class is defined, as a dotted name, for the table and for messages."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", "")
    return f"{_home(value)}.{name}"
