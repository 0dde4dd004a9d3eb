"""One connection to a publisher.

ZeroMQ's sockets connect again by themselves, and do not say so: a process that has come back would
look like the one before. So this one does not. What comes over one connection is from one process,
or through one proxy.
"""

from __future__ import annotations

import zmq

from vllm_distributed.errors import InvalidArgumentError

__all__ = ["LARGEST_BYTES", "Connection", "connect", "received"]

LARGEST_BYTES = 256 << 20
"""A batch that is larger ends the connection to its publisher."""

_NEVER_MS = 1 << 29


class Connection:
    """What a publisher sends until the connection breaks, or is refused."""

    def __init__(self, endpoint: str, topic: str, most: int) -> None:
        """Connect. `most` messages wait here.

        Raises `InvalidArgumentError` for an address that ZeroMQ does not take.
        """
        ctx: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        self._socket: zmq.Socket[bytes] = ctx.socket(zmq.SUB)
        self._socket.setsockopt(zmq.RECONNECT_IVL, _NEVER_MS)
        self._socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
        self._monitor: zmq.Socket[bytes] = self._socket.get_monitor_socket(
            zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED
        )
        self._broken = False
        try:
            connect(self._socket, endpoint, most)
        except InvalidArgumentError:
            self.close()
            raise

    def receive(self) -> list[bytes] | None:
        """Return what has arrived; None: nothing has."""
        frames = received(self._socket)
        if frames is None and not self._broken and self._monitor.poll(0):
            self._broken = True
            return received(self._socket)  # What came before it broke.
        return frames

    @property
    def broken(self) -> bool:
        """Whether nothing comes any more after what `receive` gives."""
        return self._broken

    def awaited(self) -> list[zmq.Socket[bytes]]:
        """Return what to wait for."""
        return [self._socket] if self._broken else [self._socket, self._monitor]

    def close(self) -> None:
        """Leave. Again: does nothing."""
        if not self._socket.closed:
            self._socket.disable_monitor()
            self._monitor.close(linger=0)
            self._socket.close(linger=0)


def connect(socket: zmq.Socket[bytes], endpoint: str, most: int) -> None:
    """Connect a socket in which `most` messages wait."""
    try:
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.RCVHWM, most)
        socket.setsockopt(zmq.MAXMSGSIZE, LARGEST_BYTES)
        # A host that is gone says nothing: half a minute, then the connection is broken.
        socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
        socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, 15)
        socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, 5)
        socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 3)
        if endpoint.startswith("tcp://["):
            socket.setsockopt(zmq.IPV6, 1)
        socket.connect(endpoint.replace("tcp://*:", "tcp://127.0.0.1:"))
    except zmq.ZMQError as error:
        socket.close(linger=0)
        raise InvalidArgumentError(
            f"cannot connect to {endpoint}: {error.strerror}", endpoint=endpoint
        ) from error


def received(socket: zmq.Socket[bytes]) -> list[bytes] | None:
    """Return a message that has arrived; None: none has."""
    try:
        return socket.recv_multipart(zmq.NOBLOCK)
    except zmq.Again:
        return None
