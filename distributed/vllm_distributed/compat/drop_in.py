"""`import vllm.distributed` in a process without vLLM: names of this package under vLLM's.

Each of vLLM's modules is an alias: a module object that holds nothing and looks every name up, when
it is asked for, in the modules of this package that have it. So it does not matter what is imported
first, classes are the same objects under both names, and a name written through an alias
(`monkeypatch.setattr("vllm.distributed.parallel_state.get_tp_group", ...)`) is written where it
lives. Nothing of this package is imported before somebody imports the alias.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from vllm_distributed.errors import EnvironmentConflictError

__all__ = ["install_as_vllm"]

_PACKAGE = "vllm_distributed"
# vLLM's module -> those of ours (relative to the package) that are searched first; behind them
# comes the package itself, which has every public name. One that is not there is passed over.
_ALIASES: dict[str, tuple[str, ...]] = {
    "vllm": (),
    "vllm.config": ("config",),
    "vllm.config.parallel": ("config.parallel", "config"),
    "vllm.distributed": ("",),
    "vllm.distributed.communication_op": ("communication_op",),
    "vllm.distributed.device_communicators": ("communicators",),
    "vllm.distributed.device_communicators.base_device_communicator": (
        "communicators.base",
        "communicators",
    ),
    "vllm.distributed.device_communicators.shm_broadcast": (
        "communicators.message_queue",
        "communicators",
    ),
    "vllm.distributed.eplb": ("eplb",),
    "vllm.distributed.parallel_state": ("parallel_state", "group_coordinator"),
    "vllm.distributed.stateless_coordinator": ("stateless_coordinator",),
    "vllm.distributed.utils": ("utils", "stateless", "stateless_process_group"),
    "vllm.logger": ("logger",),
}


def install_as_vllm(shadow_installed: bool = False) -> None:
    """Make `import vllm.distributed`, and vLLM's modules below it, resolve to this package.

    For code written against vLLM, in a process where vLLM is not installed: `vllm.distributed` and
    its `parallel_state`, `communication_op`, `utils`, `stateless_coordinator`, `eplb` and
    `device_communicators` (`shm_broadcast`, `base_device_communicator`), `vllm.config` and
    `vllm.config.parallel`, and `vllm.logger`. Any public name of this package can be imported from
    any module below `vllm.distributed`. Other modules of vLLM stay missing, with an error that says
    so; a `vllm` that can be found does not mean that vLLM is installed any more.

    Call it before the first `import vllm`. Idempotent, local to the process and for its lifetime.
    Where vLLM is installed but not imported, `shadow_installed` says to hide it from this process.
    Raises `EnvironmentConflictError`, and changes nothing, where the real vLLM is imported already,
    or installed and not to be hidden.
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    imported = [name for name in sys.modules if name == "vllm" or name.startswith("vllm.")]
    if imported:
        where = getattr(sys.modules[imported[0]], "__file__", None) or "made by hand"
        raise EnvironmentConflictError(
            f"the real vLLM is imported in this process already ({imported[0]}, {where}), and its "
            f"classes would be mixed with ours: call install_as_vllm() before anything imports "
            f"vllm, in an environment without it, or import vllm_distributed by its own name",
            imported=imported[:5],
            file=str(where),
        )
    installed = _installed_at()
    if installed is not None and not shadow_installed:
        raise EnvironmentConflictError(
            f"the real vLLM is installed here ({installed}) and would be hidden by ours: uninstall "
            f"it from this environment, call install_as_vllm(shadow_installed=True) to hide it "
            f"from this process, or import vllm_distributed by its own name",
            file=installed,
        )
    sys.meta_path.insert(0, _Finder())


def _installed_at() -> str | None:
    """Return where the real vLLM would be imported from."""
    try:
        spec = importlib.util.find_spec("vllm")
    except ValueError:  # a module without a spec
        return "unknown"
    # A folder that happens to have the name is found as a package without a file.
    return None if spec is None else spec.origin


class _Finder(MetaPathFinder):
    """Answers for `vllm` and everything below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "vllm" and not fullname.startswith("vllm."):
            return None
        if fullname not in _ALIASES or not _exists(fullname):
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: vllm is vllm_distributed here, by "
                f"install_as_vllm(), which offers {', '.join(filter(_exists, _ALIASES))}",
                name=fullname,
            )
        is_package = any(name.startswith(f"{fullname}.") for name in _ALIASES)
        return ModuleSpec(fullname, _Loader(), origin=_PACKAGE, is_package=is_package)


class _Loader(Loader):
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Alias(spec.name, f"{spec.name} of vLLM, as {_PACKAGE} has it.")

    def exec_module(self, module: ModuleType) -> None:
        """Nothing to run: an alias looks names up when they are asked for."""


class _Alias(ModuleType):
    """One of vLLM's modules, empty itself."""

    def __init__(self, name: str, doc: str) -> None:
        super().__init__(name, doc)
        # Names deleted through this alias, and where they were: so that putting one back, which is
        # what ends a patch in a test, puts it back there.
        _own(self)["__deleted__"] = {}

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        """What this module seems to hold: `unittest.mock` asks before it replaces a name."""
        names: dict[str, Any] = {}
        for module in reversed(_sources(self.__name__)):
            names.update(vars(module))
        return {**{key: names[key] for key in names if not _is_own(key)}, **_own(self)}

    def __getattr__(self, name: str) -> Any:
        if not _is_own(name) and name not in _own(self)["__deleted__"]:
            submodule = f"{self.__name__}.{name}"
            if submodule in _ALIASES and _exists(submodule):
                return importlib.import_module(submodule)
            for module in _sources(self.__name__):
                try:
                    return getattr(module, name)
                except AttributeError:
                    continue
            if name == "__all__":
                return sorted(self.__dir__())
        raise AttributeError(
            f"module {self.__name__!r} has no attribute {name!r}: it is vllm_distributed here, by "
            f"install_as_vllm()",
            name=name,
            obj=self,
        )

    def __setattr__(self, name: str, value: object) -> None:
        owner = self.__owner(name)
        # The import system binds submodules and writes its own names: those stay here.
        if owner is None or _is_own(name) or isinstance(value, _Alias):
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
        for module in _sources(self.__name__):
            names.update(getattr(module, "__all__", ()))
        return sorted(names)

    def __owner(self, name: str) -> ModuleType | None:
        """Where a name lives, or where it is put if it is new."""
        if name in _own(self)["__deleted__"]:
            deleted: ModuleType = _own(self)["__deleted__"][name]
            return deleted
        modules = _sources(self.__name__)
        first = modules[0] if modules else None
        return next((module for module in modules if name in vars(module)), first)


def _own(alias: _Alias) -> dict[str, Any]:
    """Return what an alias really holds: its submodules and the import system's names."""
    descriptor: Any = vars(ModuleType)["__dict__"]
    names: dict[str, Any] = descriptor.__get__(alias)
    return names


def _is_own(name: str) -> bool:
    """Whether a name is the import system's, not to be looked up elsewhere."""
    return name.startswith("__") and name != "__all__"


def _sources(alias: str) -> list[ModuleType]:
    """Return the modules of ours that are searched for an alias, in order."""
    names = [f"{_PACKAGE}.{name}" if name else _PACKAGE for name in _ALIASES[alias]]
    if alias.startswith("vllm.distributed"):
        names.append(_PACKAGE)
    return [importlib.import_module(name) for name in names if _is_module(name)]


def _exists(alias: str) -> bool:
    """Whether this version of the package has anything under an alias."""
    own = [f"{_PACKAGE}.{name}" if name else _PACKAGE for name in _ALIASES[alias]]
    return not own or any(map(_is_module, own))


@functools.cache
def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # of a parent
        return False
