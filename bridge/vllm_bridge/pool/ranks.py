"""One rank as its pool sees it: the process, the control connection, the sessions it knows."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc.aio

from vllm_bridge import control
from vllm_bridge._generated import control_pb2, pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launcher import Launcher, RankProcess
from vllm_bridge.pool.settings import PoolSettings

# A dead process is noticed by two ways at once, its control connection and its exit status. This
# bounds how long one waits for the other.
EXIT_SECONDS = 2.0
LAST_WORDS_SECONDS = 0.5

# Of a dead rank's stderr, in error messages: those are cut at 2,000 characters, and the end of a
# traceback says the most.
MAX_QUOTED_CHARS = 1_200


@dataclass(frozen=True)
class Seat:
    """The place a rank takes: in a world, or in the pool itself."""

    # Rank in its world, index in the pool otherwise.
    index: int
    # Empty outside a world.
    world_id: str = ""

    def name(self, rank_id: str, pid: int) -> str:
        """How error messages call the rank that sits here."""
        who = f"rank {self.index} of {self.world_id}" if self.world_id else rank_id
        return f"{who} (pid {pid})" if pid else who


class Rank:
    """A rank process from its start to its end."""

    def __init__(self, rank_id: str, seat: Seat, settings: PoolSettings) -> None:
        self.rank_id = rank_id
        self.seat = seat
        self.state: pool_pb2.RankState = pool_pb2.STARTING
        self.endpoint = ""
        self.exit = ""
        # Calls that the pool has forwarded and that have not ended on the rank.
        self.in_flight = 0
        # Strict sessions of which this is the one rank.
        self.bound = 0
        self.died: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._settings = settings
        self._process: RankProcess | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._channel: grpc.aio.Channel | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._control_ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._acks: dict[int, asyncio.Future[control_pb2.Ack]] = {}
        self._last_request = 0
        self._registered: dict[str, asyncio.Task[None]] = {}

    @property
    def pid(self) -> int:
        """Process id; 0 before there is one."""
        return self._process.pid if self._process else 0

    @property
    def node(self) -> str:
        """Host name of the machine it runs on; empty before there is a process."""
        return self._process.node if self._process else ""

    @property
    def name(self) -> str:
        """How error messages call it."""
        return self.seat.name(self.rank_id, self.pid)

    @property
    def session_count(self) -> int:
        """Sessions that this rank knows."""
        return len(self._registered)

    @property
    def ready(self) -> bool:
        """Whether it takes calls."""
        return self.state == pool_pb2.READY

    def on_death(self, callback: Callable[[str], None]) -> None:
        """Call back with the sentence that says how it died."""
        self.died.add_done_callback(lambda died: callback(died.result()))

    async def start(
        self,
        launcher: Launcher,
        assignment: control_pb2.RankAssignment,
        rendezvous: socket.socket | None,
        timeout: timedelta,
    ) -> None:
        """Start the process, give it its assignment and wait until it serves.

        Whatever goes wrong, cancellation included, the process is killed before this returns.

        Raises:
            BridgeError: what the rank itself reported, how it died, or that it took too long.
        """
        try:
            await asyncio.wait_for(
                self._start(launcher, assignment, rendezvous), timeout.total_seconds()
            )
        except (asyncio.TimeoutError, TimeoutError):
            await self.kill()
            raise BridgeError(
                Category.TIMEOUT,
                "start_timeout",
                f"{self.name} was not ready after {timeout.total_seconds():g} s",
                rank=self._rank_number(),
            ) from None
        except BaseException:
            await asyncio.shield(self.kill())
            raise

    async def register(self, session_id: str, *, fail_fast: bool) -> None:
        """Make the session known to the rank; once, however many calls ask for it at a time."""
        task = self._registered.get(session_id)
        if task is None:
            request = control_pb2.PoolToRank(
                register_session=control_pb2.RegisterSession(
                    session_id=session_id, fail_fast=fail_fast
                )
            )
            task = asyncio.get_running_loop().create_task(self._register(request))
            self._registered[session_id] = task
        await asyncio.shield(task)

    async def drop(self, session_id: str, unless_used_within: timedelta | None = None) -> bool:
        """Free the session's objects; False when it was used too recently and is kept."""
        if session_id not in self._registered:
            return True
        request = control_pb2.PoolToRank(
            drop_session=control_pb2.DropSession(session_id=session_id)
        )
        if unless_used_within is not None:
            request.drop_session.unless_used_within.FromTimedelta(unless_used_within)
        with contextlib.suppress(BridgeError):  # a dead rank has no sessions left
            if (await self._request(request)).kept:
                return False
        self._registered.pop(session_id, None)
        return True

    def channel(self) -> grpc.aio.Channel:
        """The connection over which calls are forwarded."""
        if self._channel is None:
            self._channel = grpc.aio.insecure_channel(
                self.endpoint, options=self._settings.grpc_options()
            )
        return self._channel

    async def stop(self) -> None:
        """Ask it to leave, and kill it if it has not within the grace period."""
        if self._process is None or self.died.done():
            return
        self._send(control_pb2.PoolToRank(stop=control_pb2.Stop()))
        await asyncio.wait({self.died}, timeout=self._settings.stop_grace.total_seconds())
        await self.kill()

    async def kill(self) -> None:
        """End it now, and return when it has ended."""
        if self._process is None or self.died.done():
            return
        await self._process.kill()
        await asyncio.wait({self.died}, timeout=EXIT_SECONDS)

    def unavailable(self) -> BridgeError:
        """The error for a session bound to this rank after its end."""
        return BridgeError(
            Category.WORKER,
            "session_worker_unavailable",
            self.died.result() if self.died.done() else f"{self.name} cannot be reached",
            rank=self._rank_number(),
            details={"rank_id": self.rank_id, "pid": self.pid, "exit": self.exit},
        )

    def _rank_number(self) -> int | None:
        return self.seat.index if self.seat.world_id else None

    async def _start(
        self,
        launcher: Launcher,
        assignment: control_pb2.RankAssignment,
        rendezvous: socket.socket | None,
    ) -> None:
        self._process = await launcher.start(self.rank_id, rendezvous)
        loop = asyncio.get_running_loop()
        self._tasks.append(loop.create_task(self._watch(self._process)))
        reader, self._writer = await asyncio.open_unix_connection(sock=self._process.control)
        self._send(control_pb2.PoolToRank(assign=assignment))
        self._tasks.append(loop.create_task(self._read(reader)))
        self.endpoint = await asyncio.shield(self._started)
        self.state = pool_pb2.READY

    async def _register(self, request: control_pb2.PoolToRank) -> None:
        await self._request(request)

    async def _request(self, request: control_pb2.PoolToRank) -> control_pb2.Ack:
        if self.died.done():
            raise self.unavailable()
        self._last_request += 1
        request.request_id = self._last_request
        ack: asyncio.Future[control_pb2.Ack] = asyncio.get_running_loop().create_future()
        self._acks[request.request_id] = ack
        try:
            self._send(request)
            events: set[asyncio.Future[Any]] = {ack, self.died}
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._acks.pop(request.request_id, None)
        if not ack.done():
            raise self.unavailable()
        return ack.result()

    def _send(self, message: control_pb2.PoolToRank) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(control.frame(message))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while (message := await control.read(reader, control_pb2.RankToPool)) is not None:
                self._receive(message)
        except (control.FrameTooLarge, ValueError):
            pass  # nonsense on the control connection is as good as its end
        self._control_ended.set_result(None)
        # A rank that has closed its control connection is about to leave, or broken.
        await asyncio.wait({self.died}, timeout=EXIT_SECONDS)
        await self.kill()

    def _receive(self, message: control_pb2.RankToPool) -> None:
        kind = message.WhichOneof("message")
        if kind == "ack":
            ack = self._acks.get(message.request_id)
            if ack is not None and not ack.done():
                ack.set_result(message.ack)
        elif self._started.done():
            return
        elif kind == "ready":
            self._started.set_result(message.ready.endpoint)
        elif kind == "failed":
            error = BridgeError.from_detail(message.failed)
            error.rank = self._rank_number()
            error.message = f"{self.name} could not be started: {error.message}"
            error.args = (error.message,)
            self._fail_start(error)

    def _fail_start(self, error: BridgeError) -> None:
        if not self._started.done():
            self._started.set_exception(error)
            self._started.exception()  # somebody may or may not be waiting for it

    async def _watch(self, process: RankProcess) -> None:
        end = await process.wait()
        if self._writer is not None:
            # What it said last counts for more than that it died of it.
            await asyncio.wait({self._control_ended}, timeout=LAST_WORDS_SECONDS)
        ending = f"{self.name} {end.clause()}"
        stderr = "" if end.quiet else await process.stderr_tail()
        if stderr:
            ending += f"; its stderr ended with:\n{stderr[-MAX_QUOTED_CHARS:]}"
        self.state = pool_pb2.DEAD
        self.exit = end.description
        self._fail_start(
            BridgeError(
                Category.WORKER,
                "rank_died",
                ending.replace(end.clause(), f"{end.clause()} before it was ready", 1),
                rank=self._rank_number(),
            )
        )
        if self._writer is not None:
            self._writer.close()
        else:
            process.control.close()
        self._registered.clear()
        self.died.set_result(ending)
        if self._channel is not None:
            # Calls that wait on it fail by themselves; closing at once would cancel them instead,
            # which looks as if their own callers had.
            await self._channel.close(EXIT_SECONDS)
