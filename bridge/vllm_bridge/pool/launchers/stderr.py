"""What ranks write: a bounded tail for error messages, a copy for the operator, one for readers."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import queue
import select
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from vllm_bridge.pool.observe.logs.lines import as_text, logged
from vllm_bridge.process import background, logs

TAIL_BYTES = 64 * 1024

# Lines that may wait for a stderr that nobody reads, e.g. a full pipe.
MAX_PENDING_LINES = 1_000
MAX_LINE_BYTES = 16 * 1024
# That one call of the system writes.
MAX_WRITTEN_BYTES = 64 * 1024
READ_BYTES = 64 * 1024


Heard = Callable[[str, bytes, "dict[str, Any] | None"], None]
"""Of a line the process that wrote it, its bytes, and what it says where it is of a log."""


class StderrForwarder:
    """Writes lines to this process's stderr from a thread, so that a blocked one stops nobody.

    One for the process, see `forwarder`: its own log lines and the output of ranks do not mix.
    """

    def __init__(self) -> None:
        # "json": also the lines of ranks become log lines in JSON.
        self.form = "text"
        # Told of each line of a rank, in the event loop.
        self.heard: list[Heard] = []
        self._lines: queue.Queue[bytes | threading.Event] = queue.Queue(MAX_PENDING_LINES)
        self._dropped = 0
        self._kept: threading.Event | None = None
        background.thread("stderr", self._run).start()

    def put(self, line: bytes) -> None:
        """Queue one line; drop it, and count it, when stderr is not being read."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def put_output(self, label: str, line: bytes) -> None:
        """Queue a line, without its newline, that the process of this name has written."""
        entry = logged(line)
        for heard in self.heard:
            with background.step("passing on a line of output"):
                heard(label, line, entry)
        if self.form == "json":
            self.put(_as_json(label, line, entry))
        elif entry is None:
            # Whatever a rank writes: it may be a terminal that reads this.
            text = line.decode(errors="backslashreplace")
            self.put(f"[{label}] {logs.printable(text)}\n".encode(errors="backslashreplace"))
        else:
            self.put(b"[%s] %s" % (label.encode(), as_text(entry, time.time())))

    def flush(self, seconds: float) -> None:
        """Wait until what is queued now has been written, at most so long."""
        written = threading.Event()
        try:
            self._lines.put(written, timeout=seconds)
        except queue.Full:
            return
        written.wait(seconds)

    def _run(self) -> None:
        descriptor = sys.__stderr__.fileno() if sys.__stderr__ else 2
        while True:
            line = self._next()
            if isinstance(line, threading.Event):
                line.set()
                continue
            dropped, self._dropped = self._dropped, 0
            if dropped:
                text = f"{dropped} lines of output dropped: stderr is not being read"
                line = logs.line(self.form, "warning", __name__, text, {}) + line
            try:
                _write(descriptor, line)
            except OSError:
                # Nobody can be told, here of all places; the next one may get through.
                self._dropped += line.count(b"\n")

    def _next(self) -> bytes | threading.Event:
        """Wait for a line; with those behind it, so that many lines are one call."""
        line = self._kept or self._lines.get()
        self._kept = None
        while isinstance(line, bytes) and len(line) < MAX_WRITTEN_BYTES:
            try:
                more = self._lines.get_nowait()
            except queue.Empty:
                break
            if isinstance(more, threading.Event):
                self._kept = more
                break
            line += more
        return line


def _write(descriptor: int, line: bytes) -> None:
    while line:
        try:
            line = line[os.write(descriptor, line) :]
        except BlockingIOError:
            # Another process that has it too does not want to wait there.
            writable = select.poll()
            writable.register(descriptor, select.POLLOUT)
            writable.poll()


@functools.cache
def forwarder() -> StderrForwarder:
    """The forwarder of this process."""
    return StderrForwarder()


class StderrTap:
    """Reads one process's stderr pipe to its end."""

    def __init__(self, descriptor: int, label: str, forwarder: StderrForwarder) -> None:
        self._descriptor = descriptor
        self._label = label
        self._forwarder = forwarder
        self._tail = bytearray()
        self._line = bytearray()
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._readable)

    def tail(self) -> str:
        """The last bytes written, as text for people."""
        return "\n".join(map(_for_people, bytes(self._tail).splitlines())).strip()

    async def drained(self, seconds: float) -> None:
        """Wait for the end of the pipe; a grandchild may hold it open, hence the bound."""
        await asyncio.wait({self.ended}, timeout=seconds)

    def close(self) -> None:
        """Stop reading."""
        if self.ended.done():
            return
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._flush()
        self.ended.set_result(None)

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            self.close()
            return
        self._tail += data
        del self._tail[:-TAIL_BYTES]
        self._line += data
        *lines, rest = bytes(self._line).split(b"\n")
        for line in lines:
            self._forwarder.put_output(self._label, line)
        self._line = bytearray(rest)
        if len(self._line) > MAX_LINE_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._line:
            self._forwarder.put_output(self._label, bytes(self._line))
            self._line.clear()


def _for_people(line: bytes) -> str:
    entry = logged(line)
    if entry is None:
        return line.decode(errors="replace")
    return f"{entry['level'].upper()} {entry['message']}"


def _as_json(label: str, line: bytes, entry: dict[str, Any] | None) -> bytes:
    """A rank's own log line with its process added; any other output as the message of one."""
    if entry is not None:
        return json.dumps({**entry, "process": label}).encode() + b"\n"
    text = line.decode(errors="backslashreplace")
    return logs.line("json", "info", "output", text, {"process": label})
