"""The map from slots to experts, the other way round."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import vllm_distributed as vd
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError


@given(
    st.integers(1, 6).flatmap(
        lambda experts: st.tuples(
            st.just(experts),
            st.integers(0, 8).flatmap(
                lambda slots: st.lists(
                    st.lists(st.integers(-1, experts - 1), min_size=slots, max_size=slots),
                    min_size=1,
                    max_size=3,
                )
            ),
        )
    ),
    st.sampled_from([torch.int64, torch.int32]),
)
def test_each_expert_has_the_slots_that_have_it(
    problem: tuple[int, list[list[int]]], dtype: torch.dtype
) -> None:
    experts, layers = problem
    given_map = torch.tensor(layers, dtype=dtype).view(len(layers), -1)
    slots, counts = vd.compute_logical_maps(given_map, experts)
    assert slots.dtype == counts.dtype == dtype
    most = max((row.count(expert) for row in layers for expert in range(experts)), default=0)
    assert slots.shape == (len(layers), experts, most)
    for layer, row in enumerate(layers):
        for expert in range(experts):
            has = [slot for slot, each in enumerate(row) if each == expert]
            assert slots[layer, expert].tolist() == has + [-1] * (most - len(has))
            assert int(counts[layer, expert]) == len(has)
    one_slots, one_counts = vd.compute_logical_maps(given_map[0], experts)
    most = int(counts[0].max())
    assert torch.equal(one_slots, slots[0, :, :most])
    assert torch.equal(one_counts, counts[0])


@pytest.mark.parametrize(
    ("given_map", "experts", "error", "says"),
    [
        (torch.tensor([[0, 3]]), 3, InvalidArgumentError, "slot 1 of layer 0 has expert 3"),
        (torch.tensor([0, -2]), 3, InvalidArgumentError, "has expert -2: experts are 0 to 2"),
        (torch.tensor([0.0]), 3, InvalidTypeError, "must hold integers, got torch.float32"),
        ([0, 1], 3, InvalidTypeError, "must be a torch.Tensor, got list"),
        (torch.zeros(1, 1, 1, dtype=torch.int64), 3, InvalidArgumentError, r"got \[1, 1, 1\]"),
        (torch.tensor(0), 3, InvalidArgumentError, r"\[layers, slots\] or \[slots\], got \[\]"),
        (torch.tensor([0]), 0, InvalidArgumentError, "num_logical_experts must be at least 1"),
        (torch.tensor([0], device="meta"), 1, InvalidTypeError, "is on meta: call .cpu"),
    ],
)
def test_wrong_maps_are_named(
    given_map: Any, experts: int, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        vd.compute_logical_maps(given_map, experts)
