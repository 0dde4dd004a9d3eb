"""What code in ranks emits, on its way to subscribers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.codec.errors import BridgeError, Category

MAX_UNREAD = 1_024
"""Of one subscriber. It misses the oldest of what is more, and is told how many."""

MAX_UNREAD_BYTES = 16 << 20

MAX_SUBSCRIBERS = 1_000


class Emissions:
    """The hub of one server. Used inside its event loop alone."""

    def __init__(self) -> None:
        self._subscriptions: set[EmissionSubscription] = set()
        self._closed = False

    def publish(self, emission: rank_pb2.Emission) -> None:
        """Give it to every subscriber that wants it."""
        for subscription in self._subscriptions:
            if subscription.wants(emission):
                subscription.put(emission)

    def subscribe(self, wanted: pool_pb2.SubscribeRequest) -> EmissionSubscription:
        """Those from now on.

        Raises:
            BridgeError: `too_many_watchers`; `pool_stopping`.
        """
        if self._closed:
            raise _stopping()
        if len(self._subscriptions) >= MAX_SUBSCRIBERS:
            raise BridgeError(
                Category.POOL,
                "too_many_watchers",
                f"{len(self._subscriptions)} have subscribed at this server already, and at most "
                f"{MAX_SUBSCRIBERS} may; end one first",
                details={"limit": MAX_SUBSCRIBERS},
            )
        subscription = EmissionSubscription(self, wanted)
        self._subscriptions.add(subscription)
        return subscription

    def leave(self, subscription: EmissionSubscription) -> None:
        """Nobody reads this one any more."""
        self._subscriptions.discard(subscription)

    def close(self) -> None:
        """End all subscriptions: the server stops."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.end()


class EmissionSubscription:
    """One subscriber's emissions, in order: `async with` it, then `async for`."""

    def __init__(self, hub: Emissions, wanted: pool_pb2.SubscribeRequest) -> None:
        self._hub, self._wanted = hub, wanted
        self._unread: deque[tuple[rank_pb2.Emission, int]] = deque()
        self._bytes = 0
        self._dropped = 0
        self._over = False
        self._news = asyncio.Event()

    def wants(self, emission: rank_pb2.Emission) -> bool:
        """Whether it is among those that were asked for."""
        wanted = self._wanted
        return (
            wanted.topic in ("", emission.topic)
            and wanted.world_id in ("", emission.world_id)
            and wanted.session_id in ("", emission.session_id)
        )

    def put(self, emission: rank_pb2.Emission) -> None:
        """Keep one for the reader, and drop the oldest that are too many."""
        size = emission.ByteSize()
        self._unread.append((emission, size))
        self._bytes += size
        while len(self._unread) > MAX_UNREAD or self._bytes > MAX_UNREAD_BYTES:
            self._bytes -= self._unread.popleft()[1]
            self._dropped += 1
        self._news.set()

    def end(self) -> None:
        """Give the reader an error instead of what it has not read."""
        self._over = True
        self._news.set()

    async def __aenter__(self) -> EmissionSubscription:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hub.leave(self)

    async def __aiter__(self) -> AsyncIterator[rank_pb2.Emission]:
        while True:
            if self._over:
                raise _stopping()
            if not self._unread:
                self._news.clear()
                await self._news.wait()
                continue
            emission, size = self._unread.popleft()
            self._bytes -= size
            if self._dropped:
                missed, self._dropped = self._dropped, 0
                # The others have the same object.
                one = rank_pb2.Emission()
                one.CopyFrom(emission)
                one.dropped = missed
                emission = one
            yield emission


def _stopping() -> BridgeError:
    return BridgeError(Category.POOL, "pool_stopping", "the pool is stopping; try its successor")
