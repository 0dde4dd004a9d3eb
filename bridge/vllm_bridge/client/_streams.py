"""What comes piece by piece: items of a rank's iterator, and what ranks emit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from vllm_bridge.client._blocking import now
from vllm_bridge.client._worlds.emissions import Emission, EmissionCalls
from vllm_bridge.client._worlds.items import ItemCalls
from vllm_bridge.client._worlds.logs import LogCalls, LogLine
from vllm_bridge.process import background


class Items(Iterator[Any]):
    """Items of an iterator that stays in its rank, see `Session.iterate`. Use it in one thread."""

    def __init__(self, calls: ItemCalls) -> None:
        self._calls = calls

    def __next__(self) -> Any:
        try:
            return now(self._calls.next())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """End the iterator in its rank: a generator's `finally` runs. There are no more items."""
        now(self._calls.close())

    def __enter__(self) -> Items:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        calls = getattr(self, "_calls", None)
        if calls is None or not calls.open:
            return
        # Whichever thread this is, it may be in the middle of a call.
        with contextlib.suppress(RuntimeError):
            background.thread("closing an iterator", lambda: now(calls.close())).start()


class Subscription(Iterator[Emission]):
    """Emissions as they come, see `World.subscribe`. Ends when it is closed.

    `close` may be called from another thread than the one that reads.
    """

    def __init__(self, calls: EmissionCalls) -> None:
        self._calls = calls

    def __next__(self) -> Emission:
        try:
            return now(self._calls.next())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """End the subscription."""
        self._calls.close()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Logs(Iterator[LogLine]):
    """Lines as they come, see `World.logs`. Ends when it is closed.

    `close` may be called from another thread than the one that reads.
    """

    def __init__(self, calls: LogCalls) -> None:
        self._calls = calls

    def __next__(self) -> LogLine:
        try:
            return now(self._calls.next())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """End the stream."""
        self._calls.close()

    def __enter__(self) -> Logs:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
