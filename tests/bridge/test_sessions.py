"""Sessions, the three affinities, and forwarding."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from pool_harness import FAKE, SHORT, Block, Pool, context_of, eventually

from vllm_bridge import aio
from vllm_bridge._generated import control_pb2, pool_pb2, rank_pb2
from vllm_bridge.client import Client, Session
from vllm_bridge.codec.errors import BridgeError, Category, from_rpc_error
from vllm_bridge.pool.ranks.known_sessions import KnownSessions

Start = Callable[..., Pool]
MakeBlock = Callable[[], Block]

SECOND = timedelta(seconds=1)


def echo(session: Session, body: bytes = b"x") -> bytes:
    return session.send(FAKE + "Echo", body, SHORT)


def raw(
    client: Client, method: str, body: bytes = b"", timeout: float | None = 10.0, **metadata: str
) -> bytes:
    """A call through the pool with metadata of our own."""
    pairs = tuple((key.replace("_", "-"), value) for key, value in metadata.items())
    limit = None if timeout is None else timedelta(seconds=timeout)
    try:
        return client.send(client.endpoint, method, body, limit, pairs)
    except grpc.RpcError as error:
        raise from_rpc_error(error) from None


def frames_of(endpoint: str) -> str:
    """Where a rank that listens there takes frames."""
    return f"{endpoint.removesuffix('.sock')}.frames.sock"


def test_strict_session_is_direct_and_stays(client: Client) -> None:
    with client.open_session(affinity="strict_queue") as session:
        assert session.info.endpoint.startswith("unix:")
        assert session.info.frames_endpoint == frames_of(session.info.endpoint)
        assert session.info.pid > 0
        assert {context_of(session)["pid"] for _ in range(3)} == {session.info.pid}


def test_strict_sessions_are_placed_evenly(client: Client) -> None:
    sessions = [client.open_session(affinity="strict_queue") for _ in range(6)]
    pids = [session.info.pid for session in sessions]
    assert sorted(pids.count(pid) for pid in set(pids)) == [3, 3]
    for session in sessions:
        session.close()


def test_open_is_idempotent(client: Client) -> None:
    with client.open_session("same", affinity="strict_queue") as first:
        second = client.open_session("same", affinity="strict_queue")
        assert second.info == first.info
        assert client.session("same").info == first.info


def test_affinity_of_a_live_session_cannot_change(client: Client) -> None:
    with client.open_session("fixed", affinity="strict_queue"):
        with pytest.raises(BridgeError, match="strict_queue") as caught:
            client.open_session("fixed", affinity="hint")
        assert caught.value.reason == "affinity_conflict"


@pytest.mark.parametrize("session_id", ["with space", "ümlaut", "x" * 201, "w/rank-3", "new\nline"])
def test_bad_session_ids(client: Client, session_id: str) -> None:
    with pytest.raises(BridgeError) as caught:
        client.open_session(session_id)
    assert caught.value.category == Category.VALIDATION
    assert caught.value.reason == "invalid_session_id"


def test_unknown_pool(client: Client) -> None:
    with pytest.raises(BridgeError, match="the pools are: default") as caught:
        client.open_session(pool_name="gpu")
    assert caught.value.reason == "pool_not_found"


def test_unknown_affinity(client: Client) -> None:
    with pytest.raises(BridgeError, match="strict_fail_fast") as caught:
        client.open_session(affinity="sticky")
    assert caught.value.category == Category.VALIDATION
    with pytest.raises(BridgeError, match="strict_fail_fast"):
        raw(client, FAKE + "Echo", vllm_session_id="s", vllm_affinity="sticky")


def test_get_unknown_session(client: Client) -> None:
    with pytest.raises(BridgeError, match="'nobody'") as caught:
        client.session("nobody")
    assert caught.value.category == Category.POOL
    assert caught.value.reason == "session_not_found"


def test_close_frees_the_session_on_its_rank(client: Client) -> None:
    session = client.open_session(affinity="strict_queue")
    witness = Session(client._link, session.info)
    assert session.session_id in json.loads(witness.send(FAKE + "Sessions", b"", SHORT))
    assert session.close() is True
    assert session.close() is False
    with pytest.raises(BridgeError):
        echo(session)
    with pytest.raises(BridgeError, match="was closed") as caught:
        client.session(session.session_id)
    assert caught.value.reason == "session_closed"
    with pytest.raises(BridgeError, match="was closed"):
        raw(client, FAKE + "Echo", vllm_session_id=session.session_id)


def test_a_block_closes_the_session_that_it_opened_and_no_other(client: Client) -> None:
    async def found(session_id: str) -> None:
        async with aio.connect(client.endpoint) as other, other.session(session_id) as same:
            assert same.session_id == session_id

    with client.open_session() as session:
        with client.session(session.session_id) as same:
            assert same.info.pid == session.info.pid
        asyncio.run(found(session.session_id))
        assert client.session(session.session_id).info.pid == session.info.pid
    with pytest.raises(BridgeError, match=session.session_id):
        client.session(session.session_id)


def test_closed_id_can_be_opened_again(client: Client) -> None:
    client.open_session("reborn", affinity="strict_queue").close()
    with client.open_session("reborn", affinity="strict_queue") as session:
        assert echo(session, b"1") == b"1"


def test_sessions_of_clients_over_tcp_have_no_endpoint(start: Start) -> None:
    pool = start("--listen", "127.0.0.1:0", "--insecure-loopback")
    with pool.client() as client:
        session = client.open_session(affinity="strict_queue")
        assert (session.info.endpoint, session.info.frames_endpoint) == ("", "")
        assert context_of(session)["pid"] == session.info.pid
        world = client.start_world(tensor_parallel_size=2)
        assert [rank.info.endpoint for rank in world.ranks] == ["", ""]
        infos = [*client.world(world.world_id).info.ranks, *client.status().ranks]
        assert {(info.endpoint, info.frames_endpoint) for info in infos} == {("", "")}
        assert [context_of(rank)["pid"] for rank in world.ranks] == [
            rank.info.pid for rank in world.ranks
        ]


def test_ranks_of_a_world_say_where_they_take_frames(client: Client) -> None:
    world = client.start_world(tensor_parallel_size=2)
    ranks = client.world(world.world_id).info.ranks
    assert all(rank.endpoint for rank in ranks)
    assert [rank.frames_endpoint for rank in ranks] == [frames_of(r.endpoint) for r in ranks]
    sockets = [Path(rank.frames_endpoint.removeprefix("unix:")) for rank in ranks]
    assert all(path.is_socket() for path in sockets)
    world.stop()
    eventually(lambda: not any(path.exists() for path in sockets))


def test_a_rank_that_takes_no_frames_is_called_over_grpc(start: Start) -> None:
    pool = start(FAKE_RANK_FRAMES="0")
    with pool.client() as client, client.open_session(affinity="strict_queue") as session:
        assert session.info.endpoint.startswith("unix:")
        assert session.info.frames_endpoint == ""
        assert echo(session, b"1") == b"1"


def test_first_use_opens_a_session(client: Client) -> None:
    raw(client, FAKE + "Echo", vllm_session_id="by-use", vllm_affinity="strict_fail_fast")
    session = client.session("by-use")
    assert session.info.affinity == pool_pb2.STRICT_FAIL_FAST
    assert json.loads(session.send(FAKE + "Sessions", b"", SHORT))["by-use"] is True
    session.close()


def test_many_first_uses_at_once_open_one(client: Client) -> None:
    with ThreadPoolExecutor(16) as threads:
        calls = [
            threads.submit(
                raw, client, FAKE + "Context", vllm_session_id="rush", vllm_affinity="strict_queue"
            )
            for _ in range(32)
        ]
    assert len({json.loads(call.result())["pid"] for call in calls}) == 1
    client.session("rush").close()


def test_call_without_a_session(client: Client) -> None:
    assert raw(client, FAKE + "Echo", b"anonymous") == b"anonymous"


@pytest.mark.parametrize("frames", ["0", "1"])
def test_forwarding_keeps_what_belongs_to_a_call(start: Start, frames: str) -> None:
    channel = grpc.insecure_channel(start(FAKE_RANK_FRAMES=frames).endpoint)
    with channel:
        response, call = channel.unary_unary(FAKE + "Context").with_call(
            b"", timeout=7, metadata=(("vllm-session-id", "kept"), ("x-own", "value"))
        )
    found = json.loads(response)
    assert found["metadata"]["x-own"] == "value"
    assert found["metadata"]["vllm-session-id"] == "kept"
    assert 5 < found["remaining"] < 7.5
    # Answers of ranks in frames have none; those of real ranks have none at all.
    assert (("fake-initial", "one") in list(call.initial_metadata())) == (frames == "0")
    assert ("fake-trailing-bin", b"\x00\xff") in list(call.trailing_metadata())


@pytest.mark.parametrize("affinity", ["hint", "strict_queue"])
def test_forwarded_error_keeps_its_detail(client: Client, affinity: str) -> None:
    with client.open_session(affinity=affinity) as session:
        session.info.endpoint = ""
        with pytest.raises(BridgeError, match="scripted failure") as caught:
            session.send(FAKE + "Fail", b"", SHORT)
    assert caught.value.category == Category.VALIDATION
    assert caught.value.python_type == "ValueError"
    assert caught.value.details == {"value": 7}


def test_large_messages_pass(client: Client) -> None:
    body = bytes(20_000_000)
    with client.open_session() as session:
        assert echo(session, body) == body


def test_unknown_methods_are_unimplemented(client: Client) -> None:
    with pytest.raises(BridgeError, match="UNIMPLEMENTED"):
        raw(client, "/some.other.Service/Method")
    with pytest.raises(BridgeError, match="UNIMPLEMENTED"):
        raw(client, "/vllm.bridge.v1.Pool/NoSuchMethod")


def test_malformed_request(client: Client) -> None:
    with pytest.raises(BridgeError, match="OpenSessionRequest") as caught:
        raw(client, "/vllm.bridge.v1.Pool/OpenSession", b"\xff\xff\xff")
    assert caught.value.reason == "malformed_request"


class Holder:
    """Occupies ranks with blocked calls, in threads."""

    def __init__(self, block: MakeBlock) -> None:
        self._block = block
        self.threads: list[threading.Thread] = []

    def occupy(self, session: Session) -> Block:
        block = self._block()
        thread = threading.Thread(
            target=session.send, args=(FAKE + "Block", str(block.path).encode(), None)
        )
        thread.start()
        self.threads.append(thread)
        eventually(block.started)
        return block

    def join(self) -> None:
        for thread in self.threads:
            thread.join(10)
            assert not thread.is_alive()


def test_hint_prefers_its_rank_and_takes_another_when_busy(
    client: Client, block: MakeBlock
) -> None:
    holder = Holder(block)
    session = client.open_session()
    home = context_of(session)["pid"]
    assert [context_of(session)["pid"] for _ in range(4)] == [home] * 4
    held = holder.occupy(session)
    other = context_of(session)["pid"]
    assert other != home
    held.end()
    holder.join()
    assert context_of(session)["pid"] == home


def test_hint_queues_when_all_are_busy_in_order(client: Client, block: MakeBlock) -> None:
    holder = Holder(block)
    session = client.open_session()
    blocks = [holder.occupy(session), holder.occupy(session)]
    done: list[bytes] = []

    def call(body: bytes) -> None:
        done.append(echo(session, body))

    threads = [threading.Thread(target=call, args=(b"%d" % number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    with pytest.raises(BridgeError, match="never ran"):
        session.send(FAKE + "Echo", b"late", SECOND)
    assert done == []
    for held in blocks:
        held.end()
    for thread in threads:
        thread.join(10)
    assert sorted(done) == [b"0", b"1", b"2"]
    holder.join()


def test_deadline_in_the_pools_queue_says_so(client: Client, block: MakeBlock) -> None:
    holder = Holder(block)
    session = client.open_session()
    blocks = [holder.occupy(session), holder.occupy(session)]
    with pytest.raises(BridgeError, match="queued in the pool") as caught:
        raw(client, FAKE + "Echo", timeout=1.0, vllm_session_id=session.session_id)
    assert caught.value.category == Category.TIMEOUT
    assert caught.value.reason == "deadline_exceeded"
    assert caught.value.details["ran"] is False
    assert "never ran" in caught.value.message
    for held in blocks:
        held.end()
    holder.join()


def test_call_queued_in_the_pool_can_be_withdrawn(client: Client, block: MakeBlock) -> None:
    holder = Holder(block)
    session = client.open_session()
    blocks = [holder.occupy(session), holder.occupy(session)]
    keys = {"vllm_session_id": session.session_id, "vllm_call_id": "c1"}
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(raw, client, FAKE + "Echo", **keys)

        def withdraw() -> object:
            request = rank_pb2.WithdrawRequest(session_id=session.session_id, call_id="c1")
            response = raw(
                client,
                "/vllm.bridge.v1.Rank/Withdraw",
                request.SerializeToString(),
                vllm_session_id=session.session_id,
            )
            state = rank_pb2.WithdrawResponse.FromString(response).call.state
            return state == rank_pb2.WITHDRAWN or state

        eventually(withdraw)
        for held in blocks:
            held.end()
        with pytest.raises(BridgeError, match="never ran"):
            waiting.result()
    holder.join()


def test_rank_with_an_abandoned_call_is_not_idle(client: Client, block: MakeBlock) -> None:
    session = client.open_session()
    home = context_of(session)["pid"]
    held = block()
    with pytest.raises(BridgeError, match="running") as caught:
        session.send(FAKE + "Block", str(held.path).encode(), SECOND)
    assert caught.value.details == {"state": "running"}
    assert context_of(session)["pid"] != home
    held.end()
    eventually(lambda: context_of(session)["pid"] == home)


def test_strict_queue_waits(client: Client, block: MakeBlock) -> None:
    holder = Holder(block)
    with client.open_session(affinity="strict_queue") as session:
        held = holder.occupy(session)
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(echo, session, b"waited")
            with pytest.raises(BridgeError, match="queued; it never ran"):
                session.send(FAKE + "Echo", b"", SECOND)
            assert not waiting.done()
            held.end()
            assert waiting.result() == b"waited"
        holder.join()


@pytest.mark.parametrize("direct", [True, False])
def test_strict_fail_fast_does_not_wait(client: Client, block: MakeBlock, direct: bool) -> None:
    holder = Holder(block)
    with client.open_session(affinity="strict_fail_fast") as session:
        if not direct:
            session.info.endpoint = ""
        held = holder.occupy(session)
        with pytest.raises(BridgeError, match="busy") as caught:
            echo(session)
        assert caught.value.reason == "worker_busy"
        held.end()
        holder.join()
        assert echo(session, b"1") == b"1"


def test_a_session_that_is_opened_again_while_it_is_dropped_is_made_known_again() -> None:
    async def run() -> None:
        told: list[str | None] = []
        acks: list[asyncio.Future[control_pb2.Ack]] = []

        async def answer(ack: asyncio.Future[control_pb2.Ack]) -> control_pb2.Ack:
            return await ack

        def ask(request: control_pb2.PoolToRank) -> Coroutine[Any, Any, control_pb2.Ack]:
            told.append(request.WhichOneof("message"))
            acks.append(asyncio.get_running_loop().create_future())
            return answer(acks[-1])

        known = KnownSessions(ask)
        first = asyncio.ensure_future(known.register("s", fail_fast=False))
        await asyncio.sleep(0)
        dropping = known.drop("s")
        # It has been told already, and the rank has answered neither.
        assert told == ["register_session", "drop_session"]
        again = asyncio.ensure_future(known.register("s", fail_fast=False))
        await asyncio.sleep(0)
        assert told == ["register_session", "drop_session", "register_session"]
        for ack in acks:
            ack.set_result(control_pb2.Ack())
        await asyncio.gather(first, dropping, again)
        assert len(known) == 1

    asyncio.run(run())


def test_idle_sessions_expire(start: Start, block: MakeBlock) -> None:
    pool = start("--session-idle", "0.3")
    with pool.client() as client:
        strict = client.open_session("strict", affinity="strict_queue")
        strict.info.endpoint = ""
        hint = client.open_session("hint")
        echo(hint)
        eventually(lambda: len(client.status().sessions) == 0)
        with pytest.raises(BridgeError, match=r"expired after 0:00:00\.3") as caught:
            echo(strict)
        assert caught.value.reason == "session_closed"
        assert echo(hint, b"again") == b"again"
        # A session with a call in it is not idle.
        holder = Holder(block)
        held = holder.occupy(hint)
        other = client.open_session("other")
        eventually(lambda: [s.session_id for s in client.status().sessions] == ["hint"])
        assert other.close() is False
        held.end()
        holder.join()
