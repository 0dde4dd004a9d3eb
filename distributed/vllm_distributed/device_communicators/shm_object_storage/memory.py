"""The shared file of a ring buffer: who writes it, who reads it, and which of them are alive.

Whoever uses the file holds a lock on one byte of it for as long as it lives: the writer the first,
each reader the one of its seat. The kernel gives a lock back however its process ends. A reader
that takes a seat counts up a word, by which the writer sees that the seat has changed hands.

    0       a mark, the size of the data, (8 bytes each)
    64      the secret that handles are signed with (32 bytes)
    128     a word for each seat
    4096    the data
"""

from __future__ import annotations

import hashlib
import os
import secrets
import struct
import tempfile
from pathlib import Path

from vllm_distributed.errors import InvalidArgumentError, StorageFullError
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.store.node import SHARED_MEMORY
from vllm_distributed.transports.shm.segment import SharedFile

__all__ = ["DATA_AT", "SEATS", "SECRET_BYTES", "Memory"]

DATA_AT = 4096
SEATS = 256
SECRET_BYTES = 32

_MARK = int.from_bytes(b"vlstore1", "little")
_HEAD = struct.Struct("<QQ")
_SECRET_AT, _SEATS_AT = 64, 128
_WRITER = 0
"""The byte that the writer locks; that of seat n is n + 1."""
_STEP = 16 << 20
"""The system puts memory behind the data piece by piece, as it is used."""


class Memory:
    """One process's map of the file."""

    def __init__(self, file: SharedFile, size: int, *, is_writer: bool) -> None:
        self._file = file
        self._is_writer = is_writer
        self._map = file.map(DATA_AT + size)
        self.view = memoryview(self._map)
        self.data = self.view[DATA_AT : DATA_AT + size]
        self._backed = 0
        self._size = size
        what = "the writer's end of a store of objects" if is_writer else "a store of objects"
        leave_to_parent(self, what, "view", "data", "_map")

    @classmethod
    def create(cls, size: int, name: str) -> Memory:
        """Return new memory that others find by name, with this process as its writer."""
        try:
            file = _new_file(name)
        except OSError as error:
            raise InvalidArgumentError(
                f"no file can be made in {_directory()}: {error.strerror}", name=name
            ) from error
        try:
            if not file.lock_for_file(_WRITER) or not _is_there(file):
                raise _taken(name)
            file.resize(DATA_AT + size)
            file.reserve(0, DATA_AT)
            memory = cls(file, size, is_writer=True)
            memory.view[_SECRET_AT : _SECRET_AT + SECRET_BYTES] = secrets.token_bytes(SECRET_BYTES)
            _HEAD.pack_into(memory.view, 0, _MARK, size)
        except BaseException as error:
            file.close()
            if isinstance(error, OSError):
                raise StorageFullError(
                    f"{_directory()} cannot hold a store of objects: {error.strerror}"
                ) from error
            raise
        return memory

    @classmethod
    def attach(cls, size: int, name: str) -> Memory:
        """Return the memory that a writer has made under this name."""
        try:
            file = SharedFile.attach(
                _directory(), "store", f"vllm_distributed_store_{_token(name)}"
            )
        except OSError as error:
            raise InvalidArgumentError(
                f"there is no store of objects named {name!r} on this node ({error.strerror}): its "
                f"writer has not made it, or has ended",
                name=name,
            ) from error
        try:
            if file.facts().st_uid != os.geteuid() or file.facts().st_size < DATA_AT + size:
                raise InvalidArgumentError(
                    f"the store of objects named {name!r} has not {size} bytes: give the "
                    f"data_buffer_size that its writer has, as its handle says",
                    name=name,
                    size=size,
                )
            memory = cls(file, size, is_writer=False)
        except BaseException:
            file.close()
            raise
        if _HEAD.unpack_from(memory.view, 0) != (_MARK, size):
            memory.close()
            raise InvalidArgumentError(
                f"{name!r} is no store of objects with {size} bytes: give the data_buffer_size "
                f"that its writer has, as its handle says",
                name=name,
                size=size,
            )
        return memory

    @property
    def secret(self) -> bytes:
        """What handles are signed with."""
        return bytes(self.view[_SECRET_AT : _SECRET_AT + SECRET_BYTES])

    @property
    def is_closed(self) -> bool:
        return self._file.is_closed

    @property
    def writer_is_alive(self) -> bool:
        """Whether the process that writes still has it open."""
        return self._is_writer or self._file.is_locked(_WRITER)

    def back(self, end: int) -> None:
        """Have the system put memory behind the data up to there: touching what has none would end
        the process."""
        while self._backed < end:
            piece = min(_STEP, self._size - self._backed)
            try:
                self._file.reserve(DATA_AT + self._backed, piece)
            except OSError as error:
                raise StorageFullError(
                    f"{_directory()} has no room for {piece} bytes more of a store of objects, "
                    f"which has {self._backed} of {self._size}: {error.strerror}. Make it larger "
                    f"(docker run --shm-size)",
                    backed=self._backed,
                    size=self._size,
                ) from error
            self._backed += piece

    def take_seat(self, seats: int) -> int:
        """Return the number of a seat that this reader has from now on.

        Raises `InvalidArgumentError` where all of them are taken.
        """
        for seat in range(seats):
            if self._file.lock_for_file(seat + 1):
                word = self._word(seat)
                word[0] += 1
                word.release()
                return seat
        raise InvalidArgumentError(
            f"all {seats} readers of this store of objects are there: make it with a larger "
            f"n_readers",
            n_readers=seats,
        )

    def takings(self, seats: int) -> list[int]:
        """Return how often each seat was taken."""
        with self.view[_SEATS_AT : _SEATS_AT + 8 * seats].cast("Q") as words:
            return words.tolist()

    def is_seated(self, seat: int) -> bool:
        """Whether a living reader has the seat. For the writer."""
        return self._file.is_locked(seat + 1)

    def close(self) -> None:
        """Give it back; the writer removes its name, and so does a reader of a dead writer."""
        if self._file.is_closed or not self._file.is_own:
            return
        if not self._is_writer and not self._file.is_locked(_WRITER):
            self._file.path.unlink(missing_ok=True)
        self._file.close()
        for view in (self.data, self.view):
            view.release()
        self._map.close()

    def _word(self, seat: int) -> memoryview:
        at = _SEATS_AT + 8 * seat
        return self.view[at : at + 8].cast("Q")


def _directory() -> Path:
    return SHARED_MEMORY if SHARED_MEMORY.is_dir() else Path(tempfile.gettempdir())


def _token(name: str) -> str:
    """A name of any form, as part of a file's."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _new_file(name: str) -> SharedFile:
    """Return the new file of a name; that of a writer that was killed goes."""
    try:
        return SharedFile.create(_directory(), "store", _token(name))
    except FileExistsError:
        pass
    left = SharedFile.attach(_directory(), "store", f"vllm_distributed_store_{_token(name)}")
    try:
        if left.facts().st_uid != os.geteuid() or not left.lock_for_file(_WRITER):
            raise _taken(name)
        left.path.unlink(missing_ok=True)
    finally:
        left.close()
    return SharedFile.create(_directory(), "store", _token(name))


def _is_there(file: SharedFile) -> bool:
    """Whether the name still leads to this file, which nobody held until it was locked."""
    try:
        return os.stat(file.path).st_ino == file.facts().st_ino
    except FileNotFoundError:
        return False


def _taken(name: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"another process writes a store of objects named {name!r}: choose another name, or None "
        f"for one of its own",
        name=name,
    )
