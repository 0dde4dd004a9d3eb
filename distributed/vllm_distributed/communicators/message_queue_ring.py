"""A ring of chunks in shared memory: one process writes, several read every chunk.

The segment is a control area and the chunks. In the control area each participant has a cache line
that only it writes: the writer counts the chunks it has published, each reader those it is through
with. A chunk may be overwritten when every reader's count has passed it.

Ordering is that of `memory_order`: a fence stands between a chunk and the count that announces it
or releases it, on both sides.

Life and death. Each participant holds a lock of its own on one byte of the segment, which the
kernel gives back when the process ends, however it ends (a child that it forked holds it too). The
name is removed as soon as everybody has mapped the segment: from then on nothing can be left over.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import re
import secrets
import struct
import sys
import tempfile
import weakref
from pathlib import Path

from vllm_distributed.communicators.memory_order import Fence
from vllm_distributed.communicators.message_queue_frames import Part
from vllm_distributed.errors import MessageQueueError

__all__ = ["MIN_CHUNK_BYTES", "Ring"]

_NAME = re.compile(r"vllm_distributed_mq_[0-9]{1,10}_[0-9a-f]{32}")
_PAGE = 4096
_LINE = 8  # u64s in a cache line
_WRITTEN, _STATE, _READERS = 0, _LINE, 2 * _LINE
_PREPARING, _READY, _CLOSED = 0, 1, 2
_ABSENT, _LEFT = 2**64 - 1, 2**64 - 2
_CHUNK_HEADER = struct.Struct("<QQ")  # length, flags
_FIRST, _LAST = 1, 2
MIN_CHUNK_BYTES = 64
# Chunks are backed by memory in steps of this, when they are first used that far.
_RESERVE_BYTES = 1 << 16

_FLOCK = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux
_CAN_LOCK = sys.platform == "linux" and sys.maxsize > 2**32


class Ring:
    """One endpoint of a ring; `reader` is this reader's place, or None for the writer."""

    def __init__(
        self,
        path: Path,
        descriptor: int,
        chunk_bytes: int,
        chunks: int,
        readers: int,
        reader: int | None,
    ) -> None:
        self.chunk_bytes, self.chunks, self.readers = chunk_bytes, chunks, readers
        self._path, self._descriptor, self._reader = path, descriptor, reader
        self._next = 0
        self._stride, self._control_bytes, size = _layout(chunk_bytes, chunks, readers)
        self._memory = mmap.mmap(descriptor, size)
        self._bytes = memoryview(self._memory)
        self._control = self._bytes[: self._control_bytes].cast("Q")
        self._counts = self._control[_READERS : _READERS + readers * _LINE : _LINE]
        self._mine = 0 if reader is None else _READERS + reader * _LINE
        self._reserved = [0] * chunks
        self._fence = Fence()
        self._remove_name = weakref.finalize(self, _remove, path, os.getpid())
        if reader is not None:
            self._remove_name.detach()

    # Making

    @classmethod
    def create(cls, chunk_bytes: int, chunks: int, readers: int) -> Ring:
        """Return the writer's endpoint of a new ring."""
        path = _directory() / f"vllm_distributed_mq_{os.getpid()}_{secrets.token_hex(16)}"
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        _, control_bytes, size = _layout(chunk_bytes, chunks, readers)
        descriptor = -1
        try:
            descriptor = os.open(path, flags, 0o600)
            os.ftruncate(descriptor, size)
            _reserve(descriptor, 0, control_bytes)
            _lock(descriptor, 0)
            ring = cls(path, descriptor, chunk_bytes, chunks, readers, None)
        except (OSError, OverflowError, ValueError) as error:  # the latter two: beyond any file
            if descriptor >= 0:
                os.close(descriptor)
                path.unlink(missing_ok=True)
            raise MessageQueueError(
                f"a shared-memory segment of {size} bytes cannot be made in {path.parent}: {error}",
                directory=str(path.parent),
                bytes=size,
            ) from error
        for place in range(readers):
            ring._counts[place] = _ABSENT
        return ring

    @classmethod
    def attach(cls, name: str, chunk_bytes: int, chunks: int, readers: int, reader: int) -> Ring:
        """Return reader number `reader`'s endpoint of the ring that is called `name`."""
        if not _NAME.fullmatch(name):
            raise MessageQueueError(f"{name!r:.80} is not the name of a message queue's memory")
        path = _directory() / name
        _, _, size = _layout(chunk_bytes, chunks, readers)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise MessageQueueError(
                f"the message queue's memory {path} cannot be opened: {error}. Its writer is gone, "
                f"has all its readers already, or runs on another node or as another user",
                path=str(path),
            ) from error
        try:
            facts = os.fstat(descriptor)
            if facts.st_uid != os.geteuid() or facts.st_size != size:
                raise MessageQueueError(
                    f"{path} is not the memory that the handle describes: {facts.st_size} bytes of "
                    f"user {facts.st_uid}, expected {size} of user {os.geteuid()}",
                    path=str(path),
                )
            if not _lock(descriptor, 1 + reader):
                raise MessageQueueError(
                    "another process, or this one before, has made the queue from the handle "
                    "with the same rank: give each reader a rank of its own",
                )
            ring = cls(path, descriptor, chunk_bytes, chunks, readers, reader)
        except BaseException:
            os.close(descriptor)
            raise
        ring._control[ring._mine] = 0
        return ring

    @property
    def is_writer(self) -> bool:
        """Whether this is the writer's endpoint."""
        return self._reader is None

    @property
    def name(self) -> str:
        """What readers attach by."""
        return self._path.name

    # Coming and going

    def absent(self) -> list[int]:
        """Return the readers that have not mapped the ring."""
        return [place for place, count in enumerate(self._counts.tolist()) if count == _ABSENT]

    def start(self) -> None:
        """Remove the name, all readers having mapped the ring, and let them begin."""
        self._remove_name()
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
        if not _CAN_LOCK:
            return []
        return [
            place
            for place, count in enumerate(self._counts.tolist())
            if count < _LEFT and not _is_locked(self._descriptor, 1 + place)
        ]

    def writer_is_dead(self) -> bool:
        """Return whether the writer's process has ended without shutting down."""
        return _CAN_LOCK and not self.is_closed() and not _is_locked(self._descriptor, 0)

    def close(self) -> None:
        """Tell the others that this side is through, and unmap. Idempotent."""
        if self._descriptor < 0:
            return
        self._fence()
        if self._reader is None:
            self._control[_STATE] = _CLOSED
            self._remove_name()
        else:
            self._control[self._mine] = _LEFT
        for view in (self._counts, self._control, self._bytes):
            view.release()
        self._memory.close()
        os.close(self._descriptor)
        self._descriptor = -1

    # Chunks

    def has_room(self) -> bool:
        """Return whether the next chunk may be written."""
        counts = self._counts.tolist()
        return not counts or self._next - min(counts) < self.chunks

    def in_the_way(self) -> list[int]:
        """Return the readers that have still to read the chunk that would be written next."""
        oldest = self._next - self.chunks
        return [place for place, count in enumerate(self._counts.tolist()) if count <= oldest]

    def write(self, parts: list[Part], length: int, *, first: bool, last: bool) -> None:
        """Publish a chunk made of `parts`, `length` bytes in all. There must be room."""
        place = self._next % self.chunks
        start = self._control_bytes + place * self._stride
        end = start + _CHUNK_HEADER.size + length
        if end - start > self._reserved[place]:
            self._back_with_memory(place, start, end - start)
        memory = self._bytes
        _CHUNK_HEADER.pack_into(memory, start, length, first * _FIRST + last * _LAST)
        at = start + _CHUNK_HEADER.size
        for part in parts:
            after = at + len(part)
            memory[at:after] = part
            at = after
        self._fence()
        self._next += 1
        self._control[_WRITTEN] = self._next

    def has_next(self) -> bool:
        """Return whether there is a chunk that this reader has not read."""
        return self._control[_WRITTEN] > self._next

    def peek(self) -> tuple[memoryview, bool, bool]:
        """Return the next chunk, and whether a frame begins and ends with it.

        There must be one. The view must be released before `release`.
        """
        self._fence()
        start = self._control_bytes + (self._next % self.chunks) * self._stride
        length, flags = _CHUNK_HEADER.unpack_from(self._bytes, start)
        start += _CHUNK_HEADER.size
        if length > self.chunk_bytes:
            raise MessageQueueError(
                f"a chunk says that it has {length} bytes: the memory is damaged"
            )
        return self._bytes[start : start + length], bool(flags & _FIRST), bool(flags & _LAST)

    def release(self) -> None:
        """Be through with the chunk that `peek` returned."""
        self._fence()
        self._next += 1
        self._control[self._mine] = self._next

    def _back_with_memory(self, place: int, start: int, wanted: int) -> None:
        """Have the file system reserve the memory: where it has none left, touching a mapped page
        would end the process with SIGBUS."""
        steps = -(-wanted // _RESERVE_BYTES) * _RESERVE_BYTES
        size = min(steps, self._stride)
        try:
            _reserve(self._descriptor, start, size)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise MessageQueueError(
                f"{self._path.parent} has no room for another {size} bytes of the message queue: "
                f"make it larger (docker run --shm-size), or use fewer or smaller chunks than "
                f"{self.chunks} of {self.chunk_bytes} bytes",
                directory=str(self._path.parent),
                bytes=size,
            ) from error
        self._reserved[place] = size


def _layout(chunk_bytes: int, chunks: int, readers: int) -> tuple[int, int, int]:
    """Return the distance of chunks, the length of the control area and that of the segment."""
    stride = -(-(chunk_bytes + _CHUNK_HEADER.size) // _PAGE) * _PAGE
    control = -(-(_READERS + readers * _LINE) * 8 // _PAGE) * _PAGE
    return stride, control, control + chunks * stride


def _directory() -> Path:
    """Memory where there is such a file system; elsewhere files, which are mapped just the same."""
    shared = Path("/dev/shm")
    return shared if shared.is_dir() else Path(tempfile.gettempdir())


def _reserve(descriptor: int, start: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, start, size)


def _remove(path: Path, owner: int) -> None:
    if os.getpid() == owner:  # a forked child has the finaliser too
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def _lock(descriptor: int, place: int) -> bool:
    """Lock one byte for this endpoint; return whether nobody else has it."""
    if not _CAN_LOCK:
        return True
    request = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, request)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_locked(descriptor: int, place: int) -> bool:
    request = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, place, 1, 0)
    answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, request)
    kind: int = _FLOCK.unpack(answer)[0]
    return kind != fcntl.F_UNLCK
