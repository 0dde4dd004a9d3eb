"""`import vllm.distributed` in a process without vLLM: names of this package under vLLM's."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from vllm_distributed.compat.aliases import BESIDE, DISTRIBUTED, PACKAGE, Aliases
from vllm_distributed.errors import EnvironmentConflictError

__all__ = ["install_as_vllm"]

_ALIASES: dict[str, tuple[str, ...]] = {
    **DISTRIBUTED,
    **{name: sources for name, (sources, _) in BESIDE.items()},
    "vllm": ("compat.stand_ins.package",),
    "vllm.config": ("config", "compat.stand_ins.config"),
    "vllm.config.kv_events": ("config.kv_events", "config"),
    "vllm.config.weight_transfer": ("config.weight_transfer", "config"),
    # Beside what an installed vLLM has of its own.
    "vllm.distributed.device_communicators.base_device_communicator": (
        "communicators.base",
        "communicators",
    ),
    "vllm.distributed.device_communicators.shm_broadcast": (
        "communicators.message_queue",
        "communicators",
    ),
    "vllm.distributed.device_communicators.shm_object_storage": (
        "device_communicators.shm_object_storage",
    ),
    "vllm.distributed.elastic_ep": ("elastic_ep",),
    "vllm.distributed.elastic_ep.elastic_state": ("elastic_ep.elastic_state",),
    "vllm.distributed.elastic_ep.standby_state": ("elastic_ep.standby_state",),
    "vllm.distributed.eplb": ("eplb",),
    **{
        f"vllm.distributed.eplb.{module}": (f"eplb.{module}", "eplb")
        for module in (
            *("async_worker", "eplb_communicator", "eplb_state", "eplb_utils"),
            *("migration_scheduler", "policy"),
            *("policy.abstract", "policy.default", "rebalance_execute"),
        )
    },
    "vllm.distributed.weight_transfer": ("weight_transfer",),
    **{
        f"vllm.distributed.weight_transfer.{module}": (f"weight_transfer.{module}",)
        for module in (
            *("base", "clients", "cpu_engine", "factory"),
            *("nccl_common", "nccl_engine", "packed_tensor"),
        )
    },
    "vllm.envs": ("compat.stand_ins.envs",),
    "vllm.logger": ("logger",),
    "vllm.platforms": ("compat.stand_ins.platforms",),
    "vllm.utils": ("compat.stand_ins.network",),
    "vllm.utils.network_utils": ("compat.stand_ins.network",),
}


def install_as_vllm(shadow_installed: bool = False) -> None:
    """Make `import vllm.distributed`, and vLLM's modules below it, resolve to this package.

    For code written against vLLM, in a process where vLLM is not installed: `vllm.distributed` and
    its `parallel_state`, `communication_op`, `utils`, `stateless_coordinator`, `eplb` and
    `device_communicators` (`shm_broadcast`, `base_device_communicator`, `shm_object_storage`),
    `kv_events`, `weight_transfer`, `vllm.config` with its `parallel`, `kv_events` and
    `weight_transfer`, and `vllm.logger`; and what code imports beside them:
    `vllm.utils.network_utils`, `vllm.envs`, `vllm.platforms.current_platform`,
    `vllm.config.VllmConfig` and `set_current_vllm_config`, `vllm.__version__`, each as far as
    groups and collectives go. Any public name of this package can be imported from any module below
    `vllm.distributed`. Other modules of vLLM stay missing, with an error that says so; a `vllm`
    that can be found does not mean that vLLM is installed any more. Where vLLM is installed and
    should run on this package, call `install_into_vllm`.

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
            f"the real vLLM is installed here ({installed}) and would be hidden by ours: call "
            f"install_into_vllm() to have its engine run on this package, uninstall it from this "
            f"environment, call install_as_vllm(shadow_installed=True) to hide it from this "
            f"process, or import vllm_distributed by its own name",
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


def _nothing(alias: str, name: str) -> Any:
    raise AttributeError(name)


class _Finder(MetaPathFinder):
    """Answers for `vllm` and everything below it."""

    def __init__(self) -> None:
        self._aliases = Aliases(_ALIASES, "install_as_vllm()", _nothing)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "vllm" and not fullname.startswith("vllm."):
            return None
        if self._aliases.has(fullname):
            return self._aliases.spec(fullname)
        parent, _, last = fullname.rpartition(".")
        if parent == "vllm" and last[:1].isupper():
            # `from vllm import LLM` asks for a module when it finds no name. The error has the
            # parent's name, or the import system would put a message without a reason in its place.
            raise ModuleNotFoundError(
                f"cannot import {last} from vllm: vllm is {PACKAGE} here, by install_as_vllm(), "
                f"which has vLLM's groups and collectives and no engine. Install vLLM, and call "
                f"{PACKAGE}.install_into_vllm() in place of install_as_vllm() to run it on them",
                name=parent,
            )
        offered = ", ".join(filter(self._aliases.has, _ALIASES))
        raise ModuleNotFoundError(
            f"No module named {fullname!r}: vllm is {PACKAGE} here, by install_as_vllm(), which "
            f"offers {offered}",
            name=fullname,
        )
