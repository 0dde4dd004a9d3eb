"""Framing of the control connection between a rank and its pool.

Each message of `control.proto` is preceded by its length, 4 bytes big-endian. Blocking functions
for the rank, asyncio ones for the pool; both refuse a frame of more than `MAX_FRAME_BYTES`, which
is far above what any control message needs.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TypeVar

from google.protobuf.message import Message

MAX_FRAME_BYTES = 16 * 1024 * 1024

_LENGTH = struct.Struct("!I")

M = TypeVar("M", bound=Message)


class FrameTooLarge(ConnectionError):
    """The peer announced a frame above `MAX_FRAME_BYTES`."""


def frame(message: Message) -> bytes:
    """The message as it goes over the connection."""
    body: bytes = message.SerializeToString()
    return _LENGTH.pack(len(body)) + body


def send(sock: socket.socket, message: Message) -> None:
    """Send one message. One sender at a time: the caller holds its lock."""
    sock.sendall(frame(message))


def receive(sock: socket.socket, kind: type[M]) -> M | None:
    """The next message, or None when the peer has closed the connection."""
    header = _receive_exactly(sock, _LENGTH.size)
    if header is None:
        return None
    body = _receive_exactly(sock, _checked(header))
    return None if body is None else kind.FromString(body)


async def read(reader: asyncio.StreamReader, kind: type[M]) -> M | None:
    """As `receive`, for asyncio."""
    try:
        header = await reader.readexactly(_LENGTH.size)
        body = await reader.readexactly(_checked(header))
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return None
    return kind.FromString(body)


def _checked(header: bytes) -> int:
    length: int = _LENGTH.unpack(header)[0]
    if length > MAX_FRAME_BYTES:
        raise FrameTooLarge(f"a control frame of {length} bytes; at most {MAX_FRAME_BYTES}")
    return length


def _receive_exactly(sock: socket.socket, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        try:
            chunk = sock.recv(count - len(parts))
        except ConnectionResetError:
            return None
        if not chunk:
            return None
        parts += chunk
    return bytes(parts)
