"""How a model is laid out over processes: `ParallelConfig`, `EPLBConfig`, and the current one.

Pydantic costs more to import than the rest of the package, so the names are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm_distributed.config.current import (
        get_current_parallel_config_or_none,
        set_current_parallel_config,
    )
    from vllm_distributed.config.eplb import EPLBConfig
    from vllm_distributed.config.fault_tolerance import FaultToleranceConfig
    from vllm_distributed.config.kv_events import KVEventsConfig
    from vllm_distributed.config.parallel import ParallelConfig
    from vllm_distributed.config.weight_transfer import WeightTransferConfig

__all__ = [
    "EPLBConfig",
    "FaultToleranceConfig",
    "KVEventsConfig",
    "ParallelConfig",
    "WeightTransferConfig",
    "get_current_parallel_config_or_none",
    "set_current_parallel_config",
]

_HOMES = {
    "EPLBConfig": "eplb",
    "FaultToleranceConfig": "fault_tolerance",
    "KVEventsConfig": "kv_events",
    "ParallelConfig": "parallel",
    "WeightTransferConfig": "weight_transfer",
    "get_current_parallel_config_or_none": "current",
    "set_current_parallel_config": "current",
    # vLLM's names for what some fields may be, found here by code written against it.
    "All2AllBackend": "kinds",
    "DCPCommBackend": "kinds",
    "DataParallelBackend": "kinds",
    "DistributedExecutorBackend": "kinds",
    "EPLBCommunicatorBackend": "kinds",
    "EPLBPolicyOption": "kinds",
    "ExpertPlacementStrategy": "kinds",
    "Executor": "kinds",
    "PlacementGroup": "kinds",
    "RuntimeEnv": "kinds",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
