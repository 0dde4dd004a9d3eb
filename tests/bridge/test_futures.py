"""Calls that are submitted and collected later: `Session.submit`, over both carriers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
import torch
from frames_harness import MOMENT, FramesServer, echo, over, strict_session
from pool_harness import FAKE, SHORT, Block, Pool, connect, eventually

from vllm_bridge.client import Client, Future, Session
from vllm_bridge.client._blocking import now
from vllm_bridge.client._calls.future import FutureCalls
from vllm_bridge.codec.errors import BridgeError, Category

ECHO = FAKE + "Echo"
BLOCK = FAKE + "Block"


def submit(session: Session, path: str, body: bytes, timeout: timedelta | None = SHORT) -> Future:
    """As `Session.submit`, of a method of fake ranks."""
    calls = session._calls
    exchange = calls._exchange(
        lambda storage: (path, body), lambda answer, storage: answer, timeout, later=True
    )
    return Future(FutureCalls(calls.link.io, exchange, now(exchange.begin()), path))


@pytest.fixture(params=["frames", "grpc"])
def session(request: pytest.FixtureRequest, client: Client) -> Session:
    """A strict session of a fake rank, over each carrier."""
    return strict_session(client, request.param)


def test_results_are_collected_in_any_order(session: Session) -> None:
    futures = [submit(session, ECHO, str(number).encode()) for number in range(40)]
    for number in (39, 0, *range(1, 39)):
        assert futures[number].result() == str(number).encode()
    assert all(future.done() for future in futures)
    # As often as anybody asks.
    assert futures[7].result() == b"7"
    assert not futures[7].cancel()


def test_a_result_is_there_though_nobody_waited(
    session: Session, block: Callable[[], Block]
) -> None:
    held = block()
    future = submit(session, BLOCK, str(held.path).encode())
    eventually(held.started)
    assert not future.done()
    held.end()
    eventually(future.done)
    assert future.result() == b"unblocked"


def test_a_result_that_takes_longer_than_somebody_waits(
    session: Session, block: Callable[[], Block]
) -> None:
    held = block()
    future = submit(session, BLOCK, str(held.path).encode())
    for timeout in (MOMENT, timedelta(0)):
        with pytest.raises(BridgeError) as caught:
            future.result(timeout)
        assert (caught.value.category, caught.value.reason) == (
            Category.TIMEOUT,
            "future_not_ready",
        )
        assert caught.value.details == {"state": "pending"}
    held.end()
    assert future.result(SHORT) == b"unblocked"


def test_the_deadline_is_fixed_when_it_begins(session: Session, block: Callable[[], Block]) -> None:
    held = block()
    begin = time.monotonic()
    future = submit(session, BLOCK, str(held.path).encode(), timedelta(seconds=1))
    eventually(lambda: time.monotonic() - begin > 1)
    with pytest.raises(BridgeError) as caught:
        future.result(timedelta(seconds=40))
    assert (caught.value.category, caught.value.reason) == (Category.TIMEOUT, "deadline_exceeded")
    assert caught.value.details == {"state": "running"}
    # It stays so.
    with pytest.raises(BridgeError, match="while it was running"):
        future.result()
    held.end()


def test_a_future_is_cancelled(session: Session, block: Callable[[], Block]) -> None:
    held = block()
    running = submit(session, BLOCK, str(held.path).encode())
    eventually(held.started)
    queued = submit(session, ECHO, b"never")
    assert queued.cancel()
    assert queued.done()
    assert not queued.cancel()
    with pytest.raises(BridgeError) as caught:
        queued.result()
    assert (caught.value.category, caught.value.reason) == (Category.GRPC_ERROR, "cancelled")
    assert caught.value.call_id
    held.end()
    assert running.result() == b"unblocked"


def test_an_error_is_raised_where_it_is_collected(session: Session) -> None:
    future = submit(session, FAKE + "Fail", b"")
    after = submit(session, ECHO, b"1")
    with pytest.raises(BridgeError) as caught:
        future.result()
    assert (caught.value.reason, caught.value.details) == ("scripted", {"value": 7})
    assert after.result() == b"1"


def test_threads_share_a_future(session: Session, block: Callable[[], Block]) -> None:
    held = block()
    future = submit(session, BLOCK, str(held.path).encode())
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(future.result) for _ in range(4)]
        eventually(held.started)
        held.end()
        assert [answer.result(10) for answer in waiting] == [b"unblocked"] * 4


def test_calls_beside_futures(session: Session) -> None:
    futures = [submit(session, ECHO, b"later") for _ in range(20)]
    assert session.send(ECHO, b"now", SHORT) == b"now"
    assert [future.result() for future in futures] == [b"later"] * 20
    assert session.send(ECHO, b"now", SHORT) == b"now"


def test_large_requests_keep_their_place(client: Client, short_tmp: Path) -> None:
    server = FramesServer(short_tmp / "large.sock", echo)
    session = over(client, client.open_session(affinity="strict_queue"), server)
    bodies = [b"1", bytes(2 << 20), b"3", bytes(2 << 20), bytes(3 << 20), b"6"]
    futures = [submit(session, ECHO, body) for body in bodies]
    assert [future.result() for future in futures] == bodies
    # Those of their own connections, and the one for all others.
    assert len(server.peers) == 4
    eventually(lambda: server.ended == 3)
    server.close()


def test_answers_that_nobody_collects_do_not_stop_the_rank(client: Client) -> None:
    session = strict_session(client, "frames")
    body = bytes(500_000)
    futures = [submit(session, ECHO, body) for _ in range(20)]
    # More than sockets hold, and nobody waits for any.
    eventually(lambda: all(future.done() for future in futures))
    assert all(future.result() == body for future in futures)


def test_the_thread_that_reads_ends(client: Client) -> None:
    session = strict_session(client, "frames")
    assert submit(session, ECHO, b"1").result() == b"1"
    eventually(lambda: not any(t.name == "answers to collect" for t in threading.enumerate()))
    assert submit(session, ECHO, b"2").result() == b"2"


def test_futures_that_are_open_when_the_client_closes(
    pool: Pool, block: Callable[[], Block]
) -> None:
    held = block()
    with connect(pool.endpoint) as client:
        session = strict_session(client, "frames")
        future = submit(session, BLOCK, str(held.path).encode())
        eventually(held.started)
    with pytest.raises(BridgeError, match="was closed") as caught:
        future.result()
    assert caught.value.reason == "cancelled"
    held.end()


@pytest.mark.parametrize("carrier", ["frames", "grpc"])
def test_calls_reach_a_rank_in_the_order_in_which_they_were_submitted(
    client: Client, short_tmp: Path, carrier: str
) -> None:
    arrived: list[bytes] = []

    class Handler(grpc.GenericRpcHandler):  # type: ignore[misc]
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
            def answer(body: bytes, context: grpc.ServicerContext) -> bytes:
                if body:
                    arrived.append(body)
                return body

            return grpc.unary_unary_rpc_method_handler(answer)

    path = short_tmp / f"ordered-{carrier}.sock"
    # One thread, as a rank has for its calls.
    server = grpc.server(ThreadPoolExecutor(1), handlers=[Handler()])
    server.add_insecure_port(f"unix:{path}")
    server.start()
    frames = FramesServer(short_tmp / f"ordered-{carrier}.frames.sock", echo)
    made = client.open_session(affinity="strict_queue")
    session = over(client, made, frames if carrier == "frames" else "")
    session.info.endpoint = f"unix:{path}"
    bodies = [str(number).encode() for number in range(200)]
    futures = [submit(session, ECHO, body) for body in bodies]
    assert [future.result() for future in futures] == bodies
    assert {future.carrier for future in futures} == {carrier}
    if carrier == "frames":
        assert [frame.call.body for frame in frames.received] == bodies
    else:
        # A server of gRPC takes them up in any order.
        assert sorted(arrived) == sorted(bodies)
    frames.close()
    server.stop(None).wait(10)


def test_functions_of_ranks(real_pool: Pool) -> None:
    with (
        connect(real_pool.endpoint) as client,
        client.open_session(affinity="strict_queue", timeout=timedelta(seconds=60)) as session,
    ):
        futures = [session.submit("get_pp_indices", 61, rank, 4) for rank in range(4)]
        assert [f.result() for f in futures] == [(0, 15), (15, 30), (30, 46), (46, 61)]
        # In the order in which they were submitted.
        number = session.run("torch.zeros", 1)
        added = session.submit_run("torch.add", number, 1)
        assert torch.equal(added.result(), torch.ones(1))
        with pytest.raises(BridgeError, match="get_pp_indices needs"):
            session.submit("get_pp_indices")
        large = torch.ones(200_000)
        assert torch.equal(session.submit_run("torch.neg", large).result(), -large)
        assert torch.equal(session.run("torch.neg", large), -large)
        # From now on through shared memory.
        assert torch.equal(session.submit_run("torch.neg", large).result(), -large)
        assert session._calls._memory.proven
