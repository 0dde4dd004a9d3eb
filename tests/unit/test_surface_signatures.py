"""Signatures are the contract: codegen numbers fields by position, so parameters are only appended.

Defaults are written as Python writes them. What stands here is what the published signatures have,
and behind them what this package adds.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch

import vllm_distributed as vd
from vllm_distributed import parallel_state

MODEL_PARALLEL = (
    "prefill_context_model_parallel_size=1, decode_context_model_parallel_size=1, backend=None, "
    "data_parallel_size=None, is_moe_model=None, enable_eplb=None, "
    "engram_tensor_parallel_size=None, engram_data_parallel_size=None"
)
SCALED_MATMUL = (
    "A, B, A_scale, B_scale, reduce_op, orig_scatter_dim, scatter_dim_after_maybe_reshape, "
    "group_name, output_shape, bias=None, result_scale=None, out_dtype=None, use_fast_accum=False"
)

FUNCTIONS = {
    "init_distributed_environment": "world_size=-1, rank=-1, "
    "distributed_init_method='env://', local_rank=-1, backend='nccl', timeout=None",
    "initialize_model_parallel": "tensor_model_parallel_size=1, pipeline_model_parallel_size=1, "
    + MODEL_PARALLEL,
    "ensure_model_parallel_initialized": "tensor_model_parallel_size, "
    "pipeline_model_parallel_size, " + MODEL_PARALLEL,
    "model_parallel_is_initialized": "",
    "destroy_model_parallel": "",
    "destroy_distributed_environment": "",
    "cleanup_dist_env_and_memory": "shutdown_ray=False",
    "init_model_parallel_group": "group_ranks, local_rank, backend, "
    "use_message_queue_broadcaster=False, group_name=None, use_device_communicator=True, "
    "use_all2all=False",
    "init_world_group": "ranks, local_rank, backend",
    "get_dcp_world_size_and_rank": "enabled=True",
    "set_custom_all_reduce": "enable",
    "patch_tensor_parallel_group": "tp_group",
    "graph_capture": "device",
    "prepare_communication_buffer_for_model": "model",
    "in_the_same_node_as": "pg, source_rank=0",
    "tensor_model_parallel_all_reduce": "input_, op='sum'",
    "tensor_model_parallel_all_gather": "input_, dim=-1",
    "tensor_model_parallel_reduce_scatter": "input_, dim=-1",
    "tensor_model_parallel_gather": "input_, dst=0, dim=-1",
    "broadcast_tensor_dict": "tensor_dict=None, src=0",
    "all_reduce": "tensor, group_name, op='sum'",
    "all_reduce_fake": "tensor, group_name, op='sum'",
    "all_gather": "tensor, dim, world_size, group_name",
    "all_gather_fake": "tensor, dim, world_size, group_name",
    "reduce_scatter": "tensor, dim, world_size, group_name",
    "reduce_scatter_fake": "tensor, dim, world_size, group_name",
    "patched_fused_scaled_matmul_reduce_scatter": SCALED_MATMUL,
    "patched_fused_scaled_matmul_reduce_scatter_fake": SCALED_MATMUL,
    "direct_register_custom_op": "op_name, op_func, mutates_args=None, fake_impl=None, "
    "target_lib=None, dispatch_key=None, tags=()",
    "stateless_init_torch_distributed_process_group": "host, port, rank, world_size, backend, "
    "group_name=None, return_store=False, listen_socket=None, timeout=None",
    "stateless_destroy_torch_distributed_process_group": "pg",
    "init_gloo_process_group": "prefix_store, group_rank, group_size, timeout",
    "get_pp_indices": "num_hidden_layers, pp_rank, pp_size",
    "divide": "numerator, denominator",
    "ensure_divisibility": "numerator, denominator",
    "split_tensor_along_last_dim": "tensor, num_partitions, contiguous_split_chunks=False",
    "get_distributed_init_method": "ip, port",
    "get_tcp_uri": "ip, port",
    "is_torch_equal_or_newer": "target",
    "resolve_obj_by_qualname": "qualname",
    "init_logger": "name",
    "cpu_all_reduce_": "tensor, group, timeout=None",
    "create_tcp_store": "host, port, listen_socket=None, world_size=None, is_master=False, "
    "timeout=None, wait_for_workers=True, multi_tenant=False, use_libuv=True",
    "get_cached_tcp_store_client": "host, port",
    "get_worker_rank_suffix": "global_rank=None",
    "is_weak_contiguous": "inp",
    "verify_group_size_divides_partition": "input_size_per_partition, group_size, "
    "layer_name=None, extra_suggestion=''",
}

MEMBERS = "group_ranks, local_rank, torch_distributed_backend, use_device_communicator, "
SLICES = "all_gather_group=None, all_gather_tensors=None"
METHODS = {
    "GroupCoordinator": MEMBERS + "use_message_queue_broadcaster=False, group_name=None, "
    "use_all2all=False, timeout=None",
    "GroupCoordinator.all_reduce": "self, input_, out=None, op='sum'",
    "GroupCoordinator.all_reduce_": "self, input_, op='sum'",
    "GroupCoordinator.all_gather": "self, input_, dim=-1, out=None",
    "GroupCoordinator.all_gatherv": "self, input_, dim=0, sizes=None, out=None",
    "GroupCoordinator.reduce_scatter": "self, input_, dim=-1, out=None",
    "GroupCoordinator.reduce_scatterv": "self, input_, dim=-1, sizes=None, out=None",
    "GroupCoordinator.gather": "self, input_, dst=0, dim=-1, out=None",
    "GroupCoordinator.broadcast": "self, input_, src=0",
    "GroupCoordinator.broadcast_object": "self, obj=None, src=0",
    "GroupCoordinator.broadcast_object_list": "self, obj_list, src=0, group=None",
    "GroupCoordinator.broadcast_tensor_dict": "self, tensor_dict=None, src=0, group=None, "
    "metadata_group=None",
    "GroupCoordinator.send_tensor_dict": f"self, tensor_dict, dst=None, {SLICES}",
    "GroupCoordinator.recv_tensor_dict": f"self, src=None, {SLICES}",
    "GroupCoordinator.isend_tensor_dict": f"self, tensor_dict, dst=None, {SLICES}",
    "GroupCoordinator.irecv_tensor_dict": f"self, src=None, {SLICES}",
    "GroupCoordinator.send_object": "self, obj, dst",
    "GroupCoordinator.recv_object": "self, src",
    "GroupCoordinator.isend_object": "self, obj, dst",
    "GroupCoordinator.send": "self, tensor, dst=None",
    "GroupCoordinator.recv": "self, size, dtype, src=None, out=None",
    "GroupCoordinator.barrier": "self",
    "GroupCoordinator.graph_capture": "self, graph_capture_context=None",
    "GroupCoordinator.make_sibling_device_group": "self, group_desc=None",
    "GroupCoordinator.create_mq_broadcaster": "self, writer_rank=0, external_writer_handle=None, "
    "blocking=True",
    "GroupCoordinator.create_single_reader_mq_broadcasters": "self, reader_rank_in_group=0, "
    "blocking=False",
    "GroupCoordinator.combine": "self, hidden_states, is_sequence_parallel=False, sizes=None",
    "GroupCoordinator.prepare_communication_buffer_for_model": "self, model",
    "GroupCoordinator.destroy": "self",
    "StatelessGroupCoordinator": MEMBERS + "coord_store=None, "
    "use_message_queue_broadcaster=False, group_name=None, host='127.0.0.1', global_rank=0, "
    "global_world_size=1, use_all2all=False, group_ports=None, timeout=None",
    "StatelessProcessGroup.create": "host, port, rank, world_size, data_expiration_seconds=3600, "
    "store_timeout=300, listen_socket=None",
    "StatelessProcessGroup.send_obj": "self, obj, dst",
    "StatelessProcessGroup.recv_obj": "self, src",
    "StatelessProcessGroup.broadcast_obj": "self, obj, src",
    "StatelessProcessGroup.all_gather_obj": "self, obj",
    "StatelessProcessGroup.barrier": "self, timeout=30.0",
    "StatelessProcessGroup.broadcast": "self, tensor, src",
    "StatelessProcessGroup.send": "self, tensor, dst",
    "StatelessProcessGroup.recv": "self, tensor, src",
    "StatelessProcessGroup.all_reduce": "self, tensor, op=<RedOpType.SUM: 0>",
    "StatelessProcessGroup.expire_data": "self",
    "MessageQueue": "n_reader, n_local_reader, local_reader_ranks=None, "
    "max_chunk_bytes=25165824, max_chunks=10, connect_ip=None, "
    "enable_shm_tensor_arena=False, timeout=None",
    "MessageQueue.export_handle": "self",
    "MessageQueue.create_from_handle": "handle, rank",
    "MessageQueue.wait_until_ready": "self",
    "MessageQueue.enqueue": "self, obj, timeout=None",
    "MessageQueue.dequeue": "self, timeout=None, indefinite=False, cancel=None",
    "MessageQueue.broadcast_object": "self, obj=None",
    "MessageQueue.create_from_process_group": "pg, max_chunk_bytes, max_chunks, writer_rank=0, "
    "external_writer_handle=None, blocking=True, timeout=None",
    "MessageQueue.create_from_process_group_single_reader": "pg, max_chunk_bytes, max_chunks, "
    "reader_rank=0, blocking=False, timeout=None",
    "MessageQueue.shutdown": "self",
    "Handle.is_completed": "self",
    "Handle.wait": "self",
    "GraphCaptureContext": "stream",
    "TensorMetadata": "device, dtype, size",
}

OPERATORS = {
    "all_reduce": '(Tensor tensor, str group_name, str op="sum") -> Tensor',
    "all_gather": "(Tensor tensor, SymInt dim, SymInt world_size, str group_name) -> Tensor",
    "reduce_scatter": "(Tensor tensor, SymInt dim, SymInt world_size, str group_name) -> Tensor",
    "patched_fused_scaled_matmul_reduce_scatter": "(Tensor A, Tensor B, Tensor A_scale, "
    "Tensor B_scale, str reduce_op, SymInt orig_scatter_dim, "
    "SymInt scatter_dim_after_maybe_reshape, str group_name, SymInt[] output_shape, "
    "Tensor? bias=None, Tensor? result_scale=None, ScalarType? out_dtype=None, "
    "bool use_fast_accum=False) -> Tensor",
}
"""Schemas of the operators in `torch.ops.vllm_distributed`: none changes an argument."""


def parameters_of(function: Callable[..., Any]) -> str:
    return ", ".join(
        parameter.name
        if parameter.default is parameter.empty
        else f"{parameter.name}={parameter.default!r}"
        for parameter in inspect.signature(function).parameters.values()
    )


@pytest.mark.parametrize(("name", "expected"), [*FUNCTIONS.items(), *METHODS.items()])
def test_signatures_are_the_contract(name: str, expected: str) -> None:
    owner, _, member = name.rpartition(".")
    function = getattr(getattr(vd, owner) if owner else vd, member)
    assert parameters_of(function) == expected


@pytest.mark.parametrize(("name", "expected"), OPERATORS.items())
def test_schemas_of_operators_are_the_contract(name: str, expected: str) -> None:
    operator = getattr(torch.ops.vllm_distributed, name).default
    assert str(operator._schema) == f"vllm_distributed::{name}{expected}"


def test_groups_are_replaced_by_name() -> None:
    parameters = inspect.signature(parallel_state._replace_active_groups).parameters
    assert list(parameters) == ["world", "dp", "ep", "eplb", "node_count"]
    assert {parameter.kind.name for parameter in parameters.values()} == {"KEYWORD_ONLY"}


def test_functions_that_take_something_are_pinned() -> None:
    taking = {
        name
        for name in vd.__all__
        if inspect.isfunction(function := getattr(vd, name)) and parameters_of(function)
    }
    ours = {
        "adopt_listen_socket",
        "compute_logical_maps",
        "expert_balancedness",
        "get_expert_map",
        "get_expert_placement",
        "distributed",
        "install_as_vllm",
        "rebalance_experts",
        "register_type",
        "set_current_parallel_config",
        "set_message_step",
    }
    assert taking - set(FUNCTIONS) == ours
