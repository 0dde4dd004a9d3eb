"""One running world per layout for the whole session: a test costs milliseconds, not a start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from rank_harness import World


@pytest.fixture(scope="session")
def world_of() -> Iterator[Callable[..., World]]:
    """Return a function from (size, sizes of initialize_model_parallel) to a running world."""
    worlds: dict[tuple[object, ...], World] = {}

    def get(size: int, **sizes: int) -> World:
        key = (size, *sorted(sizes.items()))
        if key not in worlds:
            worlds[key] = World(size, **sizes)
        return worlds[key]

    yield get
    for world in worlds.values():
        world.stop()
