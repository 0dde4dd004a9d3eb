"""Long random runs of a store of objects against a model of it."""

from __future__ import annotations

import time

import pytest
import stored_objects


@pytest.mark.parametrize("seed", range(1000, 1004))
def test_random_steps(seed: int) -> None:
    until = time.monotonic() + 2
    while time.monotonic() < until:
        stored_objects.run(seed, 3000)
        seed += 10
