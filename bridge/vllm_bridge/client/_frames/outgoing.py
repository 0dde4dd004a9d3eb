"""What a frames connection has still to send."""

from __future__ import annotations

import socket
from collections import deque


class Outgoing:
    """The sending half of a non-blocking socket. One at a time may use it."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        # What the socket has not taken yet, and of which call it is.
        self._rest: deque[tuple[int, memoryview]] = deque()

    def __bool__(self) -> bool:
        """Whether anything waits for the rank."""
        return bool(self._rest)

    def send(self, number: int, data: bytes) -> None:
        """Send a frame of a call, after all others. Raises OSError."""
        sent = 0
        if not self._rest:
            try:
                sent = self._socket.send(data)
            except BlockingIOError:
                sent = 0
        if sent < len(data):
            self._rest.append((number, memoryview(data)[sent:]))

    def flush(self) -> None:
        """Send what the socket takes now. Raises OSError."""
        while self._rest:
            number, rest = self._rest[0]
            try:
                sent = self._socket.send(rest)
            except BlockingIOError:
                return
            if sent == len(rest):
                self._rest.popleft()
            else:
                self._rest[0] = (number, rest[sent:])

    def give_up(self) -> set[int]:
        """Send nothing more: the calls of which the rank has not had everything."""
        numbers = {number for number, _ in self._rest}
        self._rest.clear()
        return numbers
