"""Balancing the load of experts: which expert lives on which rank, and how they get there.

The functions of this package itself are pure. `rebalance_execute` moves experts, over what
`eplb_communicator` has; docs/experts.md says more.
"""

from vllm_distributed.eplb.eplb_communicator import EplbCommunicator, create_eplb_communicator
from vllm_distributed.eplb.migration_scheduler import (
    MigrationFlow,
    schedule_migration_batches,
    schedule_migration_batches_for_layers,
)
from vllm_distributed.eplb.placement import (
    expert_balancedness,
    get_expert_map,
    get_expert_placement,
)
from vllm_distributed.eplb.policy import rebalance_experts
from vllm_distributed.eplb.rebalance_execute import (
    TransferMetadata,
    move_from_buffer,
    move_to_buffer,
    rearrange_expert_weights_inplace,
    transfer_layer,
)

__all__ = [
    "EplbCommunicator",
    "MigrationFlow",
    "TransferMetadata",
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
