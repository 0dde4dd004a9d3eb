"""Messages from one member of a group to another, through a ring of bytes that only they use.

The sender writes bytes and says how many there have been, the receiver reads them and says the
same; nothing is locked, and loads and stores are ordered as `shm/fence.py` says. A message of any
length goes through a ring of any length, while both are at it.

What was started and is not waited for goes on by itself (`progress.py`), on either side: a
sender need not wait because the receiver computes, nor the other way round.

A message is a header (what it is, the length of its head and of its body, when it was sent), head
and body. The two ends are `outbox.py` and `inbox.py`.
"""

from __future__ import annotations

import struct
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from time import monotonic

from vllm_distributed.errors import CollectiveError, EncodingError, GroupDestroyedError
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.tensors.spans import Spans
from vllm_distributed.transports.shm.fence import new_fence
from vllm_distributed.transports.shm.futex import sleep_while, wake
from vllm_distributed.transports.shm.layout import (
    PAIR_READ,
    PAIR_READER_SLEEPS,
    PAIR_STATE,
    PAIR_WRITER_SLEEPS,
    PAIR_WRITTEN,
    Layout,
)
from vllm_distributed.transports.shm.messages.progress import Progress, keep_going
from vllm_distributed.transports.shm.segment import Segment
from vllm_distributed.transports.shm.steps import Steps
from vllm_distributed.wire.message_steps import NO_STAMP, Stamp, stamp_of

__all__ = [
    "HEADER_BYTES",
    "NO_ROOM",
    "RING",
    "UNDECIDED",
    "Job",
    "Pipe",
    "header",
    "unpacked",
]

_HEADER = struct.Struct("<8sqqQQ")
HEADER_BYTES = _HEADER.size
_LONGEST = 1 << 46

UNDECIDED, RING, NO_ROOM = 0, 1, 2
"""Where a sender's messages go, as its pair's line says: nobody knows yet, here, over gloo."""


def header(mark: bytes, head_bytes: int, body_bytes: int, stamp: Stamp = NO_STAMP) -> bytes:
    """Return what a message begins with."""
    return _HEADER.pack(mark, head_bytes, body_bytes, *stamp)


def unpacked(data: bytes) -> tuple[bytes, int, int, Stamp]:
    """Return what `header` was made of. Raises `EncodingError` for lengths that no message has."""
    mark, head_bytes, body_bytes, run, step = _HEADER.unpack(data)
    if not 0 <= head_bytes <= _LONGEST or not 0 <= body_bytes <= _LONGEST:
        raise EncodingError(
            f"a peer announced a message of {head_bytes} and {body_bytes} bytes, which none has: "
            f"the memory is damaged"
        )
    return mark, head_bytes, body_bytes, stamp_of(run, step)


def _failed_behind(operation: str, group: str, error: BaseException) -> CollectiveError:
    return CollectiveError(
        f"{operation} on {group} failed while nobody waited for it: {type(error).__name__}: "
        f"{error}. The group cannot be used any more: destroy it and initialise it again on every "
        f"rank",
        group=group,
        operation=operation,
    )


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


class Pipe(ABC):
    """One end: jobs in their order, moved on by every call of `pump`."""

    def __init__(
        self, segment: Segment, layout: Layout, steps: Steps, sender: int, receiver: int, peer: int
    ) -> None:
        self._segment, self._steps, self._peer = segment, steps, peer
        self._words = segment.words
        line = layout.pair(sender, receiver)
        self._written, self._read = line + PAIR_WRITTEN, line + PAIR_READ
        self._state = line + PAIR_STATE
        writer, reader = (
            (line + PAIR_WRITTEN, line + PAIR_WRITER_SLEEPS),
            (line + PAIR_READ, line + PAIR_READER_SLEEPS),
        )
        is_writer = peer == receiver
        self._count_at, self._sleeps = writer if is_writer else reader
        self._peer_count_at, self._peer_sleeps = reader if is_writer else writer
        self._memory = segment.bytes.data_ptr()
        self._start, self._size = layout.ring(sender, receiver), layout.ring_bytes
        self._ring = segment.bytes.data_ptr() + self._start
        self._fence = new_fence()
        self._lock = threading.Lock()
        self._jobs: deque[Job] = deque()
        self._count = 0
        self._keeps_going = False
        leave_to_parent(self, f"the group {steps.name}", "_words", "_lock")

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
        """Begin to move bytes; the rest moves with later calls of `pump`."""
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
        """Wait until a job is done or has come further: each advance restarts the timeout."""
        before = self._count
        self._steps.wait_until(
            lambda: self.pump() or job.done or self._count != before or or_if(),
            self._peer,
            operation,
            self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        """Sleep until the peer has moved something, at most so long."""
        words = self._words
        if not words.nbytes:
            return
        seen = words[self._peer_count_at]
        words[self._sleeps] = 1
        try:
            if self._is_stuck(seen):
                sleep_while(self._memory + 8 * self._peer_count_at, seen, seconds)
        finally:
            words[self._sleeps] = 0

    def _say_moved(self) -> None:
        """Tell the peer how many bytes there have been on this side, and wake it."""
        self._fence()
        words = self._words
        words[self._count_at] = self._count
        if words[self._peer_sleeps]:
            wake(self._memory + 8 * self._count_at)

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

        def failed(error: BaseException) -> None:
            steps.break_off(operation)
            self._fail(_failed_behind(operation, steps.name, error))

        keep_going(advance, failed)

    def _abandon(self, job: Job, operation: str) -> None:
        """Give up a job: it is as if it had not begun, or the group is out of step."""
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

    def _drain(self) -> None:  # noqa: B027 - a receiver has nothing to say before it leaves
        """Send what was left behind."""

    @abstractmethod
    def _is_stuck(self, peer_count: int) -> bool:
        """Return whether nothing can be moved while the peer's count is this."""

    @abstractmethod
    def _move(self, spans: Spans) -> bool:
        """Move some of the first job's bytes; return whether any could be."""
