"""The sender's end of the ring between two members of a group.

A blocking send that finds the ring full for a while leaves a copy of what is left to be sent in the
background, up to a limit: two ranks that first send and then receive do not wait for each other, as
they would not with sockets, which have buffers.
"""

from __future__ import annotations

from time import monotonic

from vllm_distributed.tensors.spans import Spans
from vllm_distributed.transports.shm.layout import Layout
from vllm_distributed.transports.shm.messages.ring import NO_ROOM, RING, UNDECIDED, Job, Pipe
from vllm_distributed.transports.shm.segment import Segment, SegmentError, say_why
from vllm_distributed.transports.shm.steps import Steps
from vllm_distributed.transports.shm.wait import Wait

__all__ = ["Outbox"]

# What blocking sends may leave behind between two members. Sockets take about as much.
_MOST_LEFT_BEHIND = 4 << 20
_PATIENCE_S = 0.001
_DRAINING_S = 5.0


class Outbox(Pipe):
    """The sender's end."""

    def __init__(
        self, segment: Segment, layout: Layout, steps: Steps, me: int, receiver: int
    ) -> None:
        super().__init__(segment, layout, steps, me, receiver, receiver)

    def is_open(self) -> bool:
        """Return whether messages go this way: not if the file system has no room for the ring."""
        if self._words[self._state] == UNDECIDED:
            answer = RING
            try:
                self._segment.back(self._start, self._size)
            except SegmentError as error:
                answer = NO_ROOM
                say_why(
                    f"{self._steps.name} sends over gloo and not through shared memory", str(error)
                )
            self._fence()
            self._words[self._state] = answer
        return self._words[self._state] == RING

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
        self._say_moved()
        return True

    def _is_stuck(self, peer_count: int) -> bool:
        return self._count - peer_count >= self._size
