"""Calls that clients on this host send to the pool in frames.

Only calls for ranks, not the pool's own services. The socket is in the server's directory, which
its owner alone can enter, like the sockets of the ranks: a client that can call here can call
them too, so there is no token. The pool's own services say where it is, and they need the token.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NoReturn, cast

import grpc
import grpc.aio

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.codec.errors import TRAILER, detail_in
from vllm_bridge.durations import LONGEST_S
from vllm_bridge.process import background
from vllm_bridge.transport.address import private_socket
from vllm_bridge.transport.frames import failures
from vllm_bridge.transport.frames.protocol import (
    MAX_OPEN_CALLS,
    Called,
    Cancelled,
    Limits,
    Malformed,
    Protocol,
    Refused,
    encoded,
)

MAX_CONNECTIONS = 512
"""Of a pool; one more is told `too_many_connections`, and closed."""

MAX_UNSENT_BYTES = 8 << 20
"""A connection with more is not read from until its client has read."""

STALLED_SECONDS: float = 30
"""A client that reads nothing for so long, of more than that, loses its connection; and one that
sends nothing of a frame that it has begun."""

# After a call's deadline: whatever runs it has noticed by then, and says more.
_LATE_SECONDS = 1.0

_BACKLOG = 512

_logger = logging.getLogger("vllm_bridge.pool.frames")

Metadata = Sequence[tuple[str, str | bytes]]


class FrameContext:
    """One call, as what runs it sees it: as much of grpc's context as a call of a rank needs."""

    __slots__ = ("_code", "_ends", "_message", "_metadata", "_trailers", "late")

    def __init__(self, metadata: Metadata, timeout_us: int) -> None:
        self._metadata = metadata
        timeout_s = timeout_us / 1e6
        self._ends = time.monotonic() + timeout_s if 0 < timeout_s < LONGEST_S else None
        self._trailers: Metadata = ()
        self._code = grpc.StatusCode.OK
        self._message = ""
        # Its deadline has passed.
        self.late = False

    def invocation_metadata(self) -> Metadata:
        """What its client sent with it."""
        return self._metadata

    def time_remaining(self) -> float | None:
        """Seconds until its deadline; None: it has none."""
        return None if self._ends is None else max(self._ends - time.monotonic(), 0.0)

    async def send_initial_metadata(self, metadata: Metadata) -> None:
        """Nothing: answers in frames have none."""

    def set_trailing_metadata(self, trailers: Metadata) -> None:
        """What its client gets with the answer."""
        self._trailers = tuple(trailers)

    def trailing_metadata(self) -> Metadata:
        """What was set."""
        return self._trailers

    def code(self) -> grpc.StatusCode:
        """The status that it ended with."""
        return self._code

    async def abort(
        self, code: grpc.StatusCode, message: str = "", trailers: Metadata = ()
    ) -> NoReturn:
        """End it with a status. Raises `grpc.aio.AbortError`."""
        self._code, self._message = code, message
        self.set_trailing_metadata(trailers)
        raise grpc.aio.AbortError

    def reply(self, call: int, body: bytes) -> Frame:
        """The frame of an answer."""
        frame = Frame(id=call)
        frame.reply.body = body
        if self._trailers:
            frame.reply.trailers.extend(_pairs(self._trailers))
        return frame

    def failure(self, call: int) -> Frame:
        """The frame of what `abort` was told."""
        failure = Frame.Failure(code=self._code.value[0], message=self._message)
        detail = detail_in(self._trailers)
        if detail is not None:
            failure.error.CopyFrom(detail)
        failure.trailers.extend(_pairs([pair for pair in self._trailers if pair[0] != TRAILER]))
        return Frame(id=call, failure=failure)


Serve = Callable[[str, bytes, FrameContext], Awaitable[bytes]]
"""Runs a call of a method; raises `grpc.aio.AbortError` after `FrameContext.abort`."""


class ClientFrames:
    """The pool's socket for frames, and the connections to it."""

    def __init__(self, serve: Serve, max_message_bytes: int, max_queue: int = 0) -> None:
        self.serve = serve
        # A client that sends all its calls over one connection is refused by the queue, or not.
        open_calls = MAX_OPEN_CALLS + max_queue
        self.limits = Limits(max_message_bytes, open_calls=open_calls)
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    async def start(self, path: Path) -> None:
        """Listen there.

        Raises:
            OSError: it cannot be done.
        """
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with private_socket():
                listener.bind(str(path))
            self._server = await asyncio.get_running_loop().create_unix_server(
                lambda: _Connection(self), sock=listener, backlog=_BACKLOG
            )
        except BaseException:
            listener.close()
            raise

    async def stop(self, grace_s: float) -> None:
        """Take no more connections, and end those there are when their calls are over, or then."""
        if self._server is None:
            return
        self._server.close()
        running = [task for connection in self.connections for task in connection.tasks()]
        if running:
            await asyncio.wait(running, timeout=grace_s)
        for connection in list(self.connections):
            connection.close()


class _Connection(asyncio.Protocol):
    """One connection, and the calls that are open on it."""

    def __init__(self, server: ClientFrames) -> None:
        self._server = server
        self._protocol = Protocol(server.limits)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._transport: asyncio.Transport | None = None
        self._unread: asyncio.TimerHandle | None = None
        # When bytes came last, and a look at whether a frame that has begun goes on.
        self._read_at = 0.0
        self._unfinished: asyncio.TimerHandle | None = None

    def tasks(self) -> list[asyncio.Task[None]]:
        """Of its open calls."""
        return list(self._tasks.values())

    def close(self) -> None:
        """End it, when what was answered has been sent."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=MAX_UNSENT_BYTES)
        connections = self._server.connections
        if len(connections) >= MAX_CONNECTIONS:
            self._send(failures.whole_connection(failures.too_many_connections(MAX_CONNECTIONS)))
            self.close()
        else:
            connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """As asyncio calls it: its callers have gone."""
        self._server.connections.discard(self)
        self.resume_writing()
        if self._unfinished is not None:
            self._unfinished.cancel()
        for task in self.tasks():
            task.cancel()

    def pause_writing(self) -> None:
        """As asyncio calls it: the client does not read as fast as it is answered."""
        if self._transport is not None:
            self._transport.pause_reading()
            self._look_again(self._transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """As asyncio calls it."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._read_at = asyncio.get_running_loop().time()

    def _look_again(self, unread: int) -> None:
        loop = asyncio.get_running_loop()
        self._unread = loop.call_later(STALLED_SECONDS, self._check_read, unread)

    def _check_read(self, unread: int) -> None:
        transport = self._transport
        if transport is None:
            return
        left = transport.get_write_buffer_size()
        if left < unread:
            self._look_again(left)
        else:
            _logger.warning("a client has read nothing for %g s: disconnected", STALLED_SECONDS)
            transport.abort()

    def _check_finished(self) -> None:
        self._unfinished = None
        transport = self._transport
        if transport is None or not self._protocol.missing:
            return
        loop = asyncio.get_running_loop()
        # While it is not read from, it cannot send.
        left = self._read_at + STALLED_SECONDS - loop.time() if self._unread is None else 1.0
        if left > 0:
            self._unfinished = loop.call_later(left, self._check_finished)
        else:
            _logger.warning("a frame has not gone on for %g s: disconnected", STALLED_SECONDS)
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """As asyncio calls it."""
        for event in self._protocol.feed(data):
            if isinstance(event, Called):
                if event.body is None:
                    self._protocol.end(event.id)
                    self._send(Frame(id=event.id, failure=_IN_PARTS))
                else:
                    self._begin(event, event.body)
            elif isinstance(event, Cancelled):
                task = self._tasks.pop(event.id, None)
                if task is not None:
                    task.cancel()
            elif isinstance(event, Refused):
                self._send(Frame(id=event.id, failure=event.failure))
            elif isinstance(event, Malformed):
                self._send(failures.whole_connection(failures.malformed(event.what)))
                self.close()
        if self._protocol.missing:
            loop = asyncio.get_running_loop()
            self._read_at = loop.time()
            if self._unfinished is None:
                self._unfinished = loop.call_later(STALLED_SECONDS, self._check_finished)

    def _begin(self, called: Called, body: bytes) -> None:
        context = FrameContext(tuple(called.metadata.items()), called.timeout_us)
        work = self._run(called.id, called.method, body, context)
        self._tasks[called.id] = background.task("a call in frames", work)

    async def _run(self, call: int, method: str, body: bytes, context: FrameContext) -> None:
        task = asyncio.current_task()
        timer = None
        left = context.time_remaining()
        if left is not None and task is not None:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(left + _LATE_SECONDS, _give_up, context, task)
        try:
            frame = context.reply(call, await self._server.serve(method, body, context))
        except grpc.aio.AbortError:
            frame = context.failure(call)
        except asyncio.CancelledError:
            if not context.late:
                raise
            frame = Frame(id=call, failure=_LATE)
        except Exception as error:
            self._answer(call, task, Frame(id=call, failure=_defect(method, error)))
            raise
        finally:
            if timer is not None:
                timer.cancel()
        self._answer(call, task, frame)

    def _answer(self, call: int, task: asyncio.Task[None] | None, frame: Frame) -> None:
        # Its id may be that of a later call by now, if its client has given it up.
        if self._tasks.get(call) is not task:
            return
        del self._tasks[call]
        self._protocol.end(call)
        limit = self._server.limits.message_bytes
        size = len(frame.reply.body)
        if 0 < limit < size:
            frame = Frame(id=call, failure=failures.too_large_answer(size, limit))
        self._send(frame)

    def _send(self, frame: Frame) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encoded(frame))


def _give_up(context: FrameContext, task: asyncio.Task[None]) -> None:
    context.late = True
    task.cancel()


def _defect(method: str, error: Exception) -> Frame.Failure:
    return failures.failure_of(background.defect(method, error))


def _pairs(metadata: Metadata) -> list[Frame.Pair]:
    return [
        Frame.Pair(key=key, value=value.encode() if isinstance(value, str) else value)
        for key, value in metadata
    ]


_LATE = failures.status_failure(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")

_IN_PARTS = failures.status_failure(
    grpc.StatusCode.UNIMPLEMENTED, "a pool takes calls in parts over gRPC alone"
)
