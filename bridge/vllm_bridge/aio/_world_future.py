"""Runs and calls of a world that go on in a task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from datetime import timedelta
from typing import Any

from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._worlds.calls import Tell
from vllm_bridge.client._worlds.outcomes import Outcome, cancelled_by_caller, unfinished
from vllm_bridge.process import background


class WorldFuture:
    """A run or call that was begun with `World.submit` or `World.submit_call`.

    `await` it for its result. It goes on though nobody does, or a task that does is cancelled.
    """

    def __init__(self, what: str, work: Callable[[Tell], Awaitable[Any]]) -> None:
        self._what = what
        self._told: list[tuple[int, Outcome]] = []
        self._end: Outcome | None = None
        # Set, and replaced by another, with every news.
        self._news = asyncio.Event()
        self._task = background.task("a future of a world", self._do(work), self._failed)

    async def result(self, timeout: timedelta | None = None) -> Any:
        """Its result, when it has ended.

        Raises:
            BridgeError: what failed, with `details["outcomes"]` as of `World.call`; an exception of
                the function of `World.submit` is the `__cause__` of one (worker, `run_failed`);
                (timeout) `future_not_ready`: it has not ended within `timeout`, and goes on;
                (grpc_error) `cancelled`: it was, by `cancel`.
        """
        ends = _ends(timeout)
        while self._end is None:
            await self._wait(ends, timeout)
        return self._end.result()

    def __await__(self) -> Generator[Any, None, Any]:
        return self.result().__await__()

    def __repr__(self) -> str:
        return f"<WorldFuture of {self._what}, {'ended' if self.done() else 'pending'}>"

    def done(self) -> bool:
        """Whether it has ended: `result` does not wait then."""
        return self._end is not None

    def cancel(self) -> bool:
        """Give it up: its calls are, and its turn is over.

        A call that a rank runs goes on until it ends. False when it had ended: its result is there.
        """
        if not self._settle(Outcome(error=cancelled_by_caller(self._what))):
            return False
        self._task.cancel()
        return True

    async def as_completed(
        self, timeout: timedelta | None = None
    ) -> AsyncIterator[tuple[int, Outcome]]:
        """Each rank and its outcome, in the order in which they come: `outcome.value`, or
        `outcome.error`.

        Those that were given up because another one had failed have none.

        Raises:
            BridgeError: (timeout) `future_not_ready`: not all have come within `timeout`.
        """
        ends = _ends(timeout)
        seen = 0
        while True:
            while seen < len(self._told):
                yield self._told[seen]
                seen += 1
            if self._end is not None:
                return
            await self._wait(ends, timeout)

    async def _wait(self, ends: float | None, timeout: timedelta | None) -> None:
        """Until there is news."""
        left = None if ends is None else max(ends - asyncio.get_running_loop().time(), 0.0)
        try:
            await asyncio.wait_for(self._news.wait(), left)
        except asyncio.TimeoutError:
            raise unfinished(self._what, timeout) from None

    async def _do(self, work: Callable[[Tell], Awaitable[Any]]) -> None:
        # What it raises is the caller's.
        try:
            end = Outcome(await work(self._tell))
        except asyncio.CancelledError:
            # By `cancel`, or with its loop.
            self._settle(Outcome(error=cancelled_by_caller(self._what)))
            raise
        except Exception as error:  # noqa: BLE001
            end = Outcome(error=error)
        self._settle(end)

    def _failed(self, error: BaseException) -> None:
        self._settle(Outcome(error=error))

    def _tell(self, rank: int, outcome: Outcome) -> None:
        if self._end is None:
            self._told.append((rank, outcome))
            self._tell_all()

    def _settle(self, end: Outcome) -> bool:
        if self._end is not None:
            return False
        self._end = end
        self._tell_all()
        return True

    def _tell_all(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


def _ends(timeout: timedelta | None) -> float | None:
    limit = seconds(timeout)
    return None if limit is None else asyncio.get_running_loop().time() + limit
