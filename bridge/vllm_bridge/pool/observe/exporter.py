"""The process that exports traces, by OpenTelemetry's SDK (`vllm-distributed[otel]`), as its own
environment variables say.

It reads `ExportedSpans` from its input until that ends, which is how it learns that its pool is
gone. It gives way to whatever else wants the processor.
"""

from __future__ import annotations

import importlib
import logging
import os
import secrets
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from vllm_bridge._generated import control_pb2
from vllm_bridge.process import background
from vllm_bridge.transport import control
from vllm_bridge.version import __version__

MOST = 2_048
"""Messages that wait to be exported; while there are more, none is read."""

_BATCH = 512

_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")

_NICENESS = 10


class Span(NamedTuple):
    """One span, before the SDK knows of it. Times are nanoseconds since 1970."""

    name: str
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    started_ns: int
    ended_ns: int
    attributes: Mapping[str, str | int] = {}
    # "ok", or the error's reason; empty where nobody can say.
    outcome: str = ""
    # It serves a call of another process.
    serves: bool = False


def main() -> None:
    """Read and export until the input ends."""
    logging.basicConfig(format="%(asctime)s %(levelname)s exporter of traces: %(message)s")
    os.nice(_NICENESS)
    export = Otlp(os.environ)
    waiting: deque[control_pb2.ExportedSpans] = deque()
    changed = threading.Condition()
    over = False

    def read() -> None:
        nonlocal over
        frames = control.Frames()
        try:
            while data := os.read(0, 1 << 16):
                with changed:
                    waiting.extend(map(control_pb2.ExportedSpans.FromString, frames.feed(data)))
                    changed.notify_all()
                    changed.wait_for(lambda: len(waiting) < MOST)
        finally:
            with changed:
                over = True
                changed.notify_all()

    background.thread("export of traces", read).start()
    while True:
        with changed:
            changed.wait_for(lambda: waiting or over)
            taken = [waiting.popleft() for _ in range(min(_BATCH, len(waiting)))]
            changed.notify_all()
        if not taken:
            return
        with background.step("exporting traces"):
            export([span for exported in taken for span in spans_of(exported)])


def spans_of(exported: control_pb2.ExportedSpans) -> Iterator[Span]:
    """A call, with its waits and its run."""
    for call in exported.spans.calls:
        own = call.span_id or secrets.token_bytes(8)
        attributes: dict[str, str | int] = {
            "vllm.session_id": call.session_id,
            "vllm.call_id": call.call_id,
            "process.pid": exported.pid,
        }
        if exported.rank_id:
            attributes["vllm.rank_id"] = exported.rank_id
        if exported.world_id:
            attributes["vllm.world_id"] = exported.world_id
            attributes["vllm.rank"] = exported.rank
        trace = call.trace_id
        yield Span(
            _short(call.method),
            trace,
            own,
            call.parent_id,
            call.queued_ns,
            call.ended_ns,
            attributes,
            call.outcome,
            serves=True,
        )
        if call.started_ns:
            yield Span("queue", trace, _new(), own, call.queued_ns, call.started_ns)
        if not exported.rank_id or (call.outcome == "withdrawn" and not call.started_ns):
            continue
        run = _new()
        yield Span("run", trace, run, own, call.started_ns or call.queued_ns, call.ended_ns)
        if call.at_gate_ns:
            yield Span(
                "gate",
                trace,
                _new(),
                run,
                call.at_gate_ns,
                call.gated_ns or call.ended_ns,
                {"vllm.group": call.group, "vllm.operation": call.operation},
                "ok" if call.gated_ns else call.outcome,
            )


def _new() -> bytes:
    return secrets.token_bytes(8)


def _short(method: str) -> str:
    service, _, name = method.rpartition("/")
    return f"{service.rpartition('.')[2]}/{name}"


class Otlp:
    """OpenTelemetry's own exporter, which reads the other variables."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        from opentelemetry.sdk.resources import Resource

        protocols = [environ[name] for name in _PROTOCOLS if environ.get(name)]
        kind = "grpc" if protocols[:1] == ["grpc"] else "http"
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
        """Export them all at once."""
        self._exporter.export([self._made(span) for span in spans])

    def _made(self, span: Span) -> Any:
        from opentelemetry import trace
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        def context(span_id: bytes, *, is_remote: bool) -> trace.SpanContext:
            return trace.SpanContext(
                int.from_bytes(span.trace_id, "big"),
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
            context=context(span.span_id, is_remote=False),
            parent=context(span.parent_id, is_remote=span.serves),
            resource=self._resource,
            attributes=span.attributes,
            kind=trace.SpanKind.SERVER if span.serves else trace.SpanKind.INTERNAL,
            status=status,
            start_time=span.started_ns,
            end_time=max(span.ended_ns, span.started_ns),
            instrumentation_scope=InstrumentationScope("vllm_bridge", __version__),
        )


if __name__ == "__main__":
    main()
