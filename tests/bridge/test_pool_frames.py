"""Calls that go through the pool are the same calls, whatever carries them on either side of it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from frames_client import Closed, FramesConnection
from pool_harness import FAKE, SHORT, Block, Pool, connect, eventually

from vllm_bridge._generated import rank_pb2
from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.client import Client
from vllm_bridge.codec.errors import TRAILER, BridgeError, detail_in
from vllm_bridge.pool.frames import client_frames, rank_frames

Start = Callable[..., Pool]
MakeBlock = Callable[[], Block]

pytestmark = pytest.mark.timeout(120)

INSPECT = "/vllm.bridge.v1.Rank/Inspect"
WITHDRAW = "/vllm.bridge.v1.Rank/Withdraw"


class FramesClient(FramesConnection):
    """One whose answers are frames, also of calls that failed."""

    def begin_call(
        self, method: str, body: bytes = b"", timeout: float = 0.0, **metadata: str
    ) -> int:
        """Send a call; returns its id."""
        named = {key.replace("_", "-"): value for key, value in metadata.items()}
        return self.begin(method, body, named, timeout)

    def ended(self, method: str, body: bytes = b"", timeout: float = 0.0, **metadata: str) -> Frame:
        """A call, and what ends it."""
        return self.frame_of(self.begin_call(method, body, timeout, **metadata))

    def over(self) -> bool:
        """Whether nothing comes but the end of the connection."""
        try:
            self.next()
        except Closed:
            return True
        return False


def frames_endpoint(client: Client) -> str:
    """Where the pool takes frames."""
    with client.open_session() as session:
        return session.info.frames_endpoint


@pytest.fixture
def frames(client: Client) -> Iterator[FramesClient]:
    """A connection to the shared pool."""
    with FramesClient(frames_endpoint(client)) as frames:
        yield frames


# What a call ended with: status, message, reason and details of the error, trailers, answer.
Outcome = dict[str, Any]


def over_frames(pool: Pool) -> Callable[..., Outcome]:
    with connect(pool.endpoint) as client:
        connection = FramesClient(frames_endpoint(client))

    def call(method: str, body: bytes = b"", timeout: float = 30.0, **metadata: str) -> Outcome:
        frame = connection.ended(method, body, timeout, **metadata)
        failure = frame.failure if frame.HasField("failure") else None
        pairs = failure.trailers if failure else frame.reply.trailers
        return outcome(
            failure.code if failure else 0,
            failure.message if failure else "",
            failure.error if failure and failure.HasField("error") else None,
            {pair.key: pair.value for pair in pairs},
            frame.reply.body,
        )

    return call


def over_grpc(pool: Pool) -> Callable[..., Outcome]:
    channel = grpc.insecure_channel(pool.endpoint)

    def call(method: str, body: bytes = b"", timeout: float = 30.0, **metadata: str) -> Outcome:
        pairs = [(key.replace("_", "-"), value) for key, value in metadata.items()]
        future = channel.unary_unary(method).future(body, timeout=timeout, metadata=pairs)
        error = future.exception()
        trailers = tuple(future.trailing_metadata() or ())
        return outcome(
            future.code().value[0],
            future.details() or "" if error else "",
            detail_in(trailers),
            {key: value for key, value in trailers if key != TRAILER},
            b"" if error else future.result(),
        )

    return call


def outcome(code: int, message: str, detail: Any, trailers: Any, body: bytes) -> Outcome:
    error = BridgeError.from_detail(detail) if detail else None
    return {
        "code": code,
        "message": message,
        "error": error and (error.category, error.reason, error.message, error.details),
        "rank": error and error.rank,
        "call_id": error and error.call_id,
        "trailers": trailers,
        "body": body,
    }


CALLS: dict[str, dict[str, Any]] = {
    "an answer": {"method": FAKE + "Echo", "body": b"x" * 3000, "vllm_session_id": "same"},
    "an answer of no bytes": {"method": FAKE + "Echo", "vllm_session_id": "same"},
    "an anonymous call": {"method": FAKE + "Echo", "body": b"anonymous"},
    "a large answer": {"method": FAKE + "Echo", "body": b"y" * 3_000_000},
    "an error": {
        "method": FAKE + "Fail",
        "vllm_session_id": "same",
        "vllm_call_id": "call-1",
    },
    "an unknown method of a rank": {"method": "/vllm.bridge.v1.Rank/No"},
    "an affinity that there is not": {"method": FAKE + "Echo", "vllm_affinity": "strict"},
    "a pool that there is not": {"method": FAKE + "Echo", "vllm_pool_name": "none"},
    "a session of a world that is not": {"method": FAKE + "Echo", "vllm_session_id": "w/rank-0"},
    "a session of another affinity": {
        "method": FAKE + "Echo",
        "vllm_session_id": "same",
        "vllm_affinity": "strict_queue",
        "vllm_call_id": "call-2",
    },
}


@pytest.mark.parametrize("rank_frames", ["1", "0"])
def test_both_carriers_end_calls_in_the_same_way(start: Start, rank_frames: str) -> None:
    pool = start("--size", "1", FAKE_RANK_FRAMES=rank_frames)
    with connect(pool.endpoint) as client:
        client.open_session("same")
        grpc_call, frames_call = over_grpc(pool), over_frames(pool)
        for name, call in CALLS.items():
            over = dict(call)
            expected = grpc_call(**over)
            assert frames_call(**over) == expected, name
        assert grpc_call(**CALLS["an error"])["error"][1] == "scripted"
        # Metadata, its binary values, the deadline and trailers.
        found = frames_call(FAKE + "Context", b"", 7.0, vllm_session_id="same", x_own="value")
        assert found["trailers"] == {"fake-trailing-bin": b"\x00\xff"}
        facts = json.loads(found["body"])
        assert facts["metadata"]["x-own"] == "value"
        assert facts["metadata"]["vllm-session-id"] == "same"
        assert 3 < facts["remaining"] < 7.5
        # The pool's own services are not for frames.
        unknown = frames_call("/vllm.bridge.v1.Pool/GetStatus")
        assert (unknown["code"], unknown["error"]) == (grpc.StatusCode.UNIMPLEMENTED.value[0], None)


@pytest.mark.parametrize("rank_frames", ["1", "0"])
def test_a_rank_that_dies_in_a_call_is_named(start: Start, rank_frames: str) -> None:
    pool = start("--size", "1", FAKE_RANK_FRAMES=rank_frames)
    for over in (over_grpc, over_frames):
        ended = over(pool)(FAKE + "Die", b"9", vllm_session_id="dying", vllm_call_id="last")
        category, reason, message, _ = ended["error"]
        assert (category, reason, ended["call_id"]) == (
            "worker",
            "session_worker_unavailable",
            "last",
        )
        assert "killed by signal 9" in message
        # It is replaced, and the session goes on.
        assert over(pool)(FAKE + "Echo", b"next", vllm_session_id="dying")["body"] == b"next"


def queued(client: Client, number: int) -> Callable[[], bool]:
    return lambda: client.status().pools[0].queued == number


@pytest.mark.parametrize("rank_frames", ["1", "0"])
def test_the_pools_queue_is_the_same(start: Start, block: MakeBlock, rank_frames: str) -> None:
    """Order, `queue_full`, the deadline in the queue, a call that is cancelled or withdrawn."""
    pool = start("--size", "1", "--max-queue", "2", FAKE_RANK_FRAMES=rank_frames)
    running = block()
    with connect(pool.endpoint) as client, FramesClient(frames_endpoint(client)) as frames:
        first = frames.begin_call(FAKE + "Block", str(running.path).encode(), vllm_session_id="s")
        eventually(lambda: running.pid() != 0)
        cancelled = frames.begin_call(FAKE + "Block", str(block().path).encode())
        eventually(queued(client, 1))
        withdrawn = frames.begin_call(FAKE + "Echo", b"w", vllm_session_id="s", vllm_call_id="w")
        eventually(queued(client, 2))

        full = frames.ended(FAKE + "Echo").failure.error
        assert full.reason == "queue_full"
        assert BridgeError.from_detail(full).details == {"depth": 2, "limit": 2}

        frames.cancel(cancelled)
        eventually(queued(client, 1))
        asked = rank_pb2.WithdrawRequest(session_id="s", call_id="w").SerializeToString()
        frames.ended(WITHDRAW, asked, vllm_session_id="s")

        late = frames.ended(FAKE + "Echo", b"", 0.5).failure
        assert late.code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
        details = BridgeError.from_detail(late.error).details
        assert (details["state"], details["ran"]) == ("queued", False)

        running.end()
        assert frames.frame_of(first).reply.body == b"unblocked"
        assert frames.frame_of(withdrawn).failure.error.reason == "withdrawn"
        assert frames.ended(FAKE + "Echo", b"next").reply.body == b"next"


def test_a_caller_that_goes_leaves_the_queue(client: Client, block: MakeBlock) -> None:
    """Its connection's end is the end of its calls; what runs goes on, and keeps its rank busy."""
    blocks = [block() for _ in client.status().ranks]
    endpoint = frames_endpoint(client)
    with FramesClient(endpoint) as gone:
        for one in blocks:
            gone.begin_call(FAKE + "Block", str(one.path).encode())
        eventually(lambda: all(one.pid() for one in blocks))
        never = block()
        gone.begin_call(FAKE + "Block", str(never.path).encode())
        eventually(queued(client, 1))
    eventually(queued(client, 0))
    with FramesClient(endpoint) as other:
        waiting = other.begin_call(FAKE + "Echo", b"then")
        eventually(queued(client, 1))
        blocks[0].end()
        assert other.frame_of(waiting).reply.body == b"then"
    assert never.pid() == 0
    for one in blocks:
        one.end()


def test_a_deadline_that_passes_while_it_runs(frames: FramesClient, block: MakeBlock) -> None:
    running = block()
    late = frames.ended(FAKE + "Block", str(running.path).encode(), 1.0).failure
    assert late.code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
    assert BridgeError.from_detail(late.error).details["state"] == "sent"
    running.end()


def test_two_thousand_calls_at_once_are_answered_or_refused_by_name(start: Start) -> None:
    pool = start("--size", "2", "--max-queue", "100")
    with connect(pool.endpoint) as client, FramesClient(frames_endpoint(client)) as frames:
        calls = [
            frames.begin_call(FAKE + "Echo", b"%d" % n, vllm_session_id="s") for n in range(2_000)
        ]
        outcomes: Counter[str] = Counter()
        for number, call in enumerate(calls):
            answer = frames.frame_of(call)
            if answer.HasField("reply"):
                assert answer.reply.body == b"%d" % number
                outcomes["ok"] += 1
            else:
                error = BridgeError.from_detail(answer.failure.error)
                assert error.details == {"depth": 100, "limit": 100}
                outcomes[error.reason] += 1
        assert set(outcomes) == {"ok", "queue_full"}
        assert outcomes["ok"] >= 100


def test_one_connection_may_fill_the_queue(start: Start, block: MakeBlock) -> None:
    pool = start("--size", "1", "--max-queue", "5000")
    running = block()
    with connect(pool.endpoint) as client, FramesClient(frames_endpoint(client)) as frames:
        first = frames.begin_call(FAKE + "Block", _path(running))
        eventually(lambda: running.pid() != 0)
        waiting = [frames.begin_call(FAKE + "Echo", b"x") for _ in range(5_000)]
        eventually(queued(client, 5_000), 60)
        full = BridgeError.from_detail(frames.ended(FAKE + "Echo").failure.error)
        assert (full.reason, full.details) == ("queue_full", {"depth": 5_000, "limit": 5_000})
        running.end()
        assert frames.frame_of(first).reply.body == b"unblocked"
        assert all(frames.frame_of(call).reply.body == b"x" for call in waiting)


BAD_FRAMES: dict[str, bytes] = {
    "no protobuf": b"\x00\x00\x00\x04\xff\xff\xff\xff",
    "a length of 4 GiB": b"\xff\xff\xff\xff",
    "the id 0": b"\x00\x00\x00\x02" + Frame(id=0, call=Frame.Call()).SerializeToString(),
    "a reply": b"\x00\x00\x00\x04" + Frame(id=1, reply=Frame.Reply()).SerializeToString(),
}


@pytest.mark.parametrize("bad", BAD_FRAMES)
def test_what_is_no_frame_ends_its_connection_alone(frames: FramesClient, bad: str) -> None:
    name = frames.socket.getpeername()
    with FramesClient(f"unix:{name}") as other:
        other.socket.sendall(BAD_FRAMES[bad])
        said = other.next()
        assert (said.id, said.failure.error.reason) == (0, "malformed_frame")
        assert other.over()
    # A frame that ends in the middle, with its connection.
    with FramesClient(f"unix:{name}") as other:
        other.socket.sendall(b"\x00\x00\x01\x00abc")
    assert frames.ended(FAKE + "Echo", b"goes on").reply.body == b"goes on"


def test_calls_in_parts_are_not_for_the_pools_frames(frames: FramesClient) -> None:
    opened = Frame(id=77, open=Frame.Open(method="/vllm.bridge.v1.Chunks/Call"))
    frames.send(opened)
    assert frames.frame_of(77).failure.code == grpc.StatusCode.UNIMPLEMENTED.value[0]
    frames.send(Frame(id=77, message=Frame.Message(body=b"late")))
    # A cancellation of a call that is over is passed over.
    frames.cancel(77)
    assert frames.ended(FAKE + "Echo", b"goes on").reply.body == b"goes on"


def test_a_connection_too_many_is_told_so(client: Client) -> None:
    endpoint = frames_endpoint(client)
    connections = [FramesClient(endpoint) for _ in range(client_frames.MAX_CONNECTIONS)]
    assert connections[-1].ended(FAKE + "Echo", b"in").reply.body == b"in"
    with FramesClient(endpoint) as one_too_many:
        said = one_too_many.next()
        assert said.failure.error.reason == "too_many_connections"
        assert one_too_many.over()
    for connection in connections:
        connection.close()

    def taken() -> bool:
        with FramesClient(endpoint) as again:
            again.begin_call(FAKE + "Echo", b"room")
            try:
                return again.next().reply.body == b"room"
            except Closed:
                return False

    eventually(taken)


def test_a_client_that_does_not_read_holds_up_nobody(frames: FramesClient) -> None:
    name = frames.socket.getpeername()
    with FramesClient(f"unix:{name}") as slow:
        stop = threading.Event()

        def ask() -> None:
            with_answer = Frame(id=1, call=Frame.Call(method=FAKE + "Echo", body=b"z" * 900_000))
            while not stop.is_set():
                try:
                    slow.send(with_answer)
                except OSError:
                    return
                with_answer.id += 1

        slow.socket.settimeout(2)
        asking = threading.Thread(target=ask)
        asking.start()
        # It is read no more: sending stops. Others are served meanwhile and then.
        for _ in range(20):
            assert frames.ended(FAKE + "Echo", b"served").reply.body == b"served"
        asking.join(60)
        assert not asking.is_alive()
        stop.set()
    assert frames.ended(FAKE + "Echo", b"served").reply.body == b"served"


def test_one_call_more_than_may_be_open_is_not_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes over gRPC then, where the rank's own queue decides."""
    monkeypatch.setattr(rank_frames, "MAX_OPEN_CALLS", 2)

    async def run() -> None:
        go_on = asyncio.Event()

        async def serve(method: str, body: bytes, context: client_frames.FrameContext) -> bytes:
            await go_on.wait()
            return body

        server = client_frames.ClientFrames(serve, 0)
        await server.start(tmp_path / "s")
        rank = rank_frames.RankFrames(f"unix:{tmp_path}/s")
        calls = [asyncio.ensure_future(rank.call("/a.B/C", b"x", 30.0, ())) for _ in range(3)]
        done, waiting = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        assert [type(call.exception()) for call in done] == [rank_frames.NotSent]
        go_on.set()
        assert [reply.body for reply in await asyncio.gather(*waiting)] == [b"x", b"x"]
        assert (await rank.call("/a.B/C", b"y", 30.0, ())).body == b"y"
        rank.close()
        await server.stop(0.1)

    asyncio.run(run())


def test_a_frame_that_does_not_go_on_ends_its_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_frames, "STALLED_SECONDS", 0.3)

    async def serve(method: str, body: bytes, context: client_frames.FrameContext) -> bytes:
        return body

    async def run() -> None:
        server = client_frames.ClientFrames(serve, 0)
        await server.start(tmp_path / "s")
        _, idle = await asyncio.open_unix_connection(str(tmp_path / "s"))
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        begun = time.monotonic()
        writer.write(b"\x00\x00\x01\x00abc")
        assert await reader.read() == b""
        assert time.monotonic() - begun >= 0.29
        # One that sends nothing at all is not meant.
        assert len(server.connections) == 1
        for connection in (idle, writer):
            connection.close()
        await server.stop(0.1)

    asyncio.run(run())


def test_the_socket_is_its_owners_and_gone_with_the_pool(start: Start) -> None:
    pool = start(VLLM_BRIDGE_TOKEN="t0ken")
    client = pool.client(token="t0ken")
    path = Path(frames_endpoint(client).removeprefix("unix:"))
    assert path.is_socket()
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    with FramesClient(f"unix:{path}") as frames:
        # Who can open it needs no token, as at a rank.
        assert frames.ended(FAKE + "Echo", b"1").reply.body == b"1"
        pool.stop()
        assert frames.over()
    assert not path.exists()


def test_clients_over_tcp_are_not_told(start: Start) -> None:
    pool = start("--listen", "127.0.0.1:0", "--insecure-loopback")
    with pool.client() as client, client.open_session() as session:
        assert session.info.frames_endpoint == ""
        assert client.session(session.session_id).info.frames_endpoint == ""
    assert [path.name for path in pool.runtime_dirs()[0].glob("pool*")] == []


def test_the_python_client_calls_hint_sessions_in_frames(start: Start, block: MakeBlock) -> None:
    pool = start("--size", "1", "--max-queue", "1")
    with connect(pool.endpoint) as client, connect(pool.endpoint, carrier="grpc") as other:
        hint, same = client.open_session("s"), other.open_session("s")
        assert (hint.carrier, same.carrier) == ("frames", "grpc")
        assert hint.send(FAKE + "Echo", b"1", SHORT) == same.send(FAKE + "Echo", b"1", SHORT)
        with pytest.raises(BridgeError, match="scripted failure") as caught:
            hint.send(FAKE + "Fail", b"", SHORT)
        assert caught.value.details == {"value": 7}
        assert client.session("s").carrier == "frames"
        # Both wait in the one queue.
        running = block()
        first = threading.Thread(target=hint.send, args=(FAKE + "Block", _path(running), SHORT))
        first.start()
        eventually(lambda: running.pid() != 0)
        second = threading.Thread(target=same.send, args=(FAKE + "Echo", b"2", SHORT))
        second.start()
        eventually(queued(client, 1))
        with pytest.raises(BridgeError) as full:
            hint.send(FAKE + "Echo", b"3", SHORT)
        assert (full.value.reason, full.value.details) == ("queue_full", {"depth": 1, "limit": 1})
        running.end()
        for thread in (first, second):
            thread.join()
        pool.process.kill()
        pool.process.wait()
        with pytest.raises(BridgeError) as gone:
            hint.send(FAKE + "Echo", b"4", SHORT)
        assert gone.value.reason == "pool_unreachable"


def test_a_client_that_cannot_open_the_pools_socket_uses_grpc(start: Start) -> None:
    pool = start()
    with pool.client() as client, client.open_session() as session:
        path = Path(session.info.frames_endpoint.removeprefix("unix:"))
        path.rename(path.with_name("elsewhere"))
        assert session.send(FAKE + "Echo", b"1", SHORT) == b"1"
        assert session.carrier == "grpc"
        path.with_name("elsewhere").rename(path)
        # The pool says it again.
        again = client.session(session.session_id)
        assert again.carrier == "frames"
        assert again.send(FAKE + "Echo", b"2", SHORT) == b"2"


def _path(block: Block) -> bytes:
    return str(block.path).encode()
