"""What this machine has, as far as a configuration depends on it."""

from __future__ import annotations

import sys

import torch

__all__ = ["accelerator_count", "in_ray_placement_group"]


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
