"""Calls to one rank in frames, over one connection.

It costs less than gRPC: a call that comes to the pool over gRPC and goes on to a rank takes 651 us
instead of 1,025 (p50 from Elixir, in one run).
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import cast

import grpc

from vllm_bridge.durations import LONGEST_S
from vllm_bridge.transport.address import unix_path
from vllm_bridge.transport.frames.calling import (
    End,
    FrameFailure,
    Frames,
    Malformed,
    Metadata,
    NotSent,
    Reply,
)
from vllm_bridge.transport.frames.protocol import MAX_OPEN_CALLS

LARGE_BYTES = 1_000_000
"""A request of more goes over gRPC, whose connection carries several at a time: here short ones
would wait behind it. And so much a rank refuses by itself, however low its limit of messages is; a
MiB above that is no frame to it, and ends the connection."""

_TRY_AGAIN_AFTER = timedelta(seconds=1)


class RankFrames:
    """The way to a rank that takes frames: connected by the first call, and again after a loss."""

    def __init__(self, endpoint: str) -> None:
        self._path = unix_path(endpoint)
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()
        self._try_at = 0.0

    async def call(
        self, method: str, request: bytes, timeout_s: float | None, metadata: Metadata
    ) -> Reply:
        """One call.

        Raises:
            NotSent: nobody can be reached there.
            FrameFailure: it failed, on the rank or on its way.
        """
        connection = self._connection
        if connection is None or connection.lost:
            connection = await self._connected()
        return await connection.call(method, request, timeout_s, metadata)

    def close(self) -> None:
        """End the connection, and with it the calls that are open on it."""
        if self._connection is not None:
            self._connection.close()

    async def _connected(self) -> _Connection:
        loop = asyncio.get_running_loop()
        async with self._connecting:
            if self._connection is not None and not self._connection.lost:
                return self._connection
            if self._path is None or loop.time() < self._try_at:
                raise NotSent("nobody listened there a moment ago")
            try:
                _, self._connection = await loop.create_unix_connection(
                    _Connection, str(self._path)
                )
            except OSError as error:
                self._try_at = loop.time() + _TRY_AGAIN_AFTER.total_seconds()
                raise NotSent(str(error)) from None
            return self._connection


class _Connection(asyncio.Protocol):
    """One connection, and the calls that are open on it."""

    def __init__(self) -> None:
        # Why it is of no more use; empty while it is.
        self.lost = ""
        self._transport: asyncio.Transport | None = None
        self._frames = Frames()
        self._open: dict[int, asyncio.Future[End]] = {}
        self._writable = asyncio.Event()
        self._writable.set()

    async def call(
        self, method: str, request: bytes, timeout_s: float | None, metadata: Metadata
    ) -> Reply:
        """As `RankFrames.call`."""
        loop = asyncio.get_running_loop()
        ends = None if timeout_s is None or timeout_s >= LONGEST_S else loop.time() + timeout_s
        # Until the rank has read what was sent before.
        while not self._writable.is_set() and not self.lost:
            await _until(self._writable, ends)
        if self.lost or self._transport is None:
            raise NotSent(self.lost)
        if len(self._open) >= MAX_OPEN_CALLS:
            # The rank would refuse it, whatever its queue may hold.
            raise NotSent(f"{MAX_OPEN_CALLS} calls are open on the connection")
        if ends is not None:
            timeout_s = ends - loop.time()
        number, data = self._frames.call(method, request, timeout_s, metadata)
        ended: asyncio.Future[End] = loop.create_future()
        self._open[number] = ended
        timer = None
        if ends is not None:
            timer = loop.call_at(ends, _pass_deadline, ended)
        self._transport.write(data)
        try:
            end = await ended
        finally:
            if timer is not None:
                timer.cancel()
            # Its caller has gone, or its time is over: the rank has not ended it.
            if self._open.pop(number, None) is not None and not self.lost:
                self._transport.write(self._frames.cancel(number))
        if isinstance(end, Reply):
            return end
        raise end

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        self._transport = cast(asyncio.Transport, transport)

    def pause_writing(self) -> None:
        """As asyncio calls it."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """As asyncio calls it."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """As asyncio calls it."""
        try:
            for number, end in self._frames.feed(data):
                if not number:
                    self._break(str(end))
                    return
                ended = self._open.pop(number, None)
                # A caller's withdrawal may have crossed the answer.
                if ended is not None and not ended.done():
                    ended.set_result(end)
        except Malformed as error:
            self._break(f"the rank sent what is no frame: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        """As asyncio calls it."""
        self._break(str(error or "the rank closed it"))

    def _break(self, why: str) -> None:
        if self.lost:
            return
        self.lost = why
        self._writable.set()
        self.close()
        calls, self._open = self._open, {}
        for ended in calls.values():
            if not ended.done():
                said = f"the connection to the rank was lost: {why}"
                ended.set_result(FrameFailure(grpc.StatusCode.UNAVAILABLE, said))


def _late() -> FrameFailure:
    return FrameFailure(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")


def _pass_deadline(ended: asyncio.Future[End]) -> None:
    if not ended.done():
        ended.set_result(_late())


async def _until(event: asyncio.Event, ends: float | None) -> None:
    left = None if ends is None else max(ends - asyncio.get_running_loop().time(), 0.0)
    try:
        await asyncio.wait_for(event.wait(), left)
    except (asyncio.TimeoutError, TimeoutError):
        raise _late() from None
