"""How long the Python client waits: no longer than it was told, whatever the server does."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from pool_harness import FAKE, SHORT, Block, Pool, connect, eventually, stop_process

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session
from vllm_bridge.client._blocking import Blocking, now
from vllm_bridge.client._calls import channels
from vllm_bridge.client._calls.attachment import Attachment
from vllm_bridge.client._calls.memory import Memory
from vllm_bridge.client._calls.timeouts import UNSET, Deadline, Profiles, within
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.transport import grpc_options

LONG = timedelta(seconds=40)


@pytest.fixture
def stopped(start: Callable[..., Pool]) -> Iterator[Callable[[], Pool]]:
    """A pool that can be made to stand still."""
    pool = start("--size", "0")

    def stop() -> Pool:
        stop_process(pool.pid)
        return pool

    yield stop
    with contextlib.suppress(ProcessLookupError):
        os.kill(pool.pid, signal.SIGCONT)


@pytest.mark.timing
@pytest.mark.parametrize("connected", [True, False])
def test_opening_a_session_of_a_server_that_stands_still_ends_in_its_timeout(
    stopped: Callable[[], Pool], connected: bool
) -> None:
    pool = stopped()
    with connect(pool.endpoint, client_id="patient") as client:
        if connected:
            os.kill(pool.pid, signal.SIGCONT)
            client.status()
            stopped()
        begin = time.monotonic()
        with pytest.raises(BridgeError) as caught:
            client.open_session(timeout=timedelta(seconds=1))
        assert time.monotonic() - begin < 10
        assert caught.value.reason in ("deadline_exceeded", "pool_unreachable")
        assert caught.value.category in (Category.TIMEOUT, Category.GRPC_ERROR)
        # It was not lost: the next one finds the server as it was.
        os.kill(pool.pid, signal.SIGCONT)
        assert client.open_session(timeout=SHORT).info.client_id == "patient"


def test_whoever_waits_behind_another_that_attaches_ends_in_its_own_timeout(
    stopped: Callable[[], Pool],
) -> None:
    with connect(stopped().endpoint, client_id="second") as client:
        attachment: Attachment = client._attachment
        now(attachment._lock.acquire(None))
        with pytest.raises(BridgeError, match="is over") as caught:
            now(attachment.ensure(Deadline(timedelta(milliseconds=100))))
        attachment._lock.release()
        assert caught.value.reason == "deadline_exceeded"


@pytest.mark.timing
def test_a_failed_rank_ends_the_run_at_once_and_is_named(
    client: Client, block: Callable[[], Block]
) -> None:
    with client.start_world(tensor_parallel_size=2) as world:
        held = block()
        ended: list[str] = []

        def work(session: Session) -> bytes:
            if session.info.rank == 0:
                try:
                    return session.send(FAKE + "Block", str(held.path).encode(), LONG)
                except BridgeError as error:
                    ended.append(error.reason)
                    with pytest.raises(BridgeError, match="was not sent"):
                        session.send(FAKE + "Echo", b"1", SHORT)
                    ended.append("refused")
                    raise
            eventually(held.started)
            raise KeyError("of the user's own")

        begin = time.monotonic()
        with pytest.raises(KeyError) as caught:
            world.run(work)
        assert time.monotonic() - begin < 10
        assert caught.value.rank == 1  # type: ignore[attr-defined]
        eventually(lambda: ended == ["run_cancelled", "refused"])
        held.end()
        # Whoever has been waiting for nothing does not keep the world from its next run.
        assert world.run(lambda session: session.send(FAKE + "Echo", b"1", SHORT)) == [b"1"] * 2


@pytest.mark.timing
def test_a_run_in_a_run_ends_with_it(client: Client, block: Callable[[], Block]) -> None:
    with (
        client.start_world(tensor_parallel_size=2) as outer,
        client.start_world(tensor_parallel_size=1) as inner,
    ):
        held = block()

        def work(session: Session) -> list[bytes]:
            if session.info.rank == 1:
                eventually(held.started)
                raise ValueError("no")
            return inner.run(lambda rank: rank.send(FAKE + "Block", str(held.path).encode(), LONG))

        begin = time.monotonic()
        with pytest.raises(ValueError, match="no"):
            outer.run(work)
        assert time.monotonic() - begin < 10
        held.end()


def test_a_run_in_a_run_has_at_most_its_time() -> None:
    async def fetch() -> pool_pb2.Profiles | None:
        return None

    profiles = Profiles("", fetch, Blocking())
    with within(timedelta(seconds=5)), within(timedelta(hours=1)):
        allowed = now(profiles.resolve(None, ""))
    assert allowed is not None
    assert allowed <= timedelta(seconds=5)


def test_a_second_way_has_only_the_time_that_is_left(client: Client) -> None:
    """After `shared_memory_unavailable` the call is sent again, without shared memory."""
    session = client.open_session()
    sent: list[timedelta | None] = []
    unavailable = BridgeError(Category.WORKER, "shared_memory_unavailable", "no such segment")

    class Answered:
        async def answer(self) -> bytes:
            time.sleep(0.05)
            if len(sent) == 1:
                raise unavailable
            return b""

    async def begin(*call: Any, **options: Any) -> Answered:
        sent.append(call[4].left())
        return Answered()

    session._link.ranks.begin = begin  # type: ignore[method-assign, assignment]
    timeout = timedelta(seconds=5)
    made = session._calls._exchange(
        lambda storage: ("/path", b""), lambda answer, storage: answer, timeout
    )
    assert now(made.result()) == b""
    first, second = sent
    assert first is not None
    assert second is not None
    assert second <= first - timedelta(milliseconds=50)


def test_asking_for_shared_memory_takes_none_but_the_time_of_the_call(client: Client) -> None:
    memory = Memory(client._channels, client.open_session().session_id)
    now(memory._asking.acquire(None))
    assert now(memory.claim(Deadline(timedelta(milliseconds=50)))) is None
    memory._asking.release()
    with pytest.raises(BridgeError) as caught:
        now(memory.claim(Deadline(timedelta(0))))
    assert caught.value.reason == "deadline_exceeded"


def test_many_first_calls_ask_once_for_the_profiles_of_a_pool_that_does_not_answer() -> None:
    asked: list[int] = []
    heard = threading.Event()

    async def fetch() -> pool_pb2.Profiles | None:
        asked.append(1)
        heard.wait(10)
        raise BridgeError(Category.GRPC_ERROR, "pool_unreachable", "no pool answers")

    profiles = Profiles("", fetch, Blocking())
    threads = [threading.Thread(target=lambda: now(profiles.resolve(UNSET, ""))) for _ in range(8)]
    for thread in threads:
        thread.start()
    eventually(lambda: profiles.waiting == 8)
    heard.set()
    for thread in threads:
        thread.join(10)
    assert len(asked) == 1


@pytest.mark.parametrize("timeout", [timedelta.max, timedelta(days=91_312), timedelta(days=3650)])
def test_a_time_beyond_the_clock_is_long(client: Client, timeout: timedelta) -> None:
    with client.open_session(timeout=timeout) as session:
        assert session.send(FAKE + "Echo", b"1", timeout) == b"1"
    with client.start_world(tensor_parallel_size=1, timeout=timeout) as world:
        echo = world.run(lambda rank: rank.send(FAKE + "Echo", b"1", None), timeout=timeout)
        assert echo == [b"1"]
    with client.watch(timeout=timeout) as watch:
        client.open_session()
        assert next(watch)


def test_a_call_without_a_deadline_hears_of_a_server_that_stands_still(
    stopped: Callable[[], Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = tuple((name, min(value, 1_000)) for name, value in grpc_options.KEEPALIVE)
    monkeypatch.setattr(channels, "KEEPALIVE", short)
    pool = stopped()
    os.kill(pool.pid, signal.SIGCONT)
    with connect(pool.endpoint) as client:
        client.status()
        stopped()
        with pytest.raises(BridgeError) as caught:
            client._pool("GetStatus", pool_pb2.GetStatusRequest(), pool_pb2.PoolStatus, None)
        assert caught.value.reason == "pool_unreachable"


def test_the_servers_allow_the_keepalive() -> None:
    """Or they would end connections with `too_many_pings`."""
    of_client = dict(grpc_options.KEEPALIVE)
    for options in (grpc_options.POOL_SERVER, grpc_options.RANK_SERVER):
        allowed = dict(options)["grpc.http2.min_ping_interval_without_data_ms"]
        assert allowed < of_client["grpc.keepalive_time_ms"]
