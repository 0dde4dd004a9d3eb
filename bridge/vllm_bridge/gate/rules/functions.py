"""Rules of the functions of the module, those that make groups included."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed import ProcessGroup

import vllm_distributed
from vllm_bridge.gate.facts import (
    Facts,
    Group,
    dtype_words,
    of_coordinator,
    of_process_group,
    tensor_parts,
    words,
)
from vllm_bridge.gate.rules import objects, tensors
from vllm_bridge.gate.rules.registry import (
    facts_of,
    rule,
)
from vllm_distributed import (
    GroupCoordinator,
    StatelessGroupCoordinator,
)
from vllm_distributed.groups.coordinator import find_group

# The module's functions


@rule("tensor_model_parallel_all_reduce")
def _tp_all_reduce(input_: torch.Tensor, op: str = "sum") -> Facts | None:
    return tensors.all_reduce(vllm_distributed.get_tp_group(), input_, op=op)


@rule("tensor_model_parallel_all_gather")
def _tp_all_gather(input_: torch.Tensor, dim: int = -1) -> Facts | None:
    return tensors.all_gather(vllm_distributed.get_tp_group(), input_, dim)


@rule("tensor_model_parallel_reduce_scatter")
def _tp_reduce_scatter(input_: torch.Tensor, dim: int = -1) -> Facts | None:
    return tensors.reduce_scatter(vllm_distributed.get_tp_group(), input_, dim)


@rule("tensor_model_parallel_gather")
def _tp_gather(input_: torch.Tensor, dst: int = 0, dim: int = -1) -> Facts | None:
    return tensors.gather(vllm_distributed.get_tp_group(), input_, dst, dim)


@rule("broadcast_tensor_dict")
def _tp_broadcast_tensor_dict(
    tensor_dict: dict[str, Any] | None = None, src: int = 0
) -> Facts | None:
    return objects.broadcast_tensor_dict(vllm_distributed.get_tp_group(), tensor_dict, src)


@rule("all_reduce")
def _operator_all_reduce(tensor: torch.Tensor, group_name: str, op: str = "sum") -> Facts | None:
    return tensors.all_reduce(find_group(group_name), tensor, op=op)


@rule("all_gather")
def _operator_all_gather(
    tensor: torch.Tensor, dim: int, world_size: int, group_name: str
) -> Facts | None:
    return tensors.all_gather(find_group(group_name), tensor, dim)


@rule("reduce_scatter")
def _operator_reduce_scatter(
    tensor: torch.Tensor, dim: int, world_size: int, group_name: str
) -> Facts | None:
    return tensors.reduce_scatter(find_group(group_name), tensor, dim)


@rule("patched_fused_scaled_matmul_reduce_scatter")
def _fused_scaled_matmul_reduce_scatter(
    A: torch.Tensor,
    B: torch.Tensor,
    A_scale: torch.Tensor,
    B_scale: torch.Tensor,
    reduce_op: str,
    orig_scatter_dim: int,
    scatter_dim_after_maybe_reshape: int,
    group_name: str,
    output_shape: list[int],
    bias: torch.Tensor | None = None,
    result_scale: torch.Tensor | None = None,
    out_dtype: torch.dtype | None = None,
    use_fast_accum: bool = False,
) -> Facts | None:
    shape = [*output_shape[:-1], B.size(1)]
    parts = words(
        dtype=dtype_words(out_dtype or A.dtype), shape=shape, dim=orig_scatter_dim % len(shape)
    )
    group = of_coordinator(find_group(group_name))
    return facts_of(group, "patched_fused_scaled_matmul_reduce_scatter", *parts)


# Making groups: collective over the world


def _world() -> Group:
    return of_coordinator(vllm_distributed.get_world_group()) or Group("world:0", (), 0, 1)


@rule("initialize_model_parallel")
def _initialize_model_parallel(
    tensor_model_parallel_size: int = 1,
    pipeline_model_parallel_size: int = 1,
    prefill_context_model_parallel_size: int = 1,
    decode_context_model_parallel_size: int = 1,
    backend: str | None = None,
    data_parallel_size: int | None = None,
    is_moe_model: bool | None = None,
    enable_eplb: bool | None = None,
    engram_tensor_parallel_size: int | None = None,
    engram_data_parallel_size: int | None = None,
) -> Facts | None:
    # The others have defaults that each rank finds out: the agreement compares the results.
    parts = words(
        tensor_model_parallel_size=tensor_model_parallel_size,
        pipeline_model_parallel_size=pipeline_model_parallel_size,
        prefill_context_model_parallel_size=prefill_context_model_parallel_size,
        decode_context_model_parallel_size=decode_context_model_parallel_size,
    )
    return facts_of(_world(), "initialize_model_parallel", *parts)


@rule("ensure_model_parallel_initialized")
def _ensure_model_parallel_initialized(
    tensor_model_parallel_size: int,
    pipeline_model_parallel_size: int,
    prefill_context_model_parallel_size: int = 1,
    decode_context_model_parallel_size: int = 1,
    backend: str | None = None,
    data_parallel_size: int | None = None,
    is_moe_model: bool | None = None,
    enable_eplb: bool | None = None,
    engram_tensor_parallel_size: int | None = None,
    engram_data_parallel_size: int | None = None,
) -> Facts | None:
    return _initialize_model_parallel(
        tensor_model_parallel_size,
        pipeline_model_parallel_size,
        prefill_context_model_parallel_size,
        decode_context_model_parallel_size,
    )


@rule("init_model_parallel_group")
def _init_model_parallel_group(
    group_ranks: list[list[int]],
    local_rank: int,
    backend: str,
    use_message_queue_broadcaster: bool = False,
    group_name: str | None = None,
    use_device_communicator: bool = True,
    use_all2all: bool = False,
) -> Facts | None:
    parts = words(group_ranks=group_ranks, group_name=group_name)
    return facts_of(_world(), "init_model_parallel_group", *parts)


@rule("init_world_group")
def _init_world_group(ranks: list[int], local_rank: int, backend: str) -> Facts | None:
    return _init_model_parallel_group([ranks], local_rank, backend, group_name="world")


@rule("GroupCoordinator.new")
def _group_coordinator(
    group_ranks: list[list[int]],
    local_rank: int,
    torch_distributed_backend: str,
    use_device_communicator: bool,
    use_message_queue_broadcaster: bool = False,
    group_name: str | None = None,
    use_all2all: bool = False,
    timeout: timedelta | None = None,
) -> Facts | None:
    size = dist.get_world_size()
    world = Group("world:0", range(size), dist.get_rank(), size, timeout)
    parts = words(group_ranks=group_ranks, group_name=group_name)
    return facts_of(world, "GroupCoordinator", *parts)


@rule(
    "GroupCoordinator.make_sibling_device_group",
    "StatelessGroupCoordinator.make_sibling_device_group",
)
def _make_sibling_device_group(
    group: GroupCoordinator, group_desc: str | None = None
) -> Facts | None:
    stateless = isinstance(group, StatelessGroupCoordinator)
    members = of_coordinator(group) if stateless else _world()
    return facts_of(members, "make_sibling_device_group", *words(group=group.unique_name))


@rule("cpu_all_reduce_")
def _cpu_all_reduce(
    tensor: torch.Tensor, group: ProcessGroup, timeout: timedelta | None = None
) -> Facts | None:
    return facts_of(of_process_group(group), "cpu_all_reduce_", *tensor_parts(tensor))


@rule(
    "suspend_device_comms",
    "resume_device_comms",
    "checkpoint_prepare_distributed_state",
    "checkpoint_restore_distributed_state",
)
def _memory_of_all() -> Facts | None:
    return facts_of(_world(), "suspend or resume")
