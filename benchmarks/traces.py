"""Calls a second with traces, beside those without, in the same run.

    python benchmarks/traces.py

One client, one rank, short calls on its executor: straight to it in frames, and
through the pool. Blocks of calls without and with a `traceparent` that is sampled alternate; the
server exports to a receiver of OTLP in a process of its own that reads and drops it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

RECEIVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def rate(call: Callable[[], object], seconds: float) -> float:
    """Calls a second."""
    begin = time.perf_counter()
    calls = 0
    while time.perf_counter() - begin < seconds:
        call()
        calls += 1
    return calls / (time.perf_counter() - begin)


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=1.0)
    given = parser.parse_args()
    receiver = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE, text=True)
    assert receiver.stdout is not None
    port = receiver.stdout.readline().strip()
    folder = tempfile.mkdtemp(prefix="vb-")
    server = subprocess.Popen(
        [sys.executable, "-m", "vllm_bridge", "serve", "--size", "1", "--embedded"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "XDG_RUNTIME_DIR": folder,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        },
    )
    try:
        assert server.stdout is not None
        measure(server.stdout.readline(), given.blocks, given.seconds)
    finally:
        server.communicate()
        receiver.terminate()
        receiver.wait()


def measure(ready: str, blocks: int, seconds: float) -> None:
    """Both ways, in turns."""
    import json

    from opentelemetry.sdk.trace import TracerProvider

    from vllm_bridge.client import connect

    provider = TracerProvider()
    tracer = provider.get_tracer("benchmark")
    with connect(json.loads(ready)["endpoint"]) as client:
        world = client.start_world()
        direct = world.ranks[0]
        hint = client.open_session()
        for name, session in (("straight to the rank", direct), ("through the pool", hint)):
            group = session.call("get_world_group") if session is direct else None

            def call(session: object = session, group: object = group) -> None:
                if group is not None:
                    session.call("GroupCoordinator.barrier", group)  # type: ignore[attr-defined]
                else:
                    session.run("torch.is_tensor", 1)  # type: ignore[attr-defined]

            without, with_traces = [], []
            rate(call, seconds)
            for _ in range(blocks):
                hidden = sys.modules.pop("opentelemetry.trace")
                without.append(rate(call, seconds))
                sys.modules["opentelemetry.trace"] = hidden
                with tracer.start_as_current_span("the application"):
                    with_traces.append(rate(call, seconds))
            before, after = statistics.median(without), statistics.median(with_traces)
            ratios = statistics.median(b / a for a, b in zip(without, with_traces, strict=True))
            print(
                f"{name}: {before:,.0f} calls/s without, {after:,.0f} with, {ratios:.3f} x",
                flush=True,
            )
        world.stop()


if __name__ == "__main__":
    main()
