"""A worker, driven as an unmodified Snakepit pool and SnakeBridge's modules drive it."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import pytest
from pool_harness import Block, eventually
from snakepit_harness import (
    SERVICE,
    THINGS,
    VERSIONS,
    Telemetry,
    ToolError,
    Worker,
    encoded_bytes,
    start_worker,
    tool_request,
    typed,
)

from vllm_bridge._generated import bridge_service_pb2 as pb
from vllm_bridge._generated import distributed_pb2, rank_pb2, types_pb2
from vllm_bridge.codec.calls import encode_term

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    worker = start_worker(tmp_path_factory.mktemp("worker"), "--adapter", "some.Adapter")
    yield worker
    assert worker.stop() in (0, 143), worker.stderr()


@pytest.fixture
def thing(worker: Worker) -> Any:
    """A ref of session "app"."""
    return worker.call({"call_type": "class", "python_module": THINGS, "class": "Thing"})


def method(instance: Any, name: str, *args: Any) -> dict[str, Any]:
    return {"call_type": "method", "instance": instance, "function": name, "args": list(args)}


class TestFirstSteps:
    def test_ping_and_echo(self, worker: Worker) -> None:
        said = json.loads(worker.tool("ping", {}).result.value)
        assert (said["status"], said["message"]) == ("ok", "pong")
        assert abs(said["timestamp"] - time.time()) < 60
        assert json.loads(worker.tool("ping", {"message": "hi"}).result.value)["message"] == "hi"
        sent = {"text": "a", "list": [1, 2.5, None], "nested": {"key": [True]}}
        assert json.loads(worker.tool("echo", sent).result.value) == {"echoed": sent}


class TestSessions:
    def test_the_pools_session_lists_the_tools(self, worker: Worker) -> None:
        request = pb.InitializeSessionRequest(session_id="again", metadata={"a": "b"})
        tools = worker.send("InitializeSession", request).available_tools
        assert set(tools) == {
            "snakebridge.call",
            "snakebridge.stream",
            "snakebridge.release_ref",
            "snakebridge.release_session",
            "snakebridge.helpers",
            "vllm.rpc",
            "ping",
            "echo",
        }
        assert [name for name, tool in tools.items() if tool.supports_streaming] == [
            "snakebridge.stream"
        ]
        found = worker.send("GetSession", pb.GetSessionRequest(session_id="again"))
        assert (found.session_id, dict(found.metadata)) == ("again", {"a": "b"})
        assert found.tool_count == len(tools)
        assert found.created_at.seconds > 1_700_000_000

    def test_a_session_without_an_id_is_refused(self, worker: Worker) -> None:
        answer = worker.send("InitializeSession", pb.InitializeSessionRequest())
        assert not answer.success
        assert "needs an id" in answer.error_message

    def test_an_unknown_session_is_said_to_be_unknown(self, worker: Worker) -> None:
        with pytest.raises(grpc.RpcError) as caught:
            worker.send("GetSession", pb.GetSessionRequest(session_id="nobody"))
        assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        beat = worker.send("Heartbeat", pb.HeartbeatRequest(session_id="nobody"))
        assert not beat.session_valid

    def test_cleaning_up_ends_what_the_session_kept(self, worker: Worker) -> None:
        kept = [worker.things("echo", ref, session_id="end") for ref in [None]]
        ref = worker.function("torch", "arange", 3, session_id="end")
        assert kept == [None]
        cleaned = worker.send("CleanupSession", pb.CleanupSessionRequest(session_id="end"))
        assert (cleaned.success, cleaned.resources_cleaned) == (True, 1)
        # The name is free again; what it meant before is not taken for something new.
        worker.function("torch", "arange", 3, session_id="end")
        with pytest.raises(ToolError) as caught:
            worker.call(method(ref, "tolist"), session_id="end")
        assert (caught.value.kind, caught.value.reason) == ("KeyError", "stale_ref")

    def test_heartbeats_are_answered_while_a_call_runs(
        self, worker: Worker, block: Callable[[], Block]
    ) -> None:
        held = block()
        results: list[Any] = []
        call = threading.Thread(
            target=lambda: results.append(worker.things("block", str(held.path), session_id="busy"))
        )
        call.start()
        eventually(held.started)
        for _ in range(3):
            beat = worker.send("Heartbeat", pb.HeartbeatRequest(session_id="worker-session"), 5)
            assert beat.session_valid
            assert beat.server_time.seconds > 0
        assert worker.send("Ping", pb.PingRequest(message="x"), 5).message == "pong: x"
        worker.send("GetSession", pb.GetSessionRequest(session_id="worker-session"), 5)
        refused = worker.send("CleanupSession", pb.CleanupSessionRequest(session_id="busy"), 5)
        assert not refused.success
        assert results == []
        held.end()
        call.join(20)
        assert results == ["done"]

    def test_a_deadline_that_passes_in_the_queue_means_that_it_never_runs(
        self, worker: Worker, block: Callable[[], Block]
    ) -> None:
        before, held = worker.things("count"), block()
        call = threading.Thread(target=lambda: worker.things("block", str(held.path)))
        call.start()
        eventually(held.started)
        with pytest.raises(grpc.RpcError) as caught:
            worker.things("count", timeout=0.1)
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        held.end()
        call.join(20)
        assert worker.things("count") == before + 1


ROUND_TRIPS = [
    None,
    True,
    0,
    -(2**63) - 1,
    12345678901234567890123456789012345678901234567890,
    1.0,
    -0.5,
    "",
    'naïve ☃ \u0000 "quoted"',
    [],
    [1, [2.5, ["x"]]],
    {"a": {"b": [None, False]}},
    typed("tuple", elements=[1, typed("tuple", elements=[])]),
    typed("set", elements=["only"]),
    typed("frozenset", elements=[7]),
    encoded_bytes(b""),
    encoded_bytes(bytes(range(256)) * 100),
    typed("complex", real=1.5, imag=typed("special_float", value="neg_infinity")),
    typed("datetime", value="2026-01-02T03:04:05.000006+02:00"),
    typed("date", value="2026-01-02"),
    typed("time", value="03:04:05"),
    typed("special_float", value="infinity"),
    typed("special_float", value="neg_infinity"),
    typed("special_float", value="nan"),
    typed("dict", pairs=[[1, "one"], [typed("tuple", elements=[1, 2]), None]]),
    typed("dict", pairs=[["__type__", "not one of ours"]]),
]


class TestValues:
    @pytest.mark.parametrize("value", ROUND_TRIPS, ids=lambda value: str(value)[:40])
    def test_there_and_back(self, worker: Worker, value: Any) -> None:
        # JSON text, so that 1 and 1.0 and true are three things.
        assert json.dumps(worker.things("echo", value)) == json.dumps(value)

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            (1, "int"),
            (1.0, "float"),
            (True, "bool"),
            (None, "NoneType"),
            (2**80, "int"),
            (typed("atom", value="ok"), "str"),
            (typed("frozenset", elements=[]), "frozenset"),
            (typed("datetime", value="2026-01-02T03:04:05Z"), "datetime"),
            (typed("special_float", value="nan"), "float"),
            (typed("tensor", dtype="f32", shape=[1], data="AACAPw=="), "Tensor"),
            ({"no": "schema", "needed": {"__type__": "x"}.keys().__len__()}, "dict"),
        ],
    )
    def test_what_arrives(self, worker: Worker, value: Any, kind: str) -> None:
        assert worker.things("type_name", value) == kind

    def test_leaves_that_json_cannot_carry_become_refs_in_their_places(
        self, worker: Worker
    ) -> None:
        first, again, other = worker.things("twice")
        assert first == again["again"]
        assert first["id"] != other["id"]
        assert {key: first[key] for key in first if key != "id"} == {
            "__type__": "ref",
            "__schema__": 1,
            "session_id": "app",
            "python_module": THINGS,
            "library": THINGS,
            "type_name": "Thing",
            "__type_name__": "Thing",
        }

    def test_a_tensor_goes_in_by_value_and_out_by_ref(self, worker: Worker) -> None:
        tensor = typed("tensor", dtype="f32", shape=[2], data="AACAPwAAAEA=")
        ref = worker.function("torch", "neg", tensor)
        assert (ref["__type__"], ref["type_name"]) == ("ref", "Tensor")
        assert worker.call(method(ref, "tolist")) == [-1.0, -2.0]

    def test_positional_and_keyword_arguments(self, worker: Worker) -> None:
        parameters = {"args": [1, 2], "kwargs": {"x": typed("atom", value="y")}}
        found = worker.call({"python_module": THINGS, "function": "echo", **parameters})
        assert found == [[1, 2], {"x": "y"}]


class TestCallTypes:
    @pytest.mark.parametrize(
        "module",
        [
            "vllm.distributed",
            "vllm.distributed.parallel_state",
            "vllm.distributed.utils",
            "vllm.distributed.communication_op",
            "vllm.distributed.stateless_coordinator",
            "vllm.config",
            "vllm.config.parallel",
        ],
    )
    def test_modules_of_vllm_are_ours(self, worker: Worker, module: str) -> None:
        found = worker.function(module, "get_pp_indices", 61, 0, 4)
        assert found == typed("tuple", elements=[0, 15])

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            ({"call_type": "function", "python_module": THINGS, "function": "type_name",
              "args": [1]}, "int"),
            ({"call_type": "dynamic", "module_path": "vllm.distributed", "function": "divide",
              "args": [6, 3]}, 2),
            ({"call_type": "dynamic", "module_path": "torch", "function": "is_tensor",
              "args": [1]}, False),
            ({"call_type": "module_attr", "python_module": "vllm.distributed",
              "attr": "USE_SCHED_YIELD"}, True),
            ({"python_module": "vllm.distributed", "function": "model_parallel_is_initialized",
              "args": None, "idempotent": True}, False),
        ],
    )  # fmt: skip
    def test_without_an_object(
        self, worker: Worker, parameters: Mapping[str, Any], expected: Any
    ) -> None:
        assert worker.call(parameters) == expected

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            (method("REF", "grown", 4), 7),
            (method("REF", "__len__"), 3),
            (method("REF", "__getitem__", 5), 50),
            ({"call_type": "get_attr", "instance": "REF", "attr": "size"}, 3),
        ],
    )
    def test_with_an_object(
        self, worker: Worker, thing: Any, parameters: Mapping[str, Any], expected: Any
    ) -> None:
        assert worker.call({**parameters, "instance": thing}) == expected

    def test_an_object_is_an_argument(self, worker: Worker, thing: Any) -> None:
        assert worker.things("echo", [thing]) == [thing]

    def test_classes_of_ours(self, worker: Worker) -> None:
        make = {
            "call_type": "class",
            "python_module": "vllm.config",
            "class_name": "ParallelConfig",
        }
        config = worker.call({**make, "kwargs": {"tensor_parallel_size": 2}})
        assert config["type_name"] == "ParallelConfig"
        get = {"call_type": "get_attr", "instance": config, "attr": "tensor_parallel_size"}
        assert worker.call(get) == 2

    def test_the_session_of_the_parameters_wins(self, worker: Worker) -> None:
        make = {"call_type": "class", "python_module": THINGS, "class": "Thing"}
        assert worker.call({**make, "session_id": "mine"})["session_id"] == "mine"

    def test_context_managers_are_entered_and_exited_on_the_one_thread(
        self, worker: Worker, thing: Any
    ) -> None:
        name = worker.things("thread_name")
        assert worker.call(method(thing, "__enter__")) == thing
        with pytest.raises(ToolError) as caught:
            worker.tool("snakebridge.release_ref", {"ref": thing})
        assert caught.value.reason == "context_entered"
        assert worker.call(method(thing, "__exit__", None, None, None)) is False
        worker.call(method(thing, "__enter__"))
        assert worker.call(method(thing, "__exit__", "RuntimeError", "no", None)) is True
        log = worker.call({"call_type": "get_attr", "instance": thing, "attr": "log"})
        assert log == [
            f"enter {name}",
            f"exit {name} None",
            f"enter {name}",
            f"exit {name} RuntimeError: no",
        ]

    def test_a_context_manager_of_ours_comes_unentered(self, worker: Worker) -> None:
        ref = worker.function("vllm.distributed", "suppress_stdout")
        assert ref["__type__"] == "ref"
        assert worker.call(method(ref, "__enter__")) is None
        assert worker.call(method(ref, "__exit__", None, None, None)) is False

    def test_releasing(self, worker: Worker) -> None:
        refs = [worker.function("torch", "arange", 2, session_id="rel") for _ in range(3)]
        released = worker.tool("snakebridge.release_ref", {"ref": refs[0]}, session_id="rel")
        assert json.loads(released.result.value) is True
        again = worker.tool("snakebridge.release_ref", {"ref": refs[0]}, session_id="rel")
        assert json.loads(again.result.value) is False
        every = worker.tool("snakebridge.release_session", {"session_id": "rel"})
        assert json.loads(every.result.value) == 2
        with pytest.raises(ToolError) as caught:
            worker.call(method(refs[1], "tolist"), session_id="rel")
        assert caught.value.kind == "KeyError"

    def test_there_are_no_helpers(self, worker: Worker) -> None:
        assert json.loads(worker.tool("snakebridge.helpers", {}).result.value) == []

    def test_snakepits_own_modules_can_be_loaded_beside_ours(self, worker: Worker) -> None:
        assert worker.things("load_snakepit_modules") == "snakepit.bridge"
        assert worker.things("echo", 1) == 1


class TestStreams:
    numbers: Mapping[str, Any] = {"python_module": THINGS, "function": "numbers"}

    def test_chunks_are_items_and_the_last_has_none(self, worker: Worker) -> None:
        assert list(worker.stream({**self.numbers, "args": [3]})) == [0, 1, 2]
        assert [chunk.is_final for chunk in worker.chunks] == [False, False, False, True]
        assert worker.chunks[-1].data == b""
        assert len({chunk.chunk_id for chunk in worker.chunks}) == 4

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            ({"call_type": "dynamic_stream", "module_path": THINGS, "function": "numbers",
              "args": [2]}, [0, 1]),
            ({"python_module": THINGS, "function": "echo", "args": [[1, [2]]]}, [1, [2]]),
            ({"python_module": THINGS, "function": "echo", "args": [{"a": 1}]}, [{"a": 1}]),
            ({"python_module": THINGS, "function": "echo", "args": [[]]}, []),
        ],
    )  # fmt: skip
    def test_what_streams(self, worker: Worker, parameters: Any, expected: Any) -> None:
        assert list(worker.stream(parameters)) == expected

    @pytest.mark.parametrize(
        "parameters",
        [
            {"python_module": THINGS, "function": "numbers"},
            {"call_type": "dynamic_stream", "module_path": THINGS, "function": "numbers"},
        ],
        ids=["function", "dynamic_stream"],
    )
    def test_an_iterator_is_read_one_by_one(self, worker: Worker, parameters: Any) -> None:
        stream = worker.call({**parameters, "args": [2]})
        assert (stream["__type__"], stream["stream_type"]) == ("stream_ref", "generator")
        read = {"call_type": "stream_next", "stream_ref": stream}
        assert [worker.call(read) for _ in range(3)] == [0, 1, typed("stop_iteration")]
        with pytest.raises(ToolError) as caught:
            worker.call(read)
        assert caught.value.reason == "unknown_ref"

    def test_a_failure_ends_the_stream_after_what_came_before(self, worker: Worker) -> None:
        stream = worker.stream({**self.numbers, "args": [3, 2]})
        assert [next(stream), next(stream)] == [0, 1]
        with pytest.raises(grpc.RpcError) as caught:
            next(stream)
        error = json.loads(caught.value.details() or "")
        assert (error["type"], error["message"]) == ("ZeroDivisionError", "at 2")

    def test_other_calls_run_between_the_items(self, worker: Worker) -> None:
        stream = worker.stream({**self.numbers, "args": [2]})
        assert next(stream) == 0
        assert worker.things("echo", "between") == "between"
        assert list(stream) == [1]


BAD_CALLS: list[tuple[str, Mapping[str, Any], str, str]] = [
    ("unknown call type", {"call_type": "bogus"}, "ValueError", "unknown_call_type"),
    ("newer protocol", {"protocol_version": 2}, "ValueError", "protocol_version"),
    ("newer minimum", {"min_supported_version": 2}, "ValueError", "protocol_version"),
    ("version is no number", {"protocol_version": True}, "ValueError", "protocol_version"),
    ("malformed", {"args": b"[1,"}, "ValueError", "malformed_json"),
    ("no text at all", {"args": b""}, "ValueError", "malformed_json"),
    ("not UTF-8", {"args": b'["\xff"]'}, "ValueError", "malformed_json"),
    ("a real StringValue", {"args": b'\x0a\x02[]'}, "ValueError", "malformed_json"),
    ("NaN is not JSON", {"args": b"[NaN]"}, "ValueError", "malformed_json"),
    ("nested too deep to parse", {"args": b"[" * 100_000}, "ValueError", "malformed_json"),
    ("nested too deep", {"args": b"[" * 200 + b"]" * 200}, "ValueError", "bad_value"),
    ("unknown type", {"args": [typed("pickle", data="gASVAA==")]}, "ValueError", "bad_value"),
    ("type is no text", {"args": [typed(3)]}, "ValueError", "bad_value"),  # type: ignore[arg-type]
    ("unknown schema", {"args": [{"__type__": "tuple", "__schema__": 2}]}, "ValueError",
     "bad_value"),
    ("nothing in it", {"args": [typed("tuple")]}, "ValueError", "bad_value"),
    ("bad base64", {"args": [typed("bytes", data="a*b=")]}, "ValueError", "bad_value"),
    ("large bad base64", {"args": [typed("bytes", data="a*b=" * 9000)]}, "ValueError", "bad_value"),
    ("unhashable", {"args": [typed("set", elements=[[]])]}, "ValueError", "bad_value"),
    ("short tensor", {"args": [typed("tensor", dtype="f32", shape=[2], data="")]}, "ValueError",
     "bad_tensor"),
    ("args are no list", {"args": {"a": 1}}, "TypeError", "wrong_type"),
    ("kwargs are no object", {"kwargs": [1]}, "TypeError", "wrong_type"),
    ("function is no text", {"function": 3}, "TypeError", "wrong_type"),
    ("no function", {"function": None}, "TypeError", "missing_argument"),
    ("outside the allow list", {"python_module": "os", "function": "system", "args": ["true"]},
     "PermissionError", "name_not_allowed"),
    ("builtins", {"python_module": "builtins", "function": "eval", "args": ["1"]},
     "PermissionError", "name_not_allowed"),
    ("refused in torch", {"python_module": "torch", "function": "load", "args": ["x"]},
     "PermissionError", "name_not_allowed"),
    ("a private name", {"python_module": "vllm.distributed", "function": "_x"},
     "AttributeError", "unknown_name"),
    ("unknown name", {"python_module": "vllm.distributed", "function": "get_pp_indexes"},
     "AttributeError", "unknown_name"),
    ("a file as rendezvous", {"python_module": "vllm.distributed", "args": [1, 0, "file:///tmp/x"],
     "function": "init_distributed_environment"}, "PermissionError", "path_not_allowed"),
    ("a name past the allow list", {"python_module": "vllm.distributed.utils",
     "function": "resolve_obj_by_qualname", "args": ["os.system"]}, "PermissionError",
     "name_not_allowed"),
    ("a class that writes attributes", {"call_type": "class", "python_module": "torch.nn",
     "class": "ParameterDict"}, "PermissionError", "name_not_allowed"),
    ("what takes functions", {"call_type": "dynamic", "module_path": "torch.func",
     "function": "vmap", "args": [1]}, "PermissionError", "name_not_allowed"),
    ("an operator of one's own", {"python_module": "vllm.distributed",
     "function": "direct_register_custom_op", "args": ["x", 1]}, "PermissionError",
     "name_not_allowed"),
    ("what a module only imports", {"call_type": "module_attr", "python_module": THINGS,
     "attr": "Path"}, "PermissionError", "name_not_allowed"),
    ("a listening socket", {"python_module": "vllm.distributed",
     "function": "adopt_listen_socket"}, "AttributeError", "unknown_name"),
    ("no instance", {"call_type": "method", "instance": 3}, "TypeError", "wrong_type"),
    ("a ref that never was", {"call_type": "method", "instance": typed("ref", id="x")},
     "KeyError", "stale_ref"),
    ("a ref of another session", {"call_type": "method",
     "instance": typed("ref", id="0-obj-1", session_id="theirs")}, "ValueError", "foreign_ref"),
    ("no helper", {"call_type": "helper", "helper": "x"}, "AttributeError", "unknown_helper"),
    ("wrong arguments", {"args": [1, 2, 3]}, "TypeError", "exception"),
]  # fmt: skip


class TestBadInput:
    @pytest.mark.parametrize(
        ("change", "kind", "reason"),
        [case[1:] for case in BAD_CALLS],
        ids=[case[0] for case in BAD_CALLS],
    )
    def test_is_refused_before_anything_runs(
        self, worker: Worker, change: Mapping[str, Any], kind: str, reason: str
    ) -> None:
        before = worker.things("count")
        with pytest.raises(ToolError) as caught:
            worker.call({"python_module": THINGS, "function": "count", **change})
        assert (caught.value.kind, caught.value.reason) == (kind, reason)
        assert worker.things("count") == before + 1

    def test_who_is_refused_hears_where_a_snakepit_pool_allows_more(self, worker: Worker) -> None:
        with pytest.raises(ToolError) as caught:
            worker.call({"python_module": "os", "function": "system", "args": ["true"]})
        assert 'more with `adapter_args: ["--allow", PREFIX]`' in str(caught.value)

    @pytest.mark.parametrize("what", ["cycle", "surrogate", "module", "foreign", "digits"])
    def test_a_result_that_cannot_be_sent_was_made_once(self, worker: Worker, what: str) -> None:
        before = worker.things("count")
        with pytest.raises(ToolError) as caught:
            worker.things("count_and_return", what)
        assert caught.value.reason in ("bad_value", "name_not_allowed")
        assert worker.things("count") == before + 2

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("TypeError", "TypeError"),
            ("KeyError", "KeyError"),
            ("IndexError", "IndexError"),
            ("ModuleNotFoundError", "ImportError"),
            ("NotImplementedError", "NotImplementedError"),
            ("FileNotFoundError", "FileNotFoundError"),
            ("UnicodeError", "ValueError"),
            ("RecursionError", "RuntimeError"),
            ("ConnectionResetError", "ConnectionResetError"),
        ],
    )
    def test_an_exception_is_its_callers_and_raised_once(
        self, worker: Worker, name: str, kind: str
    ) -> None:
        before = worker.things("count")
        with pytest.raises(ToolError) as caught:
            worker.things("count_and_raise", name)
        assert caught.value.kind == kind
        assert "unexpected keyword argument" in caught.value.error["message"]
        assert caught.value.error["context"]["python_type"] == name
        assert any("count_and_raise" in line for line in caught.value.error["stacktrace"])
        assert worker.things("count") == before + 2

    def test_our_exceptions_say_which_they_are(self, worker: Worker) -> None:
        with pytest.raises(ToolError) as caught:
            worker.function("vllm.distributed", "get_tp_group")
        context = caught.value.error["context"]
        assert caught.value.kind == "RuntimeError"
        assert (context["class"], context["reason"]) == (
            "GroupNotInitializedError",
            "group_not_initialized",
        )
        assert context["details"] == {"group": "tp"}

    @pytest.mark.parametrize(
        ("options", "kind", "reason"),
        [
            ({"metadata": {"binary_format:args": "pickle"}, "binary": {"args": b"\x80\x04."}},
             "PermissionError", "pickle_refused"),
            ({"metadata": {"binary_format:args": "raw"}, "binary": {"args": b"x"}},
             "ValueError", "unknown_parameter"),
        ],
    )  # fmt: skip
    def test_binary_parameters_that_have_no_place(
        self, worker: Worker, options: Any, kind: str, reason: str
    ) -> None:
        with pytest.raises(ToolError) as caught:
            worker.things("count", **options)
        assert (caught.value.kind, caught.value.reason) == (kind, reason)

    @pytest.mark.parametrize("name", ["", "vllm.rpcs", "snakebridge.stream"])
    def test_unknown_tools(self, worker: Worker, name: str) -> None:
        with pytest.raises(ToolError) as caught:
            worker.tool(name, {})
        assert (caught.value.kind, caught.value.reason) == ("AttributeError", "unknown_tool")

    def test_a_function_by_name_is_no_argument(self, worker: Worker) -> None:
        found = worker.call({"call_type": "module_attr", "python_module": "torch", "attr": "neg"})
        with pytest.raises(ToolError) as caught:
            worker.call({"python_module": THINGS, "function": "echo", "args": [[found]]})
        assert (caught.value.kind, caught.value.reason) == ("PermissionError", "name_not_allowed")

    def test_a_dtype_is_text(self, worker: Worker) -> None:
        made = worker.call(
            {
                "python_module": "torch",
                "function": "ones",
                "args": [2],
                "kwargs": {"dtype": "float16", "device": "cpu"},
            }
        )
        dtype = worker.call({"call_type": "get_attr", "instance": made, "attr": "dtype"})
        again = worker.call(
            {"python_module": "torch", "function": "ones", "args": [2], "kwargs": {"dtype": dtype}}
        )
        assert worker.call(method(again, "element_size")) == 2

    def test_a_ref_is_of_one_session(self, worker: Worker, thing: Any) -> None:
        for parameters in (method(thing, "grown", 1), {**method(thing, "x"), "session_id": "b"}):
            with pytest.raises(ToolError) as caught:
                worker.call(parameters, session_id="b")
            assert (caught.value.kind, caught.value.reason) == ("ValueError", "foreign_ref")
        with pytest.raises(ToolError) as caught:
            worker.tool("snakebridge.release_ref", {"ref": thing}, session_id="b")
        assert caught.value.reason == "foreign_ref"

    @pytest.mark.parametrize("name", ["size", "grown", "_x", "__class__", "not a name"])
    def test_no_attribute_may_be_set(self, worker: Worker, thing: Any, name: str) -> None:
        change = {"call_type": "set_attr", "instance": thing, "attr": name, "args": [1]}
        with pytest.raises(ToolError) as caught:
            worker.call(change)
        assert caught.value.kind == "PermissionError"

    @pytest.mark.parametrize("path", ["ExecuteTool", "Ping", "ExecuteStreamingTool"])
    def test_bytes_that_are_no_message(self, worker: Worker, path: str) -> None:
        if path == "ExecuteTool":
            answer = worker.channel.unary_unary(SERVICE + path)(b"\xff\xff", timeout=10)
            response = pb.ExecuteToolResponse.FromString(answer)
            assert not response.success
            assert json.loads(response.error_message)["context"]["reason"] == "malformed_request"
            return
        kind = worker.channel.unary_stream if "Stream" in path else worker.channel.unary_unary
        with pytest.raises(grpc.RpcError) as caught:
            list(kind(SERVICE + path)(b"\xff\xff", timeout=10))
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


class TestTypedCalls:
    PP = "/vllm.distributed.v1.Distributed/GetPpIndices"

    def test_a_typed_call(self, worker: Worker) -> None:
        request = distributed_pb2.GetPpIndicesRequest(num_hidden_layers=61, pp_rank=0, pp_size=4)
        answer = worker.rpc(self.PP, request.SerializeToString())
        response = distributed_pb2.GetPpIndicesResponse.FromString(answer.binary_result)
        assert (response.item_1, response.item_2) == (0, 15)
        assert not answer.HasField("result")

    def test_an_empty_response_is_null(self, worker: Worker) -> None:
        answer = worker.rpc("/vllm.distributed.v1.Distributed/DestroyModelParallel", b"")
        assert (answer.binary_result, answer.result.value) == (b"", b"null")

    def test_objects_are_those_of_the_session(self, worker: Worker) -> None:
        call = rank_pb2.CallRequest(qualified_name="torch.arange", args=encode_term([3]))
        path, options = "/vllm.bridge.v1.Objects/Call", {"metadata": {"vllm-tensors": "ref"}}
        answer = worker.rpc(path, call.SerializeToString(), **options)
        (tensor,) = types_pb2.Term.FromString(answer.binary_result).tensors
        release = rank_pb2.ReleaseRequest(objects=[tensor.ref])
        done = worker.rpc("/vllm.bridge.v1.Objects/Release", release.SerializeToString())
        assert rank_pb2.ReleaseResponse.FromString(done.binary_result).released == 1

    def test_the_journal_knows_the_calls(self, worker: Worker) -> None:
        worker.things("echo", 1)
        answer = worker.rpc("/vllm.bridge.v1.Rank/Inspect", b"")
        inspected = rank_pb2.InspectResponse.FromString(answer.binary_result)
        assert inspected.pid == worker.process.pid
        assert inspected.ended[0].method == f"{THINGS}.echo"
        assert inspected.ended[0].session_id == "app"

    def test_a_failure_has_the_error_of_a_direct_call(self, worker: Worker) -> None:
        path, named = self.PP.replace("GetPpIndices", "GetTpGroup"), {"vllm-call-id": "call-7"}
        with pytest.raises(ToolError) as caught:
            worker.rpc(path, b"", metadata=named)
        encoded = caught.value.error["context"]["error_detail"]
        detail = types_pb2.ErrorDetail.FromString(base64.b64decode(encoded))
        assert detail.category == types_pb2.ErrorDetail.PYTHON_ERROR
        assert (detail.reason, detail.call_id) == ("group_not_initialized", "call-7")
        assert caught.value.kind == "RuntimeError"

    @pytest.mark.parametrize(
        ("parameters", "binary", "reason"),
        [
            ({"method": "/vllm.distributed.v1.Distributed/Nothing"}, {"request": b""},
             "unknown_method"),
            ({}, {"request": b""}, "missing_argument"),
            ({"method": PP}, {}, "missing_argument"),
            ({"method": PP}, {"request": b"\xff"}, "malformed_request"),
            ({"method": PP}, {"request": b"", "more": b""}, "unknown_parameter"),
            ({"method": PP, "metadata": {"x": "y"}}, {"request": b""}, "unknown_parameter"),
        ],
    )  # fmt: skip
    def test_bad_input(
        self, worker: Worker, parameters: Any, binary: Mapping[str, bytes], reason: str
    ) -> None:
        with pytest.raises(ToolError) as caught:
            worker.tool("vllm.rpc", parameters, binary=binary)
        assert caught.value.reason == reason


class TestTelemetry:
    @pytest.fixture
    def telemetry(self, worker: Worker) -> Iterator[Telemetry]:
        telemetry = Telemetry(worker)
        # The stream is on once an event comes.
        seen = threading.Event()
        threading.Thread(target=lambda: (telemetry.next(), seen.set())).start()

        def heard() -> bool:
            worker.things("echo", "heard")
            return seen.is_set()

        eventually(heard)
        worker.things("echo", "last", metadata={"correlation_id": "begin"})
        while telemetry.next().correlation_id != "begin":
            pass
        telemetry.next()
        yield telemetry
        telemetry.close()

    def test_start_and_stop_have_the_correlation_id(
        self, worker: Worker, telemetry: Telemetry
    ) -> None:
        worker.things("echo", 1, metadata={"correlation_id": "abc"})
        start, stop = telemetry.next(), telemetry.next()
        assert [list(event.event_parts) for event in (start, stop)] == [
            ["python", "call", "start"],
            ["python", "call", "stop"],
        ]
        assert {start.correlation_id, stop.correlation_id} == {"abc"}
        assert start.metadata["function"] == "echo"
        assert start.metadata["session_id"] == "app"
        assert start.measurements["count"].int_value == 1
        assert stop.measurements["duration"].int_value > 0
        assert stop.timestamp_ns >= start.timestamp_ns > 0

    def test_the_header_says_the_correlation_id_too(
        self, worker: Worker, telemetry: Telemetry
    ) -> None:
        named = {"python_module": THINGS, "function": "echo", "args": [1]}
        request = tool_request("snakebridge.call", {**VERSIONS, **named}, "app", None, None)
        worker.channel.unary_unary(SERVICE + "ExecuteTool")(
            request.SerializeToString(), metadata=(("x-snakepit-correlation-id", "from-header"),)
        )
        assert telemetry.next().correlation_id == "from-header"
        telemetry.next()

    def test_exceptions(self, worker: Worker, telemetry: Telemetry) -> None:
        with pytest.raises(ToolError):
            worker.things("count_and_raise", "ModuleNotFoundError")
        assert telemetry.named() == ("python.call.start", "count_and_raise")
        failed = telemetry.next()
        assert list(failed.event_parts) == ["python", "call", "exception"]
        assert failed.metadata["error_type"] == "ImportError"

    def test_a_filter_holds_from_when_it_has_arrived(
        self, worker: Worker, telemetry: Telemetry
    ) -> None:
        telemetry.say(filter=pb.TelemetryEventFilter(allow=["python.call.*"], deny=["*.start"]))

        def events_of_a_call() -> object:
            worker.things("echo", 1, metadata={"correlation_id": "probe"})
            names = [telemetry.named()[0]]
            while not names[-1].endswith("stop"):
                names.append(telemetry.named()[0])
            return True if names == ["python.call.stop"] else names

        eventually(events_of_a_call)


class TestElixirSide:
    @pytest.mark.parametrize("method_name", ["RegisterTools", "ExecuteElixirTool"])
    def test_nobody_there_is_an_answer(self, worker: Worker, method_name: str) -> None:
        request = {
            "RegisterTools": pb.RegisterToolsRequest(session_id="s"),
            "ExecuteElixirTool": pb.ExecuteElixirToolRequest(session_id="s", tool_name="t"),
        }[method_name]
        answer = worker.send(method_name, request, 10)
        assert not answer.success
        assert "localhost:9" in answer.error_message


def test_it_leaves_no_trace_in_its_folder(worker: Worker) -> None:
    assert not Path(worker.stderr_path.parent / "ready.tmp").exists()
    assert "Traceback" not in worker.stderr()
