"""Log lines of the pool and its ranks: text or JSON, each saying whose it is.

A line carries what is known of `call_id`, `session_id`, `world_id`, `rank` and a few more. They
come from three places: the process (`setup`), the block of code (`context`, `bind`), and the line
itself (`log`). Of what was received only ids and names are logged: no tokens, metadata or values.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm_bridge._generated import control_pb2

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")

MAX_LINE_CHARS = 16_000
"""Longer lines are cut: an error message may quote anything."""

MAX_FIELD_CHARS = 200

# Whose levels `setup` sets; everybody else is heard from warnings on.
_OWN = ("vllm_bridge", "vllm_distributed")

_PLAIN = re.compile(r"[\w./:@+-]+")

Fields = Mapping[str, object]
Write = Callable[[bytes], None]

_context: ContextVar[Fields] = ContextVar("vllm_bridge_log_context", default={})  # noqa: B039 - never changed in place


@dataclass(frozen=True)
class LogSettings:
    """What is logged, and how: one of `LEVELS` and one of `FORMATS`."""

    level: str = "warning"
    form: str = "text"


def setup(settings: LogSettings, write: Write, fields: Callable[[], Fields]) -> None:
    """Send this process's log lines to `write`, whole lines with their newline.

    Replaces what an earlier call has set up. `fields` is asked at every line for what is known of
    it, in the thread that logs.
    """
    root = logging.getLogger()
    for handler in [found for found in root.handlers if isinstance(found, _Handler)]:
        root.removeHandler(handler)
    root.addHandler(_Handler(write, settings.form, fields))
    root.setLevel(logging.WARNING)
    for name in _OWN:
        logging.getLogger(name).setLevel(settings.level.upper())


def setup_rank(
    assignment: control_pb2.RankAssignment, running: Callable[[], tuple[str, str]]
) -> None:
    """As `setup`, for a rank: to its stderr, which the pool reads, with its place on every line.

    `running` says which call this thread runs: the ids of its session and of the call itself.
    """
    fields: dict[str, object] = {"rank_id": assignment.rank_id}
    if assignment.pool_name:
        fields["pool"] = assignment.pool_name
    if assignment.HasField("world"):
        world = assignment.world
        fields |= {"world_id": world.world_id, "epoch": world.epoch, "rank": world.rank}
    settings = LogSettings(
        assignment.log_level or "warning", "json" if assignment.json_logs else "text"
    )

    def known() -> Fields:
        session_id, call_id = running()
        return {**fields, "session_id": session_id, "call_id": call_id}

    setup(settings, to_stderr, known)


def printable(text: str) -> str:
    """The text for a terminal: what would move its cursor, change its colours or turn the direction
    of writing is written as an escape. Line ends and tabs stay."""
    if text.isprintable():
        return text
    return "".join(
        char if char in "\n\t" or char.isprintable() else _escaped(char) for char in text
    )


def _escaped(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


@contextlib.contextmanager
def context(**fields: object) -> Iterator[None]:
    """Put these on every line that this thread or task logs inside the block."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def bind(**fields: object) -> None:
    """As `context`, to the end of the running task."""
    _context.set({**_context.get(), **fields})


def log(logger: logging.Logger, level: int, message: str, **fields: object) -> None:
    """Log one line with fields of its own. The message is taken as it is, not as a format."""
    if logger.isEnabledFor(level):
        logger.log(level, "%s", message, extra={"fields": fields})


def line(
    form: str, level: str, logger: str, message: str, fields: Fields, at: float | None = None
) -> bytes:
    """One log line as bytes. `at` is a Unix time in seconds; now when None.

    Empty strings and None are left out of the fields. The text of a message may have several lines;
    those after the first are indented, so that none can pass for a line of its own.
    """
    when = (
        datetime.fromtimestamp(at, timezone.utc) if at is not None else datetime.now(timezone.utc)
    )
    known = {key: _short(value) for key, value in fields.items() if value not in (None, "")}
    message = message[:MAX_LINE_CHARS]
    if form == "json":
        text = json.dumps(
            {
                "time": when.isoformat(timespec="milliseconds"),
                "level": level,
                "logger": logger,
                "message": message,
                **known,
            },
            default=str,
        )
    else:
        said = printable(message).replace("\n", "\n    ")
        about = "".join(f" {key}={_quoted(value)}" for key, value in known.items())
        milliseconds = f"{when.microsecond // 1000:03d}"
        text = f"{when:%Y-%m-%d %H:%M:%S}.{milliseconds}Z {level.upper()} {said}{about}"
    return text.encode(errors="backslashreplace") + b"\n"


Heard = Callable[[str, str, str, dict[str, object], float], None]
"""Of a line its level, its logger, its message, its fields, and the Unix time."""


def hear(heard: Heard | None) -> None:
    """Also tell this of each line that the process logs, in the thread that logs it."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _Handler):
            handler.heard = heard


class _Handler(logging.Handler):
    """Renders records and hands them on."""

    heard: Heard | None = None

    def __init__(self, write: Write, form: str, fields: Callable[[], Fields]) -> None:
        super().__init__()
        self._write = write
        self._form = form
        self._fields = fields

    def emit(self, record: logging.LogRecord) -> None:
        """As `logging.Handler.emit`: never raises."""
        try:
            message = record.getMessage()
            if record.exc_info and record.exc_info[0] is not None:
                message += "\n" + logging.Formatter().formatException(record.exc_info)
            own: Fields = getattr(record, "fields", {})
            fields = {**self._fields(), **_context.get(), **own}
            if self.heard is not None:
                text = message[:MAX_LINE_CHARS]
                level = record.levelname.lower()
                self.heard(level, record.name, text, fields, record.created)
            self._write(
                line(
                    self._form,
                    record.levelname.lower(),
                    record.name,
                    message,
                    fields,
                    record.created,
                )
            )
        except Exception:  # noqa: BLE001 - a line that cannot be written must not fail its writer
            self.handleError(record)


def _short(value: object) -> object:
    return value[:MAX_FIELD_CHARS] if isinstance(value, str) else value


def _quoted(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def to_stderr(text: bytes) -> None:
    """Write a line to the process's stderr, whole."""
    descriptor = sys.__stderr__.fileno() if sys.__stderr__ else 2
    while text:
        text = text[os.write(descriptor, text) :]
