"""Expert load balancing: what holds for every load, and the published example."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import vllm_distributed as vd
from vllm_distributed.eplb import (
    expert_balancedness,
    get_expert_map,
    get_expert_placement,
    rebalance_experts,
)
from vllm_distributed.errors import InvalidArgumentError, InvalidRankError, InvalidTypeError


@st.composite
def problems(draw: st.DrawFn) -> tuple[torch.Tensor, int, int, int, int]:
    """Weights and sizes that fit each other, hierarchical and global."""
    nodes, gpus_of_node = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    groups, group_size = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    gpus, experts = nodes * gpus_of_node, groups * group_size
    if groups % nodes:  # then neither need divide
        gpus, experts = gpus + draw(st.integers(0, 2)), experts + draw(st.integers(0, 2))
    replicas = (math.ceil(experts / gpus) + draw(st.integers(0, 3))) * gpus
    load = st.one_of(st.just(0.0), st.floats(1e-3, 1e6), st.integers(0, 5).map(float))
    rows = draw(
        st.lists(st.lists(load, min_size=experts, max_size=experts), min_size=1, max_size=3)
    )
    return torch.tensor(rows, dtype=torch.float64), replicas, groups, nodes, gpus


def largest_load(weight: torch.Tensor, slots: list[int], gpus: int) -> float:
    """The largest load of a GPU, counted by hand."""
    each = len(slots) // gpus
    loads = [0.0] * gpus
    for slot, expert in enumerate(slots):
        loads[slot // each] += float(weight[expert]) / slots.count(expert)
    return max(loads)


def dealt(experts: list[int], slots: int, gpus: int) -> list[int]:
    """Slots dealt to experts in turn, and to GPUs in turn."""
    hands: list[list[int]] = [[] for _ in range(gpus)]
    for slot in range(slots):
        hands[slot % gpus].append(experts[slot % len(experts)])
    return [expert for hand in hands for expert in hand]


def round_robin(experts: int, replicas: int, groups: int, nodes: int, gpus: int) -> list[int]:
    if groups % nodes:
        return dealt(list(range(experts)), replicas, gpus)
    size, result = experts // groups, []
    for node in range(nodes):
        mine = [g * size + i for g in range(node, groups, nodes) for i in range(size)]
        result += dealt(mine, replicas // nodes, gpus // nodes)
    return result


@given(problems())
def test_every_expert_is_placed_and_the_maps_agree(problem: Any) -> None:
    weight, replicas, *_ = problem
    layers, experts = weight.shape
    physical, logical, counts = rebalance_experts(*problem)
    assert physical.shape == (layers, replicas)
    assert counts.shape == (layers, experts)
    assert logical.shape == (layers, experts, int(counts.max()))
    assert {part.dtype for part in (physical, logical, counts)} == {torch.int64}
    for layer in range(layers):
        slots = physical[layer].tolist()
        for expert in range(experts):
            places = [slot for slot in range(replicas) if slots[slot] == expert]
            assert places, "every expert has a slot"
            assert counts[layer, expert] == len(places)
            padding = [-1] * (logical.size(2) - len(places))
            assert logical[layer, expert].tolist() == places + padding
    assert counts.sum(dim=-1).tolist() == [replicas] * layers


@given(problems())
def test_never_worse_than_round_robin(problem: Any) -> None:
    weight, replicas, groups, nodes, gpus = problem
    physical, _, _ = rebalance_experts(*problem)
    baseline = round_robin(weight.size(1), replicas, groups, nodes, gpus)
    for row, slots in zip(weight, physical.tolist(), strict=True):
        mine, theirs = largest_load(row, slots, gpus), largest_load(row, baseline, gpus)
        assert mine <= theirs * (1 + 1e-9)


@given(problems())
def test_groups_stay_on_a_node_where_they_can(problem: Any) -> None:
    weight, replicas, groups, nodes, _ = problem
    physical, _, _ = rebalance_experts(*problem)
    if groups % nodes:
        return
    group_size = weight.size(1) // groups
    for slots in physical.view(-1, nodes, replicas // nodes).tolist():
        of_node = [{expert // group_size for expert in part} for part in slots]
        assert [len(part) for part in of_node] == [groups // nodes] * nodes
        assert len(set().union(*of_node)) == groups


@given(problems())
def test_deterministic_and_layers_do_not_touch_each_other(problem: Any) -> None:
    weight, *sizes = problem
    before = weight.clone()
    first, again = rebalance_experts(weight, *sizes), rebalance_experts(weight, *sizes)
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    assert torch.equal(weight, before)
    for layer in range(weight.size(0)):
        alone = rebalance_experts(weight[layer : layer + 1], *sizes)
        assert torch.equal(alone[0][0], first[0][layer])
    # Only the loads' proportions count, and a power of two changes no rounding.
    assert torch.equal(rebalance_experts(weight * 2, *sizes)[0], first[0])


@given(problems())
def test_replicas_follow_the_load(problem: Any) -> None:
    """No expert with more load has fewer replicas than another with less, on the same node."""
    weight, replicas, groups, nodes, gpus = problem
    if groups % nodes == 0 and nodes > 1:
        return
    physical, _, counts = rebalance_experts(*problem)
    baseline = round_robin(weight.size(1), replicas, groups, nodes, gpus)
    for row, slots, count in zip(weight, physical.tolist(), counts, strict=True):
        if slots == baseline or not row.any():
            continue
        order = row.argsort(descending=True)
        loads, sorted_counts = row[order], count[order]
        falls = sorted_counts[:-1] < sorted_counts[1:]
        assert not (falls & (loads[:-1] > loads[1:])).any()


def test_the_example_published_with_the_algorithm() -> None:
    """The input and result that the README of github.com/deepseek-ai/EPLB shows."""
    weight = torch.tensor(
        [
            [90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86],
            [20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27],
        ]
    )
    physical, logical, counts = rebalance_experts(weight, 16, 4, 2, 8)
    assert physical.tolist() == [
        [5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1],
        [7, 10, 6, 8, 6, 11, 8, 9, 2, 4, 5, 1, 5, 0, 3, 1],
    ]
    assert counts[0].tolist() == [1, 2, 1, 1, 2, 2, 1, 1, 1, 1, 2, 1]
    assert logical[0, 1].tolist() == [13, 15]
    load = (weight / counts).gather(1, physical)
    assert expert_balancedness(load, 8) > 0.8


def test_a_layer_without_load_is_replicated_evenly() -> None:
    _, _, counts = rebalance_experts(torch.zeros(1, 4), 10, 1, 1, 2)
    assert sorted(counts[0].tolist()) == [2, 2, 3, 3]


def test_no_layers_and_all_dtypes() -> None:
    physical, logical, counts = rebalance_experts(torch.zeros(0, 4), 6, 2, 2, 2)
    assert (physical.shape, counts.shape, logical.size(1)) == ((0, 6), (0, 4), 4)
    expected = rebalance_experts(torch.tensor([[8.0, 1, 2, 3]]), 6, 1, 1, 2)[0]
    for dtype in (torch.float32, torch.bfloat16, torch.int64, torch.int8, torch.float16):
        weight = torch.tensor([[8.0, 1, 2, 3]]).to(dtype)
        assert torch.equal(rebalance_experts(weight, 6, 1, 1, 2)[0], expected)


def test_the_size_of_deepseek_v3_is_fast_enough_to_run_in_a_step() -> None:
    """58 layers of 256 experts on 32 GPUs; better balanced than the plain placement."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.rand(58, 256, generator=generator) ** 4
    physical, _, counts = rebalance_experts(weight, 288, 8, 4, 32)
    balanced = expert_balancedness((weight / counts).gather(1, physical), 32)
    assert expert_balancedness(weight, 32) < 0.6
    assert balanced > 0.9


BAD: dict[str, tuple[tuple[Any, ...], type[Exception], str]] = {
    "negative": (
        (torch.tensor([[1.0, -2.0]]), 2, 1, 1, 1),
        InvalidArgumentError,
        r"weight\[0, 1\] is -2.0",
    ),
    "nan": ((torch.tensor([[float("nan")]]), 1, 1, 1, 1), InvalidArgumentError, "is nan"),
    "infinite": ((torch.tensor([[float("inf")]]), 1, 1, 1, 1), InvalidArgumentError, "is inf"),
    "one dim": ((torch.ones(4), 4, 1, 1, 1), InvalidArgumentError, r"\[layers, experts\].*\[4\]"),
    "no experts": ((torch.ones(2, 0), 4, 1, 1, 1), InvalidArgumentError, r"\[2, 0\]"),
    "not a tensor": (([[1.0]], 1, 1, 1, 1), InvalidTypeError, "list"),
    "complex": ((torch.ones(1, 1) * 1j, 1, 1, 1, 1), InvalidTypeError, "complex64"),
    "too few replicas": (
        (torch.ones(1, 4), 2, 1, 1, 1),
        InvalidArgumentError,
        "num_replicas=2 leaves no slot for 2 of the 4 experts",
    ),
    "replicas per gpu": (
        (torch.ones(1, 4), 6, 1, 1, 4),
        InvalidArgumentError,
        "num_replicas=6 is not divisible by num_gpus=4",
    ),
    "gpus per node": (
        (torch.ones(1, 4), 6, 2, 2, 3),
        InvalidArgumentError,
        "num_gpus=3 is not divisible by num_nodes=2",
    ),
    "experts per group": (
        (torch.ones(1, 4), 4, 3, 1, 1),
        InvalidArgumentError,
        "num_experts=4 is not divisible by num_groups=3",
    ),
    "zero gpus": ((torch.ones(1, 4), 4, 1, 1, 0), InvalidArgumentError, "num_gpus must be at"),
    "float groups": ((torch.ones(1, 4), 4, 1.0, 1, 1), InvalidTypeError, "num_groups"),
}


def test_groups_that_do_not_divide_among_the_nodes_count_for_nothing() -> None:
    weight = torch.tensor([[0.1, 0.9, 0.4, 0.2]])
    found = rebalance_experts(weight, 8, 3, 2, 4)
    for ours, of_one_node in zip(found, rebalance_experts(weight, 8, 1, 1, 4), strict=True):
        assert torch.equal(ours, of_one_node)


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name: str) -> None:
    arguments, kind, words = BAD[name]
    with pytest.raises(kind, match=words):
        rebalance_experts(*arguments)


@given(st.lists(st.lists(st.floats(0, 1e6), min_size=12, max_size=12), max_size=3))
def test_balancedness_is_a_share(rows: list[list[float]]) -> None:
    load = torch.tensor(rows, dtype=torch.float64).view(-1, 12)
    for gpus in (1, 2, 3, 12):
        value = expert_balancedness(load, gpus)
        assert 1 / gpus - 1e-9 <= value <= 1 + 1e-9
    assert expert_balancedness(load, 1) == pytest.approx(1.0)


def test_balancedness_weighs_layers_by_their_load() -> None:
    load = torch.tensor([[30, 10], [0, 1]])
    assert expert_balancedness(load, 2) == pytest.approx((20 + 0.5) / (30 + 1))
    assert expert_balancedness(torch.zeros(2, 2), 2) == 1.0
    with pytest.raises(InvalidArgumentError, match=r"num_physical_experts=2 .* num_gpus=3"):
        expert_balancedness(load, 3)
    with pytest.raises(InvalidArgumentError, match=r"load\[0, 0\] is -1"):
        expert_balancedness(torch.tensor([[-1.0]]), 1)


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["linear", "round_robin"]))
def test_placements_partition_the_experts(experts: int, ranks: int, strategy: str) -> None:
    if ranks > experts:
        with pytest.raises(InvalidArgumentError, match="cannot be placed"):
            get_expert_placement(experts, 0, ranks, strategy)
        return
    placed = [get_expert_placement(experts, rank, ranks, strategy) for rank in range(ranks)]
    assert sorted(expert for part in placed for expert in part) == list(range(experts))
    sizes = [len(part) for part in placed]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] - sizes[-1] <= 1
    for rank, part in enumerate(placed):
        numbers = get_expert_map(experts, rank, ranks, strategy)
        assert numbers.dtype is torch.int32
        assert [int(numbers[expert]) for expert in part] == list(range(len(part)))
        assert int((numbers >= 0).sum()) == len(part)
        if strategy == "linear":
            assert part == list(range(part[0], part[-1] + 1))
        else:
            assert all(expert % ranks == rank for expert in part)


def test_bad_placements_are_named() -> None:
    with pytest.raises(InvalidRankError, match=r"ep_rank=2 is not one of the 2 ranks"):
        get_expert_placement(4, 2, 2)
    with pytest.raises(InvalidArgumentError, match="'zigzag' is not one of linear, round_robin"):
        get_expert_placement(4, 0, 2, "zigzag")
    with pytest.raises(InvalidArgumentError, match="num_experts must be at least 1, got 0"):
        get_expert_map(0, 0, 1)
    with pytest.raises(InvalidTypeError, match="ep_rank must be an integer, got None"):
        get_expert_placement(4, None, 2)  # type: ignore[arg-type]


def test_the_package_exports_them() -> None:
    assert vd.rebalance_experts is rebalance_experts
    assert vd.expert_balancedness is expert_balancedness
    assert vd.get_expert_map is get_expert_map
    assert vd.get_expert_placement is get_expert_placement
