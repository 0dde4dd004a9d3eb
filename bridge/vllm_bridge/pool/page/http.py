"""HTTP/1.1 for a few people who look: h11 says what the bytes mean, this file owns the sockets.

Anyone who reaches the port can hold connections to it, and a port on loopback may have no token. So
none of them costs a thread; there are few of them; and none lasts that does not do its part: a
request has to be complete, and an answer read, within `TIMEOUT`. A handshake of TLS counts as part
of a request. What goes on, a stream of events, has to be read as it comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import h11

from vllm_bridge.process import background

MAX_CONNECTIONS = 128
"""At a time. One more takes the place of the one that has kept us waiting for longest."""

MAX_STREAMS = 64
"""Of events, at a time. One more takes the place of one that is not read, if there is one."""

TIMEOUT_S = 10.0

MAX_HEAD_BYTES = 16 * 1024
MAX_BODY_BYTES = 4 * 1024

# For each connection in the kernel: a reader who has gone is found out after this much, not after
# the megabytes that the kernel would take.
_SEND_BUFFER_BYTES = 64 * 1024

# After an accept that failed: with no descriptor left it would fail again at once.
_PAUSE_S = 0.1

_logger = logging.getLogger("vllm_bridge.pool.page")


@dataclass(frozen=True)
class Request:
    """One request, complete."""

    method: str
    path: str
    query: Mapping[str, str]
    # By names in small letters; a field that came twice has its values joined.
    headers: Mapping[str, str]
    body: bytes
    # It came over TLS.
    secure: bool


@dataclass
class Response:
    """What is answered: a body, or a stream that goes on until it ends or is not read."""

    status: HTTPStatus = HTTPStatus.OK
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    stream: AsyncIterator[bytes] | None = None


Respond = Callable[[Request], Awaitable[Response]]


class HttpServer:
    """Listens from `start` to `close`, and answers with what `respond` makes of a request."""

    def __init__(self, respond: Respond, tls: ssl.SSLContext | None = None) -> None:
        self._respond = respond
        self._tls = tls
        self._listening: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        # In the order of their arrival.
        self._connections: dict[asyncio.Task[None], _Connection] = {}

    async def start(self, host: str, port: int) -> int:
        """Listen there. Returns the real port. Raises OSError."""
        loop = asyncio.get_running_loop()
        places = await loop.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, _, _, _, where in dict.fromkeys(places):
            if self._listening:
                # "localhost" has two addresses: one port for both.
                where = (where[0], self._port(), *where[2:])
            listening = socket.create_server(
                where[:2], family=family, backlog=MAX_CONNECTIONS, reuse_port=False
            )
            listening.setblocking(False)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
            self._listening.append(listening)
        self._accepting = [
            background.task("listening for the page", self._accept(listening))
            for listening in self._listening
        ]
        return self._port()

    async def close(self) -> None:
        """Stop listening, and return when all connections are closed."""
        tasks = [*self._accepting, *self._connections]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for listening in self._listening:
            listening.close()
        self._listening.clear()

    @property
    def connections(self) -> int:
        """Open connections."""
        return len(self._connections)

    def _port(self) -> int:
        return int(self._listening[0].getsockname()[1])

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with background.step("taking a connection of the page"):
                try:
                    accepted, _ = await loop.sock_accept(listening)
                except OSError:
                    # No descriptor is left, or the client has gone.
                    await asyncio.sleep(_PAUSE_S)
                    continue
                self._begin(accepted)

    def _begin(self, accepted: socket.socket) -> None:
        if len(self._connections) >= MAX_CONNECTIONS and not self._make_room():
            accepted.close()
            return
        connection = _Connection(accepted, self._tls, self._respond, self._room_for_stream)
        task = background.task("a connection of the page", connection.serve())
        self._connections[task] = connection
        task.add_done_callback(lambda ended: self._connections.pop(ended, None))

    def _make_room(self, *, streams: bool = False) -> bool:
        """End the connection that has kept us waiting for longest; False where none does."""
        slow = [
            (connection.waits_since, task)
            for task, connection in self._connections.items()
            if connection.waits_since is not None and (connection.streams or not streams)
        ]
        if not slow:
            return False
        _, task = min(slow, key=lambda each: each[0])
        # Not when its task comes to it: the place is needed now.
        self._connections.pop(task).abort()
        task.cancel()
        return True

    def _room_for_stream(self) -> bool:
        count = sum(connection.streams for connection in self._connections.values())
        return count < MAX_STREAMS or self._make_room(streams=True)


class _Connection:
    """One connection, from its socket to its end."""

    def __init__(
        self,
        accepted: socket.socket,
        tls: ssl.SSLContext | None,
        respond: Respond,
        room_for_stream: Callable[[], bool],
    ) -> None:
        self._socket = accepted
        self._tls = tls
        self._respond = respond
        self._room_for_stream = room_for_stream
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        self._reader = asyncio.StreamReader(limit=MAX_HEAD_BYTES)
        self._transport: asyncio.Transport | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.streams = False
        # Since when the client has to do something; None: it is our turn.
        self.waits_since: float | None = None

    def abort(self) -> None:
        """Close it, whatever has not been read."""
        if self._transport is not None:
            self._transport.abort()

    async def serve(self) -> None:
        """Answer requests until the client leaves, is too slow, or says what is not HTTP."""
        try:
            async with self._client():
                await self._open()
            while await self._exchange():
                self._http.start_next_cycle()
        except (asyncio.TimeoutError, TimeoutError, OSError, h11.LocalProtocolError):
            pass  # a client that is slow, or gone; a handshake that failed is an OSError too
        finally:
            # Not `close`, which waits until the client has taken the rest.
            self.abort()
            if self._transport is None:
                self._socket.close()

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[None]:
        """It is the client's turn, for no longer than `TIMEOUT_S`."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        late = False

        def end() -> None:
            nonlocal late
            late = True
            if task is not None:
                task.cancel()

        self.waits_since = loop.time()
        timer = loop.call_later(TIMEOUT_S, end)
        try:
            yield
        except asyncio.CancelledError:
            if late:
                raise asyncio.TimeoutError from None
            raise
        finally:
            timer.cancel()
            self.waits_since = None

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        protocol = asyncio.StreamReaderProtocol(self._reader)
        self._transport, _ = await loop.connect_accepted_socket(
            lambda: protocol,
            self._socket,
            ssl=self._tls,
            ssl_handshake_timeout=TIMEOUT_S if self._tls else None,
        )
        self._writer = asyncio.StreamWriter(self._transport, protocol, self._reader, loop)
        # `drain` returns when all is with the kernel, so that nothing piles up here.
        self._transport.set_write_buffer_limits(high=0)

    async def _exchange(self) -> bool:
        """Answer one request. False where there is no next one."""
        try:
            async with self._client():
                request = await self._request()
        except h11.RemoteProtocolError as error:
            await self._refuse(HTTPStatus(error.error_status_hint))
            return False
        if request is None:
            return False
        try:
            response = await self._respond(request)
        except Exception:
            _logger.exception("%s %s failed", request.method, request.path)
            response = Response(HTTPStatus.INTERNAL_SERVER_ERROR, body=b"see the server's log\n")
        if response.stream is not None and not self._room_for_stream():
            response = Response(
                HTTPStatus.SERVICE_UNAVAILABLE,
                body=f"{MAX_STREAMS} look at this page already; close one first\n".encode(),
                headers={"retry-after": "5"},
            )
        await self._answer(response, head=request.method == "HEAD")
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _request(self) -> Request | None:
        head: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    await self._send(self._http.send(go_on))
                self._http.receive_data(await self._reader.read(MAX_HEAD_BYTES))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > MAX_BODY_BYTES:
                    raise h11.RemoteProtocolError("too much of a body", error_status_hint=413)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _request(head, bytes(body), secure=self._tls is not None)
            else:  # it has closed the connection
                return None

    async def _answer(self, response: Response, *, head: bool = False) -> None:
        headers = {"content-type": response.content_type, **response.headers}
        stream = None if head else response.stream
        if response.stream is None:
            headers["content-length"] = str(len(response.body))
        parts = self._http.send(
            h11.Response(status_code=response.status, headers=list(headers.items()))
        )
        if stream is not None:
            self.streams = True
            await self._send(parts)
            async with contextlib.aclosing(stream) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    await self._send(self._http.send(h11.Data(data=chunk)))
            self.streams = False
            parts = b""
        elif not head:
            parts = (parts or b"") + (self._http.send(h11.Data(data=response.body)) or b"")
        await self._send((parts or b"") + (self._http.send(h11.EndOfMessage()) or b""))

    async def _refuse(self, status: HTTPStatus) -> None:
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            await self._answer(Response(status, body=f"{status.phrase}\n".encode()))

    async def _send(self, data: bytes | None) -> None:
        if data and self._writer is not None:
            self._writer.write(data)
            async with self._client():
                await self._writer.drain()


def _request(head: h11.Request, body: bytes, *, secure: bool) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    try:
        target = urlsplit(head.target.decode("latin-1"))
        query = dict(parse_qsl(target.query, keep_blank_values=True, max_num_fields=16))
    except ValueError:
        raise h11.RemoteProtocolError("not a target", error_status_hint=400) from None
    return Request(head.method.decode("latin-1"), target.path or "/", query, headers, body, secure)
