"""A stream of what changes in a pool."""

from __future__ import annotations

from datetime import timedelta

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.channels import Channels
from vllm_bridge.client._frames.core import Cancelled


class WatchCalls:
    """What both forms of a watch have."""

    def __init__(
        self, channels: Channels, request: pool_pb2.WatchRequest, timeout: timedelta | None
    ) -> None:
        self._channels = channels
        self._stream = channels.stream("Watch", request, timeout)

    async def started(self) -> None:
        """The pool sends its headers when it has subscribed: nothing after this is missed."""
        await self._stream.started()

    async def next(self) -> pool_pb2.Event:
        """The next event; raises StopAsyncIteration when it was closed."""
        try:
            return pool_pb2.Event.FromString(await self._stream.next())
        except Cancelled:
            raise StopAsyncIteration from None
        except grpc.RpcError as error:
            raise self._channels.pool_error(error) from None

    def close(self) -> None:
        """End the stream."""
        self._stream.cancel()
