"""One running world per layout for the whole session: a test costs milliseconds, not a start."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from rank_harness import SHARED_MEMORY, World

_not_run: list[tuple[str, int]] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that need more CUDA devices than there are: `gpu` needs one, `gpu(n)` n.

    What was left out, and what it needs, is said at the end.
    """
    present = torch.cuda.device_count()
    left_out = []
    for item in items:
        marker = item.get_closest_marker("gpu")
        needed = 0 if marker is None else int(marker.args[0]) if marker.args else 1
        if needed > present:
            left_out.append(item)
            _not_run.append((item.nodeid, needed))
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests need devices that are not here."""
    for name, needed in _not_run:
        terminalreporter.write_line(
            f"not run: {name} needs {needed} CUDA device{'s' if needed > 1 else ''}, "
            f"here are {torch.cuda.device_count()}"
        )


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
