"""The side that calls, without a socket: calls become bytes, and bytes become the ends of calls.

The rules are those of docs/contract.md. Nothing here waits or sends.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import grpc
from google.protobuf.message import DecodeError

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.codec.errors import TRAILER
from vllm_bridge.durations import LONGEST_S
from vllm_bridge.transport.frames.protocol import MAX_FRAME_BYTES, call_head, encoded

LARGE_BYTES = 1 << 20
"""A request of more goes over a connection of its own: where a frame comes that is above the rank's
limit by more than this, the rank closes the connection, whatever else is open there."""

TOO_MANY_CONNECTIONS = "too_many_connections"
"""Why a rank closes a connection before it has read anything."""

_LENGTH = struct.Struct("!I")
# For what is in a frame beside the request.
_LENGTH_ROOM = 1 << 20
_WHOLE_CONNECTION = 0

_STATUS = {code.value[0]: code for code in grpc.StatusCode}

Metadata = Sequence[tuple[str, str | bytes]]


class NotSent(Exception):
    """The rank has not had the call, which may therefore go another way."""


class Cancelled(Exception):
    """Its caller has given the call up."""


class Malformed(Exception):
    """What came is no frame that a rank may send."""


class FrameFailure(grpc.RpcError):  # type: ignore[misc]
    """A call that failed, with what gRPC's own error says."""

    def __init__(self, code: grpc.StatusCode, details: str, trailers: Metadata = ()) -> None:
        super().__init__(f"{code.name}: {details}")
        self._code, self._details, self._trailers = code, details, tuple(trailers)

    def code(self) -> grpc.StatusCode:
        """Its status."""
        return self._code

    def details(self) -> str:
        """What was said of it."""
        return self._details

    def trailing_metadata(self) -> Metadata:
        """The trailers, the `ErrorDetail` among them."""
        return self._trailers


class Reply(NamedTuple):
    """The end of a call that went well."""

    body: bytes
    trailers: Metadata = ()


End = Reply | FrameFailure | NotSent | Cancelled
"""What became of a call: the response, its failure, or that it was never one."""


class Frames:
    """One connection's frames. One thread feeds it; any may make frames."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._parts = bytearray()

    def call(
        self, method: str, request: bytes, timeout_s: float | None, metadata: Metadata
    ) -> tuple[int, bytes]:
        """The id of a call, and its frame. Raises FrameFailure for one that is too large."""
        number = next(self._ids)
        call = Frame.Call(method=method)
        if timeout_s is not None and timeout_s < LONGEST_S:
            # 0 would be none.
            call.timeout_us = max(int(timeout_s * 1e6), 1)
        pairs = call.metadata
        for key, value in metadata:
            pairs.add(key=key, value=value.encode() if isinstance(value, str) else value)
        if len(request) > MAX_FRAME_BYTES - _LENGTH_ROOM:
            raise FrameFailure(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"a request of {len(request)} bytes; a message has at most {MAX_FRAME_BYTES}",
            )
        return number, call_head(number, call, len(request)) + request

    def cancel(self, number: int) -> bytes:
        """The frame that gives a call up."""
        return encoded(Frame(id=number, cancel=Frame.Cancel()))

    def feed(self, data: bytes) -> list[tuple[int, End]]:
        """The calls that end with these bytes; id 0 stands for all of the connection's.

        Raises:
            Malformed: the connection is of no more use.
        """
        if not self._parts and len(data) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data)
            if length == len(data) - _LENGTH.size:
                return [_end(data[_LENGTH.size :])]
        parts = self._parts
        parts += data
        ends = []
        at = 0
        while len(parts) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(parts, at)
            if length > MAX_FRAME_BYTES:
                raise Malformed(f"a frame of {length} bytes")
            start = at + _LENGTH.size
            if len(parts) - start < length:
                break
            at = start + length
            ends.append(_end(bytes(parts[start:at])))
        del parts[:at]
        return ends


def _end(body: bytes) -> tuple[int, End]:
    try:
        frame = Frame.FromString(body)
    except DecodeError as error:
        raise Malformed(f"it does not parse: {error}") from None
    kind = frame.WhichOneof("kind")
    if kind == "reply" and frame.id != _WHOLE_CONNECTION:
        reply = frame.reply
        return frame.id, Reply(reply.body, _pairs(reply.trailers) if reply.trailers else ())
    if kind == "failure":
        return frame.id, _failure(frame.failure)
    raise Malformed(f"a {kind} for call {frame.id}")


def _failure(said: Frame.Failure) -> End:
    if said.error.reason == TOO_MANY_CONNECTIONS:
        return NotSent(said.message)
    trailers = _pairs(said.trailers)
    if said.HasField("error") and not any(key == TRAILER for key, _ in trailers):
        trailers.append((TRAILER, said.error.SerializeToString()))
    return FrameFailure(_STATUS.get(said.code, grpc.StatusCode.UNKNOWN), said.message, trailers)


def _pairs(pairs: Iterable[Frame.Pair]) -> list[tuple[str, str | bytes]]:
    found: list[tuple[str, str | bytes]] = []
    for pair in pairs:
        binary = pair.key.endswith("-bin")
        found.append((pair.key, pair.value if binary else pair.value.decode("ascii", "replace")))
    return found
