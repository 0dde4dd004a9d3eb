"""Tensors that stand for others: the three operators are traced, everything else is refused."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from rank_harness import CARRIERS, World
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch._subclasses.functional_tensor import FunctionalTensor, dispatch_functionalize
from torch.fx.experimental.proxy_tensor import make_fx

import vllm_distributed as vd
from vllm_distributed.errors import (
    EncodingError,
    GradientError,
    InvalidTypeError,
    TracedTensorError,
)

Group = vd.GroupCoordinator
Call = Callable[[Group, torch.Tensor], Any]

TRACED: dict[str, tuple[Call, list[int]]] = {
    "all_reduce": (lambda g, t: g.all_reduce(t), [2, 4]),
    "all_gather": (lambda g, t: g.all_gather(t, 0), [4, 4]),
    "all_gather, last": (lambda g, t: g.all_gather(t), [2, 8]),
    "reduce_scatter": (lambda g, t: g.reduce_scatter(t, 1), [2, 2]),
    "as functions": (lambda _, t: vd.tensor_model_parallel_all_reduce(t), [2, 4]),
    "gather, as functions": (lambda _, t: vd.tensor_model_parallel_all_gather(t, 0), [4, 4]),
    "by name": (lambda g, t: vd.reduce_scatter(t, 0, 2, g.unique_name), [1, 4]),
    "into out": (lambda g, t: g.all_gather(t, 0, torch.empty(4, 4)), [4, 4]),
}

REFUSED: dict[str, Call] = {
    "all_reduce_": lambda g, t: g.all_reduce_(t),
    "all_gatherv": lambda g, t: g.all_gatherv(t, 0, [2, 2]),
    "all_gatherv, several": lambda g, t: g.all_gatherv([t, t]),
    "reduce_scatterv": lambda g, t: g.reduce_scatterv(t, 0, [1, 1]),
    "gather": lambda g, t: g.gather(t, 0),
    "broadcast": lambda g, t: g.broadcast(t, 0),
    "send": lambda g, t: g.send(t),
    "dispatch": lambda g, t: g.dispatch(t, torch.ones(2, 1), torch.ones(2, 1)),
    "combine": lambda g, t: g.combine(t, sizes=[1, 1]),
    "tensor dict": lambda g, t: g.send_tensor_dict({"a": [t]}, 1 - g.rank_in_group),
    "tensor dict to all": lambda g, t: g.broadcast_tensor_dict({"a": t}, g.rank_in_group),
    "object": lambda g, t: g.send_object({"a": t}, 1 - g.rank_in_group),
    "objects": lambda g, t: g.broadcast_object_list([t], g.rank_in_group),
    "the communicator's": lambda g, t: g.device_communicator.all_reduce(t),
    "the communicator's gather": lambda g, t: g.device_communicator.all_gather(t, 0),
}

WITHOUT_TENSORS: dict[str, Callable[[Group], Any]] = {
    "recv": lambda g: g.recv(torch.Size([2]), torch.float32),
    "recv_object": lambda g: g.recv_object(1 - g.rank_in_group),
    "recv_tensor_dict": lambda g: g.recv_tensor_dict(),
    "broadcast_object": lambda g: g.broadcast_object(1),
}


def values_are_right(group: Group) -> None:
    """The group is in step."""
    assert group.all_reduce(torch.tensor([10.0, 1.0])).tolist() == [20.0, 2.0]
    group.barrier()


def fakes() -> None:
    group = vd.get_tp_group()
    mode = FakeTensorMode()
    with mode:
        fake = torch.ones(2, 4, dtype=torch.bfloat16)
        place = torch.ones(2, 4, dtype=torch.float32)
    for name, (call, shape) in TRACED.items():
        tensor = place if name == "into out" else fake
        with mode:
            result = call(group, tensor)
        assert isinstance(result, FakeTensor), name
        assert list(result.shape) == shape, name
        assert result.dtype == tensor.dtype
        if name != "into out":
            assert isinstance(call(group, tensor), FakeTensor), name  # outside of its mode
    for name, call in REFUSED.items():
        with pytest.raises(TracedTensorError, match="FakeTensor"):
            pytest.fail(f"{name} gave {call(group, fake)}")
    with mode:
        for name, bare in WITHOUT_TENSORS.items():
            with pytest.raises(TracedTensorError, match="FakeTensorMode"):
                pytest.fail(f"{name} gave {bare(group)}")
    values_are_right(group)


@pytest.mark.parametrize("over", CARRIERS)
def test_a_fake_tensor_has_shapes_and_sends_nothing(
    world_of: Callable[..., World], over: str
) -> None:
    world_of(2, tensor_model_parallel_size=2, over=over).run(fakes)


def traced(tracing_mode: str, pre_dispatch: bool) -> None:
    """The graph has an operator, not the numbers there happened to be when it was made."""
    group = vd.get_tp_group()

    def function(tensor: torch.Tensor) -> torch.Tensor:
        summed = vd.tensor_model_parallel_all_reduce(tensor)
        return group.all_gather(group.reduce_scatter(summed, 0), 0) * 1

    # torch itself makes constants of what it functionalizes before dispatch.
    wraps: list[Callable[..., Any]] = [lambda f: f]
    for wrap in wraps if pre_dispatch else [*wraps, torch.func.functionalize]:
        graph = make_fx(wrap(function), tracing_mode=tracing_mode, pre_dispatch=pre_dispatch)(
            torch.full((4,), 1.0 + group.rank_in_group)
        )
        names = [str(node.target) for node in graph.graph.nodes if node.op == "call_function"]
        for name in ("all_reduce", "reduce_scatter", "all_gather"):
            assert names.count(f"vllm_distributed.{name}.default") == 1, names
        assert not any("_tensor_constant" in str(node.target) for node in graph.graph.nodes), graph
        assert graph(torch.full((4,), 10.0)).tolist() == [40.0] * 4


@pytest.mark.parametrize("pre_dispatch", [False, True])
@pytest.mark.parametrize("tracing_mode", ["real", "fake", "symbolic"])
def test_a_trace_records_the_operators(
    world_of: Callable[..., World], tracing_mode: str, pre_dispatch: bool
) -> None:
    world_of(2, tensor_model_parallel_size=2).run(traced, tracing_mode, pre_dispatch)


def functional() -> None:
    group = vd.get_tp_group()
    seen: list[torch.Tensor] = []

    def function(tensor: torch.Tensor) -> torch.Tensor:
        seen.append(tensor)
        result = group.all_reduce(tensor.add_(1))
        assert isinstance(result, FunctionalTensor)
        return result * 1

    assert dispatch_functionalize(function)(torch.ones(2, 4)).tolist() == [[4.0] * 4] * 2
    tensor = seen[0]
    inner = torch._to_functional_tensor(torch.ones(2, 4))
    for one, words in ((tensor, "FunctionalTensor"), (inner, "functional tensor")):
        for name, call in REFUSED.items():
            with pytest.raises(TracedTensorError, match=words):
                pytest.fail(f"{name} gave {call(group, one)}")
    values_are_right(group)
    doubled = torch.func.functionalize(lambda t: group.all_reduce(t.add_(1)) + 1)
    assert doubled(torch.ones(3)).tolist() == [5.0] * 3


def test_functional_tensors_go_through_the_operators(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(functional)


def transformed() -> None:
    group = vd.get_tp_group()
    at = group.rank_in_group
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a batch is taken apart is slow
        batch = torch.arange(6.0).reshape(3, 2) + at
        summed = torch.vmap(lambda t: group.all_reduce(t) * 1)(batch)
        assert torch.equal(summed, torch.arange(6.0).reshape(3, 2) * 2 + 1)
    with pytest.raises(GradientError, match=r"tensor\.backward.* torch.func's grad"):
        torch.func.grad(lambda w: group.all_reduce(2 * w).sum())(torch.ones(3))
    for call in (
        lambda t: group.broadcast(t, 0),
        lambda t: group.recv(torch.Size([2]), torch.float32),
    ):
        with pytest.raises(TracedTensorError, match="vmap"):
            torch.vmap(call)(batch)
    with pytest.raises(GradientError, match="jvp"):
        torch.func.jvp(lambda t: group.all_reduce(t), (torch.ones(2),), (torch.ones(2),))
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(torch.ones(2), torch.ones(2))
        with pytest.raises(TracedTensorError, match="forward_ad"):
            group.all_reduce(dual)
    values_are_right(group)


def test_a_batched_tensor_is_summed_or_refused(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(transformed)


def nested() -> None:
    group = vd.get_tp_group()
    parts = [torch.ones(2), torch.ones(2)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nested tensors are a prototype
        kinds = [
            torch.nested.nested_tensor(parts, layout=layout)
            for layout in (torch.strided, torch.jagged)
        ]
    operators: dict[str, Call] = {name: call for name, (call, _) in TRACED.items()}
    for tensor in kinds:
        for name, call in {**REFUSED, **operators}.items():
            with pytest.raises((InvalidTypeError, EncodingError), match=r"nested|jagged"):
                pytest.fail(f"{name} gave {call(group, tensor)}")
    values_are_right(group)


@pytest.mark.parametrize("over", CARRIERS)
def test_a_nested_tensor_is_refused_in_our_words(world_of: Callable[..., World], over: str) -> None:
    world_of(2, tensor_model_parallel_size=2, over=over).run(nested)


class Counting(torch.utils._python_dispatch.TorchDispatchMode):
    """A mode of one's own: it sees what passes, and lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        self.seen.append(str(func))
        return func(*args, **(kwargs or {}))


def counted() -> None:
    group = vd.get_tp_group()
    with Counting():
        assert group.all_reduce(torch.ones(3)).tolist() == [2.0] * 3
        group.broadcast(torch.ones(3))
        group.barrier()


def test_a_mode_of_ones_own_changes_nothing(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(counted)


class Named(torch.Tensor):
    """A subclass that has values as any tensor."""


def subclasses() -> None:
    group = vd.get_tp_group()
    named = torch.ones(3).as_subclass(Named)
    assert group.all_reduce(named).tolist() == [2.0] * 3
    assert group.broadcast(named) is named
    assert vd.broadcast_tensor_dict({"a": named}) is not None
    parameter = torch.nn.Parameter(torch.ones(3), requires_grad=False)
    assert group.all_reduce(parameter).tolist() == [2.0] * 3


def test_subclasses_with_values_are_tensors(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(subclasses)
