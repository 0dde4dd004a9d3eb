"""A frames connection without its socket: what bytes mean, and what ends it."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.rank.frames.call import FrameCall
from vllm_bridge.rank.frames.deadlines import Deadlines
from vllm_bridge.transport.frames.protocol import (
    MAX_FRAME_BYTES,
    MAX_METADATA_BYTES,
    ROOM_BYTES,
    Called,
    Cancelled,
    Event,
    HalfClosed,
    Limits,
    Malformed,
    MessageCame,
    Protocol,
    Refused,
    message_head,
    reply_head,
)

pytestmark = [pytest.mark.wire, pytest.mark.timeout(120)]

METHOD = "/vllm.distributed.v1.Distributed/GetPpIndices"
LIMITS = Limits(message_bytes=40, metadata_bytes=100, open_calls=3)


def length(count: int) -> bytes:
    return struct.pack("!I", count)


def packed(frame: Frame) -> bytes:
    body = frame.SerializeToString()
    return length(len(body)) + body


def called(call: int, body: bytes = b"", *pairs: tuple[str, bytes]) -> bytes:
    begun = Frame.Call(
        method=METHOD,
        timeout_us=5,
        metadata=[Frame.Pair(key=key, value=value) for key, value in pairs],
        body=body,
    )
    return packed(Frame(id=call, call=begun))


def opened(call: int) -> bytes:
    return packed(Frame(id=call, open=Frame.Open(method=METHOD)))


def message(call: int, body: bytes = b"m") -> bytes:
    return packed(Frame(id=call, message=Frame.Message(body=body)))


def half_close(call: int) -> bytes:
    return packed(Frame(id=call, half_close=Frame.HalfClose()))


def cancel(call: int) -> bytes:
    return packed(Frame(id=call, cancel=Frame.Cancel()))


def fed(protocol: Protocol, data: bytes) -> list[Event]:
    """What the bytes mean to a rank that ends what is cancelled or refused."""
    events = []
    for event in protocol.feed(data):
        events.append(event)
        if isinstance(event, Cancelled | Refused):
            protocol.end(event.id)
    return events


def events_of(data: bytes, limits: Limits = LIMITS) -> list[Event]:
    return fed(Protocol(limits), data)


def code(event: Event) -> grpc.StatusCode:
    assert isinstance(event, Refused)
    return next(status for status in grpc.StatusCode if status.value[0] == event.failure.code)


def test_a_call_comes_with_all_it_says() -> None:
    data = called(7, b"body", ("vllm-session-id", b"s"), ("x-bin", b"\xff"))
    assert events_of(data) == [
        Called(7, METHOD, 5, {"vllm-session-id": "s", "x-bin": b"\xff"}, b"body")
    ]


def test_a_stream_has_messages_and_an_end() -> None:
    data = opened(1) + message(1, b"a") + called(2) + message(1, b"b") + half_close(1)
    assert events_of(data) == [
        Called(1, METHOD, 0, {}, None),
        MessageCame(1, b"a"),
        Called(2, METHOD, 5, {}, b""),
        MessageCame(1, b"b"),
        HalfClosed(1),
    ]


def test_frames_in_pieces_mean_the_same() -> None:
    data = opened(1) + message(1, b"a") + called(2, b"x" * 40) + half_close(1) + cancel(2)
    whole = events_of(data)
    for size in (1, 2, 3, 5, 7, 50):
        protocol, found = Protocol(LIMITS), []
        for start in range(0, len(data), size):
            found += fed(protocol, data[start : start + size])
        assert found == whole, size
        assert protocol.missing == 0


def test_a_truncated_frame_waits_and_says_for_how_much() -> None:
    data = called(1, b"x" * 40)
    for cut in range(1, len(data)):
        protocol = Protocol(LIMITS)
        assert fed(protocol, data[:cut]) == []
        assert protocol.missing == (len(data) if cut >= 4 else 4) - cut
        assert len(fed(protocol, data[cut:])) == 1


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (length(0xFFFFFFFF), "a frame of 4294967295 bytes"),
        (length(40 + ROOM_BYTES + 1), "at most 1048616"),
        (length(3) + b"\xff\xff\xff", "no Frame"),
        (length(0), "id 0"),
        (packed(Frame(call=Frame.Call(method=METHOD))), "id 0"),
        (packed(Frame(id=3)), "which no client sends"),
        (packed(Frame(id=3, reply=Frame.Reply())), "the kind reply"),
        (packed(Frame(id=3, failure=Frame.Failure())), "the kind failure"),
        (called(3) + called(3), "the id 3"),
        (opened(3) + called(3), "the id 3"),
        (called(3) + message(3), "has one request"),
        (called(3) + half_close(3), "has one request"),
        (opened(3) + half_close(3) + message(3), "no more messages"),
        (opened(3) + half_close(3) + half_close(3), "no more messages"),
        # A string that is no UTF-8.
        (length(7) + b"\x08\x01\x12\x03\x0a\x01\xff", "no Frame"),
    ],
)
def test_what_is_no_frame_ends_the_connection(data: bytes, said: str) -> None:
    protocol = Protocol(LIMITS)
    *_, last = fed(protocol, data + called(9))
    assert isinstance(last, Malformed)
    assert said in last.what
    assert fed(protocol, called(10)) == [], "nothing is read after it"


def test_what_comes_for_a_call_that_is_over_is_passed_over() -> None:
    assert events_of(cancel(5) + message(5) + half_close(5)) == []
    protocol = Protocol(LIMITS)
    fed(protocol, opened(1))
    protocol.end(1)
    assert fed(protocol, message(1) + half_close(1) + cancel(1)) == []
    assert len(fed(protocol, called(1))) == 1, "its id is free"


def test_calls_that_ask_for_too_much_are_refused_and_the_connection_goes_on() -> None:
    found = events_of(
        called(1, b"x" * 41)
        + called(1, b"", ("k" * 60, b"v" * 60))
        + called(1, b"", ("key", b"\xff"))
        + opened(1)
        + message(1, b"x" * 41)
        + called(1)
        + called(2)
        + called(3)
        + called(4)
    )
    assert [type(event) for event in found] == [
        *([Refused] * 3),
        Called,
        Refused,
        *([Called] * 3),
        Refused,
    ]
    assert code(found[0]) is code(found[1]) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert code(found[4]) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert isinstance(found[2], Refused)
    assert found[2].failure.error.reason == "malformed_request"
    assert isinstance(found[8], Refused)
    assert found[8].failure.error.reason == "queue_full"


def test_the_limits_are_those_of_grpc_by_default() -> None:
    assert Limits().frame_bytes == MAX_FRAME_BYTES
    assert Limits(message_bytes=-1).frame_bytes == MAX_FRAME_BYTES
    assert Limits().metadata_bytes == MAX_METADATA_BYTES
    pairs = [("k", b"v" * 1000)] * 16
    (taken,) = events_of(called(1, b"", *pairs[:15]), Limits())
    assert isinstance(taken, Called)
    (refused,) = events_of(called(1, b"", *pairs), Limits())
    assert code(refused) is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_random_bytes_mean_something_or_end_the_connection() -> None:
    chance = random.Random(14)
    ended = 0
    for _ in range(20_000):
        data = chance.randbytes(chance.randrange(1, 40))
        if chance.random() < 0.8:
            data = length(len(data)) + data
        events = events_of(data, Limits(message_bytes=1000))
        ended += any(isinstance(event, Malformed) for event in events)
    assert ended > 10_000


@pytest.mark.parametrize("call", [1, 127, 128, 1 << 14, (1 << 64) - 1])
@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 16_383, 16_384, 3 << 20])
def test_answers_that_are_put_together_by_hand_are_frames(call: int, size: int) -> None:
    body = bytes(size)
    for head, frame in (
        (reply_head(call, size), Frame(id=call, reply=Frame.Reply(body=body))),
        (message_head(call, size), Frame(id=call, message=Frame.Message(body=body))),
    ):
        (length,) = struct.unpack_from("!I", head)
        assert length == len(head) - 4 + size
        assert Frame.FromString(head[4:] + body) == frame


# --- The model ------------------------------------------------------------------------------------


class Model:
    """What a connection is to mean, a whole frame at a time."""

    def __init__(self) -> None:
        self.open: dict[int, str] = {}
        self.over = False

    def begin(self, call: int, kind: str, fault: str) -> Iterator[tuple[str, int]]:
        if call in self.open:
            self.over = True
            yield "malformed", 0
        elif fault or len(self.open) == LIMITS.open_calls:
            yield "refused", call
        else:
            self.open[call] = kind
            yield "called", call

    def take(self, call: int, kind: str, fault: str) -> Iterator[tuple[str, int]]:
        state = self.open.get(call)
        if self.over:
            return
        if kind in ("garbage", "long", "reply", "none") or call == 0:
            self.over = True
            yield "malformed", 0
        elif kind in ("call", "open"):
            yield from self.begin(call, kind, fault)
        elif kind == "cancel":
            if self.open.pop(call, None):
                yield "cancelled", call
        elif state is None:
            return
        elif state != "open":
            self.over = True
            yield "malformed", 0
        elif kind == "half_close":
            self.open[call] = "half closed"
            yield "half_closed", call
        elif fault:
            del self.open[call]
            yield "refused", call
        else:
            yield "message_came", call


NAMES = {
    Called: "called",
    MessageCame: "message_came",
    HalfClosed: "half_closed",
    Cancelled: "cancelled",
    Refused: "refused",
    Malformed: "malformed",
}


def alphabet() -> list[tuple[int, str, str, bytes]]:
    """Frames as (id, kind, fault, bytes); those that end the connection are rare."""
    found: list[tuple[int, str, str, bytes]] = []
    for call in (1, 2, 3, 4, 1 << 63):
        usual = [
            (call, "call", "", called(call, b"x" * 40, ("k", b"v"))),
            (call, "open", "", opened(call)),
            (call, "message", "", message(call)),
            (call, "message", "", message(call, b"")),
            (call, "half_close", "", half_close(call)),
            (call, "cancel", "", cancel(call)),
        ]
        found += usual * 4
        found += [
            (call, "call", "large", called(call, b"x" * 41)),
            (call, "call", "metadata", called(call, b"", ("k" * 90, b"v"))),
            (call, "call", "no text", called(call, b"", ("k", b"\x80"))),
            (call, "message", "large", message(call, b"x" * 41)),
            (call, "reply", "", packed(Frame(id=call, reply=Frame.Reply()))),
            (call, "none", "", packed(Frame(id=call))),
        ]
    found += [
        (0, "call", "", called(0)),
        (0, "cancel", "", cancel(0)),
        (1, "garbage", "", length(2) + b"\xff\xff"),
        (1, "long", "", length(1 << 31) + b"xx"),
    ]
    return found


ALPHABET = alphabet()
SEQUENCES = 100_000


@pytest.mark.parametrize("seed", range(4))
def test_random_sequences_mean_what_the_model_says(seed: int) -> None:
    chance = random.Random(seed)
    choose, uniform = chance.choices, chance.random
    kinds: set[str] = set()
    for number in range(SEQUENCES // 4):
        protocol, model = Protocol(LIMITS), Model()
        expected: list[tuple[str, int]] = []
        found: list[tuple[str, int]] = []
        data = b""
        for call, kind, fault, frame in choose(ALPHABET, k=1 + int(uniform() * 10)):
            data += frame
            expected += model.take(call, kind, fault)
            if uniform() < 0.5:
                # The rest of it comes later.
                cut = int(uniform() * (len(data) + 1))
                found += names(fed(protocol, data[:cut]))
                data = data[cut:]
            if uniform() < 0.2:
                # The rank answers a call, once it has read all that was sent.
                found += names(fed(protocol, data))
                data = b""
                protocol.end(call)
                model.open.pop(call, None)
        found += names(fed(protocol, data))
        assert found == expected, (seed, number)
        assert model.over or protocol.open_calls == len(model.open)
        kinds.update(name for name, _ in found)
    assert kinds == set(NAMES.values())


def names(events: list[Event]) -> list[tuple[str, int]]:
    return [(NAMES[type(event)], getattr(event, "id", 0)) for event in events]


# --- Calls and their deadlines --------------------------------------------------------------------


class Line:
    """A connection that only notes what is sent."""

    message_bytes = 10

    def __init__(self) -> None:
        self.sent: list[Frame] = []
        self.ends: list[int] = []
        self.broken_off = False

    def ended(self, call: FrameCall) -> None:
        self.ends.append(call.id)

    def send(self, frame: Frame) -> None:
        self.sent.append(frame)

    def send_body(self, head: bytes, body: bytes) -> None:
        self.sent.append(Frame.FromString(head[4:] + body))

    def hold(self, call: FrameCall) -> None:
        """Nothing is read here."""

    def release(self, call: FrameCall) -> None:
        """Nothing is read here."""

    def wait_for_room(self, call: FrameCall) -> bool:
        return True

    def break_off(self) -> None:
        self.broken_off = True


@pytest.mark.parametrize(
    "ending",
    [
        lambda call: call.reply(b"x"),
        lambda call: call.fail_with(Frame.Failure(code=1)),
        lambda call: call.deadline_passed(),
        lambda call: call.give_up(),
        lambda call: call.cancel(),
    ],
    ids=["reply", "failure", "deadline", "given up", "cancelled"],
)
def test_a_call_ends_once(ending: Callable[[FrameCall], Any]) -> None:
    line = Line()
    call, gone = FrameCall(line, 5, 0.0), []
    assert call.is_active()
    assert call.time_remaining() is None
    assert call.add_callback(lambda: gone.append(1))
    ending(call)
    ended = list(line.sent), list(gone)
    for again in (
        call.deadline_passed,
        call.give_up,
        call.cancel,
        lambda: call.reply(b""),
        lambda: call.fail_with(Frame.Failure(code=1)),
    ):
        again()
    assert (line.sent, gone) == ended
    assert line.ends == [5]
    assert not call.is_active()
    assert not call.add_callback(lambda: None)


def test_who_waits_for_the_caller_hears_that_it_is_gone_and_not_of_an_answer() -> None:
    for ending, told in ((FrameCall.give_up, 1), (FrameCall.deadline_passed, 1)):
        call, gone = FrameCall(Line(), 1, 0.0), []
        call.add_callback(lambda gone=gone: gone.append(1))  # type: ignore[misc]
        ending(call)
        assert len(gone) == told
    call, gone = FrameCall(Line(), 1, 0.0), []
    call.add_callback(lambda: gone.append(1))
    call.reply(b"")
    assert gone == []


def test_a_response_that_is_too_large_fails_as_over_grpc() -> None:
    line = Line()
    FrameCall(line, 1, 0.0).reply(b"x" * 11)
    assert line.sent[0].failure.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    FrameCall(line, 2, 0.0).reply(b"x" * 10)
    assert line.sent[1].WhichOneof("kind") == "reply"


def test_deadlines_pass_in_order_and_those_of_ended_calls_are_dropped() -> None:
    deadlines = Deadlines()
    line = Line()
    calls = [FrameCall(line, n, deadline) for n, deadline in enumerate((3.0, 1.0, 2.0), 1)]
    for call in calls:
        deadlines.add(call)
    assert deadlines.next() == 1.0
    calls[1].reply(b"")
    assert deadlines.next() == 2.0
    assert [call.id for call in deadlines.passed(2.5)] == [3]
    assert [call.id for call in deadlines.passed(10.0)] == [1]
    assert deadlines.next() is None


def test_deadlines_of_many_ended_calls_take_no_memory() -> None:
    deadlines, line = Deadlines(), Line()
    left = FrameCall(line, 1, 1e9)
    deadlines.add(left)
    for number in range(20_000):
        call = FrameCall(line, number, 1e6)
        deadlines.add(call)
        call.reply(b"")
    assert len(deadlines) < 3_000
    assert deadlines.next() == 1e9
