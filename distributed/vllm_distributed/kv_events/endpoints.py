"""Addresses of ZeroMQ sockets, as vLLM writes them."""

from __future__ import annotations

import os
import re

import zmq

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["bind", "check_endpoint", "is_bound", "offset_port"]

_TCP = re.compile(r"tcp://(?P<host>\[[^\]]*\]|[^:\[\]]+):(?P<port>\*|\d+)")


def check_endpoint(name: str, endpoint: str) -> str:
    """Return `endpoint`, `tcp://host:port`, `ipc://path` or `inproc://name`.

    Raises:
        InvalidTypeError: for what is no string.
        InvalidArgumentError: for a string that is no address.
    """
    if not isinstance(endpoint, str):
        raise InvalidTypeError(
            f"{name} must be a string, got {type(endpoint).__name__}", argument=name
        )
    match = _TCP.fullmatch(endpoint)
    in_range = match is not None and (match["port"] == "*" or int(match["port"]) < 1 << 16)
    here = endpoint.startswith(("ipc://", "inproc://")) and not endpoint.endswith("://")
    if not in_range and not here:
        raise InvalidArgumentError(
            f"{name}={endpoint!r} is no address: write tcp://host:port with a port of 0 to 65535, "
            f"ipc://path or inproc://name",
            argument=name,
            value=endpoint,
        )
    return endpoint


def offset_port(endpoint: str, number: int) -> str:
    """Return the address of data parallel rank `number` beside that of rank 0: so many ports later,
    or with `_dpN` behind a name. A port of 0, which the system chooses, stays."""
    if number == 0:
        return endpoint
    match = _TCP.fullmatch(endpoint)
    if match is None:
        return f"{endpoint}_dp{number}"
    if match["port"] in ("*", "0"):
        return endpoint
    port = int(match["port"]) + number
    return check_endpoint("endpoint", f"tcp://{match['host']}:{port}")


def is_bound(endpoint: str) -> bool:
    """Whether a publisher listens at this address, and does not connect to it: that is so for all
    but the name of one host. `*` is this host."""
    match = _TCP.fullmatch(endpoint)
    return match is None or match["host"] in ("*", "0.0.0.0", "[::]") or "::" in match["host"]


def bind(socket: zmq.Socket[bytes], endpoint: str) -> str:
    """Listen at an address, and return it as it is with the port that the system chose.

    `*` is the address `VLLM_HOST_IP`, or where that is not set this host's own, 127.0.0.1, that
    nobody else can reach. Whoever wants to listen on every address says `0.0.0.0`.
    """
    match = _TCP.fullmatch(endpoint)
    if match is not None:
        host = match["host"]
        if host == "*":
            host = os.environ.get("VLLM_HOST_IP") or "127.0.0.1"
            if ":" in host and not host.startswith("["):
                host = f"[{host}]"
        if host.startswith("["):
            socket.setsockopt(zmq.IPV6, 1)
        port = "*" if match["port"] == "0" else match["port"]
        endpoint = f"tcp://{host}:{port}"
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        raise InvalidArgumentError(
            f"cannot listen at {endpoint}: {error.strerror}. Choose another address, or port 0 for "
            f"one that the system chooses",
            endpoint=endpoint,
        ) from error
    if match is None:
        return endpoint
    return socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
