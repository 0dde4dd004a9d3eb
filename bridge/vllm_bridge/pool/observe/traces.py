"""Calls that are part of a trace: the pool's own, and those that ranks tell of.

A call is part of one where its metadata have a `traceparent` that is sampled; no other costs
anything. Another process makes spans of them and exports them (`exporter.py`): that takes longer
than a call.
"""

from __future__ import annotations

import contextvars
import importlib.util
import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from vllm_bridge._generated import control_pb2
from vllm_bridge.process import background
from vllm_bridge.process.import_path import bootstrap
from vllm_bridge.transport import control
from vllm_bridge.transport import metadata as keys
from vllm_bridge.transport.trace_parent import TraceParent, sampled

MOST = 8_192
"""Calls that wait for the exporter; the ones that come then are dropped, and counted."""

# For the last ones of a server that stops.
_LAST_SECONDS = 3.0

# Between two exporters, where they end.
_PAUSE_SECONDS = 10.0

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

_logger = logging.getLogger("vllm_bridge.pool.traces")

Metadata = Sequence[tuple[str, str | bytes]]

Write = Callable[[bytes], None]
"""Hands a message to the exporter, and waits while it has enough. Raises OSError."""


class Traced(Protocol):
    """A rank that tells of its calls."""

    rank_id: str
    position: Any

    @property
    def pid(self) -> int:
        """Its process."""


_current: contextvars.ContextVar[PoolCall | None] = contextvars.ContextVar("call", default=None)


class Traces:
    """What there is to export."""

    def __init__(self, write: Write, end: Callable[[], None] = lambda: None) -> None:
        self._write, self._end = write, end
        self._waiting: deque[control_pb2.ExportedSpans] = deque()
        self._calls = 0
        self._dropped = 0
        self._there = threading.Event()
        self._stopping = False
        self._thread = background.thread("export of traces", self._work)
        self._thread.start()

    def begin(self, method: str, metadata: Metadata) -> PoolCall | None:
        """A call has come to the pool; None where it is part of no trace."""
        for key, value in metadata:
            if key == keys.TRACEPARENT:
                parent = sampled(value)
                return None if parent is None else PoolCall(self, parent, method, metadata)
        return None

    def of_rank(self, rank: Traced, spans: control_pb2.Spans) -> None:
        """Calls that a rank has run."""
        self._dropped += spans.dropped
        exported = control_pb2.ExportedSpans(spans=spans, pid=rank.pid, rank_id=rank.rank_id)
        if rank.position.world_id:
            exported.world_id = rank.position.world_id
            exported.rank = rank.position.index
        self._add(exported)

    def of_pool(self, call: control_pb2.CallSpan) -> None:
        """A call that the pool has forwarded."""
        spans = control_pb2.Spans(calls=[call])
        self._add(control_pb2.ExportedSpans(spans=spans, pid=os.getpid()))

    def close(self) -> None:
        """Export what there is, within some seconds."""
        self._stopping = True
        self._there.set()
        self._thread.join(_LAST_SECONDS)
        self._end()

    def _add(self, exported: control_pb2.ExportedSpans) -> None:
        calls = len(exported.spans.calls)
        if self._calls + calls <= MOST:
            self._calls += calls
            self._waiting.append(exported)
            self._there.set()
        else:
            self._dropped += calls

    def _work(self) -> None:
        while not (self._stopping and not self._waiting):
            self._there.wait()
            self._there.clear()
            while self._waiting:
                exported = self._waiting.popleft()
                self._calls -= len(exported.spans.calls)
                with background.step("exporting traces"):
                    self._write(control.frame(exported))
            dropped, self._dropped = self._dropped, 0
            if dropped:
                _logger.warning("%d calls are in no trace: they came too fast to export", dropped)


class PoolCall:
    """A call while the pool has it."""

    def __init__(
        self, traces: Traces, parent: TraceParent, method: str, metadata: Metadata
    ) -> None:
        self._traces = traces
        self._call = control_pb2.CallSpan(
            trace_id=parent.trace_id,
            parent_id=parent.span_id,
            span_id=secrets.token_bytes(8),
            method=method,
            session_id=keys.text(metadata, keys.SESSION_ID),
            call_id=keys.text(metadata, keys.CALL_ID),
            queued_ns=time.time_ns(),
        )
        here = TraceParent(parent.trace_id, self._call.span_id)
        self.metadata: Metadata = (
            *(pair for pair in metadata if pair[0] != keys.TRACEPARENT),
            (keys.TRACEPARENT, here.header()),
        )
        """What goes on to the rank."""
        _current.set(self)

    def placed(self) -> None:
        """A rank has been found for it."""
        self._call.started_ns = self._call.started_ns or time.time_ns()

    def end(self, outcome: str) -> None:
        """It has been answered."""
        self._call.ended_ns, self._call.outcome = time.time_ns(), outcome
        self._traces.of_pool(self._call)


def placed() -> None:
    """A rank has been found for the call that this task forwards."""
    call = _current.get()
    if call is not None:
        call.placed()


def from_environment(environ: Mapping[str, str] = os.environ) -> Traces | None:
    """What the environment says: an endpoint to export to; None where it names none."""
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    exporter = environ.get("OTEL_TRACES_EXPORTER", "otlp")
    endpoint = any(environ.get(name) for name in _ENDPOINTS)
    if off or not endpoint or "otlp" not in exporter.split(","):
        return None
    if not _installed("opentelemetry.sdk.trace"):
        _logger.warning(
            "no traces are exported, though the environment names an endpoint for them: install "
            "vllm-distributed[otel]"
        )
        return None
    process = _Exporter()
    return Traces(process.write, process.end)


def _installed(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


class _Exporter:
    """The process that exports: started by the first message, and again where it has ended."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._start_at = 0.0

    def write(self, message: bytes) -> None:
        """See `Write`."""
        if self._process is None or self._process.poll() is not None:
            if time.monotonic() < self._start_at:
                return
            self._start_at = time.monotonic() + _PAUSE_SECONDS
            self._process = subprocess.Popen(
                [sys.executable, *bootstrap("vllm_bridge.pool.observe.exporter")],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                # Ctrl-C is for the pool, which closes its input.
                start_new_session=True,
            )
        stdin = self._process.stdin
        if stdin is not None:
            stdin.write(message)
            stdin.flush()

    def end(self) -> None:
        """Have it export what it has, and end."""
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.close()
            process.wait(_LAST_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
            process.wait()
