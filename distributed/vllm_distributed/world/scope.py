"""The world as a block of code."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import torch

from vllm_distributed.errors import EnvironmentConflictError
from vllm_distributed.groups.active import active
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.groups.model_parallel import initialize_model_parallel
from vllm_distributed.world.membership import (
    destroy_distributed_environment,
    init_distributed_environment,
)


@contextlib.contextmanager
def distributed(
    tensor_model_parallel_size: int = 1,
    pipeline_model_parallel_size: int = 1,
    *,
    world_size: int = -1,
    rank: int = -1,
    distributed_init_method: str = "env://",
    local_rank: int = -1,
    backend: str | None = None,
    timeout: timedelta | None = None,
    **sizes: Any,
) -> Iterator[GroupCoordinator]:
    """Join the world, make its groups, and leave it with the block, however that ends.

        with vd.distributed(tensor_model_parallel_size=2) as world:
            total = vd.tensor_model_parallel_all_reduce(torch.ones(4))

    Gives the world's group. `backend` is nccl where CUDA is and gloo elsewhere, unless given. The
    arguments are those of `init_distributed_environment` and, `sizes` among them, of
    `initialize_model_parallel`. Under torchrun nothing but the sizes has to be said.

    Collective over the world on the way in; leaving is local to the process.

    Raises:
        EnvironmentConflictError: this process is in a world already, which is left as it is.
        As these two functions do; nothing is left of what they had made then.
    """
    if active.environment is not None:
        raise EnvironmentConflictError(
            "this process is in a world already: a block of distributed() makes and leaves one of "
            "its own. Leave the other with destroy_distributed_environment() first"
        )
    backend = backend or ("nccl" if torch.cuda.is_available() else "gloo")
    try:
        init_distributed_environment(
            world_size, rank, distributed_init_method, local_rank, backend, timeout
        )
        initialize_model_parallel(tensor_model_parallel_size, pipeline_model_parallel_size, **sizes)
        world = active.world
        if world is None:
            raise RuntimeError("the world has no group")
        yield world
    finally:
        destroy_distributed_environment()
