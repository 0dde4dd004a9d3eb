"""Ending a call with a `BridgeError`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NoReturn

import grpc.aio

from vllm_bridge.codec.errors import BridgeError

# The status message repeats the detail's; together they must stay below the 8 KiB that peers take.
MAX_STATUS_MESSAGE_CHARS = 500


async def abort(
    context: grpc.aio.ServicerContext,
    error: BridgeError,
    status: grpc.StatusCode | None = None,
) -> NoReturn:
    """End the call with the error's status, message and trailer.

    Raises:
        asyncio.CancelledError: its client has given it up meanwhile, and nobody is there to tell.
    """
    message = error.message[:MAX_STATUS_MESSAGE_CHARS]
    await abort_with(context, status or error.status, message, tuple(error.trailers()))


async def abort_with(
    context: grpc.aio.ServicerContext,
    status: grpc.StatusCode,
    message: str,
    trailers: Sequence[tuple[str, str | bytes]],
) -> NoReturn:
    """End the call, as `abort` does."""
    try:
        await context.abort(status, message, trailers)
    except grpc.aio.InternalError as gone:
        raise asyncio.CancelledError("the client has given the call up") from gone
    raise RuntimeError("ServicerContext.abort returned")
