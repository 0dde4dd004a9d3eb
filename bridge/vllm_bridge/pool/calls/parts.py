"""A call in parts (`Chunks.Call`) on its way through the pool, where little of it is held.

A rank accepts a call before the pool sends anything to it. It may then find that another rank owns
an object in the call, and does not run it: the pool sends the parts again to the owner, as long as
they are small.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import grpc.aio

from vllm_bridge.process import background
from vllm_bridge.transport.metadata import PARTS

PATH = "/vllm.bridge.v1.Chunks/Call"

MOST_KEPT_BYTES = 1 << 20


class Parts:
    """The parts of one call: read from its client, written to a rank."""

    def __init__(self, context: grpc.aio.ServicerContext) -> None:
        self._context = context
        self._ended = False
        # What was read so far; None once that is too much to be sent a second time.
        self._kept: list[bytes] | None = []
        self._answered = False

    @property
    def movable(self) -> bool:
        """Whether the call may still be sent to another rank."""
        return self._kept is not None and not self._answered

    async def begin(self) -> None:
        """Return when its first part has arrived: a call that sends nothing occupies no rank."""
        part = await self._context.read()
        if part is grpc.aio.EOF:
            self._ended = True
        else:
            self._kept = [part]

    async def through(
        self, channel: grpc.aio.Channel, metadata: grpc.aio.Metadata, timeout: float | None
    ) -> Any:
        """Send the parts to a rank and its answer to the client; grpc's call object, at its end.

        Raises:
            grpc.aio.AioRpcError: the call failed.
        """
        call = channel.stream_stream(PATH)(timeout=timeout, metadata=metadata)
        accepted = any(key == PARTS for key, _ in await call.initial_metadata())
        sending = background.awaited("a call in parts", self._send(call, accepted))
        try:
            while (part := await call.read()) is not grpc.aio.EOF:
                self._answered = True
                await self._context.write(part)
        finally:
            sending.cancel()
            with contextlib.suppress(asyncio.CancelledError, asyncio.InvalidStateError):
                await sending
            call.cancel()
        return call

    async def _send(self, call: Any, accepted: bool) -> None:
        if not accepted:
            # What the client sends is for the next rank that is asked.
            return
        try:
            for part in self._kept or ():
                await call.write(part)
            while not self._ended:
                part = await self._context.read()
                if part is grpc.aio.EOF:
                    self._ended = True
                    break
                self._keep(part)
                await call.write(part)
            await call.done_writing()
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            # The rank has ended the call: its answer says why.
            return

    def _keep(self, part: bytes) -> None:
        if self._kept is not None:
            self._kept.append(part)
            if sum(map(len, self._kept)) > MOST_KEPT_BYTES:
                self._kept = None
