"""What this machine has, as far as a configuration depends on it, and which executor that makes."""

from __future__ import annotations

import sys

import torch

from vllm_distributed.config.fields import ParallelFields
from vllm_distributed.errors import InvalidArgumentError

__all__ = ["accelerator_count", "choose_executor", "in_ray_placement_group"]


def accelerator_count() -> int:
    """Return the number of CUDA or ROCm devices.

    torch asks the driver's management library first, which leaves this process free to fork.
    """
    return torch.cuda.device_count()


def in_ray_placement_group() -> bool:
    """Return whether this process runs inside a placement group of Ray."""
    ray = sys.modules.get("ray")  # where it was never imported it cannot be running
    if ray is None or not ray.is_initialized():
        return False
    return ray.util.get_current_placement_group() is not None


def choose_executor(config: ParallelFields) -> str:
    """Return the backend for a configuration that names none.

    `uni` for one process; `mp` on several nodes; `ray` where the data parallel backend is Ray or
    the process runs in a placement group; else `mp`. Raises `InvalidArgumentError` where there are
    accelerators on this node, but fewer than the configuration wants on it.
    """
    if config.world_size == 1:
        return "uni"
    if config.nnodes > 1:
        return "mp"
    if (
        config.data_parallel_backend == "ray"
        or config.placement_group is not None
        or in_ray_placement_group()
    ):
        return "ray"
    devices = accelerator_count()
    if 0 < devices < config.world_size:
        raise InvalidArgumentError(
            f"world_size={config.world_size} (pipeline x tensor x prefill context parallel size) "
            f"is more than the {devices} accelerators of this node: set nnodes, or "
            f"distributed_executor_backend='ray', to use those of other nodes; or "
            f"distributed_executor_backend='mp' to start that many processes here all the same",
            world_size=config.world_size,
            accelerators=devices,
        )
    return "mp"
