"""Balancing the load of experts: which expert lives on which rank, and how they get there.

Placement, policy and maps are pure functions. `EplbState` measures a load and has experts moved,
`rebalance_execute` moves them, over what `eplb_communicator` has; docs/experts.md says more. What
needs groups is loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from vllm_distributed.eplb.logical_maps import compute_logical_maps
from vllm_distributed.eplb.placement import (
    expert_balancedness,
    get_expert_map,
    get_expert_placement,
)
from vllm_distributed.eplb.policy import rebalance_experts

if TYPE_CHECKING:
    from vllm_distributed.eplb.eplb_communicator import EplbCommunicator, create_eplb_communicator
    from vllm_distributed.eplb.eplb_state import (
        EplbLayerState,
        EplbModelState,
        EplbState,
        EplbStats,
    )
    from vllm_distributed.eplb.migration_scheduler import (
        MigrationFlow,
        schedule_migration_batches,
        schedule_migration_batches_for_layers,
    )
    from vllm_distributed.eplb.rebalance_execute import (
        TransferMetadata,
        move_from_buffer,
        move_to_buffer,
        rearrange_expert_weights_inplace,
        transfer_layer,
    )

__all__ = [
    "EplbCommunicator",
    "EplbLayerState",
    "EplbModelState",
    "EplbState",
    "EplbStats",
    "MigrationFlow",
    "TransferMetadata",
    "compute_logical_maps",
    "create_eplb_communicator",
    "expert_balancedness",
    "get_expert_map",
    "get_expert_placement",
    "move_from_buffer",
    "move_to_buffer",
    "rearrange_expert_weights_inplace",
    "rebalance_experts",
    "schedule_migration_batches",
    "schedule_migration_batches_for_layers",
    "transfer_layer",
]

_HOMES = {
    "EplbCommunicator": "eplb_communicator",
    "EplbLayerState": "eplb_state",
    "EplbModelState": "eplb_state",
    "EplbState": "eplb_state",
    "EplbStats": "eplb_state",
    "MigrationFlow": "migration_scheduler",
    "TransferMetadata": "rebalance_execute",
    "create_eplb_communicator": "eplb_communicator",
    "move_from_buffer": "rebalance_execute",
    "move_to_buffer": "rebalance_execute",
    "rearrange_expert_weights_inplace": "rebalance_execute",
    "schedule_migration_batches": "migration_scheduler",
    "schedule_migration_batches_for_layers": "migration_scheduler",
    "transfer_layer": "rebalance_execute",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
