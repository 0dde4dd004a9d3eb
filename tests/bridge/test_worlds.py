"""Worlds: start together, fail together, stop together."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import grpc
import pytest
from pool_harness import FAKE, SHORT, Block, Pool, alive, children, context_of, eventually

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client
from vllm_bridge.codec.errors import BridgeError, Category, from_rpc_error

Start = Callable[..., Pool]


def only_standalone(pool: Pool) -> Callable[[], object]:
    return lambda: len(children(pool.forkserver)) == 2 or children(pool.forkserver)


def test_start_run_stop(client: Client, pool: Pool) -> None:
    with client.start_world(tensor_parallel_size=2, pipeline_parallel_size=2) as world:
        assert world.info.state == pool_pb2.WORLD_READY
        assert world.info.world_size == 4
        assert world.info.epoch == 1
        assert world.info.backend == "gloo"
        assert [rank.info.rank for rank in world.ranks] == [0, 1, 2, 3]
        assert [rank.session_id for rank in world.ranks] == [
            f"{world.world_id}/rank-{rank}" for rank in range(4)
        ]
        pids = world.run(lambda session: context_of(session)["pid"])
        assert pids == [rank.info.pid for rank in world.ranks]
        assert len(set(pids)) == 4
        session = client.session(world.ranks[3].session_id)
        assert session.info.rank == 3
        assert session.info.world_id == world.world_id
        assert session.info.epoch == 1
        assert session.info.affinity == pool_pb2.STRICT_QUEUE
    eventually(lambda: not [pid for pid in pids if alive(pid)])
    assert world.refresh().state == pool_pb2.WORLD_STOPPED
    assert world.stop() is False
    with pytest.raises(BridgeError, match="was stopped") as caught:
        client.session(world.ranks[0].session_id)
    assert caught.value.reason == "session_closed"
    with pytest.raises(BridgeError, match="was stopped"):
        world.ranks[0].send(FAKE + "Echo", b"", SHORT)


def test_run_raises_what_a_rank_raised(client: Client) -> None:
    with client.start_world(tensor_parallel_size=2) as world:

        def fail_on_one(session: object) -> None:
            if session is world.ranks[1]:
                world.ranks[1].send(FAKE + "Fail", b"", SHORT)

        with pytest.raises(BridgeError, match="scripted"):
            world.run(fail_on_one)


def test_own_id_and_duplicates(client: Client) -> None:
    with client.start_world(world_id="mine") as world:
        assert world.world_id == "mine"
        with pytest.raises(BridgeError, match="'mine' is live") as caught:
            client.start_world(world_id="mine")
        assert caught.value.reason == "world_exists"


def test_restart_after_stop_has_a_new_epoch(client: Client) -> None:
    for epoch in (1, 2, 3):
        with client.start_world(world_id="again") as world:
            assert world.info.epoch == epoch
            assert client.session("again/rank-0").info.epoch == epoch


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("tensor_parallel_size", 0, "1 or more"),
        ("pipeline_parallel_size", -3, "1 or more"),
        ("data_parallel_size", 0, "1 or more"),
        ("prefill_context_parallel_size", 0, "1 or more"),
        ("decode_context_parallel_size", 0, "1 or more"),
        ("decode_context_parallel_size", 2, "must divide tensor_parallel_size, which is 1"),
        ("tensor_parallel_size", 65, "at most 64"),
        ("tensor_parallel_size", 2**62, "at most 64"),
        ("world_id", "a b", "characters"),
        ("world_id", "../x", "characters"),
        ("backend", "GLOO!", "torch.distributed backend"),
        ("timeout", timedelta(0), "more than 0"),
        ("timeout", timedelta(seconds=-1), "more than 0"),
    ],
)
def test_bad_requests(client: Client, field: str, value: object, said: str) -> None:
    before = len(client.status().worlds)
    with pytest.raises(BridgeError) as caught:
        client.start_world(**{field: value})  # type: ignore[arg-type]
    assert caught.value.category == Category.VALIDATION
    assert said in caught.value.message
    assert field in caught.value.message or "world_size" in caught.value.message
    assert len(client.status().worlds) == before


def test_unknown_world(client: Client) -> None:
    request = pool_pb2.GetWorldRequest(world_id="nothing")
    with pytest.raises(BridgeError, match="'nothing'") as caught:
        client._pool("GetWorld", request, pool_pb2.World, SHORT)
    assert caught.value.reason == "world_not_found"


def test_rank_that_reports_a_failure(client: Client, pool: Pool) -> None:
    eventually(only_standalone(pool))
    with pytest.raises(BridgeError, match=r"rank 1 of .* scripted failure") as caught:
        client.start_world(world_id="failing", tensor_parallel_size=3, backend="fail_1")
    assert caught.value.category == Category.PYTHON_ERROR
    assert caught.value.rank == 1
    assert only_standalone(pool)() is True
    assert client.start_world(world_id="failing").info.epoch == 2
    client._pool("StopWorld", pool_pb2.StopWorldRequest(world_id="failing"), pool_pb2.World, SHORT)


def test_rank_that_dies_while_starting_is_quoted(client: Client, pool: Pool) -> None:
    eventually(only_standalone(pool))
    with pytest.raises(BridgeError, match="last words of the rank") as caught:
        client.start_world(tensor_parallel_size=3, backend="die_1")
    assert caught.value.category == Category.WORKER
    assert caught.value.rank == 1
    assert "exited with status 3 before it was ready" in caught.value.message
    assert only_standalone(pool)() is True


@pytest.mark.timing
def test_rank_that_dies_before_the_others_are_ready(start: Start) -> None:
    # Rank 1 is ready and dies; no other comes up. Nobody waits for the others' timeout.
    pool = start("--start-timeout", "30")
    with pool.client() as client:
        before = time.monotonic()
        with pytest.raises(BridgeError, match="SIGKILL"):
            client.start_world(tensor_parallel_size=2, backend="die_1_late")
        assert time.monotonic() - before < 10


def test_start_has_a_time_limit(start: Start) -> None:
    pool = start("--start-timeout", "3")
    with pool.client() as client:
        # Loading torch may take longer than that on a busy machine; the pool tries again.
        eventually(lambda: client.status().pools[0].ready == 2, 60)
        with pytest.raises(
            BridgeError, match=r"rank 1 of world-1 .* not ready after 3\.1 s"
        ) as caught:
            client.start_world(
                tensor_parallel_size=2, backend="hang_1", timeout=timedelta(milliseconds=100)
            )
        assert caught.value.category == Category.TIMEOUT
        eventually(only_standalone(pool))


def start_hanging(client: Client, timeout: float | None) -> grpc.Future:
    request = pool_pb2.StartWorldRequest(world_id="hanging", tensor_parallel_size=2, backend="hang")
    channel = grpc.insecure_channel(client.endpoint)
    return channel.unary_unary("/vllm.bridge.v1.Pool/StartWorld").future(
        request.SerializeToString(), timeout=timeout
    )


def processes(client: Client) -> Callable[[], object]:
    def count() -> object:
        worlds = [world for world in client.status().worlds if world.world_id == "hanging"]
        return bool(worlds and [rank.pid for rank in worlds[-1].ranks if rank.pid][1:])

    return count


@pytest.mark.parametrize("how", ["cancelled", "deadline"])
def test_abandoned_start_is_undone(client: Client, pool: Pool, how: str) -> None:
    eventually(only_standalone(pool))
    call = start_hanging(client, 2.0 if how == "deadline" else None)
    if how == "cancelled":
        eventually(processes(client))
        call.cancel()
    else:
        assert call.exception().code() == grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(only_standalone(pool))
    eventually(lambda: client.status().worlds[-1].state == pool_pb2.WORLD_FAILED)


def test_stop_while_starting(client: Client, pool: Pool) -> None:
    call = start_hanging(client, None)
    eventually(processes(client))
    request = pool_pb2.StopWorldRequest(world_id="hanging")
    assert client._pool("StopWorld", request, pool_pb2.StopWorldResponse, SHORT).stopped
    error = from_rpc_error(call.exception())
    assert error.reason == "world_stopped"
    eventually(only_standalone(pool))


@pytest.mark.timing
@pytest.mark.parametrize("direct", [True, False])
def test_death_of_a_rank_fails_the_world(
    client: Client, pool: Pool, block: Callable[[], Block], direct: bool
) -> None:
    world = client.start_world(tensor_parallel_size=3)
    if not direct:
        for rank in world.ranks:
            rank.info.endpoint = ""
    victim = world.ranks[1]
    held = block()
    reason = (
        rf"rank 1 of {world.world_id} \(pid {victim.info.pid}\) was killed by signal 9 \(SIGKILL\)"
    )
    with ThreadPoolExecutor(2) as threads:
        # As in a collective: this rank waits for one that will never come.
        pending = threads.submit(
            world.ranks[0].send, FAKE + "Block", str(held.path).encode(), timedelta(seconds=60)
        )
        eventually(held.started)
        before = time.monotonic()
        os.kill(victim.info.pid, signal.SIGKILL)
        with pytest.raises(BridgeError, match=reason) as caught:
            pending.result(20)
    assert time.monotonic() - before < 2.0
    assert caught.value.reason == "session_worker_unavailable"
    assert caught.value.category == Category.WORKER
    assert "Restart the world, or start another" in caught.value.message
    for session in world.ranks:
        with pytest.raises(BridgeError, match=reason):
            session.send(FAKE + "Echo", b"", SHORT)
        with pytest.raises(BridgeError, match=reason):
            client.session(session.session_id)
    eventually(lambda: not [rank.pid for rank in world.info.ranks if alive(rank.pid)])
    eventually(lambda: {rank.state for rank in world.refresh().ranks} == {pool_pb2.DEAD})
    failed = world.info
    assert failed.state == pool_pb2.WORLD_FAILED
    assert failed.ranks[1].exit == "killed by signal 9 (SIGKILL)"
    restarted = client.start_world(world_id=world.world_id, tensor_parallel_size=3)
    assert restarted.info.epoch == world.info.epoch + 1
    assert restarted.ranks[0].send(FAKE + "Echo", b"1", SHORT) == b"1"
    assert restarted.stop() is True
    assert restarted.stop() is False


def test_stop_of_a_failed_world_closes_its_sessions(client: Client) -> None:
    world = client.start_world(tensor_parallel_size=2)
    os.kill(world.ranks[0].info.pid, signal.SIGKILL)
    eventually(lambda: world.refresh().state == pool_pb2.WORLD_FAILED)
    assert world.stop() is False
    with pytest.raises(BridgeError, match="was stopped") as caught:
        client.session(world.ranks[1].session_id)
    assert caught.value.reason == "session_closed"


def test_stop_kills_a_rank_that_does_not_leave(client: Client, block: Callable[[], Block]) -> None:
    world = client.start_world()
    os.kill(world.ranks[0].info.pid, signal.SIGSTOP)
    assert world.stop() is True
    assert not alive(world.ranks[0].info.pid)


def test_worlds_are_started_side_by_side(client: Client) -> None:
    with ThreadPoolExecutor(4) as threads:
        worlds = list(threads.map(lambda _: client.start_world(tensor_parallel_size=2), range(4)))
    assert len({world.world_id for world in worlds}) == 4
    assert len({rank.info.pid for world in worlds for rank in world.ranks}) == 8
    for world in worlds:
        world.stop()


def test_session_of_a_world_cannot_be_closed_alone(client: Client) -> None:
    with client.start_world() as world:
        with pytest.raises(BridgeError, match="stop the world") as caught:
            world.ranks[0].close()
        assert caught.value.reason == "session_of_world"
