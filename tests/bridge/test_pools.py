"""Several pools in one server: names, settings of their own, profiles, restart policies."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pool_harness import FAKE, SHORT, Block, Pool, connect, context_of, eventually, start_pool

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client
from vllm_bridge.codec.errors import BridgeError, Category

MakeBlock = Callable[[], Block]


CONFIG = """
[pools.default]
size = 1
max_sessions = 3

[pools.gpu]
size = 2
max_queue = 1
queue_timeout = 0.5
max_world_size = 2
allow = ["mypackage."]

[pools.none]
size = 0

[pools.fragile]
size = 1
restart = "never"

[pools.twice]
size = 1
restart = "2/600"

[profiles.patient]
call_timeout = 3600

[profiles.streaming]
stream_timeout = "infinity"
"""


@pytest.fixture(scope="module")
def server(short_tmp: Path) -> Iterator[Pool]:
    """One server with the pools of `CONFIG`."""
    config = short_tmp / "pools.toml"
    config.write_text(CONFIG)
    pool = start_pool(short_tmp / "pools", "--config", str(config))
    with connect(pool.endpoint) as client:
        # Until torch is loaded; then ranks come within milliseconds.
        eventually(lambda: all(info.ready == info.size for info in infos(client).values()), 60)
    yield pool
    pool.stop()


@pytest.fixture
def pools(server: Pool) -> Iterator[Client]:
    """A client of that server."""
    with connect(server.endpoint) as client:
        yield client


def infos(client: Client) -> dict[str, pool_pb2.PoolInfo]:
    return {info.name: info for info in client.status().pools}


def ranks_of(client: Client, pool_name: str) -> list[pool_pb2.RankInfo]:
    return [rank for rank in client.status().ranks if rank.pool_name == pool_name]


def test_status_names_the_pools(pools: Client) -> None:
    found = infos(pools)
    assert {name: info.size for name, info in found.items()} == {
        "default": 1,
        "gpu": 2,
        "none": 0,
        "fragile": 1,
        "twice": 1,
    }
    assert found["gpu"].max_queue == 1
    assert len(ranks_of(pools, "gpu")) == 2


def test_sessions_run_in_their_pool(pools: Client) -> None:
    pids = {rank.pid for rank in ranks_of(pools, "gpu")}
    with pools.open_session(pool_name="gpu", affinity="strict_queue") as strict:
        assert strict.info.pool_name == "gpu"
        assert strict.info.pid in pids
        assert infos(pools)["gpu"].sessions == 1
    with pools.open_session(pool_name="gpu") as hint:
        assert context_of(hint)["pid"] in pids
    by_use = (("vllm-session-id", "by-use"), ("vllm-pool-name", "gpu"))
    answer = pools.send(pools.endpoint, FAKE + "Context", b"", SHORT, by_use)
    assert json.loads(answer)["pid"] in pids
    assert pools.session("by-use").info.pool_name == "gpu"
    pools.session("by-use").close()
    with pools.open_session() as default:
        assert context_of(default)["pid"] not in pids


def test_calls_without_a_session_run_in_the_pool_they_name(pools: Client) -> None:
    pids = {rank.pid for rank in ranks_of(pools, "gpu")}
    metadata = (("vllm-pool-name", "gpu"),)
    answer = pools.send(pools.endpoint, FAKE + "Context", b"", SHORT, metadata)
    assert json.loads(answer)["pid"] in pids


def test_unknown_pool_is_refused_with_the_names(pools: Client) -> None:
    for attempt in (
        lambda: pools.open_session(pool_name="tpu"),
        lambda: pools._pool(
            "StartWorld", pool_pb2.StartWorldRequest(pool_name="tpu"), pool_pb2.World, SHORT
        ),
    ):
        with pytest.raises(BridgeError, match="default, gpu, none, fragile, twice") as caught:
            attempt()
        assert caught.value.reason == "pool_not_found"
        assert caught.value.details["pools"] == ["default", "gpu", "none", "fragile", "twice"]


def test_session_stays_in_its_pool(pools: Client) -> None:
    with pools.open_session("resident", pool_name="gpu"):
        with pytest.raises(BridgeError, match="in pool 'gpu', not in 'default'") as caught:
            pools.open_session("resident", pool_name="default")
        assert caught.value.reason == "pool_conflict"
        assert pools.open_session("resident").info.pool_name == "gpu"


def test_limits_are_those_of_the_pool(pools: Client) -> None:
    sessions = [pools.open_session() for _ in range(3)]
    with pytest.raises(BridgeError, match="in pool 'default', and at most 3 may be") as caught:
        pools.open_session()
    assert caught.value.reason == "too_many_sessions"
    assert caught.value.details == {"live": 3, "limit": 3}
    with pytest.raises(BridgeError, match="at most 3"):
        pools.start_world(tensor_parallel_size=2)
    with pools.open_session(pool_name="gpu"):
        pass
    sessions[0].close()
    sessions[0] = pools.open_session()
    for session in sessions:
        session.close()


def test_world_is_made_of_ranks_of_its_pool(pools: Client) -> None:
    request = pool_pb2.StartWorldRequest(tensor_parallel_size=2, pool_name="gpu")
    world = pools._pool("StartWorld", request, pool_pb2.World, None)
    assert world.pool_name == "gpu"
    assert {rank.pool_name for rank in world.ranks} == {"gpu"}
    assert pools.session(world.ranks[0].session_id).info.pool_name == "gpu"
    assert pools.stop_world(world.world_id) is True
    request.tensor_parallel_size = 4
    with pytest.raises(BridgeError, match="at most 2"):
        pools._pool("StartWorld", request, pool_pb2.World, None)


def test_queue_of_a_pool_has_its_limit_and_its_timeout(pools: Client, block: MakeBlock) -> None:
    session = pools.open_session(pool_name="gpu")
    blocks = [block(), block()]
    threads = [
        threading.Thread(target=session.send, args=(FAKE + "Block", str(b.path).encode(), None))
        for b in blocks
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: all(held.started() for held in blocks))
    refused: list[BridgeError] = []

    def wait_in_vain() -> None:
        try:
            session.send(FAKE + "Echo", b"", None)
        except BridgeError as error:
            refused.append(error)

    waiting = threading.Thread(target=wait_in_vain)
    waiting.start()
    eventually(lambda: infos(pools)["gpu"].queued == 1)
    with pytest.raises(BridgeError, match="1 calls wait") as caught:
        session.send(FAKE + "Echo", b"", SHORT)
    assert caught.value.reason == "queue_full"
    assert caught.value.details == {"depth": 1, "limit": 1}
    # The other pools are not concerned.
    with pools.open_session() as other:
        assert other.send(FAKE + "Echo", b"1", SHORT) == b"1"
    waiting.join(10)
    assert refused[0].reason == "queue_timeout"
    assert refused[0].category == Category.TIMEOUT
    assert refused[0].details["ran"] is False
    assert "queue_timeout" in refused[0].message
    assert infos(pools)["gpu"].queued == 0
    for held in blocks:
        held.end()
    for thread in threads:
        thread.join(10)
    session.close()


def test_pool_without_ranks_of_its_own(pools: Client) -> None:
    with pytest.raises(BridgeError, match="'none' has no ranks outside worlds") as caught:
        pools.open_session(pool_name="none", affinity="strict_queue")
    assert caught.value.reason == "no_ranks"
    assert infos(pools)["none"].failure == ""


def test_profiles_are_the_standard_ones_and_those_of_the_file(pools: Client) -> None:
    found = pools._pool(
        "GetProfiles", pool_pb2.GetProfilesRequest(), pool_pb2.Profiles, SHORT
    ).profiles
    timeouts = {
        profile.name: (
            profile.call_timeout.ToTimedelta() if profile.HasField("call_timeout") else None,
            profile.stream_timeout.ToTimedelta() if profile.HasField("stream_timeout") else None,
        )
        for profile in found
    }
    half_an_hour = timedelta(minutes=30)
    assert timeouts == {
        "default": (timedelta(seconds=120), half_an_hour),
        "ml_inference": (timedelta(seconds=600), half_an_hour),
        "batch_job": (None, None),
        "streaming": (timedelta(seconds=120), None),
        "patient": (timedelta(hours=1), half_an_hour),
    }


@pytest.mark.parametrize(("name", "restarts"), [("fragile", 0), ("twice", 2)])
def test_pool_gives_up_by_its_restart_policy(pools: Client, name: str, restarts: int) -> None:
    for done in range(restarts + 1):
        eventually(lambda: infos(pools)[name].ready == 1, 20)
        (rank,) = ranks_of(pools, name)
        assert rank.restarts == done
        assert infos(pools)[name].restarts == done
        assert infos(pools)[name].failure == ""
        os.kill(rank.pid, signal.SIGKILL)
        eventually(
            lambda pid=rank.pid: (
                [r.pid for r in ranks_of(pools, name)] != [pid] or bool(infos(pools)[name].failure)
            )
        )
    failure = infos(pools)[name].failure
    assert "restart policy" in failure
    assert "killed by signal 9" in failure
    assert "Restart the server" in failure
    with pytest.raises(BridgeError, match="replaces its ranks no more") as caught:
        pools.open_session(pool_name=name, affinity="strict_queue")
    assert caught.value.reason == "pool_failed"
    hint = pools.open_session(pool_name=name)
    with pytest.raises(BridgeError, match="replaces its ranks no more"):
        hint.send(FAKE + "Echo", b"", SHORT)
    hint.close()
    with pools.open_session(pool_name="gpu") as other:
        assert other.send(FAKE + "Echo", b"1", SHORT) == b"1"
