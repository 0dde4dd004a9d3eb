"""The ranks of a pool outside any world: started with it, replaced when they die, shared.

`hint` calls are placed here one by one, each on an idle rank. A rank is idle when no call that the
pool forwarded is on it and it is not known to be busy with others: those that clients send
directly, in strict sessions, are found out by the proxy (see there).
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable
from datetime import timedelta

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.ranks.factory import RankFactory
from vllm_bridge.pool.ranks.queue import RankQueue, Turn
from vllm_bridge.pool.ranks.rank import Rank, RankPosition
from vllm_bridge.pool.ranks.restarts import Pause, Restarts
from vllm_bridge.pool.settings import PoolSettings
from vllm_bridge.process import background, logs

_logger = logging.getLogger("vllm_bridge.pool")


class _Slot:
    """One place of the pool and the rank that fills it at the moment."""

    def __init__(self, position: RankPosition) -> None:
        self.position = position
        self.rank: Rank | None = None
        self.restarts = 0
        self.failure: BridgeError | None = None
        self.task: asyncio.Task[None] | None = None


class Standalone:
    """The slots, and the queues of calls and sessions that wait for a rank."""

    def __init__(self, pool_name: str, factory: RankFactory, settings: PoolSettings) -> None:
        self._pool_name = pool_name
        self._factory = factory
        self._settings = settings
        self._restarts = Restarts(settings.restart)
        self._slots = [_Slot(RankPosition(index)) for index in range(settings.size)]
        self._numbers = itertools.count()
        # Opening sessions wait for any rank that is up, calls for one that is idle: two queues, so
        # that a session does not wait for calls whose rank it does not need.
        self._openings = RankQueue()
        self._calls = RankQueue()
        # Counts the rank as busy until the idle watch finds it idle.
        self.doubt: Callable[[Rank], None] = lambda rank: None

    @property
    def depth(self) -> int:
        """How many calls and opening sessions wait."""
        return len(self._calls) + len(self._openings)

    @property
    def restarts(self) -> int:
        """How many ranks have been replaced."""
        return self._restarts.total

    @property
    def failure(self) -> BridgeError | None:
        """Why no rank takes calls, and none is about to; None while one does or is."""
        failures = [slot.failure for slot in self._slots]
        return failures[0] if failures and all(failures) else None

    def start(self) -> None:
        """Begin to fill the slots, in the background."""
        for slot in self._slots:
            slot.task = background.task("filling a place of the pool", self._keep_filled(slot))

    async def stop(self) -> None:
        """Stop all ranks and refuse what waits for one."""
        for slot in self._slots:
            if slot.task is not None:
                slot.task.cancel()
        self._refuse(
            BridgeError(Category.POOL, "pool_stopping", "the pool is stopping; try its successor")
        )
        await asyncio.gather(*(rank.stop() for rank in self.ranks()))

    def ranks(self) -> list[Rank]:
        """The ranks that fill the slots, also those still starting."""
        return [slot.rank for slot in self._slots if slot.rank is not None]

    def ready(self) -> list[Rank]:
        """The ranks that take calls."""
        return [rank for rank in self.ranks() if rank.ready]

    def idle(self) -> list[Rank]:
        """The ranks with no call on them, as far as the pool knows."""
        return [rank for rank in self.ready() if _idle(rank)]

    def turn(self, give_up_at: float | None = None) -> Turn:
        """What a call that has just arrived waits with."""
        now = asyncio.get_running_loop().time()
        return Turn(next(self._numbers), now, give_up_at)

    async def bind(self) -> Rank:
        """A rank for a strict session: an idle one if there is, and of those the one with the
        fewest such sessions. Waits while none is up.

        The rank's `bound` counts the session from here on.

        Raises:
            BridgeError: as `acquire`.
        """
        rank = self._to_bind()
        if rank is not None:
            _bind(rank)
            return rank
        return await self._wait(self._openings, self.turn())

    async def acquire(self, turn: Turn, *, again: bool = False) -> Rank:
        """An idle rank, the preferred one if it is idle; queues while there is none.

        One that was found to be busy with direct calls may be idle again by now, so it is tried,
        once. A turn whose rank turned out to be busy takes its old place in the queue `again`. The
        caller owns the rank's place until `release`.

        Raises:
            BridgeError: `queue_full`; `deadline_exceeded` or `queue_timeout` when it waited too
                long; or why no rank can be started.
        """
        head = self._calls.head()
        if head is None or head.number > turn.number:
            rank = self._to_run(turn.preferred, certain=again)
            if rank is not None:
                rank.in_flight += 1
                return rank
        return await self._wait(self._calls, turn, again=again)

    def release(self, rank: Rank) -> None:
        """Give back a place taken with `acquire`."""
        rank.in_flight -= 1
        if rank.called_directly and rank.in_flight == 0 and self._calls.head() is not None:
            # It may have gone on with a direct call. A waiting call would only try it, return to
            # the queue, and be overtaken meanwhile; a new call has not waited and may try.
            self.doubt(rank)
        self.dispatch()

    def dispatch(self) -> None:
        """Serve both queues with what is there now."""
        # The place is taken here, not when the waiter wakes up: the next choice must see it.
        while self._openings.head() and (rank := self._to_bind()) is not None:
            _bind(rank)
            self._openings.serve(rank)
        while (turn := self._calls.head()) is not None:
            rank = self._to_run(turn.preferred, certain=True)
            if rank is None:
                return
            rank.in_flight += 1
            self._calls.serve(rank)

    def _to_bind(self) -> Rank | None:
        return min(
            self.ready(),
            key=lambda rank: (_looks_busy(rank), rank.bound, rank.preferred),
            default=None,
        )

    def _to_run(self, preferred: Rank | None, *, certain: bool) -> Rank | None:
        free = [rank for rank in self.ready() if rank.in_flight == 0]
        if certain:
            free = [rank for rank in free if _idle(rank)]
        if preferred in free:
            return preferred
        return min(
            free,
            key=lambda rank: (_looks_busy(rank), rank.preferred, rank.bound),
            default=None,
        )

    async def _wait(self, queue: RankQueue, turn: Turn, *, again: bool = False) -> Rank:
        self._check_can_wait(again=again)
        ahead = queue.join(turn)
        limit, limited_by_queue = self._patience(turn)
        try:
            await asyncio.wait({turn.place}, timeout=limit)
        except asyncio.CancelledError:
            queue.leave(turn)
            if turn.place.done() and turn.place.exception() is None:
                rank = turn.place.result()
                if queue is self._openings:
                    rank.bound -= 1
                else:
                    self.release(rank)
            raise
        if turn.place.done():
            return turn.place.result()
        queue.leave(turn)
        waited = asyncio.get_running_loop().time() - turn.arrived
        raise self._queued_too_long(ahead, waited, limited_by_queue=limited_by_queue)

    def _patience(self, turn: Turn) -> tuple[float | None, bool]:
        """How many seconds the turn may wait, and whether the queue's own limit is the first."""
        now = asyncio.get_running_loop().time()
        limits: list[tuple[float, bool]] = []
        if turn.give_up_at is not None:
            limits.append((max(turn.give_up_at - now, 0.0), False))
        if self._settings.queue_timeout is not None:
            until = turn.arrived + self._settings.queue_timeout.total_seconds()
            limits.append((max(until - now, 0.0), True))
        return min(limits, default=(None, False))

    def _check_can_wait(self, *, again: bool) -> None:
        if (failure := self.failure) is not None:
            # A copy: an exception that is raised again and again collects all those tracebacks.
            raise BridgeError.from_detail(failure.to_detail())
        if not self._slots:
            raise BridgeError(
                Category.POOL,
                "no_ranks",
                f"pool {self._pool_name!r} has no ranks outside worlds (size 0); start a world, or "
                "restart the server with a size of 1 or more for it",
            )
        depth, limit = self.depth, self._settings.max_queue
        if depth >= limit and not again:
            raise BridgeError(
                Category.POOL,
                "queue_full",
                f"{depth} calls wait for one of {len(self._slots)} ranks of pool "
                f"{self._pool_name!r} already, and at most {limit} may; try again later, or use a "
                "larger pool",
                details={"depth": depth, "limit": limit},
            )

    def _queued_too_long(
        self, ahead: int, seconds: float, *, limited_by_queue: bool
    ) -> BridgeError:
        up = len(self.ready())
        state = "all busy" if up else "none ready"
        passed = "pool's queue_timeout" if limited_by_queue else "deadline"
        return BridgeError(
            Category.TIMEOUT,
            "queue_timeout" if limited_by_queue else "deadline_exceeded",
            f"the {passed} passed while the call was queued in the pool ({seconds:.1f} s, behind "
            f"{ahead} others, {up} of {len(self._slots)} ranks up, {state}); it never ran",
            details={"state": "queued", "ran": False, "ahead": ahead, "waited_s": seconds},
        )

    def _refuse(self, error: BridgeError) -> None:
        self._openings.refuse(error)
        self._calls.refuse(error)

    async def _keep_filled(self, slot: _Slot) -> None:
        pause = Pause()
        while True:
            lived = timedelta(0)
            with background.step("starting a rank", lambda error: self._failed(slot, error)):
                lived = await self._fill(slot)
            if not self._restarts.allow():
                self._give_up(slot)
                return
            if (failure := self.failure) is not None:
                self._refuse(failure)
            slot.restarts += 1
            await asyncio.sleep(pause.after(lived).total_seconds())

    async def _fill(self, slot: _Slot) -> timedelta:
        """One rank in the slot, from its start to its end. Returns how long it served."""
        slot.rank = rank = self._factory.create(slot.position)
        rank.restarts = slot.restarts
        try:
            await self._factory.start(rank, timeout=self._settings.start_timeout)
        except BridgeError as error:
            slot.failure = error
            return timedelta(0)
        slot.failure = None
        since = asyncio.get_running_loop().time()
        self.dispatch()
        await asyncio.wait({rank.died})
        return timedelta(seconds=asyncio.get_running_loop().time() - since)

    def _failed(self, slot: _Slot, error: BaseException) -> None:
        slot.failure = background.defect("starting a rank", error)

    def _give_up(self, slot: _Slot) -> None:
        rank = slot.rank
        why = str(slot.failure or "")
        if not why and rank is not None and rank.died.done():
            why = rank.died.result()
        message = (
            f"pool {self._pool_name!r} replaces its ranks no more: its restart policy is "
            f'"{self._settings.restart}", and {why}'
        )
        logs.log(_logger, logging.ERROR, message, rank_id=rank.rank_id if rank else None)
        slot.failure = BridgeError(
            Category.POOL,
            "pool_failed",
            f"{message}. Restart the server, or choose another restart policy",
            details={"pool_name": self._pool_name, "restarts": self.restarts},
        )
        if (failure := self.failure) is not None:
            self._refuse(failure)


def _idle(rank: Rank) -> bool:
    return rank.in_flight == 0 and not rank.busy_elsewhere


def _looks_busy(rank: Rank) -> bool:
    # Its latest heartbeat may be a second old: good for a choice, not for a promise.
    heartbeat = rank.heartbeat
    return not _idle(rank) or (heartbeat is not None and heartbeat.HasField("running"))


def _bind(rank: Rank) -> None:
    rank.bound += 1
    rank.called_directly = True
