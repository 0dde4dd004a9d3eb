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
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from vllm_distributed.communicators.memory_order import Fence
from vllm_distributed.communicators.shared_layout import (
    PAIR_READ,
    PAIR_STATE,
    PAIR_WRITTEN,
    Layout,
)
from vllm_distributed.communicators.shared_progress import Progress, keep_going
from vllm_distributed.communicators.shared_segment import Segment, SegmentError
from vllm_distributed.communicators.shared_steps import Steps
from vllm_distributed.errors import EncodingError, GroupDestroyedError
from vllm_distributed.logger import init_logger

__all__ = ["HEADER_BYTES", "TENSOR", "Inbox", "Job", "Outbox", "header"]

logger = init_logger(__name__)

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


def header(mark: bytes, head_bytes: int, body_bytes: int) -> bytes:
    """Return what a message begins with."""
    return _HEADER.pack(mark, head_bytes, body_bytes)


class Job:
    """Bytes to be written or read, one after the other."""

    def __init__(self, views: Sequence[memoryview], keep: Any = None) -> None:
        self._views = [view for view in reversed(views) if len(view)]
        self._keep = keep
        self.error: Exception | None = None
        self.has_begun = False

    @property
    def done(self) -> bool:
        """Whether all has been moved, or will never be."""
        return not self._views or self.error is not None

    @property
    def view(self) -> memoryview:
        """The bytes that are next."""
        return self._views[-1]

    @property
    def left(self) -> int:
        return sum(map(len, self._views))

    def advance(self, count: int) -> None:
        """Take note that this many bytes of `view` were moved."""
        self.has_begun = True
        view = self._views[-1]
        if count < len(view):
            self._views[-1] = view[count:]
            return
        self._views.pop()
        if not self._views:
            self._keep = None

    def copy(self) -> None:
        """Go on with a copy of what is left: the original may be changed then."""
        self._views = [memoryview(b"".join(reversed(self._views)))]
        self._keep = None

    def fail(self, error: Exception) -> None:
        self.error = error
        self._views, self._keep = [], None


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
        self._ring = segment.raw[self._start : self._start + self._size]
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
                while not job.done:
                    if not self._move(job):
                        return False
                self._jobs.popleft()
            return True

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
        """Let go of the memory; what is under way fails."""
        self._fail(GroupDestroyedError(f"group {self._steps.name} was destroyed"))
        with self._lock:
            self._ring = memoryview(b"")
            self._words = memoryview(b"").cast("Q")

    def _move(self, job: Job) -> bool:
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
                logger.warning(
                    "%s sends to rank %d over gloo and not through shared memory: %s",
                    self._steps.name,
                    self._steps.ranks[self._peer],
                    error,
                )
            self._fence()
            self._words[self._state] = answer
        return self._words[self._state] == _RING

    def start(self, views: Sequence[memoryview], keep: Any = None) -> Job:
        """Begin to send; what is left is sent when somebody pumps."""
        self._steps.check()
        job = Job(views, keep)
        with self._lock:
            self._jobs.append(job)
        self.pump()
        return job

    def send(self, views: Sequence[memoryview], operation: str) -> None:
        """Send, and return when the bytes may be changed again."""
        job = self.start(views)
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

    def _leave(self, job: Job) -> bool:
        """Keep a copy of what is left of a job, if that is not too much; return whether it is."""
        with self._lock:
            if job.done or sum(each.left for each in self._jobs) > _MOST_LEFT_BEHIND:
                return job.done
            job.copy()
            return True

    def _move(self, job: Job) -> bool:
        free = self._size - (self._count - self._words[self._read])
        if not free:
            return False
        self._fence()
        view = job.view
        at = self._count % self._size
        # Half a ring at a time, so that the receiver reads while this side writes.
        count = min(len(view), free, self._size - at, self._size // 2)
        self._ring[at : at + count] = view[:count]
        self._fence()
        self._count += count
        self._words[self._written] = self._count
        job.advance(count)
        return True


class Inbox(_Pipe):
    """The receiver's end."""

    def __init__(
        self, segment: Segment, layout: Layout, steps: Steps, me: int, sender: int
    ) -> None:
        super().__init__(segment, layout, steps, sender, me, sender)
        self._waiting: dict[bool, deque[tuple[bytes, bytes, memoryview]]] = {
            True: deque(),
            False: deque(),
        }
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
            mark, head, body = waiting.popleft()
            return mark, head, Body(self, operation, len(body), body)
        while True:
            start = self._filled(HEADER_BYTES, operation)
            mark, head_bytes, body_bytes = _HEADER.unpack(start)
            if not 0 <= head_bytes <= _LONGEST or not 0 <= body_bytes <= _LONGEST:
                self._steps.break_off(operation)
                raise EncodingError(
                    f"rank {self._steps.ranks[self._peer]} announced a message of {head_bytes} and "
                    f"{body_bytes} bytes: the memory is damaged"
                )
            head = bytes(self._filled(head_bytes, operation))
            if (mark == TENSOR) == alone:
                return mark, head, Body(self, operation, body_bytes, None)
            kept = memoryview(self._filled(body_bytes, operation))
            self._waiting[not alone].append((mark, head, kept))

    def start(self, views: Sequence[memoryview], keep: Any = None) -> Job:
        """Begin to read into memory; what is left is read when somebody pumps."""
        job = Job(views, keep)
        with self._lock:
            self._jobs.append(job)
        self.pump()
        return job

    def _filled(self, length: int, operation: str) -> bytearray:
        """Return the next bytes."""
        filled = bytearray(length)
        job = self.start([memoryview(filled)])
        try:
            self.finish(job, operation)
        except BaseException:
            self._abandon(job, operation)
            raise
        return filled

    def _move(self, job: Job) -> bool:
        ready = self._words[self._written] - self._count
        if not ready:
            return False
        self._fence()
        view = job.view
        at = self._count % self._size
        count = min(len(view), ready, self._size - at)
        view[:count] = self._ring[at : at + count]
        self._fence()
        self._count += count
        self._words[self._read] = self._count
        job.advance(count)
        return True


class Body:
    """The body of a message: still in the ring and behind it, or kept in memory."""

    def __init__(self, inbox: Inbox, operation: str, length: int, kept: memoryview | None) -> None:
        self.left = length
        self._inbox, self._operation, self._kept = inbox, operation, kept
        self._jobs: list[Job] = []

    def into(self, view: memoryview, keep: Any = None) -> None:
        """Read the next bytes into memory, now or later; `wait` says when they are there."""
        self.left -= len(view)
        if self._kept is not None:
            view[:] = self._kept[: len(view)]
            self._kept = self._kept[len(view) :]
        elif len(view):
            self._jobs.append(self._inbox.start([view], keep))

    def is_done(self) -> bool:
        """Return whether all that was asked for is there, or will never be."""
        if not all(job.done for job in self._jobs):
            self._inbox.pump()
        return all(job.done for job in self._jobs)

    def wait(self) -> None:
        """Return when all that was asked for is there."""
        for job in self._jobs:
            self._inbox.finish(job, self._operation)

    def go_on(self) -> None:
        """Have it all read though nobody waits for it."""
        for job in self._jobs[-1:]:
            self._inbox.go_on(job, self._operation)

    def drop(self) -> None:
        """Read what nobody wants, so that the next message is found."""
        while self.left:
            self.into(memoryview(bytearray(min(self.left, _SINK_BYTES))))
            self.wait()
