"""The ranks outside any world: started with the pool, replaced when they die, shared by sessions.

`hint` calls are placed here one by one. A rank is idle when no call that the pool forwarded is on
it; calls that clients send directly, in strict sessions, are not seen, so ranks that such sessions
are bound to are the second choice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.factory import RankFactory
from vllm_bridge.pool.ranks import Rank, Seat
from vllm_bridge.pool.settings import PoolSettings

# A rank that fails to start, or soon after, is replaced after a pause, which then grows.
FIRST_RETRY = timedelta(milliseconds=100)
LONGEST_RETRY = timedelta(seconds=30)
STEADY = timedelta(seconds=10)

Choice = Callable[[list[Rank]], "Rank | None"]


class _Slot:
    """One place of the pool and the rank that fills it at the moment."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.rank: Rank | None = None
        self.failure: BridgeError | None = None
        self.task: asyncio.Task[None] | None = None


class Standalone:
    """The slots, and the queue of those who wait for a rank."""

    def __init__(self, factory: RankFactory, settings: PoolSettings) -> None:
        self._factory = factory
        self._settings = settings
        self._slots = [_Slot(Seat(index)) for index in range(settings.size)]
        # In the order of arrival.
        self._waiting: dict[asyncio.Future[Rank], Choice] = {}

    def start(self) -> None:
        """Begin to fill the slots, in the background."""
        for slot in self._slots:
            slot.task = asyncio.get_running_loop().create_task(self._keep_filled(slot))

    async def stop(self) -> None:
        """Stop all ranks and refuse those who wait."""
        for slot in self._slots:
            if slot.task is not None:
                slot.task.cancel()
        stopping = BridgeError(Category.POOL, "pool_stopping", "the pool is stopping")
        self._refuse_waiting(stopping)
        await asyncio.gather(*(rank.stop() for rank in self.ranks()))

    def ranks(self) -> list[Rank]:
        """The ranks that fill the slots, also those still starting."""
        return [slot.rank for slot in self._slots if slot.rank is not None]

    async def bind(self) -> Rank:
        """A rank for a strict session: the one with the fewest of them. Waits for the first.

        The rank's `bound` counts the session from here on.
        """
        return await self._take(_fewest_bound, _bind)

    async def acquire(self, preferred: Rank | None, limit_s: float | None) -> Rank:
        """An idle rank, the preferred one if it is idle; queues while there is none.

        The caller owns one place on the rank until `release`.

        Raises:
            BridgeError: `queue_full`; `deadline_exceeded` when `limit_s` passed in the queue; or
                why no rank can be started.
        """

        def choose(ready: list[Rank]) -> Rank | None:
            idle = [rank for rank in ready if rank.in_flight == 0]
            if preferred in idle:
                return preferred
            return min(idle, key=lambda rank: (rank.bound, rank.session_count), default=None)

        return await self._take(choose, _occupy, limit_s)

    def release(self, rank: Rank) -> None:
        """Give back a place taken with `acquire` or `occupy`."""
        rank.in_flight -= 1
        self.dispatch()

    def dispatch(self) -> None:
        """Serve the queue, in order, with what is ready now."""
        while self._waiting:
            future, choose = next(iter(self._waiting.items()))
            rank = choose(self.ready())
            if rank is None:
                return
            del self._waiting[future]
            future.set_result(rank)

    def ready(self) -> list[Rank]:
        """The ranks that take calls."""
        return [rank for rank in self.ranks() if rank.ready]

    async def _take(
        self, choose: Choice, take: Callable[[Rank, int], None], limit_s: float | None = None
    ) -> Rank:
        def chosen(ready: list[Rank]) -> Rank | None:
            rank = choose(ready)
            if rank is not None:
                # Here, not when the waiter wakes up: the next choice must see it.
                take(rank, 1)
            return rank

        if not self._waiting and (rank := chosen(self.ready())) is not None:
            return rank
        self._check_can_wait()
        future: asyncio.Future[Rank] = asyncio.get_running_loop().create_future()
        ahead = len(self._waiting)
        self._waiting[future] = chosen
        try:
            await asyncio.wait({future}, timeout=limit_s)
        except asyncio.CancelledError:
            self._withdraw(future, take)
            raise
        if future.done():
            return future.result()
        self._withdraw(future, take)
        raise self._queued_too_long(ahead, limit_s or 0.0)

    def _withdraw(self, future: asyncio.Future[Rank], take: Callable[[Rank, int], None]) -> None:
        self._waiting.pop(future, None)
        if not future.cancel() and future.exception() is None:
            take(future.result(), -1)
        self.dispatch()

    def _check_can_wait(self) -> None:
        failures = [slot.failure for slot in self._slots]
        if failures and failures[0] is not None and all(failures):
            # A copy: an exception that is raised again and again collects all those tracebacks.
            raise BridgeError.from_detail(failures[0].to_detail())
        if not self._slots:
            raise BridgeError(
                Category.POOL,
                "no_ranks",
                "the pool was started with no ranks outside worlds (--size 0); start a world, or "
                "restart the pool with --size 1 or more",
            )
        depth = len(self._waiting)
        if depth >= self._settings.max_queue:
            raise BridgeError(
                Category.POOL,
                "queue_full",
                f"{depth} calls wait for one of {len(self._slots)} ranks already, and at most "
                f"{self._settings.max_queue} may; try again later, or use a larger pool",
                details={"depth": depth, "limit": self._settings.max_queue},
            )

    def _queued_too_long(self, ahead: int, seconds: float) -> BridgeError:
        busy = sum(rank.ready for rank in self.ranks())
        return BridgeError(
            Category.TIMEOUT,
            "deadline_exceeded",
            f"the deadline passed while the call was queued in the pool ({seconds:.1f} s, behind "
            f"{ahead} others, {busy} of {len(self._slots)} ranks up, all busy); it never ran",
            details={"state": "queued", "ran": False, "ahead": ahead, "waited_s": seconds},
        )

    def _refuse_waiting(self, error: BridgeError) -> None:
        waiting, self._waiting = self._waiting, {}
        for future in waiting:
            future.set_exception(error)

    async def _keep_filled(self, slot: _Slot) -> None:
        retry = FIRST_RETRY
        loop = asyncio.get_running_loop()
        while True:
            slot.rank = rank = self._factory.create(slot.seat)
            try:
                await self._factory.start(rank, timeout=self._settings.start_timeout)
            except BridgeError as error:
                slot.failure = error
                if all(other.failure for other in self._slots):
                    self._refuse_waiting(error)
                await asyncio.sleep(retry.total_seconds())
                retry = min(2 * retry, LONGEST_RETRY)
                continue
            slot.failure = None
            self.dispatch()
            since = loop.time()
            await asyncio.wait({rank.died})
            if loop.time() - since > STEADY.total_seconds():
                retry = FIRST_RETRY
            else:
                await asyncio.sleep(retry.total_seconds())
                retry = min(2 * retry, LONGEST_RETRY)


def _fewest_bound(ready: list[Rank]) -> Rank | None:
    return min(ready, key=lambda rank: rank.bound, default=None)


def _occupy(rank: Rank, count: int) -> None:
    rank.in_flight += count


def _bind(rank: Rank, count: int) -> None:
    rank.bound += count
