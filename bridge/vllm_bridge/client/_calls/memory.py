"""Shared memory of a session, as its client uses it: see docs/tensors.md.

The pool is asked for segments when the session has seen its first large tensor. Nothing here is
needed for a call to work: where there is no shared memory, or none left, tensors are in the
messages.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.channels import Channels
from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._calls.parts import MIN_BYTES as PARTS_BYTES
from vllm_bridge.client._calls.timeouts import CONTROL_TIMEOUT, Deadline
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.transport.metadata import SHARED_MEMORY

if TYPE_CHECKING:
    import torch

    from vllm_bridge._generated import types_pb2
    from vllm_bridge.codec.chunks import ChunkStorage
    from vllm_bridge.codec.segments import CallMemory, SessionMemory
    from vllm_bridge.codec.tensors import Storage

T = TypeVar("T")

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
        # Held while the pool is asked.
        self._asking = channels.io.lock()
        self._lock = threading.Lock()
        self._directory: Path | None = None
        self._key = ""
        self._segments: SessionMemory | None = None
        self._free: list[str] = []
        self._given_up = False
        self.wanted = False
        # An answer came in a message that was too large for one.
        self.parts_wanted = False
        # Whether the rank has answered a call that had a segment.
        self.proven = False

    def lease(self, deadline: Deadline, *, later: bool = False) -> Lease:
        """For one call."""
        return Lease(self, deadline, later=later)

    async def claim(self, deadline: Deadline) -> tuple[str, CallMemory] | None:
        """A segment, and its storage for one call; None where there is none."""
        # Another call may be asking for segments, and that takes as long as the pool takes.
        if not await self._asking.acquire(seconds(deadline.left())):
            return None
        try:
            found = self._take_one()
            if found is None and not self._given_up and await self._ask(deadline):
                found = self._take_one()
            return found
        finally:
            self._asking.release()

    def _take_one(self) -> tuple[str, CallMemory] | None:
        with self._lock:
            if self._given_up or not self._free or self._segments is None:
                return None
            name = self._free.pop()
        return name, self._segments.call(f"{self._key} {name}")

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

    async def _ask(self, deadline: Deadline) -> bool:
        limit = deadline.within(CONTROL_TIMEOUT)
        request = pool_pb2.ShareMemoryRequest(
            session=pool_pb2.OpenSessionRequest(session_id=self._session_id), segments=_AT_A_TIME
        )
        kind = pool_pb2.ShareMemoryResponse
        try:
            answer = await self._channels.pool("ShareMemory", request, kind, limit)
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
            # Only a client that sees the server's directory can say what is in this file.
            self._key = (directory / "key").read_text("ascii")
        except (OSError, ValueError):
            return False
        if not _KEY.fullmatch(self._key):
            return False
        self._directory = directory
        self._segments = SessionMemory(directory, answer.max_segment_bytes)
        with self._lock:
            self._free.extend(answer.segments)
        return bool(answer.segments)


class SegmentWanted(Exception):
    """An argument is a large tensor, and the call has no segment yet: encode again with one."""


class Lease:
    """The shared memory of one call: a `Storage` that takes a segment when it needs one.

    With `later` the call cannot be sent again, and has one only where the rank is known to see it.
    """

    def __init__(self, memory: Memory, deadline: Deadline, *, later: bool = False) -> None:
        self._memory = memory
        self._deadline = deadline
        self._name = ""
        self._storage: CallMemory | None = None
        self._over = later and not memory.proven
        self._asked = False
        self._settled = False
        # Where tensors may go in parts, and do where there is no segment.
        self._in_parts = False
        self._chunks: ChunkStorage | None = None

    def allow_parts(self) -> None:
        """The call is made at once, and may be made in parts."""
        self._in_parts = True

    @property
    def chunks(self) -> ChunkStorage | None:
        """What has to go in parts, or may come so; None: the call goes in a message."""
        chunks = self._chunks
        if chunks is None or self._name or not (chunks.leaving or self._memory.parts_wanted):
            return None
        return chunks

    async def encoded(self, encode: Callable[[Storage], T]) -> T:
        """What the arguments are as a message. Raises BridgeError."""
        if self._memory.wanted:
            await self.claim()
        try:
            return self._encode(encode)
        except SegmentWanted:
            await self.claim()
            return self._encode(encode)

    def _encode(self, encode: Callable[[Storage], T]) -> T:
        if self._in_parts:
            from vllm_bridge.codec.chunks import ChunkStorage

            self._chunks = ChunkStorage()
        return encode(self)

    async def claim(self) -> None:
        """Have a segment, where there is one."""
        self._asked = True
        if self._storage is None and not self._over:
            claimed = await self._memory.claim(self._deadline)
            if claimed is not None:
                self._name, self._storage = claimed

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What lends the segment to the call, where it has one."""
        return (self._memory.metadata(self._name),) if self._name else ()

    def answered(self, size: int) -> None:
        """The call has ended with an answer of so many bytes."""
        self._settled = True
        if self._name:
            self._memory.proven = True
        if size >= MIN_BYTES:
            self._memory.wanted = True
        if size >= PARTS_BYTES:
            self._memory.parts_wanted = True

    def failed(self, error: BridgeError) -> None:
        """The call has failed."""
        self._settled = error.category in (Category.PYTHON_ERROR, Category.VALIDATION)
        if error.reason == UNAVAILABLE:
            self._memory.give_up()
            self._release(again=False)
            self._over = True

    def load(self, message: types_pb2.Tensor, size: int) -> torch.Tensor:
        """The bytes of a result."""
        if message.WhichOneof("storage") == "chunks" and self._chunks is not None:
            return self._chunks.load(message, size)
        place = message.shared_memory
        if self._storage is None or place.name != self._name:
            raise BridgeError(
                Category.GRPC_ERROR,
                "malformed_response",
                f"a tensor is in segment {place.name!r}, which the call has not lent",
            )
        return self._storage.load(message, size)

    def store(self, message: types_pb2.Tensor, flat: torch.Tensor) -> bool:
        """Write an argument into the segment, where there is one and it fits, or into parts."""
        if flat.numel() < MIN_BYTES:
            return False
        if not self._over:
            self._memory.wanted = True
            if not self._asked:
                raise SegmentWanted
            if self._storage is not None:
                return self._storage.store(message, flat)
        if self._chunks is None or flat.numel() < PARTS_BYTES:
            return False
        self._chunks.keep(message, flat)
        return True

    def end(self) -> None:
        """The call is over, and what is in the segment was read."""
        self._release(again=self._settled)

    def _release(self, *, again: bool) -> None:
        name, self._name, self._storage, self._over = self._name, "", None, True
        if name and again:
            self._memory.give_back(name)
        elif name:
            self._memory.discard(name)
