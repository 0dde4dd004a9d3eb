"""A turn on a world that the runs of a client share, one at a time, and those that wait for it."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import deque

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.io import Call, Lock, Stream
from vllm_bridge.client._calls.runs import WorldKey
from vllm_bridge.codec.errors import BridgeError, Category


class Waiting:
    """A run that waits for its turn, then has it."""

    def __init__(self, mutex: threading.Lock) -> None:
        self._mutex = mutex
        # Of which lease; None: of none any more.
        self.lease: Lease | None = None
        # The number of its turn; 0: it has none yet, or there are none.
        self.number = 0
        # No turn comes any more: since there are none on this world, or what has failed.
        self.settled = False
        self.error: BaseException | None = None
        # Where it waits: held until it is settled.
        self.wake: Lock | None = None
        self.cancelled = False
        self.since = time.monotonic()
        self._thread = threading.current_thread().name

    @property
    def holder(self) -> str:
        """Who it is, for people."""
        return holder(self._thread)

    def settle(self, number: int = 0, error: BaseException | None = None) -> None:
        """Its turn has come, or never will. Whoever says so has the mutex."""
        if not self.settled:
            self.settled, self.number, self.error = True, number, error
            self._wake()

    def cancel(self) -> None:
        """The run that it is inside of was given up."""
        with self._mutex:
            self.cancelled = True
            self._wake()

    def _wake(self) -> None:
        wake, self.wake = self.wake, None
        if wake is not None:
            wake.release()


class Lease:
    """One, from the moment in which it was asked for. Whoever uses it has the client's mutex."""

    def __init__(self, lease_id: str, world: WorldKey) -> None:
        self.lease_id = lease_id
        self.world = world
        self.stream: Stream | None = None
        # The report that ends it: what nobody refers to is cancelled.
        self.farewell: Call | None = None
        # That of the world, as long as it is held; None: unknown.
        self.generation: int | None = None
        # No run may join it any more; it is over.
        self.closed = self.over = False
        # For more than one run.
        self.shared = False
        self.queue: deque[Waiting] = deque()
        self.running: Waiting | None = None
        self.idle_since = 0.0
        self._running_since = 0.0
        self._given = False
        self._next = self._last = 0
        self._limit = 0

    @property
    def given(self) -> bool:
        """Whether the turn has come."""
        return self._given

    def begin(self, run: Waiting) -> bool:
        """Whether a run has the turn at once."""
        if self.closed or self.running or self.queue or not self._given or self._next > self._last:
            return False
        self._start(run)
        return True

    def join(self, run: Waiting) -> None:
        """One more run waits, unless too many do."""
        run.lease = self
        self.queue.append(run)
        self._refuse_surplus()

    def waits(self, limit: int) -> None:
        """Others have their turn first, and so many may wait."""
        self._limit = limit
        self._refuse_surplus()

    def give(self, turn: pool_pb2.Turn) -> None:
        """The turn has come."""
        self._given = True
        self._next = turn.number
        self._last = turn.number + max(turn.block, 1) - 1
        # A server that knows no leases gives the turn of one run.
        self.shared = turn.block > 0
        if self.shared:
            self.generation = turn.generation
            self._limit = turn.max_waiting

    def leave(self, run: Waiting) -> None:
        """A run has ended, or waits no more."""
        run.lease = None
        if self.running is run:
            self.running = None
        elif run in self.queue:
            self.queue.remove(run)

    def settle(self, error: BaseException | None = None) -> None:
        """None of those that wait gets a turn."""
        queue, self.queue = self.queue, deque()
        for run in queue:
            run.lease = None
            run.settle(error=error)

    def advance(self) -> bool:
        """Let the next run begin, if one can; whether the lease is to be given back."""
        if self.over or self.running is not None:
            return False
        if not self._given:
            self.over = not self.queue
        elif self._next > self._last:
            self.over = True
        elif self.queue:
            self._start(self.queue.popleft())
        elif self.closed:
            self.over = True
        else:
            self.idle_since = time.monotonic()
        self.closed = self.closed or self.over
        return self.over

    def idle(self, seconds: float) -> bool:
        """Whether it has been without a run for so long."""
        if self.over or not self._given or self.running is not None:
            return False
        return time.monotonic() - self.idle_since >= seconds

    def run_info(self) -> pool_pb2.RunInfo | None:
        """The run that has the turn."""
        if self.running is None:
            return None
        held_s = time.monotonic() - self._running_since
        return pool_pb2.RunInfo(
            number=self.running.number, holder=self.running.holder, held_s=held_s
        )

    def report(self) -> pool_pb2.ReportTurnRequest:
        """How it is, for the pool."""
        _, world_id, epoch = self.world
        return pool_pb2.ReportTurnRequest(
            world_id=world_id,
            epoch=epoch,
            lease_id=self.lease_id,
            run=self.run_info(),
            waiting=len(self.queue),
            latest=max(self._next - 1, 0),
        )

    def ahead(self, run: Waiting) -> int:
        """Runs that wait before this one."""
        return self.queue.index(run) if run in self.queue else 0

    def _start(self, run: Waiting) -> None:
        run.lease = self
        self.running, self._running_since = run, time.monotonic()
        self._next += 1
        run.settle(self._next - 1)

    def _refuse_surplus(self) -> None:
        while self._limit and len(self.queue) > self._limit:
            run = self.queue.pop()
            run.lease = None
            run.settle(error=self._full())

    def _full(self) -> BridgeError:
        world_id, depth = self.world[1], len(self.queue)
        return BridgeError(
            Category.POOL,
            "queue_full",
            f"{depth} runs wait for their turn on {world_id} already, and at most {self._limit} "
            "may; try again later, or give the pool a larger max_queue",
            details={"depth": depth, "limit": self._limit, "world_id": world_id},
        )


def holder(thread: str | None = None) -> str:
    """Who has a turn, for people: this thread, or another one."""
    return f"{this_client()}, thread {thread or threading.current_thread().name}"


def this_client() -> str:
    """Who this process is, for people."""
    return f"process {os.getpid()} on {socket.gethostname()}"
