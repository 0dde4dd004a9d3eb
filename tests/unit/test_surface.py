"""The names, signatures and exceptions others build on."""

from __future__ import annotations

import inspect
import re
import typing
from typing import Any

import pytest

import vllm_distributed as vd
from vllm_distributed import errors

EXCEPTIONS = [getattr(errors, name) for name in errors.__all__]
FUNCTIONS = [getattr(vd, name) for name in vd.__all__ if inspect.isfunction(getattr(vd, name))]
MEMBERS = [
    member.fget if isinstance(member, property) else member
    for base in vd.GroupCoordinator.__mro__[:-1]
    for name, member in vars(base).items()
    if (not name.startswith("_") or name == "__init__")
    and isinstance(member, (property, type(lambda: 0)))
]


def test_all_is_sorted_complete_and_importable() -> None:
    public = {
        name
        for name, value in vars(vd).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert set(vd.__all__) == public
    assert len(set(vd.__all__)) == len(vd.__all__)


@pytest.mark.parametrize("function", [*FUNCTIONS, *MEMBERS], ids=lambda item: item.__qualname__)
def test_annotations_are_complete_and_resolve(function: Any) -> None:
    hints = typing.get_type_hints(function)
    parameters = set(inspect.signature(function).parameters) - {"self"}
    assert parameters | {"return"} == set(hints)


@pytest.mark.parametrize(
    "function",
    [item for item in [*FUNCTIONS, *MEMBERS] if item.__name__ != "__init__"],
    ids=lambda item: item.__qualname__,
)
def test_everything_public_is_documented(function: Any) -> None:
    text = inspect.getdoc(function) or ""
    assert re.match(r"[A-Z].*?[.:]", text, re.DOTALL), text


def test_signatures_are_the_contract() -> None:
    """Codegen numbers fields by position: parameters are only ever appended."""
    signatures = {
        vd.init_distributed_environment: "world_size=-1, rank=-1, "
        "distributed_init_method='env://', local_rank=-1, backend='nccl', timeout=None",
        vd.initialize_model_parallel: "tensor_model_parallel_size=1, "
        "pipeline_model_parallel_size=1, prefill_context_model_parallel_size=1, "
        "decode_context_model_parallel_size=1, backend=None, data_parallel_size=None, "
        "is_moe_model=None, enable_eplb=None",
        vd.ensure_model_parallel_initialized: "tensor_model_parallel_size, "
        "pipeline_model_parallel_size, prefill_context_model_parallel_size=1, "
        "decode_context_model_parallel_size=1, backend=None, data_parallel_size=None, "
        "is_moe_model=None, enable_eplb=None",
        vd.init_model_parallel_group: "group_ranks, local_rank, backend, "
        "use_message_queue_broadcaster=False, group_name=None, use_device_communicator=True",
        vd.init_world_group: "ranks, local_rank, backend",
        vd.tensor_model_parallel_gather: "input_, dst=0, dim=-1",
        vd.broadcast_tensor_dict: "tensor_dict=None, src=0",
        vd.get_pp_indices: "num_hidden_layers, pp_rank, pp_size",
        vd.in_the_same_node_as: "pg, source_rank=0",
        vd.GroupCoordinator: "group_ranks, local_rank, torch_distributed_backend, "
        "use_device_communicator, use_message_queue_broadcaster=False, group_name=None, "
        "timeout=None",
        vd.GroupCoordinator.all_gatherv: "self, input_, dim=0, sizes=None",
        vd.GroupCoordinator.reduce_scatterv: "self, input_, dim=-1, sizes=None",
        vd.GroupCoordinator.broadcast_object_list: "self, obj_list, src=0, group=None",
        vd.GroupCoordinator.broadcast_tensor_dict: "self, tensor_dict=None, src=0, group=None, "
        "metadata_group=None",
        vd.GroupCoordinator.send_tensor_dict: "self, tensor_dict, dst=None, "
        "all_gather_group=None, all_gather_tensors=None",
        vd.GroupCoordinator.recv: "self, size, dtype, src=None",
    }
    for function, expected in signatures.items():
        actual = ", ".join(
            parameter.name
            if parameter.default is parameter.empty
            else f"{parameter.name}={parameter.default!r}"
            for parameter in inspect.signature(function).parameters.values()
        )
        assert actual == expected, function


@pytest.mark.parametrize("kind", EXCEPTIONS, ids=lambda kind: kind.__name__)
def test_exceptions_can_be_made_caught_and_read(kind: type[errors.DistributedError]) -> None:
    error = kind("what was wrong", group="tp:0", ranks=[1, 2])
    assert str(error) == "what was wrong"
    assert error.details == {"group": "tp:0", "ranks": [1, 2]}
    assert isinstance(error, errors.DistributedError)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.reason)


def test_reasons_are_distinct() -> None:
    assert len({kind.reason for kind in EXCEPTIONS}) == len(EXCEPTIONS)


@pytest.mark.parametrize(
    ("kind", "bases"),
    [
        (errors.InvalidArgumentError, (ValueError, AssertionError)),
        (errors.InvalidRankError, (ValueError, AssertionError)),
        (errors.ParallelSizeError, (ValueError, RuntimeError, AssertionError)),
        (errors.GroupNotInitializedError, (AssertionError,)),
        (errors.EnvironmentNotInitializedError, (AssertionError,)),
        (errors.EnvironmentConflictError, (AssertionError,)),
        (errors.CollectiveTimeoutError, (RuntimeError, TimeoutError)),
        (errors.RendezvousTimeoutError, (RuntimeError, TimeoutError)),
        (errors.UnsupportedDtypeError, (RuntimeError, ValueError)),
        (errors.EncodingError, (TypeError, ValueError)),
    ],
)
def test_code_written_for_vllm_still_catches_them(
    kind: type[Exception], bases: tuple[type[Exception], ...]
) -> None:
    assert all(issubclass(kind, base) for base in bases)


def test_getters_before_init_name_the_call_to_make() -> None:
    for getter, words in (
        (vd.get_world_group, r"init_distributed_environment\(\)"),
        (vd.get_node_count, r"init_distributed_environment\(\)"),
        (vd.get_tp_group, r"init_distributed_environment\(\) and then initialize_model_parallel"),
        (vd.get_tensor_model_parallel_rank, "initialize_model_parallel"),
        (vd.get_ep_group, "dense"),
        (vd.get_eplb_group, "load balancing"),
    ):
        with pytest.raises(AssertionError, match=words):
            getter()
    assert vd.is_global_first_rank()
    assert vd.is_local_first_rank()
    assert not vd.model_parallel_is_initialized()
    assert vd.broadcast_tensor_dict({"a": 1}) == {"a": 1}
    for undo in (
        vd.destroy_model_parallel,
        vd.destroy_distributed_environment,
        vd.cleanup_dist_env_and_memory,
    ):
        undo()
