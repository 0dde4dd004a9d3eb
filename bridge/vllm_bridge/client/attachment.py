"""The stream that tells the pool that a client is there."""

from __future__ import annotations

import threading
from typing import Any

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client.channels import Channels


class Attachment:
    """Holds an `Attach` stream from the first time the client is to own something.

    The server ends the stream when it stops; the next `ensure` then opens another.
    """

    def __init__(self, channels: Channels, client_id: str) -> None:
        self._channels = channels
        self._client_id = client_id
        self._lock = threading.Lock()
        self._call: Any = None

    def ensure(self) -> None:
        """Return when the pool counts on this client. Raises BridgeError."""
        if not self._client_id:
            return
        with self._lock:
            if self._call is not None and self._call.is_active():
                return
            call = self._channels.stream(
                "Attach", pool_pb2.AttachRequest(client_id=self._client_id)
            )
            try:
                next(call)
            except grpc.RpcError as error:
                raise self._channels.pool_error(error) from None
            self._call = call

    def end(self) -> None:
        """The client is gone; the pool's grace period begins."""
        with self._lock:
            call, self._call = self._call, None
        if call is not None:
            call.cancel()
