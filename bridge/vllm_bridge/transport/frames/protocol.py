"""One connection's frames: bytes in, what they mean out. No I/O, and no clock.

What is not a frame, or comes out of order, ends the connection (`Malformed`). What is one and asks
for too much is refused, and the connection goes on (`Refused`). docs/contract.md has the rules.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.transport.frames.failures import (
    BAD_METADATA,
    failure_of,
    too_large_request,
    too_many_calls,
    too_much_metadata,
)

ROOM_BYTES = 1 << 20
"""What a frame may have beside its body."""

MAX_FRAME_BYTES = (1 << 31) - 1
"""More than this is no protobuf message."""

MAX_METADATA_BYTES = 16 * 1024
"""As gRPC has it by default, and counts it: 32 bytes for each pair, and what is in it."""

MAX_OPEN_CALLS = 4096
"""Of one connection."""

_PAIR_BYTES = 32

_LENGTH = struct.Struct("!I")

# Tags of fields with a length.
_REPLY = bytes([Frame.REPLY_FIELD_NUMBER << 3 | 2])
_CALL = bytes([Frame.CALL_FIELD_NUMBER << 3 | 2])
_CALL_BODY = bytes([Frame.Call.BODY_FIELD_NUMBER << 3 | 2])
_MESSAGE = bytes([Frame.MESSAGE_FIELD_NUMBER << 3 | 2])
_ONE_BYTE = [bytes([number]) for number in range(0x80)]


@dataclass(frozen=True)
class Limits:
    """What one connection may ask for."""

    # Of a request, a response or a message; 0: as many as protobuf takes.
    message_bytes: int = 0
    metadata_bytes: int = MAX_METADATA_BYTES
    open_calls: int = MAX_OPEN_CALLS

    @property
    def frame_bytes(self) -> int:
        """Of a whole frame; a longer one is none."""
        if self.message_bytes <= 0:
            return MAX_FRAME_BYTES
        return min(self.message_bytes + ROOM_BYTES, MAX_FRAME_BYTES)


class Called(NamedTuple):
    """A call begins; `body` is None where its requests are messages."""

    id: int
    method: str
    # 0: it has no deadline.
    timeout_us: int
    metadata: dict[str, str | bytes]
    body: bytes | None


class MessageCame(NamedTuple):
    """A message of an open call."""

    id: int
    body: bytes


class HalfClosed(NamedTuple):
    """No more messages of an open call come."""

    id: int


class Cancelled(NamedTuple):
    """The client has given an open call up."""

    id: int


class Refused(NamedTuple):
    """A call that may not begin, or that is open and may not go on, and why."""

    id: int
    failure: Frame.Failure


class Malformed(NamedTuple):
    """The connection is over. Always the last."""

    what: str


Event = Called | MessageCame | HalfClosed | Cancelled | Refused | Malformed


class _OpenCall:
    """Whether a call takes messages, and whether there may be more."""

    __slots__ = ("half_closed", "in_messages")

    def __init__(self, *, in_messages: bool) -> None:
        self.in_messages = in_messages
        self.half_closed = False


_WITH_ONE_REQUEST = _OpenCall(in_messages=False)


class Protocol:
    """The state of one connection. One thread feeds it; any may end a call.

    What `feed` says is acted on before it is asked for more: a call that is cancelled or refused is
    open until `end`.
    """

    __slots__ = ("_buffer", "_dead", "_limits", "_open", "_wanted")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: dict[int, _OpenCall] = {}
        # The beginning of a frame, and how many bytes are worth a look.
        self._buffer = bytearray()
        self._wanted = 0
        self._dead = False

    @property
    def missing(self) -> int:
        """Bytes that a frame that has begun still lacks, as far as known; 0: none has begun."""
        return self._wanted - len(self._buffer) if self._buffer else 0

    @property
    def open_calls(self) -> int:
        """How many calls are open."""
        return len(self._open)

    def end(self, call: int) -> None:
        """The call is over, and its id free."""
        self._open.pop(call, None)

    def feed(self, data: bytes | memoryview) -> Iterator[Event]:
        """What the bytes mean that have come, one thing after the other."""
        if self._dead:
            return
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._wanted:
                return
            data, self._buffer = memoryview(self._buffer), bytearray()
        at, there = 0, len(data)
        while there - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, at)
            if length > self._limits.frame_bytes:
                yield self._malformed(
                    f"a frame of {length} bytes; at most {self._limits.frame_bytes} may be in one"
                )
                return
            start, end = at + _LENGTH.size, at + _LENGTH.size + length
            if end > there:
                break
            # protobuf reads any buffer, whatever its stubs say: pieces are not copied again.
            piece: Any = data[start:end]
            try:
                frame = Frame.FromString(piece)
            except DecodeError as error:
                yield self._malformed(f"{length} bytes that are no Frame: {error}")
                return
            at = end
            event = self._event(frame)
            if event is not None:
                yield event
                if self._dead:
                    return
        if at < there:
            self._buffer += data[at:]
            rest = there - at
            self._wanted = _LENGTH.size if rest < _LENGTH.size else end - at

    def _event(self, frame: Frame) -> Event | None:
        call, kind = frame.id, frame.WhichOneof("kind")
        if call == 0:
            return self._malformed("a frame with the id 0; calls have ids from 1 on")
        if kind == "call":
            return self._begin(call, frame.call, frame.call.body)
        if kind == "open":
            return self._begin(call, frame.open, None)
        if kind == "cancel":
            return Cancelled(call) if call in self._open else None
        if kind not in ("message", "half_close"):
            return self._malformed(
                f"a frame of call {call} of the kind {kind}, which no client sends"
            )
        state = self._open.get(call)
        if state is None:
            # It was sent before its client knew that the call is over.
            return None
        if not state.in_messages or state.half_closed:
            why = "was to have no more messages" if state.in_messages else "has one request"
            return self._malformed(f"a {kind} of call {call}, which {why}")
        if kind == "half_close":
            state.half_closed = True
            return HalfClosed(call)
        body = frame.message.body
        if self._too_large(body):
            return Refused(call, too_large_request(len(body), self._limits.message_bytes))
        return MessageCame(call, body)

    def _begin(self, call: int, begun: Frame.Call | Frame.Open, body: bytes | None) -> Event:
        if call in self._open:
            return self._malformed(f"a call with the id {call}, which an open call has")
        if body is not None and self._too_large(body):
            return Refused(call, too_large_request(len(body), self._limits.message_bytes))
        try:
            size, metadata = _metadata(begun.metadata)
        except UnicodeDecodeError:
            return Refused(call, failure_of(BAD_METADATA))
        if size > self._limits.metadata_bytes:
            return Refused(call, too_much_metadata(size, self._limits.metadata_bytes))
        if len(self._open) >= self._limits.open_calls:
            return Refused(call, failure_of(too_many_calls(len(self._open))))
        self._open[call] = _WITH_ONE_REQUEST if body is not None else _OpenCall(in_messages=True)
        return Called(call, begun.method, begun.timeout_us, metadata, body)

    def _too_large(self, body: bytes) -> bool:
        return 0 < self._limits.message_bytes < len(body)

    def _malformed(self, what: str) -> Malformed:
        self._dead = True
        return Malformed(what)


def _metadata(pairs: Iterable[Frame.Pair]) -> tuple[int, dict[str, str | bytes]]:
    """Size and content; of two pairs with one key the last counts."""
    size, found = 0, {}
    for pair in pairs:
        key, value = pair.key, pair.value
        size += _PAIR_BYTES + len(key) + len(value)
        found[key] = value if key.endswith("-bin") else value.decode("ascii")
    return size, found


def encoded(frame: Frame) -> bytes:
    """A frame as it goes over the connection."""
    body: bytes = frame.SerializeToString()
    return _LENGTH.pack(len(body)) + body


def reply_head(call: int, length: int) -> bytes:
    """What goes before the body of a reply that has so many bytes.

    Put together by hand: protobuf copies a body four times, and what is sent is nearly all body.
    """
    return _head(call, _REPLY, length)


def message_head(call: int, length: int) -> bytes:
    """The same for a message of an opened call."""
    return _head(call, _MESSAGE, length)


def call_head(number: int, call: Frame.Call, length: int) -> bytes:
    """The same for a call; `call` has its other fields."""
    return _frame_head(number, _CALL, call.SerializeToString() + _CALL_BODY, length)


def _head(call: int, kind: bytes, length: int) -> bytes:
    # The first field of Reply and of Message is the body.
    return _frame_head(call, kind, b"\x0a", length)


def _frame_head(call: int, kind: bytes, inner: bytes, length: int) -> bytes:
    # The first field of Frame is the id.
    inner += _varint(length)
    head = b"\x08" + _varint(call) + kind + _varint(len(inner) + length) + inner
    return _LENGTH.pack(len(head) + length) + head


def _varint(number: int) -> bytes:
    if number < 0x80:
        return _ONE_BYTE[number]
    digits = bytearray()
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    digits.append(number)
    return bytes(digits)
