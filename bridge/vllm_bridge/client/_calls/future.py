"""Calls that were begun, to be collected later."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._calls.exchange import Exchange
from vllm_bridge.client._calls.io import Call, Io
from vllm_bridge.codec.errors import BridgeError, Category


class FutureCalls:
    """One such call, for both forms of the client."""

    def __init__(self, io: Io, exchange: Exchange, call: Call, what: str) -> None:
        self._exchange = exchange
        self._call = call
        self.what = what
        self._collecting = io.lock()
        self._collected = False
        self._value: Any = None
        self._error: BridgeError | None = None

    @property
    def carrier(self) -> str:
        """frames or grpc."""
        return self._call.carrier

    def done(self) -> bool:
        """Whether it has ended."""
        return self._collected or self._call.done()

    async def ended(self, ends: float | None) -> bool:
        """Until it has ended, or `time.monotonic()` is beyond `ends`: whether it has."""
        return self._collected or await self._call.wait(ends)

    def cancel(self) -> bool:
        """Give it up; False: it had ended."""
        return self._call.cancel()

    async def result(self, timeout: timedelta | None) -> Any:
        """Its result. Raises BridgeError."""
        limit = seconds(timeout)
        ends = None if limit is None else time.monotonic() + limit
        if not await self._collecting.acquire(limit):
            raise self._unfinished(timeout)
        try:
            if not self._collected:
                await self._collect(timeout, ends)
        finally:
            self._collecting.release()
        if self._error is not None:
            raise self._error
        return self._value

    async def _collect(self, timeout: timedelta | None, ends: float | None) -> None:
        own = self._exchange.deadline.ends
        if ends is not None and (own is None or ends < own) and not await self._call.wait(ends):
            raise self._unfinished(timeout)
        try:
            self._value = await self._exchange.result()
        except BridgeError as error:
            self._error = error
        self._collected = True

    def _unfinished(self, timeout: timedelta | None) -> BridgeError:
        waited = "" if timeout is None else f" after {timeout.total_seconds():g} s"
        return BridgeError(
            Category.TIMEOUT,
            "future_not_ready",
            f"{self.what} has no result yet{waited}. It goes on until its own deadline: ask "
            "again, or cancel it",
            details={"state": "pending"},
        )

    def __del__(self) -> None:
        if not self._collected:
            self._exchange.drop()
