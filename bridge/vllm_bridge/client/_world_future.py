"""Runs and calls of a world that go on in a thread."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from vllm_bridge.client._calls import runs
from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._worlds.calls import Tell
from vllm_bridge.client._worlds.outcomes import Outcome, cancelled_by_caller, unfinished
from vllm_bridge.process import background


class WorldFuture:
    """A run or call that was begun with `World.submit` or `World.submit_call`.

    Threads may share it. It goes on though nobody asks for its result.
    """

    def __init__(self, what: str, work: Callable[[Tell], Any]) -> None:
        self._what = what
        self._work = work
        # What the work does is inside of it, and given up with it; and it with the caller's run.
        self._run = runs.begin(None)
        self._changed = threading.Condition()
        self._told: list[tuple[int, Outcome]] = []
        self._end: Outcome | None = None
        context = contextvars.copy_context()
        background.thread("a future of a world", context.run, self._do, failed=self._failed).start()

    def result(self, timeout: timedelta | None = None) -> Any:
        """Its result, when it has ended.

        Raises:
            BridgeError: what failed, with `details["outcomes"]` as of `World.call`; an exception of
                the function of `World.submit` is the `__cause__` of one (worker, `run_failed`);
                (timeout) `future_not_ready`: it has not ended within `timeout`, and goes on;
                (grpc_error) `cancelled`: it was, by `cancel`.
        """
        limit = seconds(timeout)
        with self._changed:
            if not self._changed.wait_for(lambda: self._end is not None, _wait(limit)):
                raise unfinished(self._what, timeout)
            end = self._end
        return None if end is None else end.result()

    def __repr__(self) -> str:
        return f"<WorldFuture of {self._what}, {'ended' if self.done() else 'pending'}>"

    def done(self) -> bool:
        """Whether it has ended: `result` does not wait then."""
        with self._changed:
            return self._end is not None

    def cancel(self) -> bool:
        """Give it up: its calls are, and its turn is over.

        A call that a rank runs goes on until it ends. False when it had ended: its result is there.
        """
        if not self._settle(Outcome(error=cancelled_by_caller(self._what))):
            return False
        self._run.cancel()
        return True

    def as_completed(self, timeout: timedelta | None = None) -> Iterator[tuple[int, Outcome]]:
        """Each rank and its outcome, in the order in which they come: `outcome.value`, or
        `outcome.error`.

        Those that were given up because another one had failed have none.

        Raises:
            BridgeError: (timeout) `future_not_ready`: not all have come within `timeout`.
        """
        limit = seconds(timeout)
        ends = None if limit is None else time.monotonic() + limit
        seen = 0
        while True:
            left = None if ends is None else max(ends - time.monotonic(), 0.0)
            with self._changed:

                def more(seen: int = seen) -> bool:
                    return len(self._told) > seen or self._end is not None

                if not self._changed.wait_for(more, _wait(left)):
                    raise unfinished(self._what, timeout)
                found = self._told[seen:]
            if not found:
                return
            seen += len(found)
            yield from found

    def _do(self) -> None:
        # What it raises is the caller's.
        try:
            with self._run.entered():
                end = Outcome(self._work(self._tell))
        except Exception as error:  # noqa: BLE001
            end = Outcome(error=error)
        self._settle(end)

    def _failed(self, error: BaseException) -> None:
        self._settle(Outcome(error=error))

    def _tell(self, rank: int, outcome: Outcome) -> None:
        with self._changed:
            if self._end is None:
                self._told.append((rank, outcome))
                self._changed.notify_all()

    def _settle(self, end: Outcome) -> bool:
        with self._changed:
            if self._end is not None:
                return False
            self._end = end
            self._changed.notify_all()
            return True


def _wait(limit: float | None) -> float | None:
    return None if limit is None else min(limit, threading.TIMEOUT_MAX)
