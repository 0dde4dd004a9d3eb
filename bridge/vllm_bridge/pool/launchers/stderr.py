"""What ranks write to stderr: a bounded tail for error messages, and a copy for the operator."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import queue
import select
import sys
import threading
from collections.abc import Callable

from vllm_bridge.process import background, logs

TAIL_BYTES = 8 * 1024

# Lines that may wait for a stderr that nobody reads, e.g. a full pipe.
MAX_PENDING_LINES = 1_000
MAX_LINE_BYTES = 16 * 1024
READ_BYTES = 64 * 1024


class StderrForwarder:
    """Writes lines to this process's stderr from a thread, so that a blocked one stops nobody.

    One for the process, see `forwarder`: its own log lines and the output of ranks do not mix.
    """

    def __init__(self) -> None:
        # "json": also the lines of ranks become log lines in JSON.
        self.form = "text"
        # Also told of every line that a process has written, with its name.
        self.heard: Callable[[str, bytes], None] | None = None
        self._lines: queue.Queue[bytes | threading.Event] = queue.Queue(MAX_PENDING_LINES)
        self._dropped = 0
        background.thread("stderr", self._run).start()

    def put(self, line: bytes) -> None:
        """Queue one line; drop it, and count it, when stderr is not being read."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def put_output(self, label: str, line: bytes) -> None:
        """Queue a line, without its newline, that the process of this name has written."""
        if self.heard is not None:
            self.heard(label, line)
        if self.form == "json":
            self.put(_as_json(label, line))
        else:
            self.put(b"[%s] %s\n" % (label.encode(), line))

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
            line = self._lines.get()
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
                self._dropped += 1


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
        """The last bytes written, as text."""
        return self._tail.decode(errors="replace").strip()

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


def _as_json(label: str, line: bytes) -> bytes:
    """A rank's own log line with its process added; any other output as the message of one."""
    try:
        entry = json.loads(line) if line.startswith(b"{") else None
        if isinstance(entry, dict):
            return json.dumps({**entry, "process": label}).encode() + b"\n"
    except (ValueError, RecursionError):
        pass  # it only begins like one
    text = line.decode(errors="backslashreplace")
    return logs.line("json", "info", "output", text, {"process": label})
