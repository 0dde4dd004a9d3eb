"""Spans of the calls that are part of a trace: the pool's own, and those that ranks tell of.

A call is part of one where its metadata have a `traceparent` that is sampled; no other costs
anything. Exported by OpenTelemetry's SDK (`pip install vllm-distributed[otel]`), as its own
environment variables say, in a thread of its own.
"""

from __future__ import annotations

import contextvars
import importlib
import logging
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from vllm_bridge._generated import control_pb2
from vllm_bridge.process import background
from vllm_bridge.transport import metadata as keys
from vllm_bridge.transport.trace_parent import TraceParent, sampled
from vllm_bridge.version import __version__

MOST = 8_192
"""Spans that wait to be exported; the ones that come then are dropped, and counted."""

# At a time, and how long the last ones of a server that stops may take.
_BATCH = 512
_LAST_SECONDS = 3.0

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")

_logger = logging.getLogger("vllm_bridge.pool.traces")

Metadata = Sequence[tuple[str, str | bytes]]


class Position(Protocol):
    """Where a rank is."""

    world_id: str
    index: int


class Traced(Protocol):
    """A rank that tells of its calls."""

    rank_id: str
    position: Any

    @property
    def pid(self) -> int:
        """Its process."""


@dataclass
class Span:
    """One span, before the SDK knows of it. Times are nanoseconds since 1970."""

    name: str
    parent: TraceParent
    started_ns: int
    ended_ns: int
    attributes: dict[str, str | int]
    # Empty: its own is made when it is exported.
    span_id: bytes = b""
    # "ok", or the error's reason; empty where nobody can say.
    outcome: str = ""
    # It serves a call of another process.
    serves: bool = False
    within: list[Span] = field(default_factory=list)


_current: contextvars.ContextVar[PoolCall | None] = contextvars.ContextVar("call", default=None)


class Traces:
    """What there is to export."""

    def __init__(self, export: Export) -> None:
        self._export = export
        self._waiting: deque[Span | tuple[Traced, control_pb2.CallSpan]] = deque()
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
        for call in spans.calls:
            self.add((rank, call))

    def add(self, span: Span | tuple[Traced, control_pb2.CallSpan]) -> None:
        """Export it soon."""
        if len(self._waiting) < MOST:
            self._waiting.append(span)
            self._there.set()
        else:
            self._dropped += 1

    def close(self) -> None:
        """Export what there is, within some seconds."""
        self._stopping = True
        self._there.set()
        self._thread.join(_LAST_SECONDS)

    def _work(self) -> None:
        while not (self._stopping and not self._waiting):
            self._there.wait()
            self._there.clear()
            while self._waiting:
                taken = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                with background.step("exporting traces"):
                    self._export([_span(each) for each in taken])
            dropped, self._dropped = self._dropped, 0
            if dropped:
                _logger.warning("%d calls are in no trace: they came too fast to export", dropped)


class PoolCall:
    """A call while the pool has it."""

    def __init__(
        self, traces: Traces, parent: TraceParent, method: str, metadata: Metadata
    ) -> None:
        self._traces = traces
        self._span = Span(
            _short(method),
            parent,
            time.time_ns(),
            0,
            {
                "vllm.session_id": keys.text(metadata, keys.SESSION_ID),
                "vllm.call_id": keys.text(metadata, keys.CALL_ID),
                "process.pid": os.getpid(),
            },
            span_id=secrets.token_bytes(8),
            serves=True,
        )
        here = TraceParent(parent.trace_id, self._span.span_id)
        self.metadata: Metadata = (
            *(pair for pair in metadata if pair[0] != keys.TRACEPARENT),
            (keys.TRACEPARENT, here.header()),
        )
        """What goes on to the rank."""
        _current.set(self)

    def placed(self) -> None:
        """A rank has been found for it."""
        if not self._span.within:
            here = TraceParent(self._span.parent.trace_id, self._span.span_id)
            queue = Span("queue", here, self._span.started_ns, time.time_ns(), {})
            self._span.within.append(queue)

    def end(self, outcome: str) -> None:
        """It has been answered."""
        self._span.ended_ns, self._span.outcome = time.time_ns(), outcome
        self._traces.add(self._span)


def placed() -> None:
    """A rank has been found for the call that this task forwards."""
    call = _current.get()
    if call is not None:
        call.placed()


def _span(waiting: Span | tuple[Traced, control_pb2.CallSpan]) -> Span:
    """A call of a rank as a span, with its waits and its run."""
    if isinstance(waiting, Span):
        return waiting
    rank, call = waiting
    span = Span(
        _short(call.method),
        TraceParent(call.trace_id, call.parent_id),
        call.queued_ns,
        call.ended_ns,
        {
            "vllm.session_id": call.session_id,
            "vllm.call_id": call.call_id,
            "vllm.rank_id": rank.rank_id,
            "process.pid": rank.pid,
        },
        span_id=secrets.token_bytes(8),
        outcome=call.outcome,
        serves=True,
    )
    if rank.position.world_id:
        span.attributes["vllm.world_id"] = rank.position.world_id
        span.attributes["vllm.rank"] = rank.position.index
    here = TraceParent(call.trace_id, span.span_id)
    if call.started_ns:
        span.within.append(Span("queue", here, call.queued_ns, call.started_ns, {}))
    run = Span("run", here, call.started_ns or call.queued_ns, call.ended_ns, {})
    if call.outcome != "withdrawn" or call.started_ns:
        run.span_id = secrets.token_bytes(8)
        span.within.append(run)
    if call.at_gate_ns:
        gate = Span(
            "gate",
            TraceParent(call.trace_id, run.span_id),
            call.at_gate_ns,
            call.gated_ns or call.ended_ns,
            {"vllm.group": call.group, "vllm.operation": call.operation},
            outcome="ok" if call.gated_ns else call.outcome,
        )
        span.within.append(gate)
    return span


def _short(method: str) -> str:
    service, _, name = method.rpartition("/")
    return f"{service.rpartition('.')[2]}/{name}"


class Export(Protocol):
    """Exports spans, and what is within them."""

    def __call__(self, spans: Sequence[Span]) -> None:
        """All of them at once."""


def from_environment(environ: Mapping[str, str] = os.environ) -> Traces | None:
    """What the environment says: an endpoint to export to; None where it names none."""
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    exporter = environ.get("OTEL_TRACES_EXPORTER", "otlp")
    endpoint = any(environ.get(name) for name in _ENDPOINTS)
    if off or not endpoint or "otlp" not in exporter.split(","):
        return None
    protocols = [environ[name] for name in _PROTOCOLS if environ.get(name)]
    try:
        return Traces(_Otlp(protocols[0] if protocols else "http/protobuf", environ))
    except ImportError as error:
        _logger.warning(
            "no traces are exported, though the environment names an endpoint for them: %s. "
            "Install vllm-distributed[otel]",
            error,
        )
        return None


class _Otlp:
    """OpenTelemetry's own exporter, which reads the other variables."""

    def __init__(self, protocol: str, environ: Mapping[str, str]) -> None:
        from opentelemetry.sdk.resources import Resource

        kind = "grpc" if protocol == "grpc" else "http"
        found: Any = importlib.import_module(
            f"opentelemetry.exporter.otlp.proto.{kind}.trace_exporter"
        )
        self._exporter = found.OTLPSpanExporter()
        # What the environment says of the service goes first.
        named = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        )
        self._resource = Resource.create({} if named else {"service.name": "vllm-bridge"})

    def __call__(self, spans: Sequence[Span]) -> None:
        self._exporter.export([self._made(each) for span in spans for each in (span, *span.within)])

    def _made(self, span: Span) -> Any:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        def context(span_id: bytes, *, is_remote: bool) -> trace.SpanContext:
            return trace.SpanContext(
                int.from_bytes(span.parent.trace_id, "big"),
                int.from_bytes(span_id, "big"),
                is_remote,
                trace.TraceFlags(trace.TraceFlags.SAMPLED),
            )

        status = trace.Status()
        if span.outcome == "ok":
            status = trace.Status(trace.StatusCode.OK)
        elif span.outcome:
            status = trace.Status(trace.StatusCode.ERROR, span.outcome)
        return ReadableSpan(
            name=span.name,
            context=context(span.span_id or secrets.token_bytes(8), is_remote=False),
            parent=context(span.parent.span_id, is_remote=span.serves),
            resource=self._resource,
            attributes=span.attributes,
            kind=trace.SpanKind.SERVER if span.serves else trace.SpanKind.INTERNAL,
            status=status,
            start_time=span.started_ns,
            end_time=max(span.ended_ns, span.started_ns),
            instrumentation_scope=InstrumentationScope("vllm_bridge", __version__),
        )
