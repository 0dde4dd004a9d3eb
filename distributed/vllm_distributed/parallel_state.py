"""This process's groups: made by two calls, looked up by thin getters, undone by two others.

The workflow is vLLM's: `init_distributed_environment`, then `initialize_model_parallel` or
`ensure_model_parallel_initialized`; and back with `destroy_model_parallel` and
`destroy_distributed_environment`, or `cleanup_dist_env_and_memory` for both.

All state is one object (`active_groups`). Whatever can be refused is refused before it changes, and
a call that fails half-way puts it back. The getters are here; what changes the state is written in
`world_membership`, `model_parallel`, `extra_groups` and `elastic_groups`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch.distributed as dist

from vllm_distributed.compat.private_names import ParallelStateModule
from vllm_distributed.errors import (
    EnvironmentConflictError,
    GroupNotInitializedError,
    InvalidTypeError,
)
from vllm_distributed.groups.active import active, require_environment
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.groups.elastic import replace_active_groups
from vllm_distributed.groups.extra import init_model_parallel_group, init_world_group
from vllm_distributed.groups.model_parallel import (
    destroy_model_parallel,
    ensure_model_parallel_initialized,
    initialize_model_parallel,
    model_parallel_is_initialized,
    prepare_communication_buffer_for_model,
)
from vllm_distributed.world.membership import (
    cleanup_dist_env_and_memory,
    destroy_distributed_environment,
    init_distributed_environment,
)

__all__ = [
    "cleanup_dist_env_and_memory",
    "destroy_distributed_environment",
    "destroy_model_parallel",
    "ensure_model_parallel_initialized",
    "get_context_model_parallel_group",
    "get_dcp_group",
    "get_dcp_world_size_and_rank",
    "get_decode_context_model_parallel_rank",
    "get_decode_context_model_parallel_world_size",
    "get_dp_group",
    "get_engram_dp_group",
    "get_engram_dp_size",
    "get_ep_group",
    "get_eplb_group",
    "get_etp_group",
    "get_inner_dp_world_group",
    "get_node_count",
    "get_pcp_group",
    "get_pipeline_model_parallel_rank",
    "get_pp_group",
    "get_tensor_model_parallel_rank",
    "get_tensor_model_parallel_world_size",
    "get_tp_group",
    "get_worker_rank_suffix",
    "get_world_group",
    "init_distributed_environment",
    "init_model_parallel_group",
    "init_world_group",
    "initialize_model_parallel",
    "is_global_first_rank",
    "is_local_first_rank",
    "model_parallel_is_initialized",
    "patch_tensor_parallel_group",
    "prepare_communication_buffer_for_model",
]

_NAMED_PLACES = ("dp", "pp", "tp", "dcp", "ep")

sys.modules[__name__].__class__ = ParallelStateModule

_replace_active_groups = replace_active_groups  # vLLM's name


# Groups


def get_world_group() -> GroupCoordinator:
    """Return the group of all ranks.

    Raises:
        EnvironmentNotInitializedError: before `init_distributed_environment`.
    """
    return require_environment("get_world_group")[1]


def get_tp_group() -> GroupCoordinator:
    """Return this rank's tensor parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return active.tensor_parallel_patch or _group("tp", "tensor parallel")


def get_pp_group() -> GroupCoordinator:
    """Return this rank's pipeline parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return _group("pp", "pipeline parallel")


def get_dp_group() -> GroupCoordinator:
    """Return this rank's data parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return _group("dp", "data parallel")


def get_ep_group() -> GroupCoordinator:
    """Return this rank's expert parallel group: data x prefill context x tensor of its stage.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`, and where the model is known
            to be dense: dense models have no expert parallel group.
    """
    return _group("ep", "expert parallel", " (models known to be dense have none)")


def get_eplb_group() -> GroupCoordinator:
    """Return this rank's group for balancing the load of experts.

    Raises:
        GroupNotInitializedError: where load balancing is off.
    """
    return _group("eplb", "expert load balancing", " with load balancing of experts enabled")


def get_etp_group() -> GroupCoordinator:
    """Return the group over which one embedding table of a model with an engram is sharded.

    The tensor parallel group, unless `initialize_model_parallel` was given another
    `engram_tensor_parallel_size`.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    model = active.model
    own = None if model is None else model.groups.get("etp")
    return own or _group("tp", "engram tensor parallel")


def get_engram_dp_group() -> GroupCoordinator | None:
    """Return the group of the data parallel replicas that share one embedding table.

    None where each has its own: before `initialize_model_parallel`, and unless that was given an
    `engram_data_parallel_size`.
    """
    return None if active.model is None else active.model.groups.get("edp")


def get_engram_dp_size() -> int:
    """Return how many data parallel replicas share one embedding table, 1 if each has its own."""
    group = get_engram_dp_group()
    return 1 if group is None else group.world_size


def get_dcp_group() -> GroupCoordinator:
    """Return this rank's decode context parallel group, a part of its tensor parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return _group("dcp", "decode context parallel")


def get_context_model_parallel_group() -> GroupCoordinator:
    """Return this rank's decode context parallel group, by its older name.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return get_dcp_group()


def get_pcp_group() -> GroupCoordinator:
    """Return this rank's prefill context parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return _group("pcp", "prefill context parallel")


def get_inner_dp_world_group() -> GroupCoordinator:
    """Return the group of all ranks of this data parallel replica, where it spans several nodes.

    Raises:
        GroupNotInitializedError: where a replica is on one node: it is made by
            `init_distributed_environment` under a configuration with more nodes than one within a
            replica.
    """
    if active.inner_dp_world is not None:
        return active.inner_dp_world
    return _group("inner_dp_world", "inner data parallel world", " with several nodes per replica")


# Sizes and ranks


def get_tensor_model_parallel_world_size() -> int:
    """Return the number of ranks in the tensor parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return get_tp_group().world_size


def get_tensor_model_parallel_rank() -> int:
    """Return this rank's number inside the tensor parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return get_tp_group().rank_in_group


def get_pipeline_model_parallel_rank() -> int:
    """Return this rank's stage: its number inside the pipeline parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return get_pp_group().rank_in_group


def get_decode_context_model_parallel_world_size() -> int:
    """Return the number of ranks in the decode context parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return get_dcp_group().world_size


def get_decode_context_model_parallel_rank() -> int:
    """Return this rank's number inside the decode context parallel group.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`.
    """
    return get_dcp_group().rank_in_group


def get_dcp_world_size_and_rank(enabled: bool = True) -> tuple[int, int]:
    """Return (size, rank inside) of the decode context parallel group; (1, 0) if not `enabled`.

    Raises:
        GroupNotInitializedError: before `initialize_model_parallel`, if `enabled`.
    """
    if not enabled:
        return 1, 0
    group = get_dcp_group()
    return group.world_size, group.rank_in_group


def get_node_count() -> int:
    """Return on how many nodes the world's ranks are: places that share memory.

    Found out when the world was joined, so not collective.

    Raises:
        EnvironmentNotInitializedError: before `init_distributed_environment`.
    """
    return require_environment("get_node_count")[0].node_count


def is_global_first_rank() -> bool:
    """Return whether this is rank 0 of everything; True in a process that is in no world."""
    if active.world is not None:
        return active.world.is_first_rank
    return not dist.is_initialized() or dist.get_rank() == 0


def is_local_first_rank() -> bool:
    """Return whether this is the first rank on its node; True in a process that is in no world."""
    return active.world is None or active.world.local_rank == 0


def get_worker_rank_suffix(global_rank: int | None = None) -> str:
    """Return where this process is among all, for names of files and processes.

    Such as `dp0_pp0_tp1_dcp0_ep1`, with `_rank3` behind it for `global_rank=3`. Where the groups do
    not exist, or the model is known to be dense, `rank3` alone, or nothing.

    Raises:
        InvalidTypeError: for a `global_rank` that is no integer.

    >>> get_worker_rank_suffix(3)
    'rank3'
    """
    if global_rank is not None and (
        not isinstance(global_rank, int) or isinstance(global_rank, bool)
    ):
        raise InvalidTypeError(
            f"global_rank must be an integer or None, got {global_rank!r}", argument="global_rank"
        )
    model = active.model
    own = "" if global_rank is None else f"rank{global_rank}"
    if model is None or "ep" not in model.groups:
        return own
    places = [f"{name}{model.groups[name].rank_in_group}" for name in _NAMED_PLACES]
    return "_".join([*places, own] if own else places)


# For a time


@contextmanager
def patch_tensor_parallel_group(tp_group: GroupCoordinator) -> Iterator[None]:
    """Make `get_tp_group` return `tp_group` within a block, as for the draft model of speculative
    decoding, which may have another tensor parallel size.

    The former group is put back also after an exception. Local to the process; ranks do it alike.

    Raises:
        EnvironmentConflictError: within another such block: that is not re-entrant.
    """
    if not isinstance(tp_group, GroupCoordinator):
        raise InvalidTypeError(
            f"tp_group must be a GroupCoordinator, got {type(tp_group).__name__}"
        )
    current = active.tensor_parallel_patch
    if current is not None:
        raise EnvironmentConflictError(
            f"the tensor parallel group is patched already, with {current.unique_name}: leave "
            f"that block before patching with {tp_group.unique_name}",
            existing=current.unique_name,
            wanted=tp_group.unique_name,
        )
    active.tensor_parallel_patch = tp_group
    try:
        yield
    finally:
        active.tensor_parallel_patch = None


def _group(name: str, words: str, note: str = "") -> GroupCoordinator:
    model = active.model
    group = None if model is None else model.groups.get(name)
    if group is not None:
        return group
    first = "" if active.environment is not None else "init_distributed_environment() and then "
    raise GroupNotInitializedError(
        f"there is no {words} group: call {first}initialize_model_parallel() first{note}, on "
        f"every rank",
        group=name,
    )
