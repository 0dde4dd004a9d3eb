"""The stream that tells the pool that a client is there."""

from __future__ import annotations

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.channels import Channels
from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._calls.io import Stream, held
from vllm_bridge.client._calls.timeouts import Deadline
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.transport.frames.calling import Cancelled


class Attachment:
    """Holds an `Attach` stream from the first time the client is to own something.

    The server ends the stream when it stops; the next `ensure` then opens another.
    """

    def __init__(self, channels: Channels, client_id: str) -> None:
        self._channels = channels
        self._client_id = client_id
        self._lock = channels.io.lock()
        self._call: Stream | None = None

    async def ensure(self, deadline: Deadline) -> None:
        """Return when the pool counts on this client. Raises BridgeError."""
        if not self._client_id:
            return
        if not await self._lock.acquire(seconds(deadline.left())):
            raise self._unanswered(deadline)
        try:
            if self._call is None or not self._call.active:
                self._call = await self._attach(deadline)
        finally:
            self._lock.release()

    async def _attach(self, deadline: Deadline) -> Stream:
        """The stream, when its first answer has come. It has no deadline of its own."""
        left = seconds(deadline.left())
        call = self._channels.stream("Attach", pool_pb2.AttachRequest(client_id=self._client_id))
        try:
            with self._channels.io.alarm(left, call.cancel):
                await call.next()
        except Cancelled:
            raise self._unanswered(deadline) from None
        except grpc.RpcError as error:
            raise self._channels.pool_error(error) from None
        except StopAsyncIteration:
            # It is stopping; the next that is asked of it will say so.
            pass
        return call

    def _unanswered(self, deadline: Deadline) -> BridgeError:
        return deadline.exceeded(
            f"the pool at {self._channels.endpoint} did not answer, so nothing was asked of it"
        )

    async def end(self) -> None:
        """The client is gone; the pool's grace period begins."""
        async with held(self._lock):
            call, self._call = self._call, None
        if call is not None:
            call.cancel()
