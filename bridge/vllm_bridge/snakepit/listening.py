"""The worker's place: one port on both loopbacks, and the file that tells it.

Snakepit connects to `localhost`, which is one of the two or both.
"""

from __future__ import annotations

import errno
import logging
import os
import socket
from collections.abc import Callable

import grpc

from vllm_bridge.transport.address import TcpAddress

_logger = logging.getLogger("vllm_bridge.snakepit.listening")

ATTEMPTS = 20
"""How often a port that is free on one loopback may turn out to be taken on the other."""

_LOOPBACKS = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


def listen(make_server: Callable[[], grpc.Server], port: int) -> tuple[grpc.Server, int]:
    """A server that is bound to the same port of every loopback that this host has, and the port.

    `port` 0 means any free one. The server is not started yet.

    Raises:
        OSError: the port is taken, there is no loopback, or no port was free on all of them.
    """
    hosts = [host for family, host in _LOOPBACKS if _exists(family, host)]
    if not hosts:
        raise OSError(errno.EADDRNOTAVAIL, "this host has no loopback address to listen on")
    if len(hosts) < len(_LOOPBACKS):
        _logger.info("this host has one loopback only: %s", hosts[0])
    for _ in range(1 if port else ATTEMPTS):
        server, bound = make_server(), port
        for host in hosts:
            bound = _bind(server, host, bound)
            if not bound:
                # A server cannot give a single port back.
                server.stop(None)
                break
        else:
            return server, bound
    wanted = f"port {port} of" if port else f"a port that is free on all, {ATTEMPTS} times, of"
    raise OSError(errno.EADDRINUSE, f"cannot listen on {wanted} {', '.join(hosts)}")


def publish(port: int, path: str) -> None:
    """Write the port to a file that is complete from the moment it is there."""
    scratch = f"{path}.tmp"
    with open(scratch, "w", encoding="ascii") as file:
        file.write(str(port))
        file.flush()
        os.fsync(file.fileno())
    os.rename(scratch, path)


def _exists(family: int, host: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


def _bind(server: grpc.Server, host: str, port: int) -> int:
    """The port that was bound; 0 when it is taken."""
    try:
        return int(server.add_insecure_port(str(TcpAddress(host, port))))
    except RuntimeError:
        # Older releases of grpcio return 0 instead.
        return 0
