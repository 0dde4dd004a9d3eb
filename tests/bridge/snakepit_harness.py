"""The Snakepit side of its protocol: starts a worker, connects, initialises, calls, ends it."""

from __future__ import annotations

import base64
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from vllm_bridge._generated import bridge_service_pb2 as pb

HERE = Path(__file__).parent
SCRIPT = HERE.parents[1] / "bridge" / "vllm_bridge" / "snakepit" / "worker.py"
SERVICE = "/snakepit.bridge.BridgeService/"
TYPE_URL = "type.googleapis.com/google.protobuf.StringValue"
THINGS = "snakepit_things"

_RESPONSES: Mapping[str, Any] = {
    "Ping": pb.PingResponse,
    "InitializeSession": pb.InitializeSessionResponse,
    "CleanupSession": pb.CleanupSessionResponse,
    "GetSession": pb.GetSessionResponse,
    "Heartbeat": pb.HeartbeatResponse,
    "ExecuteTool": pb.ExecuteToolResponse,
    "RegisterTools": pb.RegisterToolsResponse,
    "GetExposedElixirTools": pb.GetExposedElixirToolsResponse,
    "ExecuteElixirTool": pb.ExecuteElixirToolResponse,
}


class ToolError(Exception):
    """`success=false`, with the error object."""

    def __init__(self, text: str) -> None:
        self.error = json.loads(text)
        super().__init__(self.error["message"])

    @property
    def kind(self) -> str:
        kind: str = self.error["type"]
        return kind

    @property
    def reason(self) -> str:
        reason: str = self.error["context"]["reason"]
        return reason


def snakepit_python(folder: Path) -> Path:
    """A folder as Snakepit puts it on PYTHONPATH: modules that must not be ours."""
    proto = """
        from google.protobuf import descriptor_pb2, descriptor_pool
        file = descriptor_pb2.FileDescriptorProto(
            name="snakepit_bridge.proto", package="snakepit.bridge", syntax="proto3")
        for name in ("PingRequest", "ExecuteToolRequest", "ToolSpec"):
            message = file.message_type.add(name=name)
            message.field.add(name="mine", number=1, type=9, label=1)
        DESCRIPTOR = descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
    """
    (folder / "snakepit_bridge").mkdir(parents=True)
    (folder / "snakepit_bridge" / "__init__.py").write_text("")
    (folder / "snakepit_bridge_pb2.py").write_text(textwrap.dedent(proto))
    (folder / "snakepit_bridge_pb2_grpc.py").write_text("import snakepit_bridge_pb2\n")
    return folder


@dataclass
class Worker:
    """A started worker and the pool's connection to it."""

    process: subprocess.Popen[bytes]
    port: int
    stderr_path: Path
    channel: grpc.Channel
    session_id: str = "worker-session"
    timeout: float = 30.0
    chunks: list[pb.ToolChunk] = field(default_factory=list)

    def send(self, method: str, request: Any, timeout: float | None = None) -> Any:
        """One unary method."""
        response = self.channel.unary_unary(SERVICE + method)(
            request.SerializeToString(), timeout=timeout or self.timeout
        )
        return _RESPONSES[method].FromString(response)

    def tool(
        self,
        name: str,
        parameters: Mapping[str, Any],
        *,
        session_id: str = "app",
        metadata: Mapping[str, str] | None = None,
        binary: Mapping[str, bytes] | None = None,
        timeout: float | None = None,
    ) -> pb.ExecuteToolResponse:
        """ExecuteTool, as it answers. Parameters that are bytes are sent as they are."""
        request = tool_request(name, parameters, session_id, metadata, binary)
        response: pb.ExecuteToolResponse = self.send("ExecuteTool", request, timeout)
        if not response.success:
            assert not response.HasField("result")
            raise ToolError(response.error_message)
        assert response.error_message == ""
        return response

    def call(self, parameters: Mapping[str, Any], **options: Any) -> Any:
        """`snakebridge.call`, decoded from JSON."""
        response = self.tool("snakebridge.call", {**VERSIONS, **parameters}, **options)
        assert response.result.type_url == TYPE_URL
        return json.loads(response.result.value)

    def function(self, module: str, function: str, *args: Any, **options: Any) -> Any:
        """A plain function with encoded arguments."""
        named = {"library": module.partition(".")[0], "python_module": module, "function": function}
        return self.call({**named, "args": list(args), "kwargs": {}}, **options)

    def things(self, function: str, *args: Any, **options: Any) -> Any:
        """A function of `snakepit_things`."""
        return self.function(THINGS, function, *args, **options)

    def stream(
        self, parameters: Mapping[str, Any], tool: str = "snakebridge.stream", **options: Any
    ) -> Iterator[Any]:
        """The items of ExecuteStreamingTool; the chunks themselves are in `chunks`."""
        request = tool_request(tool, {**VERSIONS, **parameters}, "app", None, None)
        method = self.channel.unary_stream(SERVICE + "ExecuteStreamingTool")
        self.chunks = []
        for data in method(request.SerializeToString(), timeout=self.timeout, **options):
            chunk = pb.ToolChunk.FromString(data)
            self.chunks.append(chunk)
            if not chunk.is_final:
                yield json.loads(chunk.data)

    def rpc(self, method: str, request: bytes, **parameters: Any) -> pb.ExecuteToolResponse:
        """`vllm.rpc`."""
        return self.tool("vllm.rpc", {"method": method, **parameters}, binary={"request": request})

    def stderr(self) -> str:
        return self.stderr_path.read_text()

    def stop(self) -> int:
        """As a pool stops its worker; the exit status as the BEAM sees it."""
        self.channel.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        try:
            status = self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            if self.process.stdin is not None:
                self.process.stdin.close()
        return status if status >= 0 else 128 - status


VERSIONS = {"protocol_version": 1, "min_supported_version": 1}


def tool_request(
    name: str,
    parameters: Mapping[str, Any],
    session_id: str,
    metadata: Mapping[str, str] | None,
    binary: Mapping[str, bytes] | None,
) -> pb.ExecuteToolRequest:
    """A request as Snakepit writes it: JSON text as a StringValue that it is not."""
    request = pb.ExecuteToolRequest(session_id=session_id, tool_name=name, metadata=metadata or {})
    for key, value in parameters.items():
        request.parameters[key].type_url = TYPE_URL
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        request.parameters[key].value = text
    for key, data in (binary or {}).items():
        request.binary_parameters[key] = data
    return request


def spawn(
    folder: Path,
    *arguments: str,
    before: tuple[str, ...] = (),
    elixir_address: str = "localhost:9",
    **environment: str,
) -> tuple[subprocess.Popen[bytes], Path, Path]:
    """Start the script as Snakepit's port does; the process, its ready file and its stderr."""
    folder.mkdir(parents=True, exist_ok=True)
    ready, stderr_path = folder / "ready", folder / "stderr"
    library = folder / "priv" / "python"
    if not library.exists():
        snakepit_python(library)
    inherited = [path for path in [os.environ.get("PYTHONPATH", "")] if path]
    # The empty entry is the working directory.
    paths = [str(library), str(HERE), "", *inherited]
    variables = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "SNAKEPIT_READY_FILE": str(ready),
        "SNAKEPIT_PROCESS_GROUP": "true",
        "SNAKEPIT_LOG_LEVEL": "info",
        "SNAKEPIT_HEARTBEAT_CONFIG": json.dumps({"enabled": True, "interval_ms": 2000}),
        **environment,
    }
    command = [*before, sys.executable, str(SCRIPT), *arguments, "--port", "0"]
    command += ["--elixir-address", elixir_address, "--snakepit-run-id", "run-1"]
    with stderr_path.open("wb") as stderr:
        process = subprocess.Popen(
            command,
            cwd=SCRIPT.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=variables,
        )
    return process, ready, stderr_path


def wait_ready(process: subprocess.Popen[bytes], ready: Path, stderr: Path) -> int:
    """The port in the ready file, read once: it is complete when it is there."""
    give_up = time.monotonic() + 60
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > give_up:
            process.kill()
            pytest.fail(f"no ready file; stderr:\n{stderr.read_text()}")
        time.sleep(0.005)
    return int(ready.read_text())


def start_worker(folder: Path, *arguments: str, **environment: str) -> Worker:
    """A worker as a pool has it: ready, pinged, with a session of the pool's."""
    # Functions of the tests write to the folders of the tests.
    opened = ("--allow", f"{THINGS}.", "--writable", tempfile.gettempdir())
    process, ready, stderr = spawn(folder, *opened, *arguments, **environment)
    return connect(process, wait_ready(process, ready, stderr), stderr)


def connect(process: subprocess.Popen[bytes], port: int, stderr: Path) -> Worker:
    """What a pool does once there is a ready file."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    worker = Worker(process, port, stderr, grpc.insecure_channel(f"localhost:{port}", options))
    for attempt in range(5):
        try:
            worker.send("Ping", pb.PingRequest(message="init"))
            break
        except grpc.RpcError:
            if attempt == 4:
                raise
    opened = worker.send(
        "InitializeSession",
        pb.InitializeSessionRequest(session_id=worker.session_id, metadata={"pool": "default"}),
    )
    assert opened.success, opened.error_message
    return worker


class Telemetry:
    """The telemetry stream that a pool opens."""

    def __init__(self, worker: Worker) -> None:
        self._controls: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[pb.TelemetryEvent] = queue.SimpleQueue()
        self.say(toggle=pb.TelemetryToggle(enabled=True))
        method = worker.channel.stream_stream(SERVICE + "StreamTelemetry")
        self._call = method(iter(self._controls.get, None))
        threading.Thread(target=self._read, daemon=True).start()

    def say(self, **control: Any) -> None:
        self._controls.put(pb.TelemetryControl(**control).SerializeToString())

    def next(self) -> pb.TelemetryEvent:
        return self._events.get(timeout=20)

    def named(self) -> tuple[str, str]:
        """Name and function of the next event."""
        event = self.next()
        return ".".join(event.event_parts), event.metadata["function"]

    def close(self) -> None:
        self._call.cancel()

    def _read(self) -> None:
        try:
            for data in self._call:
                self._events.put(pb.TelemetryEvent.FromString(data))
        except grpc.RpcError:
            return


def encoded_bytes(data: bytes) -> dict[str, Any]:
    return {"__type__": "bytes", "__schema__": 1, "data": base64.b64encode(data).decode()}


def typed(name: str, **facts: Any) -> dict[str, Any]:
    """A value that JSON has no word for."""
    return {"__type__": name, "__schema__": 1, **facts}
