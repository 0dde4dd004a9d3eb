"""The rank's end of a control connection over TCP, with TLS or without.

Its main thread reads, and others write: OpenSSL's object is used under a lock, and never while a
thread waits for the network.
"""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import timedelta

_PIECE_BYTES = 64 * 1024

# Until what was sent counts as lost: `TCP_USER_TIMEOUT`, where a host or the network went dark.
_ACKNOWLEDGED_WITHIN_MS = 15_000
_IDLE_S, _BETWEEN_S, _PROBES = 5, 5, 2


class TlsChannel:
    """A blocking connection inside TLS, as much of a socket as the control connection needs."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, server_name: str) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name)
        self._lock = threading.Lock()
        self._plain = b""
        self._over = False

    def handshake(self) -> None:
        """Begin.

        Raises:
            ssl.SSLError: the other end is not who it should be, or speaks no TLS.
            OSError: the connection.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._feed()
            else:
                self._flush()
                return

    def fileno(self) -> int:
        """Of the socket: readable when there may be something to read."""
        return self._sock.fileno()

    @property
    def pending(self) -> bool:
        """Whether bytes were read from the socket that `recv` has not returned."""
        return bool(self._plain)

    def recv(self, count: int) -> bytes:
        """Up to that many bytes; none where the other end has closed the connection."""
        while not self._plain and not self._over:
            self._read()
            if not self._plain and not self._over:
                self._feed()
        data, self._plain = self._plain[:count], self._plain[count:]
        return data

    def sendall(self, data: bytes) -> None:
        """Send all. One sender at a time: the caller holds its lock."""
        with self._lock:
            self._tls.write(data)
            encrypted = self._outgoing.read()
        self._sock.sendall(encrypted)

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def _read(self) -> None:
        """All that can be decrypted: what stays behind would not make the socket readable."""
        pieces = []
        with self._lock:
            try:
                while piece := self._tls.read(_PIECE_BYTES):
                    pieces.append(piece)
                self._over = True
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                self._over = True
        self._plain = b"".join(pieces)

    def _feed(self) -> None:
        data = self._sock.recv(_PIECE_BYTES)
        with self._lock:
            if data:
                self._incoming.write(data)
            else:
                self._incoming.write_eof()

    def _flush(self) -> None:
        encrypted = self._outgoing.read()
        if encrypted:
            self._sock.sendall(encrypted)


Channel = socket.socket | TlsChannel
"""What a rank has to its pool."""


def pending(channel: Channel) -> bool:
    """Whether there is something to read that the socket does not tell of."""
    return isinstance(channel, TlsChannel) and channel.pending


def notice_silence(sock: socket.socket, within: timedelta | None = None) -> None:
    """Have the kernel end a connection whose other end has gone dark, half-open ones included."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _IDLE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _BETWEEN_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _PROBES)
    limit = _ACKNOWLEDGED_WITHIN_MS if within is None else int(within.total_seconds() * 1000)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(limit, 1))
