"""Calls that were begun, to be collected later."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from vllm_bridge.client._blocking import now
from vllm_bridge.client._calls.future import FutureCalls


class Future:
    """A call that was begun with `Session.submit`. Threads may share it.

    Its deadline was fixed when it began. Whoever asks for its result waits for it; a call whose
    result nobody asks for runs all the same.
    """

    def __init__(self, calls: FutureCalls) -> None:
        self._calls = calls

    @property
    def carrier(self) -> str:
        """What carries it: frames or grpc."""
        return self._calls.carrier

    def result(self, timeout: timedelta | None = None) -> Any:
        """Its result, when it has ended, which is at its deadline at the latest.

        Raises:
            BridgeError: as `Session.call` does; (timeout) `future_not_ready`: the call has not
                ended within `timeout`, and goes on; (grpc_error) `cancelled`: it was, by `cancel`.
        """
        return now(self._calls.result(timeout))

    def __repr__(self) -> str:
        return f"<Future of {self._calls.what}, {'ended' if self.done() else 'pending'}>"

    def done(self) -> bool:
        """Whether it has ended: `result` does not wait then."""
        return self._calls.done()

    def cancel(self) -> bool:
        """Give it up. If it waits for its turn in the rank it never runs; if it runs it goes on.

        False when it had ended: its result is there.
        """
        return self._calls.cancel()
