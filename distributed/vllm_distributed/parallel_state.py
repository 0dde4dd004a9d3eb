"""This process's groups: made by two calls, looked up by thin getters, undone by two others.

The workflow is vLLM's: `init_distributed_environment`, then `initialize_model_parallel` or
`ensure_model_parallel_initialized`; and back with `destroy_model_parallel` and
`destroy_distributed_environment`, or `cleanup_dist_env_and_memory` for both.

All state is one object. Whatever can be refused is refused before it changes, and a call that
fails half-way puts it back.
"""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import torch
import torch.distributed as dist

from vllm_distributed.backends import resolve_backend
from vllm_distributed.config.world import (
    ModelRequest,
    WorldRequest,
    configured_model,
    configured_world,
    inner_dp_partition,
)
from vllm_distributed.environment import Environment, join
from vllm_distributed.errors import (
    EnvironmentConflictError,
    EnvironmentNotInitializedError,
    GroupNotInitializedError,
    InvalidArgumentError,
    InvalidTypeError,
)
from vllm_distributed.group_coordinator import GroupCoordinator
from vllm_distributed.topology import ParallelSizes, Topology, check_partition

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


@dataclass(frozen=True)
class _ModelParallel:
    topology: Topology
    groups: Mapping[str, GroupCoordinator]


@dataclass
class _State:
    environment: Environment | None = None
    world: GroupCoordinator | None = None
    inner_dp_world: GroupCoordinator | None = None
    """The ranks of this replica, where it spans several nodes; the world if it is the only one."""
    model: _ModelParallel | None = None
    tensor_parallel_patch: GroupCoordinator | None = None
    """The group in place of the tensor parallel one, within `patch_tensor_parallel_group`."""


_state = _State()


# Making and undoing


def init_distributed_environment(
    world_size: int = -1,
    rank: int = -1,
    distributed_init_method: str = "env://",
    local_rank: int = -1,
    backend: str = "nccl",
    timeout: timedelta | None = None,
) -> None:
    """Join the world and make its group.

    `distributed_init_method` is `tcp://host:port`, with rank 0 serving on exactly that address, or
    `env://`, which reads MASTER_ADDR, MASTER_PORT, RANK and WORLD_SIZE as torchrun sets them, or a
    scheme registered with torch. -1 for `world_size` or `rank` means what the init method says;
    -1 for `local_rank` means LOCAL_RANK with `env://`, else the rank. A backend that torch knows
    but that cannot run here (`nccl` without CUDA) is replaced by gloo, with a warning once.
    `timeout` (default 30 minutes) bounds the joining and every later operation of every group.

    If torch.distributed is initialised already, by torchrun code of one's own for instance, that
    is adopted, and left in place by destroy. A second call with the same sizes does nothing.

    Under `set_current_parallel_config`, of one replica of several or on several nodes, `world_size`
    and `rank` count within the replica: the world is that of all replicas and meets where the
    configuration says, whatever the init method; its timeout holds where none is given; and where a
    replica spans several nodes its ranks get a group of their own (`get_inner_dp_world_group`). A
    rank that is not given comes from the init method and then counts in the whole world.

    Collective over the world. Raises, and leaves nothing behind: `InvalidArgumentError` for values
    that make no sense, `UnknownBackendError`, `RendezvousTimeoutError` if rank 0 cannot be reached
    in time, `RollCallTimeoutError` naming the ranks that did not come, `RollCallMismatchError` if
    ranks disagree on the world's size, `EnvironmentConflictError` if this process is in a world of
    another size already.
    """
    current = _state.environment
    asked = configured_world(
        WorldRequest(world_size, rank, distributed_init_method, local_rank, timeout),
        meets=current is None and not dist.is_initialized(),
    )
    if current is not None:
        _check_same_world(current, asked.world_size, asked.rank)
        return
    environment = join(
        asked.world_size,
        asked.rank,
        asked.init_method,
        asked.local_rank,
        backend,
        asked.timeout,
    )
    world: GroupCoordinator | None = None
    try:
        world = GroupCoordinator(
            [list(range(environment.world_size))],
            environment.local_rank,
            environment.backend,
            use_device_communicator=True,
            group_name="world",
            timeout=environment.timeout,
        )
        inner = _make_inner_dp_world(environment, world)
    except BaseException:
        if world is not None:
            world.destroy()
        environment.leave()
        raise
    _state.environment, _state.world, _state.inner_dp_world = environment, world, inner


def initialize_model_parallel(
    tensor_model_parallel_size: int = 1,
    pipeline_model_parallel_size: int = 1,
    prefill_context_model_parallel_size: int = 1,
    decode_context_model_parallel_size: int = 1,
    backend: str | None = None,
    data_parallel_size: int | None = None,
    is_moe_model: bool | None = None,
    enable_eplb: bool | None = None,
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

    Collective over the world. Raises, and leaves nothing behind: `EnvironmentNotInitializedError`,
    `ParallelSizeError` naming sizes and choices, `EnvironmentConflictError` if the groups exist
    already, `RollCallMismatchError` on every rank if ranks ask for different sizes,
    `RollCallTimeoutError` naming the ranks that do not come before the world's timeout.
    """
    environment, world = _require_environment("initialize_model_parallel")
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
    if _state.model is not None:
        raise EnvironmentConflictError(
            f"model parallel groups exist already, with {_state.model.topology.sizes.describe()}; "
            f"{topology.sizes.describe()} was asked for: call destroy_model_parallel() first, or "
            f"ensure_model_parallel_initialized() to keep groups of the same sizes",
            existing=_state.model.topology.sizes.as_dict(),
            wanted=topology.sizes.as_dict(),
        )
    environment.agree(
        "initialize_model_parallel",
        {
            **topology.sizes.as_dict(),
            "backend": usable,
            "has_experts": asked.has_experts,
            "balances_experts": asked.balances_experts,
        },
    )
    partitions = {
        "tp": topology.tensor_groups(),
        "dcp": topology.decode_context_groups(),
        "pcp": topology.prefill_context_groups(),
        "pp": topology.pipeline_groups(),
        "dp": topology.data_groups(),
    }
    if asked.has_experts:
        partitions["ep"] = topology.expert_groups()
    if asked.balances_experts:
        partitions["eplb"] = topology.expert_groups()
    groups: dict[str, GroupCoordinator] = {}
    try:
        for name, partition in partitions.items():
            groups[name] = GroupCoordinator(
                [list(ranks) for ranks in partition],
                world.local_rank,
                usable,
                use_device_communicator=True,
                group_name=name,
                timeout=environment.timeout,
            )
    except BaseException:
        _destroy_groups(groups)
        raise
    if "ep" in groups:
        groups["ep"]._exchange_tokens_over([groups["pcp"], groups["dp"]])
    _state.model = _ModelParallel(topology, groups)


def ensure_model_parallel_initialized(
    tensor_model_parallel_size: int,
    pipeline_model_parallel_size: int,
    prefill_context_model_parallel_size: int = 1,
    decode_context_model_parallel_size: int = 1,
    backend: str | None = None,
    data_parallel_size: int | None = None,
    is_moe_model: bool | None = None,
    enable_eplb: bool | None = None,
) -> None:
    """Make the model parallel groups, or check that those that exist have these sizes.

    All five sizes are compared, data parallel only if it is given, here or by the current
    `ParallelConfig`. Collective over the world where
    the groups do not exist yet. Raises as `initialize_model_parallel` does, and
    `EnvironmentConflictError` naming both if the sizes differ.
    """
    model = _state.model
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


def model_parallel_is_initialized() -> bool:
    """Return whether the model parallel groups exist."""
    return _state.model is not None


def destroy_model_parallel() -> None:
    """Destroy the model parallel groups; the world stays. Idempotent, local to the process.

    The next `initialize_model_parallel` gives the groups the names they had (`tp:0`).
    """
    model, _state.model = _state.model, None
    if model is not None:
        _destroy_groups(model.groups)


def destroy_distributed_environment() -> None:
    """Leave the world: destroy every group and stop serving. Idempotent, local to the process.

    Destroys the model parallel groups too, which cannot outlive the world. torch.distributed is
    left initialised if somebody else had initialised it.
    """
    destroy_model_parallel()
    world, _state.world = _state.world, None
    inner, _state.inner_dp_world = _state.inner_dp_world, None
    environment, _state.environment = _state.environment, None
    if inner is not None and inner is not world:
        inner.destroy()
    if world is not None:
        world.destroy()
    if environment is not None:
        environment.leave()


def cleanup_dist_env_and_memory(shutdown_ray: bool = False) -> None:
    """Undo everything: destroy groups and environment, collect garbage, empty the accelerator's
    cache, and with `shutdown_ray` shut Ray down. Idempotent, local to the process.
    """
    destroy_model_parallel()
    destroy_distributed_environment()
    if shutdown_ray:
        importlib.import_module("ray").shutdown()
    gc.collect()
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()


def _replace_active_groups(
    *,
    world: GroupCoordinator | None,
    dp: GroupCoordinator | None,
    ep: GroupCoordinator | None,
    eplb: GroupCoordinator | None,
    node_count: int | None,
) -> None:
    """Put other groups in the place of the current ones, and destroy those; None leaves none.

    For a world that grows or shrinks while it runs: the new groups, `StatelessGroupCoordinator`s
    as a rule, are made while the old ones live. The tensor, context and pipeline groups stay. A
    group that is passed and was current before stays too. The sizes known are brought up to date
    from `world` and `dp`; `node_count`, unless it is None, is what `get_node_count` returns
    from then on. Local to the process; every rank does it.
    Raises, and changes nothing: `InvalidTypeError`, `GroupNotInitializedError` before
    `initialize_model_parallel`, `ParallelSizeError` if the new sizes do not fit each other.
    """
    new = {"world": world, "dp": dp, "ep": ep, "eplb": eplb}
    for name, group in new.items():
        if group is not None and not isinstance(group, GroupCoordinator):
            raise InvalidTypeError(f"{name} must be a GroupCoordinator or None, got {group!r}")
    environment, model = _state.environment, _state.model
    if environment is None or model is None:
        raise GroupNotInitializedError(
            "there are no groups to replace: call init_distributed_environment() and then "
            "initialize_model_parallel() first, on every rank"
        )
    topology = model.topology
    if world is not None and dp is not None:
        topology = Topology(world.world_size, replace(topology.sizes, data=dp.world_size))
    old = {"world": _state.world, **model.groups}
    groups = {name: group for name, group in {**old, **new}.items() if group is not None}
    _state.world = groups.pop("world", None)
    _state.model = _ModelParallel(topology, groups)
    if node_count is not None:
        environment.node_count = node_count
    if ep is not None and dp is not None:
        ep._exchange_tokens_over([group for group in (groups.get("pcp"), dp) if group is not None])
    kept = {id(group) for group in new.values()}
    for name in new:
        group = old.get(name)
        if group is not None and id(group) not in kept:
            group.destroy()


def init_world_group(ranks: list[int], local_rank: int, backend: str) -> GroupCoordinator:
    """Return a new coordinator over `ranks`, which are all ranks of the world.

    For code that builds its own state; `init_distributed_environment` does this already.
    Collective over the world. Raises as `init_model_parallel_group` does.
    """
    environment, _ = _require_environment("init_world_group")
    if ranks != list(range(environment.world_size)):
        raise InvalidArgumentError(
            f"init_world_group: ranks={ranks!r} must be all ranks of the world, ascending: "
            f"list(range({environment.world_size}))",
            ranks=repr(ranks),
            world_size=environment.world_size,
        )
    return init_model_parallel_group([ranks], local_rank, backend, group_name="world")


def init_model_parallel_group(
    group_ranks: list[list[int]],
    local_rank: int,
    backend: str,
    use_message_queue_broadcaster: bool = False,
    group_name: str | None = None,
    use_device_communicator: bool = True,
) -> GroupCoordinator:
    """Return a new coordinator for the list of `group_ranks` that this process's rank is in.

    `group_ranks` is a partition of the world, the same on every rank. The caller owns the
    coordinator and destroys it. Collective over the world. Raises
    `EnvironmentNotInitializedError`; `InvalidRankError` naming a rank that is in no list, in two,
    or not in the world; `RollCallMismatchError` if ranks pass different partitions;
    `RollCallTimeoutError` naming the ranks that do not come before the world's timeout.
    """
    environment, _ = _require_environment("init_model_parallel_group")
    if not isinstance(group_ranks, list) or not all(isinstance(part, list) for part in group_ranks):
        raise InvalidTypeError(f"group_ranks must be a list of lists of ranks, got {group_ranks!r}")
    check_partition(group_ranks, environment.rank, environment.world_size)
    usable = resolve_backend(backend)
    environment.agree(
        "init_model_parallel_group",
        {"group_ranks": group_ranks, "group_name": group_name, "backend": usable},
    )
    return GroupCoordinator(
        group_ranks,
        local_rank,
        usable,
        use_device_communicator,
        use_message_queue_broadcaster,
        group_name,
        environment.timeout,
    )


# Groups


def get_world_group() -> GroupCoordinator:
    """Return the group of all ranks.

    Raises `EnvironmentNotInitializedError` before `init_distributed_environment`.
    """
    return _require_environment("get_world_group")[1]


def get_tp_group() -> GroupCoordinator:
    """Return this rank's tensor parallel group.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return _state.tensor_parallel_patch or _group("tp", "tensor parallel")


def get_pp_group() -> GroupCoordinator:
    """Return this rank's pipeline parallel group.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return _group("pp", "pipeline parallel")


def get_dp_group() -> GroupCoordinator:
    """Return this rank's data parallel group.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return _group("dp", "data parallel")


def get_ep_group() -> GroupCoordinator:
    """Return this rank's expert parallel group: data x prefill context x tensor of its stage.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`, and where the model is
    known to be dense: dense models have no expert parallel group.
    """
    return _group("ep", "expert parallel", " (models known to be dense have none)")


def get_eplb_group() -> GroupCoordinator:
    """Return this rank's group for balancing the load of experts.

    Raises `GroupNotInitializedError` where load balancing is off.
    """
    return _group("eplb", "expert load balancing", " with load balancing of experts enabled")


def get_etp_group() -> GroupCoordinator:
    """Return the group over which single experts are sharded, of vLLM's older designs.

    Raises `GroupNotInitializedError`: no parallel sizes make one, in vLLM neither any more.
    """
    return _group(
        "etp",
        "expert tensor parallel",
        ", which makes none: experts are sharded over the tensor parallel group "
        "(get_tp_group()) or spread over the expert parallel one (get_ep_group())",
    )


def get_dcp_group() -> GroupCoordinator:
    """Return this rank's decode context parallel group, a part of its tensor parallel group.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return _group("dcp", "decode context parallel")


def get_context_model_parallel_group() -> GroupCoordinator:
    """Return this rank's decode context parallel group, by its older name.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return get_dcp_group()


def get_pcp_group() -> GroupCoordinator:
    """Return this rank's prefill context parallel group.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return _group("pcp", "prefill context parallel")


def get_inner_dp_world_group() -> GroupCoordinator:
    """Return the group of all ranks of this data parallel replica, where it spans several nodes.

    Raises `GroupNotInitializedError` where a replica is on one node: it is made by
    `init_distributed_environment` under a configuration with more nodes than one within a replica.
    """
    if _state.inner_dp_world is not None:
        return _state.inner_dp_world
    return _group("inner_dp_world", "inner data parallel world", " with several nodes per replica")


# Sizes and ranks


def get_tensor_model_parallel_world_size() -> int:
    """Return the number of ranks in the tensor parallel group.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return get_tp_group().world_size


def get_tensor_model_parallel_rank() -> int:
    """Return this rank's number inside the tensor parallel group.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return get_tp_group().rank_in_group


def get_pipeline_model_parallel_rank() -> int:
    """Return this rank's stage: its number inside the pipeline parallel group.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return get_pp_group().rank_in_group


def get_decode_context_model_parallel_world_size() -> int:
    """Return the number of ranks in the decode context parallel group.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return get_dcp_group().world_size


def get_decode_context_model_parallel_rank() -> int:
    """Return this rank's number inside the decode context parallel group.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`.
    """
    return get_dcp_group().rank_in_group


def get_dcp_world_size_and_rank(enabled: bool = True) -> tuple[int, int]:
    """Return (size, rank inside) of the decode context parallel group; (1, 0) if not `enabled`.

    Raises `GroupNotInitializedError` before `initialize_model_parallel`, if `enabled`.
    """
    if not enabled:
        return 1, 0
    group = get_dcp_group()
    return group.world_size, group.rank_in_group


def get_node_count() -> int:
    """Return on how many nodes the world's ranks are: places that share memory.

    Found out when the world was joined, so not collective. Raises
    `EnvironmentNotInitializedError` before `init_distributed_environment`.
    """
    return _require_environment("get_node_count")[0].node_count


def is_global_first_rank() -> bool:
    """Return whether this is rank 0 of everything; True in a process that is in no world."""
    if _state.world is not None:
        return _state.world.is_first_rank
    return not dist.is_initialized() or dist.get_rank() == 0


def is_local_first_rank() -> bool:
    """Return whether this is the first rank on its node; True in a process that is in no world."""
    return _state.world is None or _state.world.local_rank == 0


def _make_inner_dp_world(
    environment: Environment, world: GroupCoordinator
) -> GroupCoordinator | None:
    partition = inner_dp_partition(environment.world_size)
    if partition is None or len(partition) == 1:
        return None if partition is None else world
    return GroupCoordinator(
        partition,
        environment.local_rank,
        environment.backend,
        use_device_communicator=False,
        use_message_queue_broadcaster=True,
        group_name="inner_dp_world",
        timeout=environment.timeout,
    )


# For a time, and for a model


@contextmanager
def patch_tensor_parallel_group(tp_group: GroupCoordinator) -> Iterator[None]:
    """Make `get_tp_group` return `tp_group` within a block, as for the draft model of speculative
    decoding, which may have another tensor parallel size.

    The former group is put back also after an exception. Local to the process; ranks do it alike.
    Raises `EnvironmentConflictError` within another such block: that is not re-entrant.
    """
    if not isinstance(tp_group, GroupCoordinator):
        raise InvalidTypeError(
            f"tp_group must be a GroupCoordinator, got {type(tp_group).__name__}"
        )
    current = _state.tensor_parallel_patch
    if current is not None:
        raise EnvironmentConflictError(
            f"the tensor parallel group is patched already, with {current.unique_name}: leave "
            f"that block before patching with {tp_group.unique_name}",
            existing=current.unique_name,
            wanted=tp_group.unique_name,
        )
    _state.tensor_parallel_patch = tp_group
    try:
        yield
    finally:
        _state.tensor_parallel_patch = None


def prepare_communication_buffer_for_model(model: torch.nn.Module) -> None:
    """Let the communicator of every model parallel group size its buffers from `model`.

    Does nothing before `initialize_model_parallel`. Local to the process. Raises
    `InvalidTypeError` for what is no module.
    """
    if not isinstance(model, torch.nn.Module):
        raise InvalidTypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    if _state.model is not None:
        for group in _state.model.groups.values():
            group.prepare_communication_buffer_for_model(model)


def _group(name: str, words: str, note: str = "") -> GroupCoordinator:
    model = _state.model
    group = None if model is None else model.groups.get(name)
    if group is not None:
        return group
    first = "" if _state.environment is not None else "init_distributed_environment() and then "
    raise GroupNotInitializedError(
        f"there is no {words} group: call {first}initialize_model_parallel() first{note}, on "
        f"every rank",
        group=name,
    )


def _require_environment(caller: str) -> tuple[Environment, GroupCoordinator]:
    if _state.environment is None or _state.world is None:
        raise EnvironmentNotInitializedError(
            f"{caller}: this process is in no world: call init_distributed_environment() first, "
            f"on every rank",
            caller=caller,
        )
    return _state.environment, _state.world


def _check_same_world(current: Environment, world_size: int, rank: int) -> None:
    if world_size in (-1, current.world_size) and rank in (-1, current.rank):
        return
    raise EnvironmentConflictError(
        f"this process is in a world already, with {current.describe()}, but "
        f"world_size={world_size}, rank={rank} was asked for: call "
        f"destroy_distributed_environment() first, on every rank",
        existing={"world_size": current.world_size, "rank": current.rank},
        wanted={"world_size": world_size, "rank": rank},
    )


def _destroy_groups(groups: Mapping[str, GroupCoordinator]) -> None:
    for group in reversed(list(groups.values())):
        group.destroy()
