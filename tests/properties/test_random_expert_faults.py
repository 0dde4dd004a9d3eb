"""Long random runs of ranks that exchange tokens, and die."""

from __future__ import annotations

import pytest
from faulty_experts import random_run
from rank_harness import outcomes_of


@pytest.mark.parametrize("size", [2, 4, 8])
def test_random_placements_deaths_and_batches(size: int) -> None:
    for seed in range(50, 54):
        found = outcomes_of(size, random_run, seed, 60)
        left = [each for each in found if each.error != "ProcessDied"]
        assert left
        assert all(each.error is None for each in left), left
        assert all(each.value == left[0].value for each in left)
