"""Objects of every exposed class, made and used through the served contract."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from vllm_bridge._generated import dispatch
from vllm_bridge.codec.calls import RemoteObject, RemoteRecord, decode_result, encode_call
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.codec.wire import Wire
from vllm_bridge.rank.allow.allow_list import AllowList
from vllm_bridge.rank.objects import SessionObjects
from vllm_distributed import ParallelSizes, TensorMetadata, Topology
from vllm_distributed.config import set_current_parallel_config

pytestmark = pytest.mark.wire


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


def test_what_follows_is_shown(call: Caller) -> None:
    config = call("ParallelConfig.new", tensor_parallel_size=2, data_parallel_size=2)
    assert isinstance(config, RemoteRecord)
    assert (config.world_size, config.world_size_across_dp) == (2, 4)
    assert config.numa_bind_nodes is None
    assert config.eplb_config.communicator_in_use == "torch_gloo"
    with pytest.raises(AttributeError, match="shows no 'bogus'; it shows pipeline_parallel_size"):
        _ = config.bogus


def test_what_does_not_follow_is_left_out(call: Caller) -> None:
    config = call(
        "ParallelConfig.new",
        nnodes=2,
        tensor_parallel_size=2,
        data_parallel_size=3,
        distributed_executor_backend="mp",
    )
    assert config.nnodes == 2
    assert "nnodes_within_dp" not in config.fields


def test_a_configuration_from_the_fields_of_a_part(call: Caller) -> None:
    config = call("ParallelConfig.new", eplb_config={"window_size": 7})
    assert config.eplb_config.window_size == 7
    with pytest.raises(
        BridgeError, match=r"an? EPLBConfig is made of window_size, .*not of 'size'"
    ):
        call("ParallelConfig.new", eplb_config={"size": 7})


def test_the_current_configuration_has_its_ref(call: Caller) -> None:
    config = call("ParallelConfig.new")
    assert call("get_current_parallel_config_or_none") is None
    with set_current_parallel_config(call.objects.get(config.to_ref())):  # type: ignore[arg-type]
        assert call("get_current_parallel_config_or_none") == config


def test_plain_data_travels_as_it_is(call: Caller) -> None:
    sizes = call("ParallelSizes.new", tensor=2, data=2)
    assert sizes == ParallelSizes(tensor=2, data=2)
    topology = call("Topology.new", 4, sizes)
    assert topology == Topology(4, sizes)
    assert call("Topology.tensor_groups", topology) == ((0, 1), (2, 3))
    assert call("Topology.new", 4, {"tensor": 4}) == Topology(4, ParallelSizes(tensor=4))
    with pytest.raises(BridgeError, match=r"a Topology is needed.*sizes was not sent"):
        call("Topology.tensor_groups", {"world_size": 4})
    metadata = call("TensorMetadata.new", "cpu", torch.bfloat16, (2, 3))
    assert metadata == TensorMetadata("cpu", torch.bfloat16, torch.Size([2, 3]))
    assert not len(call.objects)


def test_methods_of_a_base_class_by_both_names(call: Caller) -> None:
    group = call("StatelessGroupCoordinator.new", [[0]], 0, "gloo", True, group_ports=[[0]])
    assert isinstance(group, RemoteRecord)
    assert (group.ranks, group.device, group.tcp_store_group.world_size) == (
        [0],
        torch.device("cpu"),
        1,
    )
    for name in ("GroupCoordinator", "StatelessGroupCoordinator"):
        assert call(f"{name}.is_first_rank", group) is True
        assert call(f"{name}.mq_broadcaster", group) is None
        assert call(f"{name}.all_reduce", group, torch.ones(2)).tolist() == [1, 1]
    assert call("StatelessGroupCoordinator.size", group) == 1
    call("StatelessGroupCoordinator.destroy", group)


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
