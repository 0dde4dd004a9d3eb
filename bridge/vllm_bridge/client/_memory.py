"""Shared memory of a session, as its client uses it: see docs/tensors.md.

The pool is asked for segments when the session has seen its first large tensor. Nothing here is
needed for a call to work: where there is no shared memory, or none left, tensors are in the
messages.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._channels import Channels
from vllm_bridge.client._checks import seconds
from vllm_bridge.client._timeouts import CONTROL_TIMEOUT, Deadline
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.transport.metadata import SHARED_MEMORY

if TYPE_CHECKING:
    import torch

    from vllm_bridge._generated import types_pb2
    from vllm_bridge.codec.segments import CallMemory, SessionMemory

UNAVAILABLE = "shared_memory_unavailable"
"""Reason of a rank that could not read an argument from shared memory; it has not run the call."""

MIN_BYTES = 256 * 1024

_AT_A_TIME = 4
_KEY = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"segment-[1-9][0-9]{0,18}")
# Nothing else on this machine is written to because a server says so.
_DIRECTORY = re.compile(r"/dev/shm/vllm-bridge-[A-Za-z0-9_]{1,64}/session-[1-9][0-9]{0,18}")


class Memory:
    """The segments of one session. Threads may share it."""

    def __init__(self, channels: Channels, session_id: str) -> None:
        self._channels = channels
        self._session_id = session_id
        self._lock = threading.Lock()
        self._directory: Path | None = None
        self._key = ""
        self._segments: SessionMemory | None = None
        self._free: list[str] = []
        self._given_up = False
        self.wanted = False

    def lease(self, deadline: Deadline) -> Lease:
        """For one call."""
        return Lease(self, deadline)

    def claim(self, deadline: Deadline) -> tuple[str, CallMemory] | None:
        """A segment, and its storage for one call; None where there is none."""
        left = seconds(deadline.left())
        # Another call may be asking for segments, and that takes as long as the pool takes.
        if not self._lock.acquire(timeout=-1 if left is None else left):
            return None
        try:
            if self._given_up or not (self._free or self._ask(deadline)) or self._segments is None:
                return None
            name = self._free.pop()
            return name, self._segments.call(f"{self._key} {name}")
        finally:
            self._lock.release()

    def metadata(self, name: str) -> tuple[str, str]:
        """What lends a segment to a call."""
        return SHARED_MEMORY, f"{self._key} {name}"

    def give_back(self, name: str) -> None:
        """The call has ended, and what is in the segment was read."""
        with self._lock:
            self._free.append(name)

    def discard(self, name: str) -> None:
        """The call may still run: nobody uses the segment again."""
        if self._directory is not None:
            with contextlib.suppress(OSError):
                (self._directory / name).unlink()

    def give_up(self) -> None:
        """There is none for this session."""
        with self._lock:
            self._given_up = True

    def _ask(self, deadline: Deadline) -> bool:
        limit = deadline.within(CONTROL_TIMEOUT)
        request = pool_pb2.ShareMemoryRequest(
            session=pool_pb2.OpenSessionRequest(session_id=self._session_id), segments=_AT_A_TIME
        )
        kind = pool_pb2.ShareMemoryResponse
        try:
            answer = self._channels.pool("ShareMemory", request, kind, limit)
        except BridgeError as error:
            # Of a call with little time to ask, the others hear nothing.
            passing = error.reason in ("too_many_segments", "deadline_exceeded", "run_cancelled")
            self._given_up = not passing
            return False
        self._given_up = not self._take(answer)
        return not self._given_up

    def _take(self, answer: pool_pb2.ShareMemoryResponse) -> bool:
        # Imports torch, which a caller with a tensor has.
        from vllm_bridge.codec.segments import SessionMemory

        if not _DIRECTORY.fullmatch(answer.directory):
            return False
        if not all(_NAME.fullmatch(name) for name in answer.segments):
            return False
        directory = Path(answer.directory)
        try:
            # Only who sees the same directory as the server can say what is in this file.
            self._key = (directory / "key").read_text("ascii")
        except (OSError, ValueError):
            return False
        if not _KEY.fullmatch(self._key):
            return False
        self._directory = directory
        self._segments = SessionMemory(directory, answer.max_segment_bytes)
        self._free.extend(answer.segments)
        return bool(answer.segments)


class Lease:
    """The shared memory of one call: a `Storage` that takes a segment when it needs one."""

    def __init__(self, memory: Memory, deadline: Deadline) -> None:
        self._memory = memory
        self._deadline = deadline
        self._name = ""
        self._storage: CallMemory | None = None
        self._over = False
        self._settled = False

    def metadata(self) -> Sequence[tuple[str, str]]:
        """What lends the segment to the call, where it has one."""
        if self._memory.wanted:
            self._claim()
        return (self._memory.metadata(self._name),) if self._name else ()

    def answered(self, size: int) -> None:
        """The call has ended with an answer of so many bytes."""
        self._settled = True
        if size >= MIN_BYTES:
            self._memory.wanted = True

    def failed(self, error: BridgeError) -> None:
        """The call has failed."""
        self._settled = error.category in (Category.PYTHON_ERROR, Category.VALIDATION)
        if error.reason == UNAVAILABLE:
            self._memory.give_up()
            self._release(again=False)

    def load(self, message: types_pb2.Tensor, size: int) -> torch.Tensor:
        """The bytes of a result."""
        place = message.shared_memory
        if self._storage is None or place.name != self._name:
            raise BridgeError(
                Category.GRPC_ERROR,
                "malformed_response",
                f"a tensor is in segment {place.name!r}, which the call has not lent",
            )
        return self._storage.load(message, size)

    def store(self, message: types_pb2.Tensor, flat: torch.Tensor) -> bool:
        """Write an argument into the segment, where there is one and it fits."""
        if flat.numel() < MIN_BYTES or self._over:
            return False
        self._memory.wanted = True
        self._claim()
        return self._storage is not None and self._storage.store(message, flat)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._release(again=self._settled)

    def _claim(self) -> None:
        if self._storage is None and not self._over:
            claimed = self._memory.claim(self._deadline)
            if claimed is not None:
                self._name, self._storage = claimed

    def _release(self, *, again: bool) -> None:
        name, self._name, self._storage, self._over = self._name, "", None, True
        if name and again:
            self._memory.give_back(name)
        elif name:
            self._memory.discard(name)
