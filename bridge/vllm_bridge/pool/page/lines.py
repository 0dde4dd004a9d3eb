"""The latest lines of the server and its ranks: what happened, and what they wrote."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Any

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.pool.observe.logs.hub import Logs

MAX_LINES = 500
"""Kept, and sent to one who begins to look."""

MAX_LINE_CHARS = 2_000

# Of one look: what comes faster than people read is counted.
_MAX_NEW = 200

# After the logs had no room for one more reader.
_PAUSE_S = 5.0

Line = dict[str, Any]


class Lines:
    """The end of a server's logs, while somebody looks. Used in its event loop alone."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._kept: deque[tuple[int, Line]] = deque(maxlen=MAX_LINES)
        self._number = 0

    @property
    def number(self) -> int:
        """Of the latest line; 0 before the first."""
        return self._number

    async def follow(self) -> None:
        """Take in what is there and what comes, until it is cancelled, or the server stops."""
        try:
            await self._follow()
        except BridgeError as error:
            if error.reason != "pool_stopping":
                self._keep(_told(error.message))
                # Not again at once: there are too many readers.
                await asyncio.sleep(_PAUSE_S)

    async def _follow(self) -> None:
        # After a failure what is there has been taken in before.
        tail = 0 if self._kept else MAX_LINES
        async with self._logs.subscribe(pool_pb2.LogsRequest(follow=True, tail=tail)) as batches:
            async for batch in batches:
                if batch.dropped:
                    self._keep(_missed(batch.dropped), batch.dropped)
                for line in batch.lines:
                    self._keep(_line(line))

    def forget(self) -> None:
        """Nobody looks any more."""
        self._kept.clear()

    def since(self, number: int) -> list[Line]:
        """What came after the line of this number, oldest first."""
        new = [line for each, line in self._kept if each > number]
        lost = self._number - number - len(new) if number else 0
        if number and len(new) > _MAX_NEW:
            lost += len(new) - _MAX_NEW
            new = new[-_MAX_NEW:]
        return [_missed(lost), *new] if lost > 0 else new

    def _keep(self, line: Line, count: int = 1) -> None:
        self._number += count
        self._kept.append((self._number, line))


def _line(line: pool_pb2.LogLine) -> Line:
    if line.ranks:
        whose = f"ranks {', '.join(map(str, line.ranks))} of {line.world_id}"
    elif line.HasField("rank"):
        whose = f"rank {line.rank} of {line.world_id}"
    else:
        whose = line.world_id or line.rank_id or "server"
    level = "error" if line.level == "critical" else line.level or "info"
    at = round(line.at.ToNanoseconds() / 1e6)
    return {"at": at, "level": level, "from": whose, "text": line.text[:MAX_LINE_CHARS]}


def _missed(count: int) -> Line:
    return _told(f"{count} lines came faster than this page shows them")


def _told(text: str) -> Line:
    return {"at": round(time.time() * 1000), "level": "warning", "from": "page", "text": text}
