"""Addresses of ZeroMQ sockets, as vLLM writes them."""

from __future__ import annotations

import os
import re

import zmq
from zmq.utils.monitor import recv_monitor_message

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["Listener", "check_endpoint", "is_bound", "offset_port"]

_CLOSE_TIMEOUT_MS = 1000
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


class Listener:
    """A socket that listens at an address; `endpoint` is that with the port the system chose."""

    def __init__(self, socket: zmq.Socket[bytes], endpoint: str) -> None:
        """Listen.

        `*` is the address `VLLM_HOST_IP`, or where that is not set this host's own, 127.0.0.1, that
        nobody else can reach. Whoever wants to listen on every address says `0.0.0.0`.

        Raises `InvalidArgumentError` where nothing can listen there.
        """
        self.socket = socket
        match = _TCP.fullmatch(endpoint)
        if match is not None:
            endpoint = _tcp_address(match["host"], match["port"])
            if endpoint.startswith("tcp://["):
                socket.setsockopt(zmq.IPV6, 1)
        try:
            socket.bind(endpoint)
        except zmq.ZMQError as error:
            raise InvalidArgumentError(
                f"cannot listen at {endpoint}: {error.strerror}. Choose another address, or port 0 "
                f"for one that the system chooses",
                endpoint=endpoint,
            ) from error
        if match is not None:
            endpoint = socket.getsockopt_string(zmq.LAST_ENDPOINT).rstrip("\0")
        self.endpoint = endpoint
        self._file = _file(endpoint)

    def close(self, linger_ms: int) -> None:
        """Close the socket: what is to be sent has so long. Another one can listen at this address
        when this returns."""
        if self.endpoint.startswith("inproc://"):
            self.socket.unbind(self.endpoint)
            self.socket.close(linger=linger_ms)
            return
        # ZeroMQ closes a socket later, in a thread of its own.
        monitor: zmq.Socket[bytes] = self.socket.get_monitor_socket(
            zmq.EVENT_CLOSED | zmq.EVENT_MONITOR_STOPPED
        )
        try:
            self.socket.close(linger=linger_ms)
            while monitor.poll(linger_ms + _CLOSE_TIMEOUT_MS):
                if recv_monitor_message(monitor)["event"] == zmq.EVENT_MONITOR_STOPPED:
                    break
        finally:
            monitor.close(linger=0)
        if self._file is not None and self._file == _file(self.endpoint):
            os.unlink(self._file[0])


def _tcp_address(host: str, port: str) -> str:
    if host == "*":
        host = os.environ.get("VLLM_HOST_IP") or "127.0.0.1"
        if ":" in host and not host.startswith("["):
            host = f"[{host}]"
    return f"tcp://{host}:{'*' if port == '0' else port}"


def _file(endpoint: str) -> tuple[str, int] | None:
    """The file of an address, and which one: ZeroMQ leaves it, and another may take its place."""
    if not endpoint.startswith("ipc://"):
        return None
    path = endpoint.removeprefix("ipc://")
    try:
        return path, os.stat(path).st_ino
    except OSError:
        return None
