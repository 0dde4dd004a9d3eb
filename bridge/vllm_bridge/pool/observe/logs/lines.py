"""One line of output: from the bytes that a process wrote to what readers get."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vllm_bridge._generated import pool_pb2
from vllm_bridge.process import logs

_LEVELS = (*logs.LEVELS, "critical")

_OWN_FIELDS = ("time", "level", "logger", "message")


@dataclass(slots=True)
class Line:
    """A line, as it is kept."""

    # Unix time.
    at: float
    text: str
    # Empty: the server itself.
    rank_id: str = ""
    world_id: str = ""
    epoch: int = 0
    rank: int | None = None
    # Empty for what was not logged, but just written.
    level: str = ""
    logger: str = ""
    session_id: str = ""
    call_id: str = ""

    def to_message(self) -> pool_pb2.LogLine:
        """As readers get it."""
        message = pool_pb2.LogLine(
            world_id=self.world_id,
            epoch=self.epoch,
            rank=self.rank,
            rank_id=self.rank_id,
            level=self.level,
            logger=self.logger,
            text=self.text,
            session_id=self.session_id,
            call_id=self.call_id,
        )
        message.at.FromNanoseconds(int(self.at * 1e9))
        return message


def logged(line: bytes) -> dict[str, Any] | None:
    """What a line of a rank's log says, which ranks write as JSON; None for any other output."""
    if not line.startswith(b'{"time": "'):
        return None
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None  # it only begins like one
    if not isinstance(entry, dict) or not all(
        isinstance(entry.get(name), str) for name in _OWN_FIELDS
    ):
        return None
    return entry if entry["level"] in _LEVELS else None


def time_of(entry: dict[str, Any], now: float) -> float:
    """When a line was logged; now where it says something else."""
    try:
        at = datetime.fromisoformat(entry["time"]).timestamp()
    except (ValueError, OverflowError):
        return now
    # A rank's code may write any line.
    return at if abs(at - now) < 3_600 else now


def as_text(entry: dict[str, Any], now: float) -> bytes:
    """The line as it is in a log of text."""
    fields = {name: value for name, value in entry.items() if name not in _OWN_FIELDS}
    level, logger, message = entry["level"], entry["logger"], entry["message"]
    return logs.line("text", level, logger, message, fields, time_of(entry, now))
