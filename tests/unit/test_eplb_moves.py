"""Which rank sends which expert to which, in which rounds, and who stays in a slot."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vllm_distributed.eplb import (
    schedule_migration_batches,
    schedule_migration_batches_for_layers,
)
from vllm_distributed.eplb.migration_scheduler import Indices, sources_and_targets
from vllm_distributed.eplb.policy import EPLB_POLICIES, AbstractEplbPolicy, DefaultEplbPolicy
from vllm_distributed.eplb.rebalance_execute import get_ep_ranks_with_experts_batch
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError


@st.composite
def moves(draw: st.DrawFn) -> tuple[int, Indices, Indices]:
    """Slots of each rank, and two maps; each expert has a slot in the old one."""
    local, ranks = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    slots = local * ranks
    experts = draw(st.integers(1, slots))
    anything = st.integers(-1, experts - 1)
    more = draw(st.lists(anything, min_size=slots - experts, max_size=slots - experts))
    old = draw(st.permutations([*range(experts), *more]))
    new = draw(st.lists(anything, min_size=slots, max_size=slots))
    return local, np.array(old), np.array(new)


@given(moves())
def test_each_rank_gets_what_it_lacks_once_and_from_one_that_has_it(
    problem: tuple[int, Indices, Indices],
) -> None:
    local, old, new = problem
    found = sources_and_targets(local, old, new)
    held = [set(each.tolist()) - {-1} for each in old.reshape(-1, local)]
    wanted = [set(each.tolist()) - {-1} for each in new.reshape(-1, local)]
    assert Counter((target, expert) for _, target, expert in found) == Counter(
        (rank, expert) for rank, here in enumerate(wanted) for expert in here - held[rank]
    )
    assert all(expert in held[source] for source, _, expert in found)
    # Those that have an expert send it about equally often.
    for expert in {expert for _, _, expert in found}:
        sent = Counter(source for source, _, each in found if each == expert)
        holders = [rank for rank, here in enumerate(held) if expert in here]
        counts = [sent[rank] for rank in holders]
        assert max(counts) - min(counts) <= 1
    has, needs = get_ep_ranks_with_experts_batch(new[new != -1], local, old, new)
    for expert, ranks in needs.items():
        assert ranks == sorted(target for _, target, each in found if each == expert)
        assert has[expert] == [rank for rank, here in enumerate(held) if expert in here]


@given(moves())
def test_in_a_round_each_rank_has_one_partner(problem: tuple[int, Indices, Indices]) -> None:
    local, old, new = problem
    batches = schedule_migration_batches(local, old, new)
    for batch in batches:
        busy = Counter(rank for flow in batch for rank in (flow.src_rank, flow.dst_rank))
        assert set(busy.values()) <= {1}
    flows = [flow for batch in batches for flow in batch]
    assert len({(flow.src_rank, flow.dst_rank) for flow in flows}) == len(flows)
    assert all(list(flow.expert_ids) == sorted(flow.expert_ids) for flow in flows)
    assert sorted(
        (flow.src_rank, flow.dst_rank, expert) for flow in flows for expert in flow.expert_ids
    ) == sorted(sources_and_targets(local, old, new))
    layers = schedule_migration_batches_for_layers(
        local, np.stack([old, old]), np.stack([new, old])
    )
    assert layers == [batches, []]


def test_wrong_maps_are_named() -> None:
    old, new = np.array([0, 1]), np.array([1, 2])
    with pytest.raises(InvalidArgumentError, match="expert 2 is to go to rank 1, and no rank has"):
        schedule_migration_batches(1, old, new)
    with pytest.raises(InvalidArgumentError, match=r"got shapes \[2\] and \[1\]"):
        schedule_migration_batches(1, old, new[:1])
    with pytest.raises(InvalidArgumentError, match="not divisible by num_local_experts=3"):
        schedule_migration_batches(3, old, old)
    with pytest.raises(InvalidTypeError, match="num_local_experts must be an integer"):
        schedule_migration_batches(True, old, old)
    with pytest.raises(InvalidArgumentError, match=r"are \[layers, slots\]"):
        schedule_migration_batches_for_layers(1, old, old)


# Slots


@st.composite
def layouts(draw: st.DrawFn) -> tuple[int, Indices, Indices]:
    layers, ranks, size = draw(st.integers(1, 3)), draw(st.integers(1, 4)), draw(st.integers(1, 5))
    row = st.lists(st.integers(0, 6), min_size=ranks * size, max_size=ranks * size)
    rows = st.lists(row, min_size=layers, max_size=layers)
    return ranks, np.array(draw(rows)), np.array(draw(rows))


@given(layouts())
def test_who_stays_on_a_rank_stays_in_its_slot(problem: tuple[int, Indices, Indices]) -> None:
    ranks, old, new = problem
    found = DefaultEplbPolicy.preserve_intragpu_slots(new, ranks, old)
    size = new.shape[1] // ranks
    maps = (each.reshape(-1, size) for each in (found, new, old))
    for kept, wanted, before in zip(*maps, strict=True):
        assert Counter(kept.tolist()) == Counter(wanted.tolist())
        # As many as can: of each expert what both maps have of it.
        stays = (Counter(wanted.tolist()) & Counter(before.tolist())).total()
        assert int((kept == before).sum()) == stays
        # The others come in their order.
        others = Counter(wanted.tolist()) - Counter(before.tolist())
        rest = [expert for expert, was in zip(kept, before, strict=True) if expert != was]
        assert Counter(map(int, rest)) == others


def test_other_slots_leave_the_map_alone() -> None:
    new, old = np.array([[0, 1, 2, 0]]), np.array([[1, 0]])
    assert DefaultEplbPolicy.preserve_intragpu_slots(new, 2, old) is new
    with pytest.raises(InvalidArgumentError, match="with the same layers"):
        DefaultEplbPolicy.preserve_intragpu_slots(new, 2, np.array([[0], [0]]))
    with pytest.raises(InvalidArgumentError, match="num_ranks must be at least 1"):
        DefaultEplbPolicy.preserve_intragpu_slots(new, 0, old)


def test_the_policy_is_the_function_and_keeps_slots() -> None:
    policy = EPLB_POLICIES["default"]
    assert issubclass(policy, AbstractEplbPolicy)
    load = torch.tensor([[90.0, 10.0, 40.0, 5.0], [1.0, 1.0, 1.0, 50.0]])
    first = policy.rebalance_experts(load, 6, 1, 1, 2)
    assert first.shape == (2, 6)
    old = first.flip(1)
    again = policy.rebalance_experts(load, 6, 1, 1, 2, old)
    for layer in range(2):
        for rank in range(2):
            own = slice(rank * 3, rank * 3 + 3)
            assert sorted(again[layer, own].tolist()) == sorted(first[layer, own].tolist())
    same = policy.rebalance_experts(load, 6, 1, 1, 2, first)
    assert torch.equal(same, first)
