"""Long random runs of many ranks against a model of what they do. `make test-properties` runs
these: they take more time than a test of `make test` has, where a short run of each is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

for beside in ("ranks", "bridge"):
    sys.path.append(str(Path(__file__).parents[1] / beside))

from rank_harness import World  # noqa: E402


@pytest.fixture(scope="session")
def world_of() -> Iterator[Callable[..., World]]:
    """Return a function from (size, sizes of initialize_model_parallel) to a running world. There
    is one at a time."""
    running: dict[tuple[object, ...], World] = {}

    def get(size: int, **sizes: int) -> World:
        key = (size, *sorted(sizes.items()))
        if key not in running:
            while running:
                running.popitem()[1].stop()
            running[key] = World(size, **sizes)
        return running[key]

    yield get
    for world in running.values():
        world.stop()
