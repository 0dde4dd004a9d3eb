"""Framing of the control connection between a rank and its pool.

Each message of `control.proto` is preceded by its length, 4 bytes big-endian. The reader
refuses a frame of more than `MAX_FRAME_BYTES`, which is far above what any control message needs.
"""

from __future__ import annotations

import socket
import struct
from typing import TypeVar

from google.protobuf.message import Message

from vllm_bridge.transport.tls_channel import Channel

MAX_FRAME_BYTES = 16 * 1024 * 1024

# Beside one message.
_MAX_DESCRIPTORS = 2

_PIECE_BYTES = 64 * 1024

_LENGTH = struct.Struct("!I")

M = TypeVar("M", bound=Message)


class FrameTooLarge(ConnectionError):
    """The peer announced a frame above `MAX_FRAME_BYTES`."""


def frame(message: Message) -> bytes:
    """The message as it goes over the connection."""
    body: bytes = message.SerializeToString()
    return _LENGTH.pack(len(body)) + body


def send(sock: Channel, message: Message) -> None:
    """Send one message. One sender at a time: the caller holds its lock."""
    sock.sendall(frame(message))


def receive(sock: Channel, kind: type[M]) -> M | None:
    """The next message, or None when the peer has closed the connection."""
    header = _receive_exactly(sock, _LENGTH.size)
    if header is None:
        return None
    body = _receive_exactly(sock, _checked(header))
    return None if body is None else kind.FromString(body)


def receive_with_descriptors(sock: Channel, kind: type[M]) -> tuple[M | None, list[int]]:
    """As `receive`, and the descriptors that came beside the message."""
    header, fds = _some(sock, _LENGTH.size)
    rest = _receive_exactly(sock, _LENGTH.size - len(header)) if header else None
    if rest is None:
        return None, fds
    body = _receive_exactly(sock, _checked(header + rest))
    return (None if body is None else kind.FromString(body)), fds


def receive_some(sock: socket.socket) -> bytes:
    """Some bytes, for `Frames`; none when the peer has closed the connection."""
    try:
        return sock.recv(_PIECE_BYTES)
    except ConnectionResetError:
        return b""


def receive_some_with_descriptors(sock: Channel) -> tuple[bytes, list[int]]:
    """Some bytes, for `Frames`, and the descriptors that came beside them, before the frame that
    they belong to is complete; no bytes when the peer has closed the connection."""
    return _some(sock, _PIECE_BYTES, socket.MSG_CMSG_CLOEXEC)


class Frames:
    """Cuts what arrives on a connection, in pieces of any length, into frames."""

    def __init__(self, limit: int = MAX_FRAME_BYTES) -> None:
        self._limit = limit
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies of the frames that are complete with this piece.

        Raises:
            FrameTooLarge: the peer announced a frame above the limit.
        """
        data = self._rest + data if self._rest else data
        bodies = []
        at = 0
        while len(data) - at >= _LENGTH.size:
            start = at + _LENGTH.size
            end = start + _checked(data[at:start], self._limit)
            if len(data) < end:
                break
            bodies.append(data[start:end])
            at = end
        self._rest = data[at:]
        return bodies

    @property
    def rest(self) -> bytes:
        """What has come of frames that are not complete."""
        return self._rest


def _checked(header: bytes, limit: int = MAX_FRAME_BYTES) -> int:
    length: int = _LENGTH.unpack(header)[0]
    if length > limit:
        raise FrameTooLarge(f"a control frame of {length} bytes; at most {limit}")
    return length


def _some(sock: Channel, count: int, flags: int = 0) -> tuple[bytes, list[int]]:
    try:
        if not isinstance(sock, socket.socket):
            return sock.recv(count), []
        data, fds, _, _ = socket.recv_fds(sock, count, _MAX_DESCRIPTORS, flags)
    except OSError:
        # Reset by the other end, or by the kernel because that has gone dark.
        return b"", []
    return data, fds


def _receive_exactly(sock: Channel, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        try:
            chunk = sock.recv(count - len(parts))
        except OSError:
            return None
        if not chunk:
            return None
        parts += chunk
    return bytes(parts)
