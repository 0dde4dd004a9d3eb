"""A stream of what changes in a pool."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._blocking import now
from vllm_bridge.client._calls.client import WatchCalls


class Watch(Iterator[pool_pb2.Event]):
    """Events as they happen, from the moment it was made; ends when it is closed or its time over.

    `close` may be called from another thread than the one that reads.
    """

    def __init__(self, calls: WatchCalls) -> None:
        self._calls = calls

    def __next__(self) -> pool_pb2.Event:
        try:
            return now(self._calls.next())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """End the stream."""
        self._calls.close()

    def __enter__(self) -> Watch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
