"""Attached clients: what a client owns ends when it is gone.

A client holds an `Attach` stream open for as long as it lives. It is gone when the last stream of
its id has ended and no new one has begun within the grace period; then its sessions are closed and
its worlds stopped. A client may own something before its stream begins: then the grace period
starts at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from typing import Any

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.process import background

_CLIENT_ID = re.compile(r"[!-~]{1,200}")


class Attachments:
    """The clients of a server."""

    def __init__(
        self, grace: timedelta, limit: int, gone: Callable[[str, str], Coroutine[Any, Any, None]]
    ) -> None:
        self.grace = grace
        self._limit = limit
        # Called with the id of a client that is gone, and a clause that says so.
        self._gone = gone
        self._streams: Counter[str] = Counter()
        # Clients without a stream, until their grace period is over.
        self._clocks: dict[str, asyncio.TimerHandle] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    def claim(self, session: SessionEntry, client_id: str) -> None:
        """Let a session that belongs to a client with no stream pass to one that uses it.

        So a client that returns under a new id keeps the sessions it had under the old one.
        """
        if not client_id or session.world_id or session.client_id in ("", client_id):
            return
        if session.client_id not in self._streams:
            session.client_id = client_id

    @contextlib.contextmanager
    def stream(self, client_id: str) -> Iterator[None]:
        """A stream of the client, from its beginning to its end.

        Raises:
            BridgeError: `invalid_client_id`; `too_many_attachments`.
        """
        _check(client_id)
        streams = self._streams.total()
        if streams >= self._limit:
            raise self._too_many(streams)
        self._streams[client_id] += 1
        clock = self._clocks.pop(client_id, None)
        if clock is not None:
            clock.cancel()
        try:
            yield
        finally:
            self._streams[client_id] -= 1
            if not self._streams[client_id]:
                del self._streams[client_id]
                self._start_clock(client_id)

    @contextlib.contextmanager
    def owner(self, client_id: str) -> Iterator[None]:
        """While something is opened that the client owns; nobody owns it when the id is empty.

        Raises:
            BridgeError: `invalid_client_id`; `too_many_attachments`.
        """
        if not client_id:
            yield
            return
        self._expect(client_id)
        try:
            yield
        finally:
            # The first clock may have run out meanwhile.
            self._start_clock(client_id)

    async def wait_for_stop(self) -> None:
        """Return when the server stops."""
        await self._stopping.wait()

    def stop(self) -> None:
        """End all streams, and watch for no more ends: the server ends everything anyway."""
        self._stopping.set()
        for clock in self._clocks.values():
            clock.cancel()
        for task in self._ending:
            task.cancel()

    def _expect(self, client_id: str) -> None:
        if client_id in self._streams or client_id in self._clocks:
            return
        _check(client_id)
        if len(self._clocks) >= self._limit:
            raise self._too_many(len(self._clocks))
        self._start_clock(client_id)

    def _start_clock(self, client_id: str) -> None:
        if client_id in self._streams or client_id in self._clocks or self._stopping.is_set():
            return
        self._clocks[client_id] = asyncio.get_running_loop().call_later(
            self.grace.total_seconds(), self._end, client_id
        )

    def _end(self, client_id: str) -> None:
        del self._clocks[client_id]
        seconds = self.grace.total_seconds()
        why = f"ended with its client {client_id!r}, which has been gone for {seconds:g} s"
        task = background.task("ending what a client owned", self._gone(client_id, why))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def _too_many(self, count: int) -> BridgeError:
        return BridgeError(
            Category.POOL,
            "too_many_attachments",
            f"{count} clients are attached or awaited, and at most {self._limit} may be; let some "
            "detach, or restart the server with a larger --max-attachments",
            details={"attached": count, "limit": self._limit},
        )


def _check(client_id: str) -> None:
    if not _CLIENT_ID.fullmatch(client_id):
        raise BridgeError(
            Category.VALIDATION,
            "invalid_client_id",
            f"client_id is {client_id[:200]!r}; it must be 1 to 200 printable ASCII characters "
            "without spaces, such as a UUID",
        )
