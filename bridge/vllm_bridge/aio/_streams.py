"""What comes piece by piece: items of a rank's iterator, and what ranks emit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any

from vllm_bridge.client._worlds.emissions import Emission, EmissionCalls
from vllm_bridge.client._worlds.items import ItemCalls
from vllm_bridge.client._worlds.logs import LogCalls, LogLine
from vllm_bridge.process import background


class Items(AsyncIterator[Any]):
    """Items of an iterator that stays in its rank, see `Session.iterate`. Use it in one task."""

    def __init__(self, calls: ItemCalls) -> None:
        self._calls = calls
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __anext__(self) -> Any:
        self._loop = asyncio.get_running_loop()
        return await self._calls.next()

    async def close(self) -> None:
        """End the iterator in its rank: a generator's `finally` runs. There are no more items."""
        await self._calls.close()

    async def __aenter__(self) -> Items:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __del__(self) -> None:
        calls, loop = getattr(self, "_calls", None), getattr(self, "_loop", None)
        if calls is None or loop is None or not calls.open:
            return
        # A loop that is closed has no client any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_close, calls)


def _close(calls: ItemCalls) -> None:
    background.task("closing an iterator", calls.close())


class Subscription(AsyncIterator[Emission]):
    """Emissions as they come, see `World.subscribe`. Ends when it is closed.

    `close` may be called from another task than the one that reads.
    """

    def __init__(self, calls: EmissionCalls) -> None:
        self._calls = calls

    async def __anext__(self) -> Emission:
        return await self._calls.next()

    async def close(self) -> None:
        """End the subscription."""
        self._calls.close()

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class Logs(AsyncIterator[LogLine]):
    """Lines as they come, see `World.logs`. Ends when it is closed.

    `close` may be called from another task than the one that reads.
    """

    def __init__(self, calls: LogCalls) -> None:
        self._calls = calls

    async def __anext__(self) -> LogLine:
        return await self._calls.next()

    async def close(self) -> None:
        """End the stream."""
        self._calls.close()

    async def __aenter__(self) -> Logs:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
