"""Ports for the groups between data parallel replicas, held from when they are named.

A port that was found free and let go of may be taken when it is needed. These are bound and stay
bound, though nothing listens: Linux then gives them to no process that asks for any port, while one
that names them, with SO_REUSEADDR set as every server here does, can bind and listen. So the
numbers can travel to other processes of this machine in a pickled configuration.
"""

from __future__ import annotations

import contextlib
import socket

__all__ = ["ReservedPorts", "bound"]


class ReservedPorts:
    """`count` ports on the address `host` of this machine, held while this object lives.

    There are none where `host` is not an address of this machine, whose ports only its own
    processes can hold.
    """

    def __init__(self, host: str, count: int) -> None:
        self._sockets: list[socket.socket] = []
        with contextlib.suppress(OSError):
            for _ in range(count):
                self._sockets.append(bound(host))
        self.ports: list[int] = [held.getsockname()[1] for held in self._sockets]
        """The numbers, all different."""

    def close(self) -> None:
        """Give the ports back. Idempotent."""
        while self._sockets:
            self._sockets.pop().close()

    def __del__(self) -> None:
        self.close()


def bound(host: str, port: int = 0, backlog: int | None = None) -> socket.socket:
    """Return a socket that is bound to an address, and with a `backlog` listens."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    held = socket.socket(family, kind, protocol)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(address)
        if backlog is not None:
            held.listen(backlog)
    except OSError:
        held.close()
        raise
    return held
