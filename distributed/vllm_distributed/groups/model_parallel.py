"""The model parallel groups of this process: made in one go, after one layout, and undone."""

from __future__ import annotations

import torch

from vllm_distributed.compat.backends import resolve_backend
from vllm_distributed.config.world import ModelRequest, configured_model
from vllm_distributed.errors import EnvironmentConflictError, InvalidTypeError
from vllm_distributed.groups.active import (
    ModelParallel,
    active,
    destroy_groups,
    require_environment,
)
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.topology import GroupRanks, ParallelSizes, Topology

__all__ = [
    "destroy_model_parallel",
    "ensure_model_parallel_initialized",
    "initialize_model_parallel",
    "make_model_group",
    "model_parallel_is_initialized",
    "model_partitions",
    "prepare_communication_buffer_for_model",
]


def initialize_model_parallel(
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
) -> None:
    """Make the tensor, decode-context, prefill-context, pipeline, data and expert parallel groups.

    Ranks are laid out, slowest to fastest: external data parallel (whatever the world has beyond
    the product of the sizes), data, pipeline, prefill context, tensor. With 8 ranks, tensor size 2
    and pipeline size 4 the tensor groups are 0-1, 2-3, 4-5, 6-7 and the pipeline groups 0-2-4-6 and
    1-3-5-7. Decode-context groups divide the tensor groups; an expert group spans data, prefill
    context and tensor of one pipeline stage. `backend` is by default the world's.

    There is an expert group unless `is_moe_model` is False, and with `enable_eplb` a second one of
    the same ranks, for balancing the load of experts. These two and `data_parallel_size` are by
    default those of the current `ParallelConfig`; without one, None, False and 1.

    For models with an engram, a large embedding table, `engram_tensor_parallel_size` is over how
    many ranks, of tensor and then data parallelism, one table is sharded (default: those of the
    tensor parallel group), and `engram_data_parallel_size` how many replicas share one table
    (default 1): see `get_etp_group` and `get_engram_dp_group`.

    Collective over the world. A call that fails leaves nothing behind.

    Raises:
        EnvironmentNotInitializedError
        ParallelSizeError: naming sizes and choices.
        EnvironmentConflictError: if the groups exist already.
        RollCallMismatchError: on every rank if ranks ask for different sizes.
        RollCallTimeoutError: naming the ranks that do not come before the world's timeout.
    """
    environment, world = require_environment("initialize_model_parallel")
    asked = configured_model(ModelRequest(data_parallel_size, is_moe_model, enable_eplb))
    topology = Topology(
        environment.world_size,
        ParallelSizes(
            tensor=tensor_model_parallel_size,
            pipeline=pipeline_model_parallel_size,
            data=asked.data,
            prefill_context=prefill_context_model_parallel_size,
            decode_context=decode_context_model_parallel_size,
        ),
    )
    usable = resolve_backend(backend or environment.backend)
    if active.model is not None:
        raise EnvironmentConflictError(
            f"model parallel groups exist already, with {active.model.topology.sizes.describe()}; "
            f"{topology.sizes.describe()} was asked for: call destroy_model_parallel() first, or "
            f"ensure_model_parallel_initialized() to keep groups of the same sizes",
            existing=active.model.topology.sizes.as_dict(),
            wanted=topology.sizes.as_dict(),
        )
    partitions = model_partitions(topology, asked.has_experts, asked.balances_experts)
    partitions |= _engram_partitions(
        topology, engram_tensor_parallel_size, engram_data_parallel_size
    )
    making = environment.agree(
        "initialize_model_parallel",
        {
            **topology.sizes.as_dict(),
            "backend": usable,
            "has_experts": asked.has_experts,
            "balances_experts": asked.balances_experts,
            "engram_tensor_parallel_size": engram_tensor_parallel_size,
            "engram_data_parallel_size": engram_data_parallel_size,
        },
    )
    groups: dict[str, GroupCoordinator] = {}
    try:
        with making:
            for name, partition in partitions.items():
                groups[name] = make_model_group(name, partition, world.local_rank, usable)
    except BaseException:
        destroy_groups(groups)
        raise
    if engram_data_parallel_size == topology.sizes.data > 1:
        groups["edp"] = groups["dp"]
    if "ep" in groups:
        groups["ep"]._tokens.differ_over([groups["pcp"], groups["dp"]])
    active.model = ModelParallel(topology, groups)


def model_partitions(
    topology: Topology, has_experts: bool, balances_experts: bool
) -> dict[str, GroupRanks]:
    """Return the groups of a layout by name, in the order in which they are made."""
    partitions = {
        "tp": topology.tensor_groups(),
        "dcp": topology.decode_context_groups(),
        "pcp": topology.prefill_context_groups(),
        "pp": topology.pipeline_groups(),
        "dp": topology.data_groups(),
    }
    if has_experts:
        partitions["ep"] = topology.expert_groups()
    if balances_experts:
        partitions["eplb"] = topology.expert_groups()
    return partitions


def make_model_group(
    name: str, partition: GroupRanks, local_rank: int, backend: str
) -> GroupCoordinator:
    """Return this process's group of a partition. Collective over the world."""
    return GroupCoordinator(
        [list(ranks) for ranks in partition],
        local_rank,
        backend,
        use_device_communicator=True,
        group_name=name,
    )


def ensure_model_parallel_initialized(
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
) -> None:
    """Make the model parallel groups, or check that those that exist have these sizes.

    All five sizes are compared, those of an engram not, and data parallel only if it is given, here
    or by the current `ParallelConfig`. Collective over the world where the groups do not exist yet.

    Raises:
        As `initialize_model_parallel`.
        EnvironmentConflictError: naming both if the sizes differ.
    """
    model = active.model
    if model is None:
        initialize_model_parallel(
            tensor_model_parallel_size,
            pipeline_model_parallel_size,
            prefill_context_model_parallel_size,
            decode_context_model_parallel_size,
            backend,
            data_parallel_size,
            is_moe_model,
            enable_eplb,
            engram_tensor_parallel_size,
            engram_data_parallel_size,
        )
        return
    asked = configured_model(ModelRequest(data_parallel_size, is_moe_model, enable_eplb))
    existing = model.topology.sizes
    wanted = ParallelSizes(
        tensor=tensor_model_parallel_size,
        pipeline=pipeline_model_parallel_size,
        data=existing.data if asked.data_parallel_size is None else asked.data,
        prefill_context=prefill_context_model_parallel_size,
        decode_context=decode_context_model_parallel_size,
    )
    if wanted != existing:
        raise EnvironmentConflictError(
            f"model parallel groups exist with {existing.describe()}, but {wanted.describe()} was "
            f"asked for: use the existing sizes, or call destroy_model_parallel() first, on every "
            f"rank",
            existing=existing.as_dict(),
            wanted=wanted.as_dict(),
        )


def _engram_partitions(
    topology: Topology, tensor: int | None, data: int | None
) -> dict[str, GroupRanks]:
    """Return the groups over an embedding table, where they are no others that exist anyway."""
    partitions: dict[str, GroupRanks] = {}
    if tensor is not None:
        cut = topology.engram_tensor_groups(tensor)
        if cut != topology.tensor_groups():
            partitions["etp"] = cut
    if data is not None:
        cut = topology.engram_data_groups(data)
        if 1 < data < topology.sizes.data:
            partitions["edp"] = cut
    return partitions


def model_parallel_is_initialized() -> bool:
    """Return whether the model parallel groups exist."""
    return active.model is not None


def destroy_model_parallel() -> None:
    """Destroy the model parallel groups; the world stays. Idempotent, local to the process.

    The next `initialize_model_parallel` gives the groups the names they had (`tp:0`).
    """
    model, active.model = active.model, None
    if model is not None:
        destroy_groups(model.groups)


def prepare_communication_buffer_for_model(model: torch.nn.Module) -> None:
    """Let the communicator of every model parallel group size its buffers from `model`.

    Does nothing before `initialize_model_parallel`. Local to the process.

    Raises:
        InvalidTypeError: for what is no module.
    """
    if not isinstance(model, torch.nn.Module):
        raise InvalidTypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    if active.model is not None:
        for group in dict.fromkeys(active.model.groups.values()):
            group.prepare_communication_buffer_for_model(model)
