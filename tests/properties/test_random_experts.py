"""Long random runs of experts that move between two, four and eight ranks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from moving_experts import rearranged
from rank_harness import World


@pytest.mark.parametrize("size", [2, 4, 8])
@pytest.mark.parametrize("backend", ["shared_memory", "torch_gloo"])
def test_random_maps(world_of: Callable[..., World], size: int, backend: str) -> None:
    for seed in range(100, 110):
        world_of(size, tensor_model_parallel_size=size).run(rearranged, backend, seed, 10)
