"""Joining the world and leaving it."""

from __future__ import annotations

import gc
import importlib
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

from vllm_distributed.config.world import WorldRequest, configured_world, inner_dp_partition
from vllm_distributed.errors import EnvironmentConflictError, LibraryMissingError
from vllm_distributed.forks import belongs_to_this_process, keep_in_children
from vllm_distributed.groups.active import active
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.groups.model_parallel import destroy_model_parallel
from vllm_distributed.world.environment import Environment, join

__all__ = [
    "cleanup_dist_env_and_memory",
    "destroy_distributed_environment",
    "init_distributed_environment",
]


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
    `env://`, which reads MASTER_ADDR, MASTER_PORT, RANK and WORLD_SIZE as torchrun sets them, or
    `file://` and the whole path of a file, whatever characters are in it, or a scheme registered
    with torch. Gloo listens on the address from which this process reached the store, unless
    GLOO_SOCKET_IFNAME or VLLM_HOST_IP names another. -1 for `world_size` or `rank` means what the
    init method says; -1 for `local_rank` means LOCAL_RANK with `env://`, else the rank. A backend
    that torch knows but that cannot run here (`nccl` without CUDA) is replaced by gloo, with a
    warning once.
    `timeout` (default 30 minutes) bounds the joining and every later operation of every group;
    longer than ten years is as long. Ctrl-C ends the joining at once, and the others are told.

    If torch.distributed is initialised already, by torchrun code of one's own for instance, that
    is adopted, and left in place by destroy. A second call with the same sizes does nothing.

    Under `set_current_parallel_config`, of one replica of several or on several nodes, `world_size`
    and `rank` count within the replica: the world is that of all replicas and meets where the
    configuration says, whatever the init method; its timeout holds where none is given; and where a
    replica spans several nodes its ranks get a group of their own (`get_inner_dp_world_group`). A
    rank that is not given comes from the init method and then counts in the whole world.

    Collective over the world. A call that fails leaves nothing behind.

    Raises:
        InvalidArgumentError: for values that make no sense.
        UnknownBackendError
        RendezvousTimeoutError: if rank 0 cannot be reached in time.
        RollCallTimeoutError: naming the ranks that did not come.
        RollCallMismatchError: if ranks disagree on the world's size.
        EnvironmentConflictError: if this process is in a world of another size already.
    """
    current = active.environment
    asked = configured_world(
        WorldRequest(world_size, rank, distributed_init_method, local_rank, timeout),
        joins=current is None and not dist.is_initialized(),
    )
    if current is not None:
        belongs_to_this_process(current, "the world")
        _check_same_world(current, asked.world_size, asked.rank)
        return
    environment = join(
        asked.world_size,
        asked.rank,
        asked.init_method,
        asked.local_rank,
        backend,
        asked.timeout,
        asked.cpu_timeout,
    )
    world: GroupCoordinator | None = None
    try:
        with environment.making:
            world = GroupCoordinator(
                [list(range(environment.world_size))],
                environment.local_rank,
                environment.backend,
                use_device_communicator=True,
                group_name="world",
            )
            inner = _make_inner_dp_world(environment, world)
    except BaseException:
        if world is not None:
            world.destroy()
        environment.leave()
        raise
    active.environment, active.world, active.inner_dp_world = environment, world, inner
    keep_in_children(environment)


def destroy_distributed_environment() -> None:
    """Leave the world: destroy every group and stop serving. Idempotent, local to the process.

    Destroys the model parallel groups too, which cannot outlive the world. torch.distributed is
    left initialised if somebody else had initialised it.
    """
    destroy_model_parallel()
    world, active.world = active.world, None
    inner, active.inner_dp_world = active.inner_dp_world, None
    environment, active.environment = active.environment, None
    if inner is not None and inner is not world:
        inner.destroy()
    if world is not None:
        world.destroy()
    if environment is not None:
        environment.leave()


def cleanup_dist_env_and_memory(shutdown_ray: bool = False) -> None:
    """Undo everything: destroy groups and environment, collect garbage, empty the accelerator's
    cache, and with `shutdown_ray` shut Ray down. Idempotent, local to the process.

    Raises:
        LibraryMissingError: if Ray shall be shut down and is not installed: then nothing is undone.
    """
    ray = _ray() if shutdown_ray else None
    destroy_model_parallel()
    destroy_distributed_environment()
    if ray is not None:
        ray.shutdown()
    gc.collect()
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()


def _ray() -> Any:
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise LibraryMissingError(
            f"shutdown_ray=True needs the library ray, which cannot be imported here ({error}): "
            f"install it, or call cleanup_dist_env_and_memory() without shutdown_ray: there is no "
            f"Ray to shut down. Nothing was destroyed",
            library="ray",
        ) from error


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
    )


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
