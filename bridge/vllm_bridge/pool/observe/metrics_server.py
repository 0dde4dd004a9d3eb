"""The little HTTP that a scrape needs: GET and HEAD, one answer a connection.

The port has no token, so anyone who reaches it can hold connections to it. None of them costs a
thread, there are few of them, and none lasts: one that says nothing is closed after a while, and at
once when its place is needed for another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from vllm_bridge.process import background

MAX_CONNECTIONS = 32
"""At a time. One more takes the place of the one that has been there longest."""

TIMEOUT = timedelta(seconds=10)
"""For a whole connection: request, scrape and answer."""

MAX_REQUEST_BYTES = 16 * 1024
"""Request line and headers; a scrape has no body."""

Scrape = Callable[[str], Awaitable[tuple[str, bytes]]]
"""From the header `Accept` to content type and text."""


class MetricsServer:
    """An HTTP server with one page, at every path."""

    def __init__(self, scrape: Scrape) -> None:
        self._scrape = scrape
        self._server: asyncio.Server | None = None
        # In order of arrival.
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        # One scrape at a time: they are alike, and each takes a thread while it makes its text.
        self._scraping = asyncio.Lock()

    async def start(self, host: str, port: int) -> int:
        """Listen there. Returns the real port. Raises OSError."""
        self._server = await asyncio.start_server(
            self._connected, host, port, limit=MAX_REQUEST_BYTES, backlog=MAX_CONNECTIONS
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, and return when all connections are closed."""
        if self._server is None:
            return
        self._server.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            oldest = next(iter(self._connections))
            # Not when its task comes to it: the descriptor is needed now.
            self._connections.pop(oldest).transport.abort()
            oldest.cancel()
        task = background.task("a scrape of the metrics", self._serve(reader, writer))
        self._connections[task] = writer
        task.add_done_callback(lambda ended: self._connections.pop(ended, None))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(self._answer(reader, writer), TIMEOUT.total_seconds())
        except (asyncio.TimeoutError, OSError):
            pass  # a reader that is slow, or gone
        finally:
            # Not `close`, which waits until the reader has taken the rest.
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        status, content_type, body = "200 OK", "text/plain; charset=utf-8", b""
        method = ""
        try:
            request = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError:
            status = "431 Request Header Fields Too Large"
        else:
            line, *fields = request.decode("latin-1").split("\r\n")
            method = line.partition(" ")[0]
            if method in ("GET", "HEAD"):
                async with self._scraping:
                    content_type, body = await self._scrape(_header(fields, "accept"))
            else:
                status = "405 Method Not Allowed\r\nAllow: GET, HEAD"
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode("latin-1") + (b"" if method == "HEAD" else body))
        writer.close()
        await writer.wait_closed()


def _header(fields: list[str], name: str) -> str:
    """The value of a header field; empty when it is not there."""
    found = [
        value.strip()
        for key, _, value in (field.partition(":") for field in fields)
        if key.strip().lower() == name
    ]
    return ", ".join(found)
