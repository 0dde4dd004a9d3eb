"""What the pool and the process that runs Ray say to each other: JSON, each with its length first.

The pool asks with a number, `{"id": 1, "op": "place", ...}`, and is answered once with that number:
`{"id": 1, "answer": ...}` or `{"id": 1, "error": {"reason": ..., "message": ..., "details": ...}}`.
What the process tells by itself has an "event" instead, see `driver`.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

# A world of 4,096 ranks has places of less than 1 MiB.
MAX_BYTES = 64 * 1024 * 1024

_LENGTH = struct.Struct("!I")
_PIECE_BYTES = 64 * 1024

Message = dict[str, Any]


class BadMessage(ConnectionError):
    """Bytes that are no message."""


def packed(message: Message) -> bytes:
    """The message as it goes over the socket."""
    body = json.dumps(message).encode()
    return _LENGTH.pack(len(body)) + body


class Reader:
    """Takes messages out of bytes as they come."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are complete with these bytes.

        Raises:
            BadMessage: they are none.
        """
        self._bytes += data
        while len(self._bytes) >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(self._bytes)
            if size > MAX_BYTES:
                raise BadMessage(f"a message of {size} bytes; at most {MAX_BYTES} are taken")
            end = _LENGTH.size + size
            if len(self._bytes) < end:
                return
            body = bytes(self._bytes[_LENGTH.size : end])
            del self._bytes[:end]
            try:
                message = json.loads(body)
            except (ValueError, RecursionError) as error:
                raise BadMessage(f"a message that is not JSON: {error}") from None
            if not isinstance(message, dict):
                raise BadMessage("a message that is no object")
            yield message


def received(channel: socket.socket) -> Iterator[Message]:
    """The messages of a blocking socket, until the other side closes it."""
    reader = Reader()
    while data := channel.recv(_PIECE_BYTES):
        yield from reader.feed(data)
