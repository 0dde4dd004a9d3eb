"""Runs of a world take turns: one at a time, in the order in which they asked.

A turn lasts as long as the stream that asked for it. So it ends by itself with its run, the process
of the run, its client, or its deadline. Ranks see the number of the turn with every call. They
refuse a call of an earlier turn than they have seen, and the gate never matches calls of two turns.
So a run that loses its turn without noticing gets errors, and not the numbers of the next run.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from vllm_bridge._generated import pool_pb2, types_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.transport.metadata import RunLabel

# Holders that are named in errors though their turn is over.
_MAX_REMEMBERED = 64

_MAX_HOLDER = 200


def _future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False, slots=True)
class Turn:
    """One run's turn, from the moment in which it was asked for."""

    holder: str
    # Of the event loop's clock: when it was asked for, then when it was given.
    since: float
    # 0 until it was given.
    number: int = 0
    # Done when it was given, or never will be.
    settled: asyncio.Future[None] = field(default_factory=_future)


class Turns:
    """The turns of one epoch of a world."""

    def __init__(self, world_id: str, limit: int, *, concurrent: bool = False) -> None:
        """`limit`: runs that may wait. `concurrent`: none does, and all have number 0."""
        self._world_id = world_id
        self._concurrent = concurrent
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._latest = 0
        self._held: Turn | None = None
        self._queue: deque[Turn] = deque()
        self._holders: OrderedDict[int, str] = OrderedDict()
        # Why there are no turns any more, and when that is so.
        self._why: types_pb2.ErrorDetail | None = None
        self._ended = asyncio.Event()
        # Why no more turns are given; the one that is held goes on.
        self._refused: types_pb2.ErrorDetail | None = None

    @property
    def waiting(self) -> int:
        """Runs that wait for their turn."""
        return len(self._queue)

    def info(self) -> pool_pb2.RunInfo | None:
        """The run whose turn it is."""
        held = self._held
        if held is None:
            return None
        return pool_pb2.RunInfo(
            number=held.number,
            holder=held.holder,
            held_s=round(self._loop.time() - held.since, 3),
        )

    def holder(self, number: int) -> str:
        """Who had the turn of that number; empty when that is forgotten."""
        return self._holders.get(number, "")

    @asynccontextmanager
    async def take(self, holder: str, give_up_at: float | None) -> AsyncIterator[int]:
        """Wait for a turn, and have it. Gives its number.

        Raises:
            BridgeError: `queue_full`; (timeout) `run_timeout`: it has not come by `give_up_at`, in
                the event loop's time; what `end` said.
        """
        self._check()
        self._check_refused()
        if self._concurrent:
            yield 0
            return
        turn = Turn(_for_people(holder), self._loop.time())
        try:
            if self._held is None:
                self._give(turn)
            else:
                if len(self._queue) >= self._limit:
                    raise self._full()
                self._queue.append(turn)
                await self._wait(turn, give_up_at)
            yield turn.number
        finally:
            self._leave(turn)

    async def wait_for_end(self) -> None:
        """Raise what `end` said, when it has."""
        await self._ended.wait()
        self._check()

    def end(self, why: BridgeError) -> None:
        """There are no turns any more: end those that are held and waited for with this error."""
        self._why = why.to_detail()
        self._ended.set()
        self._settle_queue()

    def refuse(self, why: BridgeError) -> None:
        """Give no more turns: refuse those that are waited for, now and later, with this error. The
        one that is held goes on."""
        self._refused = why.to_detail()
        self._settle_queue()

    def _settle_queue(self) -> None:
        queue, self._queue = self._queue, deque()
        for turn in queue:
            if not turn.settled.done():
                turn.settled.set_result(None)

    def _check(self) -> None:
        if self._why is not None:
            raise BridgeError.from_detail(self._why)

    def _check_refused(self) -> None:
        if self._refused is not None:
            raise BridgeError.from_detail(self._refused)

    async def _wait(self, turn: Turn, give_up_at: float | None) -> None:
        patience_s = None if give_up_at is None else max(give_up_at - self._loop.time(), 0.0)
        await asyncio.wait({turn.settled}, timeout=patience_s)
        self._check()
        if not turn.number:
            self._check_refused()
            raise self._too_late(turn)

    def _give(self, turn: Turn) -> None:
        self._latest += 1
        self._held = turn
        turn.number, turn.since = self._latest, self._loop.time()
        self._holders[turn.number] = turn.holder
        if len(self._holders) > _MAX_REMEMBERED:
            self._holders.popitem(last=False)
        if not turn.settled.done():
            turn.settled.set_result(None)

    def _leave(self, turn: Turn) -> None:
        if turn is not self._held:
            if turn in self._queue:
                self._queue.remove(turn)
            return
        self._held = None
        if self._queue:
            self._give(self._queue.popleft())

    def _full(self) -> BridgeError:
        return BridgeError(
            Category.POOL,
            "queue_full",
            f"{len(self._queue)} runs wait for their turn on {self._world_id} already, and at most "
            f"{self._limit} may; try again later, or give the pool a larger max_queue",
            details={"depth": len(self._queue), "limit": self._limit, "world_id": self._world_id},
        )

    def _too_late(self, turn: Turn) -> BridgeError:
        now, held = self._loop.time(), self._held
        ahead = self._queue.index(turn) if turn in self._queue else 0
        details: dict[str, object] = {"world_id": self._world_id, "state": "turn", "ran": False}
        has = "nobody has it"
        if held is not None:
            label = RunLabel(held.number).held_by(held.holder)
            has = f"{label} has it since {now - held.since:.1f} s"
            details |= {"run": held.number, "holder": held.holder}
        more = f", and {ahead} others came before this one" if ahead else ""
        return BridgeError(
            Category.TIMEOUT,
            "run_timeout",
            f"this run waited {now - turn.since:.1f} s for its turn on {self._world_id}, and never "
            f"began: {has}{more}. Runs of one world take turns; give this one a longer timeout, or "
            "see what that one does (Vllm.World.diagnose/1, `vllm-bridge diagnose`)",
            details=details,
        )


def _for_people(holder: str) -> str:
    text = "".join(each if each.isprintable() else "?" for each in holder[:_MAX_HOLDER])
    return text or "a client that does not say who it is"
