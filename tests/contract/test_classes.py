"""Objects of every exposed class, made and used through the served contract."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from vllm_bridge._generated import dispatch
from vllm_bridge.codec.calls import RemoteObject, decode_result, encode_call
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow_list import AllowList
from vllm_bridge.rank.objects import SessionObjects


class Caller:
    """Calls as a client does, served in this process."""

    def __init__(self) -> None:
        self.objects = SessionObjects("s", epoch=0)
        self._wire = Wire(self.objects, AllowList())

    def __call__(self, name: str, *args: Any, **kwargs: Any) -> Any:
        path, request = encode_call(name, args, kwargs)
        method = dispatch.METHODS[path]
        response = method.call(method.request.FromString(request), self._wire)
        return decode_result(name, response.SerializeToString())


@pytest.fixture
def call() -> Caller:
    return Caller()


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_configuration_is_made_validated_and_read(call: Caller) -> None:
    config = call("ParallelConfig.new", tensor_parallel_size=2, pipeline_parallel_size=3)
    assert isinstance(config, RemoteObject)
    assert config.type_name.endswith("ParallelConfig")
    assert call("ParallelConfig.world_size_across_dp", config) == 6
    assert call("ParallelConfig.use_ubatching", config) is False
    first, second = (call("ParallelConfig.compute_hash", config) for _ in range(2))
    assert first == second


def test_a_bad_configuration_is_refused_with_field_and_rule(call: Caller) -> None:
    with pytest.raises(ValueError, match="tensor_parallel_size"):
        call("ParallelConfig.new", tensor_parallel_size=0)
    with pytest.raises(BridgeError, match="has no 'bogus'"):
        call("ParallelConfig.new", bogus=1)


def test_a_configuration_within_a_configuration(call: Caller) -> None:
    eplb = call("EPLBConfig.new", window_size=500)
    config = call("ParallelConfig.new", eplb_config=eplb)
    ref = config.to_ref()
    assert call.objects.get(ref).eplb_config.window_size == 500  # type: ignore[attr-defined]


def test_a_stateless_group_of_one(call: Caller, port: int) -> None:
    group = call("StatelessProcessGroup.create", "127.0.0.1", 0, 0, 1)
    assert call("StatelessProcessGroup.all_gather_obj", group, {"a": 1}) == [{"a": 1}]
    assert call("StatelessProcessGroup.barrier", group, timeout=1.0) is None


def test_a_method_on_an_object_of_another_class_is_refused(call: Caller) -> None:
    config = call("EPLBConfig.new")
    with pytest.raises(BridgeError, match="is a EPLBConfig; a StatelessProcessGroup is needed"):
        call("StatelessProcessGroup.barrier", config)


def test_a_message_queue_without_readers(call: Caller) -> None:
    queue = call("MessageQueue.new", 0, 0)
    assert call("MessageQueue.is_writer", queue) is True
    assert isinstance(call("MessageQueue.export_handle", queue), dict)
    call("MessageQueue.shutdown", queue)


def test_a_context_manager_comes_back_as_an_object(call: Caller) -> None:
    context = call("suppress_stdout")
    assert isinstance(context, RemoteObject)
    assert hasattr(call.objects.get(context.to_ref()), "__enter__")
