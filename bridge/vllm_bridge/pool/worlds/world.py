"""One world: its state, its ranks, and how it is told."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from vllm_bridge._generated import pool_pb2
from vllm_bridge.pool.launchers.protocol import Launch
from vllm_bridge.pool.observe.events import Events
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.ranks.rank_info import rank_info
from vllm_bridge.pool.ranks.spares import Spares
from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.pool.worlds.turns import Turns
from vllm_bridge.pool.worlds.world_spec import WorldSpec
from vllm_bridge.process import logs

_logger = logging.getLogger("vllm_bridge.pool")


@dataclass(eq=False)
class World:
    """A world, from the first request for it until it is forgotten."""

    world_id: str
    epoch: int
    spec: WorldSpec
    # Of its runs.
    turns: Turns
    # For its next epochs.
    spares: Spares
    # How often its ranks have changed in this epoch.
    generation: int = 0
    state: pool_pb2.WorldState = pool_pb2.WORLD_STARTING
    failure: str = ""
    # Why it was stopped: a clause, e.g. "was stopped because its owner has ended".
    stopped: str = ""
    ranks: list[Rank] = field(default_factory=list)
    sessions: list[SessionEntry] = field(default_factory=list)
    # Set by a StopWorld that comes while it is starting.
    stop_requested: asyncio.Event = field(default_factory=asyncio.Event)
    # Set once it is up, or nothing of it is left.
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    closing: asyncio.Task[None] | None = None
    # Of this epoch's ranks; None: they were forked here, or none were started yet.
    launch: Launch | None = None

    @property
    def live(self) -> bool:
        """Whether its id is taken."""
        return self.state in (
            pool_pb2.WORLD_STARTING,
            pool_pb2.WORLD_READY,
            pool_pb2.WORLD_DEGRADED,
        )

    def to_message(self, *, direct: bool) -> pool_pb2.World:
        """As clients see it."""
        return pool_pb2.World(
            world_id=self.world_id,
            epoch=self.epoch,
            state=self.state,
            world_size=self.spec.world_size,
            backend=self.spec.backend,
            failure=self.failure,
            gate=self.spec.gate,
            pool_name=self.spec.pool_name,
            concurrent=self.spec.concurrent,
            on_failure=(pool_pb2.ON_FAILURE_KEEP if self.spec.keep else pool_pb2.ON_FAILURE_FAIL),
            spare_ranks=self.spec.spare_ranks,
            distributed_executor_backend=self.spec.launch.distributed_executor_backend,
            nnodes=self.spec.launch.nnodes,
            generation=self.generation,
            run=self.turns.info(),
            runs_waiting=self.turns.waiting,
            ranks=[
                rank_info(rank, session_of(self.world_id, index), direct=direct)
                for index, rank in enumerate(self.ranks)
            ],
            groups=[
                pool_pb2.WorldGroup(dimension=dimension, ranks=ranks)
                for dimension, ranks in self.spec.sizes.groups()
            ],
            **self.spec.sizes.named(),
        )


def session_of(world_id: str, rank: int) -> str:
    """The id of the session that belongs to a rank of a world."""
    return f"{world_id}/rank-{rank}"


def world_event(world: World) -> pool_pb2.Event:
    """A world as it is now."""
    return pool_pb2.Event(world=world.to_message(direct=False))


def publish_world(events: Events, world: World) -> None:
    """Tell of the new state of a world."""
    state = pool_pb2.WorldState.Name(world.state).removeprefix("WORLD_").lower()
    broken = (pool_pb2.WORLD_FAILED, pool_pb2.WORLD_DEGRADED)
    level = logging.ERROR if world.state in broken else logging.INFO
    message = f"world {world.world_id} is {state}" + (f": {world.failure}" if world.failure else "")
    logs.log(_logger, level, message, world_id=world.world_id, epoch=world.epoch)
    events.publish(lambda: world_event(world), world.world_id)
