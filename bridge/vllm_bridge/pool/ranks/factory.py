"""Makes ranks: their ids, their listening places, their assignments."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from vllm_bridge._generated import control_pb2
from vllm_bridge.durations import to_duration
from vllm_bridge.pool.observe.observe import Observer
from vllm_bridge.pool.ranks.launcher import Launcher, no_room
from vllm_bridge.pool.ranks.rank import Rank, Seat
from vllm_bridge.pool.server.settings import PoolSettings
from vllm_bridge.pool.sessions.shared_memory import SharedMemory


class RankFactory:
    """What is common to ranks inside and outside worlds."""

    def __init__(
        self,
        pool_name: str,
        launcher: Launcher,
        runtime_dir: Path,
        settings: PoolSettings,
        observer: Observer,
        numbers: Iterator[int],
        memory: SharedMemory,
    ) -> None:
        self._pool_name = pool_name
        self._launcher = launcher
        self._runtime_dir = runtime_dir
        self._settings = settings
        self._observer = observer
        # Shared by all pools of a server, whose ranks listen in one directory.
        self._numbers = numbers
        self._memory = memory

    def create(self, seat: Seat) -> Rank:
        """A rank that has not been started. Its id is never used again."""
        rank_id = f"rank-{next(self._numbers)}"
        rank = Rank(rank_id, seat, self._settings, self._observer.events.publish_rank)
        rank.pool_name = self._pool_name
        rank.on_heartbeat(lambda _, heartbeat: self._observer.metrics.count(heartbeat))
        return rank

    async def start(
        self,
        rank: Rank,
        *,
        timeout: timedelta,
        world: control_pb2.WorldAssignment | None = None,
        rendezvous: socket.socket | None = None,
        board: int | None = None,
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
            max_queue=self._settings.max_queue,
            pool_name=self._pool_name,
            json_logs=self._observer.log.form == "json",
            log_level=self._observer.log.level,
            shared_memory=str(self._memory.directory or ""),
            max_segment_bytes=self._memory.max_segment_bytes,
        )
        policy = self._settings.policy
        assignment.confinement.mode = policy.mode
        assignment.confinement.readable.extend(map(os.fsencode, policy.readable))
        assignment.confinement.writable.extend(map(os.fsencode, policy.writable))
        assignment.heartbeat_interval.CopyFrom(to_duration(self._settings.heartbeat_interval))
        try:
            await rank.start(self._launcher, assignment, rendezvous, board, timeout)
        except OSError as error:
            raise no_room(error) from error
