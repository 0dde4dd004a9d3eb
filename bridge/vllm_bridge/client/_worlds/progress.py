"""How far something is that takes long: a world that starts, a module that ranks import."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.checks import wrong_type

_logger = logging.getLogger("vllm_bridge.client")


@dataclass(frozen=True)
class Progress:
    """How far it is: so many ranks of all are done.

    `rank` is the one that has just come so far, or failed to; None where it is of none. `world` is
    a world that starts, as it is now, with its ranks and their states; None of anything else.
    """

    done: int
    total: int
    rank: int | None = None
    world: pool_pb2.World | None = None


OnProgress = Callable[[Progress], object]


def check(on_progress: OnProgress | None) -> None:
    """Raise unless it can be called."""
    if on_progress is not None and not callable(on_progress):
        raise wrong_type("on_progress", on_progress, "a function of a Progress, or None")


def world_id_or_new(world_id: str) -> str:
    """The id to watch before the pool can have chosen one."""
    return world_id or f"world-{secrets.token_hex(4)}"


class Telling:
    """Tells a function how far it is. What the function raises does not disturb what goes on."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._world: pool_pb2.World | None = None
        self._done = 0
        self._over = False

    def event(self, event: pool_pb2.Event) -> None:
        """Something of a world that starts has changed."""
        if self._over:
            return
        rank: int | None = None
        if event.HasField("world"):
            self._world = event.world
        elif event.HasField("rank") and self._world is not None:
            rank = event.rank.rank.rank
            left = [known for known in self._world.ranks if known.rank != rank]
            ranks = sorted([*left, event.rank.rank], key=lambda known: known.rank)
            del self._world.ranks[:]
            self._world.ranks.extend(ranks)
        if self._world is not None:
            self._tell_of(self._world, rank)

    def started(self, world: pool_pb2.World) -> None:
        """It is there; nothing is told after this."""
        self._over = True
        self._tell_of(world, None)

    def ended(self, rank: int, total: int) -> None:
        """A rank has done its part, of so many."""
        self._done += 1
        self._tell(Progress(self._done, total, rank))

    def _tell_of(self, world: pool_pb2.World, rank: int | None) -> None:
        ready = (pool_pb2.READY, pool_pb2.OVERDUE)
        done = sum(known.state in ready for known in world.ranks)
        told = pool_pb2.World()
        told.CopyFrom(world)
        self._tell(Progress(done, world.world_size, rank, told))

    def _tell(self, progress: Progress) -> None:
        if self._on_progress is None:
            return
        try:
            self._on_progress(progress)
        except Exception:
            _logger.exception("on_progress failed")
