"""`MessageQueue` and its handle, and the small names beside them in vLLM's `shm_broadcast`."""

from __future__ import annotations

import os
import threading
from functools import partial

from vllm_distributed.errors import InvalidArgumentError, MessageQueueError
from vllm_distributed.logger import logger
from vllm_distributed.transports.queue.handle import ExportedHandle as Handle
from vllm_distributed.transports.queue.queue import MessageQueue

__all__ = [
    "LONG_WAIT_TIME_LOG_MSG",
    "SHM_PATH",
    "Handle",
    "MessageQueue",
    "check_shm_free_space",
    "from_bytes_big",
    "logger",
    "long_wait_time_msg",
    "memory_fence",
    "to_bytes_big",
]

SHM_PATH = "/dev/shm"
SPINLOOP_EXT_ENABLED = False
"""Whether a compiled extension waits in place of Python: there is none."""
LONG_WAIT_TIME_LOG_MSG = (
    "The message queue has waited for %d seconds for a free or a written chunk: the others may be "
    "busy, or gone"
)

from_bytes_big = partial(int.from_bytes, byteorder="big")

_fence = threading.Lock()


def __getattr__(name: str) -> int:
    """`VLLM_RINGBUFFER_WARNING_INTERVAL`, of the environment when it is asked for, in seconds."""
    if name == "VLLM_RINGBUFFER_WARNING_INTERVAL":
        return int(os.environ.get(name) or 60)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def memory_fence() -> None:
    """Have what this thread wrote before be seen by others before what it writes after."""
    with _fence:
        pass


def to_bytes_big(value: int, size: int) -> bytes:
    """Return a number as `size` bytes, the greatest first.

    >>> from_bytes_big(to_bytes_big(258, 4))
    258
    """
    return value.to_bytes(size, byteorder="big")


def long_wait_time_msg(threshold: int) -> str:
    """Return what to log after a wait of `threshold` seconds."""
    return LONG_WAIT_TIME_LOG_MSG % threshold


def check_shm_free_space(
    required_bytes: int,
    shm_path: str = SHM_PATH,
    *,
    allocation_name: str = "shared-memory allocation",
) -> None:
    """Check that a file system of shared memory has this many bytes left.

    Raises:
        InvalidArgumentError: for a negative number.
        MessageQueueError: naming what is left, and how to make it more.
    """
    if required_bytes < 0:
        raise InvalidArgumentError(f"required_bytes={required_bytes} must not be negative")
    facts = os.statvfs(shm_path)
    left = facts.f_bavail * facts.f_frsize
    if left < required_bytes:
        raise MessageQueueError(
            f"{shm_path} has {left} bytes left, and the {allocation_name} needs {required_bytes}: "
            f"make it larger (docker run --shm-size), or lower VLLM_MQ_MAX_CHUNK_BYTES_MB",
            left=left,
            required=required_bytes,
        )
