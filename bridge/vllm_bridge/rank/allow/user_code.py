"""What `--allow PREFIX` opens: a module that the operator trusts.

By the name that is asked for: `--allow os.path.` opens `os.path.join`, wherever that is defined. A
module gives out what is its own: the names of its `__all__`, or without one what it defines, and
not what it merely imports. Objects of its classes are kept, called and sent; of what their classes
inherit from elsewhere, only the methods of `INHERITED` are open.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Any

import torch

CODE = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    type(functools.lru_cache(lambda: None)),
    functools.partial,
    type,
)
"""Types of what is called by its name, and is no value."""

INHERITED: Mapping[type, frozenset[str]] = {
    torch.nn.Module: frozenset(
        {
            *(
                "bfloat16",
                "cpu",
                "cuda",
                "double",
                "eval",
                "extra_repr",
                "float",
                "forward",
                "half",
            ),
            *("load_state_dict", "requires_grad_", "state_dict", "to", "train", "training"),
            "zero_grad",
        }
    )
}
"""What is open of classes that the operator's own derive from, in those. Not what writes attributes
by name (`register_buffer`), reads them by name (`get_buffer`), or compiles."""

_MISSING = object()


class UserCode:
    """The modules, classes and objects behind the prefixes that the operator has added."""

    def __init__(self, prefixes: Sequence[str]) -> None:
        self._prefixes = tuple(prefixes)

    def has_name(self, name: str) -> bool:
        """Whether a name is behind a prefix."""
        return bool(self._prefixes) and name.startswith(self._prefixes)

    def has_type(self, kind: type) -> bool:
        """Whether objects of exactly this type are the operator's."""
        return self._is_home(kind.__module__, kind.__qualname__)

    def has_function(self, function: Any) -> bool:
        """Whether a function is defined behind a prefix."""
        home, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
        return isinstance(home, str) and self._is_home(home, name)

    def _is_home(self, module: str, name: str) -> bool:
        # What `socket` defines in C is at home in `_socket`.
        return bool(self._prefixes) and any(
            f"{home}.{name}.".startswith(self._prefixes) for home in (module, module.lstrip("_"))
        )

    def named(self, name: str) -> Any:
        """What has this name.

        Raises:
            ImportError, AttributeError: there is nothing of that name.
            PermissionError: the module does not give it out; says why.
        """
        module, parts = _imported(name)
        value: Any = module
        for part in parts:
            holder, value = value, getattr(value, part)
            if isinstance(value, types.ModuleType):
                raise PermissionError(f"it is the module {value.__name__!r}")
            if isinstance(holder, type):
                self._check_inherited(holder, part)
            elif holder is module:
                self._check_own(module, part, value)
            else:
                raise PermissionError("it is an attribute of an object; read it from that")
        if value is module:
            raise PermissionError(f"it is the module {name!r}")
        return value

    def load(self, name: str) -> list[str]:
        """The names that a module gives out, after importing it."""
        module = importlib.import_module(name)
        return sorted(each for each in vars(module) if self._is_given(module, each))

    def _is_given(self, module: types.ModuleType, name: str) -> bool:
        value = getattr(module, name)
        if name.startswith("_") or isinstance(value, types.ModuleType):
            return False
        try:
            self._check_own(module, name, value)
        except PermissionError:
            return False
        return self.has_name(f"{module.__name__}.{name}")

    def _check_own(self, module: types.ModuleType, name: str, value: Any) -> None:
        listed = getattr(module, "__all__", None)
        if not isinstance(value, CODE) or (listed is not None and name in listed):
            return
        home = getattr(value, "__module__", None)
        if home is None:  # methods of C that were made functions, such as random.random
            return
        if self.has_function(value) or home.lstrip("_") == module.__name__.lstrip("_"):
            return
        raise PermissionError(
            f"{module.__name__} only imports it; a module gives out what its __all__ has, or what "
            "it defines"
        )

    def member(self, value: object, name: str) -> Any:
        """`value.name`, of an object of the operator's.

        Raises:
            PermissionError: a class that is not the operator's has it; says which.
        """
        if inspect.getattr_static(type(value), name, _MISSING) is not _MISSING:
            self._check_inherited(type(value), name)
        return getattr(value, name)

    def _check_inherited(self, kind: type, name: str) -> None:
        for base in kind.__mro__:
            if name in vars(base):
                if self.has_type(base) or name in INHERITED.get(base, ()):
                    return
                raise PermissionError(f"{base.__module__}.{base.__qualname__} defines it")

    def can_call(self, value: object) -> bool:
        """Whether an object of the operator's is called itself."""
        return self._has_special(value, "__call__")

    def can_enter(self, value: object) -> bool:
        """Whether an object of the operator's is a context."""
        return self._has_special(value, "__enter__")

    def _has_special(self, value: object, name: str) -> bool:
        kind = type(value)
        home = next((base for base in kind.__mro__ if name in vars(base)), None)
        return (
            self.has_type(kind)
            and home is not None
            and (self.has_type(home) or home is torch.nn.Module)
        )


def _imported(name: str) -> tuple[types.ModuleType, list[str]]:
    """The module in a dotted name, and the rest of it."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        path = ".".join(parts[:length])
        try:
            return importlib.import_module(path), parts[length:]
        except ModuleNotFoundError as error:
            # Another module that this one needs and that is not there is no answer to the name.
            if error.name is None or not f"{path}.".startswith(f"{error.name}."):
                raise
    raise ModuleNotFoundError(f"No module named {parts[0]!r}")
