"""Torch stores for callers: a server on one address, and connections that are kept."""

from __future__ import annotations

import ipaddress
import os
import socket
from datetime import timedelta
from typing import Any

from vllm_distributed.compat.torch_internals import TCPStore
from vllm_distributed.durations import check_timeout
from vllm_distributed.errors import (
    InvalidArgumentError,
    InvalidTypeError,
    RendezvousError,
    RendezvousTimeoutError,
)
from vllm_distributed.forks import keep_in_children

__all__ = ["create_tcp_store", "get_cached_tcp_store_client"]

_BACKLOG = 2048
_DEFAULT_TIMEOUT = timedelta(minutes=5)  # that of torch's stores
_kept: list[tuple[tuple[int, str, int], TCPStore]] = []
"""At most one: who moves to another store leaves the one before."""


def create_tcp_store(
    host: str,
    port: int,
    listen_socket: Any = None,
    world_size: int | None = None,
    is_master: bool = False,
    timeout: timedelta | None = None,
    wait_for_workers: bool = True,
    multi_tenant: bool = False,
    use_libuv: bool = True,
) -> Any:
    """Return a torch `TCPStore`: its server with `is_master`, else a connection to it.

    The server listens on `host` alone, at `port`, or any free one for port 0 (see the store's own
    `port`); on `listen_socket`, a TCP socket that listens already and is the store's from then on,
    where one is passed. `timeout` (default: torch's 5 minutes) bounds connecting and each wait for
    a key. With `world_size` and `wait_for_workers` it returns when that many have connected. The
    others are torch's.

    Raises:
        InvalidArgumentError: or a kind of it, for values that make no sense.
        RendezvousError: if the server cannot listen there.
        RendezvousTimeoutError: if the server is not reached in time.
    """
    _check_place(host, port)
    limit = _DEFAULT_TIMEOUT if timeout is None else check_timeout("timeout", timeout)
    if listen_socket is not None and not isinstance(listen_socket, socket.socket):
        raise InvalidTypeError(
            f"listen_socket must be a socket.socket or None, got {type(listen_socket).__name__}"
        )
    given: dict[str, Any] = {}
    if is_master or listen_socket is not None:
        listener = _listening(host, port) if listen_socket is None else listen_socket
        port = int(listener.getsockname()[1])
        given["master_listen_fd"] = listener.detach()
    elif port == 0:
        raise InvalidArgumentError("port=0 is for a server: pass the port that it has", port=0)
    try:
        store = TCPStore(
            host_name=host,
            port=port,
            world_size=world_size,
            is_master=is_master,
            timeout=limit,
            wait_for_workers=wait_for_workers and world_size is not None,
            multi_tenant=multi_tenant,
            use_libuv=use_libuv,
            **given,
        )
    except RuntimeError as error:
        raise RendezvousTimeoutError(
            f"there is no store at host {host}, port {port}, or not all of world_size={world_size} "
            f"came to it within {limit.total_seconds():g} s: {error}",
            host=host,
            port=port,
            timeout_s=limit.total_seconds(),
        ) from error
    keep_in_children(store)
    return store


def get_cached_tcp_store_client(host: str, port: int) -> Any:
    """Return a connection to the `TCPStore` at `host` and `port`, the same one for every call.

    A call for another place lets go of the connection before. Local to the process.

    Raises:
        InvalidArgumentError, InvalidTypeError: for what is no place.
        RendezvousTimeoutError: if the store does not answer.
    """
    _check_place(host, port)
    place = (os.getpid(), host, port)  # a forked child makes one of its own
    if not _kept or _kept[0][0] != place:
        _kept[:] = [(place, create_tcp_store(host, port, wait_for_workers=False))]
    return _kept[0][1]


def _check_place(host: str, port: int) -> None:
    if not isinstance(host, str) or not host:
        raise InvalidTypeError(f"host must be an address or a host name, got {host!r}")
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65535:
        raise InvalidArgumentError(f"port must be an integer in 0..65535, got {port!r}")


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens on one address: torch's own server listens on every one."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        if ipaddress.ip_address(str(address[0])).is_unspecified:
            raise InvalidArgumentError(
                f"host={host!r} stands for every interface, and whoever reaches a store can write "
                f"to it: give the address that the others connect to",
                host=host,
            )
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise RendezvousError(
            f"a store cannot listen on host {host}, port {port} ({error}): give an address of this "
            f"machine and a port nobody uses, or 0",
            host=host,
            port=port,
        ) from error
    return listener
