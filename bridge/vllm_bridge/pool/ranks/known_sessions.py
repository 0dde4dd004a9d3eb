"""The sessions that a rank knows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.durations import to_duration
from vllm_bridge.process import background

Ask = Callable[[control_pb2.PoolToRank], Coroutine[Any, Any, control_pb2.Ack]]
"""Sends a request to the rank at once; the coroutine waits for its answer. Both raise BridgeError
where the rank is gone."""


class KnownSessions:
    """Those of one rank. It hears of them in the order in which these methods are called."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._registered: dict[str, asyncio.Task[control_pb2.Ack]] = {}

    def __len__(self) -> int:
        return len(self._registered)

    def clear(self) -> None:
        """The rank is gone."""
        self._registered.clear()

    async def register(self, session_id: str, *, fail_fast: bool, number: int = 0) -> None:
        """Make the session known to the rank; once, however many calls ask for it at a time."""
        task = self._registered.get(session_id)
        if task is None:
            request = control_pb2.PoolToRank(
                register_session=control_pb2.RegisterSession(
                    session_id=session_id, fail_fast=fail_fast, number=number
                )
            )
            task = background.awaited("registering a session", self._ask(request))
            self._registered[session_id] = task
        await asyncio.shield(task)

    def drop(self, session_id: str) -> Coroutine[Any, Any, None]:
        """Have the rank free the session's objects; the coroutine returns when it has.

        The rank is told at once. A call that opens a session of that id a moment later makes it
        known again.
        """
        asked: Coroutine[Any, Any, control_pb2.Ack] | None = None
        if self._registered.pop(session_id, None) is not None:
            with contextlib.suppress(BridgeError):
                asked = self._ask(_dropping(session_id))
        return _answered(asked)

    async def drop_unused(self, session_id: str, within: timedelta) -> bool:
        """Free the session's objects; False when it was used within this time, and is kept."""
        if session_id not in self._registered:
            return True
        request = _dropping(session_id)
        request.drop_session.unless_used_within.CopyFrom(to_duration(within))
        with contextlib.suppress(BridgeError):  # a dead rank has no sessions left
            if (await self._ask(request)).kept:
                return False
        self._registered.pop(session_id, None)
        return True


def _dropping(session_id: str) -> control_pb2.PoolToRank:
    return control_pb2.PoolToRank(drop_session=control_pb2.DropSession(session_id=session_id))


async def _answered(asked: Coroutine[Any, Any, control_pb2.Ack] | None) -> None:
    if asked is not None:
        with contextlib.suppress(BridgeError):
            await asked
