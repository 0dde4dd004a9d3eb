"""A frames connection that threads share, and its calls.

Whoever waits for an answer reads for all: the first thread that waits is the *leader*, takes what
arrives and wakes the threads whose calls have ended; when its own has, it wakes one that still
waits, which leads then. So a thread that calls alone reads its answer itself, and no other thread
runs (benchmarks/calls.py: a call by a thread that reads for all takes 10 to 30 % longer).

Calls that are collected later (`Session.submit`) may have nobody who waits. While there are any,
and nobody leads, a thread of the connection does: the rank is never stuck with its answers.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import socket
import threading
import time
from datetime import timedelta
from pathlib import Path

import grpc

from vllm_bridge.client._frames.outgoing import Outgoing
from vllm_bridge.durations import seconds_or_none
from vllm_bridge.process import background
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

# For the next call that is collected later, before the thread that reads for such calls ends.
_LINGER_SECONDS = 1.0

# Windows has no poll, and no frames: see `places.SUPPORTED`.
_READABLE = getattr(select, "POLLIN", 1)
_WRITABLE = getattr(select, "POLLOUT", 4)
_BOTH = _READABLE | _WRITABLE


class FrameCall:
    """A call on its way. Threads may share it; one at a time waits for it."""

    carrier = "frames"

    def __init__(
        self, connection: Connection, number: int, ends: float | None, *, later: bool, alone: bool
    ) -> None:
        self.number = number
        # In time.monotonic(); None: never.
        self.ends = ends
        # Whether somebody reads for it though nobody waits.
        self.later = later
        self.end: End | None = None
        self._connection = connection
        # Whether the connection is its own.
        self._alone = alone
        # Held while somebody waits for it; whoever releases it has taken `waited_for` back.
        self.waiter: threading.Lock | None = None
        self.waited_for = False

    def wait(self, ends: float | None) -> bool:
        """Until it has ended, or `time.monotonic()` is beyond `ends`: whether it has."""
        return self._connection.wait(self, ends)

    def answer(self) -> bytes:
        """The response, at its deadline at the latest.

        Raises:
            FrameFailure: it failed, its deadline has passed, or the connection has ended.
            NotSent: the rank has not had it.
            Cancelled: by `cancel`.
        """
        try:
            if not self.wait(self.ends):
                late = grpc.StatusCode.DEADLINE_EXCEEDED
                self._connection.give_up(self, FrameFailure(late, "Deadline Exceeded"))
        except BaseException:
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

    def done(self) -> bool:
        """Whether it has ended."""
        return self.end is not None

    def cancel(self) -> bool:
        """Give it up; False: it had ended."""
        return self._connection.give_up(self, Cancelled())


class Connection:
    """One connection to a rank."""

    def __init__(self, path: Path) -> None:
        """Connect.

        Raises:
            OSError: nobody listens there, or not for us.
        """
        self._place = Place("the connection to a rank")
        self._frames = Frames()
        # Who leads, what is open, and whether all is over.
        self._lock = threading.Lock()
        self._open: dict[int, FrameCall] = {}
        self._followers: dict[int, FrameCall] = {}
        self._leading = False
        self._later = 0
        self._over = False
        # One at a time sends.
        self._sending = threading.Lock()
        self._reader: threading.Thread | None = None
        self._reader_wanted = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._outgoing = Outgoing(self._socket)
        self._wake = -1
        try:
            self._socket.setblocking(False)
            self._socket.connect(os.fspath(path))
            self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        except BaseException:
            self._socket.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._socket, _READABLE)
        self._poll.register(self._wake, _READABLE)
        self._polled = _READABLE
        drop_in_children(self)

    @property
    def over(self) -> bool:
        """Whether it takes no more calls."""
        return self._over

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
        """Send a call.

        Raises:
            NotSent: the connection has ended.
            FrameFailure: the request is too large for any message.
            BridgeError: (validation, `forked_process`) it is the parent's.
        """
        self._place.check()
        seconds = seconds_or_none(timeout)
        ends = None if seconds is None else time.monotonic() + seconds
        number, data = self._frames.call(method, request, seconds, metadata)
        call = FrameCall(self, number, ends, later=later, alone=alone)
        with self._sending:
            with self._lock:
                if self._over:
                    raise NotSent("the connection has ended")
                self._open[number] = call
                self._later += later
            try:
                self._outgoing.send(number, data)
                waits = bool(self._outgoing)
            except BaseException as error:
                # Also Ctrl-C: nobody knows where in the frame the rank is now.
                self._break_off(call)
                if not isinstance(error, OSError):
                    raise
                raise NotSent(f"the connection has ended: {error}") from None
        if waits:
            self._wake_leader()
        if later:
            self._read_in_thread()
        return call

    def wait(self, call: FrameCall, ends: float | None) -> bool:
        """Until the call has ended, or the time has: whether it has."""
        while True:
            with self._lock:
                if call.end is not None:
                    return True
                leads = not self._leading
                if leads:
                    self._leading = True
                else:
                    waiter = self._follow(call)
            if leads:
                try:
                    while call.end is None and not self._late(ends):
                        self._step(ends)
                finally:
                    self._resign()
            else:
                self._be_woken(call, waiter, ends)
            if call.end is None and self._late(ends):
                return False

    def give_up(self, call: FrameCall, end: End) -> bool:
        """End a call for its caller, and tell the rank; False: it had ended."""
        with self._lock:
            if call.end is not None:
                return False
            call.end = end
            self._ended(call)
            over = self._over
        if not over:
            # A rank that cannot be told finds out by the end of the connection.
            with self._sending, contextlib.suppress(OSError):
                self._outgoing.send(call.number, self._frames.cancel(call.number))
        self._wake_leader()
        return True

    def close(self) -> None:
        """End it, and with it all calls that are open."""
        closed = FrameFailure(grpc.StatusCode.CANCELLED, "the client was closed")
        self._end_all(closed, closed)
        with self._lock:
            leading = self._leading
            if not leading:
                self._give_back()
        if leading:
            self._wake_leader()

    def drop(self) -> None:
        """In a forked child, whose locks may be held for ever."""
        self._socket.close()
        wake, self._wake = self._wake, -1
        if wake >= 0:
            os.close(wake)

    __del__ = drop

    def _break_off(self, call: FrameCall) -> None:
        """Nothing more can be sent. What the rank has sent is still read, up to its end."""
        with self._lock:
            self._over = True
            self._ended(call)
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
            if not self._open and not self._leading:
                self._give_back()

    def _flush(self) -> None:
        # Where it fails, reading finds out what else there is to know.
        with self._sending, contextlib.suppress(OSError):
            self._outgoing.flush()

    def _step(self, ends: float | None) -> None:
        """The leader's: wait for something to happen, and see to it."""
        wanted = _BOTH if self._outgoing else _READABLE
        if wanted != self._polled:
            self._poll.modify(self._socket, wanted)
            self._polled = wanted
        left = None if ends is None else max(math.ceil((ends - time.monotonic()) * 1000), 0)
        # More milliseconds than the kernel counts are as good as any.
        for file, event in self._poll.poll(None if left is None else min(left, 2**31 - 1)):
            if file == self._wake:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(file)
                continue
            if event & _WRITABLE:
                self._flush()
            if event & ~_WRITABLE:
                self._receive()

    def _receive(self) -> None:
        try:
            data = self._socket.recv(_PIECE_BYTES)
            if not data:
                self._lost("the other side closed it")
            for number, end in self._frames.feed(data):
                if number:
                    self._settle(number, end)
                else:
                    self._end_all(end, NotSent("the connection has ended"))
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(f"{error}")
        except Malformed as error:
            self._lost(f"the rank sent what is no frame: {error}")
        except BaseException:
            # Ctrl-C, in the thread that reads for all: what came may not have been seen to.
            self._lost("reading it was interrupted")
            raise

    def _lost(self, why: str) -> None:
        lost = FrameFailure(grpc.StatusCode.UNAVAILABLE, f"frames connection: {why}")
        self._end_all(lost, NotSent(f"the connection has ended: {why}"))

    def _settle(self, number: int, end: End) -> None:
        with self._lock:
            call = self._open.get(number)
            if call is not None:
                call.end = end
                self._ended(call)

    def _ended(self, call: FrameCall) -> None:
        """A call is over. Under the lock."""
        if self._open.pop(call.number, None) is not None:
            self._later -= call.later
        self._wake_one(call)

    def _end_all(self, sent: End, unsent: End) -> None:
        """End all calls, those of which the rank has not had everything in another way."""
        with self._sending:
            waiting = self._outgoing.give_up()
            with self._lock:
                self._over = True
                for number, call in list(self._open.items()):
                    call.end = unsent if number in waiting else sent
                    self._ended(call)
        # Also for a forked child that has a copy.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def _follow(self, call: FrameCall) -> threading.Lock:
        """Under the lock: the lock that is released when the call has ended or is to lead."""
        if call.waiter is None:
            call.waiter = threading.Lock()
            call.waiter.acquire()
        call.waited_for = True
        self._followers[call.number] = call
        return call.waiter

    def _be_woken(self, call: FrameCall, waiter: threading.Lock, ends: float | None) -> None:
        left = -1.0 if ends is None else max(ends - time.monotonic(), 0.0)
        woken = False
        try:
            woken = waiter.acquire(timeout=min(left, threading.TIMEOUT_MAX))
        finally:
            with self._lock:
                self._followers.pop(call.number, None)
                late, call.waited_for = call.waited_for, False
                if not woken and not late:
                    # It was released in this moment.
                    waiter.acquire()

    def _wake_one(self, call: FrameCall) -> None:
        if call.waited_for and call.waiter is not None:
            call.waited_for = False
            self._followers.pop(call.number, None)
            call.waiter.release()

    def _resign(self) -> None:
        """The leader's end: another leads, as long as anybody waits."""
        with self._lock:
            self._leading = False
            if self._over and not self._open:
                self._give_back()
            elif self._followers:
                self._wake_one(next(iter(self._followers.values())))
            elif self._later:
                self._reader_wanted.set()

    def _give_back(self) -> None:
        """Under the lock, while nobody leads."""
        self.drop()
        self._reader_wanted.set()

    def _wake_leader(self) -> None:
        with self._lock:
            if self._leading and self._wake >= 0:
                os.eventfd_write(self._wake, 1)

    def _read_in_thread(self) -> None:
        """Have somebody lead though nobody waits."""
        with self._lock:
            if self._leading or not self._later:
                return
            self._reader_wanted.set()
            if self._reader is not None:
                return
            self._reader = background.thread(
                "answers to collect",
                self._read_for_all,
                failed=lambda _: self._lost("reading it failed"),
            )
            self._reader.start()

    def _read_for_all(self) -> None:
        while True:
            wanted = self._reader_wanted.wait(_LINGER_SECONDS)
            self._reader_wanted.clear()
            with self._lock:
                if not self._later and (self._over or not wanted):
                    self._reader = None
                    return
                if self._leading or not self._later:
                    continue
                self._leading = True
            try:
                while self._later:
                    self._step(None)
            finally:
                self._resign()

    @staticmethod
    def _late(ends: float | None) -> bool:
        return ends is not None and time.monotonic() >= ends
