"""One rank as its pool sees it: the process, the control connection, the sessions it knows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

import grpc.aio

from vllm_bridge._generated import control_pb2, pool_pb2, rank_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.gate.referee import Waiting
from vllm_bridge.pool.frames.rank_frames import RankFrames
from vllm_bridge.pool.launchers.local import send_beside
from vllm_bridge.pool.launchers.protocol import Place, RankProcess
from vllm_bridge.pool.ranks.known_sessions import KnownSessions
from vllm_bridge.pool.ranks.observed import Observed
from vllm_bridge.pool.settings import DEFAULT_POOL, PoolSettings
from vllm_bridge.process import background
from vllm_bridge.transport import control
from vllm_bridge.transport.address import grpc_target
from vllm_bridge.transport.call_tokens import pool_token
from vllm_bridge.transport.far_channels import far_channel
from vllm_bridge.transport.grpc_options import NO_PROXY
from vllm_bridge.world_sizes import WorldSizes

# Two things report a dead process: its control connection and its exit status. This bounds how long
# one waits for the other.
EXIT_SECONDS = 2.0
LAST_WORDS_SECONDS = 0.5

_NOWHERE = Place("", "", "")

# Of a dead rank's stderr, in error messages: those are cut at 2,000 characters, and the end of a
# traceback says the most.
MAX_QUOTED_CHARS = 1_200


class CallGate(Protocol):
    """Where the calls of ranks in worlds wait until they may begin."""

    def enter(self, rank: Rank, message: control_pb2.Enter) -> None:
        """A call has arrived at the gate."""

    def leave(self, rank: Rank, message: control_pb2.Leave) -> None:
        """A call gives up waiting there."""

    def done(self, rank: Rank, message: control_pb2.Done) -> None:
        """A call that was let through has ended."""

    def waiting_of(self, rank: Rank) -> Waiting | None:
        """The call of this rank that waits there now."""


@dataclass(frozen=True)
class RankPosition:
    """The position of a rank: in a world, or in the pool itself."""

    # Rank in its world, index in the pool otherwise.
    index: int
    # Empty outside a world.
    world_id: str = ""
    epoch: int = 0
    # Of its world; its own coordinates stay when the world is resized.
    sizes: WorldSizes | None = None

    def name(self, rank_id: str, pid: int) -> str:
        """What error messages call the rank in this position."""
        who = f"rank {self.index} of {self.world_id}" if self.world_id else rank_id
        return f"{who} (pid {pid})" if pid else who


class Rank:
    """A rank process from its start to its end."""

    def __init__(
        self,
        rank_id: str,
        position: RankPosition,
        settings: PoolSettings,
        changed: Callable[[Rank], None] | None = None,
    ) -> None:
        self.rank_id = rank_id
        self.position = position
        self.state: pool_pb2.RankState = pool_pb2.STARTING
        self.endpoint = ""
        # Where it takes the same calls in frames; empty: nowhere.
        self.frames_endpoint = ""
        self.exit = ""
        # Calls that the pool has forwarded and that have not ended on the rank.
        self.in_flight = 0
        # Strict sessions of which this is the one rank, and hint sessions that prefer it.
        self.bound = 0
        self.preferred = 0
        # A strict session was bound to it once, so that client may send it calls directly.
        self.called_directly = False
        # It was found to be busy with calls that the pool has not forwarded.
        self.busy_elsewhere = False
        # How often the pool replaced the rank in this position.
        self.restarts = 0
        self.pool_name = DEFAULT_POOL
        # On another host: what its tokens are made of, and the certificate that it shows.
        self.call_key = b""
        self.certificate = ""
        # Its number among the ranks of its host; None: the one of its position.
        self.local_rank: int | None = None
        self.died: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._settings = settings
        # Called after every change of `state`.
        self._changed = changed
        self._process: RankProcess | None = None
        self._control: asyncio.Transport | None = None
        self._channel: grpc.aio.Channel | None = None
        # None: it takes none.
        self.frames: RankFrames | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._control_ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._started: asyncio.Future[control_pb2.Ready] = (
            asyncio.get_running_loop().create_future()
        )
        self._acks: dict[int, asyncio.Future[control_pb2.Ack]] = {}
        self._last_request = 0
        self.sessions = KnownSessions(self._ask)
        # Set for the ranks of a world that has a gate.
        self.gate: CallGate | None = None
        # The latest one, and when it arrived.
        self.heartbeat: control_pb2.Heartbeat | None = None
        self._heartbeat_at = 0.0
        self.observed = Observed()
        self._heartbeat_listeners: list[Callable[[Rank, control_pb2.Heartbeat], None]] = []
        # Called with what its code emits.
        self.emitted: Callable[[Rank, rank_pb2.Emission], None] | None = None
        # Called with its calls that were part of traces.
        self.traced: Callable[[Rank, control_pb2.Spans], None] | None = None
        self._watched_at = 0.0
        self._watching: asyncio.TimerHandle | None = None
        # Why the pool killed it.
        self._because = ""
        # It was the pool that ended it, in an orderly way.
        self.stopped = False

    @property
    def pid(self) -> int:
        """Process id; 0 before there is one."""
        return self._process.pid if self._process else 0

    @property
    def place(self) -> Place:
        """Where it runs; nowhere before there is a process."""
        return self._process.place if self._process else _NOWHERE

    @property
    def name(self) -> str:
        """What error messages call it."""
        return self.position.name(self.rank_id, self.pid)

    @property
    def ready(self) -> bool:
        """Whether it takes calls."""
        return self.state in (pool_pb2.READY, pool_pb2.OVERDUE)

    @property
    def overdue(self) -> bool:
        """Whether it runs a call whose deadline has passed, or whose caller has gone."""
        return self.state == pool_pb2.OVERDUE

    def heartbeat_age(self) -> float:
        """Seconds since the latest heartbeat; 0 before the first."""
        if self.heartbeat is None:
            return 0.0
        return asyncio.get_running_loop().time() - self._heartbeat_at

    def doing(self) -> str:
        """What it was running at its latest heartbeat, for people; empty when that was nothing."""
        if self.heartbeat is None or not self.heartbeat.HasField("running"):
            return ""
        running = self.heartbeat.running
        method = running.method.rpartition("/")[2]
        service = running.method.rpartition("/")[0].rpartition(".")[2]
        seconds = running.running_s + self.heartbeat_age()
        return f"running {service}.{method} for {seconds:.1f} s"

    def on_heartbeat(self, callback: Callable[[Rank, control_pb2.Heartbeat], None]) -> None:
        """Call back with every heartbeat."""
        self._heartbeat_listeners.append(callback)

    def on_death(self, callback: Callable[[str], None]) -> None:
        """Call back with the sentence that says how it died."""
        self.died.add_done_callback(lambda died: callback(died.result()))

    async def start(
        self,
        process: Callable[[], Awaitable[RankProcess]],
        assignment: control_pb2.RankAssignment,
        timeout: timedelta,
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Start the process, give it its assignment and wait until it serves.

        `before` is awaited when there is a process that can be asked, and may complete the
        assignment.

        Whatever goes wrong, cancellation included, the process is killed before this returns.

        Raises:
            BridgeError: what the rank itself reported, how it died, or that it took too long.
        """
        try:
            await asyncio.wait_for(
                self._start(process, assignment, before), timeout.total_seconds()
            )
        except (asyncio.TimeoutError, TimeoutError):
            await self.kill()
            quoted = _quoted(await self._process.stderr_tail()) if self._process else ""
            raise BridgeError(
                Category.TIMEOUT,
                "start_timeout",
                f"{self.name} was not ready after {timeout.total_seconds():g} s; raise the start "
                f"timeout, or see what the host is busy with{quoted}",
                rank=self.number,
            ) from None
        except BaseException:
            await asyncio.shield(self.kill())
            raise

    def channel(self) -> grpc.aio.Channel:
        """The connection over which calls are forwarded."""
        if self._channel is None:
            options = [*self._settings.grpc_options(), *NO_PROXY]
            self._channel = (
                far_channel(self.endpoint, self.certificate, pool_token(self.call_key), options)
                if self.certificate
                else grpc.aio.insecure_channel(grpc_target(self.endpoint), options=options)
            )
        return self._channel

    async def stop(self) -> None:
        """Ask it to stop, and kill it if it has not exited within the grace period."""
        if self._process is None or self.died.done():
            return
        self._send(control_pb2.PoolToRank(stop=control_pb2.Stop()))
        await asyncio.wait({self.died}, timeout=self._settings.stop_grace.total_seconds())
        await self.kill()

    async def kill(self, because: str = "") -> None:
        """End it now, and return when it has ended. The reason becomes part of how it ended."""
        if self._process is None or self.died.done():
            return
        self._because = self._because or because
        self.stopped = not self._because
        await self._process.kill()
        await asyncio.wait({self.died}, timeout=EXIT_SECONDS)

    def unavailable(self) -> BridgeError:
        """The error for a session bound to this rank after its end."""
        return BridgeError(
            Category.WORKER,
            "session_worker_unavailable",
            self.died.result() if self.died.done() else f"{self.name} cannot be reached",
            rank=self.number,
            details={"rank_id": self.rank_id, "pid": self.pid, "exit": self.exit},
        )

    @property
    def number(self) -> int | None:
        """Its rank in its world; None outside any."""
        return self.position.index if self.position.world_id else None

    async def _start(
        self,
        process: Callable[[], Awaitable[RankProcess]],
        assignment: control_pb2.RankAssignment,
        before: Callable[[], Awaitable[None]] | None,
    ) -> None:
        self._process = await process()
        self._set_state(pool_pb2.STARTING)
        loop = asyncio.get_running_loop()
        watching = self._watch(self._process)
        self._tasks.append(background.task("watching a rank", watching, self._unwatched))
        self._control = await self._process.connect(self._receive, self._control_over)
        if before is not None:
            await before()
        self._send(control_pb2.PoolToRank(assign=assignment))
        ready = await asyncio.shield(self._started)
        self.endpoint, self.frames_endpoint = ready.endpoint, ready.frames_endpoint
        self.certificate = ready.certificate
        if ready.frames_endpoint:
            self.frames = RankFrames(ready.frames_endpoint)
        self._set_state(pool_pb2.READY)
        self._heartbeat_at = loop.time()
        self._watch_heartbeats()

    def _set_state(self, state: pool_pb2.RankState) -> None:
        self.state = state
        if self._changed is not None:
            with background.step("telling of the state of a rank"):
                self._changed(self)

    async def change(
        self, standby: control_pb2.Standby, descriptor: int | None = None
    ) -> control_pb2.Ack:
        """Have it take a step towards a world with other members.

        Raises:
            BridgeError: why it cannot, or how it died.
        """
        ack = await self._ask(control_pb2.PoolToRank(standby=standby), descriptor)
        if ack.HasField("failure"):
            raise BridgeError.from_detail(ack.failure)
        return ack

    async def listen(self, host: str) -> int:
        """Have it, rank 0 of a world, open the socket where that meets. Returns the port.

        Raises:
            BridgeError: why it cannot, or how it died.
        """
        ack = await self._ask(control_pb2.PoolToRank(listen=control_pb2.Listen(host=host)))
        if ack.HasField("failure"):
            raise BridgeError.from_detail(ack.failure)
        return ack.port

    def _ask(
        self, request: control_pb2.PoolToRank, descriptor: int | None = None
    ) -> Coroutine[Any, Any, control_pb2.Ack]:
        if self.died.done():
            raise self.unavailable()
        self._last_request += 1
        request.request_id = self._last_request
        ack: asyncio.Future[control_pb2.Ack] = asyncio.get_running_loop().create_future()
        self._acks[request.request_id] = ack
        if descriptor is None:
            self._send(request)
        elif not send_beside(self._control, self._process, request, descriptor):
            del self._acks[request.request_id]
            raise self.unavailable()
        return self._answer(request.request_id, ack)

    async def _answer(self, number: int, ack: asyncio.Future[control_pb2.Ack]) -> control_pb2.Ack:
        try:
            events: set[asyncio.Future[Any]] = {ack, self.died}
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._acks.pop(number, None)
        if not ack.done():
            raise self.unavailable()
        return ack.result()

    def _send(self, message: control_pb2.PoolToRank) -> None:
        if self._control is not None and not self._control.is_closing():
            self._control.write(control.frame(message))

    def send_verdict(self, verdict: control_pb2.Verdict) -> None:
        """Send the gate's verdict on a call that waits there."""
        self._send(control_pb2.PoolToRank(verdict=verdict))

    def tell(self, message: control_pb2.PoolToRank) -> None:
        """Send it what it does not answer."""
        self._send(message)

    async def drained(self) -> None:
        """Return when all calls have ended that it has taken; it takes none outside of runs."""
        await self._ask(control_pb2.PoolToRank(drain=control_pb2.Drain()))

    def _control_over(self) -> None:
        """It has closed its control connection, or sent invalid bytes on it."""
        if not self._control_ended.done():
            self._control_ended.set_result(None)
            self._tasks.append(background.task("ending a rank", self._end_soon()))

    async def _end_soon(self) -> None:
        # It is about to exit, or broken.
        await asyncio.wait({self.died}, timeout=EXIT_SECONDS)
        await self.kill("it had closed its control connection")

    def _receive(self, message: control_pb2.RankToPool) -> None:
        kind = message.WhichOneof("message")
        if kind == "enter":
            if self.gate is not None:
                self.gate.enter(self, message.enter)
        elif kind == "done":
            if self.gate is not None:
                self.gate.done(self, message.done)
        elif kind == "leave":
            if self.gate is not None:
                self.gate.leave(self, message.leave)
        elif kind == "heartbeat":
            self._receive_heartbeat(message.heartbeat)
        elif kind == "emission":
            if self.emitted is not None:
                self.emitted(self, message.emission)
        elif kind == "spans":
            if self.traced is not None:
                self.traced(self, message.spans)
        elif kind == "ack":
            ack = self._acks.get(message.request_id)
            if ack is not None and not ack.done():
                ack.set_result(message.ack)
        elif self._started.done():
            return
        elif kind == "ready":
            self._started.set_result(message.ready)
        elif kind == "failed":
            error = BridgeError.from_detail(message.failed)
            error.rank = self.number
            error.message = f"{self.name} could not be started: {error.message}"
            error.args = (error.message,)
            self._fail_start(error)

    def _receive_heartbeat(self, heartbeat: control_pb2.Heartbeat) -> None:
        self.heartbeat = heartbeat
        self._heartbeat_at = asyncio.get_running_loop().time()
        if self.ready:
            state = pool_pb2.OVERDUE if heartbeat.running.overdue_s > 0 else pool_pb2.READY
            if state != self.state:
                self._set_state(state)
        for listener in self._heartbeat_listeners:
            with background.step("counting what a heartbeat says"):
                listener(self, heartbeat)

    def _watch_heartbeats(self) -> None:
        """Kill a rank that has gone silent, or is overdue for longer than it may be."""
        loop = asyncio.get_running_loop()
        interval_s = self._settings.heartbeat_interval.total_seconds()
        stalled = self._watched_at and loop.time() - self._watched_at > 2 * interval_s
        self._watched_at = loop.time()
        if self.died.done():
            return
        self._watching = loop.call_later(interval_s, self._watch_heartbeats)
        if stalled:
            # This process was held up itself, and has not read what the rank sent meanwhile.
            return
        silent_s = loop.time() - self._heartbeat_at
        overdue_s = self.heartbeat.running.overdue_s if self.heartbeat else 0.0
        if silent_s > self._settings.heartbeat_timeout.total_seconds():
            self._set_state(pool_pb2.UNRESPONSIVE)
            self._kill_soon(f"it had sent no heartbeat for {silent_s:.1f} s")
        elif overdue_s > self._settings.overdue_grace.total_seconds():
            self._kill_soon(
                f"it was {self.doing()}, {overdue_s:.1f} s of them after the call's deadline or "
                "its caller's end"
            )

    def _kill_soon(self, because: str) -> None:
        if self._watching is not None:
            self._watching.cancel()
        # If that fails, the next look finds it as it was, and tries again.
        killing = background.task(
            "killing a rank", self.kill(because), lambda _: self._watch_heartbeats()
        )
        self._tasks.append(killing)

    def _fail_start(self, error: BridgeError) -> None:
        if not self._started.done():
            self._started.set_exception(error)
            self._started.exception()  # somebody may or may not be waiting for it

    async def _watch(self, process: RankProcess) -> None:
        end = await process.wait()
        if self._watching is not None:
            self._watching.cancel()
        if self._control is not None:
            # Its last message says more about the cause than its exit status.
            await asyncio.wait({self._control_ended}, timeout=LAST_WORDS_SECONDS)
        # One that the pool stops may be killed for it, and has not crashed.
        self.stopped = self.stopped and end.quiet
        if self.stopped:
            end = replace(end, description="stopped by the pool")
        because = f" by the pool because {self._because}" if self._because else ""
        ending = f"{self.name} {end.clause()}{because}"
        if not end.quiet:
            ending += _quoted(await process.stderr_tail())
        self.exit = f"{end.description}{because}"
        self._set_state(pool_pb2.DEAD)
        self._fail_start(
            BridgeError(
                Category.WORKER,
                "rank_died",
                ending.replace(end.clause(), f"{end.clause()} before it was ready", 1),
                rank=self.number,
            )
        )
        if self._control is not None:
            self._control.close()
        else:
            process.abandon()
        self.sessions.clear()
        self.died.set_result(ending)
        if self.frames is not None:
            self.frames.close()
        if self._channel is not None:
            # Calls on it fail by themselves. Closing at once would cancel them instead, which looks
            # like a cancellation by their callers.
            await self._channel.close(EXIT_SECONDS)

    def _unwatched(self, error: BaseException) -> None:
        """Nothing would notice its end any more: kill it, and count it as dead."""
        ending = f"{self.name} was ended, because watching it failed ({error!r})"
        if self._process is not None:
            background.task("killing a rank", self._process.kill())
        self.exit = self.exit or "ended, because watching it failed"
        self._set_state(pool_pb2.DEAD)
        self._fail_start(BridgeError(Category.WORKER, "rank_died", ending))
        if not self.died.done():
            self.died.set_result(ending)


def _quoted(stderr: str) -> str:
    return f"; its stderr ended with:\n{stderr[-MAX_QUOTED_CHARS:]}" if stderr else ""
