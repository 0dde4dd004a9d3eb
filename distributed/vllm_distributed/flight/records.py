"""The last operations of the groups of this process: a ring of them, and those that go on."""

from __future__ import annotations

import itertools
import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence

__all__ = ["Entry", "Records"]

KEPT = 1_000
"""Operations that have ended, of all groups together."""


class Entry:
    """One operation of one member. Times are of `time.monotonic_ns`; 0 for what has not come."""

    __slots__ = (
        "backend",
        "dtype",
        "ended_ns",
        "failure",
        "group",
        "members",
        "number",
        "operation",
        "peers",
        "sequence",
        "shape",
        "started_ns",
        "thread",
    )

    def __init__(self, operation: str, group: str, members: Sequence[int], number: int) -> None:
        self.operation = operation
        self.group = group
        # Global ranks, in group order.
        self.members = members
        # Among all operations of the process.
        self.number = number
        # Among the collectives of its group, or among the messages between its two peers.
        self.sequence = 0
        # Of a message, its source and destination, which count inside the group.
        self.peers: tuple[int, int] | None = None
        self.shape: Sequence[int] = ()
        self.dtype = ""
        self.backend = "gloo"
        self.thread = threading.get_ident()
        self.started_ns = time.monotonic_ns()
        self.ended_ns = 0
        self.failure = ""

    @property
    def state(self) -> str:
        """`started`, `completed`, or `failed`."""
        if self.failure:
            return "failed"
        return "completed" if self.ended_ns else "started"


class _Counts:
    """What a group has done so far. Members count alike, so that a number names one operation."""

    __slots__ = ("collectives", "messages", "owner")

    def __init__(self, owner: object) -> None:
        # A later group may have the name of an earlier one.
        self.owner = weakref.ref(owner)
        self.collectives = 0
        self.messages: dict[tuple[int, int], int] = {}


class Records:
    """What is kept. Any thread may add to it and read it."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._open: dict[int, Entry] = {}
        self._numbers = itertools.count()
        self._counts: dict[str, _Counts] = {}

    def begin(
        self,
        owner: object,
        operation: str,
        group: str,
        members: Sequence[int],
        peers: tuple[int, int] | None = None,
    ) -> Entry:
        """An operation of a group has begun; `owner` is its coordinator, `peers` those of a
        message."""
        entry = Entry(operation, group, members, next(self._numbers))
        counts = self._counts.get(group)
        if counts is None or counts.owner() is not owner:
            counts = self._counts[group] = _Counts(owner)
        if peers is None:
            counts.collectives = entry.sequence = counts.collectives + 1
        else:
            entry.peers = peers
            entry.sequence = counts.messages.get(peers, 0) + 1
            counts.messages[peers] = entry.sequence
        self._open[entry.number] = entry
        self._entries.append(entry)
        return entry

    def end(self, entry: Entry) -> None:
        """It has gone well: its result is there, or what it waits for is under way."""
        entry.ended_ns = time.monotonic_ns()
        self._open.pop(entry.number, None)

    def fail(self, entry: Entry, error: BaseException) -> None:
        """It has not. Its number goes to the next one: a call that was refused has not happened
        for the other members, and one that all have failed in has for none."""
        entry.failure = type(error).__name__
        entry.ended_ns = time.monotonic_ns()
        self._open.pop(entry.number, None)
        counts = self._counts.get(entry.group)
        if counts is None:
            return
        if entry.peers is None:
            counts.collectives = min(counts.collectives, entry.sequence - 1)
        elif counts.messages.get(entry.peers, 0) >= entry.sequence:
            counts.messages[entry.peers] = entry.sequence - 1

    def open(self) -> list[Entry]:
        """The operations that go on, oldest first."""
        return list(self._open.values())

    def latest(self, most: int = 0) -> list[Entry]:
        """The last `most` (0: all that are kept) in the order in which they began, and older ones
        that go on."""
        kept = list(self._entries)
        kept = kept[-most:] if most else kept
        first = kept[0].number if kept else 0
        return [entry for entry in self.open() if entry.number < first] + kept

    def forget(self) -> None:
        """A forked child has done nothing yet."""
        self._entries.clear()
        self._open.clear()
        self._counts.clear()
