"""One connection to a publisher.

ZeroMQ's sockets connect again by themselves, and do not say so: a process that has come back would
look like the one before. So one that subscribes does not, and one that asks says that it has. What
comes over one connection is from one process, or through one proxy.
"""

from __future__ import annotations

import zmq
from zmq.utils.monitor import recv_monitor_message

from vllm_distributed.errors import InvalidArgumentError

__all__ = ["LARGEST_BYTES", "Connection"]

LARGEST_BYTES = 256 << 20
"""A batch that is larger ends the connection to its publisher."""

_NEVER_MS = 1 << 29


class Connection:
    """What a publisher sends until the connection breaks."""

    def __init__(self, kind: int, endpoint: str, most: int, topic: str = "") -> None:
        """Connect a socket of this kind. `most` messages wait here.

        Raises `InvalidArgumentError` for an address that ZeroMQ does not take.
        """
        ctx: zmq.Context[zmq.Socket[bytes]] = zmq.Context.instance()
        self._socket: zmq.Socket[bytes] = ctx.socket(kind)
        self._monitor: zmq.Socket[bytes] = self._socket.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED
            | zmq.EVENT_DISCONNECTED
            # The first time too.
            | (zmq.EVENT_CONNECT_RETRIED if kind == zmq.SUB else 0)
        )
        self._poller = zmq.Poller()
        self._poller.register(self._socket, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)
        self.made = False
        """Whether somebody has answered. Of `inproc://` ZeroMQ does not say so."""
        self.broken = False
        """Whether nothing comes any more after what `receive` gives."""
        try:
            self._connect(kind, endpoint, most, topic)
        except zmq.ZMQError as error:
            self.close()
            raise InvalidArgumentError(
                f"cannot connect to {endpoint}: {error.strerror}", endpoint=endpoint
            ) from error

    def _connect(self, kind: int, endpoint: str, most: int, topic: str) -> None:
        socket = self._socket
        if kind == zmq.SUB:
            socket.setsockopt(zmq.RECONNECT_IVL, _NEVER_MS)
            socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
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

    def send(self, *frames: bytes) -> None:
        """Send a message, when the connection is there."""
        self._socket.send_multipart(frames)

    def receive(self) -> list[bytes] | None:
        """Return what has arrived; None: nothing has."""
        frames = self._received()
        if frames is not None or self.broken or not self._monitor.poll(0):
            return frames
        if recv_monitor_message(self._monitor)["event"] == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self.made = True
        else:
            self.broken = True
            self._poller.unregister(self._monitor)
        return self._received()  # What came before that.

    def _received(self) -> list[bytes] | None:
        # What `recv_multipart` does, without asking the socket after each frame.
        receive = self._socket.recv
        try:
            frame = receive(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return None
        frames = [frame.bytes]
        while frame.more:
            frame = receive(copy=False)
            frames.append(frame.bytes)
        return frames

    def wait(self, timeout_ms: int) -> None:
        """Wait for what `receive` gives; -1: for ever."""
        self._poller.poll(timeout_ms)

    def awaited(self) -> list[zmq.Socket[bytes]]:
        """Return what `wait` waits for."""
        return [self._socket] if self.broken else [self._socket, self._monitor]

    def close(self) -> None:
        """Leave. Again: does nothing."""
        if not self._socket.closed:
            self._socket.disable_monitor()
            self._monitor.close(linger=0)
            self._socket.close(linger=0)
