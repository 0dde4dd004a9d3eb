"""Makes ranks: their ids, their listening places, their assignments."""

from __future__ import annotations

import itertools
import socket
from datetime import timedelta
from pathlib import Path

from vllm_bridge._generated import control_pb2
from vllm_bridge.pool.launcher import Launcher
from vllm_bridge.pool.ranks import Rank, Seat
from vllm_bridge.pool.settings import PoolSettings


class RankFactory:
    """What is common to ranks inside and outside worlds."""

    def __init__(self, launcher: Launcher, runtime_dir: Path, settings: PoolSettings) -> None:
        self._launcher = launcher
        self._runtime_dir = runtime_dir
        self._settings = settings
        self._numbers = itertools.count()

    def create(self, seat: Seat) -> Rank:
        """A rank that has not been started. Its id is never used again."""
        return Rank(f"rank-{next(self._numbers)}", seat, self._settings)

    async def start(
        self,
        rank: Rank,
        *,
        timeout: timedelta,
        world: control_pb2.WorldAssignment | None = None,
        rendezvous: socket.socket | None = None,
    ) -> None:
        """Start it and wait until it serves. Raises as `Rank.start`."""
        path = self._runtime_dir / f"{rank.rank_id}.sock"
        rank.on_death(lambda _: path.unlink(missing_ok=True))
        assignment = control_pb2.RankAssignment(
            rank_id=rank.rank_id,
            listen=f"unix:{path}",
            world=world,
            allowed_prefixes=self._settings.allowed_prefixes,
            max_message_bytes=self._settings.max_message_bytes,
        )
        await rank.start(self._launcher, assignment, rendezvous, timeout)
