"""Worlds: N ranks that start together, stop together, and fail together unless asked not to."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from vllm_bridge._generated import control_pb2, pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launchers.protocol import Launch, no_room
from vllm_bridge.pool.launchers.registry import Launchers
from vllm_bridge.pool.observe import Observer
from vllm_bridge.pool.ranks.pools import Pools
from vllm_bridge.pool.ranks.rank import Rank, RankPosition
from vllm_bridge.pool.ranks.rank_info import inspect
from vllm_bridge.pool.ranks.spares import Spares
from vllm_bridge.pool.sessions.drain import Drain
from vllm_bridge.pool.sessions.expiry import Ended
from vllm_bridge.pool.sessions.session_entry import worker_gone
from vllm_bridge.pool.sessions.sessions import Sessions
from vllm_bridge.pool.settings.launch_options import MP
from vllm_bridge.pool.worlds.diagnosis import diagnose
from vllm_bridge.pool.worlds.elastic import Elastic
from vllm_bridge.pool.worlds.gate import Gate
from vllm_bridge.pool.worlds.meeting import Meeting
from vllm_bridge.pool.worlds.starting import (
    all_or_first_failure,
    check_wanted,
    kill_world,
    local_launch,
    start_rank,
    stop_world,
    unless_stopped,
)
from vllm_bridge.pool.worlds.turns import Turns
from vllm_bridge.pool.worlds.world import World, publish_world
from vllm_bridge.pool.worlds.world_spec import WorldSpec, check_world_id
from vllm_bridge.process import background

_MAX_ENDED = 256

_STOPPED = "was stopped"

# From the death of a rank until it is known here. As for the calls of its world.
_DEATH_SECONDS = 2.0


class Worlds:
    """All worlds of the server, and the latest of those that are over."""

    def __init__(
        self,
        pools: Pools,
        sessions: Sessions,
        observer: Observer,
        drain: Drain | None = None,
        launchers: Launchers | None = None,
    ) -> None:
        self._pools = pools
        self._sessions = sessions
        self._events = observer.events
        self._drain = drain or Drain()
        self._launchers = launchers or Launchers([])
        self._gate = Gate(observer, self._holder, self._seen)
        self._live: dict[str, World] = {}
        self.elastic = Elastic(self, pools, sessions, self._gate, self._events)
        self._over: Ended[World] = Ended(_MAX_ENDED, self._forget)
        self._numbers = itertools.count(1)
        # No world, also one whose predecessor has been forgotten, starts at an epoch used before.
        self._forgotten_epoch = 0

    def all(self) -> list[World]:
        """Those that are over first."""
        return self._over.values() + list(self._live.values())

    def get(self, world_id: str) -> World:
        """The world, also one that is over.

        Raises:
            BridgeError: `world_not_found`.
        """
        world = self._live.get(world_id) or self._over.get(world_id)
        if world is None:
            raise BridgeError(
                Category.POOL,
                "world_not_found",
                f"there is no world {world_id!r} in this pool: none was started, or "
                "it ended so long ago that it is forgotten. Start it; `vllm-bridge status` lists "
                "live worlds",
                details={"world_id": world_id},
            )
        return world

    async def start(self, world_id: str, spec: WorldSpec) -> World:
        """Start all ranks and return when all are ready.

        On any failure, and when the caller goes away, nothing of the world is left running.

        Raises:
            BridgeError: a live world has that id; or why the first rank failed.
        """
        self._drain.check("a new world")
        await self._expect_end(world_id)
        world = self._admit(world_id, spec)
        try:
            await self._bring_up(world)
            # It may have been stopped since its last rank came up. From here on nobody can come in
            # between.
            check_wanted(world)
            self._sessions.check_room(self._pools.get(spec.pool_name), len(world.sessions))
            self._sessions.add_of_world(world.sessions)
        except asyncio.CancelledError:
            gone = "the request to start it was cancelled, or its deadline passed"
            await asyncio.shield(self._abandon(world, gone))
            raise
        except OSError as error:
            failure = no_room(error)
            await asyncio.shield(self._abandon(world, str(failure)))
            raise failure from error
        except Exception as error:
            await asyncio.shield(self._abandon(world, str(error)))
            raise
        world.state = pool_pb2.WORLD_READY
        world.settled.set()
        world.spares.fill()
        publish_world(self._events, world)
        for rank in world.ranks:
            rank.on_death(partial(self.rank_died, world, rank))
        return world

    async def restart(self, world_id: str, client_id: str) -> World:
        """Start a world that has failed, was stopped, or is degraded, again: as it was asked for,
        with the next epoch, and owned by this client. Handles of the epoch before are refused. What
        lives of a degraded one ends first.

        Raises:
            BridgeError: `world_not_found`; `world_exists` while it is whole; or as `start`.
        """
        self._drain.check("a world's restart")
        world = self.get(world_id)
        await self._expect_end(world_id)
        if world.state == pool_pb2.WORLD_DEGRADED:
            await self.stop(world_id, "was restarted", keep_spares=True)
        if world.closing is not None:
            await asyncio.shield(world.closing)
        return await self.start(world_id, replace(world.spec, client_id=client_id))

    async def diagnose(
        self, world_id: str, *, with_stacks: bool, direct: bool
    ) -> pool_pb2.Diagnosis:
        """What every rank of a world is doing, and what that means; within a quarter of a second.

        Raises:
            BridgeError: `world_not_found`.
        """
        world = self.get(world_id)
        return await diagnose(world, self._gate, with_stacks=with_stacks, direct=direct)

    def turns(self, world_id: str, epoch: int) -> Turns:
        """The turns of a world; `epoch` as the client knows it, 0 for whichever it is.

        Raises:
            BridgeError: `world_not_found`; `stale_session`; why the world is over.
        """
        world = self.get(world_id)
        if epoch not in (0, world.epoch):
            raise BridgeError(
                Category.POOL,
                "stale_session",
                f"this run is for epoch {epoch} of {world_id}, which was restarted since: it is at "
                f"epoch {world.epoch}. Get the world again and run on that",
                details={"world_id": world_id, "epoch": epoch, "current": world.epoch},
            )
        if not world.live:
            raise _over(world)
        return world.turns

    def check_generation(
        self, request: pool_pb2.TakeTurnRequest | pool_pb2.ReportTurnRequest
    ) -> None:
        """Raise where a run has its turn on a world whose ranks its client does not know.

        Raises:
            BridgeError: `stale_world`.
        """
        world = self.get(request.world_id)
        if not request.HasField("generation") or request.generation == world.generation:
            return
        raise BridgeError(
            Category.POOL,
            "stale_world",
            f"the ranks of {world.world_id} have changed since this client got the world: it was "
            f"resized, or ranks were replaced, and has {world.spec.world_size} ranks now "
            f"(data_parallel_size={world.spec.sizes.data_parallel_size}). The run never began. Get "
            "the world again and run on that (Vllm.World.fetch/2, client.world(id)), or use its "
            "name or id, which always mean the world as it is",
            details={
                "world_id": world.world_id,
                "generation": request.generation,
                "current": world.generation,
                "ran": False,
            },
        )

    def fail(self, world: World, reason: str) -> None:
        """A world cannot go on, though ranks of it may live."""
        if not world.live:
            return
        world.failure = reason
        self._leave(world, pool_pb2.WORLD_FAILED)
        self._sessions.end_of_world(world.sessions, _failed(world))
        # Ranks may be inside a collective that waits for one that is dead.
        world.closing = background.task(f"ending {world.world_id}", kill_world(world))

    def refuse_runs(self, why: BridgeError) -> None:
        """Refuse the runs that have not begun, those that wait included."""
        for world in self._live.values():
            world.turns.refuse(why)

    def _holder(self, world_id: str, epoch: int, number: int) -> str:
        world = self._live.get(world_id)
        return world.turns.holder(number) if world and world.epoch == epoch else ""

    def _seen(self, world_id: str, epoch: int, number: int) -> None:
        world = self._live.get(world_id)
        if world and world.epoch == epoch:
            world.turns.seen(number)

    async def stop(self, world_id: str, how: str = _STOPPED, *, keep_spares: bool = False) -> bool:
        """Stop a world; False when there is no live one of that id. `how`: a clause for errors."""
        known = self._live.get(world_id) or self._over.get(world_id)
        if known is None or keep_spares:
            return await self._stop(world_id, how)
        known.spares.closed = True
        try:
            # First, and at once: a world that is starting looks whether it is still wanted.
            return await self._stop(world_id, how)
        finally:
            await asyncio.shield(known.spares.close())

    async def _stop(self, world_id: str, how: str) -> bool:
        world = self._live.get(world_id)
        if world is None:
            over = self._over.get(world_id)
            if over is not None:
                if over.closing is not None:
                    await asyncio.shield(over.closing)
                over.stopped = over.stopped or how
                self._close_sessions(over)
            return False
        world.stopped = world.stopped or how
        if world.state == pool_pb2.WORLD_STARTING:
            world.stop_requested.set()
            await world.settled.wait()
        else:
            world.failure = ""
            self._leave(world, pool_pb2.WORLD_STOPPED)
            self._close_sessions(world)
            world.closing = background.task(f"stopping {world.world_id}", stop_world(world))
        if world.closing is not None:
            await asyncio.shield(world.closing)
        return True

    async def stop_all(self) -> None:
        """Stop every world."""
        await asyncio.gather(
            *(self.stop(world_id) for world_id in list(self._live)),
            *(world.spares.close() for world in self._over.values()),
        )

    async def _expect_end(self, world_id: str) -> None:
        """Wait for the end of a live world that has lost a rank, if the pool has yet to hear of it.

        A killed rank answers nothing from that moment on; the pool may learn of its death some
        milliseconds later.
        """
        world = self._live.get(world_id)
        if world is None or world.state != pool_pb2.WORLD_READY:
            return
        answers = await asyncio.gather(*(inspect(rank) for rank in world.ranks))
        if None in answers and world.live:
            deaths = {rank.died for rank in world.ranks}
            await asyncio.wait(deaths, timeout=_DEATH_SECONDS, return_when=asyncio.FIRST_COMPLETED)

    def _admit(self, world_id: str, spec: WorldSpec) -> World:
        if world_id:
            check_world_id(world_id)
        else:
            world_id = self._free_id()
        known = self._live.get(world_id)
        if known is not None:
            raise BridgeError(
                Category.POOL,
                "world_exists",
                f"a world {world_id!r} is live (epoch {known.epoch}, {known.spec.world_size} "
                "ranks); stop it first, or choose another id",
                details={"world_id": world_id, "epoch": known.epoch},
            )
        settings = self._pools.get(spec.pool_name).settings
        limit = settings.max_worlds
        live = sum(world.spec.pool_name == spec.pool_name for world in self._live.values())
        if live >= limit:
            raise BridgeError(
                Category.POOL,
                "too_many_worlds",
                f"{live} worlds are live in pool {spec.pool_name!r}, and at most {limit} may be; "
                "stop one first",
                details={"live": live, "limit": limit},
            )
        before = self._over.pop(world_id)
        epoch = (before.epoch if before else self._forgotten_epoch) + 1
        turns = Turns(world_id, settings.max_queue, concurrent=spec.concurrent)
        world = World(world_id, epoch, spec, turns, self._spares(spec, before))
        self._live[world_id] = world
        publish_world(self._events, world)
        return world

    def _spares(self, spec: WorldSpec, before: World | None) -> Spares:
        """Those of the epoch before, where they are what is asked for."""
        pool = self._pools.get(spec.pool_name)
        wanted = (spec.spare_ranks, spec.pool_name)
        if before is not None and not before.spares.closed:
            if wanted == (before.spec.spare_ranks, before.spec.pool_name):
                return before.spares
            background.task("ending spare ranks", before.spares.close())
        return Spares(pool.factory.fork, spec.spare_ranks)

    def _free_id(self) -> str:
        while True:
            world_id = f"world-{next(self._numbers)}"
            if world_id not in self._live and self._over.get(world_id) is None:
                return world_id

    async def _bring_up(self, world: World) -> None:
        spec, pool = world.spec, self._pools.get(world.spec.pool_name)
        spares = {index: world.spares.take() for index in range(spec.world_size)}
        world.ranks = [
            pool.factory.create(RankPosition(index, world.world_id, world.epoch, spec.sizes), spare)
            for index, spare in spares.items()
        ]
        for rank in world.ranks if spec.gate else ():
            self._gate.admit(rank)
        meeting = None
        with ExitStack() as stack:
            launch: Launch
            if spec.launch.distributed_executor_backend == MP:
                launch = stack.enter_context(local_launch(pool.factory.launcher, spec, spares))
            else:
                world.launch = launch = await self._launch(world)
                meeting = Meeting(world.ranks, spec.launch)
            starts = [
                start_rank(
                    pool,
                    spec,
                    world.sessions,
                    rank,
                    spec.assignment(world.world_id, world.epoch, index, launch.init_method),
                    launch,
                    meeting,
                )
                for index, rank in enumerate(world.ranks)
            ]
            await all_or_first_failure(world, starts)
        world.sessions.sort(key=lambda entry: entry.rank.position.index if entry.rank else -1)

    async def _launch(self, world: World) -> Launch:
        """Begin to start its ranks elsewhere; given up where the world is stopped meanwhile."""
        launcher = self._launchers.get(world.spec.launch.distributed_executor_backend)
        settings = self._pools.get(world.spec.pool_name).settings
        plan = world.spec.plan(world.world_id, world.epoch, settings.start_timeout)
        launcher.check(plan)
        return await unless_stopped(world, launcher.launch(plan))

    async def _abandon(self, world: World, reason: str) -> None:
        stopped = world.stop_requested.is_set()
        world.failure = reason
        self._leave(world, pool_pb2.WORLD_STOPPED if stopped else pool_pb2.WORLD_FAILED)
        await kill_world(world)
        await world.spares.close()
        world.settled.set()

    def rank_died(self, world: World, rank: Rank, reason: str) -> None:
        """A rank of a world, unless it has left that before, is dead."""
        if not world.live or rank not in world.ranks:
            return
        if world.spec.keep and not all(each.died.done() for each in world.ranks):
            world.failure = reason
            self._degrade(world, rank)
            return
        self.fail(world, reason)

    def _degrade(self, world: World, dead: Rank) -> None:
        """A rank is dead, and the others live on. The gate has heard of it from the rank itself."""
        world.state = pool_pb2.WORLD_DEGRADED
        for entry in world.sessions:
            if entry.rank is dead:
                self._sessions.end_of_world([entry], worker_gone(entry, dead))
        news = control_pb2.PoolToRank(peer_died=control_pb2.PeerDied(rank=dead.position.index))
        for rank in world.ranks:
            if not rank.died.done():
                rank.tell(news)
        publish_world(self._events, world)

    def _leave(self, world: World, state: pool_pb2.WorldState) -> None:
        world.state = state
        del self._live[world.world_id]
        self._over.remember(world.world_id, world)
        world.turns.end(_over(world))
        self._gate.forget_world(world.world_id, world.epoch)
        publish_world(self._events, world)

    def _close_sessions(self, world: World) -> None:
        for entry in world.sessions:
            stopped = BridgeError(
                Category.POOL,
                "session_closed",
                f"session {entry.session_id!r} ended: its world {world.world_id} {world.stopped}. "
                "Start a new world to go on",
                details={"session_id": entry.session_id, "world_id": world.world_id},
            )
            self._sessions.end_of_world([entry], stopped)

    def _forget(self, world: World) -> None:
        self._forgotten_epoch = max(self._forgotten_epoch, world.epoch)
        if not world.spares.closed:
            background.task("ending spare ranks", world.spares.close())


def _over(world: World) -> BridgeError:
    """The error for runs that hold or wait for a turn when the world ends, and for later ones."""
    if world.state == pool_pb2.WORLD_FAILED:
        return _failed(world)
    return BridgeError(
        Category.POOL,
        "world_stopped",
        f"world {world.world_id} {world.stopped or _STOPPED}. Start a new world to go on",
        details={"world_id": world.world_id, "epoch": world.epoch},
    )


def _failed(world: World) -> BridgeError:
    return BridgeError(
        Category.WORKER,
        "session_worker_unavailable",
        f"{world.failure}. Restart the world, or start another",
        details={"world_id": world.world_id, "epoch": world.epoch},
    )
