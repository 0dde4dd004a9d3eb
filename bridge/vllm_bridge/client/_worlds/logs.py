"""Lines that the ranks of a world and the server write, for those who read them; in coroutines."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.channels import Channels
from vllm_bridge.client._calls.checks import flag, seconds, wrong_type
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.process.logs import printable
from vllm_bridge.transport.frames.calling import Cancelled


@dataclass(frozen=True)
class LogLine:
    """A line that a rank or the server has written.

    `at` is when it was logged, or, of other output, when the server read it. `rank` is None for a
    line of the server that is of no rank; `rank_id` is empty for all of the server's. `level` and
    `logger` are empty for what was not logged, but just written to stdout or stderr. `ranks` are
    all that wrote it. `dropped`: how many lines before this one the reader has missed because it
    read too slowly.

    `text` may have several lines, and anything in it: `safe` is the same for a terminal.
    """

    at: datetime
    text: str
    world_id: str
    epoch: int
    rank: int | None
    ranks: tuple[int, ...]
    rank_id: str
    level: str
    logger: str
    session_id: str
    call_id: str
    dropped: int

    @property
    def safe(self) -> str:
        """The text with control characters written as escapes."""
        return printable(self.text)


class LogCalls:
    """What both forms of a reader have."""

    def __init__(
        self,
        channels: Channels,
        world_id: str,
        ranks: Collection[int] | None,
        *,
        follow: bool,
        tail: int | None,
        fold: bool,
        timeout: timedelta | None,
    ) -> None:
        seconds(timeout)
        request = pool_pb2.LogsRequest(
            world_id=world_id,
            ranks=_ranks(ranks),
            follow=flag("follow", follow),
            unfolded=not flag("fold", fold),
        )
        if tail is not None:
            request.tail = _count("tail", tail)
        self._channels = channels
        self._stream = channels.stream("Logs", request, timeout)
        self._lines: deque[LogLine] = deque()

    async def started(self) -> None:
        """The pool sends its headers when it has subscribed: nothing after this is missed."""
        await self._stream.started()

    async def next(self) -> LogLine:
        """The next; raises StopAsyncIteration after the last, or when it was closed."""
        while not self._lines:
            try:
                batch = pool_pb2.LogLines.FromString(await self._stream.next())
            except Cancelled:
                raise StopAsyncIteration from None
            except grpc.RpcError as error:
                raise self._channels.pool_error(error) from None
            dropped = batch.dropped
            for message in batch.lines:
                self._lines.append(_line(message, dropped))
                dropped = 0
        return self._lines.popleft()

    def close(self) -> None:
        """End the stream."""
        self._stream.cancel()


def _line(message: pool_pb2.LogLine, dropped: int) -> LogLine:
    rank = message.rank if message.HasField("rank") else None
    return LogLine(
        at=message.at.ToDatetime(timezone.utc),
        text=message.text,
        world_id=message.world_id,
        epoch=message.epoch,
        rank=rank,
        ranks=tuple(message.ranks) or (() if rank is None else (rank,)),
        rank_id=message.rank_id,
        level=message.level,
        logger=message.logger,
        session_id=message.session_id,
        call_id=message.call_id,
        dropped=dropped,
    )


def _ranks(ranks: Collection[int] | None) -> list[int]:
    if ranks is None:
        return []
    if not isinstance(ranks, Collection) or isinstance(ranks, str | bytes):
        raise wrong_type("ranks", ranks, "ints, or None for all ranks")
    return [_count("ranks", rank) for rank in ranks]


def _count(name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, value, "an int")
    if not 0 <= value < 2**63:
        raise BridgeError(
            Category.VALIDATION, "invalid_argument", f"{name} is {value}; it must be 0 or more"
        )
    return value
