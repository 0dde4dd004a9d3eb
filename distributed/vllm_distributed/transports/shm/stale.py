"""Shared memory whose name was left over: its processes ended before all of them had it mapped.

A name lasts for the milliseconds in which a group is made, or until the last reader of a message
queue has come. A process that is killed in that time cannot remove it, so whoever makes the next
does. Each holds a lock on its file, which the kernel gives back when the process ends.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

from vllm_distributed.transports.shm.locks import CAN_LOCK, is_locked

__all__ = ["own_names", "remove_stale"]

_NAME = re.compile(r"vllm_distributed_(mq_[0-9]{1,10}|group)_[0-9a-f]{32}")
# Between making a file and locking it there are microseconds.
_YOUNGEST_S = 60.0


own_names: set[str] = set()
"""Of memory that this process has made or found under a name that is still there: to open and close
a file again, as below, gives up all the locks that the process has on it."""


def remove_stale(directory: Path) -> None:
    """Remove this user's memory that nobody holds any more."""
    if not CAN_LOCK:
        return
    with contextlib.suppress(OSError), os.scandir(directory) as found:
        for each in found:
            if not _NAME.fullmatch(each.name) or each.name in own_names:
                continue
            with contextlib.suppress(OSError):  # somebody else was faster
                facts = each.stat(follow_symlinks=False)
                is_old = time.time() - facts.st_mtime > _YOUNGEST_S
                if is_old and facts.st_uid == os.geteuid():
                    _remove_unless_held(Path(each.path))


def _remove_unless_held(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not is_locked(descriptor):
            path.unlink()
    finally:
        os.close(descriptor)
