"""The memory of results that stay in their rank."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from vllm_distributed.tensors.buffer_pool import ReusableMemory
from vllm_distributed.tensors.outputs import using


class ResultMemory:
    """Memory that results of calls with `tensors: :ref` go into, one for the rank.

    New memory for each would cost more than the collective that fills it. It is used again once its
    ref was released and nothing else refers to it; what lies idle, 256 MiB at most, goes back to
    the system when a session ends.
    """

    def __init__(self) -> None:
        self._memory = ReusableMemory()

    @property
    def idle_bytes(self) -> int:
        """Bytes that wait for the next result."""
        return self._memory.idle_bytes

    def of_call(self, *, kept: bool) -> AbstractContextManager[None]:
        """The block in which a call runs: `kept` says whether its results stay here."""
        return using(self._memory) if kept else nullcontext()

    def trim(self) -> None:
        """Give what lies idle back to the system."""
        self._memory.trim()
