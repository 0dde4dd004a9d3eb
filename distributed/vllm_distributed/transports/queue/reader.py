"""A reader's end of a message queue: from the ring of its node, or over a socket."""

from __future__ import annotations

import threading
import time
from typing import Any

from vllm_distributed.errors import (
    MessageQueueCancelledError,
    MessageQueueClosedError,
    MessageQueueTimeoutError,
)
from vllm_distributed.transports.queue.frames import Assembler, unpack
from vllm_distributed.transports.queue.handle import Endpoint, Handle
from vllm_distributed.transports.queue.ring import Ring
from vllm_distributed.transports.queue.sockets import SocketReader
from vllm_distributed.transports.shm.wait import Wait

__all__ = ["Reader"]

_POLL_S = 0.02


class Reader(Endpoint):
    """Takes frames out of `source`, in order. Deadlines are of `time.monotonic`, or None."""

    def __init__(
        self, handle: Handle, stopped: threading.Event, source: Ring | SocketReader
    ) -> None:
        super().__init__(handle, stopped)
        self.source = source
        self._assembler = Assembler()
        self._is_assembling = False

    def wait_until_ready(self, deadline: float) -> None:
        """Return when the writer has all readers, or over a socket when it knows this one."""
        if isinstance(self.source, Ring):
            self._wait_for_start(self.source, deadline)
        else:
            self._wait_for_introduction(self.source, deadline)

    def read(self, deadline: float | None, cancel: Any) -> Any:
        """Return the next object; `cancel`, unless it is None, ends the wait when it is set."""
        if isinstance(self.source, Ring):
            return self._read_from_ring(self.source, deadline, cancel)
        return self._receive(self.source, deadline, cancel)

    def _read_from_ring(self, ring: Ring, deadline: float | None, cancel: Any) -> Any:
        while True:
            if not ring.has_next_soon():
                self._wait_for_chunk(ring, deadline, cancel)
            small = ring.take_small()
            if small is not None:
                self._stop_assembling()
                return unpack(small)
            piece, begins, ends = ring.peek()
            try:
                if begins and ends:
                    self._stop_assembling()
                    return unpack(piece)
                if begins:
                    self._assembler.reset()
                    self._is_assembling = True
                # Else it belongs to a frame of which something could not be taken in.
                if self._is_assembling:
                    self._assembler.feed(piece)
                    if ends:
                        self._is_assembling = False
                        return self._assembler.take()
            except BaseException:
                self._stop_assembling()
                raise
            finally:
                length = len(piece)
                piece.release()
                ring.release(length)

    def _stop_assembling(self) -> None:
        """Drop the part of a frame that has arrived: the rest will not come, or is of no use."""
        if self._is_assembling:
            self._is_assembling = False
            self._assembler.reset()

    def _wait_for_chunk(self, ring: Ring, deadline: float | None, cancel: Any) -> None:
        wait = Wait(deadline, ring.sleep)
        while not ring.has_next():
            self._check_waiting(cancel)
            gone = None
            if ring.is_closed():
                gone = "the writer has shut the message queue down"
            elif wait.time_to_look_around() and ring.writer_is_dead():
                gone = "the writer of the message queue is not running any more"
            if gone is not None:
                if ring.has_next():  # it came just before
                    return
                raise MessageQueueClosedError(f"{gone}, and everything it sent was read")
            if not wait.pause():
                raise self._empty()

    def _receive(self, client: SocketReader, deadline: float | None, cancel: Any) -> Any:
        while True:
            left = _POLL_S if deadline is None else deadline - time.monotonic()
            if client.receive(min(max(left, 0.0), _POLL_S)):
                break
            self._check_waiting(cancel)
            if left <= 0:
                raise self._empty()
        try:
            return client.assembler.take()
        finally:
            client.acknowledge()

    def _wait_for_start(self, ring: Ring, deadline: float) -> None:
        wait = Wait(deadline)
        while not ring.is_started():
            self.check_open()
            in_time = wait.pause()
            if (wait.time_to_look_around() or not in_time) and ring.writer_is_dead():
                raise MessageQueueClosedError(
                    "the writer of the message queue is not running any more"
                )
            if not in_time:
                raise self.missing("the writer, or a reader it waits for,", [])

    def _wait_for_introduction(self, client: SocketReader, deadline: float) -> None:
        while not client.introduce(_POLL_S):
            self.check_open()
            if time.monotonic() >= deadline:
                raise self.missing("the writer", [])

    def _check_waiting(self, cancel: Any) -> None:
        self.check_open()
        if cancel is not None and cancel.is_set():
            raise MessageQueueCancelledError("cancelled: the event given to dequeue was set")

    def _empty(self) -> MessageQueueTimeoutError:
        return MessageQueueTimeoutError(
            "the writer of the message queue sent nothing before the timeout (it is still there); "
            "pass indefinite=True to wait for as long as it takes"
        )
