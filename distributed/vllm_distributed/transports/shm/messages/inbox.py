"""The receiver's end of the ring between two members of a group.

Tensors that are sent alone and messages with a description are received independently of each
other, as if they came on two ways; what is received first waits in memory for its turn.
"""

from __future__ import annotations

from collections import deque

import torch

from vllm_distributed.errors import MessageStepError
from vllm_distributed.tensors.spans import Span, Spans, move, read, span_of, spans_of
from vllm_distributed.transports.shm.layout import Layout
from vllm_distributed.transports.shm.messages.ring import (
    HEADER_BYTES,
    RING,
    UNDECIDED,
    Job,
    Pipe,
    unpacked,
)
from vllm_distributed.transports.shm.segment import Segment
from vllm_distributed.transports.shm.signature import TENSOR
from vllm_distributed.transports.shm.steps import Steps
from vllm_distributed.wire.flat_frame import room_for
from vllm_distributed.wire.message_steps import NO_STAMP, Stamp, is_stale

__all__ = ["Body", "Inbox", "Start"]

_SINK_BYTES = 1 << 16


Start = tuple[bytes, Stamp, bytes]
"""What a message begins with: what it is (its mark), when it was sent, its head."""


class Inbox(Pipe):
    """The receiver's end."""

    def __init__(
        self, segment: Segment, layout: Layout, steps: Steps, me: int, sender: int
    ) -> None:
        super().__init__(segment, layout, steps, sender, me, sender)
        self._waiting: dict[bool, deque[tuple[Start, torch.Tensor]]] = {
            True: deque(),
            False: deque(),
        }
        self._header = torch.empty(HEADER_BYTES, dtype=torch.uint8, device="cpu")
        self._header_span = span_of(self._header)
        self._is_known_open = False

    def is_open(self, operation: str) -> bool:
        """Return whether messages come this way, when the sender has decided."""
        if not self._is_known_open:
            words, state = self._words, self._state
            if words[state] == UNDECIDED:
                self._steps.wait_until(lambda: words[state] != UNDECIDED, self._peer, operation)
            self._is_known_open = words[state] == RING
        return self._is_known_open

    def begin(self, operation: str, *, alone: bool) -> tuple[Start, Body, bool]:
        """Return the next message, a tensor sent alone or another one: its beginning, its body, and
        whether it was sent in an earlier step.

        The body must be taken, or dropped, before the next message. Raises `MessageStepError` if it
        was sent in a later step, and keeps it.
        """
        start, body = self._next(operation, alone)
        stamp = start[1]
        if stamp is NO_STAMP:
            return start, body, False
        rank = self._steps.ranks[self._peer]
        try:
            return start, body, is_stale(stamp, operation, self._steps.name, rank)
        except MessageStepError:
            self._waiting[alone].appendleft((start, body.kept()))
            raise

    def _next(self, operation: str, alone: bool) -> tuple[Start, Body]:
        self._steps.check()
        waiting = self._waiting[alone]
        if waiting:
            start, kept = waiting.popleft()
            return start, Body(self, operation, kept.numel(), kept)
        while True:
            self.fill(self._header_span, operation)
            mark, head_bytes, body_bytes, stamp = unpacked(read(*self._header_span))
            head = b""
            if head_bytes:
                memory = room_for(torch.Size([head_bytes]), torch.uint8, "cpu")
                self.fill(span_of(memory), operation)
                head = read(*span_of(memory))
            start = mark, stamp, head
            if mark.startswith(TENSOR) == alone:
                return start, Body(self, operation, body_bytes, None)
            kept = room_for(torch.Size([body_bytes]), torch.uint8, "cpu")
            self.fill(span_of(kept), operation)
            self._waiting[not alone].append((start, kept))

    def fill(self, span: Span, operation: str) -> None:
        """Read the next bytes into a place."""
        job = self.start(Spans([span]))
        try:
            self.finish(job, operation)
        except BaseException:
            self._abandon(job, operation)
            raise

    def _move(self, spans: Spans) -> bool:
        ready = self._words[self._written] - self._count
        if not ready:
            return False
        self._fence()
        at = self._count % self._size
        self._count += spans.copy_in(self._ring + at, min(ready, self._size - at))
        self._say_moved()
        return True

    def _is_stuck(self, peer_count: int) -> bool:
        return peer_count == self._count


class Body:
    """The body of a message: still in the ring and behind it, or kept in memory."""

    def __init__(
        self, inbox: Inbox, operation: str, length: int, kept: torch.Tensor | None
    ) -> None:
        self.left = length
        """Bytes that were not asked for yet."""
        self._inbox, self._operation, self._kept = inbox, operation, kept
        self._wanted: list[torch.Tensor] = []
        self._job: Job | None = None

    def kept(self) -> torch.Tensor:
        """Return all of it in memory; nothing of it was asked for yet."""
        if self._kept is None:
            self._kept = room_for(torch.Size([self.left]), torch.uint8, "cpu")
            self._inbox.fill(span_of(self._kept), self._operation)
        return self._kept

    def into(self, tensor: torch.Tensor) -> None:
        """Have the next bytes read into a contiguous CPU tensor, when `start` is called."""
        self.left -= tensor.nbytes
        self._wanted.append(tensor)

    def start(self) -> None:
        """Begin to read what was asked for."""
        wanted, self._wanted = self._wanted, []
        if self._kept is None:
            if wanted:
                self._job = self._inbox.start(Spans(spans_of(wanted), wanted))
            return
        at = self._kept.data_ptr() + self._kept.numel() - self.left
        at -= sum([tensor.nbytes for tensor in wanted])
        for tensor in wanted:
            move(tensor.data_ptr(), at, tensor.nbytes)
            at += tensor.nbytes

    def is_done(self) -> bool:
        """Return whether all that was started is there, or will never be."""
        if self._job is not None and not self._job.done:
            self._inbox.pump()
        return self._job is None or self._job.done

    def wait(self) -> None:
        """Return when all that was started is there."""
        if self._job is not None:
            self._inbox.finish(self._job, self._operation)

    def go_on(self) -> None:
        """Have it all read though nobody waits for it."""
        if self._job is not None:
            self._inbox.go_on(self._job, self._operation)

    def drop(self) -> None:
        """Read what nobody wants, so that the next message is found."""
        self.start()
        self.wait()
        while self.left:
            self.into(torch.empty(min(self.left, _SINK_BYTES), dtype=torch.uint8, device="cpu"))
            self.start()
            self.wait()
