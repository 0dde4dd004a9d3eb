"""A frames connection of an event loop, and its calls."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from datetime import timedelta
from pathlib import Path

import grpc

from vllm_bridge.client._frames.outgoing import Outgoing
from vllm_bridge.durations import seconds_or_none
from vllm_bridge.process.forks import Place, drop_in_children
from vllm_bridge.transport.frames.calling import (
    Cancelled,
    End,
    FrameFailure,
    Frames,
    Malformed,
    Metadata,
    NotSent,
    Reply,
)

_PIECE_BYTES = 64 * 1024


class FrameCall:
    """A call on its way."""

    carrier = "frames"

    def __init__(self, connection: Connection, number: int, *, alone: bool) -> None:
        self.number = number
        self.end: End | None = None
        # For one at a time to wait for; cancelled with the task that does.
        self.ended: asyncio.Future[None] = connection.loop.create_future()
        # When its deadline passes.
        self.alarm: asyncio.TimerHandle | None = None
        self._connection = connection
        # Whether the connection is its own.
        self._alone = alone

    async def answer(self) -> bytes:
        """The response, at its deadline at the latest; given up when the task is cancelled.

        Raises:
            FrameFailure: it failed, its deadline has passed, or the connection has ended.
            NotSent: the rank has not had it.
            Cancelled: by `cancel`.
        """
        try:
            if self.end is None:
                await self.ended
        except asyncio.CancelledError:
            self.cancel()
            raise
        finally:
            if self._alone:
                self._connection.close()
        end = self.end
        if isinstance(end, Reply):
            return end.body
        # Several may be told of the end of a connection by the same.
        raise Cancelled if end is None else end.with_traceback(None)

    async def wait(self, ends: float | None) -> bool:
        """Until it has ended, or `time.monotonic()` is beyond `ends`: whether it has."""
        left = None if ends is None else max(ends - time.monotonic(), 0.0)
        await asyncio.wait([self.ended], timeout=left)
        return self.done()

    def done(self) -> bool:
        """Whether it has ended."""
        return self.end is not None

    def cancel(self) -> bool:
        """Give it up; False: it had ended."""
        return self._connection.give_up(self, Cancelled())


class Connection:
    """One connection to a rank, of the loop in which it was made."""

    def __init__(self, path: Path) -> None:
        """Connect.

        Raises:
            OSError: nobody listens there, or not for us.
        """
        self.loop = asyncio.get_running_loop()
        self.over = False
        self._place = Place("the connection to a rank")
        self._frames = Frames()
        self._open: dict[int, FrameCall] = {}
        self._writing = False
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._outgoing = Outgoing(self._socket)
        try:
            self._socket.setblocking(False)
            self._socket.connect(os.fspath(path))
            self.loop.add_reader(self._socket, self._receive)
        except BaseException:
            self._socket.close()
            raise
        drop_in_children(self)

    def begin(
        self,
        method: str,
        request: bytes,
        timeout: timedelta | None,
        metadata: Metadata,
        *,
        later: bool = False,
        alone: bool = False,
    ) -> FrameCall:
        """Send a call. The loop reads its answer, `later` or not.

        Raises:
            NotSent: the connection has ended.
            FrameFailure: the request is too large for any message.
            BridgeError: (validation, `forked_process`) it is the parent's.
        """
        self._place.check()
        if self.over:
            raise NotSent("the connection has ended")
        seconds = seconds_or_none(timeout)
        number, data = self._frames.call(method, request, seconds, metadata)
        try:
            self._outgoing.send(number, data)
        except OSError as error:
            # What the rank has sent is still read, up to its end.
            self.over = True
            raise NotSent(f"the connection has ended: {error}") from None
        call = self._open[number] = FrameCall(self, number, alone=alone)
        if seconds is not None:
            late = FrameFailure(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
            call.alarm = self.loop.call_later(seconds, self.give_up, call, late)
        self._watch_for_room()
        return call

    def give_up(self, call: FrameCall, end: End) -> bool:
        """End a call for its caller, and tell the rank; False: it had ended."""
        if call.end is not None:
            return False
        self._settle(call.number, end)
        if not self.over:
            # A rank that cannot be told finds out by the end of the connection.
            with contextlib.suppress(OSError):
                self._outgoing.send(call.number, self._frames.cancel(call.number))
            self._watch_for_room()
        return True

    def close(self) -> None:
        """End it, and with it all calls that are open."""
        closed = FrameFailure(grpc.StatusCode.CANCELLED, "the client was closed")
        self._end_all(closed, closed)

    def drop(self) -> None:
        """In a forked child, which does not touch the loop of its parent."""
        self._socket.close()

    def _receive(self) -> None:
        try:
            data = self._socket.recv(_PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(f"{error}")
            return
        if not data:
            self._lost("the other side closed it")
            return
        try:
            for number, end in self._frames.feed(data):
                if number:
                    self._settle(number, end)
                else:
                    self._end_all(end, NotSent("the connection has ended"))
        except Malformed as error:
            self._lost(f"the rank sent what is no frame: {error}")

    def _flush(self) -> None:
        # Where it fails, reading finds out what else there is to know.
        with contextlib.suppress(OSError):
            self._outgoing.flush()
        self._watch_for_room()

    def _watch_for_room(self) -> None:
        wanted = bool(self._outgoing) and not self.over
        if wanted == self._writing:
            return
        self._writing = wanted
        if wanted:
            self.loop.add_writer(self._socket, self._flush)
        else:
            self.loop.remove_writer(self._socket)

    def _settle(self, number: int, end: End) -> None:
        call = self._open.pop(number, None)
        if call is None:
            return
        if call.alarm is not None:
            call.alarm.cancel()
        call.end = end
        if not call.ended.done():
            call.ended.set_result(None)

    def _lost(self, why: str) -> None:
        lost = FrameFailure(grpc.StatusCode.UNAVAILABLE, f"frames connection: {why}")
        self._end_all(lost, NotSent(f"the connection has ended: {why}"))

    def _end_all(self, sent: End, unsent: End) -> None:
        """End all calls, those of which the rank has not had everything in another way."""
        self.over = True
        waiting = self._outgoing.give_up()
        for number in list(self._open):
            self._settle(number, unsent if number in waiting else sent)
        if self._socket.fileno() < 0:
            return
        self.loop.remove_reader(self._socket)
        self.loop.remove_writer(self._socket)
        # Also for a forked child that has a copy.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
