"""The latest lines of the server and its ranks: what happened, and what they wrote."""

from __future__ import annotations

import json
import logging
import re
import time
from collections import deque
from typing import Any

MAX_LINES = 500
"""Kept, and sent to one who begins to look."""

MAX_LINE_BYTES = 2_000

# Of one look: what comes faster than people read is counted.
_MAX_NEW = 200

_TEXT = re.compile(r"^[\d-]+ [\d:.]+Z (DEBUG|INFO|WARNING|ERROR|CRITICAL) (.*)$", re.DOTALL)
_ABOUT = re.compile(r"(?: \w+=(?:\"[^\"]*\"|\S+))+$")

Line = dict[str, Any]


class Lines(logging.Handler):
    """A handler of the server's own log, and a reader of what ranks write. Keeps the end of it."""

    def __init__(self) -> None:
        super().__init__()
        # Number, Unix time, level or "", whose, and the text as it came: most are never looked at.
        self._kept: deque[tuple[int, float, str, str, str | bytes]] = deque(maxlen=MAX_LINES)
        self._number = 0

    @property
    def number(self) -> int:
        """Of the latest line; 0 before the first."""
        return self._number

    def emit(self, record: logging.LogRecord) -> None:
        """A line of the server's own log."""
        fields = getattr(record, "fields", {})
        rank, world = fields.get("rank"), fields.get("world_id")
        whose = f"rank {rank} of {world}" if rank is not None and world else str(world or "server")
        self._keep(record.created, record.levelname.lower(), whose, record.getMessage())

    def output(self, label: str, line: bytes, entry: object = None) -> None:
        """A line, without its newline, that the process of this name has written."""
        self._keep(time.time(), "", label, line[:MAX_LINE_BYTES])

    def since(self, number: int) -> list[Line]:
        """What came after the line of this number, oldest first."""
        new = [kept for kept in self._kept if kept[0] > number]
        lost = self._number - number - len(new) if number else 0
        if number and len(new) > _MAX_NEW:
            lost += len(new) - _MAX_NEW
            new = new[-_MAX_NEW:]
        found = [_line(*kept) for kept in new]
        if lost > 0 and new:
            text = f"{lost} lines came faster than this page shows them"
            at = round(new[0][1] * 1000)
            found.insert(0, {"at": at, "level": "warning", "from": "page", "text": text})
        return found

    def _keep(self, at: float, level: str, whose: str, text: str | bytes) -> None:
        self._number += 1
        self._kept.append((self._number, at, level, whose, text))


def _line(number: int, at: float, level: str, whose: str, text: str | bytes) -> Line:
    if isinstance(text, bytes):
        level, whose, said = _parsed(whose, text.decode(errors="replace"))
    else:
        said = text[:MAX_LINE_BYTES]
    return {"at": round(at * 1000), "level": level, "from": whose, "text": said}


def _parsed(label: str, text: str) -> tuple[str, str, str]:
    """Level, whose, and what it says: ranks log as the server does, and write as they like."""
    if text.startswith("{"):
        try:
            entry = json.loads(text)
        except (ValueError, RecursionError):
            entry = None
        if isinstance(entry, dict) and isinstance(entry.get("message"), str):
            whose = _whose(label, entry.get("rank"), entry.get("world_id"))
            return _level(str(entry.get("level", ""))), whose, entry["message"]
    found = _TEXT.match(text)
    if found is None:
        return "info", label, text
    level, said = found.groups()
    about = _ABOUT.search(said)
    if about is None:
        return _level(level), label, said
    fields = dict(part.split("=", 1) for part in re.findall(r"\w+=(?:\"[^\"]*\"|\S+)", about[0]))
    whose = _whose(label, fields.get("rank"), fields.get("world_id", "").strip('"'))
    return _level(level), whose, said[: about.start()]


def _whose(label: str, rank: object, world: object) -> str:
    return f"rank {rank} of {world}" if rank is not None and world else label


def _level(name: str) -> str:
    level = name.lower()
    if level == "critical":
        return "error"
    return level if level in ("debug", "info", "warning", "error") else "info"
