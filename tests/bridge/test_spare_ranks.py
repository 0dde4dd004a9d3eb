"""Processes that a world keeps ready for its restarts."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from gate_harness import LONG
from pool_harness import Pool, alive, children, connect, eventually, start_pool

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session, World
from vllm_bridge.codec.errors import BridgeError, Category


@pytest.fixture
def pool(short_tmp: Path) -> Iterator[Pool]:  # type: ignore[override]
    pool = start_pool(short_tmp / "spares", "--size", "0", "--attach-grace", "1", entry_point=None)
    yield pool
    pool.stop()
    print(pool.stderr())


@pytest.fixture
def client(pool: Pool) -> Iterator[Client]:
    with connect(pool.endpoint) as client:
        yield client


def pids(world: World) -> set[int]:
    return {rank.pid for rank in world.info.ranks}


def spares(pool: Pool, world: World, count: int) -> set[int]:
    """The processes beside the ranks of a world, when they are so many."""
    beside: set[int] = set()

    def are_there() -> bool:
        beside.clear()
        beside.update(set(children(pool.forkserver)) - pids(world))
        return len(beside) == count

    eventually(are_there, 60)
    return beside


def total(session: Session) -> float:
    ones = torch.ones(1)
    return float(session.call("tensor_model_parallel_all_reduce", ones, timeout=LONG).item())


def lose(world: World, state: pool_pb2.WorldState = pool_pb2.WORLD_FAILED) -> None:
    os.kill(world.info.ranks[1].pid, signal.SIGKILL)
    eventually(lambda: world.refresh().state == state)


def test_a_restart_takes_them_and_they_are_made_anew(client: Client, pool: Pool) -> None:
    world = client.start_world(tensor_parallel_size=2, spare_ranks=2)
    assert world.info.spare_ranks == 2
    for _ in range(2):
        kept = spares(pool, world, 2)
        lose(world)
        world = client.restart_world(world.world_id)
        assert pids(world) == kept
        assert world.run(total) == [2.0, 2.0]
    # One has died: a new process takes its place.
    kept = spares(pool, world, 2)
    one = kept.pop()
    os.kill(one, signal.SIGKILL)
    eventually(lambda: not alive(one))
    lose(world)
    world = client.restart_world(world.world_id)
    assert kept < pids(world)
    assert one not in pids(world)
    assert world.run(total) == [2.0, 2.0]
    spares(pool, world, 2)
    world.stop()
    eventually(lambda: children(pool.forkserver) == [])


def test_a_degraded_world_takes_them_too(client: Client, pool: Pool) -> None:
    world = client.start_world(tensor_parallel_size=2, spare_ranks=1, on_failure="keep")
    kept = spares(pool, world, 1)
    lose(world, pool_pb2.WORLD_DEGRADED)
    world = client.restart_world(world.world_id)
    assert kept < pids(world)
    assert world.run(total) == [2.0, 2.0]
    world.stop()
    eventually(lambda: children(pool.forkserver) == [])


def test_they_go_with_a_failed_world_that_is_stopped_or_loses_its_client(pool: Pool) -> None:
    with connect(pool.endpoint, client_id="owner") as client:
        world = client.start_world(tensor_parallel_size=2, spare_ranks=2)
        spares(pool, world, 2)
        lose(world)
        eventually(lambda: len(children(pool.forkserver)) == 2)
        client.stop_world(world.world_id)
        eventually(lambda: children(pool.forkserver) == [])
        world = client.start_world(tensor_parallel_size=2, spare_ranks=2)
        spares(pool, world, 2)
        lose(world)
    eventually(lambda: children(pool.forkserver) == [])


@pytest.mark.parametrize("milliseconds", [1, 10, 40])
def test_a_restart_that_is_given_up_leaves_nothing(
    client: Client, pool: Pool, milliseconds: int
) -> None:
    world = client.start_world(tensor_parallel_size=2, spare_ranks=2)
    spares(pool, world, 2)
    lose(world)
    request = pool_pb2.RestartWorldRequest(world_id=world.world_id)
    # It may have been ready by then.
    with contextlib.suppress(BridgeError):
        client._pool("RestartWorld", request, pool_pb2.World, timedelta(milliseconds=milliseconds))
    client.stop_world(world.world_id)
    eventually(lambda: children(pool.forkserver) == [])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_they_go_with_the_server(client: Client, pool: Pool, number: signal.Signals) -> None:
    world = client.start_world(tensor_parallel_size=2, spare_ranks=2)
    everything = {*spares(pool, world, 2), *pool.processes()}
    assert len(everything) == 6
    pool.process.send_signal(number)
    pool.process.wait(30)
    eventually(lambda: not [pid for pid in everything if alive(pid)])


def test_wrong_numbers_are_refused(client: Client) -> None:
    with pytest.raises(BridgeError, match="spare_ranks is 3; it must be 0 to 2") as caught:
        client.start_world(tensor_parallel_size=2, spare_ranks=3)
    assert caught.value.category == Category.VALIDATION
    for value in (-1, "1", None):
        with pytest.raises(BridgeError, match="spare_ranks is") as refused:
            client.start_world(spare_ranks=value)  # type: ignore[arg-type]
        assert refused.value.category == Category.VALIDATION
