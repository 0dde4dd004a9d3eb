"""A stream of what changes in a pool."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.client import WatchCalls


class Watch(AsyncIterator[pool_pb2.Event]):
    """Events as they happen, from the moment it was made; ends when it is closed or its time over.

    `close` may be called from another task than the one that reads.
    """

    def __init__(self, calls: WatchCalls) -> None:
        self._calls = calls

    async def __anext__(self) -> pool_pb2.Event:
        return await self._calls.next()

    async def close(self) -> None:
        """End the stream."""
        self._calls.close()

    async def __aenter__(self) -> Watch:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
