"""The pool's end of a control connection to a rank."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from google.protobuf.message import DecodeError

from vllm_bridge._generated import control_pb2
from vllm_bridge.transport import control

_logger = logging.getLogger("vllm_bridge.pool.launchers.control_connection")


class ControlConnection(asyncio.Protocol):
    """Reads it. An asyncio protocol, not a stream: a call waits for every step."""

    def __init__(
        self, receive: Callable[[control_pb2.RankToPool], None], ended: Callable[[], None]
    ) -> None:
        self._receive = receive
        self._ended = ended
        self._frames = control.Frames()

    def data_received(self, data: bytes) -> None:
        """As asyncio calls it."""
        try:
            messages = [control_pb2.RankToPool.FromString(body) for body in self._frames.feed(data)]
        except (control.FrameTooLarge, ValueError, DecodeError):
            self._ended()
            return
        for message in messages:
            try:
                self._receive(message)
            except Exception:
                # asyncio would close the connection, and with it end the rank.
                _logger.exception("a %s of a rank failed", message.WhichOneof("message"))

    def connection_lost(self, error: Exception | None) -> None:
        """As asyncio calls it."""
        self._ended()
