"""A rank that has dialled in: its connection, from the first byte on, and its process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from google.protobuf.message import DecodeError

from vllm_bridge._generated import control_pb2
from vllm_bridge.pool.launchers.control_connection import ControlConnection
from vllm_bridge.pool.launchers.joins.hello import Refusal
from vllm_bridge.pool.launchers.protocol import Exit, Place, describe_status
from vllm_bridge.process import background
from vllm_bridge.transport import control

MAX_HELLO_BYTES = 16 * 1024
"""Of the first message: a stranger may send it."""

REPORT_SECONDS = 0.5
"""For its launcher to say how a process ended whose connection has."""


class Reception(Protocol):
    """Who knows which ranks are expected."""

    def came(self, hello: control_pb2.Hello, connection: RankConnection) -> None:
        """A rank has said who it is; it is taken with `RankConnection.accept`.

        Raises:
            Refusal: why it is not.
        """


class RankConnection(asyncio.Protocol):
    """One connection that was accepted: of a stranger, until it has said who it is and fits."""

    def __init__(self, reception: Reception, over: Callable[[RankConnection], None]) -> None:
        self._reception = reception
        self._over = over
        self._frames: control.Frames | None = control.Frames(MAX_HELLO_BYTES)
        self._transport: asyncio.Transport | None = None
        self._process: JoinedProcess | None = None
        self.control: ControlConnection | None = None
        self.peer = ""
        # Done when it has said who it is, or is gone.
        self.told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def made(self) -> bool:
        """Whether there is a connection to close."""
        return self._transport is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        self.peer = str(name[0]) if name else ""

    def accept(self, process: JoinedProcess) -> asyncio.Transport:
        """It is this rank."""
        if self._transport is None:
            raise Refusal("it has not connected")
        self._process = process
        self._frames = None
        self._transport.write(control.frame(control_pb2.PoolToRank(welcome=control_pb2.Welcome())))
        self._tell()
        return self._transport

    def _tell(self) -> None:
        if not self.told.done():
            self.told.set_result(None)

    def data_received(self, data: bytes) -> None:
        """As asyncio calls it."""
        if self.control is not None:
            self.control.data_received(data)
        elif self._frames is None:
            # It speaks before it is asked.
            self.close()
        else:
            self._read_hello(self._frames, data)

    def _read_hello(self, frames: control.Frames, data: bytes) -> None:
        try:
            bodies = frames.feed(data)
            if not bodies:
                return
            message = control_pb2.RankToPool.FromString(bodies[0])
            if message.WhichOneof("message") != "hello" or len(bodies) > 1 or frames.rest:
                raise Refusal("its first message does not say who it is, or does not end there")
            self._reception.came(message.hello, self)
        except (control.FrameTooLarge, DecodeError, ValueError):
            self.refuse(f"its first message is none, or has more than {MAX_HELLO_BYTES} bytes")
        except Refusal as refusal:
            self.refuse(str(refusal), later=refusal.later)

    def refuse(self, why: str, *, later: bool = False) -> None:
        """Say why it is not taken, and close."""
        if self._transport is not None and not self._transport.is_closing():
            refused = control_pb2.Refused(why=why, later=later)
            self._transport.write(control.frame(control_pb2.PoolToRank(refused=refused)))
        self.close()
        self._tell()

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def eof_received(self) -> bool:
        """As asyncio calls it: a rank that sends no more has gone."""
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """As asyncio calls it."""
        self._over(self)
        self._tell()
        if self.control is not None:
            self.control.connection_lost(error)
        if self._process is not None:
            self._process.lost()


class JoinedProcess:
    """A rank's process on whatever host it runs; implements `RankProcess`."""

    def __init__(
        self, rank_id: str, place: Place, hello: control_pb2.Hello, connection: RankConnection
    ) -> None:
        self.rank_id = rank_id
        self.pid: int = hello.pid
        self.place = place
        self._connection = connection
        self._transport = connection.accept(self)
        self._exit: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._said: Exit | None = None
        # Whether somebody else sees how it ends, and says so with `ended`.
        self.reported = False
        self._ends: list[Callable[[], None]] = []
        self._tail: Callable[[], str] = str

    async def connect(
        self, receive: Callable[[control_pb2.RankToPool], None], ended: Callable[[], None]
    ) -> asyncio.Transport:
        """As `RankProcess.connect`."""

        def received(message: control_pb2.RankToPool) -> None:
            if message.WhichOneof("message") == "leaving":
                status = message.leaving.status
                self._said = Exit(describe_status(status), quiet=status == 0)
            else:
                receive(message)

        self._connection.control = ControlConnection(received, ended)
        if self._exit.done() or self._transport.is_closing():
            ended()
        return self._transport

    def abandon(self) -> None:
        """As `RankProcess.abandon`."""
        self._transport.close()

    async def wait(self) -> Exit:
        """As `RankProcess.wait`."""
        return await asyncio.shield(self._exit)

    async def kill(self) -> None:
        """As `RankProcess.kill`. It ends with its connection, and by what its launcher does."""
        if self._exit.done():
            return
        self._said = self._said or Exit("disconnected", quiet=True)
        for end in self._ends:
            with background.step("ending a rank by its launcher"):
                end()
        self._transport.abort()

    async def stderr_tail(self) -> str:
        """As `RankProcess.stderr_tail`."""
        return self._tail()

    def on_kill(self, end: Callable[[], None], stderr_tail: Callable[[], str] = str) -> None:
        """What else ends it, and where the end of its stderr is."""
        self._ends.append(end)
        self._tail = stderr_tail

    def ended(self, how: Exit) -> None:
        """Its launcher has seen its end. Only the first report counts."""
        if not self._exit.done():
            self._exit.set_result(how)
        if not self._transport.is_closing():
            self._transport.abort()

    def lost(self) -> None:
        """Its connection has ended."""
        if self._exit.done():
            return
        if self._said is None and self.reported:
            asyncio.get_running_loop().call_later(REPORT_SECONDS, self._unreported)
            return
        self._unreported()

    def _unreported(self) -> None:
        if not self._exit.done():
            why = f"it ended, or its host {self.place.node} or the network failed"
            lost = Exit(f"lost its connection to the pool ({why})", quiet=True)
            self._exit.set_result(self._said or lost)
