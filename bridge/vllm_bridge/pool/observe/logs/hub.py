"""Where the lines of all ranks and of the server come together."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.observe.logs.fold import folded
from vllm_bridge.pool.observe.logs.lines import Line, time_of

TAIL_CHARS = 64 * 1024
TAIL_LINES = 2_000
"""What is kept of each rank, also when it is dead, and of the server."""

MAX_TAILS = 1_024
"""Of ranks. One more takes the place of the dead one whose last line is oldest."""

MAX_UNREAD_LINES = 10_000
MAX_UNREAD_CHARS = 4 << 20
"""Of one reader. It misses the oldest of what is more, and is told how many."""

MAX_READERS = 100

# For what a dead rank has left in its pipe.
_LAST_LINES_SECONDS = 2.0

MAX_BATCH = 500
"""Lines in one message."""

FOLD_SECONDS = 0.1
"""That lines wait for equal ones of other ranks."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rank stands."""

    world_id: str = ""
    epoch: int = 0
    rank: int | None = None


class _Tail:
    """The latest lines of one process."""

    def __init__(self) -> None:
        self.lines: deque[Line] = deque()
        self.dead = False
        self._chars = 0

    def add(self, line: Line) -> None:
        self.lines.append(line)
        self._chars += len(line.text) + 1
        while (self._chars > TAIL_CHARS and len(self.lines) > 1) or len(self.lines) > TAIL_LINES:
            self._chars -= len(self.lines.popleft().text) + 1


class Logs:
    """The hub of one server. Used inside its event loop alone, but for `record`."""

    def __init__(self) -> None:
        self._tails: OrderedDict[str, _Tail] = OrderedDict()
        self._places: dict[str, Source] = {}
        self._readers: set[LogReader] = set()
        self._closed = False

    def place(self, rank_id: str, place: Source) -> None:
        """Lines of this rank are of that place from now on."""
        self._places[rank_id] = place

    def ended(self, rank_id: str) -> None:
        """A rank is dead. Its last lines may still come, and stay for as long as there is room."""
        asyncio.get_running_loop().call_later(_LAST_LINES_SECONDS, self._ended, rank_id)

    def _ended(self, rank_id: str) -> None:
        tail = self._tails.get(rank_id)
        if tail is None:
            self._places.pop(rank_id, None)
        else:
            tail.dead = True

    def output(self, rank_id: str, line: bytes, entry: dict[str, Any] | None) -> None:
        """A line that the process of this name wrote; `entry`: what it says, if it is logged."""
        now = time.time()
        place = self._places.get(rank_id, _NOWHERE)
        told = Line(now, "", rank_id, place.world_id, place.epoch, place.rank)
        if entry is None:
            told.text = line.decode(errors="backslashreplace")
        else:
            told.at, told.text = time_of(entry, now), entry["message"]
            told.level, told.logger = entry["level"], entry["logger"]
            told.session_id, told.call_id = _text(entry, "session_id"), _text(entry, "call_id")
        self._add(told)

    def own(self, level: str, logger: str, message: str, fields: dict[str, Any], at: float) -> None:
        """A line of the server's own log."""
        rank, epoch = fields.get("rank"), fields.get("epoch")
        self._add(
            Line(
                at,
                message,
                "",
                _text(fields, "world_id"),
                epoch if isinstance(epoch, int) else 0,
                rank if isinstance(rank, int) else None,
                level,
                logger,
                _text(fields, "session_id"),
                _text(fields, "call_id"),
            )
        )

    def subscribe(self, wanted: pool_pb2.LogsRequest) -> LogReader:
        """The lines that are kept, and those from now on where the request says so.

        Raises:
            BridgeError: `too_many_watchers`; `pool_stopping`.
        """
        if self._closed:
            raise _stopping()
        if len(self._readers) >= MAX_READERS:
            raise BridgeError(
                Category.POOL,
                "too_many_watchers",
                f"{len(self._readers)} read the logs of this server already, and at most "
                f"{MAX_READERS} may; end one first",
                details={"limit": MAX_READERS},
            )
        reader = LogReader(self._readers, wanted)
        kept = [line for tail in self._tails.values() for line in tail.lines if reader.wants(line)]
        kept.sort(key=lambda line: line.at)
        if wanted.HasField("tail"):
            kept = kept[len(kept) - max(wanted.tail, 0) :] if wanted.tail < len(kept) else kept
        reader.begin(kept)
        return reader

    def close(self) -> None:
        """End all readers: the server stops."""
        self._closed = True
        for reader in list(self._readers):
            reader.end()

    def _add(self, line: Line) -> None:
        tail = self._tails.get(line.rank_id)
        if tail is None:
            tail = self._tails[line.rank_id] = _Tail()
            self._make_room()
        if tail.lines and tail.lines[-1].at > line.at:
            # What was logged is as old as it says, and what was just written as old as it was read.
            line.at = tail.lines[-1].at
        tail.add(line)
        for reader in self._readers:
            if reader.wants(line):
                reader.put(line)

    def _make_room(self) -> None:
        if len(self._tails) <= MAX_TAILS:
            return
        dead = [rank_id for rank_id, tail in self._tails.items() if tail.dead]
        if dead:
            oldest = min(dead, key=lambda rank_id: self._tails[rank_id].lines[-1].at)
            del self._tails[oldest]
            self._places.pop(oldest, None)


class LogReader:
    """One reader's lines, in order: `async with` it, then `async for` batches of them."""

    def __init__(self, readers: set[LogReader], wanted: pool_pb2.LogsRequest) -> None:
        self._readers, self._wanted = readers, wanted
        self._world_id, self._ranks = wanted.world_id, frozenset(wanted.ranks)
        self._unread: deque[Line] = deque()
        self._chars = 0
        self._dropped = 0
        self._over = not wanted.follow
        self._stopping = False
        self._news = asyncio.Event()
        if wanted.follow:
            readers.add(self)

    def begin(self, kept: Sequence[Line]) -> None:
        """Lines that were there before."""
        self._unread.extend(kept)
        self._chars = sum(len(line.text) for line in kept)
        self._news.set()

    def wants(self, line: Line) -> bool:
        """Whether it is among those that were asked for."""
        if self._world_id and line.world_id != self._world_id:
            return False
        return not self._ranks or line.rank in self._ranks

    def put(self, line: Line) -> None:
        """Keep one for the reader, and drop the oldest that are too many."""
        self._unread.append(line)
        self._chars += len(line.text)
        while len(self._unread) > MAX_UNREAD_LINES or self._chars > MAX_UNREAD_CHARS:
            self._chars -= len(self._unread.popleft().text)
            self._dropped += 1
        self._news.set()

    def end(self) -> None:
        """Give the reader an error when it has read what there is."""
        self._over = self._stopping = True
        self._news.set()

    async def __aenter__(self) -> LogReader:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._readers.discard(self)

    async def __aiter__(self) -> AsyncIterator[pool_pb2.LogLines]:
        while True:
            await self._news.wait()
            if not self._over and not self._wanted.unfolded:
                await asyncio.sleep(FOLD_SECONDS)
            self._news.clear()
            unread, self._unread, self._chars = list(self._unread), deque(), 0
            dropped, self._dropped = self._dropped, 0
            if self._wanted.unfolded:
                lines = [line.to_message() for line in unread]
            else:
                lines = folded(unread)
            for start in range(0, len(lines), MAX_BATCH):
                yield pool_pb2.LogLines(lines=lines[start : start + MAX_BATCH], dropped=dropped)
                dropped = 0
            if self._stopping:
                raise _stopping()
            if self._over:
                return


_NOWHERE = Source()


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _stopping() -> BridgeError:
    return BridgeError(Category.POOL, "pool_stopping", "the pool is stopping; try its successor")
