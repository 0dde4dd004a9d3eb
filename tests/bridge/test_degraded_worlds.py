"""Worlds that go on without a rank that has died (`on_failure="keep"`)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from gate_harness import LONG, Callers, attempt, named, wait_until_at_gate, wait_until_running
from pool_harness import Pool, alive, connect, eventually, start_pool

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session, World
from vllm_bridge.codec.errors import BridgeError, Category

ALL_REDUCE = "tensor_model_parallel_all_reduce"


@pytest.fixture(scope="module")
def pool(short_tmp: Path) -> Iterator[Pool]:  # type: ignore[override]
    pool = start_pool(
        short_tmp / "degraded", *("--size", "0"), *("--allow", "time."), entry_point=None
    )
    yield pool
    pool.stop()
    print(pool.stderr())


@pytest.fixture(scope="module")
def client(pool: Pool) -> Iterator[Client]:
    with connect(pool.endpoint) as client:
        yield client


@pytest.fixture
def callers() -> Iterator[Callers]:
    callers = Callers()
    yield callers
    callers.close()


def lose(world: World, rank: int) -> None:
    """Kill a rank, and return when the pool knows."""
    os.kill(world.info.ranks[rank].pid, signal.SIGKILL)
    eventually(lambda: world.refresh().ranks[rank].state == pool_pb2.DEAD)


def totals(world: World, *members: int) -> list[float | None]:
    """One run in which these ranks add up their numbers over their tensor parallel groups."""

    def add(session: Session) -> float | None:
        rank = session.info.rank
        if rank not in members:
            return None
        return float(session.call(ALL_REDUCE, torch.tensor([float(rank)]), timeout=LONG).item())

    return world.run(add)


def test_ranks_of_other_groups_go_on(client: Client, callers: Callers) -> None:
    with client.start_world(
        tensor_parallel_size=2, data_parallel_size=2, on_failure="keep"
    ) as world:
        assert world.info.on_failure == pool_pb2.ON_FAILURE_KEEP
        assert totals(world, 0, 1, 2, 3) == [1.0, 1.0, 5.0, 5.0]
        pid = world.info.ranks[1].pid
        waiting = callers.begin(world.ranks[0], named(ALL_REDUCE, torch.ones(1)))
        wait_until_at_gate(world.ranks[0])
        lose(world, 1)

        info = world.refresh()
        assert info.state == pool_pb2.WORLD_DEGRADED
        assert "rank 1" in info.failure
        assert [rank.state == pool_pb2.DEAD for rank in info.ranks] == [False, True, False, False]
        assert info.ranks[1].exit == "killed by signal 9 (SIGKILL)"

        # Who waits for it, and who comes later, on any of its groups.
        assert waiting.result(30).reason == "peer_died"
        later = attempt(world.ranks[0], named(ALL_REDUCE, torch.ones(1)))
        assert later.reason == "peer_died"
        assert f"rank 1 of {world.world_id} (pid {pid})" in later.message
        assert "killed by signal 9" in later.message
        assert attempt(world.ranks[0], named("get_tp_group")).reason == "ok"

        # Calls to the rank itself, by whatever way.
        for session in (world.ranks[1], through_the_pool(world.ranks[1])):
            error = attempt(session, named("get_tp_group")).error
            assert error is not None
            assert (error.category, error.reason) == (Category.WORKER, "session_worker_unavailable")
            assert error.message.startswith(f"rank 1 of {world.world_id}")
            assert error.rank == 1
        with pytest.raises(BridgeError, match="rank 1") as caught:
            totals(world, 0, 1, 2, 3)
        assert caught.value.reason in ("session_worker_unavailable", "peer_died")

        # Runs, and the group without it.
        for _ in range(3):
            assert totals(world, 2, 3) == [None, None, 5.0, 5.0]
        assert world.refresh().run.number == 0
        assert "rank 1: killed by signal 9" in client.diagnose(world.world_id).text
        pids = [rank.pid for rank in info.ranks]
    eventually(lambda: not [pid for pid in pids if alive(pid)])
    assert world.refresh().state == pool_pb2.WORLD_STOPPED


def through_the_pool(session: Session) -> Session:
    info = pool_pb2.Session()
    info.CopyFrom(session.info)
    info.endpoint = info.frames_endpoint = ""
    return Session(session._link, info)


def test_a_run_whose_rank_has_died_in_a_call_leaves_its_turn(
    client: Client, callers: Callers
) -> None:
    with client.start_world(tensor_parallel_size=2, on_failure="keep") as world:

        def sleep_on_one(session: Session) -> None:
            if session.info.rank == 1:
                session.run("time.sleep", 60.0, timeout=3 * LONG)

        run = callers.begin(world.ranks[1], lambda _: world.run(sleep_on_one))
        wait_until_running(world.ranks[1])
        lose(world, 1)
        assert run.result(30).reason == "session_worker_unavailable"
        group = world.run(lambda session: None if session.info.rank else group_size(session))
        assert group == [2, None]


def group_size(session: Session) -> int:
    return int(session.call("get_tensor_model_parallel_world_size", timeout=LONG))


def test_a_degraded_world_is_restarted_whole(client: Client) -> None:
    world = client.start_world(tensor_parallel_size=2, on_failure="keep")
    survivor = world.info.ranks[0].pid
    lose(world, 1)
    with pytest.raises(BridgeError, match="is live") as caught:
        client.start_world(world_id=world.world_id)
    assert caught.value.reason == "world_exists"
    with client.restart_world(world.world_id) as again:
        assert again.info.epoch == world.info.epoch + 1
        assert again.info.state == pool_pb2.WORLD_READY
        assert again.info.on_failure == pool_pb2.ON_FAILURE_KEEP
        assert not alive(survivor)
        assert totals(again, 0, 1) == [1.0, 1.0]
        assert attempt(world.ranks[0], named("get_tp_group")).reason == "stale_session"


def test_a_world_fails_with_its_last_rank(client: Client) -> None:
    world = client.start_world(tensor_parallel_size=2, on_failure="keep")
    lose(world, 0)
    assert world.refresh().state == pool_pb2.WORLD_DEGRADED
    lose(world, 1)
    eventually(lambda: world.refresh().state == pool_pb2.WORLD_FAILED)
    assert "rank 1" in world.info.failure
    for session in world.ranks:
        assert attempt(session, named("get_tp_group")).reason == "session_worker_unavailable"
    with client.restart_world(world.world_id) as again:
        assert totals(again, 0, 1) == [1.0, 1.0]


def test_wrong_values_are_refused(client: Client) -> None:
    for value in ("retain", "", None, 3):
        with pytest.raises(BridgeError, match='must be "fail" or "keep"') as caught:
            client.start_world(on_failure=value)  # type: ignore[arg-type]
        assert caught.value.reason == "wrong_type"
    request = pool_pb2.StartWorldRequest(on_failure=7)  # type: ignore[arg-type]
    with pytest.raises(BridgeError, match="on_failure is 7") as refused:
        client._pool("StartWorld", request, pool_pb2.World, LONG)
    assert refused.value.category == Category.VALIDATION
