"""A world gets other ranks while it lives: it grows, shrinks, or ranks of it are replaced.

The change has the world's turn, so no run has calls in ranks meanwhile. Ranks that stay, and new
ones, make the new groups beside the old ones and switch together: `standby`. The epoch stays what
it is, because the objects in the ranks that stay do; the generation tells clients of the change.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

from vllm_bridge._generated import control_pb2, pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launchers.protocol import Launch, no_room
from vllm_bridge.pool.observe.events import Events
from vllm_bridge.pool.ranks.pools import NamedPool, Pools
from vllm_bridge.pool.ranks.rank import Rank, RankPosition
from vllm_bridge.pool.ranks.spares import Spare
from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.pool.sessions.sessions import Sessions
from vllm_bridge.pool.settings.launch_options import MP
from vllm_bridge.pool.worlds.gate import Gate
from vllm_bridge.pool.worlds.standby import Member, Standby
from vllm_bridge.pool.worlds.starting import local_launch, start_rank, stop_all_of
from vllm_bridge.pool.worlds.turns import Turns
from vllm_bridge.pool.worlds.world import World, publish_world
from vllm_bridge.pool.worlds.world_spec import WorldSpec, invalid
from vllm_bridge.process import background

# Until rank 0 listens for the ranks of the new world.
_LISTEN_SECONDS = 30.0


class Lives(Protocol):
    """What is asked of the table of worlds."""

    def get(self, world_id: str) -> World:
        """The world; raises `world_not_found`."""

    def turns(self, world_id: str, epoch: int) -> Turns:
        """Its turns; raises where it is over, or at another epoch."""

    def rank_died(self, world: World, rank: Rank, reason: str) -> None:
        """A rank of it is dead."""

    def fail(self, world: World, reason: str) -> None:
        """It cannot go on."""


@dataclass
class Change:
    """What a world is to become."""

    spec: WorldSpec
    # Their numbers in the new world.
    new: frozenset[int]
    # Why the sessions of ranks that go end: a clause.
    why: str
    timeout: timedelta
    sessions: list[SessionEntry] = field(default_factory=list)


class Elastic:
    """Changes the ranks of worlds."""

    def __init__(
        self, worlds: Lives, pools: Pools, sessions: Sessions, gate: Gate, events: Events
    ) -> None:
        self._worlds = worlds
        self._pools = pools
        self._sessions = sessions
        self._gate = gate
        self._events = events

    async def resize(
        self,
        world_id: str,
        epoch: int,
        data_parallel_size: int,
        *,
        holder: str,
        give_up_at: float | None,
        timeout: timedelta | None = None,
    ) -> World:
        """Give a world another data parallel size; nothing happens where it has it already.

        Raises:
            BridgeError: what is wrong with the size, or with this world; what `Turns.take` says;
                why a new rank could not start, or how one died: the world is as it was then.
        """

        def plan(world: World) -> Change | None:
            self._check(world)
            spec = self._resized(world, data_parallel_size)
            before, after = world.spec.world_size, spec.world_size
            if before == after:
                return None
            self._check_alive(world, range(min(before, after)))
            return Change(
                spec,
                frozenset(range(before, after)),
                f"{world_id} was resized to data_parallel_size={data_parallel_size}, and its rank "
                "left it",
                self._timeout(spec, timeout),
            )

        holder = f"a resize to data_parallel_size={data_parallel_size}, by {holder}"
        return await self._with_turn(world_id, epoch, holder, give_up_at, plan)

    async def replace(
        self,
        world_id: str,
        epoch: int,
        ranks: Sequence[int],
        *,
        holder: str,
        give_up_at: float | None,
        timeout: timedelta | None = None,
    ) -> World:
        """Put new processes in the place of ranks; what those kept is gone.

        Raises:
            BridgeError: as `resize`.
        """

        def plan(world: World) -> Change:
            self._check(world)
            size = world.spec.world_size
            wrong = [rank for rank in ranks if not 0 <= rank < size]
            if wrong or not ranks:
                rule = f"must be of the world's ranks, 0 to {size - 1}"
                raise invalid("rank", wrong[0] if wrong else None, rule)
            self._check_alive(world, set(range(size)) - set(ranks))
            return Change(
                world.spec,
                frozenset(ranks),
                f"its rank of {world_id} was replaced by a new process",
                self._timeout(world.spec, timeout),
            )

        holder = f"the replacement of {', '.join(map(str, ranks[:8]))}, by {holder}"
        return await self._with_turn(world_id, epoch, holder, give_up_at, plan)

    async def _with_turn(
        self, world_id: str, epoch: int, holder: str, give_up_at: float | None, plan: Plan
    ) -> World:
        # Once before the wait for the turn, so that the impossible is refused at once.
        turns = self._worlds.turns(world_id, epoch)
        world = self._worlds.get(world_id)
        if plan(world) is None:
            return world
        async with turns.take(holder, give_up_at):
            change = plan(world)
            if change is not None:
                try:
                    await self._make(world, change)
                except OSError as error:
                    raise no_room(error) from error
        return world

    async def _make(self, world: World, change: Change) -> None:
        spec, pool = change.spec, self._pools.get(world.spec.pool_name)
        self._sessions.check_room(pool, len(change.new))
        before = dict(enumerate(world.ranks))
        stay = {
            index: rank
            for index, rank in before.items()
            if index < spec.world_size and index not in change.new
        }
        spares = {index: world.spares.take() for index in sorted(change.new)}
        new = {
            index: pool.factory.create(
                RankPosition(index, world.world_id, world.epoch, spec.sizes), spare
            )
            for index, spare in spares.items()
        }
        with ExitStack() as stack:
            try:
                port = await _listen(stay[0]) if 0 in stay else 0
                forks = pool.factory.launcher
                launch = stack.enter_context(local_launch(forks, spec, spares, port))
                members: list[Member] = []
                for index in range(spec.world_size):
                    assignment = spec.assignment(
                        world.world_id, world.epoch, index, launch.init_method
                    )
                    assignment.new_ranks.extend(sorted(change.new))
                    if index in stay:
                        members.append(_Staying(stay[index], assignment, launch.shared_gate))
                        continue
                    members.append(_Joining(pool, change, new[index], assignment, launch))
                standby = Standby(members)
                await _while_live(world, standby.prepare(change.timeout))
            except BaseException as error:
                await asyncio.shield(_end_unused(stay, spares.values()))
                if isinstance(error, BridgeError):
                    # Where the world has ended, that is what there is to say.
                    self._worlds.turns(world.world_id, world.epoch)
                raise
        committing = background.awaited(
            f"changing the ranks of {world.world_id}", self._commit(world, change, standby, new)
        )
        try:
            await asyncio.shield(committing)
        except asyncio.CancelledError:
            # Who wanted it is gone; half a change is none.
            await asyncio.wait({committing})
            raise

    async def _commit(
        self, world: World, change: Change, standby: Standby, new: dict[int, Rank]
    ) -> None:
        try:
            if not world.live:
                raise BridgeError(Category.WORKER, "rank_died", world.failure or "the world ended")
            await standby.commit()
            if not world.live:
                raise BridgeError(Category.WORKER, "rank_died", world.failure or "the world ended")
        except BridgeError as error:
            await asyncio.gather(*(rank.kill() for rank in new.values()))
            self._worlds.fail(
                world,
                f"{world.world_id} was changing its ranks, and could not end that: {error.message}",
            )
            self._worlds.turns(world.world_id, world.epoch)  # raises why it is over
            raise
        gone = self._put_in_place(world, change, new)
        await stop_all_of(gone)

    def _put_in_place(self, world: World, change: Change, new: dict[int, Rank]) -> list[Rank]:
        """The ranks have switched. Nobody comes in between."""
        ranks = [new.get(index) or world.ranks[index] for index in range(change.spec.world_size)]
        gone = [rank for rank in world.ranks if rank not in ranks]
        if change.spec.gate:
            self._gate.change_world(world.world_id, world.epoch, gone, list(new.values()))
        ended = [entry for entry in world.sessions if entry.rank in gone]
        for entry in ended:
            self._sessions.end_of_world([entry], _left(entry, change))
        stay = [entry for entry in world.sessions if entry not in ended]
        world.spec, world.ranks = change.spec, ranks
        world.sessions = sorted([*stay, *change.sessions], key=_number)
        world.generation += 1
        if all(not rank.died.done() for rank in ranks):
            world.state, world.failure = pool_pb2.WORLD_READY, ""
        self._sessions.add_of_world(change.sessions)
        for rank in new.values():
            rank.on_death(partial(self._worlds.rank_died, world, rank))
        world.spares.fill()
        publish_world(self._events, world)
        return gone

    def _check(self, world: World) -> None:
        """Raise where the ranks of this world cannot change."""
        spec = world.spec
        if world.state not in (pool_pb2.WORLD_READY, pool_pb2.WORLD_DEGRADED):
            raise _unsupported(world, "it is not ready", "wait until it is")
        if spec.concurrent:
            why = "it is concurrent: its runs take no turns, so there is never a moment without one"
            raise _unsupported(world, why, "start it without `concurrent`")
        if spec.launch.distributed_executor_backend != MP:
            why = f"its ranks were started by {spec.launch.distributed_executor_backend!r}"
            remedy = f"only those of {MP!r} can: stop it, and start it with the size that you want"
            raise _unsupported(world, why, remedy)
        if spec.backend != "gloo":
            why = (
                f"its backend is {spec.backend}, and only groups of gloo can be made beside those "
                "that are in use"
            )
            raise _unsupported(world, why, "stop it, and start it with the size that you want")

    def _resized(self, world: World, size: int) -> WorldSpec:
        if size < 1:
            raise invalid("data_parallel_size", size, "must be 1 or more")
        spec = replace(world.spec, sizes=replace(world.spec.sizes, data_parallel_size=size))
        replica = world.spec.world_size // world.spec.sizes.data_parallel_size
        limit = self._pools.get(spec.pool_name).settings.max_world_size
        if spec.world_size > limit:
            raise invalid(
                "data_parallel_size",
                size,
                f"may be at most {limit // replica} here, because each replica has {replica} ranks "
                f"and a world at most {limit}; start the pool with a larger --max-world-size",
            )
        return spec

    def _check_alive(self, world: World, needed: Sequence[int] | range | set[int]) -> None:
        dead = [
            str(index)
            for index in sorted(needed)
            if index < len(world.ranks) and world.ranks[index].died.done()
        ]
        if dead:
            one = len(dead) == 1
            why = f"rank{'' if one else 's'} {', '.join(dead)} {'is' if one else 'are'} dead"
            remedy = (
                "replace all dead ranks together (replace_rank takes several), or restart the world"
            )
            raise _unsupported(world, why, remedy)

    def _timeout(self, spec: WorldSpec, asked: timedelta | None) -> timedelta:
        settings = self._pools.get(spec.pool_name).settings
        return asked or spec.timeout + settings.start_timeout


class Plan(Protocol):
    """Looks at a world, and says what it is to become; None: it is that already."""

    def __call__(self, world: World, /) -> Change | None: ...


class _Staying:
    """A rank that is in the world before and after."""

    def __init__(
        self, rank: Rank, assignment: control_pb2.WorldAssignment, gate: int | None
    ) -> None:
        self._rank, self._assignment, self._shared_gate = rank, assignment, gate
        self.name, self.died = rank.name, rank.died

    async def prepare(self) -> None:
        message = control_pb2.Standby(
            step=control_pb2.Standby.PREPARE,
            world=self._assignment,
            shared_gate=self._shared_gate is not None,
        )
        await self._rank.change(message, self._shared_gate)

    async def commit(self) -> None:
        await self._rank.change(control_pb2.Standby(step=control_pb2.Standby.COMMIT))

    async def abort(self) -> None:
        if not self.died.done():
            await self._rank.change(control_pb2.Standby(step=control_pb2.Standby.ABORT))


class _Joining:
    """A rank that is new."""

    def __init__(
        self,
        pool: NamedPool,
        change: Change,
        rank: Rank,
        assignment: control_pb2.WorldAssignment,
        launch: Launch,
    ) -> None:
        self._rank = rank
        self.died = rank.died
        self._start = partial(
            start_rank, pool, change.spec, change.sessions, rank, assignment, launch
        )

    @property
    def name(self) -> str:
        return self._rank.name

    async def prepare(self) -> None:
        await self._start()

    async def commit(self) -> None:
        """It has nothing to switch from."""

    async def abort(self) -> None:
        await self._rank.kill()


async def _listen(rank: Rank) -> int:
    """Have a rank listen for those of the new world. Returns the port."""
    listen = control_pb2.Standby(step=control_pb2.Standby.LISTEN)
    try:
        ack = await asyncio.wait_for(rank.change(listen), _LISTEN_SECONDS)
    except (asyncio.TimeoutError, TimeoutError):
        raise BridgeError(
            Category.TIMEOUT,
            "prepare_timeout",
            f"{rank.name} did not answer within {_LISTEN_SECONDS:g} s; it, or its host, may "
            "be stopped. The world is as it was",
        ) from None
    return ack.port


async def _while_live(world: World, preparing: Coroutine[Any, Any, None]) -> None:
    """Prepare, unless the world ends first: then raise how."""
    tasks = [
        background.awaited("preparing the ranks of a world", preparing),
        background.awaited("the end of a world", world.turns.wait_for_end()),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.shield(asyncio.gather(*tasks, return_exceptions=True))
    prepared, ended = tasks
    (ended if prepared.cancelled() else prepared).result()


async def _end_unused(stay: dict[int, Rank], spares: Iterable[Spare | None]) -> None:
    """A change has failed before, or while, it was prepared."""
    abort = control_pb2.Standby(step=control_pb2.Standby.ABORT)
    rank = stay.get(0)
    if rank is not None and not rank.died.done():
        # It gives up its port, too.
        await asyncio.wait(
            {background.awaited("ending a rendezvous", rank.change(abort))}, timeout=1
        )
    unused = [spare for spare in spares if spare is not None and not spare.started]
    await asyncio.gather(*(spare.close() for spare in unused))


def _number(entry: SessionEntry) -> int:
    return entry.rank.position.index if entry.rank else -1


def _left(entry: SessionEntry, change: Change) -> BridgeError:
    return BridgeError(
        Category.POOL,
        "session_closed",
        f"session {entry.session_id!r} ended: {change.why}. Its objects are gone",
        details={"session_id": entry.session_id, "world_id": entry.world_id},
    )


def _unsupported(world: World, why: str, remedy: str) -> BridgeError:
    return BridgeError(
        Category.VALIDATION,
        "world_cannot_change",
        f"the ranks of {world.world_id} cannot change now: {why}; {remedy}. Nothing was changed",
        details={"world_id": world.world_id, "epoch": world.epoch},
    )
