"""The Python client against real pools: timeouts, ownership, watching, restarting, diagnosing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pool_harness import (
    FAKE,
    SHORT,
    Block,
    Pool,
    alive,
    connect,
    context_of,
    environment,
    eventually,
    start_pool,
)

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session
from vllm_bridge.client._blocking import Blocking, now
from vllm_bridge.client._calls.timeouts import (
    STANDARD,
    STANDARD_STREAMS,
    UNSET,
    Profiles,
    Timeout,
    within,
)
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.settings import profiles as served

GRACE_SECONDS = 0.3

CONFIGURATION = """
[server]
attach_grace = 0.3

[pools.default]
size = 2

[pools.other]
size = 1

[profiles.default]
call_timeout = 70

[profiles.hasty]
call_timeout = 0.05

[profiles.patient]
call_timeout = "infinity"
"""


@pytest.fixture(scope="module")
def server(short_tmp: Path) -> Iterator[Pool]:
    """Two pools of fake ranks, profiles of its own, and a short grace period."""
    path = short_tmp / "client.toml"
    path.write_text(CONFIGURATION)
    pool = start_pool(short_tmp / "client", "--config", str(path))
    yield pool
    pool.stop()


async def no_profiles() -> pool_pb2.Profiles | None:
    """What an older pool answers."""
    return None


@pytest.fixture
def client(server: Pool) -> Iterator[Client]:
    with connect(server.endpoint) as client:
        yield client


def live(client: Client) -> set[str]:
    """Ids of the live sessions."""
    return {session.session_id for session in client.status().sessions}


def test_built_in_profiles_are_those_of_the_pool() -> None:
    of_pool = {name: profile.call_timeout for name, profile in served.STANDARD.items()}
    assert of_pool == STANDARD
    of_streams = {name: profile.stream_timeout for name, profile in served.STANDARD.items()}
    assert of_streams == STANDARD_STREAMS


@pytest.mark.parametrize(
    ("of_client", "timeout", "profile", "expected"),
    [
        ("", UNSET, "", timedelta(seconds=70)),
        ("", UNSET, "default", timedelta(seconds=70)),
        ("", UNSET, "hasty", timedelta(seconds=0.05)),
        ("", UNSET, "patient", None),
        ("", UNSET, "batch_job", None),
        ("", UNSET, "ml_inference", timedelta(seconds=600)),
        ("hasty", UNSET, "", timedelta(seconds=0.05)),
        ("hasty", UNSET, "patient", None),
        ("hasty", timedelta(seconds=3), "patient", timedelta(seconds=3)),
        ("hasty", None, "hasty", None),
    ],
)
def test_timeout_goes_before_profile_before_default(
    server: Pool, of_client: str, timeout: Timeout, profile: str, expected: timedelta | None
) -> None:
    with connect(server.endpoint, timeout_profile=of_client) as client:
        assert now(client._link.profiles.resolve(timeout, profile)) == expected


def test_a_profile_that_is_not_there(client: Client) -> None:
    with client.open_session() as session, pytest.raises(BridgeError) as caught:
        session.run("torch.arange", 3, timeout_profile="hsaty")
    assert caught.value.reason == "unknown_timeout_profile"
    assert "hasty" in caught.value.message


def test_a_timeout_of_another_type(client: Client) -> None:
    with client.open_session() as session, pytest.raises(BridgeError) as caught:
        session.call("get_pp_indices", 61, 0, 4, timeout=5)  # type: ignore[arg-type]
    assert caught.value.reason == "wrong_type"
    assert "timedelta" in caught.value.message


def test_pools_without_profiles_have_the_standard_ones() -> None:
    profiles = Profiles("", no_profiles, Blocking())
    assert now(profiles.resolve(UNSET, "ml_inference")) == timedelta(seconds=600)


def test_profiles_are_asked_for_again_after_a_failure() -> None:
    answers: list[pool_pb2.Profiles] = []

    async def fetch() -> pool_pb2.Profiles:
        if not answers:
            raise BridgeError(Category.GRPC_ERROR, "pool_unreachable", "no pool answers")
        return answers[0]

    profiles = Profiles("", fetch, Blocking())
    assert now(profiles.resolve(UNSET, "")) == timedelta(seconds=120)
    own = pool_pb2.TimeoutProfile(name="own")
    own.call_timeout.FromTimedelta(timedelta(seconds=7))
    answers.append(pool_pb2.Profiles(profiles=[own]))
    assert now(profiles.resolve(UNSET, "own")) == timedelta(seconds=7)


def test_a_profile_ends_a_call(real_pool: Pool) -> None:
    with connect(real_pool.endpoint) as client, client.open_session() as session:
        client._link.profiles._table = {**STANDARD, "hasty": timedelta(milliseconds=300)}
        matrix = session.run("torch.zeros", 700, 700)
        with pytest.raises(BridgeError) as caught:
            session.run("torch.linalg.matrix_power", matrix, 2**60, timeout_profile="hasty")
    assert caught.value.category is Category.TIMEOUT
    assert caught.value.reason == "deadline_exceeded"
    assert "0.3 s" in caught.value.message


@pytest.mark.timing
def test_world_run_bounds_every_call(client: Client, block: Callable[[], Block]) -> None:
    with client.start_world(tensor_parallel_size=2, world_id="bounded") as world:
        held = block()

        def work(session: Session) -> bytes:
            if session.info.rank == 1:
                allowed = session.allowed(None)
                return session.send(FAKE + "Block", str(held.path).encode(), allowed)
            return session.send(FAKE + "Echo", b"1", SHORT)

        begin = time.monotonic()
        with pytest.raises(BridgeError) as caught:
            world.run(work, timeout=timedelta(seconds=1))
        assert 0.8 < time.monotonic() - begin < 10
        assert caught.value.category is Category.TIMEOUT
        assert caught.value.rank == 1
        held.end()


def test_no_call_is_sent_when_the_time_of_the_run_is_over() -> None:
    profiles = Profiles("", no_profiles, Blocking())
    with within(timedelta(seconds=5)):
        allowed = now(profiles.resolve(None, ""))
        assert allowed is not None
        assert allowed <= timedelta(seconds=5)
        assert now(profiles.resolve(timedelta(seconds=1), "")) == timedelta(seconds=1)
    with within(timedelta(0)), pytest.raises(BridgeError, match="was not sent"):
        now(profiles.resolve(UNSET, ""))
    assert now(profiles.resolve(None, "")) is None


def test_a_stuck_call_says_what_the_world_is_doing(
    client: Client, block: Callable[[], Block]
) -> None:
    with client.start_world(tensor_parallel_size=2, world_id="stuck") as world:
        held = block()
        with pytest.raises(BridgeError) as caught:
            world.ranks[1].send(FAKE + "Block", str(held.path).encode(), timedelta(seconds=1))
        assert "it cannot be interrupted and goes on" in caught.value.message
        assert "rank 0" in caught.value.message, "the diagnosis has a line per rank"
        held.end()


def test_pool_names(client: Client) -> None:
    with client.open_session(pool_name="other", affinity="strict_queue") as session:
        assert session.info.pool_name == "other"
    with client.start_world(pool_name="other", tensor_parallel_size=1) as world:
        assert world.info.pool_name == "other"
    with pytest.raises(BridgeError) as caught:
        client.open_session(pool_name="none")
    assert caught.value.reason == "pool_not_found"


@pytest.mark.timing
def test_closing_a_client_ends_what_it_owns(server: Pool, client: Client) -> None:
    with connect(server.endpoint, client_id="owner") as owner:
        session = owner.open_session(affinity="strict_queue").session_id
        world = owner.start_world(tensor_parallel_size=2)
        unowned = client.open_session().session_id
        # Longer than the grace period: the attachment holds them.
        begun = time.monotonic()
        eventually(lambda: time.monotonic() - begun > 2 * GRACE_SECONDS)
        assert session in live(client)
        assert world.refresh().state == pool_pb2.WORLD_READY
    eventually(lambda: session not in live(client))
    eventually(
        lambda: (
            client._pool(
                "GetWorld", pool_pb2.GetWorldRequest(world_id=world.world_id), pool_pb2.World, SHORT
            ).state
            == pool_pb2.WORLD_STOPPED
        )
    )
    assert unowned in live(client)


OWNER = """
import os, sys
from vllm_bridge.client import connect
client = connect(sys.argv[1], client_id="killed")
session = client.open_session(affinity="strict_queue")
world = client.start_world(tensor_parallel_size=2)
pid = os.fork()
if pid:
    print(session.session_id, world.world_id, pid, flush=True)
sys.stdin.read()
"""


def test_what_a_killed_client_owned_ends_though_a_child_of_it_lives(
    server: Pool, client: Client
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, server.endpoint],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert process.stdout is not None
        session, world, child = process.stdout.readline().split()
        assert session in live(client)
        assert client.world(world).info.state == pool_pb2.WORLD_READY
        process.kill()
        process.wait(20)
        eventually(lambda: session not in live(client))
        eventually(lambda: client.world(world).info.state == pool_pb2.WORLD_STOPPED)
        assert alive(int(child))
    finally:
        process.kill()
        process.communicate()


def test_a_client_id_that_cannot_be(server: Pool) -> None:
    with connect(server.endpoint, client_id="two words") as client:
        with pytest.raises(BridgeError) as caught:
            client.open_session()
        assert caught.value.reason == "invalid_client_id"


def test_a_client_comes_back_after_its_server_did(short_tmp: Path) -> None:
    path = short_tmp / "again.sock"
    first = start_pool(short_tmp / "again", "--listen", f"unix:{path}", "--size", "1")
    with connect(first.endpoint, client_id="steady") as client:
        client.open_session()
        assert first.stop() == 0
        second = start_pool(short_tmp / "again", "--listen", f"unix:{path}", "--size", "1")
        try:
            eventually(lambda: attached_again(client), 20)
            assert client.open_session().info.client_id == "steady"
        finally:
            second.stop()


def attached_again(client: Client) -> bool:
    try:
        client.open_session()
    except BridgeError as error:
        if error.reason not in ("pool_unreachable", "pool_stopping"):
            raise
        return False
    return True


def test_watch(client: Client) -> None:
    with client.watch() as watch:
        session = client.open_session()
        opened = next(watch)
        assert opened.session.session.session_id == session.session_id
        assert opened.session.ended == ""
        session.close()
        assert "closed" in next(watch).session.ended


def test_watch_one_world_with_what_is_there(client: Client) -> None:
    with (
        client.start_world(world_id="watched", tensor_parallel_size=2) as world,
        client.watch("watched", current=True) as watch,
    ):
        kinds = {kind(next(watch)) for _ in range(5)}
        assert kinds == {"world", "rank", "session"}
        client.open_session().close()
        os.kill(world.ranks[0].info.pid, signal.SIGKILL)
        while (event := next(watch)).world.state != pool_pb2.WORLD_FAILED:
            assert kind(event) in ("world", "rank", "session")
        assert "rank 0" in event.world.failure


def kind(event: pool_pb2.Event) -> str:
    """Which of the three an event is of."""
    return next(name for name in ("world", "rank", "session") if event.HasField(name))  # type: ignore[arg-type]


def test_a_watch_is_closed_from_another_thread(client: Client) -> None:
    watch = client.watch("nothing-happens-here")
    threading.Timer(0.1, watch.close).start()
    assert list(watch) == []


def test_a_watch_has_the_stream_timeout_of_its_profile(client: Client) -> None:
    profiles = client._link.profiles
    assert now(profiles.resolve_stream(UNSET, "")) == timedelta(seconds=1800)
    assert now(profiles.resolve_stream(UNSET, "batch_job")) is None
    given = timedelta(seconds=3)
    assert now(profiles.resolve_stream(given, "batch_job")) == given
    profiles._streams = {**STANDARD_STREAMS, "hasty": timedelta(milliseconds=200)}
    watch = client.watch("nothing-happens-here", timeout_profile="hasty")
    with pytest.raises(BridgeError) as caught:
        list(watch)
    assert (caught.value.category, caught.value.reason) == (Category.TIMEOUT, "deadline_exceeded")
    with pytest.raises(BridgeError, match="there is no timeout profile 'none'"):
        client.watch(timeout_profile="none")


def test_a_watch_ends_with_its_pool(short_tmp: Path) -> None:
    pool = start_pool(short_tmp / "ending", "--size", "0")
    with connect(pool.endpoint) as client, client.watch() as watch:
        assert pool.stop() == 0
        with pytest.raises(BridgeError) as caught:
            list(watch)
    assert caught.value.reason in ("pool_stopping", "pool_unreachable")


def test_restart(client: Client) -> None:
    with client.start_world(tensor_parallel_size=2) as world:
        old = world.ranks
        os.kill(old[0].info.pid, signal.SIGKILL)
        eventually(lambda: world.refresh().state == pool_pb2.WORLD_FAILED)
        assert world.restart() is world
        assert world.info.epoch == 2
        assert [session.info.epoch for session in world.ranks] == [2, 2]
        assert world.run(lambda session: session.send(FAKE + "Echo", b"1", SHORT)) == [b"1"] * 2
        with pytest.raises(BridgeError):
            old[1].send(FAKE + "Echo", b"1", SHORT)
        world.stop()
        assert client.restart_world(world.world_id).info.epoch == 3


def test_restarting_what_is_not_there(client: Client) -> None:
    with pytest.raises(BridgeError) as caught:
        client.restart_world("never-was")
    assert caught.value.reason == "world_not_found"


def test_diagnose(client: Client) -> None:
    with client.start_world(tensor_parallel_size=2) as world:
        found = client.diagnose(world.world_id)
        assert len(found.ranks) == 2
        assert "rank 1" in found.text


def test_what_the_gate_said_is_the_error_of_a_call_that_timed_out(real_pool: Pool) -> None:
    with connect(real_pool.endpoint) as client, client.start_world(tensor_parallel_size=2) as world:
        first = world.ranks[0]
        group = first.call("get_tp_group")
        with pytest.raises(BridgeError) as caught:
            first.call("GroupCoordinator.barrier", group, timeout=timedelta(seconds=2))
        # The gate has heard of the deadline from the caller, or kept it itself.
        assert caught.value.reason in ("deadline_exceeded", "withdrawn")
        assert caught.value.details["ran"] is False
        assert "rank 1" in caught.value.message
        assert world.run(
            lambda session: session.call("get_tensor_model_parallel_rank"), timeout=SHORT
        ) == [0, 1]


def test_context_of_a_session_names_its_epoch(client: Client) -> None:
    with client.start_world() as world:
        metadata = context_of(world.ranks[0])["metadata"]
    assert json.dumps(metadata).count("vllm-epoch") == 1
    assert not alive(world.ranks[0].info.pid)
