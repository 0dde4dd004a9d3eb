"""What the current configuration says about the world that a process joins, and its groups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from vllm_distributed.config.current import get_current_parallel_config_or_none
from vllm_distributed.durations import of_seconds
from vllm_distributed.errors import ParallelSizeError
from vllm_distributed.logger import logger
from vllm_distributed.utils import get_distributed_init_method

if TYPE_CHECKING:
    from vllm_distributed.config.parallel import ParallelConfig

__all__ = [
    "ModelRequest",
    "WorldRequest",
    "configured_model",
    "configured_world",
    "inner_dp_partition",
]


@dataclass(frozen=True)
class WorldRequest:
    """What `init_distributed_environment` was asked for; -1: not said."""

    world_size: int
    rank: int
    init_method: str
    local_rank: int
    timeout: timedelta | None
    cpu_timeout: timedelta | None = None
    """Of groups on the CPU, where it is another one."""


@dataclass(frozen=True)
class ModelRequest:
    """What `initialize_model_parallel` was asked for beyond the sizes it names; None: not said."""

    data_parallel_size: int | None
    is_moe_model: bool | None
    enable_eplb: bool | None

    @property
    def data(self) -> int:
        """The data parallel size."""
        return 1 if self.data_parallel_size is None else self.data_parallel_size

    @property
    def has_experts(self) -> bool:
        """Whether there is an expert parallel group: unless the model is known to be dense."""
        return self.is_moe_model is not False

    @property
    def balances_experts(self) -> bool:
        """Whether there is a group for balancing the load of experts."""
        return self.has_experts and bool(self.enable_eplb)


def configured_world(asked: WorldRequest, joins: bool) -> WorldRequest:
    """Return what was asked for, having added what the current configuration says.

    Of one replica of several, or on one node of several, `rank` and `world_size` count within the
    replica: the world is that of all replicas, and it meets where the configuration says. Not so
    where no rank was given (the environment that says it, torchrun's, speaks of the whole world)
    and under `external_launcher`. `joins`: the world is still to be joined, which takes a port.

    Raises `ParallelSizeError` if the world size is not that of a replica, `InvalidArgumentError` if
    the configuration's replicas cannot share its nodes.
    """
    config = get_current_parallel_config_or_none()
    if config is None:
        return asked
    if not (isinstance(asked.rank, int) and isinstance(asked.world_size, int)):
        return asked  # joining refuses it
    config.nnodes_within_dp  # noqa: B018 - raises where it makes no sense
    if asked.timeout is None:  # one that was asked for holds for all groups
        asked = replace(
            asked,
            timeout=_seconds(config.distributed_timeout_seconds),
            cpu_timeout=_seconds(config.cpu_distributed_timeout_seconds),
        )
    launched = config.distributed_executor_backend == "external_launcher"
    if launched or (config.data_parallel_size == 1 and config.nnodes == 1) or asked.rank == -1:
        return asked
    if asked.world_size not in (-1, config.world_size):
        raise ParallelSizeError(
            f"world_size={asked.world_size} was asked for, but a replica of the current "
            f"ParallelConfig has {config.world_size} ranks (pipeline x tensor x prefill context): "
            f"pass that, or -1; the {config.data_parallel_size} replicas are counted besides",
            world_size=asked.world_size,
            replica=config.world_size,
        )
    if not 0 <= asked.rank < config.world_size:
        raise ParallelSizeError(
            f"rank={asked.rank} is not in a replica of {config.world_size} ranks "
            f"(0..{config.world_size - 1}); under the current ParallelConfig ranks count within "
            f"the replica, and data_parallel_rank={config.data_parallel_rank} is added",
            rank=asked.rank,
            replica=config.world_size,
        )
    rank = config.data_parallel_rank * config.world_size + asked.rank
    size = config.world_size_across_dp
    local_rank = asked.local_rank
    if local_rank == -1 and config.nnodes > 1 and not asked.init_method.startswith("env://"):
        local_rank = rank % max(size // config.nnodes, 1)
    method = asked.init_method
    if joins:
        method = _rendezvous_address(config)
        logger.debug("rank %d of %d joins at %s", rank, size, method)
    return replace(asked, world_size=size, rank=rank, init_method=method, local_rank=local_rank)


def inner_dp_partition(world_size: int) -> list[list[int]] | None:
    """Return the ranks of each replica, where one spans several nodes; else None.

    Raises `ParallelSizeError` if the world is not that of the current configuration.
    """
    config = get_current_parallel_config_or_none()
    if config is None or config.nnodes_within_dp == 1:
        return None
    if world_size != config.world_size_across_dp:
        raise ParallelSizeError(
            f"the world has {world_size} ranks, but the current ParallelConfig is of "
            f"{config.world_size_across_dp} (data parallel size x ranks of a replica)",
            world_size=world_size,
            wanted=config.world_size_across_dp,
        )
    replica = world_size // config.data_parallel_size
    return [list(range(first, first + replica)) for first in range(0, world_size, replica)]


def configured_model(asked: ModelRequest) -> ModelRequest:
    """Return what was asked for; the current configuration fills in the rest."""
    config = get_current_parallel_config_or_none()
    if config is None:
        return asked
    return ModelRequest(
        config.data_parallel_size if asked.data_parallel_size is None else asked.data_parallel_size,
        config.is_moe_model if asked.is_moe_model is None else asked.is_moe_model,
        config.enable_eplb if asked.enable_eplb is None else asked.enable_eplb,
    )


def _rendezvous_address(config: ParallelConfig) -> str:
    if config.nnodes > 1:
        return get_distributed_init_method(config.master_addr, config.master_port)
    return get_distributed_init_method(
        config.data_parallel_master_ip, config.get_next_dp_init_port()
    )


def _seconds(seconds: int | None) -> timedelta | None:
    return None if seconds is None else of_seconds(seconds)
