"""The memory that a ring lies in: a file without a disk, that the processes of a node map.

Life and death. Each participant holds a lock of its own on one byte of the segment, which the
kernel gives back when the process ends, however it ends (a child that it forked holds it too). The
name is removed as soon as everybody has mapped the segment: from then on nothing can be left over.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import re
import secrets
import tempfile
import weakref
from pathlib import Path

from vllm_distributed.errors import MessageQueueError
from vllm_distributed.transports.shm.locks import CAN_LOCK, is_locked, lock_for_file
from vllm_distributed.transports.shm.stale import remove_stale

__all__ = ["Segment"]

_NAME = re.compile(r"vllm_distributed_mq_[0-9]{1,10}_[0-9a-f]{32}")


class Segment:
    """A mapped segment; `owner` says whether its name is this process's to remove."""

    def __init__(self, path: Path, descriptor: int, size: int, *, owner: bool) -> None:
        self._path, self._descriptor = path, descriptor
        self.memory = mmap.mmap(descriptor, size)
        self._remove_name = weakref.finalize(self, _remove, path, os.getpid())
        if not owner:
            self._remove_name.detach()

    @classmethod
    def create(cls, size: int, reserved: int) -> Segment:
        """Return a new segment, of which the first `reserved` bytes have memory behind them.

        Its lock is that on byte 0.
        """
        remove_stale(_directory())
        path = _directory() / f"vllm_distributed_mq_{os.getpid()}_{secrets.token_hex(16)}"
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = -1
        try:
            descriptor = os.open(path, flags, 0o600)
            os.ftruncate(descriptor, size)
            _reserve(descriptor, 0, reserved)
            lock_for_file(descriptor, 0)
            return cls(path, descriptor, size, owner=True)
        except BaseException as error:
            if descriptor >= 0:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
                os.close(descriptor)
            # The latter two: beyond any file.
            if not isinstance(error, (OSError, OverflowError, ValueError)):
                raise
            raise MessageQueueError(
                f"a shared-memory segment of {size} bytes cannot be made in {path.parent}: {error}",
                directory=str(path.parent),
                bytes=size,
            ) from error

    @classmethod
    def attach(cls, name: str, size: int, lock: int) -> Segment:
        """Return the segment that is called `name`, with the lock on byte `lock`."""
        if not _NAME.fullmatch(name):
            raise MessageQueueError(f"{name!r:.80} is not the name of a message queue's memory")
        path = _directory() / name
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
            if not lock_for_file(descriptor, lock):
                raise MessageQueueError(
                    "another process, or this one before, has made the queue from the handle "
                    "with the same rank: give each reader a rank of its own",
                )
            return cls(path, descriptor, size, owner=False)
        except BaseException:
            os.close(descriptor)
            raise

    @property
    def name(self) -> str:
        """What others attach by."""
        return self._path.name

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._descriptor < 0

    def remove_name(self) -> None:
        """Let nobody else attach. Idempotent; for the owner."""
        self._remove_name()

    def holder_is_dead(self, lock: int) -> bool:
        """Return whether the process that had the lock on byte `lock` has ended."""
        return CAN_LOCK and not is_locked(self._descriptor, lock, 1)

    def reserve(self, start: int, size: int) -> None:
        """Have the file system put memory behind a part: where it has none left, touching a mapped
        page would end the process with SIGBUS."""
        try:
            _reserve(self._descriptor, start, size)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise MessageQueueError(
                f"{self._path.parent} has no room for another {size} bytes of the message queue: "
                f"make it larger (docker run --shm-size), or use fewer or smaller chunks in the "
                f"{len(self.memory)} bytes that it may have",
                directory=str(self._path.parent),
                bytes=size,
            ) from error

    def close(self) -> None:
        """Unmap it, all views of its memory having been released."""
        self.memory.close()
        os.close(self._descriptor)
        self._descriptor = -1


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
