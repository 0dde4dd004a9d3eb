"""A client that has nothing of this repository: names and JSON, as a person with grpcurl has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from pool_harness import Pool


class Grpcurl:
    """Calls by name, with what the server says about itself."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._database = ProtoReflectionDescriptorDatabase(channel)
        self._pool = descriptor_pool.DescriptorPool(self._database)

    def services(self) -> list[str]:
        return sorted(self._database.get_services())

    def methods(self, service: str) -> list[str]:
        return [method.name for method in self._pool.FindServiceByName(service).methods]

    def __call__(self, service: str, method: str, request: Any, **metadata: str) -> Any:
        descriptor = self._pool.FindServiceByName(service).FindMethodByName(method)
        response = message_factory.GetMessageClass(descriptor.output_type)
        call = self._channel.unary_unary(
            f"/{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        message = message_factory.GetMessageClass(descriptor.input_type)()
        headers = [(name.replace("_", "-"), value) for name, value in metadata.items()]
        answer = call(json_format.ParseDict(request, message), timeout=30, metadata=headers)
        return json_format.MessageToDict(answer, preserving_proto_field_name=True)


@pytest.fixture
def grpcurl(real_pool: Pool) -> Iterator[Grpcurl]:
    with grpc.insecure_channel(real_pool.endpoint) as channel:
        yield Grpcurl(channel)


def test_services_and_their_methods_are_listed(grpcurl: Grpcurl) -> None:
    services = grpcurl.services()
    assert {"vllm.bridge.v1.Pool", "vllm.bridge.v1.Objects"} <= set(services)
    assert "vllm.distributed.v1.GroupCoordinator" in services
    assert "GetPpIndices" in grpcurl.methods("vllm.distributed.v1.Distributed")
    assert all(grpcurl.methods(service) for service in services)


def test_a_request_is_made_of_names_alone(grpcurl: Grpcurl) -> None:
    request = {"num_hidden_layers": 61, "pp_rank": 1, "pp_size": 4}
    answer = grpcurl("vllm.distributed.v1.Distributed", "GetPpIndices", request)
    assert answer == {"item_1": "15", "item_2": "30"}


def test_an_object_is_passed_back_in_its_session(grpcurl: Grpcurl) -> None:
    service, session = "vllm.distributed.v1.ParallelConfig", "of-a-person"
    fields = {"tensor_parallel_size": 2, "eplb_config": {"window_size": 7}}
    made = grpcurl(service, "New", fields, vllm_session_id=session)["result"]
    assert (made["world_size"], made["eplb_config"]["window_size"]) == ("2", "7")
    assert made["eplb_config"]["communicator_in_use"] == "torch_gloo"
    receiver = {"receiver": {"ref": made["ref"]}}
    answer = grpcurl(service, "WorldSizeAcrossDp", receiver, vllm_session_id=session)
    assert answer == {"result": "2"}


def test_plain_data_needs_no_session(grpcurl: Grpcurl) -> None:
    receiver = {"world_size": 4, "sizes": {"tensor": 2}}
    answer = grpcurl("vllm.distributed.v1.Topology", "TensorGroups", {"receiver": receiver})
    assert answer == {"result": [{"values": ["0", "1"]}, {"values": ["2", "3"]}]}


def test_what_is_wrong_is_in_the_status(grpcurl: Grpcurl) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        grpcurl("vllm.distributed.v1.ParallelConfig", "New", {"tensor_parallel_size": 0})
    assert "tensor_parallel_size=0" in caught.value.details()
