"""vLLM's module names as aliases of this package's modules.

An alias is a module object that holds nothing and looks every name up, when it is asked for, in the
modules of this package that have it. So it does not matter what is imported first, classes are the
same objects under both names, and a name written through an alias
(`monkeypatch.setattr("vllm.distributed.parallel_state.get_tp_group", ...)`) is written where it
lives. Nothing of this package is imported before somebody asks an alias for a name.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

__all__ = ["BESIDE", "DISTRIBUTED", "PACKAGE", "Alias", "Aliases", "is_module"]

PACKAGE = "vllm_distributed"

# vLLM's module -> those of ours (relative to the package) that are searched first; behind them
# comes the package itself, which has every public name. One that is not there is passed over.
DISTRIBUTED: dict[str, tuple[str, ...]] = {
    "vllm.config.parallel": ("config.parallel", "config"),
    "vllm.distributed": ("",),
    "vllm.distributed.communication_op": ("communication_op",),
    "vllm.distributed.device_communicators": ("communicators", "device_communicators"),
    "vllm.distributed.device_communicators.base_device_communicator": ("communicators",),
    "vllm.distributed.device_communicators.shm_broadcast": ("communicators",),
    "vllm.distributed.parallel_state": ("parallel_state", "group_coordinator"),
    "vllm.distributed.stateless_coordinator": ("stateless_coordinator",),
    "vllm.distributed.utils": ("utils", "stateless", "stateless_process_group"),
}

# What stands beside the groups. In an installed vLLM one of these is replaced where ours has all
# that the module there has, and that module the name behind, without which it is another thing.
BESIDE: dict[str, tuple[tuple[str, ...], str]] = {
    # Before this name an event was an array, and who follows that vLLM reads arrays alone.
    "vllm.distributed.kv_events": (("kv_events",), "MEDIUM_CPU"),
}

_LOOKED_UP = frozenset({"__all__", "__version__", "__version_tuple__"})

Missing = Callable[[str, str], Any]
"""Returns what an alias, the first, has for a name, the second: `missing` where none of our modules
has it, `preferred` though they may. Raises AttributeError where that is nothing."""


class Aliases(Loader):
    """Makes the aliases of one table."""

    def __init__(
        self,
        table: Mapping[str, tuple[str, ...]],
        by: str,
        missing: Missing,
        preferred: Missing | None = None,
    ) -> None:
        self.table = table
        self.by = by
        self.missing = missing
        self.preferred = preferred
        self._found: dict[str, list[ModuleType]] = {}

    def spec(self, name: str, places: list[str] | None = None) -> ModuleSpec:
        """Return the spec of an alias; `places` are the folders of its other submodules."""
        is_package = places is not None or any(key.startswith(f"{name}.") for key in self.table)
        spec = ModuleSpec(name, self, origin=PACKAGE, is_package=is_package)
        if places is not None:
            spec.submodule_search_locations = places
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return Alias(spec.name, self)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: an alias looks names up when they are asked for. vLLM's module of groups
        defines its operators when it is imported, and so does the alias of it."""
        if module.__name__ == "vllm.distributed.parallel_state":
            importlib.import_module(f"{PACKAGE}.ops.under_vllm").register_under_vllm()

    def has(self, name: str) -> bool:
        """Whether this version of the package has anything under an alias."""
        if name not in self.table:
            return False
        own = self._names(name)
        return not own or any(map(is_module, own))

    def sources(self, name: str) -> list[ModuleType]:
        """Return the modules of ours that are searched for an alias, in order."""
        if name not in self._found:
            names = self._names(name)
            if name.startswith("vllm.distributed"):
                names.append(PACKAGE)
            self._found[name] = [importlib.import_module(own) for own in names if is_module(own)]
        return self._found[name]

    def _names(self, alias: str) -> list[str]:
        return [f"{PACKAGE}.{name}" if name else PACKAGE for name in self.table[alias]]


class Alias(ModuleType):
    """One of vLLM's modules, empty itself."""

    def __init__(self, name: str, aliases: Aliases) -> None:
        super().__init__(name, f"{name} of vLLM, as {PACKAGE} has it.")
        own = _own(self)
        own["__aliases__"] = aliases
        # Names deleted through this alias, and where they were: so that putting one back, which is
        # what ends a patch in a test, puts it back there.
        own["__deleted__"] = {}

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        """What this module seems to hold: `unittest.mock` asks before it replaces a name."""
        names: dict[str, Any] = {}
        for module in reversed(self.__sources()):
            names.update(vars(module))
        return {**{key: names[key] for key in names if not _is_own(key)}, **_own(self)}

    def __getattr__(self, name: str) -> Any:
        if _is_own(name) or name in _own(self)["__deleted__"]:
            self.__refuse(name)
        aliases: Aliases = _own(self)["__aliases__"]
        submodule = f"{self.__name__}.{name}"
        if aliases.has(submodule):
            return importlib.import_module(submodule)
        if aliases.preferred is not None:
            with contextlib.suppress(AttributeError):
                return aliases.preferred(self.__name__, name)
        for module in self.__sources():
            try:
                return getattr(module, name)
            except AttributeError:
                continue
        if name == "__all__":
            return sorted(self.__dir__())
        try:
            return aliases.missing(self.__name__, name)
        except AttributeError:
            self.__refuse(name)

    def __setattr__(self, name: str, value: object) -> None:
        owner = self.__owner(name)
        # The import system binds submodules and writes its own names: those stay here.
        is_submodule = isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}"
        if owner is None or _is_own(name) or is_submodule:
            super().__setattr__(name, value)
        else:
            setattr(owner, name, value)
            _own(self)["__deleted__"].pop(name, None)

    def __delattr__(self, name: str) -> None:
        owner = self.__owner(name)
        if owner is None or name in _own(self):
            super().__delattr__(name)
        else:
            delattr(owner, name)
            _own(self)["__deleted__"][name] = owner

    def __dir__(self) -> list[str]:
        names = {name for name in _own(self) if not _is_own(name)}
        for module in self.__sources():
            names.update(getattr(module, "__all__", ()))
        return sorted(names)

    def __refuse(self, name: str) -> NoReturn:
        by = _own(self)["__aliases__"].by
        raise AttributeError(
            f"module {self.__name__!r} has no attribute {name!r}: it is {PACKAGE} here, by {by}",
            name=name,
            obj=self,
        )

    def __sources(self) -> list[ModuleType]:
        found: list[ModuleType] = _own(self)["__aliases__"].sources(self.__name__)
        return found

    def __owner(self, name: str) -> ModuleType | None:
        """Where a name lives, or where it is put if it is new."""
        if name in _own(self)["__deleted__"]:
            deleted: ModuleType = _own(self)["__deleted__"][name]
            return deleted
        modules = self.__sources()
        first = modules[0] if modules else None
        return next((module for module in modules if name in vars(module)), first)


def _own(alias: Alias) -> dict[str, Any]:
    """Return what an alias really holds: its submodules and the import system's names."""
    descriptor: Any = vars(ModuleType)["__dict__"]
    names: dict[str, Any] = descriptor.__get__(alias)
    return names


def _is_own(name: str) -> bool:
    """Whether a name is the import system's, not to be looked up elsewhere."""
    return name.startswith("__") and name not in _LOOKED_UP


@functools.cache
def is_module(name: str) -> bool:
    """Whether there is a module of this name."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of a parent
        return False
