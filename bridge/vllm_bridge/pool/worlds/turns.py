"""Runs of a world take turns: one at a time, in the order in which they asked.

A turn lasts as long as the stream that asked for it. So it ends by itself with its run, the process
of the run, its client, or its deadline. Ranks see the number of the turn with every call. They
refuse a call of an earlier turn than they have seen, and the gate never matches calls of two turns.
So a run that loses its turn without noticing gets errors, and not the numbers of the next run.

A lease is the turn of a client, whose runs share it one at a time and number themselves. Whoever
asks behind a lease closes it: the client's later runs ask again, behind that one. So the order is
kept.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from vllm_bridge._generated import pool_pb2, types_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.worlds.turn import Turn, for_people
from vllm_bridge.transport.metadata import RunLabel

# Holders that are named in errors though their turn is over.
_MAX_REMEMBERED = 64

# From the deadline of a run that waits until it is told who has the turn: the client of that one is
# asked, and its answer is not waited for longer than this.
_ASK_SECONDS = 0.03


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
        self._leases: dict[str, Turn] = {}
        self._holders: OrderedDict[int, str] = OrderedDict()
        # The first and the last number of leases, and whose they were.
        self._blocks: deque[tuple[int, int, str]] = deque(maxlen=_MAX_REMEMBERED)
        # Why there are no turns any more, and when that is so.
        self._why: types_pb2.ErrorDetail | None = None
        self._ended = asyncio.Event()
        # Why no more turns are given; the one that is held goes on.
        self._refused: types_pb2.ErrorDetail | None = None

    @property
    def waiting(self) -> int:
        """Runs that wait for their turn; those in leases as their clients said last."""
        held = self._held.waiting if self._held is not None else 0
        return held + sum(turn.waiting for turn in self._queue)

    def info(self) -> pool_pb2.RunInfo | None:
        """The run whose turn it is; of a lease as its client said last."""
        return None if self._held is None else self._held.info(self._loop.time())

    def holder(self, number: int) -> str:
        """Who had the turn of that number; empty when that is forgotten."""
        if number in self._holders:
            return self._holders[number]
        held = self._held
        if held is not None and held.number <= number <= held.last:
            return held.client
        blocks = (client for first, last, client in self._blocks if first <= number <= last)
        return next(blocks, "")

    def seen(self, number: int) -> None:
        """A call of that run waits at the gate: its holder may have to be named."""
        held = self._held
        if held is not None and held.unknown(number):
            held.ask(number)

    @asynccontextmanager
    async def take(self, holder: str, give_up_at: float | None) -> AsyncIterator[int]:
        """Wait for a turn, and have it. Gives its number.

        Raises:
            BridgeError: `queue_full`; (timeout) `run_timeout`: it has not come by `give_up_at`, in
                the event loop's time; what `end` said.
        """
        with self._asked(Turn(for_people(holder), self._loop.time())) as turn:
            if not self._concurrent and not turn.number:
                await self._wait(turn, give_up_at)
            yield turn.number

    @contextmanager
    def lease(self, lease_id: str, holder: str, client: str) -> Iterator[Turn]:
        """Ask for a lease, wait for it and have it; see `messages`. `holder`: of its first run.

        Raises:
            BridgeError: `queue_full`; `lease_exists`; what `end` and `refuse` said.
        """
        if lease_id in self._leases:
            raise BridgeError(
                Category.VALIDATION,
                "invalid_argument",
                f"a lease {lease_id[:60]!r} on {self._world_id} exists already; choose another id",
            )
        turn = Turn(
            for_people(holder), self._loop.time(), lease_id, for_people(client), self._limit
        )
        turn.waiting = 1
        self._leases[lease_id] = turn
        try:
            with self._asked(turn):
                if self._concurrent:
                    turn.say(pool_pb2.Turn())
                elif not turn.number:
                    turn.say(pool_pb2.Turn(waits=True, max_waiting=self._limit))
                yield turn
        finally:
            del self._leases[lease_id]

    async def messages(self, turn: Turn) -> AsyncIterator[pool_pb2.Turn]:
        """What to tell the client of a lease, until it is given back. Raises as `lease`."""
        while not turn.over:
            self._check()
            if not turn.number and not self._concurrent:
                self._check_refused()
            for message in turn.heard():
                yield message
            await turn.news.wait()

    async def report(self, said: pool_pb2.ReportTurnRequest) -> pool_pb2.ReportTurnResponse:
        """Take in what the client of a lease says, or say what it asks. The lease may be over."""
        turn = self._leases.get(said.lease_id)
        if said.whose_turn:
            await self.refresh(_ASK_SECONDS)
            return pool_pb2.ReportTurnResponse(
                run=self.info(), ahead=self._ahead(turn) if turn is not None else 0
            )
        if turn is not None:
            if said.given_back:
                turn.give_back(said.latest)
                self._leave(turn)
                return pool_pb2.ReportTurnResponse()
            run = turn.told(said, self._loop.time())
            if run is not None:
                self._remember(run.number, run.holder)
        return pool_pb2.ReportTurnResponse()

    async def refresh(self, within_s: float) -> None:
        """Ask the clients of leases who runs and how many wait, and wait for their answers."""
        held = () if self._held is None else (self._held,)
        asked = [turn.ask() for turn in (*held, *self._queue) if turn.lease_id]
        if asked:
            await asyncio.wait(asked, timeout=within_s)

    async def wait_for_end(self) -> None:
        """Raise what `end` said, when it has."""
        await self._ended.wait()
        self._check()

    def end(self, why: BridgeError) -> None:
        """There are no turns any more: end those that are held and waited for with this error."""
        self._why = why.to_detail()
        self._ended.set()
        self._settle_queue()
        for turn in self._leases.values():
            turn.wake()

    def refuse(self, why: BridgeError) -> None:
        """Give no more turns: refuse those that are waited for, now and later, with this error. The
        run that has begun goes on."""
        self._refused = why.to_detail()
        self._settle_queue()
        for turn in self._leases.values():
            if turn.number:
                turn.say(pool_pb2.Turn(refused=self._refused))
            turn.wake()

    def _settle_queue(self) -> None:
        queue, self._queue = self._queue, deque()
        for turn in queue:
            turn.settle()

    def _check(self) -> None:
        if self._why is not None:
            raise BridgeError.from_detail(self._why)

    def _check_refused(self) -> None:
        if self._refused is not None:
            raise BridgeError.from_detail(self._refused)

    @contextmanager
    def _asked(self, turn: Turn) -> Iterator[Turn]:
        self._check()
        self._check_refused()
        try:
            if self._concurrent:
                pass
            elif self._held is None:
                self._give(turn)
            else:
                if self.waiting >= self._limit:
                    raise self._full()
                (self._queue[-1] if self._queue else self._held).close()
                self._queue.append(turn)
            yield turn
        finally:
            self._leave(turn)

    async def _wait(self, turn: Turn, give_up_at: float | None) -> None:
        patience_s = None if give_up_at is None else max(give_up_at - self._loop.time(), 0.0)
        await asyncio.wait({turn.settled}, timeout=patience_s)
        self._check()
        if not turn.number:
            self._check_refused()
            await self.refresh(_ASK_SECONDS)
        # It may have come in the meantime.
        if not turn.number:
            raise self._too_late(turn)

    def _give(self, turn: Turn) -> None:
        self._held = turn
        turn.give(self._latest + 1, self._loop.time())
        self._latest = turn.last
        self._remember(turn.number, turn.holder)

    def _remember(self, number: int, holder: str) -> None:
        self._holders[number] = holder
        if len(self._holders) > _MAX_REMEMBERED:
            self._holders.popitem(last=False)

    def _leave(self, turn: Turn) -> None:
        if turn is not self._held:
            if turn in self._queue:
                self._queue.remove(turn)
            return
        self._held = None
        self._latest = turn.last
        if turn.lease_id:
            self._blocks.append((turn.number, turn.last, turn.client))
        if self._queue:
            self._give(self._queue.popleft())

    def _ahead(self, turn: Turn) -> int:
        """Runs that come before those of a turn, without the one that has its turn."""
        if turn is self._held or turn not in self._queue:
            return 0
        before = list(self._queue)[: self._queue.index(turn)]
        held = self._held.waiting if self._held is not None else 0
        return held + sum(each.waiting for each in before)

    def _full(self) -> BridgeError:
        return BridgeError(
            Category.POOL,
            "queue_full",
            f"{self.waiting} runs wait for their turn on {self._world_id} already, and at most "
            f"{self._limit} may; try again later, or give the pool a larger max_queue",
            details={"depth": self.waiting, "limit": self._limit, "world_id": self._world_id},
        )

    def _too_late(self, turn: Turn) -> BridgeError:
        held, ahead = self.info(), self._ahead(turn)
        details: dict[str, object] = {"world_id": self._world_id, "state": "turn", "ran": False}
        has = "nobody has it"
        if held is not None:
            label = RunLabel(held.number).held_by(held.holder)
            has = f"{label} has it since {held.held_s:.1f} s"
            details |= {"run": held.number, "holder": held.holder}
        more = f", and {ahead} others came before this one" if ahead else ""
        return BridgeError(
            Category.TIMEOUT,
            "run_timeout",
            f"this run waited {self._loop.time() - turn.since:.1f} s for its turn on "
            f"{self._world_id}, and never began: {has}{more}. Runs of one world take turns; give "
            "this one a longer timeout, or see what that one does (Vllm.World.diagnose/1, "
            "`vllm-bridge diagnose`)",
            details=details,
        )
