"""Gradients through the three operators, and what is refused so that none is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from rank_harness import CARRIERS, World

import vllm_distributed as vd
from vllm_distributed.errors import GradientError

Group = vd.GroupCoordinator


def pair(over: str) -> dict[str, Any]:
    return {"tensor_model_parallel_size": 2, "over": over}


def five() -> None:
    """Rank r's w is in the loss of both: 1 from w itself, 2 from each rank's sum."""
    group = vd.get_tp_group()
    for reduce in (group.all_reduce, vd.tensor_model_parallel_all_reduce, by_name):
        w = torch.full((3,), float(group.rank_in_group + 1), requires_grad=True)
        total = w + reduce(2 * w)
        assert total.requires_grad
        assert total.tolist() == [6.0 + w[0].item()] * 3
        total.sum().backward()
        assert w.grad is not None
        assert w.grad.tolist() == [5.0] * 3
    assert group.all_reduce(torch.ones(1)).item() == 2


def by_name(tensor: torch.Tensor) -> torch.Tensor:
    return vd.all_reduce(tensor, "tp:0")


@pytest.mark.parametrize("over", CARRIERS)
def test_w_plus_the_sum_of_2_w_has_gradient_5(world_of: Callable[..., World], over: str) -> None:
    world_of(2, **pair(over)).run(five)


class Spread(torch.autograd.Function):
    """The same tensor on every rank: its gradient is the sum of what the ranks have for it."""

    @staticmethod
    def forward(ctx: Any, whole: torch.Tensor) -> torch.Tensor:
        return whole.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        return Collect.apply(gradients[0][None]).sum(0)


class Collect(torch.autograd.Function):
    """All ranks' tensors, the same on every rank: a rank's gradient is its part's."""

    @staticmethod
    def forward(ctx: Any, own: torch.Tensor) -> torch.Tensor:
        return vd.get_tp_group().all_gather(own.detach(), 0)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        group = vd.get_tp_group()
        return Spread.apply(gradients[0]).chunk(group.world_size, 0)[group.rank_in_group]


def as_one_function(operation: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """Return what all ranks compute together, as a function of all their inputs."""

    def function(inputs: torch.Tensor) -> torch.Tensor:
        group = vd.get_tp_group()
        own = Spread.apply(inputs)[group.rank_in_group]
        return Collect.apply(operation(own * own)[None])

    return function


def checked() -> None:
    group = vd.get_tp_group()
    size, name = group.world_size, group.unique_name
    operations: list[Callable[[torch.Tensor], torch.Tensor]] = [
        group.all_reduce,
        *(lambda t, dim=dim: group.all_gather(t, dim) for dim in (0, 1, -1)),
        *(lambda t, dim=dim: group.reduce_scatter(t, dim) for dim in (0, 1, -1)),
        lambda t: vd.all_gather(t, 1, size, name),
        lambda t: group.all_gather(t.sum(), 0),
        lambda t: group.all_reduce(t.t()),
    ]
    inputs = torch.rand(
        size, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(1)
    ).requires_grad_()
    for operation in operations:
        function = as_one_function(operation)
        assert torch.autograd.gradcheck(function, inputs)
    assert torch.autograd.gradgradcheck(as_one_function(group.all_reduce), inputs)


@pytest.mark.parametrize("size", [2, 4])
def test_gradients_are_those_of_finite_differences(
    world_of: Callable[..., World], size: int
) -> None:
    world_of(size, tensor_model_parallel_size=size).run(checked, deadline_s=60)


class Layer(torch.nn.Module):
    """A layer whose first matrix is cut by columns, the second by rows; then what models do."""

    def __init__(self, group: Group | None) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        up = torch.randn(8, 16, generator=generator)
        down = torch.randn(16, 8, generator=generator)
        if group is not None:
            up = up.chunk(group.world_size, 1)[group.rank_in_group]
            down = down.chunk(group.world_size, 0)[group.rank_in_group]
        self.up, self.down = torch.nn.Parameter(up), torch.nn.Parameter(down)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return vd.tensor_model_parallel_all_reduce(torch.relu(tokens @ self.up) @ self.down)


def trained(backend: str | None) -> None:
    """The gradients of a layer cut up are the parts of the whole one's; each rank has the loss."""
    group = vd.get_tp_group()
    size, at = group.world_size, group.rank_in_group
    layer = Layer(group)
    run = layer if backend is None else torch.compile(layer, fullgraph=True, backend=backend)
    tokens = torch.randn(4, 8, generator=torch.Generator().manual_seed(2))
    (run(tokens) ** 2).sum().backward()
    whole = Layer(None)
    up, down = whole.up, whole.down
    ((torch.relu(tokens @ up) @ down) ** 2).sum().backward()
    for own, of_whole, dim in ((layer.up, up, 1), (layer.down, down, 0)):
        assert own.grad is not None
        assert of_whole.grad is not None
        expected = of_whole.grad.chunk(size, dim)[at] * size  # of the sum of all ranks' losses
        assert torch.allclose(own.grad, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("backend", [None, "aot_eager"])
def test_a_layer_cut_up_learns_what_the_whole_one_does(
    world_of: Callable[..., World], backend: str | None
) -> None:
    world_of(2, tensor_model_parallel_size=2).run(trained, backend, deadline_s=60)


def compiled_operators() -> None:
    group = vd.get_tp_group()

    def function(w: torch.Tensor) -> torch.Tensor:
        return group.all_gather(group.reduce_scatter(w * 2, 0) * 3, 0).sum() + w.sum()

    for run in (function, torch.compile(function, fullgraph=True, backend="aot_eager")):
        w = torch.ones(4, requires_grad=True)
        run(w).backward()
        assert w.grad is not None
        assert w.grad.tolist() == [1.0 + 2 * 2 * 3] * 4  # two losses


def test_gather_of_scatter_is_differentiated_eager_and_compiled(
    world_of: Callable[..., World],
) -> None:
    world_of(2, tensor_model_parallel_size=2).run(compiled_operators, deadline_s=60)


REFUSED: dict[str, Callable[[Group, torch.Tensor], Any]] = {
    "all_reduce_": lambda g, t: g.all_reduce_(t),
    "all_reduce, out": lambda g, t: g.all_reduce(t, torch.empty(2)),
    "all_gather, out": lambda g, t: g.all_gather(t, 0, torch.empty(4)),
    "reduce_scatter, out": lambda g, t: g.reduce_scatter(t, 0, torch.empty(1)),
    "all_gatherv": lambda g, t: g.all_gatherv(t, 0, [2, 2]),
    "all_gatherv, several": lambda g, t: g.all_gatherv([torch.ones(2), t]),
    "all_gatherv, unequal": lambda g, t: g.all_gatherv(t, 0, [2, 3] if g.is_first_rank else [3, 2]),
    "reduce_scatterv": lambda g, t: g.reduce_scatterv(t, 0, [1, 1]),
    "gather": lambda g, t: g.gather(t, 0),
    "broadcast": lambda g, t: g.broadcast(t, 0),
    "send": lambda g, t: g.send(t),
    "dispatch": lambda g, t: g.dispatch(t[:, None], torch.ones(2, 1), torch.ones(2, 1)),
    "the communicator's": lambda g, t: g.device_communicator.all_reduce(t),
    "send_tensor_dict": lambda g, t: g.send_tensor_dict({"a": {"b": t * 2}}),
    "isend_tensor_dict": lambda g, t: g.isend_tensor_dict({"a": t * 2}),
}


def refused() -> None:
    group = vd.get_tp_group()
    for name, call in REFUSED.items():
        for tensor in (torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True) * 2):
            with pytest.raises(GradientError, match=r"no_grad\(\)"):
                pytest.fail(f"{name} gave {call(group, tensor)}")
    leaf = torch.ones(2, requires_grad=True)
    if group.is_first_rank:
        with pytest.raises(GradientError):
            group.broadcast_tensor_dict({"a": leaf * 2})
    with torch.no_grad():
        assert group.all_reduce(leaf).tolist() == [2.0, 2.0]
        assert not group.all_reduce(leaf).requires_grad
        assert group.broadcast(leaf) is leaf
        assert group.all_reduce(leaf, torch.empty(2)).tolist() == [2.0, 2.0]
    assert leaf.is_leaf
    assert leaf.requires_grad


@pytest.mark.parametrize("over", CARRIERS)
def test_what_would_lose_a_gradient_is_refused_and_nothing_is_sent(
    world_of: Callable[..., World], over: str
) -> None:
    world_of(2, **pair(over)).run(refused)


def weights() -> None:
    """A dict's leaves and objects' tensors are values: weights, sent as they are."""
    group = vd.get_tp_group()
    linear = torch.nn.Linear(2, 3)
    with torch.no_grad():
        linear.weight.fill_(group.rank_in_group)
    named = dict(linear.named_parameters())
    received = group.broadcast_tensor_dict(named if group.is_first_rank else None)
    assert received is not None
    assert received["weight"].tolist() == [[0.0, 0.0]] * 3
    if group.is_first_rank:
        group.send_tensor_dict(named)
        group.send_object([linear.weight * 2], 1)
    else:
        there = group.recv_tensor_dict()
        assert there is not None
        assert not there["weight"].requires_grad
        assert group.recv_object(0)[0].tolist() == [[0.0, 0.0]] * 3


@pytest.mark.parametrize("over", CARRIERS)
def test_weights_are_sent_as_values(world_of: Callable[..., World], over: str) -> None:
    world_of(2, **pair(over)).run(weights)


def alone() -> None:
    group = vd.get_tp_group()
    w = torch.ones(3, requires_grad=True)
    group.all_reduce(2 * w).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [2.0] * 3
    with pytest.raises(GradientError):
        group.all_reduce(w, torch.empty(3))


def test_a_group_of_one_loses_no_gradient(world_of: Callable[..., World]) -> None:
    world_of(1).run(alone)
