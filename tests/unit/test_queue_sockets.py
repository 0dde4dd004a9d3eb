"""MessageQueue.recv: objects from a socket of the caller's."""

from __future__ import annotations

from collections import deque

import pytest

from vllm_distributed.communicators import MessageQueue
from vllm_distributed.errors import EncodingError, MessageQueueTimeoutError
from vllm_distributed.wire.object_codec import encode


class Socket:
    """As ZeroMQ's, with messages that are there already."""

    def __init__(self, *messages: bytes) -> None:
        self._messages = deque(messages)
        self.waits: list[int | None] = []

    def poll(self, timeout: int | None = None) -> int:
        self.waits.append(timeout)
        return len(self._messages)

    def recv(self) -> bytes:
        return self._messages.popleft()


def test_objects_come_in_order_and_a_wait_ends() -> None:
    socket = Socket(encode({"a": [1]}), encode("next"))
    assert MessageQueue.recv(socket, 0.5) == {"a": [1]}
    assert MessageQueue.recv(socket, None) == "next"
    assert socket.waits == [500, None]
    with pytest.raises(MessageQueueTimeoutError, match=r"within 0\.5 s"):
        MessageQueue.recv(socket, 0.5)


def test_nothing_is_unpickled() -> None:
    with pytest.raises(EncodingError):
        MessageQueue.recv(Socket(b"\x80\x04cos\nsystem\n."), 1.0)
