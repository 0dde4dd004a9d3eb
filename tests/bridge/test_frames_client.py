"""The Python client over frames: the same calls, errors and deadlines as over gRPC."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from frames_harness import LENGTH, MOMENT, REFUSED, FramesServer, Peer, echo, over, strict_session
from hypothesis import given
from hypothesis import strategies as st
from pool_harness import FAKE, SHORT, Block, Pool, connect, context_of, eventually

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.client import Client, Session
from vllm_bridge.client._frames import places
from vllm_bridge.client._frames.connection import Connection
from vllm_bridge.codec.errors import TRAILER, BridgeError, Category, from_rpc_error
from vllm_bridge.transport.frames.calling import (
    Cancelled,
    FrameFailure,
    Frames,
    Malformed,
    NotSent,
    Reply,
)

ECHO = FAKE + "Echo"


@pytest.fixture
def serve(short_tmp: Path) -> Iterator[Callable[..., FramesServer]]:
    """Start frames servers; they are stopped at the end."""
    servers: list[FramesServer] = []

    def begin(script: Callable[[Peer], None] = echo) -> FramesServer:
        number = len(list(short_tmp.iterdir()))
        servers.append(FramesServer(short_tmp / f"f{number}.sock", script))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


@pytest.fixture(params=["frames", "grpc"])
def session(request: pytest.FixtureRequest, client: Client) -> Session:
    """A strict session of a fake rank, over each carrier."""
    return strict_session(client, request.param)


def frame_bytes(frame: Frame) -> bytes:
    body = frame.SerializeToString()
    return LENGTH.pack(len(body)) + body


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 50))
def test_frames_come_in_pieces_of_any_length(bodies: list[bytes], piece: int) -> None:
    data = b"".join(
        frame_bytes(Frame(id=number, reply=Frame.Reply(body=body)))
        for number, body in enumerate(bodies, start=1)
    )
    frames = Frames()
    ends = [end for at in range(0, len(data), piece) for end in frames.feed(data[at : at + piece])]
    assert ends == [(number, Reply(body)) for number, body in enumerate(bodies, start=1)]


@given(st.binary(max_size=200))
def test_bytes_from_a_rank_are_ends_of_calls_or_malformed(data: bytes) -> None:
    frames = Frames()
    try:
        ends = frames.feed(data)
    except Malformed:
        return
    assert all(isinstance(end, Reply | FrameFailure | NotSent) for _, end in ends)


@pytest.mark.parametrize(
    "frame",
    [
        Frame(id=1, call=Frame.Call(method="/a/b")),
        Frame(id=1),
        Frame(id=0, reply=Frame.Reply()),
        Frame(id=1, cancel=Frame.Cancel()),
    ],
    ids=["call", "nothing", "reply to no call", "cancel"],
)
def test_what_a_rank_may_not_send_is_malformed(frame: Frame) -> None:
    with pytest.raises(Malformed):
        Frames().feed(frame_bytes(frame))


def test_a_length_beyond_any_message_is_malformed() -> None:
    with pytest.raises(Malformed, match="4294967295"):
        Frames().feed(b"\xff\xff\xff\xff12345")


def test_a_failure_says_what_grpc_would() -> None:
    failure = Frame.Failure(code=3, message="no")
    failure.error.CopyFrom(REFUSED.to_detail())
    failure.trailers.add(key="fake-trailing-bin", value=b"\x00\xff")
    failure.trailers.add(key="fake", value=b"text")
    ((number, end),) = Frames().feed(frame_bytes(Frame(id=9, failure=failure)))
    assert number == 9
    assert isinstance(end, FrameFailure)
    assert end.code() is grpc.StatusCode.INVALID_ARGUMENT
    trailers = dict(end.trailing_metadata())
    assert trailers["fake-trailing-bin"] == b"\x00\xff"
    assert trailers["fake"] == "text"
    assert TRAILER in trailers
    error = from_rpc_error(end)
    assert (error.reason, error.details) == ("scripted", {"value": 7})


def test_what_arrives_is_the_same_over_both_carriers(session: Session) -> None:
    facts = context_of(session)
    metadata = facts["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["vllm-session-id"] == session.session_id
    assert metadata["vllm-call-id"]
    assert isinstance(facts["remaining"], float)
    assert 5 < facts["remaining"] < 20
    assert facts["pid"] == session.info.pid


def test_an_error_is_the_same_over_both_carriers(session: Session) -> None:
    with pytest.raises(BridgeError) as caught:
        session.send(FAKE + "Fail", b"", SHORT)
    error = caught.value
    assert (error.category, error.reason) == (Category.VALIDATION, "scripted")
    assert (error.python_type, error.details) == ("ValueError", {"value": 7})
    with pytest.raises(BridgeError) as caught:
        session.send("/vllm.distributed.v1.None/Such", b"", SHORT)
    assert (caught.value.category, caught.value.reason) == (Category.GRPC_ERROR, "unimplemented")


def test_a_deadline_is_the_same_over_both_carriers(
    session: Session, block: Callable[[], Block]
) -> None:
    held = block()
    with pytest.raises(BridgeError) as caught:
        session.send(FAKE + "Block", str(held.path).encode(), timedelta(seconds=2))
    assert (caught.value.category, caught.value.reason) == (Category.TIMEOUT, "deadline_exceeded")
    assert caught.value.details == {"state": "running"}
    with pytest.raises(BridgeError) as caught:
        session.send(ECHO, b"1", MOMENT)
    # The one behind it never began.
    assert caught.value.details == {"state": "withdrawn"}
    held.end()
    assert session.send(ECHO, b"2", SHORT) == b"2"


def test_large_requests_and_answers(session: Session) -> None:
    for size in (0, 1, 70_000, 1 << 20, 3 << 20):
        assert session.send(ECHO, bytes(size), SHORT) == bytes(size)


@pytest.mark.parametrize("carrier", ["frames", "grpc"])
def test_a_rank_that_dies_is_named(start: Callable[..., Pool], carrier: str) -> None:
    with connect(start("--size", "1").endpoint) as client:
        session = strict_session(client, carrier)
        with pytest.raises(BridgeError) as caught:
            session.send(FAKE + "Die", str(int(signal.SIGKILL)).encode(), SHORT)
    assert caught.value.reason == "session_worker_unavailable"
    assert "SIGKILL" in caught.value.message


def test_threads_share_a_connection(client: Client, serve: Callable[..., FramesServer]) -> None:
    server = serve()
    session = over(client, client.open_session(affinity="strict_queue"), server)

    def work(worker: int) -> bool:
        bodies = [f"{worker}-{number}".encode() for number in range(50)]
        return [session.send(ECHO, body, SHORT) for body in bodies] == bodies

    with ThreadPoolExecutor(32) as threads:
        assert all(threads.map(work, range(32)))
    assert len(server.peers) == 1
    numbers = [frame.id for frame in server.received]
    assert sorted(set(numbers)) == sorted(numbers)
    assert min(numbers) > 0


def test_answers_in_any_order_go_to_who_asked(
    client: Client, serve: Callable[..., FramesServer]
) -> None:
    def backwards(peer: Peer) -> None:
        waiting: list[Frame] = []
        for frame in peer.frames():
            waiting.append(frame)
            while len(waiting) >= 8:
                last = waiting.pop()
                peer.reply(last.id, last.call.body)
                if not waiting:
                    break
                if len(waiting) == 7:
                    for other in reversed(waiting):
                        peer.reply(other.id, other.call.body)
                    waiting.clear()

    session = over(client, client.open_session(affinity="strict_queue"), serve(backwards))
    with ThreadPoolExecutor(8) as threads:
        bodies = [str(number).encode() for number in range(8)]
        assert list(threads.map(lambda body: session.send(ECHO, body, SHORT), bodies)) == bodies


def test_nobody_at_the_frames_socket_means_grpc(client: Client, short_tmp: Path) -> None:
    made = client.open_session(affinity="strict_queue")
    info = type(made.info)()
    info.CopyFrom(made.info)
    info.frames_endpoint = f"unix:{short_tmp}/nobody.sock"
    session = Session(client._link, info)
    assert session.send(ECHO, b"1", SHORT) == b"1"
    assert session.carrier == "grpc"


def test_a_place_is_tried_again_when_the_pool_names_it(
    client: Client, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_PAUSE_SECONDS", 1000.0)
    made = client.open_session(affinity="strict_queue")
    info = type(made.info)()
    info.CopyFrom(made.info)
    path = short_tmp / "later.sock"
    info.frames_endpoint = f"unix:{path}"
    session = Session(client._link, info)
    assert session.send(ECHO, b"1", SHORT) == b"1"
    server = FramesServer(path, echo)
    try:
        assert session.carrier == "grpc"
        assert Session(client._link, info).carrier == "frames"
        assert session.carrier == "frames"
    finally:
        server.close()


@pytest.mark.parametrize("how", ["argument", "environment"])
def test_frames_can_be_turned_off(
    pool: Pool, serve: Callable[..., FramesServer], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    if how == "environment":
        monkeypatch.setenv("VLLM_BRIDGE_CARRIER", "grpc")
    server = serve()
    carrier = "grpc" if how == "argument" else None
    with connect(pool.endpoint, carrier=carrier) as client:
        session = over(client, client.open_session(affinity="strict_queue"), server)
        assert session.carrier == "grpc"
        assert session.send(ECHO, b"1", SHORT) == b"1"
    assert server.peers == []


def test_a_carrier_that_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BridgeError, match="carrier= is 'smoke'") as caught:
        connect("unix:/nowhere.sock", carrier="smoke")
    assert caught.value.reason == "bad_carrier"
    monkeypatch.setenv("VLLM_BRIDGE_CARRIER", "frames")
    with pytest.raises(BridgeError, match="VLLM_BRIDGE_CARRIER is 'frames'"):
        connect("unix:/nowhere.sock")


def test_a_connection_that_the_rank_closed_while_it_was_idle_is_made_anew(
    client: Client, serve: Callable[..., FramesServer]
) -> None:
    def once(peer: Peer) -> None:
        for frame in peer.frames():
            peer.reply(frame.id, frame.call.body)
            return

    server = serve(once)
    session = over(client, client.open_session(affinity="strict_queue"), server)
    for number in range(5):
        assert session.send(ECHO, str(number).encode(), SHORT) == str(number).encode()
        eventually(lambda number=number: server.ended == number + 1)
    assert len(server.peers) == 5
    # Nothing was sent twice.
    assert server.kinds() == ["call"] * 5


def test_a_connection_that_ends_under_a_call_is_told_and_not_sent_again(
    client: Client, serve: Callable[..., FramesServer]
) -> None:
    def leaves(peer: Peer) -> None:
        next(peer.frames())

    server = serve(leaves)
    session = over(client, client.open_session(affinity="strict_queue"), server)
    with pytest.raises(BridgeError) as caught:
        session.send(ECHO, b"1", SHORT)
    assert (caught.value.category, caught.value.reason) == (Category.WORKER, "connection_lost")
    assert "The pool says that the rank lives" in caught.value.message
    assert "whether the call ran is not known" in caught.value.message
    assert server.kinds() == ["call"]


def test_a_rank_with_too_many_connections_is_called_over_grpc(
    client: Client, serve: Callable[..., FramesServer]
) -> None:
    full = BridgeError(Category.POOL, "too_many_connections", "512 connections")

    server = serve(lambda peer: peer.fail(0, full))
    session = over(client, client.open_session(affinity="strict_queue"), server)
    assert session.send(ECHO, b"1", SHORT) == b"1"


@pytest.mark.parametrize("answer", [b"\xff\xff\xff\xff", frame_bytes(Frame(id=1))])
def test_a_rank_that_sends_no_frames_loses_the_connection(
    client: Client, serve: Callable[..., FramesServer], answer: bytes
) -> None:
    def wrong(peer: Peer) -> None:
        for _ in peer.frames():
            peer.send_bytes(answer)

    session = over(client, client.open_session(affinity="strict_queue"), serve(wrong))
    with pytest.raises(BridgeError, match="what is no frame") as caught:
        session.send(ECHO, b"1", SHORT)
    assert caught.value.reason == "connection_lost"


def test_a_call_that_is_given_up_is_cancelled_in_the_rank(
    client: Client, serve: Callable[..., FramesServer]
) -> None:
    server = serve()
    session = over(client, client.open_session(affinity="strict_queue"), server)
    with pytest.raises(BridgeError) as caught:
        session.send(ECHO, b"silence", MOMENT)
    assert caught.value.reason == "deadline_exceeded"
    eventually(lambda: "cancel" in server.kinds())
    given_up = [frame for frame in server.received if frame.WhichOneof("kind") == "cancel"]
    assert [frame.id for frame in given_up] == [server.received[0].id]
    # The connection is as good as before.
    assert session.send(ECHO, b"1", SHORT) == b"1"
    assert len(server.peers) == 1


def test_a_rank_that_reads_nothing_keeps_nobody_beyond_a_deadline(
    client: Client, serve: Callable[..., FramesServer]
) -> None:
    released = threading.Event()

    def deaf(peer: Peer) -> None:
        released.wait(30)

    server = serve(deaf)
    connection = Connection(server.path)
    calls = [
        connection.begin(ECHO, bytes(900_000), MOMENT, ()),
        connection.begin(ECHO, bytes(900_000), MOMENT, ()),
    ]
    for call in calls:
        with pytest.raises(FrameFailure) as caught:
            call.answer()
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    connection.close()
    released.set()


def test_what_a_rank_never_had_is_certain_not_to_have_run(
    serve: Callable[..., FramesServer],
) -> None:
    reading = threading.Event()

    def one_byte(peer: Peer) -> None:
        reading.wait(30)

    connection = Connection(serve(one_byte).path)
    first = connection.begin(ECHO, bytes(10), SHORT, ())
    cut = connection.begin(ECHO, bytes(1_000_000), SHORT, ())
    behind = connection.begin(ECHO, bytes(10), SHORT, ())
    reading.set()
    with pytest.raises(FrameFailure) as caught:
        first.answer()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    for call in (cut, behind):
        with pytest.raises(NotSent):
            call.answer()
    with pytest.raises(NotSent):
        connection.begin(ECHO, b"", SHORT, ())
    connection.close()


def test_a_call_is_cancelled_from_another_thread(serve: Callable[..., FramesServer]) -> None:
    connection = Connection(serve().path)
    call = connection.begin(ECHO, b"silence", None, ())
    threading.Timer(0.1, call.cancel).start()
    with pytest.raises(Cancelled):
        call.answer()
    assert not call.cancel()
    connection.close()


def test_closing_ends_all_calls_and_leaves_nothing(serve: Callable[..., FramesServer]) -> None:
    server = serve()
    before = len(os.listdir("/proc/self/fd"))
    connection = Connection(server.path)
    calls = [connection.begin(ECHO, b"silence", None, ()) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        waiting = [threads.submit(call.answer) for call in calls]
        eventually(lambda: connection._leading)
        connection.close()
        for future in waiting:
            failure = future.exception(10)
            assert isinstance(failure, FrameFailure)
            assert failure.code() is grpc.StatusCode.CANCELLED
    eventually(lambda: server.ended == 1)
    # The server's own end is in this process, too.
    eventually(lambda: len(os.listdir("/proc/self/fd")) == before)


def test_a_failed_rank_ends_the_calls_of_a_run_over_frames(
    client: Client, serve: Callable[..., FramesServer]
) -> None:
    server = serve()
    with client.start_world(tensor_parallel_size=2) as world:
        world.ranks = [over(client, rank, server) for rank in world.ranks]
        ended: list[str] = []

        def work(session: Session) -> bytes:
            if session.info.rank == 0:
                try:
                    return session.send(ECHO, b"silence", timedelta(seconds=40))
                except BridgeError as error:
                    ended.append(error.reason)
                    raise
            eventually(lambda: len(server.received) > 0)
            raise KeyError("of the user's own")

        with pytest.raises(KeyError):
            world.run(work)
        eventually(lambda: ended == ["run_cancelled"])
        eventually(lambda: "cancel" in server.kinds())


def test_a_forked_child_is_refused_and_its_parent_goes_on(
    client: Client, serve: Callable[..., FramesServer]
) -> None:
    server = serve()
    session = over(client, client.open_session(affinity="strict_queue"), server)
    assert session.send(ECHO, b"1", SHORT) == b"1"
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = "nothing"
        try:
            session.send(ECHO, b"2", SHORT)
        except BridgeError as error:
            said = error.reason
        try:
            client.status()
        except BridgeError as error:
            said += f" {error.reason}"
        finally:
            os.write(write, said.encode())
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as said_by_child:
        assert said_by_child.read() == "forked_process forked_process"
    os.waitpid(pid, 0)
    assert session.send(ECHO, b"3", SHORT) == b"3"
    assert len(server.peers) == 1


def test_a_child_does_not_keep_a_connection_open(serve: Callable[..., FramesServer]) -> None:
    server = serve()
    connection = Connection(server.path)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(write)
        os.read(read, 1)
        os._exit(0)
    os.close(read)
    # As when the parent is killed: nobody says goodbye.
    connection._socket.close()
    eventually(lambda: server.ended == 1)
    os.close(write)
    os.waitpid(pid, 0)
