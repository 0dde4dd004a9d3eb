"""When the idle sessions of one pool expire, and what is remembered of those that have ended."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, TypeVar

from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.process import background

V = TypeVar("V")


class IdleClock:
    """The sessions of a pool in the order of their last use, and one timer for the oldest."""

    def __init__(self, idle: timedelta, expired: Callable[[SessionEntry], None]) -> None:
        self._idle_s = idle.total_seconds()
        self._expired = expired
        # Least recently used first.
        self._order: OrderedDict[SessionEntry, None] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def touch(self, entry: SessionEntry) -> None:
        """It was used just now. Also how a session gets into the order."""
        entry.last_used = asyncio.get_running_loop().time()
        self._order[entry] = None
        self._order.move_to_end(entry)
        if self._timer is None:
            self._set_timer()

    def remove(self, entry: SessionEntry) -> None:
        """It has ended."""
        self._order.pop(entry, None)

    def stop(self) -> None:
        """Expire nothing more."""
        if self._timer is not None:
            self._timer.cancel()

    def _set_timer(self) -> None:
        oldest = next(iter(self._order), None)
        self._timer = None
        if oldest is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(oldest.last_used + self._idle_s, self._expire)

    def _expire(self) -> None:
        due = asyncio.get_running_loop().time() - self._idle_s
        while (oldest := next(iter(self._order), None)) is not None and oldest.last_used <= due:
            # Also a session that is in use: it goes to the end of the order.
            self.touch(oldest)
            if oldest.in_flight == 0:
                with background.step("expiring a session"):
                    self._expired(oldest)
        self._set_timer()


class Ended(Generic[V]):
    """A bounded memory of what is over, so that a late caller is told why instead of "not found".

    It keeps the most recent `limit` entries by id, and forgets the oldest first.
    """

    def __init__(self, limit: int, forgotten: Callable[[V], None] | None = None) -> None:
        self._limit = limit
        self._forgotten = forgotten
        self._entries: OrderedDict[str, V] = OrderedDict()

    def remember(self, key: str, value: V) -> None:
        """Add an entry, or replace it."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            _, dropped = self._entries.popitem(last=False)
            if self._forgotten is not None:
                self._forgotten(dropped)

    def get(self, key: str) -> V | None:
        """The entry, if it is still known."""
        return self._entries.get(key)

    def pop(self, key: str) -> V | None:
        """Take the entry out."""
        return self._entries.pop(key, None)

    def values(self) -> list[V]:
        """All entries, oldest first."""
        return list(self._entries.values())
