"""One real pool per test session, and a way to start dedicated ones."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pool_harness import Block, Pool, connect, eventually, start_pool

from vllm_bridge.client import Client


@pytest.fixture(scope="session")
def short_tmp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory whose path leaves room for the names of sockets."""

    path = Path(tempfile.mkdtemp(prefix="vb-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_pool(short_tmp: Path) -> Iterator[Pool]:
    """The pool for tests that leave it as they found it. Two fake ranks."""
    pool = start_pool(short_tmp / "shared")
    with connect(pool.endpoint) as client:
        # Until torch is loaded; from then on ranks come within milliseconds.
        eventually(lambda: client.status().pools[0].ready == 2, 60)
    yield pool
    pool.stop()


@pytest.fixture(scope="session")
def real_pool(short_tmp: Path) -> Iterator[Pool]:
    """A pool of real ranks, for tests that leave it as they found it."""
    pool = start_pool(short_tmp / "real", entry_point=None)
    yield pool
    pool.stop()


@pytest.fixture
def pool(shared_pool: Pool) -> Pool:
    """The shared pool, alive."""
    assert shared_pool.process.poll() is None, shared_pool.stderr()
    return shared_pool


@pytest.fixture
def client(pool: Pool) -> Iterator[Client]:
    """A client of the shared pool."""
    with connect(pool.endpoint) as client:
        yield client


@pytest.fixture
def start(short_tmp: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Pool]]:
    """Start dedicated pools; they are stopped at the end."""
    pools: list[Pool] = []

    def begin(*arguments: str, **options: str) -> Pool:
        base = short_tmp / f"own-{len(list(short_tmp.iterdir()))}"
        pool = start_pool(base, *arguments, **options)
        pools.append(pool)
        return pool

    yield begin
    for pool in pools:
        pool.stop()


@pytest.fixture
def block(tmp_path: Path) -> Iterator[Callable[[], Block]]:
    """Make blocks; all are ended with the test."""
    blocks: list[Block] = []

    def make() -> Block:
        path = tmp_path / f"block-{len(blocks)}"
        path.touch()
        blocks.append(Block(path))
        return blocks[-1]

    yield make
    for made in blocks:
        made.end()
