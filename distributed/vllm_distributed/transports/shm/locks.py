"""Locks on single bytes of a file, which the kernel gives back when their process ends, however.

They say that a process is alive. There are two kinds. A lock of an open file is held by whoever has
the file open, so also by a child that the process forked, and two in one process exclude each
other. A lock of a process is its own; it ends with the first time that the process closes the file.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys

__all__ = ["CAN_LOCK", "is_locked", "lock_for_file", "lock_for_process"]

_FLOCK = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux
CAN_LOCK = sys.platform == "linux" and sys.maxsize > 2**32
"""Whether this kind of system has them."""


def lock_for_file(descriptor: int, place: int) -> bool:
    """Lock one byte for an open file; return whether no other has it."""
    if not CAN_LOCK:
        return True
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _request(place, 1))
    except (BlockingIOError, PermissionError):
        return False
    return True


def lock_for_process(descriptor: int, place: int) -> None:
    """Lock one byte for this process. Raises `OSError` if another one has it."""
    fcntl.fcntl(descriptor, fcntl.F_SETLK, _request(place, 1))


def is_locked(descriptor: int, place: int = 0, length: int = 0) -> bool:
    """Return whether anybody else has a lock, of either kind, on bytes from `place` on (0: all)."""
    answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _request(place, length))
    kind: int = _FLOCK.unpack(answer)[0]
    return kind != fcntl.F_UNLCK


def _request(place: int, length: int) -> bytes:
    return _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, place, length, 0)
