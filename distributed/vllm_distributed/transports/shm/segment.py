"""Memory that several processes of a node map: made, found, kept alive and given back.

Life and death. Each member holds a lock on one byte of the file, which the kernel gives back when
its process ends, however it ends. It is a POSIX record lock, and so the process's own: a child that
it forked does not hold it as well. The name is removed as soon as everybody has mapped the memory:
from then on nothing can be left over.

The kernel is asked to back memory before it is touched. Where the file system has none left, that
says so; touching a mapped page would end the process with SIGBUS.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import re
import secrets
from pathlib import Path

import torch

from vllm_distributed.forks import leave_to_parent
from vllm_distributed.transports.shm.locks import is_locked, lock_for_process
from vllm_distributed.transports.shm.stale import own_names, remove_stale

__all__ = ["Segment", "SegmentError"]

_NAME = re.compile(r"vllm_distributed_group_[0-9a-f]{32}")


class SegmentError(Exception):
    """Memory cannot be made, found or backed; the text is a clause that says why.

    It stays within the package: there is always another way to carry the bytes.
    """


class Segment:
    """One process's map of the memory; `words` are the control area's integers of 8 bytes."""

    def __init__(self, path: Path, descriptor: int, size: int, control_bytes: int) -> None:
        self._path, self._descriptor = path, descriptor
        self._owner = os.getpid()
        memory = mmap.mmap(descriptor, size)
        self.words = memoryview(memory)[:control_bytes].cast("Q")
        with torch.inference_mode(False):  # or it could be written in that mode only
            self.bytes = torch.frombuffer(memory, dtype=torch.uint8)
        leave_to_parent(self, "the memory of a group", "words", "bytes")

    @classmethod
    def create(cls, directory: Path, size: int, control_bytes: int) -> Segment:
        """Return new memory, which only this user can open, held by the first member."""
        remove_stale(directory)
        path = directory / f"vllm_distributed_group_{secrets.token_hex(16)}"
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        own_names.add(path.name)
        descriptor = -1
        try:
            descriptor = os.open(path, flags, 0o600)
            os.ftruncate(descriptor, size)
            made = cls(path, descriptor, size, control_bytes)
            made.say_alive(0)
            made.back(0, control_bytes)
            return made
        except BaseException as error:
            # Whatever went wrong, Ctrl-C too, and wherever: nobody else would remove the name.
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            own_names.discard(path.name)
            if descriptor < 0 and isinstance(error, OSError):
                raise SegmentError(
                    f"no file can be made in {directory}: {error.strerror}"
                ) from error
            if descriptor >= 0:
                os.close(descriptor)
            if isinstance(error, OSError):
                raise _no_room(directory, control_bytes, error) from error
            raise

    @classmethod
    def attach(cls, directory: Path, name: str, size: int, control_bytes: int) -> Segment:
        """Return the memory that another process made under this name."""
        if not _NAME.fullmatch(name):
            raise SegmentError(f"{name!r:.80} is not the name of a group's memory")
        path = directory / name
        own_names.add(name)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            own_names.discard(name)
            raise SegmentError(f"{path} cannot be opened: {error.strerror}") from error
        try:
            facts = os.fstat(descriptor)
            if facts.st_uid != os.geteuid() or facts.st_size != size:
                raise SegmentError(f"{path} is another file than the group's memory")
            return cls(path, descriptor, size, control_bytes)
        except BaseException as error:
            own_names.discard(name)
            os.close(descriptor)
            if isinstance(error, OSError):
                raise SegmentError(f"{path} cannot be mapped: {error.strerror}") from error
            raise

    @property
    def name(self) -> str:
        """What other processes attach by."""
        return self._path.name

    def remove_name(self) -> None:
        """Leave the memory to those who have it mapped. Idempotent."""
        if os.getpid() == self._owner:
            self._path.unlink(missing_ok=True)
            own_names.discard(self._path.name)

    def back(self, start: int, size: int) -> None:
        """Have the kernel back a part with memory. Raises `SegmentError` if there is none."""
        try:
            _back(self._descriptor, start, size)
        except OSError as error:
            raise _no_room(self._path.parent, size, error) from error

    def say_alive(self, member: int) -> None:
        """Hold a member's lock for as long as this process lives."""
        try:
            lock_for_process(self._descriptor, member)
        except OSError as error:
            raise SegmentError(f"{self._path} cannot be locked: {error.strerror}") from error

    def is_alive(self, member: int) -> bool:
        """Return whether another member's process still runs."""
        return is_locked(self._descriptor, member, 1)

    def close(self) -> None:
        """Give back what this process holds. Idempotent.

        The memory is unmapped when the last view of it is gone.
        """
        if self._descriptor < 0 or os.getpid() != self._owner:
            return
        self.remove_name()
        os.close(self._descriptor)
        self._descriptor = -1
        self.words, self.bytes = memoryview(b"").cast("Q"), _NOTHING


_NOTHING = torch.empty(0, dtype=torch.uint8, device="cpu")


def _back(descriptor: int, start: int, size: int) -> None:
    os.posix_fallocate(descriptor, start, size)


def _no_room(directory: Path, size: int, error: OSError) -> SegmentError:
    if error.errno == errno.ENOSPC:
        return SegmentError(
            f"{directory} has no room for {size} bytes: make it larger (docker run --shm-size)"
        )
    return SegmentError(f"{directory} cannot hold {size} bytes: {error.strerror}")
