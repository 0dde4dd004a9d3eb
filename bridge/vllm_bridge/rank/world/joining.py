"""Joining the world a rank was assigned to."""

from __future__ import annotations

import socket
from collections.abc import Callable

import vllm_distributed
from vllm_bridge._generated.control_pb2 import WorldAssignment
from vllm_bridge.durations import from_duration
from vllm_bridge.world_sizes import WorldSizes
from vllm_distributed.flight import recording
from vllm_distributed.store import rendezvous
from vllm_distributed.topology import ParallelSizes
from vllm_distributed.world.standby import StandbyGroups, create_standby_groups


def standby(world: WorldAssignment, watch: Callable[[], None] | None = None) -> StandbyGroups:
    """Make the groups of a world that some of its ranks are in already.

    Raises:
        vllm_distributed.errors.DistributedError: sizes that do not fit, a peer that did not come.
        Whatever `watch` raises, which is called while it waits.
    """
    sizes = WorldSizes.of(world)
    return create_standby_groups(
        world.world_size,
        world.rank,
        world.init_method,
        world.local_rank,
        world.backend,
        from_duration(world.timeout),
        ParallelSizes(
            tensor=sizes.tensor_parallel_size,
            pipeline=sizes.pipeline_parallel_size,
            data=sizes.data_parallel_size,
            prefill_context=sizes.prefill_context_parallel_size,
            decode_context=sizes.decode_context_parallel_size,
        ),
        frozenset(world.new_ranks),
        watch,
    )


def join_changing(world: WorldAssignment) -> None:
    """Come to a world that others are in already: they switch to its groups when all have them."""
    standby(world).switch()


def join(world: WorldAssignment, listener: socket.socket | None) -> None:
    """Initialise this process's environment and groups; returns when every rank has.

    `listener` is the rendezvous socket of the pool, already listening; only rank 0 has it.

    Raises:
        vllm_distributed.errors.DistributedError: sizes that do not fit, a peer that did not come.
    """
    recording.start()
    if listener is not None:
        rendezvous.adopt_listen_socket(listener)
    if world.new_ranks:
        join_changing(world)
        return
    vllm_distributed.init_distributed_environment(
        world_size=world.world_size,
        rank=world.rank,
        distributed_init_method=world.init_method,
        local_rank=world.local_rank,
        backend=world.backend,
        timeout=from_duration(world.timeout),
    )
    vllm_distributed.initialize_model_parallel(**WorldSizes.of(world).arguments())
