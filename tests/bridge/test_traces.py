"""One trace from a client's call to what its rank does, exported to an OTLP receiver."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import torch
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pool_harness import Pool, alive, children, connect, eventually, start_pool

from vllm_bridge._generated import control_pb2
from vllm_bridge.client import BridgeError, Session
from vllm_bridge.pool.observe import traces
from vllm_bridge.pool.observe.exporter import spans_of
from vllm_bridge.transport import control
from vllm_bridge.transport.trace_parent import sampled

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Receiver:
    """What an OTLP collector over HTTP has received."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        received = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/v1/traces":
                    received.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def spans(self, trace_id: int) -> list[Any]:
        wanted = trace_id.to_bytes(16, "big")
        return [
            span
            for request in list(self.requests)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
            if span.trace_id == wanted
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def traced_pool(short_tmp: Path, receiver: Receiver) -> Iterator[Pool]:
    pool = start_pool(
        short_tmp / "traced",
        *("--size", "1", "--heartbeat-interval", "0.1"),
        entry_point=None,
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
        OTEL_RESOURCE_ATTRIBUTES="deployment.environment=test",
    )
    yield pool
    pool.stop()


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """The spans of this process, whose tracer provider is gone after the test."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", provider)
    return exporter


Tree = dict[str, list[str]]


def tree(own: InMemorySpanExporter, received: list[Any]) -> Tree:
    """The names of the spans that are within each one, "" for that of nobody."""
    names = {format(span.context.span_id, "016x"): span.name for span in own.get_finished_spans()}
    names |= {span.span_id.hex(): f"{span.name} there" for span in received}
    found: Tree = {}
    for span in own.get_finished_spans():
        parent = format(span.parent.span_id, "016x") if span.parent else ""
        found.setdefault(names.get(parent, parent), []).append(span.name)
    for span in received:
        parent = span.parent_span_id.hex()
        found.setdefault(names.get(parent, parent), []).append(f"{span.name} there")
    return {name: sorted(within) for name, within in found.items()}


def attributes(span: Any) -> dict[str, Any]:
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in span.attributes}


def in_trace(call: Callable[[], object]) -> int:
    with trace.get_tracer("test").start_as_current_span("the application") as span:
        call()
    return span.get_span_context().trace_id


@pytest.mark.parametrize(("wanted", "carrier"), [("auto", "frames"), ("grpc", "grpc")])
def test_a_call_straight_to_its_rank_is_one_trace(
    traced_pool: Pool, receiver: Receiver, own: InMemorySpanExporter, wanted: Any, carrier: str
) -> None:
    with (
        connect(traced_pool.endpoint, carrier=wanted) as client,
        client.start_world(tensor_parallel_size=2) as world,
    ):
        assert {session.carrier for session in world.ranks} == {carrier}
        name = "tensor_model_parallel_all_reduce"
        trace_id = in_trace(lambda: world.call(name, torch.ones(2)))
        eventually(lambda: len(receiver.spans(trace_id)) == 8 or receiver.spans(trace_id))
    call = "Distributed/TensorModelParallelAllReduce"
    assert tree(own, receiver.spans(trace_id)) == {
        "": ["the application"],
        "the application": [f"{call} there"] * 2,
        f"{call} there": ["queue there", "queue there", "run there", "run there"],
        "run there": ["gate there", "gate there"],
    }
    spans = receiver.spans(trace_id)
    assert {attributes(span).get("vllm.rank") for span in spans if span.name == call} == {0, 1}
    (gate, _) = [span for span in spans if span.name == "gate"]
    assert attributes(gate) == {"vllm.group": "tp:0", "vllm.operation": "all_reduce"}
    for span in spans:
        assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
    (resource,) = {
        str(attributes(each.resource))
        for request in receiver.requests
        for each in request.resource_spans
    }
    assert "'service.name': 'vllm-bridge'" in resource
    assert "'deployment.environment': 'test'" in resource


@pytest.mark.parametrize(("wanted", "carrier"), [("auto", "frames"), ("grpc", "grpc")])
def test_a_call_through_the_pool_is_one_trace_over_both_hops(
    traced_pool: Pool, receiver: Receiver, own: InMemorySpanExporter, wanted: Any, carrier: str
) -> None:
    with connect(traced_pool.endpoint, carrier=wanted) as client:
        session = client.open_session()
        assert session.carrier == carrier
        trace_id = in_trace(lambda: session.run("torch.arange", 3))
        eventually(lambda: len(receiver.spans(trace_id)) == 5 or receiver.spans(trace_id))
    spans = receiver.spans(trace_id)
    calls = {span.parent_span_id: span for span in spans if span.name == "Objects/Call"}
    (sent,) = own.get_finished_spans()
    pools = calls[sent.context.span_id.to_bytes(8, "big")]
    ranks = calls[pools.span_id]
    assert attributes(pools)["process.pid"] == traced_pool.pid
    assert attributes(ranks)["process.pid"] != traced_pool.pid
    within = {
        parent.span_id: sorted(s.name for s in spans if s.parent_span_id == parent.span_id)
        for parent in (pools, ranks)
    }
    assert within[pools.span_id] == ["Objects/Call", "queue"]
    assert within[ranks.span_id] == ["queue", "run"]


def test_what_failed_says_so(
    traced_pool: Pool, receiver: Receiver, own: InMemorySpanExporter
) -> None:
    reasons = []

    def fail(session: Session) -> None:
        with pytest.raises(BridgeError) as caught:
            session.call("get_pp_indices", 4, 9, 2)
        reasons.append(caught.value.reason)

    with connect(traced_pool.endpoint) as client:
        session = client.open_session(affinity="strict_queue")
        trace_id = in_trace(lambda: fail(session))
        eventually(lambda: bool(receiver.spans(trace_id)))
    failed = {span.status.message for span in receiver.spans(trace_id) if span.status.code == 2}
    assert failed == set(reasons)


def test_a_trace_that_is_not_sampled_costs_no_span(traced_pool: Pool, receiver: Receiver) -> None:
    with connect(traced_pool.endpoint) as client:
        session = client.open_session(affinity="strict_queue")
        path = "/vllm.bridge.v1.Rank/Inspect"
        for flags in ("00", "01"):
            client.send(
                session.info.endpoint,
                path,
                b"",
                None,
                [
                    ("vllm-session-id", session.info.session_id),
                    ("traceparent", PARENT[:-2] + flags),
                ],
            )
        trace_id = int(PARENT[3:35], 16)
        eventually(lambda: bool(receiver.spans(trace_id)))
    names = [span.name for span in receiver.spans(trace_id)]
    assert names.count("Rank/Inspect") == 1


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (PARENT, True),
        (PARENT.replace("00-", "cc-", 1) + "-more", True),
        (PARENT + "-more", False),
        (PARENT.replace("00-", "ff-", 1), False),
        (PARENT[:-1] + "0", False),
        (PARENT.upper(), False),
        (PARENT.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32), False),
        (PARENT.replace("b7ad6b7169203331", "0" * 16), False),
        ("", False),
        ("x" * 10_000, False),
        (b"00", False),
        (None, False),
    ],
)
def test_a_header_is_what_the_standard_says_or_nothing(header: object, known: bool) -> None:
    assert (sampled(header) is not None) == known


def test_an_export_that_fails_is_told_and_the_next_ones_go_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    exported: list[str] = []

    def write(message: bytes) -> None:
        if not exported:
            exported.append("none")
            raise BrokenPipeError("made to fail once")
        (body,) = control.Frames().feed(message)
        spans = spans_of(control_pb2.ExportedSpans.FromString(body))
        exported.extend(span.name for span in spans)

    made = traces.Traces(write)
    metadata = (("traceparent", PARENT), ("vllm-call-id", "7"))
    assert made.begin("/a.B/Plain", metadata[1:]) is None
    for name in ("First", "Second"):
        call = made.begin(f"/a.B/{name}", metadata)
        assert call is not None
        assert dict(call.metadata)["traceparent"][3:35] == PARENT[3:35]
        call.end("ok")
        eventually(lambda: bool(exported))
    made.close()
    assert exported == ["none", "B/Second"]
    assert made.begin("/a.B/NotSampled", (("traceparent", PARENT[:-1] + "0"),)) is None
    assert "exporting traces failed" in caplog.text


def test_what_comes_too_fast_is_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    waiting, there = threading.Event(), threading.Event()

    def write(message: bytes) -> None:
        there.set()
        waiting.wait(30)

    made = traces.Traces(write)
    for _ in range(traces.MOST + 1000):
        call = made.begin("/a.B/C", (("traceparent", PARENT),))
        assert call is not None
        call.end("ok")
    assert there.wait(30)
    waiting.set()
    made.close()
    assert "calls are in no trace: they came too fast to export" in caplog.text


def test_the_exporter_ends_with_its_pool_and_ranks_have_no_key_of_the_collector(
    short_tmp: Path, receiver: Receiver, own: InMemorySpanExporter
) -> None:
    pool = start_pool(
        short_tmp / "killed",
        *("--size", "1", "--heartbeat-interval", "0.1"),
        entry_point=None,
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.endpoint,
        OTEL_EXPORTER_OTLP_HEADERS="api-key=of-the-collector",
    )
    with connect(pool.endpoint) as client:
        session = client.open_session()
        trace_id = in_trace(lambda: session.call("get_pp_indices", 61, 0, 4))
        eventually(lambda: len(receiver.spans(trace_id)) == 4 or receiver.spans(trace_id))
        (rank,) = client.status().ranks
        for pid in (rank.pid, *children(rank.pid)):
            assert b"of-the-collector" not in Path(f"/proc/{pid}/environ").read_bytes()
    exporters = [pid for pid in children(pool.pid) if b"exporter" in command_line(pid)]
    assert len(exporters) == 1
    os.kill(pool.pid, signal.SIGKILL)
    pool.process.wait(20)
    eventually(lambda: not alive(exporters[0]))


def command_line(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def test_an_endpoint_that_nobody_listens_on_holds_up_nothing(
    short_tmp: Path, own: InMemorySpanExporter
) -> None:
    pool = start_pool(
        short_tmp / "nobody",
        *("--size", "1", "--heartbeat-interval", "0.1"),
        entry_point=None,
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
    )
    try:
        with connect(pool.endpoint) as client:
            session = client.open_session()
            for _ in range(20):
                assert session.call("get_pp_indices", 61, 0, 4) == (0, 15)
    finally:
        assert pool.stop() == 0
