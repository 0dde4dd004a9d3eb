"""Frames against a rank's server: what it answers, what it bounds, and what it closes.

Whatever one connection does, the others go on: each test of bad input looks at that, too.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from frames_client import CallFailed, Closed, FramesConnection, packed, pairs
from pool_harness import eventually
from rank_frames_harness import ECHO, FAIL, LARGE, LEAVE, QUICK, WAIT, S, Served, term, value_of

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.codec.errors import Category
from vllm_bridge.rank import transfers
from vllm_bridge.rank.frames import connection, server
from vllm_bridge.rank.grpc_carrier import GrpcCarrier
from vllm_bridge.rank.journal import State
from vllm_bridge.transport.frames.protocol import Limits
from vllm_bridge.transport.grpc_options import message_limits
from vllm_bridge.transport.metadata import AFFINITY, METHOD, SESSION_ID

pytestmark = [pytest.mark.wire, pytest.mark.timeout(60)]

CHUNKS = "/vllm.bridge.v1.Chunks/Call"
DEADLINE_EXCEEDED = grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
RESOURCE_EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
UNIMPLEMENTED = grpc.StatusCode.UNIMPLEMENTED.value[0]


@pytest.fixture
def serve(short_tmp: Path) -> Iterator[Callable[..., Served]]:
    """Start servers; they are closed at the end."""
    served: list[Served] = []

    def begin(**options: int) -> Served:
        served.append(Served(short_tmp / f"{time.monotonic_ns()}.frames.sock", **options))
        return served[-1]

    yield begin
    for one in served:
        one.close()


@pytest.fixture
def rank(serve: Callable[..., Served]) -> Served:
    return serve()


@pytest.fixture
def client(rank: Served) -> Iterator[FramesConnection]:
    with FramesConnection(rank.endpoint) as opened:
        yield opened


@pytest.fixture
def other(rank: Served) -> Iterator[Callable[[], None]]:
    """Another client, that was there before; to be asked whether it is still served."""
    with FramesConnection(rank.endpoint) as opened:
        assert value_of(opened.call(QUICK, term(0), S)) == 0

        def is_served() -> None:
            assert value_of(opened.call(QUICK, term(1), S, 20)) == 1
            with FramesConnection(rank.endpoint) as new:
                assert value_of(new.call(QUICK, term(2), S, 20)) == 2

        yield is_served


def busy_connection(rank: Served) -> connection.Connection:
    """The server's end of the one connection that has calls, or answers that are not read."""

    def busy() -> list[connection.Connection]:
        return [one for one in list(rank.server._connections.values()) if one.calls or one._unsent]

    eventually(lambda: len(busy()) == 1)
    return busy()[0]


def refused(client: FramesConnection, *call: Any) -> CallFailed:
    with pytest.raises(CallFailed) as caught:
        client.call(*call)
    return caught.value


# --- What it answers ------------------------------------------------------------------------------


def test_calls_are_answered_in_the_order_of_the_queue(
    rank: Served, client: FramesConnection
) -> None:
    begun = [client.begin(ECHO, term(number), S) for number in range(500)]
    assert [value_of(client.answer(call)) for call in reversed(begun)] == list(range(500))[::-1]
    assert rank.ran == list(range(500))


def test_what_needs_no_executor_is_answered_while_a_call_runs(
    rank: Served, client: FramesConnection
) -> None:
    running = client.begin(WAIT, term("waited"), S)
    assert rank.waiting.wait(10)
    queued = client.begin(ECHO, term("queued"), S)
    assert value_of(client.call(QUICK, term("quick"), S)) == "quick"
    assert refused(client, ECHO, b"", {SESSION_ID: "nobody's"}).reason == "session_not_found"
    assert refused(client, "/no/Such", b"", S).code == UNIMPLEMENTED
    busy = refused(client, ECHO, b"", {SESSION_ID: "fast"})
    assert (busy.reason, busy.code) == ("worker_busy", grpc.StatusCode.UNAVAILABLE.value[0])
    assert refused(client, ECHO, b"", S | {AFFINITY: "strict_fail_fast"}).reason == "worker_busy"
    assert rank.ran == ["quick"]
    rank.go_on.set()
    assert value_of(client.answer(running)) == "waited"
    assert value_of(client.answer(queued)) == "queued"


def test_a_full_queue_says_so_at_once(serve: Callable[..., Served]) -> None:
    rank = serve(max_queue=3)
    with FramesConnection(rank.endpoint) as client:
        begun = [client.begin(WAIT, term(number), S) for number in range(4)]
        full = refused(client, ECHO, term(5), S)
        assert full.reason == "queue_full"
        assert full.error is not None
        assert full.error.details == {"depth": 3, "limit": 3}
        rank.go_on.set()
        assert [value_of(client.answer(call)) for call in begun] == [0, 1, 2, 3]


def test_what_a_call_raises_is_its_callers_answer(rank: Served, client: FramesConnection) -> None:
    failed = refused(client, FAIL, term(0), S).error
    assert failed is not None
    assert (failed.category, failed.python_type) == (Category.PYTHON_ERROR, "ValueError")
    assert str(os.getpid()) in failed.message
    assert "in _fail" in failed.traceback
    # Also where it wants to end the thread, which is the only one.
    left = refused(client, LEAVE, term(0), S).error
    assert left is not None
    assert left.python_type == "SystemExit"
    malformed = refused(client, ECHO, b"\xff\xff", S)
    assert malformed.reason == "malformed_request"
    assert value_of(client.call(ECHO, term(1), S)) == 1


def test_a_deadline_passes_while_a_call_runs_or_waits(
    rank: Served, client: FramesConnection
) -> None:
    running = client.begin(WAIT, term("running"), S, timeout_s=0.2)
    assert rank.waiting.wait(10)
    queued = client.begin(ECHO, term("queued"), S, timeout_s=0.2)
    for call in (running, queued):
        with pytest.raises(CallFailed) as caught:
            client.answer(call)
        assert (caught.value.code, caught.value.error) == (DEADLINE_EXCEEDED, None)
    (record, _) = rank.journal.active()
    assert record.gone_at > 0
    assert record.overdue_s(time.monotonic()) > 0
    rank.go_on.set()
    assert value_of(client.call(ECHO, term("next"), S, 20)) == "next"
    # The one that waited never ran.
    assert rank.ran == ["running", "next"]
    states = [record.state for record in rank.journal.latest()]
    assert states == [State.FINISHED, State.WITHDRAWN, State.FINISHED]


@pytest.mark.parametrize("leave", ["cancel", "close"])
def test_a_caller_that_goes_is_missed(rank: Served, leave: str) -> None:
    client = FramesConnection(rank.endpoint)
    running = client.begin(WAIT, term("running"), S)
    assert rank.waiting.wait(10)
    queued = client.begin(ECHO, term("queued"), S)
    eventually(lambda: len(rank.journal) == 2)
    if leave == "cancel":
        client.cancel(queued)
        client.cancel(running)
        assert value_of(client.call(QUICK, term(0), S)) == 0
    else:
        client.close()
    (record, _) = rank.journal.active()
    eventually(lambda: record.gone_at > 0)
    rank.go_on.set()
    eventually(lambda: len(rank.journal) == 0)
    assert "queued" not in rank.ran
    assert [record.state for record in rank.journal.latest()] == [State.WITHDRAWN, State.FINISHED]
    client.close()


@pytest.mark.parametrize("days", [24, 30, 3_000, 4_000, 10_000_000])
def test_a_deadline_may_be_as_far_as_anybody_likes(
    rank: Served, client: FramesConnection, days: int
) -> None:
    running = client.begin(WAIT, term(days), S, timeout_s=days * 86_400)
    assert rank.waiting.wait(10)
    # The reader has waited for it, and still reads.
    assert value_of(client.call(QUICK, term(1), S, days * 86_400)) == 1
    rank.go_on.set()
    assert value_of(client.answer(running)) == days


def test_nothing_wakes_a_server_that_nobody_calls(rank: Served, client: FramesConnection) -> None:
    client.call(ECHO, term(0), S, 100)
    client.call(QUICK, term(0), S)
    assert rank.server._timeout_s() is None


# --- Bad input ------------------------------------------------------------------------------------


def called(call: int) -> bytes:
    return packed(Frame(id=call, call=Frame.Call(method=WAIT, metadata=pairs(S), body=term(call))))


BAD = {
    "random bytes": b"\x00\x00\x00\x06\x93\x8a\xff\x10\x77\x01",
    "a length of 4 GiB": struct.pack("!I", 0xFFFFFFFF) + b"x" * 1000,
    "an id twice": called(1) + called(1),
    "the id 0": called(0),
    "a frame without anything": struct.pack("!I", 0),
    "a reply": packed(Frame(id=1, reply=Frame.Reply())),
    "a message of a call with one request": called(1)
    + packed(Frame(id=1, message=Frame.Message())),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_what_is_no_frame_is_answered_and_closes_its_connection(
    rank: Served, client: FramesConnection, other: Callable[[], None], data: bytes
) -> None:
    client.socket.sendall(data)
    frame = client.next()
    assert frame.id == 0
    assert frame.failure.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert frame.failure.error.reason == "malformed_frame"
    with pytest.raises(Closed):
        client.next()
    other()


def test_random_bytes_never_disturb_another(rank: Served, other: Callable[[], None]) -> None:
    for seed in range(200):
        with FramesConnection(rank.endpoint) as client, contextlib.suppress(OSError):
            client.socket.sendall(struct.pack("!I", seed) + os.urandom(300))
    other()
    eventually(lambda: len(rank.server._connections) == 1)


def test_a_cancel_for_no_call_is_passed_over(client: FramesConnection) -> None:
    client.cancel(77)
    client.send(Frame(id=78, half_close=Frame.HalfClose()))
    assert value_of(client.call(ECHO, term(1), S)) == 1


@pytest.mark.parametrize("count", [1, 3, 4, 20])
def test_a_writer_that_stops_in_mid_frame_is_ended(
    rank: Served,
    other: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    count: int,
) -> None:
    with FramesConnection(rank.endpoint) as client:
        client.socket.sendall(called(1)[:count])
        other()
        assert not select.select([client.socket], [], [], 0.2)[0], "it may go on"
        monkeypatch.setattr(connection, "STALLED_SECONDS", 0.1)
        with pytest.raises(Closed):
            client.next()
    other()
    assert rank.server._timeout_s() is None


def test_a_slow_writer_is_waited_for(client: FramesConnection) -> None:
    for byte in called(1) + packed(Frame(id=2, cancel=Frame.Cancel())):
        client.socket.sendall(bytes([byte]))
    client.cancel(1)
    assert value_of(client.call(QUICK, term(1), S)) == 1


def test_a_slow_reader_is_not_read_from_and_gets_all_its_answers(
    rank: Served, other: Callable[[], None]
) -> None:
    size, count = 1 << 20, 60
    with FramesConnection(rank.endpoint) as client:
        for _ in range(count):
            client.begin(LARGE, term(size), S)
        one = busy_connection(rank)

        def is_stuck() -> bool:
            """Nothing is under way: what was read has run, and what the kernel takes is sent."""
            waits = one._unsent > connection.MAX_UNSENT_BYTES
            return waits and not one._interest & select.EPOLLIN and len(rank.journal) == 0

        eventually(is_stuck)
        # The reader may have been told before that there is something to read. It serves a second
        # call of another connection after that. What comes from now on waits in its socket.
        other()
        other()
        eventually(is_stuck)
        late = client.begin(QUICK, term("late"), S)
        eventually(lambda: len(rank.journal) == 0)
        assert "late" not in rank.ran
        # The executor's last answer and the reader's own one may come in either order.
        answers = {
            frame.id: frame.reply.body for frame in (client.next() for _ in range(count + 1))
        }
        assert value_of(answers.pop(late)) == "late"
        assert len(answers) == count
        assert min(len(body) for body in answers.values()) > size
    other()


def test_a_reader_that_reads_nothing_is_ended(
    rank: Served, other: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with FramesConnection(rank.endpoint) as client:
        client.begin(LARGE, term(4 << 20), S)
        running = client.begin(WAIT, term("unread"), S)
        assert rank.waiting.wait(10)
        other()
        monkeypatch.setattr(connection, "STALLED_SECONDS", 0.1)
        (record,) = rank.journal.active()
        # It is a caller that has gone.
        eventually(lambda: record.gone_at > 0)
        assert running == 2
        with pytest.raises(Closed):
            client.next()
    other()


def test_ten_thousand_connections_are_served_or_told(
    rank: Served, other: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 50)
    with contextlib.ExitStack() as opened:
        kept = [opened.enter_context(FramesConnection(rank.endpoint)) for _ in range(49)]
        for client in kept:
            assert value_of(client.call(QUICK, term(1), S)) == 1
        for _ in range(10_000):
            with FramesConnection(rank.endpoint) as client:
                frame = client.next()
                assert frame.id == 0
                assert frame.failure.error.reason == "too_many_connections"
                assert frame.failure.code == RESOURCE_EXHAUSTED
                with pytest.raises(Closed):
                    client.next()
        for client in kept:
            assert value_of(client.call(QUICK, term(1), S)) == 1
    eventually(lambda: len(rank.server._connections) == 1)
    other()


def test_a_rank_without_a_descriptor_takes_connections_later(
    rank: Served, other: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals: list[int] = []
    accept = socket.socket.accept

    def no_descriptor(listener: socket.socket) -> Any:
        if len(refusals) < 2:
            refusals.append(1)
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(listener)

    monkeypatch.setattr(server, "_PAUSE_S", 0.05)
    monkeypatch.setattr(socket.socket, "accept", no_descriptor)
    with FramesConnection(rank.endpoint) as late:
        assert value_of(late.call(QUICK, term(1), S)) == 1
    assert len(refusals) == 2
    other()


def test_calls_that_are_too_many_for_one_connection_are_refused(
    rank: Served, client: FramesConnection, other: Callable[[], None]
) -> None:
    rank.server._limits = Limits(open_calls=10)
    with FramesConnection(rank.endpoint) as crowded:
        begun = [crowded.begin(WAIT, term(number), S) for number in range(10)]
        assert refused(crowded, QUICK, term(1), S).reason == "queue_full"
        assert value_of(client.call(QUICK, term(1), S)) == 1
        rank.go_on.set()
        assert [value_of(crowded.answer(call)) for call in begun] == list(range(10))
        assert value_of(crowded.call(QUICK, term(1), S)) == 1
    other()


def test_messages_over_the_limit_fail_as_over_grpc(serve: Callable[..., Served]) -> None:
    rank = serve(max_message_bytes=1000)
    over_grpc = grpc.server(
        rank.inline, handlers=[GrpcCarrier(rank.calls)], options=message_limits(1000)
    )
    port = over_grpc.add_insecure_port("127.0.0.1:0")
    over_grpc.start()
    with (
        FramesConnection(rank.endpoint) as client,
        grpc.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        for method, body in ((ECHO, term("x" * 1000)), (LARGE, term(1000)), (LARGE, term(900))):
            try:
                channel.unary_unary(method)(body, metadata=tuple(S.items()))
                wanted = None
            except grpc.RpcError as error:
                wanted = error.code().value[0]
            try:
                client.call(method, body, S)
                found = None
            except CallFailed as error:
                found = error.code
            assert found == wanted, (method, len(body))
        assert rank.ran == []
        client.socket.sendall(struct.pack("!I", 1000 + (1 << 20) + 1))
        assert client.next().failure.error.reason == "malformed_frame"
        with pytest.raises(Closed):
            client.next()
    over_grpc.stop(None)


def test_a_defect_ends_one_connection_and_says_so(
    rank: Served,
    client: FramesConnection,
    other: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(rank.calls, "take", lambda path, metadata: 1 // 0)
    client.begin(ECHO, term(1), S)
    frame = client.next()
    assert (frame.id, frame.failure.error.reason) == (0, "internal_error")
    with pytest.raises(Closed):
        client.next()
    monkeypatch.undo()
    other()
    assert "a frames connection failed" in caplog.text


# --- Calls in messages ----------------------------------------------------------------------------


def part(**fields: Any) -> bytes:
    return rank_pb2.CallPart(**fields).SerializeToString()


def test_a_call_in_messages_is_accepted_before_it_is_sent(client: FramesConnection) -> None:
    call = client.open(CHUNKS, S | {METHOD: ECHO})
    accepted = client.frame_of(call)
    assert [(pair.key, pair.value) for pair in accepted.open.metadata] == [
        ("vllm-parts", b"accepted")
    ]
    client.messages(call, [part(message=term(1))])
    (answer,) = client.answers(call)
    assert value_of(rank_pb2.CallPart.FromString(answer).message) == 1


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        (S | {METHOD: "/no/Such"}, UNIMPLEMENTED),
        (S, UNIMPLEMENTED),
        ({SESSION_ID: "x", METHOD: ECHO}, grpc.StatusCode.FAILED_PRECONDITION.value[0]),
    ],
)
def test_a_call_in_messages_is_refused_before_it_is_sent(
    client: FramesConnection, metadata: dict[str, str | bytes], code: int
) -> None:
    call = client.open(CHUNKS, metadata)
    with pytest.raises(CallFailed) as caught:
        client.answers(call)
    assert caught.value.code == code
    # What was under way is passed over.
    client.messages(call, [b"x", b"y"])
    assert value_of(client.call(QUICK, term(1), S)) == 1


def test_a_call_is_begun_as_its_method_is(client: FramesConnection) -> None:
    assert refused(client, CHUNKS, b"", S | {METHOD: ECHO}).code == UNIMPLEMENTED
    call = client.open(ECHO, S)
    with pytest.raises(CallFailed) as caught:
        client.answers(call)
    assert caught.value.code == UNIMPLEMENTED


def test_parts_that_nobody_takes_are_not_read_and_the_end_of_their_client_is_seen(
    rank: Served, other: Callable[[], None]
) -> None:
    places = rank.state.transfers._places
    for _ in range(transfers.AT_A_TIME):
        places.acquire()
    client = FramesConnection(rank.endpoint)
    call = client.open(CHUNKS, S | {METHOD: ECHO})
    assert client.frame_of(call).WhichOneof("kind") == "open"
    size = 100 << 20
    request = types_pb2.Term(msgpack=b"\x01", tensors=[types_pb2.Tensor(dtype="u8", shape=[size])])
    request.tensors[0].chunks.index = 0
    one = busy_connection(rank)
    client.socket.settimeout(0.5)
    first = part(message=request.SerializeToString(), sizes=[size])
    sent = 0
    with contextlib.suppress(TimeoutError):
        for body in itertools.chain([first], itertools.repeat(part(data=bytes(1 << 20)))):
            client.send(Frame(id=call, message=Frame.Message(body=body)))
            sent += 1
    assert sent < 10
    assert not one._interest & select.EPOLLIN
    (caller,) = list(one.calls.values())
    other()
    client.close()
    eventually(lambda: not caller.is_active())
    for _ in range(transfers.AT_A_TIME):
        places.release()
    other()


def test_an_answer_in_parts_waits_for_its_reader(
    rank: Served,
    other: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(connection, "_ROOM_BYTES", 1000)
    moved = [part(data=bytes([number]) * 5000) for number in range(100)]
    taken: list[int] = []
    ended = threading.Event()

    class Parts:
        """Stands in for a call in parts."""

        def run(self, requests: Any, caller: Any, accept: Callable[[], None]) -> Iterator[bytes]:
            accept()
            list(requests)
            try:
                for number, one in enumerate(moved):
                    taken.append(number)
                    yield one
            finally:
                ended.set()

    monkeypatch.setattr(rank.calls, "take_in_parts", lambda metadata: Parts())
    with FramesConnection(rank.endpoint) as client:
        call = client.open(CHUNKS, S | {METHOD: ECHO})
        client.messages(call, [])
        eventually(lambda: len(taken) > 1)
        other()
        assert client.answers(call) == moved
        # And where the reader leaves, nobody waits for it.
        ended.clear()
        taken.clear()
        again = client.open(CHUNKS, S | {METHOD: ECHO})
        client.messages(again, [])
        eventually(lambda: len(taken) > 1)
    assert ended.wait(10)
    assert len(taken) < len(moved)
    other()
    assert not caplog.records


def test_a_stream_that_stalls_is_cancelled_with_its_connection(rank: Served) -> None:
    with FramesConnection(rank.endpoint) as client:
        client.begin(WAIT, term(1), S)
        (call,) = busy_connection(rank).calls.values()
        call.cancel()
        with pytest.raises(Closed):
            client.next()


# --- Processes ------------------------------------------------------------------------------------


def test_a_forked_child_keeps_no_connection_open(rank: Served) -> None:
    with FramesConnection(rank.endpoint) as client:
        assert value_of(client.call(QUICK, term(1), S)) == 1
        ready, told = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(told, b"1")
            signal.pause()
            os._exit(1)
        try:
            os.read(ready, 1)
            assert value_of(client.call(ECHO, term(2), S)) == 2
            rank.server.close()
            with pytest.raises(Closed):
                client.next()
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(ready)
            os.close(told)


def test_a_reader_that_fails_leaves_nobody_waiting(
    rank: Served, client: FramesConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert value_of(client.call(QUICK, term(1), S)) == 1

    def fail() -> None:
        raise RuntimeError("made to fail")

    monkeypatch.setattr(rank.server, "_timeout_s", fail)
    # The call is answered before the reader fails, or its connection is closed.
    with contextlib.suppress(CallFailed, Closed):
        client.call(QUICK, term(1), S)
    with pytest.raises(Closed):
        client.next()
    with pytest.raises(OSError, match="refused"):
        FramesConnection(rank.endpoint)


def test_threads_may_answer_at_the_same_time(rank: Served, client: FramesConnection) -> None:
    """The reader answers quick calls while the executor answers others, over one connection."""
    answers: dict[int, Any] = {}

    def read() -> None:
        for _ in range(4000):
            frame = client.next()
            answers[frame.id] = value_of(frame.reply.body)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(4000):
        client.begin(QUICK if number % 2 else ECHO, term(number), S)
    reader.join(40)
    assert answers == {number + 1: number for number in range(4000)}


def test_a_flood_on_one_connection_does_not_keep_another_waiting(
    rank: Served, other: Callable[[], None]
) -> None:
    stop = threading.Event()
    flood = packed(Frame(id=5, cancel=Frame.Cancel())) * 10_000

    def send() -> None:
        with FramesConnection(rank.endpoint) as client:
            while not stop.is_set():
                client.socket.sendall(flood)

    flooding = threading.Thread(target=send)
    flooding.start()
    try:
        for _ in range(10):
            other()
    finally:
        stop.set()
        flooding.join(20)


def test_answers_deadlines_cancels_and_ends_may_all_meet(rank: Served) -> None:
    """Each call ends once, whoever ends it, and nothing of any is left."""
    endings: list[str] = []

    def call(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(6):
            with FramesConnection(rank.endpoint) as client:
                begun = {}
                for number in range(60):
                    method = chance.choice([ECHO, QUICK, FAIL, ECHO])
                    timeout_s = chance.choice([0, 20, chance.random() / 200])
                    begun[client.begin(method, term(number), S, timeout_s)] = False
                    if chance.random() < 0.2:
                        cancelled = chance.choice(list(begun))
                        client.cancel(cancelled)
                        begun[cancelled] = True
                if chance.random() < 0.3:
                    continue
                for one, was_cancelled in begun.items():
                    if not was_cancelled:
                        try:
                            client.answer(one)
                            endings.append("answer")
                        except CallFailed as failed:
                            endings.append(failed.reason or str(failed.code))

    threads = [threading.Thread(target=call, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
        assert not thread.is_alive(), "a call was never answered"
    assert set(endings) <= {"answer", "exception", str(DEADLINE_EXCEEDED)}
    assert len(endings) > 500
    eventually(lambda: len(rank.journal) == 0)
    eventually(lambda: not rank.server._connections)
    with FramesConnection(rank.endpoint) as client:
        assert value_of(client.call(ECHO, term(1), S)) == 1
        (one,) = rank.server._connections.values()
        assert (one.calls, one.protocol.open_calls) == ({}, 0)
