"""A pool of real ranks with a page, and a browser that looks at it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "bridge"))

from chromium import Chromium  # noqa: E402
from gate_harness import Callers  # noqa: E402
from pool_harness import Pool, connect, start_pool  # noqa: E402

from vllm_bridge.client import Client  # noqa: E402


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where pictures go, for people to look at."""
    folder = HERE.parents[1] / "build" / "page"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    browser = Chromium()
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    pool = start_pool(
        tmp_path_factory.mktemp("p") / "p",
        *("--page", "127.0.0.1:0", "--size", "2", "--allow", "time."),
        *("--max-world-size", "512", "--heartbeat-interval", "0.5"),
        entry_point=None,
    )
    yield pool
    pool.stop()
    print(pool.stderr()[-3000:])


@pytest.fixture(scope="session")
def fake_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """Of made-up ranks, which cost next to nothing."""
    pool = start_pool(
        tmp_path_factory.mktemp("f") / "f",
        *("--page", "127.0.0.1:0", "--size", "0", "--max-world-size", "512"),
    )
    yield pool
    pool.stop()


@pytest.fixture(scope="session")
def url(pool: Pool) -> str:
    return pool.ready["page"]


@pytest.fixture(scope="session")
def client(pool: Pool) -> Iterator[Client]:
    with connect(pool.endpoint) as client:
        yield client


@pytest.fixture(scope="session")
def callers() -> Iterator[Callers]:
    callers = Callers()
    yield callers
    callers.close()
