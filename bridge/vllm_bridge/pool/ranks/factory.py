"""Makes ranks: their ids, their listening places, their assignments."""

from __future__ import annotations

import itertools
import os
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from vllm_bridge._generated import control_pb2, rank_pb2
from vllm_bridge.durations import to_duration
from vllm_bridge.pool.launchers.local import LocalLauncher, LocalRank
from vllm_bridge.pool.launchers.protocol import Place, RankProcess, no_room
from vllm_bridge.pool.observe import Observer
from vllm_bridge.pool.observe.emissions import Emissions
from vllm_bridge.pool.observe.logs.hub import Source
from vllm_bridge.pool.ranks.rank import Rank, RankPosition
from vllm_bridge.pool.ranks.rank_info import publish_rank
from vllm_bridge.pool.ranks.spares import Spare
from vllm_bridge.pool.settings import PoolSettings
from vllm_bridge.process.host import host_identity
from vllm_bridge.transport.address import TcpAddress, why_no_socket
from vllm_bridge.transport.call_tokens import new_key


@dataclass(frozen=True)
class Host:
    """What the ranks of all pools of a server have in common."""

    launcher: LocalLauncher
    # Where they listen.
    runtime_dir: Path
    observer: Observer
    # The directory of the segments of shared memory; None: there are none.
    shared_memory: Path | None = None
    max_segment_bytes: int = 0
    # Of their ids.
    numbers: Iterator[int] = field(default_factory=itertools.count)


class RankFactory:
    """What is common to ranks inside and outside worlds."""

    def __init__(self, pool_name: str, settings: PoolSettings, host: Host) -> None:
        self._pool_name = pool_name
        self._settings = settings
        self._host = host

    @property
    def launcher(self) -> LocalLauncher:
        """Forks ranks on this host."""
        return self._host.launcher

    async def fork(self) -> LocalRank:
        """A process that waits for its assignment. Raises as `LocalLauncher.start`."""
        return await self._host.launcher.start(self._next_id(), None, None)

    def create(self, position: RankPosition, spare: Spare | None = None) -> Rank:
        """A rank that has not been started; of that process, if one is given. Its id is never used
        again."""
        rank_id = spare.process.rank_id if spare else self._next_id()
        observer = self._host.observer
        rank = Rank(rank_id, position, self._settings, partial(publish_rank, observer.events))
        rank.pool_name = self._pool_name
        rank.on_death(lambda _: observer.logs.ended(rank_id))
        rank.emitted = partial(_publish_emission, observer.emissions)
        rank.on_heartbeat(partial(_count, observer))
        if observer.traces is not None:
            rank.traced = observer.traces.of_rank
        return rank

    def _next_id(self) -> str:
        return f"rank-{next(self._host.numbers)}"

    def _place(self, rank: Rank, assignment: control_pb2.RankAssignment) -> None:
        """Where a rank listens that has a directory of its own."""
        directory = Path(rank.place.directory)
        frames = directory / f"{rank.rank_id}.frames.sock"
        assignment.listen = f"unix:{directory / rank.rank_id}.sock"
        assignment.listen_frames = f"unix:{frames}" if why_no_socket(frames) is None else ""
        if not _is_near(rank.place):
            assignment.shared_memory = ""
            assignment.listen_frames = ""
            assignment.listen_far = str(TcpAddress(rank.place.address, 0))
            assignment.call_key = rank.call_key = new_key()

    async def start(
        self,
        rank: Rank,
        *,
        timeout: timedelta,
        process: Callable[[], Awaitable[RankProcess]] | None = None,
        world: control_pb2.WorldAssignment | None = None,
        before: Callable[[Rank, control_pb2.RankAssignment], Awaitable[None]] | None = None,
    ) -> None:
        """Start it, in that process or a forked one, and wait until it serves. Raises as
        `Rank.start`."""
        host = self._host
        path = host.runtime_dir / f"{rank.rank_id}.sock"
        frames = host.runtime_dir / f"{rank.rank_id}.frames.sock"
        rank.on_death(lambda _: _remove(path, frames))
        assignment = control_pb2.RankAssignment(
            rank_id=rank.rank_id,
            listen=f"unix:{path}",
            # Its name is the longer one; a rank without it takes all calls over gRPC.
            listen_frames=f"unix:{frames}" if why_no_socket(frames) is None else "",
            world=world,
            allowed_prefixes=self._settings.allowed_prefixes,
            max_message_bytes=self._settings.max_message_bytes,
            max_queue=self._settings.max_queue,
            pool_name=self._pool_name,
            # What they say of themselves is for readers; the operator's form is made here.
            json_logs=True,
            log_level=host.observer.log.level,
            shared_memory=str(host.shared_memory or ""),
            max_segment_bytes=host.max_segment_bytes,
            traces=host.observer.traces is not None,
        )
        policy = self._settings.policy
        assignment.confinement.mode = policy.mode
        assignment.confinement.readable.extend(map(os.fsencode, policy.readable))
        assignment.confinement.writable.extend(map(os.fsencode, policy.writable))
        assignment.heartbeat_interval.CopyFrom(to_duration(self._settings.heartbeat_interval))

        async def complete() -> None:
            if rank.place.directory:
                self._place(rank, assignment)
            if before is not None:
                await before(rank, assignment)

        position, log_lines = rank.position, host.observer.logs
        log_lines.place(rank.rank_id, Source(position.world_id, position.epoch, rank.number))
        try:
            await rank.start(
                process or partial(host.launcher.start, rank.rank_id, None, None),
                assignment,
                timeout,
                complete,
            )
        except OSError as error:
            raise no_room(error) from error
        finally:
            if not rank.ready:
                log_lines.ended(rank.rank_id)


def _count(observer: Observer, rank: Rank, heartbeat: control_pb2.Heartbeat) -> None:
    observer.metrics.count(heartbeat)
    observer.traffic.add(rank.position.world_id, heartbeat.counts)
    rank.observed.take(heartbeat)


def _is_near(place: Place) -> bool:
    """Whether a rank that dialled in is on this host, and its sockets can be reached."""
    if place.host != host_identity():
        return False
    try:
        return os.stat(place.directory).st_uid == os.geteuid()
    except OSError:
        return False


def _publish_emission(emissions: Emissions, rank: Rank, emission: rank_pb2.Emission) -> None:
    # Where it comes from is what the pool knows, not what the rank says.
    emission.world_id = rank.position.world_id
    emission.dropped = 0
    if emission.world_id:
        emission.rank = rank.position.index
    else:
        emission.ClearField("rank")
    emissions.publish(emission)


def _remove(*sockets: Path) -> None:
    for path in sockets:
        path.unlink(missing_ok=True)
