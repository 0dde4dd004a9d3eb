"""One connection: its socket, what it still has to send, and the calls that are open on it.

The reader's thread reads it and closes it. Any thread sends: what the socket does not take at once,
the reader sends when it does.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.rank.frames.call import FrameCall
from vllm_bridge.transport.frames.protocol import Limits, Protocol, encoded

MAX_UNSENT_BYTES = 8 << 20
"""A connection with more is not read from until its client has read."""

STALLED_SECONDS: float = 30
"""Without progress for so long, in what is to be sent or in a frame that has begun, it ends."""

_PIECE_BYTES = 16 * 1024
"""What is read at a time: so much of one connection, and then of the next."""

# Of a frame that has begun; a socket holds little more.
_LARGE_PIECE_BYTES = 1 << 18

# A body of so many bytes is not copied to be sent with its head.
_LARGE_BODY_BYTES = 1 << 14

# Unsent, before the next part of an answer has to wait.
_ROOM_BYTES = 1 << 20


class Connection:
    """One of a rank's."""

    __slots__ = (
        "_blocked",
        "_closed",
        "_epoll",
        "_held",
        "_interest",
        "_left",
        "_lock",
        "_moved_at",
        "_out",
        "_read_at",
        "_room",
        "_socket",
        "_unsent",
        "broken_off",
        "calls",
        "message_bytes",
        "protocol",
    )

    def __init__(
        self,
        sock: socket.socket,
        epoll: select.epoll,
        limits: Limits,
        blocked: Callable[[Connection], None],
    ) -> None:
        """`blocked` is called, in any thread, when it has something to send that has to wait."""
        self.protocol = Protocol(limits)
        self.message_bytes = limits.message_bytes
        self.calls: dict[int, FrameCall] = {}
        self.broken_off = False
        self._socket = sock
        self._epoll = epoll
        self._blocked = blocked
        self._lock = threading.Lock()
        self._room: threading.Condition | None = None
        self._out: deque[memoryview] = deque()
        self._unsent = 0
        self._held: set[FrameCall] = set()
        self._closed = False
        # The client takes nothing any more, though the reader may not have seen it yet.
        self._left = False
        self._moved_at = self._read_at = 0.0
        self._interest = select.EPOLLIN
        epoll.register(sock.fileno(), self._interest)

    def fileno(self) -> int:
        """Its descriptor."""
        return self._socket.fileno()

    def receive(self) -> bytes | None:
        """Some bytes; none at the end of the connection; None where there is nothing to read."""
        missing = self.protocol.missing
        try:
            data = self._socket.recv(max(_PIECE_BYTES, min(missing, _LARGE_PIECE_BYTES)))
        except BlockingIOError:
            return None
        except OSError:
            return b""
        return data

    def has_read(self) -> bool:
        """After what came was looked at: whether a frame has begun that is not complete."""
        if not self.protocol.missing:
            return False
        self._read_at = time.monotonic()
        return True

    def send(self, frame: Frame) -> None:
        """Send a frame now, or when the client reads. Nothing where the connection has ended."""
        self.send_body(encoded(frame), b"")

    def send_body(self, head: bytes, body: bytes) -> None:
        """The same, for a frame whose last bytes are the body of a call's answer."""
        if len(body) < _LARGE_BODY_BYTES:
            head, body = head + body, b""
        with self._lock:
            if self._closed:
                return
            waits = bool(self._out)
            sent = 0 if waits else self._send(head)
            if sent == len(head):
                head = b""
                sent = self._send(body) if body else 0
                if sent == len(body):
                    return
                self._keep(body, sent)
            else:
                self._keep(head, sent)
                self._keep(body, 0)
            if not waits:
                self._moved_at = time.monotonic()
            self._watch()
        if not waits:
            self._blocked(self)

    def _keep(self, data: bytes, sent: int) -> None:
        if data:
            self._out.append(memoryview(data)[sent:])
            self._unsent += len(data) - sent

    def flush(self) -> None:
        """Send what waits. In the reader's thread, when the socket takes more."""
        with self._lock:
            while self._out and not self._closed:
                first = self._out[0]
                sent = self._send(first)
                if sent == 0:
                    break
                self._moved_at = time.monotonic()
                self._unsent -= sent
                if sent < len(first):
                    self._out[0] = first[sent:]
                    break
                self._out.popleft()
            self._watch()
            if self._room is not None and self._has_room():
                self._room.notify_all()

    def _send(self, data: bytes | memoryview) -> int:
        try:
            return self._socket.send(data, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return 0
        except OSError:
            # The reader sees the end of the connection; what was to be sent has nobody to read it.
            self._left = True
            return len(data)

    def ended(self, call: FrameCall) -> None:
        """The call is over. Said once, by whoever has ended it: from here on its id is free."""
        self.calls.pop(call.id, None)
        self.protocol.end(call.id)

    def hold(self, call: FrameCall) -> None:
        """Read no more while too many messages of the call wait."""
        with self._lock:
            # They may have been taken since, or the call may have ended.
            if call.crowded:
                self._held.add(call)
                self._watch()

    def release(self, call: FrameCall) -> None:
        """Read on, where that is for this call; have it looked whether anybody waits for room."""
        with self._lock:
            if call in self._held and not call.crowded:
                self._held.discard(call)
                self._read_at = time.monotonic()
                self._watch()
            if self._room is not None:
                self._room.notify_all()

    def wait_for_room(self, call: FrameCall) -> bool:
        """Return when a message may be sent; False when nobody waits for it any more."""
        with self._lock:
            if self._room is None:
                self._room = threading.Condition(self._lock)
            self._room.wait_for(lambda: not self._is_read(call) or self._has_room())
            return self._is_read(call)

    def _is_read(self, call: FrameCall) -> bool:
        return call.is_active() and not self._closed and not self._left

    def _has_room(self) -> bool:
        return self._unsent < _ROOM_BYTES

    def _watch(self) -> None:
        """Have the reader told of what can be done next. Under the lock."""
        reading = self._unsent <= MAX_UNSENT_BYTES and not self._held
        interest = (select.EPOLLIN if reading else 0) | (select.EPOLLOUT if self._out else 0)
        if interest != self._interest and not self._closed:
            self._interest = interest
            self._epoll.modify(self._socket.fileno(), interest)

    def break_off(self) -> None:
        """Have the reader close it. From any thread."""
        self.broken_off = True
        self._blocked(self)

    def stalled(self, now: float) -> str | None:
        """What does not move; the empty string: it has to be looked at again; None: all has."""
        if self.broken_off:
            return "its client does not read"
        with self._lock:
            if self._closed:
                return None
            unsent, reading = self._unsent, bool(self._interest & select.EPOLLIN)
            waited_s = now - self._moved_at
        if unsent and waited_s > STALLED_SECONDS:
            return f"its client has read nothing for {waited_s:.0f} s"
        if not self.protocol.missing:
            return "" if unsent else None
        if reading and now - self._read_at > STALLED_SECONDS:
            return f"nothing has come of a frame that had begun for {now - self._read_at:.0f} s"
        return ""

    def close(self, last: Frame | None = None) -> None:
        """End it, and tell all calls that are open on it. In the reader's thread.

        `last` is sent where the socket takes it at once.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if last is not None and not self._out:
                self._send(encoded(last))
            with contextlib.suppress(OSError):
                self._epoll.unregister(self._socket.fileno())
            self._socket.close()
            self._out.clear()
            self._unsent = 0
            self._held.clear()
        for call in list(self.calls.values()):
            call.give_up()

    def leave_to_parent(self) -> None:
        """In a forked child: it is the parent's, whoever held its lock."""
        self._lock = threading.Lock()
        self._room = None
        self._closed = True
        self._socket.close()
