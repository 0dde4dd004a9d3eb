"""Messages from one member of a group to another, through a ring of bytes that only they use.

The sender writes bytes and says how many there have been, the receiver reads them and says the
same; nothing is locked, and loads and stores are ordered as `memory_order` says. A message of any
length goes through a ring of any length, while both are at it.

What was started and is not waited for goes on by itself (`shared_progress`), on either side: a
sender need not wait because the receiver computes, nor the other way round. A blocking send that
finds the ring full for a while leaves a copy of what is left to that as well, up to a limit: two
ranks that first send and then receive do not wait for each other, as they would not with sockets,
which have buffers.

A message is a header (what it is, the length of its head and of its body), head and body.
Tensors that are sent alone and messages with a description are received independently of each
other, as if they came on two ways; what is received first waits in memory for its turn.
"""

from __future__ import annotations

import struct
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic

import torch

from vllm_distributed.communicators.flat_frame import room_for
from vllm_distributed.communicators.memory_order import Fence
from vllm_distributed.communicators.shared_layout import (
    PAIR_READ,
    PAIR_STATE,
    PAIR_WRITTEN,
    Layout,
)
from vllm_distributed.communicators.shared_log import say_why
from vllm_distributed.communicators.shared_progress import Progress, keep_going
from vllm_distributed.communicators.shared_segment import Segment, SegmentError
from vllm_distributed.communicators.shared_steps import Steps
from vllm_distributed.communicators.spans import Span, Spans, move, read, span_of, spans_of
from vllm_distributed.communicators.waiting import Wait
from vllm_distributed.errors import EncodingError, GroupDestroyedError

__all__ = ["HEADER_BYTES", "TENSOR", "Body", "Inbox", "Job", "Outbox", "header", "unpacked"]

TENSOR = b"VDALONE\0"
"""The mark of a tensor that is sent alone; others are those of `flat_frame`."""

_HEADER = struct.Struct("<8sqq")
HEADER_BYTES = _HEADER.size
_LONGEST = 1 << 46
_SINK_BYTES = 1 << 16

_UNDECIDED, _RING, _NO_ROOM = 0, 1, 2
# What blocking sends may leave behind between two members. Sockets take about as much.
_MOST_LEFT_BEHIND = 4 << 20
_PATIENCE_S = 0.001
_DRAINING_S = 5.0


def header(mark: bytes, head_bytes: int, body_bytes: int) -> bytes:
    """Return what a message begins with."""
    return _HEADER.pack(mark, head_bytes, body_bytes)


def unpacked(data: bytes) -> tuple[bytes, int, int]:
    """Return what `header` was made of. Raises `EncodingError` for lengths that no message has."""
    mark, head_bytes, body_bytes = _HEADER.unpack(data)
    if not 0 <= head_bytes <= _LONGEST or not 0 <= body_bytes <= _LONGEST:
        raise EncodingError(
            f"a peer announced a message of {head_bytes} and {body_bytes} bytes, which none has: "
            f"the memory is damaged"
        )
    return mark, head_bytes, body_bytes


class Job:
    """Bytes to be written or read, one after the other."""

    def __init__(self, spans: Spans) -> None:
        self.spans = spans
        self.error: Exception | None = None
        self._all = spans.left

    @property
    def done(self) -> bool:
        """Whether all has been moved, or will never be."""
        return not self.spans.left

    @property
    def has_begun(self) -> bool:
        return self.spans.left < self._all

    def fail(self, error: Exception) -> None:
        self.error = error
        self.spans.drop()


class _Pipe:
    """One end: jobs in their order, moved on by whoever calls `pump`."""

    def __init__(
        self, segment: Segment, layout: Layout, steps: Steps, sender: int, receiver: int, peer: int
    ) -> None:
        self._segment, self._steps, self._peer = segment, steps, peer
        self._words = segment.words
        line = layout.pair(sender, receiver)
        self._written, self._read = line + PAIR_WRITTEN, line + PAIR_READ
        self._state = line + PAIR_STATE
        self._start, self._size = layout.ring(sender, receiver), layout.ring_bytes
        self._ring = segment.bytes.data_ptr() + self._start
        self._fence = Fence()
        self._lock = threading.Lock()
        self._jobs: deque[Job] = deque()
        self._count = 0
        self._keeps_going = False

    def pump(self) -> bool:
        """Move what can be moved now; return whether nothing is left to do."""
        with self._lock:
            while self._jobs:
                job = self._jobs[0]
                while job.spans.left:
                    if not self._move(job.spans):
                        return False
                self._jobs.popleft()
            return True

    def start(self, spans: Spans) -> Job:
        """Begin to move bytes; what is left is moved when somebody pumps."""
        self._steps.check()
        job = Job(spans)
        with self._lock:
            self._jobs.append(job)
        self.pump()
        return job

    def finish(self, job: Job, operation: str) -> None:
        """Wait until a job is done. Raises what `Steps.wait_until` raises, or what the job failed
        with while nobody waited."""
        while not job.done:
            self._wait(job, operation, lambda: False)
        if job.error is not None:
            raise job.error

    def _wait(self, job: Job, operation: str, or_if: Callable[[], bool]) -> None:
        """Wait until a job is done or has come further: for more of it, patience begins anew."""
        before = self._count
        self._steps.wait_until(
            lambda: self.pump() or job.done or self._count != before or or_if(),
            [self._peer],
            operation,
        )

    def go_on(self, job: Job, operation: str) -> None:
        """Have a job done though nobody waits for it, before the group's timeout."""
        with self._lock:
            if job.done or self._keeps_going:
                return
            self._keeps_going = True
        steps, peer = self._steps, self._peer
        limit = steps.timeout(operation)
        deadline = monotonic() + limit.total_seconds()

        def advance(look_around: bool) -> Progress:
            nonlocal deadline
            before = self._count
            if self.pump():
                return Progress.DONE if self._at_rest() else Progress.MOVED
            if self._count != before:
                deadline = monotonic() + limit.total_seconds()
                return Progress.MOVED
            error = steps.why_never([peer], operation, look_around=look_around)
            if error is None and monotonic() > deadline:
                error = steps.timed_out([peer], operation, limit)
            if error is None:
                return Progress.IDLE
            # What comes later would be taken for the rest of what did not come.
            steps.break_off(operation)
            self._fail(error)
            return Progress.DONE

        keep_going(advance)

    def _abandon(self, job: Job, operation: str) -> None:
        """Nobody waits for a job any more: as if it had not begun, or the group is out of step."""
        with self._lock:
            if job in self._jobs and not job.has_begun:
                self._jobs.remove(job)
                return
        if not job.done:
            self._steps.break_off(operation)

    def _at_rest(self) -> bool:
        with self._lock:
            if self._jobs:
                return False
            self._keeps_going = False
            return True

    def _fail(self, error: Exception) -> None:
        with self._lock:
            for job in self._jobs:
                job.fail(error)
            self._jobs.clear()
            self._keeps_going = False

    def close(self) -> None:
        """Let go of the memory. What a sender left behind is sent first, for at most 5 s; what is
        still under way then fails."""
        self._drain()
        self._fail(GroupDestroyedError(f"group {self._steps.name} was destroyed"))
        with self._lock:
            self._words = memoryview(b"").cast("Q")

    def _drain(self) -> None:
        """Nothing is left behind by a receiver."""

    def _move(self, spans: Spans) -> bool:
        raise NotImplementedError


class Outbox(_Pipe):
    """The sender's end."""

    def __init__(
        self, segment: Segment, layout: Layout, steps: Steps, me: int, receiver: int
    ) -> None:
        super().__init__(segment, layout, steps, me, receiver, receiver)

    def is_open(self) -> bool:
        """Return whether messages go this way: not if the file system has no room for the ring."""
        if self._words[self._state] == _UNDECIDED:
            answer = _RING
            try:
                self._segment.back(self._start, self._size)
            except SegmentError as error:
                answer = _NO_ROOM
                say_why(
                    f"{self._steps.name} sends over gloo and not through shared memory", str(error)
                )
            self._fence()
            self._words[self._state] = answer
        return self._words[self._state] == _RING

    def send(self, spans: Spans, operation: str) -> None:
        """Send, and return when the bytes may be changed again."""
        job = self.start(spans)
        if job.done:
            self.finish(job, operation)
            return
        give_up_at = monotonic() + _PATIENCE_S
        left = False

        def leaves() -> bool:
            nonlocal left
            left = monotonic() > give_up_at and self._leave(job)
            return left

        try:
            while not job.done and not left:
                self._wait(job, operation, leaves)
        except BaseException:
            self._abandon(job, operation)
            raise
        if not job.done:
            self.go_on(job, operation)
        elif job.error is not None:
            raise job.error

    def _drain(self) -> None:
        steps, wait = self._steps, Wait(monotonic() + _DRAINING_S)
        while not self.pump():
            gone = steps.why_never([self._peer], "send", look_around=wait.time_to_look_around())
            if gone is not None or not wait.pause():
                return

    def _leave(self, job: Job) -> bool:
        """Keep a copy of what is left of a job, if that is not too much; return whether it is."""
        with self._lock:
            if job.done or sum(each.spans.left for each in self._jobs) > _MOST_LEFT_BEHIND:
                return job.done
            job.spans.detach()
            return True

    def _move(self, spans: Spans) -> bool:
        free = self._size - (self._count - self._words[self._read])
        if not free:
            return False
        self._fence()
        at = self._count % self._size
        # Half a ring at a time, so that the receiver reads while this side writes.
        self._count += spans.copy_out(self._ring + at, min(free, self._size - at, self._size // 2))
        self._fence()
        self._words[self._written] = self._count
        return True


class Inbox(_Pipe):
    """The receiver's end."""

    def __init__(
        self, segment: Segment, layout: Layout, steps: Steps, me: int, sender: int
    ) -> None:
        super().__init__(segment, layout, steps, sender, me, sender)
        self._waiting: dict[bool, deque[tuple[bytes, bytes, torch.Tensor]]] = {
            True: deque(),
            False: deque(),
        }
        self._header = torch.empty(HEADER_BYTES, dtype=torch.uint8, device="cpu")
        self._is_known_open = False

    def is_open(self, operation: str) -> bool:
        """Return whether messages come this way, when the sender has decided."""
        if not self._is_known_open:
            words, state = self._words, self._state
            if words[state] == _UNDECIDED:
                self._steps.wait_until(lambda: words[state] != _UNDECIDED, [self._peer], operation)
            self._is_known_open = words[state] == _RING
        return self._is_known_open

    def begin(self, operation: str, *, alone: bool) -> tuple[bytes, bytes, Body]:
        """Return mark, head and body of the next message: a tensor sent alone, or another one.

        The body must be taken, or dropped, before the next message.
        """
        self._steps.check()
        waiting = self._waiting[alone]
        if waiting:
            mark, head, kept = waiting.popleft()
            return mark, head, Body(self, operation, kept.numel(), kept)
        while True:
            self._fill(span_of(self._header), operation)
            mark, head_bytes, body_bytes = unpacked(read(*span_of(self._header)))
            head = b""
            if head_bytes:
                memory = room_for(torch.Size([head_bytes]), torch.uint8, "cpu")
                self._fill(span_of(memory), operation)
                head = read(*span_of(memory))
            if (mark == TENSOR) == alone:
                return mark, head, Body(self, operation, body_bytes, None)
            kept = room_for(torch.Size([body_bytes]), torch.uint8, "cpu")
            self._fill(span_of(kept), operation)
            self._waiting[not alone].append((mark, head, kept))

    def _fill(self, span: Span, operation: str) -> None:
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
        self._fence()
        self._words[self._read] = self._count
        return True


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
