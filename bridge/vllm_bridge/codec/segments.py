"""Tensors in the shared memory of a session.

A client writes the tensors of a call's arguments into a segment of its session and names it in the
request; the rank copies them out before the call begins. Results go into the segment that the
client lends with the call, and the client has it to itself again when it has the answer.

The files are opened by names that the pool has made, below the directory of their own session, and
read and written through the file: a segment that is shorter than it says is an error of that call.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import torch

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.errors import BridgeError, Category

MIN_BYTES = 256 * 1024
"""Smaller results travel in their message, which is faster (measured: see docs/tensors.md)."""

_ALIGNMENT = 64
_HALVED_BYTES = 4 << 20
# Its thread is started by the first large tensor.
_helper = ThreadPoolExecutor(1, "shared-memory")
_NAME = re.compile(r"segment-[1-9][0-9]{0,18}")
_KEY = "key"
# As the pool makes it. Anything else is no key: an empty file would be proven by an empty word.
_KEY_FORM = re.compile(rb"[0-9a-f]{32}")
_MAX_KEY_BYTES = 64

# Not O_RDONLY on whatever is there: a link is refused, and a pipe does not block.
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class SessionMemory:
    """The directory of one session. Made before there is one: it may never be needed."""

    def __init__(self, path: Path, max_segment_bytes: int) -> None:
        self._path = path
        self.max_segment_bytes = max_segment_bytes
        self._key = ""

    def call(self, lent: str) -> CallMemory:
        """For one call; `lent` is the value of its metadata, "KEY NAME", empty without."""
        key, _, name = lent.partition(" ")
        return CallMemory(self, name if lent and self._knows(key) else "")

    @contextmanager
    def open(self, name: str, flags: int) -> Iterator[int]:
        """A segment, as a file descriptor.

        Raises:
            OSError: it is not there, or no regular file.
            ValueError: no name of a segment.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:100]!r} is no name of a segment")
        with self._file(name, flags) as file:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            yield file

    @contextmanager
    def _file(self, name: str, flags: int) -> Iterator[int]:
        # The directory is opened again every time: thousands of sessions would use up descriptors.
        directory = os.open(self._path, os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            file = os.open(name, flags | _FLAGS, dir_fd=directory)
        finally:
            os.close(directory)
        try:
            yield file
        finally:
            os.close(file)

    def _knows(self, key: str) -> bool:
        """Whether the client has read the key where this rank reads it: they share the memory."""
        if not self._key:
            try:
                with self._file(_KEY, os.O_RDONLY) as file:
                    found = os.read(file, _MAX_KEY_BYTES)
            except OSError:
                return False
            if not _KEY_FORM.fullmatch(found):
                return False
            self._key = found.decode("ascii")
        return secrets.compare_digest(self._key.encode(), key.encode())


class CallMemory:
    """The shared memory of one call: a `Storage`."""

    def __init__(self, session: SessionMemory, lent: str) -> None:
        self._session = session
        self._lent = lent
        self._end = 0

    def load(self, message: types_pb2.Tensor, size: int) -> torch.Tensor:
        """A copy of an argument's bytes.

        Raises:
            BridgeError: (validation, `shared_memory_unavailable`) there is no such segment, or not
                so much in it. The caller then sends the bytes with the request.
        """
        if message.WhichOneof("storage") != "shared_memory":
            raise _unavailable("chunks of bytes come with Chunks.Call only")
        place = message.shared_memory
        if place.size != size:
            raise _unavailable(f"it says {place.size} bytes, dtype and shape say {size}")
        try:
            with self._session.open(place.name, os.O_RDONLY) as file:
                there = os.fstat(file).st_size
                # Before memory is taken for what may not be there.
                if place.offset + size > there:
                    raise _unavailable(
                        f"bytes {place.offset} to {place.offset + size} of {place.name} are asked "
                        f"for, and it has {there}"
                    )
                return _read(file, place.offset, size)
        except ValueError as error:
            raise _unavailable(str(error)) from None
        except OSError as error:
            raise _unavailable(f"{place.name}: {error.strerror}") from None

    def store(self, message: types_pb2.Tensor, flat: torch.Tensor) -> bool:
        """Write a result into the lent segment, where there is one and it fits."""
        size = flat.numel()
        if not self._lent or size < MIN_BYTES:
            return False
        if self._end + size > self._session.max_segment_bytes:
            return False
        try:
            with self._session.open(self._lent, os.O_WRONLY) as file:
                _write(file, self._end, flat)
        except (OSError, ValueError):
            # The file system is full, or the client has gone and taken its segment with it.
            return False
        message.shared_memory.name = self._lent
        message.shared_memory.offset = self._end
        message.shared_memory.size = size
        self._end += size + -size % _ALIGNMENT
        return True


class NoMemory:
    """The `Storage` of a call in a session without shared memory."""

    def load(self, message: types_pb2.Tensor, size: int) -> torch.Tensor:
        """Raises BridgeError (validation, `shared_memory_unavailable`)."""
        raise _unavailable("this rank has none for the session")

    def store(self, message: types_pb2.Tensor, flat: torch.Tensor) -> bool:
        """False."""
        return False


def _read(file: int, offset: int, size: int) -> torch.Tensor:
    flat = torch.empty(size, dtype=torch.uint8, device="cpu")
    _in_halves(_read_into, file, offset, flat.numpy().data)
    return flat


def _read_into(file: int, offset: int, left: memoryview) -> None:
    while left:
        count = os.preadv(file, [left], offset)
        if count == 0:
            raise _unavailable("the segment was cut short while it was read")
        left, offset = left[count:], offset + count


def _write(file: int, offset: int, flat: torch.Tensor) -> None:
    _in_halves(_write_from, file, offset, flat.numpy().data)


def _write_from(file: int, offset: int, left: memoryview) -> None:
    while left:
        count = os.pwrite(file, left, offset)
        left, offset = left[count:], offset + count


def _in_halves(
    move: Callable[[int, int, memoryview], None], file: int, offset: int, data: memoryview
) -> None:
    """Move a large piece of memory with two threads: copying is all there is to do."""
    half = len(data) // 2
    if len(data) < _HALVED_BYTES:
        move(file, offset, data)
        return
    other = _helper.submit(move, file, offset + half, data[half:])
    try:
        move(file, offset, data[:half])
    finally:
        # Not before the other has let go of the file and of the memory.
        wait([other])
    other.result()


def _unavailable(why: str) -> BridgeError:
    return BridgeError(
        Category.VALIDATION,
        "shared_memory_unavailable",
        f"a tensor cannot be read from shared memory: {why}. Send its bytes with the request",
    )
