"""Joining the world a rank was assigned to."""

from __future__ import annotations

import socket

import vllm_distributed
from vllm_bridge._generated.control_pb2 import WorldAssignment
from vllm_bridge.durations import from_duration
from vllm_bridge.world_sizes import WorldSizes
from vllm_distributed.store import rendezvous


def join(world: WorldAssignment, listener: socket.socket | None) -> None:
    """Initialise this process's environment and groups; returns when every rank has.

    `listener` is the rendezvous socket of the pool, already listening; only rank 0 has it.

    Raises:
        vllm_distributed.errors.DistributedError: sizes that do not fit, a peer that did not come.
    """
    if listener is not None:
        rendezvous.adopt_listen_socket(listener)
    vllm_distributed.init_distributed_environment(
        world_size=world.world_size,
        rank=world.rank,
        distributed_init_method=world.init_method,
        local_rank=world.local_rank,
        backend=world.backend,
        timeout=from_duration(world.timeout),
    )
    vllm_distributed.initialize_model_parallel(**WorldSizes.of(world).arguments())
