"""Calls to one rank in frames, over one connection.

A call costs the pool half of what it costs over gRPC (`benchmarks/hint.exs`).
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple, cast

import grpc
from google.protobuf.message import DecodeError

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.codec.errors import TRAILER
from vllm_bridge.durations import LONGEST_S
from vllm_bridge.transport.address import unix_path

Metadata = Sequence[tuple[str, str | bytes]]

LARGE_BYTES = 1 << 20
"""A request of more goes over gRPC, whose connection carries several at a time: here the answers to
short ones would wait behind it."""

_TRY_AGAIN_AFTER = timedelta(seconds=1)

_LENGTH = struct.Struct("!I")
_MAX_FRAME_BYTES = (1 << 31) - 1
_STATUS = {code.value[0]: code for code in grpc.StatusCode}


class NotSent(Exception):
    """The rank has not had the call, which may therefore go another way."""


class RankFailure(Exception):
    """A call that failed: a status of gRPC, what was said of it, and the trailers."""

    def __init__(self, code: grpc.StatusCode, message: str, trailers: Metadata = ()) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code, self.message, self.trailers = code, message, tuple(trailers)


class Reply(NamedTuple):
    """The end of a call that went well."""

    body: bytes
    trailers: Metadata = ()


class RankFrames:
    """The way to a rank that takes frames: connected by the first call, and again after a loss."""

    def __init__(self, endpoint: str) -> None:
        self._path = unix_path(endpoint)
        self._connection: _Connection | None = None
        self._connecting = asyncio.Lock()
        self._try_at = 0.0

    async def call(
        self, method: str, request: bytes, timeout_s: float | None, metadata: Metadata
    ) -> Reply:
        """One call.

        Raises:
            NotSent: nobody can be reached there.
            RankFailure: it failed, on the rank or on its way.
        """
        connection = self._connection
        if connection is None or connection.lost:
            connection = await self._connected()
        return await connection.call(method, request, timeout_s, metadata)

    def close(self) -> None:
        """End the connection, and with it the calls that are open on it."""
        if self._connection is not None:
            self._connection.close()

    async def _connected(self) -> _Connection:
        loop = asyncio.get_running_loop()
        async with self._connecting:
            if self._connection is not None and not self._connection.lost:
                return self._connection
            if self._path is None or loop.time() < self._try_at:
                raise NotSent("nobody listened there a moment ago")
            try:
                _, self._connection = await loop.create_unix_connection(
                    _Connection, str(self._path)
                )
            except OSError as error:
                self._try_at = loop.time() + _TRY_AGAIN_AFTER.total_seconds()
                raise NotSent(str(error)) from None
            return self._connection


class _Connection(asyncio.Protocol):
    """One connection, and the calls that are open on it."""

    def __init__(self) -> None:
        # Why it is of no more use; empty while it is.
        self.lost = ""
        self._transport: asyncio.Transport | None = None
        self._numbers = itertools.count(1)
        self._open: dict[int, asyncio.Future[Reply | RankFailure]] = {}
        self._received = bytearray()
        self._writable = asyncio.Event()
        self._writable.set()

    async def call(
        self, method: str, request: bytes, timeout_s: float | None, metadata: Metadata
    ) -> Reply:
        """As `RankFrames.call`."""
        loop = asyncio.get_running_loop()
        ends = None if timeout_s is None or timeout_s >= LONGEST_S else loop.time() + timeout_s
        # Until the rank has read what was sent before.
        while not self._writable.is_set() and not self.lost:
            await _until(self._writable, ends)
        if self.lost or self._transport is None:
            raise NotSent(self.lost)
        number = next(self._numbers)
        ended: asyncio.Future[Reply | RankFailure] = loop.create_future()
        self._open[number] = ended
        timer = None
        if ends is not None:
            timer = loop.call_at(ends, _pass_deadline, ended)
            timeout_s = ends - loop.time()
        self._transport.write(_call(number, method, request, timeout_s, metadata))
        try:
            end = await ended
        finally:
            if timer is not None:
                timer.cancel()
            # Its caller has gone, or its time is over: the rank has not ended it.
            if self._open.pop(number, None) is not None and not self.lost:
                self._transport.write(_framed(Frame(id=number, cancel=Frame.Cancel())))
        if isinstance(end, RankFailure):
            raise end
        return end

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        self._transport = cast(asyncio.Transport, transport)

    def pause_writing(self) -> None:
        """As asyncio calls it."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """As asyncio calls it."""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """As asyncio calls it."""
        try:
            for frame in self._frames(data):
                self._end(frame)
        except (DecodeError, ValueError) as error:
            self._break(f"the rank sent what is no frame: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        """As asyncio calls it."""
        self._break(str(error or "the rank closed it"))

    def _frames(self, data: bytes) -> Iterable[Frame]:
        received = self._received
        if not received and len(data) >= _LENGTH.size:
            # As it nearly always is: one frame, in one piece.
            (length,) = _LENGTH.unpack_from(data)
            if length == len(data) - _LENGTH.size:
                yield Frame.FromString(data[_LENGTH.size :])
                return
        received += data
        at = 0
        while len(received) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(received, at)
            if length > _MAX_FRAME_BYTES:
                raise ValueError(f"{length} bytes")
            start = at + _LENGTH.size
            if len(received) - start < length:
                break
            at = start + length
            yield Frame.FromString(bytes(received[start:at]))
        del received[:at]

    def _end(self, frame: Frame) -> None:
        kind = frame.WhichOneof("kind")
        if kind not in ("reply", "failure"):
            raise ValueError(f"a {kind} for call {frame.id}")
        failure = _failure(frame.failure) if kind == "failure" else None
        if frame.id == 0:
            self._break(str(failure))
            return
        ended = self._open.pop(frame.id, None)
        # A caller's withdrawal may have crossed the answer.
        if ended is None or ended.done():
            return
        ended.set_result(failure or Reply(frame.reply.body, _pairs(frame.reply.trailers)))

    def _break(self, why: str) -> None:
        if self.lost:
            return
        self.lost = why
        self._writable.set()
        self.close()
        calls, self._open = self._open, {}
        for ended in calls.values():
            if not ended.done():
                said = f"the connection to the rank was lost: {why}"
                ended.set_result(RankFailure(grpc.StatusCode.UNAVAILABLE, said))


def _late() -> RankFailure:
    return RankFailure(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")


def _pass_deadline(ended: asyncio.Future[Reply | RankFailure]) -> None:
    if not ended.done():
        ended.set_result(_late())


async def _until(event: asyncio.Event, ends: float | None) -> None:
    left = None if ends is None else max(ends - asyncio.get_running_loop().time(), 0.0)
    try:
        await asyncio.wait_for(event.wait(), left)
    except (asyncio.TimeoutError, TimeoutError):
        raise _late() from None


def _call(
    number: int, method: str, request: bytes, timeout_s: float | None, metadata: Metadata
) -> bytes:
    frame = Frame(id=number)
    call = frame.call
    call.method = method
    call.body = request
    if timeout_s is not None:
        # 0 would be none.
        call.timeout_us = max(int(timeout_s * 1e6), 1)
    for key, value in metadata:
        call.metadata.add(key=key, value=value.encode() if isinstance(value, str) else value)
    return _framed(frame)


def _framed(frame: Frame) -> bytes:
    body: bytes = frame.SerializeToString()
    return _LENGTH.pack(len(body)) + body


def _failure(said: Frame.Failure) -> RankFailure:
    trailers = _pairs(said.trailers)
    if said.HasField("error"):
        trailers.append((TRAILER, said.error.SerializeToString()))
    return RankFailure(_STATUS.get(said.code, grpc.StatusCode.UNKNOWN), said.message, trailers)


def _pairs(pairs: Iterable[Frame.Pair]) -> list[tuple[str, str | bytes]]:
    found: list[tuple[str, str | bytes]] = []
    for pair in pairs:
        binary = pair.key.endswith("-bin")
        found.append((pair.key, pair.value if binary else pair.value.decode("ascii", "replace")))
    return found
