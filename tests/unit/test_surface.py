"""The names, signatures and exceptions others build on."""

from __future__ import annotations

import inspect
import re
import typing
from typing import Any

import pytest
import torch

import vllm_distributed as vd
from vllm_distributed import errors
from vllm_distributed.transports import select as choice

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
    """By the names of the package, where a module imports what is slow to load in a call."""
    hints = typing.get_type_hints(
        function, localns={name: getattr(vd, name) for name in vd.__all__}
    )
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


@pytest.mark.parametrize("enable", [1, 0, None, "yes", torch.tensor(True)])
def test_the_switch_for_custom_all_reduce_is_true_or_false(enable: Any) -> None:
    before = choice._custom_all_reduce
    with pytest.raises(errors.InvalidTypeError, match="enable must be True or False, got"):
        vd.set_custom_all_reduce(enable)
    assert choice._custom_all_reduce is before


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
