"""Where ranks dial in: whoever reaches the port may connect, and has a moment to say who it is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl

from vllm_bridge.pool.launchers.joins.joined import RankConnection, Reception
from vllm_bridge.process import background
from vllm_bridge.transport.address import ListenError, TcpAddress
from vllm_bridge.transport.tls_channel import notice_silence

_logger = logging.getLogger("vllm_bridge.pool.launchers.joins")

HELLO_SECONDS = 10
"""From the connection on: for TLS's handshake and the first message."""

MAX_STRANGERS = 256
"""Connections that have not said who they are; one more closes the oldest."""

# After an error of `accept`, such as too many descriptors.
_PAUSE_SECONDS = 0.1


class JoinListener:
    """One port."""

    def __init__(self, reception: Reception, tls: ssl.SSLContext | None) -> None:
        self._reception = reception
        self._tls = tls
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        # Those that have not said who they are, the oldest first.
        self._strangers: dict[asyncio.Task[None], None] = {}
        self._connections: set[RankConnection] = set()

    async def listen(self, address: TcpAddress) -> TcpAddress:
        """Begin. Returns the address with the real port.

        Raises:
            ListenError: the address is taken, or cannot be used.
        """
        try:
            found = socket.getaddrinfo(
                address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            family, _, _, _, where = found[0]
            self._socket = socket.create_server(where[:2], family=family, backlog=socket.SOMAXCONN)
        except OSError as error:
            raise ListenError(
                f"cannot listen for ranks on {address}: {error.strerror or error}"
            ) from None
        self._socket.setblocking(False)
        accepting = self._accept(self._socket)
        self._accepting = background.task("accepting ranks that dial in", accepting)
        return TcpAddress(address.host, self._socket.getsockname()[1])

    async def close(self) -> None:
        """Listen no more, and close all connections of ranks."""
        tasks = [*self._strangers, *([self._accepting] if self._accepting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()
        for connection in list(self._connections):
            connection.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(listening)
            except OSError as error:
                _logger.warning("a rank could not be let in: %s", error)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            while len(self._strangers) >= MAX_STRANGERS:
                oldest = next(iter(self._strangers))
                del self._strangers[oldest]
                oldest.cancel()
            self._let_in(sock)

    def _let_in(self, sock: socket.socket) -> None:
        connection = RankConnection(self._reception, self._connections.discard)
        meeting = background.task("a rank that dials in", self._meet(sock, connection))
        self._strangers[meeting] = None

        def met(task: asyncio.Task[None]) -> None:
            # Also where it was cancelled before its first step.
            self._strangers.pop(task, None)
            if not connection.made:
                sock.close()
            elif not connection.told.done():
                connection.close()

        meeting.add_done_callback(met)

    async def _meet(self, sock: socket.socket, connection: RankConnection) -> None:
        """From the connection until it has said who it is."""
        with contextlib.suppress(OSError):
            notice_silence(sock)
        try:
            await asyncio.wait_for(self._greet(sock, connection), HELLO_SECONDS)
        except (asyncio.TimeoutError, TimeoutError):
            connection.refuse(f"it did not say who it is within {HELLO_SECONDS:g} s")

    async def _greet(self, sock: socket.socket, connection: RankConnection) -> None:
        # What fails at the handshake is a stranger: nothing is lost with it.
        with contextlib.suppress(OSError):
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, sock, ssl=self._tls
            )
            self._connections.add(connection)
            await asyncio.shield(connection.told)
