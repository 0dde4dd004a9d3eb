"""The thread that reads all frames connections of a rank.

It decides about a call, and hands it to the executor; what needs no executor, and takes no time, it
answers itself. It waits for nothing but its sockets, and does not wake while they are silent.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import select
import socket
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import grpc

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.durations import LONGEST_S
from vllm_bridge.process import background
from vllm_bridge.rank.frames.call import FrameCall
from vllm_bridge.rank.frames.connection import Connection
from vllm_bridge.rank.frames.deadlines import Deadlines
from vllm_bridge.rank.handler import CHUNKS_CALL, Call, CallInParts, Calls, QueuedCall
from vllm_bridge.rank.transfers import CallerGone
from vllm_bridge.transport import metadata as keys
from vllm_bridge.transport.frames.failures import (
    malformed,
    status_failure,
    too_many_connections,
    whole_connection,
)
from vllm_bridge.transport.frames.protocol import (
    Called,
    Cancelled,
    Event,
    HalfClosed,
    Limits,
    Malformed,
    MessageCame,
    Refused,
)

_logger = logging.getLogger("vllm_bridge.rank.frames")

MAX_CONNECTIONS = 512
"""Of one rank: a client has one, and one more for each call in parts."""

_BACKLOG = 1024
_ACCEPTED_AT_A_TIME = 64

# While there is no descriptor left for another connection; and between looks at what stands still.
_PAUSE_S = 1.0

# The kernel counts a wait in milliseconds, in 31 bits.
_LONGEST_WAIT_S = 1_000_000.0

# The body of a call that the reader runs itself.
_MAX_QUICK_BYTES = 64 * 1024

_FOREVER_US = int(LONGEST_S * 1_000_000)


class FramesServer:
    """The frames connections of one rank."""

    def __init__(self, calls: Calls, inline: ThreadPoolExecutor, max_message_bytes: int) -> None:
        """`inline` runs what needs no executor, but may take time."""
        self._calls = calls
        self._inline = inline
        self._limits = Limits(message_bytes=max_message_bytes)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._epoll = select.epoll()
        self._connections: dict[int, Connection] = {}
        self._deadlines = Deadlines()
        # Those that have something to send, or a frame that has begun; and others that will, as
        # threads that send put them there.
        self._slow: dict[Connection, None] = {}
        self._look_at = 0.0
        self._wake, self._waker = os.pipe()
        self._accepting = False
        self._closing = False

    def listen(self, path: Path) -> None:
        """Take connections from now on. The caller sees to it who may (`private_socket`).

        Raises:
            OSError: the place cannot be listened on.
        """
        self._listener.bind(os.fsencode(path))
        self._listener.setblocking(False)
        self._listener.listen(_BACKLOG)
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waker, False)
        self._epoll.register(self._wake, select.EPOLLIN)
        self._accept_again()

    def start(self) -> None:
        """Read them, in a thread of its own."""
        server = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _leave_to_parent(server()))
        background.thread("frames", self._run, failed=self._end).start()

    def close(self) -> None:
        """Take no more connections, and end those there are."""
        self._closing = True
        self._nudge()

    def _run(self) -> None:
        while not self._closing:
            ready = self._epoll.poll(self._timeout_s())
            accepting = False
            for fd, events in ready:
                connection = self._connections.get(fd)
                if connection is not None:
                    self._attend(connection, events)
                elif fd == self._wake:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake, 4096)
                else:
                    accepting = True
            now = time.monotonic()
            for call in self._deadlines.passed(now):
                call.deadline_passed()
            if now >= self._look_at and (self._slow or not self._accepting):
                self._look(now)
            # Last, so that no descriptor is used again for which something was ready above.
            if accepting:
                self._accept()
        self._end()

    def _timeout_s(self) -> float | None:
        until = self._deadlines.next()
        if self._slow or not self._accepting:
            until = self._look_at if until is None else min(until, self._look_at)
        return None if until is None else min(max(until - time.monotonic(), 0.0), _LONGEST_WAIT_S)

    def _end(self, error: BaseException | None = None) -> None:
        """Nobody reads any more: clients are to see it, and go on with gRPC."""
        self._listener.close()
        for connection in list(self._connections.values()):
            connection.close()

    # Connections.

    def _accept_again(self) -> None:
        self._epoll.register(self._listener.fileno(), select.EPOLLIN)
        self._accepting = True

    def _accept(self) -> None:
        for _ in range(_ACCEPTED_AT_A_TIME):
            try:
                sock, _ = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    raise
                # They wait in the kernel; it would say so at once, for ever.
                _logger.warning("a frames connection has to wait: %s", error.strerror)
                self._epoll.unregister(self._listener.fileno())
                self._accepting = False
                self._look_at = time.monotonic() + _PAUSE_S
                return
            sock.setblocking(False)
            try:
                connection = Connection(sock, self._epoll, self._limits, self._blocked)
            except OSError as error:
                _logger.warning("a frames connection cannot be read: %s", error.strerror)
                sock.close()
                continue
            if len(self._connections) >= MAX_CONNECTIONS:
                connection.close(whole_connection(too_many_connections(MAX_CONNECTIONS)))
            else:
                self._connections[sock.fileno()] = connection

    def _attend(self, connection: Connection, events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                connection.flush()
            if events & select.EPOLLIN:
                self._read(connection)
            elif events & (select.EPOLLHUP | select.EPOLLERR):
                self._close(connection)
        except Exception as error:
            # A defect; it ends one connection, and no other.
            _logger.exception("a frames connection failed")
            self._close(connection, whole_connection(background.defect("the connection", error)))

    def _read(self, connection: Connection) -> None:
        data = connection.receive()
        if data is None:
            return
        if not data:
            self._close(connection)
            return
        for event in connection.protocol.feed(data):
            self._came(connection, event)
        if connection.has_read():
            self._watch(connection)

    def _close(self, connection: Connection, last: Frame | None = None) -> None:
        self._connections.pop(connection.fileno(), None)
        self._slow.pop(connection, None)
        connection.close(last)

    def _blocked(self, connection: Connection) -> None:
        """It has to be looked at; from any thread."""
        self._slow[connection] = None
        self._nudge()

    def _nudge(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._waker, b"\0")

    def _watch(self, connection: Connection) -> None:
        if not self._slow:
            self._look_at = time.monotonic() + _PAUSE_S
        self._slow[connection] = None

    def _look(self, now: float) -> None:
        """See what stands still."""
        self._look_at = now + _PAUSE_S
        if not self._accepting:
            self._accept_again()
        for connection in list(self._slow):
            why = connection.stalled(now)
            if why is None:
                self._slow.pop(connection, None)
            elif why:
                _logger.warning("a frames connection was closed: %s", why)
                self._close(connection)

    # What comes on them.

    def _came(self, connection: Connection, event: Event) -> None:
        if isinstance(event, Called):
            self._called(connection, event)
        elif isinstance(event, Malformed):
            self._close(connection, whole_connection(malformed(event.what)))
        elif (call := connection.calls.get(event.id)) is None:
            # It has ended meanwhile, or never begins.
            if isinstance(event, Refused):
                connection.send(Frame(id=event.id, failure=event.failure))
        elif isinstance(event, MessageCame):
            call.put(event.body)
        elif isinstance(event, HalfClosed):
            call.put(None)
        elif isinstance(event, Cancelled):
            call.give_up()
        else:
            call.fail_with(event.failure)

    def _called(self, connection: Connection, event: Called) -> None:
        timed = 0 < event.timeout_us < _FOREVER_US
        deadline = time.monotonic() + event.timeout_us / 1_000_000 if timed else 0.0
        caller = FrameCall(connection, event.id, deadline)
        connection.calls[event.id] = caller
        in_parts = event.method == CHUNKS_CALL
        if in_parts != (event.body is None) or not self._calls.known(event.method, event.metadata):
            caller.fail_with(status_failure(grpc.StatusCode.UNIMPLEMENTED, "Method not found!"))
            return
        try:
            if event.body is None:
                self._open(caller, self._calls.take_in_parts(event.metadata))
            else:
                self._take(caller, self._calls.take(event.method, event.metadata), event.body)
        except BridgeError as error:
            caller.fail(error)
            return
        if timed and caller.is_active():
            self._deadlines.add(caller)

    def _take(self, caller: FrameCall, call: Call, body: bytes) -> None:
        run = partial(_answer, caller, call, body)
        if isinstance(call, QueuedCall):
            self._calls.state.executor.call(call.record, run)
        elif call.quick and len(body) <= _MAX_QUICK_BYTES:
            run()
        else:
            self._inline.submit(run)

    def _open(self, caller: FrameCall, call: CallInParts) -> None:
        caller.open()
        self._calls.state.transfers.threads.submit(_answer_in_parts, caller, call)


def _answer(caller: FrameCall, call: Call, body: bytes) -> None:
    """Run a call, in whatever thread, and send its answer."""
    if not caller.is_active():
        return
    try:
        response = call.run(body, caller)
    except BridgeError as error:
        caller.fail(error)
    except Exception as error:
        _logger.exception("a call failed")
        caller.fail(background.defect("the call", error))
    else:
        caller.reply(response)


def _answer_in_parts(caller: FrameCall, call: CallInParts) -> None:
    """The same for a call in parts, in a thread of the transfers."""

    def accept() -> None:
        caller.accept(((keys.PARTS, b"accepted"),))

    try:
        with contextlib.closing(call.run(caller.requests(), caller, accept)) as parts:
            for part in parts:
                caller.send_message(part)
    except CallerGone:
        return
    except BridgeError as error:
        caller.fail(error)
    except Exception as error:
        _logger.exception("a call in parts failed")
        caller.fail(background.defect("the call", error))
    else:
        caller.reply(b"")


def _leave_to_parent(server: FramesServer | None) -> None:
    """In a forked child: what it has inherited is not its to answer, or to keep open."""
    if server is not None:
        server._listener.close()
        server._epoll.close()
        for connection in list(server._connections.values()):
            connection.leave_to_parent()
