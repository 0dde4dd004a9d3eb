"""The address on which the writer of a message queue listens for readers on other nodes."""

from __future__ import annotations

import ipaddress
import os
import socket

from vllm_distributed.errors import InvalidArgumentError, MessageQueueError

__all__ = ["listening", "own_address"]


def own_address() -> str:
    """Return the address of this machine under which other nodes reach it.

    `VLLM_HOST_IP` if it is set, else the address that the route to the outside starts from.
    """
    configured = os.environ.get("VLLM_HOST_IP")
    if configured:
        return configured
    for family, outside in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((outside, 9))  # looks up the route; sends nothing
                return str(probe.getsockname()[0])
        except OSError:
            continue
    raise MessageQueueError(
        "this machine has no route to other nodes: pass connect_ip, or set VLLM_HOST_IP, to the "
        "address under which they reach it"
    )


def listening(host: str, backlog: int) -> socket.socket:
    """Return a socket that listens on a port of the system's choice, and on nothing but `host`."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise InvalidArgumentError(
            f"connect_ip={host!r} is not an IP address: pass the one under which readers on other "
            f"nodes reach this one",
            connect_ip=host,
        ) from error
    if address.is_unspecified or address.is_multicast:
        raise InvalidArgumentError(
            f"connect_ip={host!r} is not one address of this machine: a message queue does not "
            f"listen on every interface",
            connect_ip=host,
        )
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.bind(socket.getaddrinfo(host, 0, family, socket.SOCK_STREAM)[0][4])
        listener.listen(backlog)
    except OSError as error:
        listener.close()
        raise MessageQueueError(
            f"a message queue cannot listen on connect_ip={host!r}: {error}. It must be an address "
            f"of this machine",
            connect_ip=host,
        ) from error
    listener.setblocking(False)
    return listener
