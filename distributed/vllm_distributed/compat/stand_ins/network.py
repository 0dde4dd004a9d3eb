"""`vllm.utils.network_utils`: addresses and ports, as tests and launchers ask for them."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket

from vllm_distributed.errors import InvalidArgumentError, MessageQueueError
from vllm_distributed.transports.queue.addresses import own_address
from vllm_distributed.utils import get_distributed_init_method, get_tcp_uri

__all__ = [
    "get_distributed_init_method",
    "get_ip",
    "get_loopback_ip",
    "get_open_port",
    "get_open_ports_list",
    "get_tcp_uri",
    "is_valid_ipv6_address",
    "join_host_port",
    "split_host_port",
]


def get_ip() -> str:
    """Return the address of this machine under which other nodes reach it.

    `VLLM_HOST_IP` if it is set, else where the route to the outside starts, else the loopback
    address: never that of every interface.
    """
    try:
        return own_address()
    except MessageQueueError:
        return get_loopback_ip()


def get_loopback_ip() -> str:
    """Return `VLLM_LOOPBACK_IP` if it is set, else 127.0.0.1, or ::1 where there is no IPv4."""
    configured = os.environ.get("VLLM_LOOPBACK_IP")
    if configured:
        return configured
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.bind((address, 0))
            return address
    return "127.0.0.1"


def get_open_port() -> int:
    """Return a port of the loopback address that is free now; another process may take it.

    The rendezvous of this package need none: they take port 0, and say which one they got.
    """
    return get_open_ports_list(1)[0]


def get_open_ports_list(count: int = 5) -> list[int]:
    """Return `count` different ports of the loopback address that are free now."""
    address = get_loopback_ip()
    family = socket.AF_INET6 if is_valid_ipv6_address(address) else socket.AF_INET
    with contextlib.ExitStack() as held:
        ports = []
        for _ in range(count):
            probe = held.enter_context(socket.socket(family))
            probe.bind((address, 0))
            ports.append(int(probe.getsockname()[1]))
        return ports


def is_valid_ipv6_address(address: str) -> bool:
    """Return whether a text is an IPv6 address.

    >>> is_valid_ipv6_address("::1"), is_valid_ipv6_address("127.0.0.1")
    (True, False)
    """
    try:
        return ipaddress.ip_address(address).version == 6
    except ValueError:
        return False


def split_host_port(host_port: str) -> tuple[str, int]:
    """Return the host and the port of `host:port` or `[host]:port`.

    Raises `InvalidArgumentError` for anything else.

    >>> split_host_port("[::1]:80")
    ('::1', 80)
    """
    host, _, port = host_port.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    if not host or not port.isdecimal():
        raise InvalidArgumentError(f"{host_port!r} is not host:port, with brackets around IPv6")
    return host, int(port)


def join_host_port(host: str, port: int) -> str:
    """Return `host:port`, with brackets around an IPv6 address.

    >>> join_host_port("::1", 80)
    '[::1]:80'
    """
    return f"[{host}]:{port}" if is_valid_ipv6_address(host) else f"{host}:{port}"
