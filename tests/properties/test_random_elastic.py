"""Long random runs of a world that grows, shrinks and gives up."""

from __future__ import annotations

import pytest
from test_elastic_ep import random_changes


@pytest.mark.parametrize("seed", range(1, 4))
def test_random_changes(seed: int) -> None:
    random_changes(seed, 12)
