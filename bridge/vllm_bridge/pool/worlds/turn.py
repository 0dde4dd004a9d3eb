"""A turn on a world, of one run or of a client whose runs share it, as the pool sees it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator

from vllm_bridge._generated import pool_pb2

# Numbers of a lease. Far more than runs in its time, and few enough for 18 digits.
_BLOCK = 2**32

_MAX_HOLDER = 200

# Questions that a client has yet to answer.
_MAX_ASKED = 64


class Turn:
    """One turn, from the moment in which it was asked for."""

    def __init__(
        self, holder: str, since: float, lease_id: str = "", client: str = "", limit: int = 0
    ) -> None:
        self.holder = holder
        # Of the event loop's clock: when it was asked for, then when it was given.
        self.since = since
        # Empty: it is that of one run.
        self.lease_id = lease_id
        self.client = client
        # Its first number, 0 until it was given; and its last one.
        self.number = 0
        self.last = 0
        # Of its runs, so many wait. Of a lease as its client said last.
        self.waiting = 1
        # Done when it was given, or never will be.
        self.settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Of a lease: its client has given it back.
        self.over = False
        # Of a lease: set when there is something to tell its client.
        self.news = asyncio.Event()
        self._limit = limit
        self._messages: deque[pool_pb2.Turn] = deque()
        self._closed = False
        # The run of a lease that its client named last, and when.
        self._run: pool_pb2.RunInfo | None = None
        self._run_at = since
        # What its client was asked: the answers, by number.
        self._asked: dict[int, asyncio.Future[None]] = {}
        self._questions = 0
        self._answered = 0
        # The number of the latest run that it was asked about.
        self._asked_about = 0

    def give(self, number: int, now: float) -> None:
        """Its time has come."""
        self.number, self.since, self.waiting = number, now, max(self.waiting - 1, 0)
        self.last = number
        if self.lease_id:
            self.last = number + _BLOCK - 1
            self._run = pool_pb2.RunInfo(number=number, holder=self.holder)
            self._run_at, self._asked_about = now, number
            self.say(pool_pb2.Turn(number=number, block=_BLOCK, max_waiting=self._limit))
        self.settle()

    def settle(self) -> None:
        """Nobody need wait for it any more."""
        if not self.settled.done():
            self.settled.set_result(None)
        self.wake()

    def info(self, now: float) -> pool_pb2.RunInfo | None:
        """The run that has it, as far as that is known."""
        if not self.lease_id:
            held_s = round(now - self.since, 3)
            return pool_pb2.RunInfo(number=self.number, holder=self.holder, held_s=held_s)
        if self._run is None:
            return None
        run = pool_pb2.RunInfo()
        run.CopyFrom(self._run)
        run.held_s = round(run.held_s + now - self._run_at, 3)
        return run

    def close(self) -> None:
        """Somebody has asked behind it."""
        if self.lease_id and not self._closed:
            self._closed = True
            self.say(pool_pb2.Turn(wanted=True))

    def ask(self, about: int = 0) -> asyncio.Future[None]:
        """Ask the client of a lease who has the turn: done when it has answered."""
        self._asked_about = max(self._asked_about, about)
        if len(self._asked) >= _MAX_ASKED:
            return self._asked[self._questions]
        self._questions += 1
        self.say(pool_pb2.Turn(tell=self._questions))
        answered = self._asked[self._questions] = asyncio.get_running_loop().create_future()
        return answered

    def unknown(self, number: int) -> bool:
        """Whether a run of that number is one of the lease, and was not asked about."""
        return bool(self.lease_id) and self._asked_about < number <= self.last

    def told(self, said: pool_pb2.ReportTurnRequest, now: float) -> pool_pb2.RunInfo | None:
        """Its client has said how it is; which run has it."""
        if said.tell < self._answered:
            # An answer to a later question has overtaken it.
            return None
        self._answered = said.tell
        self._run, self._run_at = None, now
        if self.number and self.number <= said.run.number <= self.last:
            self._run = pool_pb2.RunInfo()
            self._run.CopyFrom(said.run)
            self._run.holder = for_people(said.run.holder)
        self.waiting = max(said.waiting, 0)
        for number in [number for number in self._asked if number <= said.tell]:
            answered = self._asked.pop(number)
            if not answered.done():
                answered.set_result(None)
        return self._run

    def give_back(self, latest: int) -> None:
        """Its client has no use for it any more; `latest`: the last number that a run had."""
        if self.number:
            # Numbers that a client has not used are those of the next one.
            self.last = min(max(latest, self.number - 1), self.last)
        self.over = True
        self._run, self.waiting = None, 0
        for answered in self._asked.values():
            if not answered.done():
                answered.set_result(None)
        self.wake()

    def say(self, message: pool_pb2.Turn) -> None:
        """Have this sent to its client."""
        self._messages.append(message)
        self.wake()

    def heard(self) -> Iterator[pool_pb2.Turn]:
        """What to send to its client now."""
        self.news.clear()
        while self._messages:
            yield self._messages.popleft()

    def wake(self) -> None:
        """Something has changed."""
        self.news.set()


def for_people(holder: str) -> str:
    """Who a client says it is, as texts may have it."""
    text = "".join(each if each.isprintable() else "?" for each in holder[:_MAX_HOLDER])
    return text or "a client that does not say who it is"
