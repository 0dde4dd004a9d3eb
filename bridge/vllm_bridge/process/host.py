"""Which host a process is on."""

from __future__ import annotations

import os
from functools import cache

_BOOT = "/proc/sys/kernel/random/boot_id"
_MEMORY = "/dev/shm"


@cache
def host_identity() -> str:
    """Equal in two processes that run on the same machine and see the same /dev/shm.

    Containers on one machine have its boot id, and each its own file system there.
    """
    try:
        with open(_BOOT) as file:
            boot = file.read().strip()
    except OSError:
        boot = os.uname().nodename
    try:
        memory = str(os.stat(_MEMORY).st_dev)
    except OSError:
        memory = "none"
    return f"{boot}/{memory}"
