"""The stream that tells the pool that a client is there."""

from __future__ import annotations

import threading
from typing import Any

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._channels import Channels
from vllm_bridge.client._checks import seconds
from vllm_bridge.client._timeouts import Deadline
from vllm_bridge.codec.errors import BridgeError


class Attachment:
    """Holds an `Attach` stream from the first time the client is to own something.

    The server ends the stream when it stops; the next `ensure` then opens another.
    """

    def __init__(self, channels: Channels, client_id: str) -> None:
        self._channels = channels
        self._client_id = client_id
        self._lock = threading.Lock()
        self._call: Any = None

    def ensure(self, deadline: Deadline) -> None:
        """Return when the pool counts on this client. Raises BridgeError."""
        if not self._client_id:
            return
        left = seconds(deadline.left())
        if not self._lock.acquire(timeout=-1 if left is None else left):
            raise self._unanswered(deadline)
        try:
            if self._call is None or not self._call.is_active():
                self._call = self._attach(deadline)
        finally:
            self._lock.release()

    def _attach(self, deadline: Deadline) -> Any:
        """The stream, when its first answer has come. It has no deadline of its own."""
        left = seconds(deadline.left())
        call = self._channels.stream("Attach", pool_pb2.AttachRequest(client_id=self._client_id))
        late = None if left is None else threading.Timer(left, call.cancel)
        if late is not None:
            late.daemon = True
            late.start()
        try:
            next(call)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.CANCELLED:
                raise self._unanswered(deadline) from None
            raise self._channels.pool_error(error) from None
        finally:
            if late is not None:
                late.cancel()
        return call

    def _unanswered(self, deadline: Deadline) -> BridgeError:
        return deadline.exceeded(
            f"the pool at {self._channels.endpoint} did not answer, so nothing was asked of it"
        )

    def end(self) -> None:
        """The client is gone; the pool's grace period begins."""
        with self._lock:
            call, self._call = self._call, None
        if call is not None:
            call.cancel()
