"""Tensor, pipeline, data, context and expert parallel groups, and the collectives on them.

Drop-in by name for `vllm.distributed`, on plain PyTorch.
"""

import contextlib
import gc
import importlib
import typing
from collections.abc import Iterator as _Iterator


@contextlib.contextmanager
def _no_collection() -> _Iterator[None]:
    """Two thirds of the time of this import were one pass of the garbage collector over torch's
    objects (75 of 116 ms), which ours set off and which finds nothing."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


with _no_collection():
    from vllm_distributed.communication_op import (
        broadcast_tensor_dict,
        tensor_model_parallel_all_gather,
        tensor_model_parallel_all_reduce,
        tensor_model_parallel_gather,
        tensor_model_parallel_reduce_scatter,
    )
    from vllm_distributed.communicators import DeviceCommunicatorBase, MessageQueue
    from vllm_distributed.compat.drop_in import install_as_vllm
    from vllm_distributed.compat.overlay import install_into_vllm
    from vllm_distributed.config.current import (
        get_cpu_distributed_timeout_or_none,
        get_distributed_timeout_or_none,
    )
    from vllm_distributed.eplb import (
        compute_logical_maps,
        expert_balancedness,
        get_expert_map,
        get_expert_placement,
        rebalance_experts,
    )
    from vllm_distributed.errors import DistributedError
    from vllm_distributed.flight.watchdog import start_from_environment as _start_watchdog
    from vllm_distributed.graph_capture import GraphCaptureContext, graph_capture
    from vllm_distributed.groups.coordinator import GroupCoordinator
    from vllm_distributed.groups.device_memory import (
        checkpoint_prepare_distributed_state,
        checkpoint_restore_distributed_state,
        resume_device_comms,
        suspend_device_comms,
    )
    from vllm_distributed.handles import Handle
    from vllm_distributed.ops.custom_ops import (
        all_gather,
        all_gather_fake,
        all_reduce,
        all_reduce_fake,
        direct_register_custom_op,
        reduce_scatter,
        reduce_scatter_fake,
    )
    from vllm_distributed.ops.fused_matmul import (
        patched_fused_scaled_matmul_reduce_scatter,
        patched_fused_scaled_matmul_reduce_scatter_fake,
    )
    from vllm_distributed.parallel_state import (
        cleanup_dist_env_and_memory,
        destroy_distributed_environment,
        destroy_model_parallel,
        ensure_model_parallel_initialized,
        get_context_model_parallel_group,
        get_dcp_group,
        get_dcp_world_size_and_rank,
        get_decode_context_model_parallel_rank,
        get_decode_context_model_parallel_world_size,
        get_dp_group,
        get_engram_dp_group,
        get_engram_dp_size,
        get_ep_group,
        get_eplb_group,
        get_etp_group,
        get_inner_dp_world_group,
        get_node_count,
        get_pcp_group,
        get_pipeline_model_parallel_rank,
        get_pp_group,
        get_tensor_model_parallel_rank,
        get_tensor_model_parallel_world_size,
        get_tp_group,
        get_worker_rank_suffix,
        get_world_group,
        init_distributed_environment,
        init_model_parallel_group,
        init_world_group,
        initialize_model_parallel,
        is_global_first_rank,
        is_local_first_rank,
        model_parallel_is_initialized,
        patch_tensor_parallel_group,
        prepare_communication_buffer_for_model,
    )
    from vllm_distributed.process_groups.stateless import (
        init_gloo_process_group,
        stateless_destroy_torch_distributed_process_group,
        stateless_init_torch_distributed_process_group,
    )
    from vllm_distributed.stateless.coordinator import StatelessGroupCoordinator
    from vllm_distributed.stateless.process_group import StatelessProcessGroup
    from vllm_distributed.store.clients import create_tcp_store, get_cached_tcp_store_client
    from vllm_distributed.store.rendezvous import adopt_listen_socket
    from vllm_distributed.topology import ParallelSizes, Topology
    from vllm_distributed.transports.select import set_custom_all_reduce
    from vllm_distributed.transports.shm.same_node import in_the_same_node_as
    from vllm_distributed.transports.small_reduce import cpu_all_reduce_
    from vllm_distributed.utils import (
        USE_SCHED_YIELD,
        divide,
        ensure_divisibility,
        get_distributed_init_method,
        get_pp_indices,
        get_tcp_uri,
        init_logger,
        is_torch_equal_or_newer,
        is_weak_contiguous,
        logger,
        resolve_obj_by_qualname,
        sched_yield,
        split_tensor_along_last_dim,
        suppress_stdout,
        verify_group_size_divides_partition,
    )
    from vllm_distributed.wire.message_steps import set_message_step
    from vllm_distributed.wire.object_codec import TensorMetadata
    from vllm_distributed.wire.registered_types import register_type
    from vllm_distributed.world.scope import distributed

if typing.TYPE_CHECKING:
    from vllm_distributed.config import (
        EPLBConfig,
        FaultToleranceConfig,
        ParallelConfig,
        get_current_parallel_config_or_none,
        set_current_parallel_config,
    )

__version__ = "0.1.0"

__all__ = [
    "USE_SCHED_YIELD",
    "DeviceCommunicatorBase",
    "DistributedError",
    "EPLBConfig",
    "FaultToleranceConfig",
    "GraphCaptureContext",
    "GroupCoordinator",
    "Handle",
    "MessageQueue",
    "ParallelConfig",
    "ParallelSizes",
    "StatelessGroupCoordinator",
    "StatelessProcessGroup",
    "TensorMetadata",
    "Topology",
    "adopt_listen_socket",
    "all_gather",
    "all_gather_fake",
    "all_reduce",
    "all_reduce_fake",
    "broadcast_tensor_dict",
    "checkpoint_prepare_distributed_state",
    "checkpoint_restore_distributed_state",
    "cleanup_dist_env_and_memory",
    "compute_logical_maps",
    "cpu_all_reduce_",
    "create_tcp_store",
    "destroy_distributed_environment",
    "destroy_model_parallel",
    "direct_register_custom_op",
    "distributed",
    "divide",
    "ensure_divisibility",
    "ensure_model_parallel_initialized",
    "expert_balancedness",
    "get_cached_tcp_store_client",
    "get_context_model_parallel_group",
    "get_cpu_distributed_timeout_or_none",
    "get_current_parallel_config_or_none",
    "get_dcp_group",
    "get_dcp_world_size_and_rank",
    "get_decode_context_model_parallel_rank",
    "get_decode_context_model_parallel_world_size",
    "get_distributed_init_method",
    "get_distributed_timeout_or_none",
    "get_dp_group",
    "get_engram_dp_group",
    "get_engram_dp_size",
    "get_ep_group",
    "get_eplb_group",
    "get_etp_group",
    "get_expert_map",
    "get_expert_placement",
    "get_inner_dp_world_group",
    "get_node_count",
    "get_pcp_group",
    "get_pipeline_model_parallel_rank",
    "get_pp_group",
    "get_pp_indices",
    "get_tcp_uri",
    "get_tensor_model_parallel_rank",
    "get_tensor_model_parallel_world_size",
    "get_tp_group",
    "get_worker_rank_suffix",
    "get_world_group",
    "graph_capture",
    "in_the_same_node_as",
    "init_distributed_environment",
    "init_gloo_process_group",
    "init_logger",
    "init_model_parallel_group",
    "init_world_group",
    "initialize_model_parallel",
    "install_as_vllm",
    "install_into_vllm",
    "is_global_first_rank",
    "is_local_first_rank",
    "is_torch_equal_or_newer",
    "is_weak_contiguous",
    "logger",
    "model_parallel_is_initialized",
    "patch_tensor_parallel_group",
    "patched_fused_scaled_matmul_reduce_scatter",
    "patched_fused_scaled_matmul_reduce_scatter_fake",
    "prepare_communication_buffer_for_model",
    "rebalance_experts",
    "reduce_scatter",
    "reduce_scatter_fake",
    "register_type",
    "resolve_obj_by_qualname",
    "resume_device_comms",
    "sched_yield",
    "set_current_parallel_config",
    "set_custom_all_reduce",
    "set_message_step",
    "split_tensor_along_last_dim",
    "stateless_destroy_torch_distributed_process_group",
    "stateless_init_torch_distributed_process_group",
    "suppress_stdout",
    "suspend_device_comms",
    "tensor_model_parallel_all_gather",
    "tensor_model_parallel_all_reduce",
    "tensor_model_parallel_gather",
    "tensor_model_parallel_reduce_scatter",
    "verify_group_size_divides_partition",
]

_CONFIGURATION = {
    "EPLBConfig",
    "FaultToleranceConfig",
    "ParallelConfig",
    "get_current_parallel_config_or_none",
    "set_current_parallel_config",
}


def __getattr__(name: str) -> object:
    """Load the configuration on first use: it needs pydantic, which is slow to import."""
    if name not in _CONFIGURATION:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module("vllm_distributed.config"), name)
    globals()[name] = value
    return value


_start_watchdog()
