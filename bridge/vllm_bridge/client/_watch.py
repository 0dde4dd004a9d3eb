"""A stream of what changes in a pool."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from types import TracebackType
from typing import Any

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._channels import Channels


class Watch(Iterator[pool_pb2.Event]):
    """Events as they happen, from the moment it was made; ends when it is closed or its time over.

    `close` may be called from another thread than the one that reads.
    """

    def __init__(
        self,
        channels: Channels,
        request: pool_pb2.WatchRequest,
        timeout: timedelta | None = None,
    ) -> None:
        self._channels = channels
        self._closed = False
        self._call: Any = channels.stream("Watch", request, timeout)
        # The pool sends its headers when it has subscribed: nothing after this is missed.
        self._call.initial_metadata()

    def __next__(self) -> pool_pb2.Event:
        try:
            event = next(self._call)
        except grpc.RpcError as error:
            if self._closed:
                raise StopIteration from None
            raise self._channels.pool_error(error) from None
        return pool_pb2.Event.FromString(event)

    def close(self) -> None:
        """End the stream."""
        self._closed = True
        self._call.cancel()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
