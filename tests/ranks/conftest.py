"""One running world per layout for the whole session: a test costs milliseconds, not a start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from rank_harness import SHARED_MEMORY, World


@pytest.fixture(scope="session")
def world_of() -> Iterator[Callable[..., World]]:
    """Return a function from (size, sizes of initialize_model_parallel) to a running world, whose
    groups share memory unless it is to go `over` gloo."""
    worlds: dict[tuple[object, ...], World] = {}

    def get(size: int, *, over: str = SHARED_MEMORY, **sizes: int) -> World:
        key = (size, over, *sorted(sizes.items()))
        if key not in worlds:
            worlds[key] = World(size, over=over, **sizes)
        return worlds[key]

    yield get
    for world in worlds.values():
        world.stop()
