"""Files of shared memory: made, found, locked, backed by memory, given back.

A process that uses a file holds a lock on one byte of it, which the kernel gives back when the
process ends, however it ends. There are two kinds of lock. That of a process (POSIX) is its own: a
forked child does not hold it, and it ends when the process first closes the file. That of an open
file is held by a forked child too, and two in one process exclude each other.

The name is removed as soon as all members have mapped the memory: from then on nothing can be left
over. A process that is killed before cannot remove it, so the process that makes the next file
does.

The kernel is asked to back memory before it is touched. Where the file system has none left, that
call fails; touching a mapped page would end the process with SIGBUS.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import mmap
import os
import re
import secrets
import struct
import sys
import time
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import torch

from vllm_distributed.forks import leave_to_parent
from vllm_distributed.logger import init_logger

__all__ = ["CAN_LOCK", "Segment", "SegmentError", "SharedFile", "remove_stale", "say_why"]

CAN_LOCK = sys.platform == "linux" and sys.maxsize > 2**32
"""Whether this kind of system has locks of open files."""

_KINDS = {
    "group": "a group's memory",
    "mq": "a message queue's memory",
    "node": "memory that tells nodes apart",
    "store": "a store of objects",
    "weights": "weights on their way",
}
_NAME = re.compile(r"vllm_distributed_(?:(group|store|weights)|(mq|node)_[0-9]{1,10})_[0-9a-f]{32}")
_FLOCK = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux
# Between making a file and locking it there are microseconds.
_YOUNGEST_S = 60.0
_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC

logger = init_logger("vllm_distributed.transports.shm.collectives")

_own_names: set[str] = set()
"""Of files that this process has open under a name that is still there: to open and close such a
file again, as `remove_stale` does, gives up all the locks that the process has on it."""
_said: set[str] = set()


class SharedFile:
    """One process's open file. All methods raise `OSError` where the system refuses."""

    def __init__(self, path: Path, descriptor: int, *, maker: bool) -> None:
        self._path, self._descriptor = path, descriptor
        self._process = os.getpid()
        # An interrupt between here and the owner's `close` leaves nothing open.
        self._close = weakref.finalize(self, _close, path, descriptor, self._process)
        self._close.atexit = False  # others wait for a lock that the kernel gives back
        self._remove = weakref.finalize(self, _remove_name, path, self._process)
        if not maker:
            self._remove.detach()

    @classmethod
    def create(cls, directory: Path, kind: str, token: str = "") -> SharedFile:
        """Return a new, empty file that only this user can open.

        Leftovers of the kinds of `_KINDS` are removed first. `token`, of 32 hexadecimal digits,
        makes a name that others know; `FileExistsError` where there is such a file.
        """
        remove_stale(directory)
        made_by = "" if kind in ("group", "store", "weights") else f"{os.getpid()}_"
        path = directory / f"vllm_distributed_{kind}_{made_by}{token or secrets.token_hex(16)}"
        _own_names.add(path.name)
        try:
            descriptor = os.open(path, _OPEN | os.O_CREAT | os.O_EXCL, 0o600)
            return cls(path, descriptor, maker=True)
        except FileExistsError:
            _own_names.discard(path.name)
            raise
        except BaseException:  # Ctrl-C too: nobody else would remove the name
            with contextlib.suppress(OSError):
                _remove_name(path, os.getpid())
            raise

    @classmethod
    def attach(cls, directory: Path, kind: str, name: str) -> SharedFile:
        """Return the file that another process made. Raises `ValueError` for another name."""
        found = _NAME.fullmatch(name)
        if found is None or kind not in found.groups():
            raise ValueError(f"{name!r:.80} is not the name of {_KINDS[kind]}")
        _own_names.add(name)
        try:
            return cls(directory / name, os.open(directory / name, _OPEN), maker=False)
        except BaseException:
            _own_names.discard(name)
            raise

    @property
    def path(self) -> Path:
        return self._path

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._descriptor < 0

    @property
    def is_own(self) -> bool:
        """Whether this process opened it, and is no forked child of the one that did."""
        return os.getpid() == self._process

    def facts(self) -> os.stat_result:
        """Return whose file it is, and how long."""
        return os.fstat(self._descriptor)

    def is_ours(self, size: int) -> bool:
        """Return whether it is this user's and has this size."""
        facts = self.facts()
        return facts.st_uid == os.geteuid() and facts.st_size == size

    def resize(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)

    def reserve(self, start: int, size: int) -> None:
        """Have the file system put memory behind a part."""
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(self._descriptor, start, size)

    def map(self, size: int) -> mmap.mmap:
        return mmap.mmap(self._descriptor, size)

    def write(self, data: bytes) -> None:
        os.pwrite(self._descriptor, data, 0)

    def read(self, size: int) -> bytes:
        return os.pread(self._descriptor, size, 0)

    def lock_for_file(self, place: int) -> bool:
        """Lock one byte for this open file; return whether no other has it."""
        if CAN_LOCK:
            try:
                fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, _lock(place, 1))
            except (BlockingIOError, PermissionError):
                return False
        return True

    @contextlib.contextmanager
    def guard(self, place: int) -> Iterator[None]:
        """Hold the lock of this open file on one byte, waiting for others that do. Whoever is
        killed within gives it back."""
        fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLKW, _lock(place, 1))
        try:
            yield
        finally:
            fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, _lock(place, 1, fcntl.F_UNLCK))

    def lock_for_process(self, place: int) -> None:
        """Lock one byte for this process."""
        fcntl.fcntl(self._descriptor, fcntl.F_SETLK, _lock(place, 1))

    def is_locked(self, place: int) -> bool:
        """Return whether anybody else has a lock, of either kind, on one byte."""
        return _is_locked(self._descriptor, place, 1)

    def remove_name(self) -> None:
        """Leave the memory to those who have it mapped. Idempotent."""
        self._remove.detach()
        _remove_name(self._path, self._process)

    def close(self) -> None:
        """Close it, and remove the name if this process made it. Idempotent."""
        if self.is_closed or not self.is_own:
            return
        with contextlib.suppress(OSError):
            self._remove()
        self._descriptor = -1
        self._close()


def remove_stale(directory: Path) -> None:
    """Remove this user's files that nobody holds any more."""
    if not CAN_LOCK:
        return
    with contextlib.suppress(OSError), os.scandir(directory) as found:
        for each in found:
            if not _NAME.fullmatch(each.name) or each.name in _own_names:
                continue
            with contextlib.suppress(OSError):  # another process was faster
                facts = each.stat(follow_symlinks=False)
                is_old = time.time() - facts.st_mtime > _YOUNGEST_S
                if is_old and facts.st_uid == os.geteuid():
                    _remove_unless_held(Path(each.path))


def _remove_unless_held(path: Path) -> None:
    descriptor = os.open(path, _OPEN)
    try:
        if not _is_locked(descriptor, 0, 0):
            path.unlink()
    finally:
        os.close(descriptor)


def _remove_name(path: Path, process: int) -> None:
    if os.getpid() == process:  # a forked child has the finaliser too
        path.unlink(missing_ok=True)
        _own_names.discard(path.name)


def _close(path: Path, descriptor: int, process: int) -> None:
    if os.getpid() == process:
        _own_names.discard(path.name)
        os.close(descriptor)


def _is_locked(descriptor: int, place: int, length: int) -> bool:
    """Return whether anybody else has a lock on bytes from `place` on (length 0: all)."""
    answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _lock(place, length))
    kind: int = _FLOCK.unpack(answer)[0]
    return kind != fcntl.F_UNLCK


def _lock(place: int, length: int, kind: int = fcntl.F_WRLCK) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, place, length, 0)


# The memory of a group

_GUARD = 1 << 20
"""The byte behind those of all members."""


class SegmentError(Exception):
    """Memory cannot be made, found or backed; the text is a clause that says why.

    It stays within the package: there is always another way to carry the bytes.
    """


def say_why(what: str, reason: str, *, expected: bool = False) -> None:
    """Log why a group does not, or not in all, go through shared memory, once for each reason.

    A world has many groups, and a group many pairs. What can be mended on this machine is a
    warning; what is meant to be so is not.
    """
    if reason not in _said:
        _said.add(reason)
        logger.log(logging.INFO if expected else logging.WARNING, "%s: %s", what, reason)


class Segment:
    """One member's map of the memory; `words` are the control area's integers of 8 bytes."""

    def __init__(self, file: SharedFile, size: int, control_bytes: int) -> None:
        self._file = file
        memory = file.map(size)
        self._memory: mmap.mmap | None = memory
        self.words = memoryview(memory)[:control_bytes].cast("Q")
        with torch.inference_mode(False):  # or it could be written in that mode only
            self.bytes = torch.frombuffer(memory, dtype=torch.uint8)
        leave_to_parent(self, "the memory of a group", "words", "bytes", "_memory")

    @classmethod
    def create(cls, directory: Path, size: int, control_bytes: int) -> Segment:
        """Return new memory, which only this user can open, held by the first member."""
        try:
            file = SharedFile.create(directory, "group")
        except OSError as error:
            raise SegmentError(f"no file can be made in {directory}: {error.strerror}") from error
        try:
            file.resize(size)
            made = cls(file, size, control_bytes)
            made.say_alive(0)
            made.back(0, control_bytes)
            return made
        except BaseException as error:
            file.close()
            if isinstance(error, OSError):
                raise _no_room(directory, control_bytes, error) from error
            raise

    @classmethod
    def attach(cls, directory: Path, name: str, size: int, control_bytes: int) -> Segment:
        """Return the memory that another process made under this name."""
        try:
            file = SharedFile.attach(directory, "group", name)
        except ValueError as error:
            raise SegmentError(str(error)) from error
        except OSError as error:
            raise SegmentError(f"{directory / name} cannot be opened: {error.strerror}") from error
        try:
            if not file.is_ours(size):
                raise SegmentError(f"{file.path} is another file than the group's memory")
            return cls(file, size, control_bytes)
        except BaseException as error:
            file.close()
            if isinstance(error, OSError):
                raise SegmentError(f"{file.path} cannot be mapped: {error.strerror}") from error
            raise

    @property
    def name(self) -> str:
        """What other processes attach by."""
        return self._file.path.name

    def remove_name(self) -> None:
        """Leave the memory to those who have it mapped. Idempotent."""
        self._file.remove_name()

    def back(self, start: int, size: int) -> None:
        """Have the kernel back a part with memory. Raises `SegmentError` if there is none."""
        try:
            self._file.reserve(start, size)
        except OSError as error:
            raise _no_room(self._file.path.parent, size, error) from error

    def give_back(self, start: int, size: int) -> None:
        """Let the kernel take the memory behind a part, which `back` brings again, empty."""
        first, last = -(-start // mmap.PAGESIZE), (start + size) // mmap.PAGESIZE
        if self._memory is None or last <= first:
            return
        with contextlib.suppress(OSError):  # a kernel or file system that keeps it
            self._memory.madvise(
                mmap.MADV_REMOVE, first * mmap.PAGESIZE, (last - first) * mmap.PAGESIZE
            )

    def say_alive(self, member: int) -> None:
        """Hold a member's lock for as long as this process lives."""
        try:
            self._file.lock_for_process(member)
        except OSError as error:
            raise SegmentError(f"{self._file.path} cannot be locked: {error.strerror}") from error

    def guard(self) -> AbstractContextManager[None]:
        """Within, no other member is."""
        return self._file.guard(_GUARD)

    def is_alive(self, member: int) -> bool:
        """Return whether another member's process still runs."""
        return self._file.is_locked(member)

    def close(self) -> None:
        """Give back what this process holds. Idempotent.

        The memory is unmapped when the last view of it is gone.
        """
        if self._file.is_closed or not self._file.is_own:
            return
        self.remove_name()
        self._file.close()
        self.words, self.bytes, self._memory = memoryview(b"").cast("Q"), _NOTHING, None


_NOTHING = torch.empty(0, dtype=torch.uint8, device="cpu")


def _no_room(directory: Path, size: int, error: OSError) -> SegmentError:
    if error.errno == errno.ENOSPC:
        return SegmentError(
            f"{directory} has no room for {size} bytes: make it larger (docker run --shm-size)"
        )
    return SegmentError(f"{directory} cannot hold {size} bytes: {error.strerror}")
