"""The memory that a ring lies in: a shared file, mapped by the writer and the readers on its node.

Each participant holds the lock of an open file on one byte of it, which a child that the process
forked holds too.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from vllm_distributed.errors import MessageQueueError
from vllm_distributed.store.node import SHARED_MEMORY
from vllm_distributed.transports.shm.segment import CAN_LOCK, SharedFile

__all__ = ["Segment"]


class Segment:
    """A mapped segment. The name is the writer's to remove."""

    def __init__(self, file: SharedFile, size: int) -> None:
        self._file = file
        self.memory = file.map(size)

    @classmethod
    def create(cls, size: int, reserved: int) -> Segment:
        """Return a new segment, of which the first `reserved` bytes have memory behind them.

        Its lock is that on byte 0.
        """
        directory = _directory()
        file: SharedFile | None = None
        try:
            file = SharedFile.create(directory, "mq")
            file.resize(size)
            file.reserve(0, reserved)
            file.lock_for_file(0)
            return cls(file, size)
        except BaseException as error:
            if file is not None:
                file.close()
            # The latter two: beyond any file.
            if not isinstance(error, (OSError, OverflowError, ValueError)):
                raise
            raise MessageQueueError(
                f"a shared-memory segment of {size} bytes cannot be made in {directory}: {error}",
                directory=str(directory),
                bytes=size,
            ) from error

    @classmethod
    def attach(cls, name: str, size: int, lock: int) -> Segment:
        """Return the segment that is called `name`, with the lock on byte `lock`."""
        try:
            file = SharedFile.attach(_directory(), "mq", name)
        except ValueError as error:
            raise MessageQueueError(str(error)) from error
        except OSError as error:
            path = _directory() / name
            raise MessageQueueError(
                f"the message queue's memory {path} cannot be opened: {error}. Its writer is gone, "
                f"has all its readers already, or runs on another node or as another user",
                path=str(path),
            ) from error
        try:
            if not file.is_ours(size):
                facts = file.facts()
                raise MessageQueueError(
                    f"{file.path} is not the memory that the handle describes: {facts.st_size} "
                    f"bytes of user {facts.st_uid}, expected {size} of user {os.geteuid()}",
                    path=str(file.path),
                )
            if not file.lock_for_file(lock):
                raise MessageQueueError(
                    "another process, or this one before, has made the queue from the handle "
                    "with the same rank: give each reader a rank of its own",
                )
            return cls(file, size)
        except BaseException:
            file.close()
            raise

    @property
    def name(self) -> str:
        """What others attach by."""
        return self._file.path.name

    @property
    def is_closed(self) -> bool:
        """Whether `close` was called."""
        return self._file.is_closed

    def remove_name(self) -> None:
        """Let nobody else attach. Idempotent; for the writer."""
        self._file.remove_name()

    def holder_is_dead(self, lock: int) -> bool:
        """Return whether the process that had the lock on byte `lock` has ended."""
        return CAN_LOCK and not self._file.is_locked(lock)

    def reserve(self, start: int, size: int) -> None:
        """Have the file system put memory behind a part: where it has none left, touching a mapped
        page would end the process with SIGBUS."""
        try:
            self._file.reserve(start, size)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise MessageQueueError(
                f"{self._file.path.parent} has no room for another {size} bytes of the message "
                f"queue: make it larger (docker run --shm-size), or use fewer or smaller chunks in "
                f"the {len(self.memory)} bytes that it may have",
                directory=str(self._file.path.parent),
                bytes=size,
            ) from error

    def close(self) -> None:
        """Unmap it, all views of its memory having been released."""
        self.memory.close()
        self._file.close()


def _directory() -> Path:
    """Memory where there is such a file system; elsewhere files, which are mapped just the same."""
    return SHARED_MEMORY if SHARED_MEMORY.is_dir() else Path(tempfile.gettempdir())
