"""Buckets in memory that a trainer shares with the targets on its node.

The trainer makes the file, and removes its name as soon as those targets have it mapped: nothing
can be left over, however the processes end.
"""

from __future__ import annotations

import torch

from vllm_distributed.forks import leave_to_parent
from vllm_distributed.store.node import SHARED_MEMORY
from vllm_distributed.transports.shm.segment import CAN_LOCK, SharedFile, say_why

__all__ = ["SharedBuckets"]


class SharedBuckets:
    """`count` buckets of `size` bytes each."""

    def __init__(self, file: SharedFile, size: int, count: int) -> None:
        self._file = file
        self.size, self.count = size, count
        with torch.inference_mode(False):  # or it could be written in that mode only
            memory = torch.frombuffer(file.map(size * count), dtype=torch.uint8)
        self._buckets = [memory[at * size : (at + 1) * size] for at in range(count)]
        leave_to_parent(self, "the memory of weights", "_buckets")

    @classmethod
    def create(cls, size: int, count: int) -> SharedBuckets | None:
        """Return new memory; None, and say why, where the system has none."""
        if not CAN_LOCK:
            return None
        file = None
        try:
            file = SharedFile.create(SHARED_MEMORY, "weights")
            file.lock_for_process(0)
            file.resize(size * count)
            file.reserve(0, size * count)
            return cls(file, size, count)
        except OSError as error:
            if file is not None:
                file.close()
            say_why(
                "weights go over TCP",
                f"{SHARED_MEMORY} cannot hold {size * count} bytes: {error.strerror}",
            )
            return None

    @classmethod
    def attach(cls, name: str, size: int, count: int) -> SharedBuckets | None:
        """Return the trainer's memory; None where it is not on this node, or not this user's."""
        try:
            file = SharedFile.attach(SHARED_MEMORY, "weights", name)
        except (OSError, ValueError):
            return None
        try:
            if file.is_ours(size * count):
                return cls(file, size, count)
        except OSError:
            pass
        file.close()
        return None

    @property
    def name(self) -> str:
        """What targets attach by."""
        return self._file.path.name

    def bucket(self, number: int) -> torch.Tensor:
        """Return the bytes of the bucket that number `number` of all goes in."""
        return self._buckets[number % self.count]

    def remove_name(self) -> None:
        """Leave the memory to those who have it mapped. Idempotent."""
        self._file.remove_name()

    def close(self) -> None:
        """Give it back. Idempotent."""
        self._buckets = []
        self._file.close()
