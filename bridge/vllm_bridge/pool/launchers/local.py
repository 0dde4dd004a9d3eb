"""The launcher "mp": ranks are forked on this machine, by a forkserver.

It alone passes descriptors: a forked rank inherits the socket where its world meets, and the memory
of the shared gate.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launchers.control_connection import ControlConnection
from vllm_bridge.pool.launchers.forkserver import MAX_PACKET_BYTES, identity, send_packet
from vllm_bridge.pool.launchers.forkserver_process import ForkserverProcess
from vllm_bridge.pool.launchers.protocol import (
    LOOPBACK,
    Exit,
    Place,
    RankProcess,
    describe_status,
    no_room,
    not_started,
)
from vllm_bridge.pool.launchers.stderr import StderrForwarder, StderrTap, forwarder
from vllm_bridge.pool.settings.launch_options import MP
from vllm_bridge.process import background, logs
from vllm_bridge.transport import control as control_frames

_logger = logging.getLogger("vllm_bridge.pool")

# Time for the last lines of a dead process to come through its pipe.
DRAIN_SECONDS = 0.5

# For the forkserver to end and reap its ranks; after that it is killed, and they with it.
CLOSE_SECONDS = 3.0


class LocalLauncher:
    """Forks ranks from a forkserver on this machine. A forkserver that dies is replaced."""

    def __init__(self, spawn: Callable[[], ForkserverProcess], first: ForkserverProcess) -> None:
        self._spawn = spawn
        self._forwarder = forwarder()
        self._current = _Forkserver(first, self._forwarder)
        self._owned: list[Path] = []
        self._closed = False

    async def start(
        self, rank_id: str, rendezvous: socket.socket | None, shared_gate: int | None
    ) -> LocalRank:
        """Start one. It receives duplicates of `rendezvous` and `shared_gate`; the caller keeps its
        own.

        Raises:
            BridgeError: category `worker`, when no process could be started.
        """
        if self._closed:
            raise BridgeError(
                Category.POOL, "pool_stopping", "the pool is stopping; try its successor"
            )
        server = await self._running()
        try:
            return await server.fork(rank_id, rendezvous, shared_gate)
        except BridgeError:
            # It may have been dead already, with the news still on its way.
            if not server.ended.done():
                raise
        return await (await self._running()).fork(rank_id, rendezvous, shared_gate)

    async def own(self, path: Path) -> None:
        """Have this file removed when the pool is gone, however it went."""
        self._owned.append(path)
        await self._current.own(path)

    async def _running(self) -> _Forkserver:
        if self._current.ended.done():
            try:
                process = self._spawn()
            except OSError as error:
                raise no_room(error) from None
            why = f"{self._current.ended.result()}; another takes its place"
            logs.log(_logger, logging.WARNING, why, pid=process.popen.pid)
            try:
                self._current = _Forkserver(process, self._forwarder)
            except (OSError, RuntimeError) as error:
                process.abandon()
                raise no_room(error) from None
            for path in self._owned:
                await self._current.own(path)
        return self._current

    async def close(self) -> None:
        """End all ranks and the forkserver."""
        self._closed = True
        await self._current.close()


class LocalRank:
    """A forked rank; implements `RankProcess`."""

    def __init__(
        self, rank_id: str, control: socket.socket, stderr: StderrTap, server: _Forkserver
    ) -> None:
        self.rank_id = rank_id
        self.pid = 0
        self.place = Place(MP, socket.gethostname(), LOOPBACK)
        # The pool's end of the control connection. Its taker closes it.
        self.control = control
        self._stderr = stderr
        self._server = server
        loop = asyncio.get_running_loop()
        self.forked: asyncio.Future[None] = loop.create_future()
        self.exit: asyncio.Future[Exit] = loop.create_future()

    async def connect(
        self, receive: Callable[[control_pb2.RankToPool], None], ended: Callable[[], None]
    ) -> asyncio.Transport:
        """As `RankProcess.connect`."""
        transport, _ = await asyncio.get_running_loop().create_unix_connection(
            lambda: ControlConnection(receive, ended), sock=self.control
        )
        return transport

    def abandon(self) -> None:
        """As `RankProcess.abandon`."""
        self.control.close()

    async def wait(self) -> Exit:
        """As `RankProcess.wait`."""
        return await asyncio.shield(self.exit)

    async def kill(self) -> None:
        """As `RankProcess.kill`."""
        if not self.exit.done():
            await self._server.send({"op": "signal", "id": self.rank_id, "signal": signal.SIGKILL})

    async def stderr_tail(self) -> str:
        """As `RankProcess.stderr_tail`."""
        if self.exit.done():
            await self._stderr.drained(DRAIN_SECONDS)
        return self._stderr.tail()

    def ended(self, how: Exit) -> None:
        """Note its end; only the first one counts."""
        if not self.exit.done():
            self.exit.set_result(how)

    def close(self) -> None:
        """Let go of a rank that was never handed out."""
        self.control.close()
        self._stderr.close()


class Starts(Protocol):
    """What has, or forks, a process for a rank: the launcher, or a spare process."""

    async def start(
        self, rank_id: str, rendezvous: socket.socket | None, shared_gate: int | None
    ) -> LocalRank:
        """As `LocalLauncher.start`."""


class LocalLaunch:
    """The ranks of a world on this host; implements `Launch`."""

    def __init__(
        self,
        starts: Callable[[int], Starts],
        init_method: str,
        rendezvous: socket.socket | None,
        shared_gate: int | None,
    ) -> None:
        self.init_method = init_method
        self._starts = starts
        # Where the ranks meet, for rank 0; None: it listens there already.
        self._rendezvous = rendezvous
        self.shared_gate = shared_gate

    async def start(self, rank: int, rank_id: str) -> LocalRank:
        """As `Launch.start`."""
        rendezvous = self._rendezvous if rank == 0 else None
        return await self._starts(rank).start(rank_id, rendezvous, self.shared_gate)

    async def end(self) -> None:
        """As `Launch.end`: nothing is kept for the world but its ranks."""


def send_beside(
    connection: asyncio.Transport | None,
    process: RankProcess | None,
    message: control_pb2.PoolToRank,
    descriptor: int,
) -> bool:
    """Send a descriptor with a message; False where the rank is gone, on another host, or has not
    read what it was sent before."""
    if connection is None or connection.get_write_buffer_size():
        return False
    if not isinstance(process, LocalRank):
        return False
    frame = control_frames.frame(message)
    try:
        sent = socket.send_fds(process.control, [frame], [descriptor])
    except OSError:
        return False
    if sent < len(frame):
        connection.write(frame[sent:])
    return True


class _Forkserver:
    """The pool's side of one forkserver."""

    def __init__(self, process: ForkserverProcess, forwarder: StderrForwarder) -> None:
        self._process = process
        self._forwarder = forwarder
        self._ranks: dict[str, LocalRank] = {}
        self._loop = asyncio.get_running_loop()
        self._stderr = StderrTap(process.stderr, "forkserver", forwarder)
        self._sending = asyncio.Lock()
        self.ended: asyncio.Future[str] = self._loop.create_future()
        self._exit: asyncio.Future[int] = self._loop.create_future()
        process.socket.setblocking(False)
        # A thread of its own from the start: when there is no descriptor left, nothing else can be
        # begun that would hear of its end, not even a module that has not been imported yet.
        background.thread("forkserver", self._wait, failed=self._not_waited).start()
        self._loop.add_reader(process.socket, self._readable)

    async def fork(
        self, rank_id: str, rendezvous: socket.socket | None, shared_gate: int | None
    ) -> LocalRank:
        with contextlib.ExitStack() as on_failure:
            try:
                ours, theirs = map(on_failure.enter_context, socket.socketpair())
                stderr_read, stderr_write = os.pipe2(os.O_CLOEXEC)
                on_failure.callback(os.close, stderr_write)
                on_failure.callback(os.close, stderr_read)
                ours.setblocking(False)
                tap = StderrTap(stderr_read, rank_id, self._forwarder)
            except OSError as error:
                raise no_room(error) from None
            on_failure.pop_all()
        rank = LocalRank(rank_id, ours, tap, self)
        self._ranks[rank_id] = rank
        fds = {"control": theirs.fileno(), "stderr": stderr_write}
        if rendezvous is not None:
            fds["rendezvous"] = rendezvous.fileno()
        if shared_gate is not None:
            fds["shared_gate"] = shared_gate
        try:
            try:
                request = {"op": "fork", "id": rank_id, "fds": list(fds)}
                await self.send(request, list(fds.values()))
            finally:
                theirs.close()
                os.close(stderr_write)
            await rank.forked
        except (asyncio.CancelledError, BridgeError):
            # The forkserver serves requests in order: it forks, if it got the request, then kills.
            rank.close()
            rank.forked.cancel()
            await asyncio.shield(rank.kill())
            raise
        return rank

    async def own(self, path: Path) -> None:
        try:
            known = identity(str(path))
        except OSError:
            # Somebody has removed it: there is nothing to remove any more.
            return
        await self.send({"op": "own", "path": str(path), "identity": known})

    async def send(self, message: dict[str, Any], fds: list[int] | None = None) -> None:
        async with self._sending:
            while not self.ended.done():
                try:
                    send_packet(self._process.socket, message, fds or [])
                except BlockingIOError:
                    # It is still importing torch and its socket is full.
                    await self._writable()
                except (BrokenPipeError, ConnectionResetError):
                    break
                except OSError as error:
                    # Too many descriptors on their way, or no memory for the message.
                    if message["op"] == "fork":
                        raise no_room(error) from None
                    raise
                else:
                    return
        if message["op"] == "fork":
            raise not_started(await asyncio.shield(self.ended), self._stderr.tail())

    async def close(self) -> None:
        if not self.ended.done() and not any(rank.pid for rank in self._ranks.values()):
            # It may be importing torch still, and has nothing that it needs to end in order.
            self._process.popen.terminate()
        with contextlib.suppress(OSError):
            self._process.socket.shutdown(socket.SHUT_WR)
        await asyncio.wait({self.ended}, timeout=CLOSE_SECONDS)
        if not self.ended.done():
            self._process.popen.kill()
            await asyncio.shield(self.ended)

    async def _writable(self) -> None:
        writable = self._loop.create_future()
        self._loop.add_writer(self._process.socket, _resolve, writable)
        try:
            await asyncio.wait({writable, self.ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not self.ended.done():
                self._loop.remove_writer(self._process.socket)

    def _readable(self) -> None:
        while True:
            try:
                data = self._process.socket.recv(MAX_PACKET_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._loop.remove_reader(self._process.socket)
                background.task("waiting for the end of the forkserver", self._reap(), self._lost)
                return
            with background.step("reading what the forkserver says"):
                self._note(json.loads(data))

    def _note(self, event: dict[str, Any]) -> None:
        rank = self._ranks.get(event["id"])
        if rank is None:
            return
        if event["event"] == "forked":
            rank.pid = event["pid"]
            _resolve(rank.forked)
            return
        del self._ranks[event["id"]]
        if event["event"] == "exited":
            rank.ended(_exit_of(event))
        elif not rank.forked.done():
            rank.ended(Exit("never started", quiet=True))
            rank.forked.set_exception(not_started(f"fork failed: {event['message']}", ""))

    async def _reap(self) -> None:
        how = Exit(describe_status(await self._exit)).clause()
        await self._stderr.drained(DRAIN_SECONDS)
        self._end(how)

    def _wait(self) -> None:
        status = self._process.popen.wait()
        # The loop may be gone before it.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._exit.set_result, status)

    def _not_waited(self, error: BaseException) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._lost, error)

    def _lost(self, error: BaseException) -> None:
        """It may live, but nobody hears of it: its ranks are ended with it."""
        with contextlib.suppress(OSError):
            self._process.popen.kill()
        self._end(f"was lost ({type(error).__name__}: {error})")

    def _end(self, how: str) -> None:
        if self.ended.done():
            return
        why = f"the forkserver (pid {self._process.popen.pid}) that starts ranks {how}"
        self.ended.set_result(why)
        self._loop.remove_reader(self._process.socket)
        self._loop.remove_writer(self._process.socket)
        self._process.socket.close()
        self._stderr.close()
        for rank in self._ranks.values():
            # Their parent-death signal is SIGKILL.
            rank.ended(Exit(f"killed because {why}", quiet=True))
            if not rank.forked.done():
                rank.forked.set_exception(not_started(why, self._stderr.tail()))
        self._ranks.clear()


def _exit_of(event: dict[str, Any]) -> Exit:
    number = event.get("signal")
    status = event["status"] if number is None else -number
    return Exit(
        describe_status(status), quiet=number in (signal.SIGKILL, signal.SIGTERM) or status == 0
    )


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
