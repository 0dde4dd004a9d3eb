"""One running world per layout for the whole session: a test costs milliseconds, not a start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from rank_harness import SHARED_MEMORY, World

MOST = 6
"""Worlds that are kept: what a file goes through over and over, and not all that it ever used."""


@pytest.fixture(scope="session")
def worlds() -> Iterator[Callable[..., World]]:
    """Return a function from (size, sizes of initialize_model_parallel) to a running world, whose
    groups share memory unless it is to go `over` gloo."""
    running: dict[tuple[object, ...], World] = {}

    def get(size: int, *, over: str = SHARED_MEMORY, **sizes: int) -> World:
        key = (size, over, *sorted(sizes.items()))
        running[key] = running.pop(key, None) or World(size, over=over, **sizes)
        if len(running) > MOST:
            running.pop(next(iter(running))).stop()  # the one that was not used for longest
        return running[key]

    yield get
    for world in running.values():
        world.stop()


@pytest.fixture
def world_of(worlds: Callable[..., World]) -> Callable[..., World]:
    """`worlds`. Files whose tests go over both carriers have a `world_of` with parameters, made of
    `worlds`: pytest makes a fixture anew for each test where one of its name has parameters."""
    return worlds
