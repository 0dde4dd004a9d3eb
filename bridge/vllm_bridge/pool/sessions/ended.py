"""A bounded memory of what is over, so that a late caller is told why instead of "not found"."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Ended(Generic[V]):
    """The most recent `limit` entries by id; the oldest are forgotten first."""

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
