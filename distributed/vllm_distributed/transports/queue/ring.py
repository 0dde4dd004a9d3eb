"""A ring of chunks in shared memory: one process writes, several read every chunk.

The segment is a control area and places for chunks. In the control area each participant has a
cache line that only it writes: the writer counts the chunks it has published, each reader those it
is through with. A place may be written again when every reader's count has passed the chunk in it.
Beside the counts stands which place a chunk is in: the writer takes the first that is free. So with
readers that keep up all chunks pass through the same memory, which stays in the caches, and is all
that was ever taken from the system.

A large chunk is published before it is there, and its header counts the bytes that are: readers
copy it out while the writer copies it in.

Ordering is that of `shm/fence.py`: a fence stands between a chunk and the count that announces it
or releases it, on both sides.
"""

from __future__ import annotations

import struct
import time

from vllm_distributed.errors import MessageQueueError
from vllm_distributed.transports.queue.frames import Part
from vllm_distributed.transports.queue.segment import Segment
from vllm_distributed.transports.shm.fence import new_fence
from vllm_distributed.transports.shm.futex import address_of, sleep_while, wake
from vllm_distributed.transports.shm.wait import LONG_YIELD_S, is_crowded, yielded
from vllm_distributed.utils import sched_yield

__all__ = ["MIN_CHUNK_BYTES", "Ring"]

_PAGE = 4096
_LINE = 8  # u64s in a cache line
_WRITTEN, _STATE, _READERS = 0, _LINE, 2 * _LINE
_SLEEPS = 1  # of a reader's line: whether it has to be woken
_PREPARING, _READY, _CLOSED = 0, 1, 2
_ABSENT, _LEFT = 2**64 - 1, 2**64 - 2
_CHUNK_HEADER = struct.Struct("<QQQ")  # length, flags, how many bytes are there
_FIRST, _LAST = 1, 2
_FILLED = 2  # the place, in words, of the last one
_ABANDONED = 2**64 - 1  # in its place: the rest will not come
# A chunk of several steps is there step by step. Short steps stay in the caches between the two
# processes, each costs a few microseconds.
_STEP_BYTES = 1 << 18
_LONG_BYTES = 1 << 20
MIN_CHUNK_BYTES = 64
# So short a chunk is copied in less time than it takes to make views of it.
_SMALL_BYTES = 1 << 12
# Where the writer is running a chunk comes within microseconds: for some 20 us a reader only looks,
# 10 times in half a microsecond, and offers the processor, which the writer may need.
_TURNS, _LOOKS = 25, 10
# How long a reader sleeps that waits for the next step of a long chunk.
_BETWEEN_STEPS_S = 0.0001
# Chunks are backed by memory in steps of this, when they are first used that far.
_RESERVE_BYTES = 1 << 16


class Ring:
    """One endpoint of a ring; `reader` is this reader's place, or None for the writer."""

    def __init__(
        self, segment: Segment, chunk_bytes: int, chunks: int, readers: int, reader: int | None
    ) -> None:
        self.chunk_bytes, self.chunks, self.readers = chunk_bytes, chunks, readers
        self._segment, self._reader = segment, reader
        self._next = 0
        self._stride, self._control_bytes, _ = _layout(chunk_bytes, chunks, readers)
        self._memory = segment.memory
        self._bytes = memoryview(self._memory)
        self._control = self._bytes[: self._control_bytes].cast("Q")
        self._counts = self._control[_READERS : _READERS + readers * _LINE : _LINE]
        self._asleep = self._control[_READERS + _SLEEPS : _READERS + readers * _LINE : _LINE]
        self._written_at = address_of(self._memory) + 8 * _WRITTEN
        self._places = self._control[_READERS + readers * _LINE :][:chunks]
        self._words = self._bytes.cast("Q")
        self._mine = 0 if reader is None else _READERS + reader * _LINE
        self._reserved = [0] * chunks
        # The writer's: the count of the chunk that was last put into each place, what all readers
        # are through with, and where the bytes of a chunk that is not finished are counted.
        self._used_by = [0] * chunks
        self._oldest = 0
        self._unfinished: int | None = None
        # A reader's: how many bytes of the next chunk it has read, and had still to read then.
        self._taken = self._left = 0
        self._fence = new_fence()

    # Making

    @classmethod
    def create(cls, chunk_bytes: int, chunks: int, readers: int) -> Ring:
        """Return the writer's endpoint of a new ring."""
        _, control_bytes, size = _layout(chunk_bytes, chunks, readers)
        segment = Segment.create(size, control_bytes)
        ring = cls(segment, chunk_bytes, chunks, readers, None)
        for place in range(readers):
            ring._counts[place] = _ABSENT
        return ring

    @classmethod
    def attach(cls, name: str, chunk_bytes: int, chunks: int, readers: int, reader: int) -> Ring:
        """Return reader number `reader`'s endpoint of the ring that is called `name`."""
        _, _, size = _layout(chunk_bytes, chunks, readers)
        segment = Segment.attach(name, size, 1 + reader)
        ring = cls(segment, chunk_bytes, chunks, readers, reader)
        ring._control[ring._mine] = 0
        return ring

    @property
    def is_writer(self) -> bool:
        """Whether this is the writer's endpoint."""
        return self._reader is None

    @property
    def name(self) -> str:
        """What readers attach by."""
        return self._segment.name

    # Coming and going

    def absent(self) -> list[int]:
        """Return the readers that have not mapped the ring."""
        return [place for place, count in enumerate(self._counts.tolist()) if count == _ABSENT]

    def start(self) -> None:
        """Remove the name, all readers having mapped the ring, and let them begin."""
        self._segment.remove_name()
        self._fence()
        self._control[_STATE] = _READY

    def is_started(self) -> bool:
        """Return whether the writer knows that all readers are there."""
        return self._control[_STATE] != _PREPARING

    def is_closed(self) -> bool:
        """Return whether the writer has shut its side down. Chunks may be left to read."""
        return self._control[_STATE] == _CLOSED

    def left(self) -> list[int]:
        """Return the readers that have shut their side down."""
        return [place for place, count in enumerate(self._counts.tolist()) if count == _LEFT]

    def dead(self) -> list[int]:
        """Return the readers whose process has ended without shutting down."""
        return [
            place
            for place, count in enumerate(self._counts.tolist())
            if count < _LEFT and self._segment.holder_is_dead(1 + place)
        ]

    def writer_is_dead(self) -> bool:
        """Return whether the writer's process has ended without shutting down."""
        return not self.is_closed() and self._segment.holder_is_dead(0)

    def close(self) -> None:
        """Tell the others that this side is through, and unmap. Idempotent."""
        if self._segment.is_closed:
            return
        self._abandon()
        self._fence()
        if self._reader is None:
            self._control[_STATE] = _CLOSED
            self._segment.remove_name()
        else:
            self._control[self._mine] = _LEFT
        for view in (
            self._counts,
            self._asleep,
            self._places,
            self._words,
            self._control,
            self._bytes,
        ):
            view.release()
        self._segment.close()

    # Chunks

    def has_room(self) -> bool:
        """Return whether the next chunk may be written: no reader has left or is too far behind."""
        written = self._next
        if self.readers == 1:
            oldest = newest = self._control[_READERS]
        else:
            counts = self._counts.tolist()
            oldest, newest = min(counts), max(counts)
        # The count of one that has left is larger than any other.
        if newest > written or written - oldest >= self.chunks:
            return False
        self._oldest = oldest
        self._fence()
        return True

    def in_the_way(self) -> list[int]:
        """Return the readers that have still to read the chunk that would be written next."""
        oldest = self._next - self.chunks
        return [place for place, count in enumerate(self._counts.tolist()) if count <= oldest]

    def write(self, parts: list[Part], length: int, *, first: bool, last: bool) -> None:
        """Publish a chunk made of `parts`, `length` bytes in all. `has_room` must have said so."""
        if self._unfinished is not None:  # what should have been done then was interrupted too
            self._abandon()
        place = 0 if self._used_by[0] <= self._oldest else self._free_place()
        start = self._control_bytes + place * self._stride
        end = start + _CHUNK_HEADER.size + length
        if end - start > self._reserved[place]:
            self._back_with_memory(place, end - start)
        memory = self._memory
        flags = first * _FIRST + last * _LAST
        if length >= _LONG_BYTES:
            self._write_in_steps(parts, place, length, flags)
            return
        _CHUNK_HEADER.pack_into(memory, start, length, flags, length)
        at = start + _CHUNK_HEADER.size
        for part in parts:
            after = at + len(part)
            memory[at:after] = part
            at = after
        self._publish(place)

    def _write_in_steps(self, parts: list[Part], place: int, length: int, flags: int) -> None:
        memory, words = self._memory, self._words
        start = self._control_bytes + place * self._stride
        counter = start // 8 + _FILLED
        begin = told = at = start + _CHUNK_HEADER.size
        end = begin + length
        try:
            for part in parts:
                view = memoryview(part)
                for begun in range(0, len(view), _STEP_BYTES):
                    step = view[begun : begun + _STEP_BYTES]
                    memory[at : at + len(step)] = step
                    at += len(step)
                    if at - told < _STEP_BYTES and at < end:
                        continue
                    told = at
                    if self._unfinished is None:
                        _CHUNK_HEADER.pack_into(memory, start, length, flags, at - begin)
                        self._unfinished = counter
                        self._publish(place)
                    else:
                        self._fence()
                        words[counter] = at - begin
            self._unfinished = None
        finally:
            self._abandon()

    def _free_place(self) -> int:
        """Return the first place whose chunk all readers are through with."""
        used_by, oldest, written = self._used_by, self._oldest, self._next
        place = 0
        # More than `written` has one for a chunk that was then not published.
        while oldest < used_by[place] <= written:
            place += 1
        return place

    def _publish(self, place: int) -> None:
        written = self._next + 1
        self._places[self._next % self.chunks] = place
        self._used_by[place] = written
        self._fence()
        self._next = written
        self._control[_WRITTEN] = written
        if any(self._asleep.tolist()):
            wake(self._written_at)

    def _abandon(self) -> None:
        """Tell the readers that the rest of an unfinished chunk will not come."""
        if self._unfinished is not None:
            self._words[self._unfinished] = _ABANDONED
            self._unfinished = None

    def has_next(self) -> bool:
        """Return whether there is a chunk, or more of the one begun, that this reader has not read.

        A chunk that was abandoned has more: the news of it.
        """
        if self._taken:
            return self._words[self._start() // 8 + _FILLED] > self._taken
        return self._control[_WRITTEN] > self._next

    def has_next_soon(self) -> bool:
        """Return whether there is such a thing, or comes within some 20 microseconds."""
        if self._taken:
            cells, place, read = self._words, self._start() // 8 + _FILLED, self._taken
        else:
            cells, place, read = self._control, _WRITTEN, self._next
        now = time.monotonic()
        for _ in range(1 if is_crowded(now) else _TURNS):
            for _ in range(_LOOKS):
                if cells[place] > read:
                    return True
            sched_yield()
            before, now = now, time.monotonic()
            if now - before >= LONG_YIELD_S:
                yielded(now)
                break
        return cells[place] > read

    def sleep(self, seconds: float) -> None:
        """Sleep until there may be such a thing, at most so long. For a reader."""
        control, read, mine = self._control, self._next, self._mine + _SLEEPS
        if self._taken:
            time.sleep(min(seconds, _BETWEEN_STEPS_S))
            return
        control[mine] = 1
        try:
            if control[_WRITTEN] == read and control[_STATE] != _CLOSED:
                sleep_while(self._written_at, read, seconds)
        finally:
            control[mine] = 0

    def take_small(self) -> bytes | None:
        """Return the next chunk, copied, and be through with it, if a frame begins and ends with it
        and it is a few bytes; else None. There must be a next one."""
        self._fence()
        start = self._start()
        length, flags, _ = _CHUNK_HEADER.unpack_from(self._memory, start)
        if length > _SMALL_BYTES or flags != _FIRST | _LAST:
            return None
        start += _CHUNK_HEADER.size
        data = self._memory[start : start + length]
        self._left = 0
        self.release(0)
        return data

    def peek(self) -> tuple[memoryview, bool, bool]:
        """Return what is there, and was not read, of the next chunk, and whether a frame begins and
        ends with that.

        `has_next` must have said that there is something. The view must be released before
        `release`. Of a chunk that was abandoned it is empty.
        """
        self._fence()
        start = self._start()
        length, flags, _ = _CHUNK_HEADER.unpack_from(self._memory, start)
        filled = self._words[start // 8 + _FILLED]  # in one load: it may be changing
        self._fence()
        if filled == _ABANDONED:
            self._left = 0
            return self._bytes[:0], False, False
        if not self._taken < filled <= length <= self.chunk_bytes:
            raise _damaged(f"a chunk says that it has {filled} of {length} bytes")
        self._left = length - self._taken
        begins = bool(flags & _FIRST) and not self._taken
        ends = bool(flags & _LAST) and filled == length
        start += _CHUNK_HEADER.size
        return self._bytes[start + self._taken : start + filled], begins, ends

    def release(self, count: int) -> None:
        """Be through with the `count` bytes that `peek` returned."""
        if count < self._left:
            self._taken += count
            return
        self._taken = 0
        self._fence()
        self._next += 1
        self._control[self._mine] = self._next

    def _start(self) -> int:
        """Return where the next chunk to read begins."""
        place = self._places[self._next % self.chunks]
        if place >= self.chunks:
            raise _damaged(f"a chunk says that it is in place {place} of {self.chunks}")
        return self._control_bytes + place * self._stride

    def _back_with_memory(self, place: int, wanted: int) -> None:
        size = min(-(-wanted // _RESERVE_BYTES) * _RESERVE_BYTES, self._stride)
        self._segment.reserve(self._control_bytes + place * self._stride, size)
        self._reserved[place] = size


def _layout(chunk_bytes: int, chunks: int, readers: int) -> tuple[int, int, int]:
    """Return the distance of chunks, the length of the control area and that of the segment."""
    stride = -(-(chunk_bytes + _CHUNK_HEADER.size) // _PAGE) * _PAGE
    control = -(-(_READERS + readers * _LINE + chunks) * 8 // _PAGE) * _PAGE
    return stride, control, control + chunks * stride


def _damaged(what: str) -> MessageQueueError:
    return MessageQueueError(f"{what}: the memory of the message queue is damaged")
