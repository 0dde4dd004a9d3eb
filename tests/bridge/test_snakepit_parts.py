"""The parts of a Snakepit worker that need no process."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import grpc
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pool_harness import eventually

from vllm_bridge._generated import bridge_service_pb2 as pb
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow.allow_list import AllowList
from vllm_bridge.rank.objects import SessionObjects
from vllm_bridge.snakepit import listening, service, telemetry
from vllm_bridge.snakepit.errors import MAPPED, builtin_name, error_json
from vllm_bridge.snakepit.options import options
from vllm_bridge.snakepit.sessions import WorkerSessions
from vllm_bridge.snakepit.telemetry import CallEvents, Telemetry
from vllm_bridge.snakepit.tools.base64_text import LARGE, decode_base64
from vllm_bridge.snakepit.tools.values import Values, parse, render
from vllm_bridge.snakepit.worker_state import WorkerState
from vllm_distributed import errors

# Message -> fields in the order of their numbers, with the gaps that there are not.
MESSAGES = {
    "PingRequest": "message",
    "PingResponse": "message server_time",
    "SessionConfig": "enable_caching cache_ttl_seconds enable_telemetry",
    "InitializeSessionRequest": "session_id metadata config",
    "InitializeSessionResponse": "success error_message available_tools",
    "CleanupSessionRequest": "session_id force",
    "CleanupSessionResponse": "success resources_cleaned",
    "GetSessionRequest": "session_id",
    "GetSessionResponse": "session_id metadata created_at tool_count",
    "HeartbeatRequest": "session_id client_time",
    "HeartbeatResponse": "server_time session_valid",
    "ExecuteToolRequest": "session_id tool_name parameters metadata stream binary_parameters",
    "ExecuteToolResponse": "success result error_message metadata execution_time_ms binary_result",
    "ToolChunk": "chunk_id data is_final metadata",
    "RegisterToolsRequest": "session_id tools worker_id",
    "RegisterToolsResponse": "success tool_ids error_message",
    "ToolRegistration": "name description parameters metadata supports_streaming",
    "GetExposedElixirToolsRequest": "session_id",
    "GetExposedElixirToolsResponse": "tools",
    "ExecuteElixirToolRequest": "session_id tool_name parameters metadata",
    "ToolSpec": "name description parameters metadata supports_streaming",
    "ParameterSpec": "name type description required default_value validation_json",
    "TelemetryControl": "toggle sampling filter",
    "TelemetryToggle": "enabled",
    "TelemetrySamplingUpdate": "sampling_rate event_patterns",
    "TelemetryEventFilter": "allow deny",
    "TelemetryValue": "int_value float_value string_value",
    "TelemetryEvent": "event_parts measurements metadata timestamp_ns correlation_id",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_the_numbers_are_snakepits(name: str) -> None:
    fields = pb.DESCRIPTOR.message_types_by_name[name].fields
    expected = {field: number for number, field in enumerate(MESSAGES[name].split(), start=1)}
    assert {field.name: field.number for field in fields} == expected


class TestOptions:
    def test_what_snakepit_says(self) -> None:
        arguments = ["--adapter", "x.Y", "--port", "0", "--elixir-address", "h:1"]
        arguments += ["--snakepit-run-id", "r", "--snakepit-instance-name", "n"]
        arguments += ["--heartbeat-dependent", "--new-option", "value", "--allow", "mine."]
        environment = {"SNAKEPIT_READY_FILE": "/f", "SNAKEPIT_LOG_LEVEL": "WARN"}
        found = options(arguments, environment)
        assert (found.port, found.elixir_address, found.run_id) == (0, "h:1", "r")
        assert (found.ready_file, found.log_level, found.allow) == ("/f", "warning", ("mine.",))
        assert found.unknown == ("--new-option", "value")

    @pytest.mark.parametrize("name", ["SNAKEPIT_GRPC_ADDRESS", "SNAKEPIT_ELIXIR_ADDRESS"])
    def test_the_environment_has_the_address_too(self, name: str) -> None:
        assert options([], {name: "h:2"}).elixir_address == "h:2"
        assert options(["--elixir-address", "h:1"], {name: "h:2"}).elixir_address == "h:1"

    @pytest.mark.parametrize(
        "arguments", [["--port", "x"], ["--port", "70000"], ["--allow", "os"], ["--allow", "."]]
    )
    def test_values_that_cannot_be(
        self, arguments: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            options(arguments, {})
        assert repr(arguments[1]) in capsys.readouterr().err


class TestListening:
    @pytest.fixture
    def servers(self) -> Iterator[list[grpc.Server]]:
        made: list[grpc.Server] = []
        yield made
        for server in made:
            server.stop(None)

    def make(self, servers: list[grpc.Server]) -> grpc.Server:
        made = [("grpc.so_reuseport", 0)]
        servers.append(grpc.server(ThreadPoolExecutor(1), options=made))
        return servers[-1]

    def test_one_loopback_is_enough(
        self, servers: list[grpc.Server], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listening, "_exists", lambda family, host: host == "127.0.0.1")
        _, port = listening.listen(lambda: self.make(servers), 0)
        assert port > 0

    def test_no_loopback_is_an_error(
        self, servers: list[grpc.Server], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listening, "_exists", lambda family, host: False)
        with pytest.raises(OSError, match="no loopback"):
            listening.listen(lambda: self.make(servers), 0)

    def test_a_port_that_is_taken_on_the_other_loopback_is_given_up(
        self, servers: list[grpc.Server], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bind, refused = listening._bind, []

        def clash_twice(server: grpc.Server, host: str, port: int) -> int:
            if port and len(refused) < 2:
                refused.append(port)
                return 0
            return bind(server, host, port)

        monkeypatch.setattr(listening, "_exists", lambda family, host: True)
        monkeypatch.setattr(listening, "_LOOPBACKS", ((socket.AF_INET, "127.0.0.1"),) * 2)
        monkeypatch.setattr(listening, "_bind", clash_twice)
        with pytest.raises(OSError, match="20 times"):
            # The second bind of the same address never works.
            listening.listen(lambda: self.make(servers), 0)
        assert len(refused) == 2
        assert len(servers) == listening.ATTEMPTS

    def test_a_taken_port_is_named(self, servers: list[grpc.Server]) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(OSError, match=f"port {port} of"):
                listening.listen(lambda: self.make(servers), port)

    def test_the_file_is_complete_when_it_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path, order = tmp_path / "ready", []
        rename, fsync = os.rename, os.fsync

        def note(name: str, done: Any) -> Any:
            return lambda *args: (order.append((name, path.exists())), done(*args))

        monkeypatch.setattr(os, "fsync", note("fsync", fsync))
        monkeypatch.setattr(os, "rename", note("rename", rename))
        listening.publish(4711, str(path))
        assert path.read_text() == "4711"
        assert order == [("fsync", False), ("rename", False)]


def _wait(event: threading.Event) -> None:
    event.wait(20)


class TestFull:
    """What is refused, and not kept waiting, where there is no room."""

    @pytest.fixture
    def state(self) -> Iterator[WorkerState]:
        state, release = WorkerState(options([], {})), threading.Event()
        state.executor.submit(lambda: _wait(release))
        yield state
        release.set()
        # Everything that waits is over before the server is forgotten.
        state.executor.submit(lambda: None).result(20)

    @pytest.fixture
    def channel(
        self, state: WorkerState, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[grpc.Channel]:
        monkeypatch.setattr(service, "MAX_QUEUE", 1)
        monkeypatch.setattr(service, "MAX_TOOL_STREAMS", 1)
        server = grpc.server(ThreadPoolExecutor(2), handlers=[service.BridgeService(state)])
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
            server.stop(None)

    def test_calls(self, channel: grpc.Channel, state: WorkerState) -> None:
        execute = channel.unary_unary("/snakepit.bridge.BridgeService/ExecuteTool")
        waiting = [execute.future(b"", timeout=30) for _ in range(2)]
        eventually(lambda: len(state.journal) == 2)
        refused = pb.ExecuteToolResponse.FromString(execute(b"", timeout=10))
        assert not refused.success
        assert json.loads(refused.error_message)["context"]["reason"] == "queue_full"
        for call in waiting:
            call.cancel()

    def test_streams(self, channel: grpc.Channel, state: WorkerState) -> None:
        stream = channel.unary_stream("/snakepit.bridge.BridgeService/ExecuteStreamingTool")
        waiting = stream(b"", timeout=30)
        eventually(lambda: len(state.journal) == 1)
        with pytest.raises(grpc.RpcError) as caught:
            list(stream(b"", timeout=10))
        assert "too_many_streams" in (caught.value.details() or "")
        # A reader that leaves makes room, though what it asked for has not begun.
        waiting.cancel()

        def there_is_room() -> bool:
            again = stream(b"", timeout=0.2)
            with pytest.raises(grpc.RpcError) as refused:
                list(again)
            return refused.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED

        eventually(there_is_room)


class TestSessions:
    def test_opened_by_use_up_to_the_limit(self) -> None:
        sessions = WorkerSessions(limit=2)
        assert sessions.get("a") is sessions.get("a")
        sessions.initialize("b", {"k": "v"})
        for refused in (lambda: sessions.get("c"), lambda: sessions.initialize("c", {})):
            with pytest.raises(BridgeError) as caught:
                refused()
            assert caught.value.reason == "too_many_sessions"
        sessions.drop("a")
        sessions.get("c")

    def test_unused_ones_expire_and_initialised_ones_do_not(self) -> None:
        sessions = WorkerSessions()
        for name in ("used", "busy"):
            sessions.get(name).objects.put(object())
        sessions.initialize("pools", {})
        assert sessions.expire(timedelta(hours=1)) == 0
        assert sessions.expire(timedelta(0), in_use=frozenset({"busy"})) == 1
        assert sessions.facts("used") is None
        assert sessions.facts("busy") is not None
        assert sessions.facts("pools") is not None

    def test_a_ref_does_not_outlive_its_opening(self) -> None:
        sessions = WorkerSessions()
        kept = object()
        old = sessions.get("s").objects.put(kept)
        assert sessions.release("s") == 1
        sessions.get("s").objects.put(object())
        with pytest.raises(BridgeError) as caught:
            sessions.get("s").objects.get(old)
        assert caught.value.reason == "stale_ref"
        assert sessions.release("never opened") == 0


class TestTelemetry:
    call = CallEvents({"function": "f"}, "id", draw=0.5)

    def start(self, *controls: pb.TelemetryControl) -> list[str]:
        """Names of what a reader hears of one call."""
        hub = Telemetry()
        stream = hub.open()
        for control in controls:
            stream.control(control)
        hub.start(self.call)
        hub.stop(self.call, 0.25)
        hub.close(stream)
        return [".".join(event.event_parts) for event in stream]

    on = pb.TelemetryControl(toggle=pb.TelemetryToggle(enabled=True))

    def sampled(self, rate: float, *patterns: str) -> pb.TelemetryControl:
        update = pb.TelemetrySamplingUpdate(sampling_rate=rate, event_patterns=patterns)
        return pb.TelemetryControl(sampling=update)

    def test_silent_until_it_is_toggled(self) -> None:
        off = pb.TelemetryControl(toggle=pb.TelemetryToggle(enabled=False))
        assert self.start() == []
        assert self.start(self.on) == ["python.call.start", "python.call.stop"]
        assert self.start(self.on, off) == []

    @pytest.mark.parametrize(
        ("rate", "patterns", "expected"),
        [
            (0.4, (), 0),
            (0.6, (), 2),
            (0.0, ("python.call.start",), 1),
            (0.0, ("tool.*",), 2),
            (-1.0, (), 0),
            (7.0, (), 2),
        ],
    )
    def test_a_call_is_in_the_sample_or_is_not(
        self, rate: float, patterns: tuple[str, ...], expected: int
    ) -> None:
        assert len(self.start(self.on, self.sampled(rate, *patterns))) == expected

    @pytest.mark.parametrize(
        ("allow", "deny", "expected"),
        [
            (["python.*"], [], 2),
            (["*.stop"], [], 1),
            (["*"], ["*.stop"], 1),
            (["tool.*"], [], 0),
            ([], ["python.call.*"], 0),
        ],
    )
    def test_filters(self, allow: list[str], deny: list[str], expected: int) -> None:
        control = pb.TelemetryControl(filter=pb.TelemetryEventFilter(allow=allow, deny=deny))
        assert len(self.start(self.on, control)) == expected

    def test_a_reader_that_is_behind_is_told_how_much_it_missed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(telemetry, "MAX_BEHIND", 2)
        hub = Telemetry()
        stream = hub.open()
        stream.control(self.on)
        for _ in range(5):
            hub.start(self.call)
        events = iter(stream)
        next(events)
        hub.start(self.call)
        next(events)
        assert next(events).metadata["dropped"] == "3"

    def test_there_are_only_so_many(self) -> None:
        hub = Telemetry(limit=1)
        stream = hub.open()
        with pytest.raises(BridgeError, match="1 telemetry streams"):
            hub.open()
        hub.close(stream)
        hub.open()


class TestErrors:
    @pytest.mark.parametrize("name", errors.__all__)
    def test_every_error_of_ours_has_an_elixir_exception(self, name: str) -> None:
        kind = getattr(errors, name)
        expected = MAPPED if name != "DistributedError" else {"Exception"}
        assert builtin_name(kind("x")) in expected

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (errors.InvalidArgumentError("x"), "ValueError"),
            (errors.GroupNotInitializedError("x"), "RuntimeError"),
            (errors.InvalidTypeError("x"), "TypeError"),
            (TimeoutError("x"), "TimeoutError"),
            (BridgeError(Category.VALIDATION, "new_reason", "x"), "ValueError"),
            (BridgeError(Category.TIMEOUT, "withdrawn", "x"), "TimeoutError"),
            (BridgeError(Category.POOL, "queue_full", "x"), "RuntimeError"),
        ],
    )
    def test_the_nearest_builtin(self, error: Exception, expected: str) -> None:
        assert builtin_name(error) == expected

    def test_a_brief_one_fits_into_a_header(self) -> None:
        error = BridgeError(Category.VALIDATION, "r", "é" * 5000, traceback="\n" * 5000)
        text = error_json(error, brief=True)
        assert text.isascii()
        assert len(text) < 8_000 + 1_000
        assert json.loads(text)["context"]["reason"] == "r"


def values(**limits: int) -> Values:
    objects = SessionObjects("s", 7, **limits)
    return Values(Wire(objects, AllowList()), objects, "m", "l")


def refusal(work: Callable[[], object]) -> BridgeError | None:
    """What the work is refused with; any other exception is the test's failure."""
    try:
        work()
    except BridgeError as error:
        return error
    return None


class TestValues:
    @given(st.binary(max_size=200))
    @settings(max_examples=200)
    def test_any_text_is_a_value_or_refused(self, text: bytes) -> None:
        refused = refusal(lambda: values().decode(parse(text)))
        assert refused is None or refused.category is Category.VALIDATION

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["__type__", "__schema__", "elements", "pairs", "data", "value", "id", "x"]
                ),
                inner | st.sampled_from(["tuple", "set", "dict", "bytes", "ref", "date", "tensor"]),
                max_size=4,
            )
        ),
        max_leaves=12,
    )

    @given(json_values)
    @settings(max_examples=300)
    def test_any_json_is_a_value_or_refused(self, value: Any) -> None:
        refused = refusal(lambda: values().decode(value))
        assert refused is None or refused.category is Category.VALIDATION

    offsets = st.integers(-1439, 1439).map(lambda least: timezone(timedelta(minutes=least)))

    python_values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.complex_numbers(allow_nan=False)
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
        | st.binary(max_size=20)
        | st.dates()
        | st.datetimes(timezones=st.none() | offsets)
        | st.times(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.tuples(inner, inner)
            | st.dictionaries(st.text(max_size=3) | st.just("__type__"), inner, max_size=3)
            | st.dictionaries(st.integers(), inner, max_size=3)
            | st.frozensets(st.integers(), max_size=3)
        ),
        max_leaves=12,
    )

    @given(python_values)
    @settings(max_examples=300)
    def test_what_is_encoded_decodes_to_the_same(self, value: Any) -> None:
        conversion = values()
        back = conversion.decode(parse(render(conversion.encode(value))))
        assert back == value
        assert type(back) is type(value)

    def test_a_result_that_cannot_be_sent_leaves_no_objects(self) -> None:
        conversion = values()
        with pytest.raises(BridgeError):
            conversion.encode([object(), os])
        assert len(conversion._objects) == 0

    def test_a_full_session_is_an_error(self) -> None:
        conversion = values(limit=1)
        with pytest.raises(BridgeError) as caught:
            conversion.encode([torch.Generator(), torch.Generator()])
        assert caught.value.reason == "too_many_objects"

    def test_numbers_of_numpy_are_numbers(self) -> None:
        import numpy as np

        found = values().encode([np.int64(3), np.float32(0.5), np.bool_(True)])
        assert render(found) == b"[3,0.5,true]"

    @pytest.mark.parametrize("size", [0, 1, LARGE, LARGE + 1, LARGE + 2])
    def test_base64_of_any_size(self, size: int) -> None:
        import base64

        data = os.urandom(size)
        text = base64.b64encode(data).decode()
        assert decode_base64(text) == data
        for bad in (f"{text}*", f"{text[:-1]}\n", text.replace("A", "-") + "--", f"{text}é"):
            if bad != text:
                with pytest.raises(ValueError, match=r"."):
                    decode_base64(bad)
