"""Ending a call that its client has given up in the same moment."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc.aio
import pytest

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.calls.abort import abort


class Context:
    """Of a call that is over for its client."""

    async def abort(self, *said: Any) -> None:
        raise grpc.aio.InternalError('Failed "execute_batch"')


def test_a_call_that_was_given_up_is_no_mistake_of_the_server() -> None:
    context: Any = Context()
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(abort(context, BridgeError(Category.POOL, "session_closed", "over")))
