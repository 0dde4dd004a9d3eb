"""The contract is complete, both ways, and its numbers mean what they always meant."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from google.protobuf.descriptor import FileDescriptor
from torch.distributed import ProcessGroup

import vllm_distributed
from vllm_bridge import contract, surface
from vllm_bridge._generated import dispatch, distributed_pb2, group_coordinator_pb2
from vllm_bridge.codec.calls import RemoteGroup, decode_result, encode_call
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codegen.proto import stem
from vllm_bridge.contract import ContractError, Type, type_of
from vllm_distributed import Handle, StatelessProcessGroup

ROOT = Path(__file__).resolve().parents[2]
METHODS = {method.path: method for method in contract.methods()}
FILES: list[FileDescriptor] = [
    importlib.import_module(f"vllm_bridge._generated.{stem(service)}_pb2").DESCRIPTOR
    for service in contract.services()
]


def test_every_rpc_is_served_and_nothing_else() -> None:
    declared = {
        f"/{service.full_name}/{rpc.name}"
        for file in FILES
        for service in file.services_by_name.values()
        for rpc in service.methods
    }
    assert declared == set(dispatch.METHODS) == set(METHODS)


def test_every_public_function_is_exposed_or_says_why_not() -> None:
    functions = {
        name
        for name in vllm_distributed.__all__
        if inspect.isfunction(getattr(vllm_distributed, name))
    }
    exposed = {item.name for item in surface.exposed() if item.kind is surface.Kind.FUNCTION}
    assert exposed == functions - set(surface.NOT_EXPOSED)


def test_traits_name_what_exists() -> None:
    names = {item.qualified_name for item in surface.exposed()}
    assert names >= surface.INLINE
    assert names >= surface.COLLECTIVE
    assert names >= surface.GUARDED
    assert set(surface.NOT_EXPOSED) <= set(vllm_distributed.__all__)


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.rpc)
def test_field_numbers_are_positions(method: contract.Method) -> None:
    file = next(f for f in FILES if method.request in f.message_types_by_name)
    fields = file.message_types_by_name[method.request].fields
    assert [(field.name, field.number) for field in fields] == [
        (parameter.name, parameter.number) for parameter in method.parameters
    ]


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.rpc)
def test_every_rpc_has_an_elixir_function(method: contract.Method) -> None:
    folder = ROOT / "elixir_client" / "generated" / "vllm"
    file = "distributed.ex"
    if method.exposed.service != surface.DISTRIBUTED:
        service = method.exposed.service
        parent = "config" if service in surface.CONFIGURATION else "distributed"
        file = f"{parent}/{stem(service)}.ex"
    text = (folder / file).read_text()
    name = re.escape(method.exposed.name.lower())
    for suffix in ("", "!"):
        assert re.search(rf"^  def {name}{suffix}\(", text, re.M)
        assert re.search(rf"^  @spec {name}{suffix}\(", text, re.M)
    assert f'path: "{method.path}"' in text


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (int, Type("int")),
        (int | None, Type("nullable", (Type("int"),))),
        (list[int], Type("list", (Type("int"),))),
        (list[list[int]], Type("list", (Type("list", (Type("int"),)),))),
        (torch.Size, Type("size")),
        (tuple[int, bool], Type("tuple", (Type("int"), Type("bool")))),
        (tuple[int, ...], Type("tuple_of", (Type("int"),))),
        (tuple[str, ...], Type("term")),
        (Handle | None, Type("nullable", (Type("object", name="Handle"),))),
        (ProcessGroup | StatelessProcessGroup, Type("object")),
        (torch.nn.Module, Type("object")),
        (Callable[[int], int], Type("object")),
        (torch.device | str, Type("device")),
        (dict[str, Any] | None, Type("term")),
        (torch.Tensor | list[torch.Tensor], Type("term")),
        (timedelta | None, Type("nullable", (Type("duration"),))),
        (Any, Type("term")),
    ],
)
def test_annotations(hint: Any, expected: Type) -> None:
    assert type_of(hint, "here") == expected


def _no_annotation(size) -> int:  # type: ignore[no-untyped-def]
    return 0


def _variable(*sizes: int) -> int:
    return 0


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (_no_annotation, r"_no_annotation\(size\) has no annotation"),
        (_variable, r"_variable\(sizes\): a variable number"),
    ],
)
def test_a_signature_without_a_place_is_an_error(function: Any, problem: str) -> None:
    item = surface.Exposed(
        surface.DISTRIBUTED,
        function.__name__,
        surface.Kind.FUNCTION,
        function,
        inline=False,
        collective=False,
        doc="",
    )
    with pytest.raises(ContractError, match=problem):
        contract.method_of(item)


def test_a_call_is_encoded_by_position_and_by_keyword() -> None:
    path, request = encode_call("get_pp_indices", (61,), {"pp_size": 4, "pp_rank": 0})
    assert path == "/vllm.distributed.v1.Distributed/GetPpIndices"
    assert distributed_pb2.GetPpIndicesRequest.FromString(request) == (
        distributed_pb2.GetPpIndicesRequest(num_hidden_layers=61, pp_rank=0, pp_size=4)
    )


def test_an_absent_argument_is_not_sent() -> None:
    _, request = encode_call("initialize_model_parallel", (), {"backend": None})
    assert request == b""
    _, request = encode_call("initialize_model_parallel", (1,), {})
    assert request == b"\x08\x01"


def test_a_tuple_stays_a_tuple() -> None:
    response = distributed_pb2.GetPpIndicesResponse(item_1=0, item_2=15).SerializeToString()
    assert decode_result("get_pp_indices", response) == (0, 15)


GROUP = RemoteGroup("obj-1", "s", 0, "GroupCoordinator", "tp:0", (0, 1), 0, 2, "gloo")


@pytest.mark.parametrize(
    ("name", "args", "kwargs", "reason", "problem"),
    [
        (
            "get_pp_indexes",
            (),
            {},
            "unknown_function",
            "no function 'get_pp_indexes'; did you mean 'get_pp_indices'",
        ),
        ("get_pp_indices", (1, 2), {}, "missing_argument", "needs pp_size"),
        ("get_pp_indices", (1, 2, 3, 4), {}, "too_many_arguments", "at most 3"),
        ("get_pp_indices", (1, 2, 3), {"pp_size": 3}, "argument_twice", "'pp_size'"),
        ("get_pp_indices", (1, 2), {"size": 3}, "unknown_keyword", "no 'size'; it has num_hidden"),
        ("get_pp_indices", (1, 2, "3"), {}, "wrong_type", "pp_size cannot be '3'"),
        ("get_pp_indices", (1, 2, True), {}, "wrong_type", "pp_size cannot be True"),
        ("tensor_model_parallel_all_reduce", ([1.0],), {}, "wrong_type", "torch.Tensor is needed"),
        ("GroupCoordinator.barrier", (3,), {}, "wrong_type", "came from a rank"),
    ],
)
def test_bad_arguments_are_named(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any], reason: str, problem: str
) -> None:
    with pytest.raises(BridgeError, match=problem) as caught:
        encode_call(name, args, kwargs)
    assert (caught.value.category, caught.value.reason) == (Category.VALIDATION, reason)


def test_a_group_is_sent_as_its_handle() -> None:
    _, request = encode_call("GroupCoordinator.barrier", (GROUP,), {})
    message = group_coordinator_pb2.GroupCoordinatorBarrierRequest.FromString(request)
    assert message.receiver.ref.id == "obj-1"
    assert list(message.receiver.ranks) == []
