"""Lines of real ranks, as the Python client and the command line show them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pool_harness import Pool, environment, eventually, start_pool

from vllm_bridge import aio
from vllm_bridge.client import BridgeError, Client, World, connect

SOON = timedelta(seconds=30)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vllm_bridge", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        env=environment(),
    )


@pytest.fixture(scope="module")
def pool(short_tmp: Path) -> Iterator[Pool]:
    pool = start_pool(
        short_tmp / "logs", "--size", "0", "--allow", "failing_ranks.", entry_point=None
    )
    yield pool
    pool.stop()


@pytest.fixture(scope="module")
def client(pool: Pool) -> Iterator[Client]:
    with connect(pool.endpoint) as client:
        yield client


@pytest.fixture(scope="module")
def world(client: Client) -> Iterator[World]:
    with client.start_world(tensor_parallel_size=2, on_failure="keep") as world:
        yield world


def test_lines_say_whose_they_are(world: World, pool: Pool) -> None:
    with world.logs(tail=0, timeout=SOON) as lines:
        world.run(lambda rank: rank.run("failing_ranks.log_a_warning", "slow <b>\x1b[31m"))
        line = next(lines)
    assert (line.text, line.level) == ("slow <b>\x1b[31m", "warning")
    assert line.safe == "slow <b>\\x1b[31m"
    assert (line.world_id, line.ranks, line.dropped) == (world.world_id, (0, 1), 0)
    assert line.session_id == f"{world.world_id}/rank-{line.rank}"

    async def awaited() -> list[aio.LogLine]:
        async with aio.connect(pool.endpoint) as client:
            same = await client.world(world.world_id)
            async with same.logs([1], follow=False, fold=False, timeout=SOON) as lines:
                return [line async for line in lines]

    own = [line for line in asyncio.run(awaited()) if line.level == "warning"]
    assert [(line.ranks, line.text) for line in own] == [((1,), line.text)]


def test_a_dead_ranks_last_lines_stay_and_its_error_quotes_them(client: Client, pool: Pool) -> None:
    with client.start_world(tensor_parallel_size=2, on_failure="keep") as world:
        world.ranks[1].run("failing_ranks.log_a_warning", "the last words")
        with pytest.raises(BridgeError) as caught:
            world.ranks[1].run("failing_ranks.exit_with", 7)
        assert "WARNING the last words" in caught.value.message
        assert '{"time"' not in caught.value.message

        def shown() -> list[str]:
            lines = world.logs([1], follow=False)
            return [line.text for line in lines]

        eventually(lambda: any("has ended: exited with status 7" in text for text in shown()))
        assert "the last words" in shown()
        done = command("logs", world.world_id, "--rank", "1", "--connect", pool.endpoint)
        assert done.returncode == 0, done.stderr
        assert " rank 1 WARNING the last words\n" in done.stdout
        done = command("logs", world.world_id, "--json", "--tail", "1", "--connect", pool.endpoint)
        (entry,) = map(json.loads, done.stdout.splitlines())
        assert entry["world_id"] == world.world_id


def test_top_shows_what_each_rank_does(world: World, pool: Pool) -> None:
    done = command("top", "--once", "--sort", "memory", "--connect", pool.endpoint)
    assert done.returncode == 0, done.stderr
    for rank in range(2):
        assert f"{world.world_id} {rank}" in done.stdout
        assert f"tp {rank}" in done.stdout
    assert "sorted by memory" in done.stdout
    done = command("top", "--connect", pool.endpoint)
    assert done.returncode == 1
    assert "needs a terminal" in done.stderr


def test_a_wrong_argument_is_named(world: World, pool: Pool) -> None:
    for arguments in ({"ranks": "0"}, {"ranks": [True]}, {"tail": 1.5}, {"follow": "no"}):
        with pytest.raises(BridgeError) as caught:
            world.logs(**arguments)  # type: ignore[arg-type]
        assert caught.value.reason == "wrong_type"
        assert next(iter(arguments)) in caught.value.message
    with pytest.raises(BridgeError, match="tail is -1"):
        world.logs(tail=-1)
    unknown = command("logs", "nothing", "--connect", pool.endpoint)
    assert unknown.returncode == 1
    assert "there is no world 'nothing'" in unknown.stderr
