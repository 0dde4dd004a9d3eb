"""One call that came in a frame: its caller, as what runs it sees it, and the way back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Protocol

import grpc

from vllm_bridge._generated.frames_pb2 import Frame
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.process import background
from vllm_bridge.rank.transfers import CallerGone
from vllm_bridge.transport.frames.failures import failure_of, status_failure, too_large_answer
from vllm_bridge.transport.frames.protocol import message_head, reply_head

MAX_WAITING_MESSAGES = 2
"""Of an open call. While more wait, its connection is not read from."""


# In the words of gRPC.
_DEADLINE_EXCEEDED = status_failure(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")


class Line(Protocol):
    """What a call asks of its connection."""

    message_bytes: int

    def ended(self, call: FrameCall) -> None:
        """The call is over: its id is free."""
        ...

    def send(self, frame: Frame) -> None:
        """Send a frame now, or when the client reads."""
        ...

    def send_body(self, head: bytes, body: bytes) -> None:
        """The same, for a frame whose last bytes are the body of a call's answer."""
        ...

    def hold(self, call: FrameCall) -> None:
        """Read no more while too many messages of the call wait."""
        ...

    def release(self, call: FrameCall) -> None:
        """Read on, as far as it is for this call, and look again whether anybody waits for room."""
        ...

    def wait_for_room(self, call: FrameCall) -> bool:
        """Return when a message may be sent; False when nobody waits for it any more."""
        ...

    def break_off(self) -> None:
        """Have the reader close it."""
        ...


class FrameCall:
    """A `Caller`. Whoever ends it first sends the answer; what comes after is dropped."""

    __slots__ = ("_active", "_callbacks", "_connection", "_messages", "_unended", "deadline", "id")

    def __init__(self, connection: Line, call: int, deadline: float) -> None:
        """`deadline` is of `time.monotonic`; 0: there is none."""
        self.id = call
        self.deadline = deadline
        self._connection = connection
        self._callbacks: list[Callable[[], None]] = []
        self._active = True
        # Taken by whoever ends it.
        self._unended = [True]
        self._messages: SimpleQueue[bytes | CallerGone | None] | None = None

    def time_remaining(self) -> float | None:
        """Seconds until the deadline; None where there is none."""
        return max(self.deadline - time.monotonic(), 0.0) if self.deadline else None

    def is_active(self) -> bool:
        """Whether anybody still waits for the answer."""
        return self._active

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """See `Caller`."""
        self._callbacks.append(callback)
        return self._active

    def cancel(self) -> None:
        """End it without its answer, and its connection: its client does not read."""
        if self.give_up():
            self._connection.break_off()

    def give_up(self) -> bool:
        """Its caller waits no more. False where it had ended before."""
        callbacks = self._end()
        _tell(callbacks or ())
        return callbacks is not None

    def deadline_passed(self) -> None:
        """Its time is over."""
        callbacks = self._end()
        if callbacks is not None:
            self._connection.send(Frame(id=self.id, failure=_DEADLINE_EXCEEDED))
            _tell(callbacks)

    def reply(self, body: bytes) -> None:
        """It went well."""
        limit = self._connection.message_bytes
        if 0 < limit < len(body):
            self.fail_with(too_large_answer(len(body), limit))
        elif self._end() is not None:
            self._connection.send_body(reply_head(self.id, len(body)), body)

    def fail(self, error: BridgeError) -> None:
        """It did not."""
        self.fail_with(failure_of(error))

    def fail_with(self, failure: Frame.Failure) -> None:
        """It did not, in a way that is not one of our errors."""
        if self._end() is not None:
            self._connection.send(Frame(id=self.id, failure=failure))

    def _end(self) -> list[Callable[[], None]] | None:
        """End it, before anything is sent, so that its client may use the id again. Whom to tell
        where its caller has gone; None where it had ended before."""
        try:
            self._unended.pop()
        except IndexError:
            return None
        self._active = False
        self._connection.ended(self)
        if self._messages is not None:
            self._messages.put(CallerGone())
            self._connection.release(self)
        callbacks, self._callbacks = self._callbacks, []
        return callbacks

    # Of a call in messages.

    def open(self) -> None:
        """Its requests are messages."""
        self._messages = SimpleQueue()

    def accept(self, metadata: Iterable[tuple[str, bytes]]) -> None:
        """Tell the client that its call is taken."""
        if self._active:
            pairs = [Frame.Pair(key=key, value=value) for key, value in metadata]
            self._connection.send(Frame(id=self.id, open=Frame.Open(metadata=pairs)))

    def put(self, body: bytes | None) -> None:
        """A message has come; None: no more come. In the reader's thread."""
        if self._messages is not None:
            self._messages.put(body)
            if self.crowded:
                self._connection.hold(self)

    @property
    def crowded(self) -> bool:
        """Whether as many messages wait as may."""
        messages = self._messages
        return self._active and messages is not None and messages.qsize() > MAX_WAITING_MESSAGES

    def requests(self) -> Iterator[bytes]:
        """The messages as they come. Raises `CallerGone`."""
        messages = self._messages
        while messages is not None:
            body = messages.get()
            if isinstance(body, CallerGone):
                raise body
            self._connection.release(self)
            if body is None:
                return
            yield body

    def send_message(self, body: bytes) -> None:
        """Send one, as fast as the client takes them. Raises `CallerGone`."""
        if not (self._active and self._connection.wait_for_room(self)):
            raise CallerGone
        self._connection.send_body(message_head(self.id, len(body)), body)


def _tell(callbacks: Iterable[Callable[[], None]]) -> None:
    for callback in callbacks:
        with background.step("telling a call that its caller has gone"):
            callback()
