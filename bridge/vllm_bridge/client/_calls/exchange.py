"""One call of a session, from its arguments to its result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from vllm_bridge.client._calls.io import Call
from vllm_bridge.client._calls.memory import UNAVAILABLE, Lease, Memory
from vllm_bridge.client._calls.runs import Run
from vllm_bridge.client._calls.timeouts import Deadline
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.transport.frames.calling import Cancelled, Metadata

if TYPE_CHECKING:
    from vllm_bridge.codec.chunks import ChunkStorage
    from vllm_bridge.codec.tensors import Storage

Encode = Callable[["Storage"], tuple[str, bytes]]
Decode = Callable[[bytes, "Storage"], Any]


@dataclass
class Sent:
    """A call that was begun, and what is known of it."""

    call: Call
    path: str
    request: bytes
    deadline: Deadline
    more: Metadata
    call_id: str
    run: Run | None
    later: bool
    chunks: ChunkStorage | None = None


class Sender(Protocol):
    """What an exchange needs of its session."""

    async def begin(
        self,
        path: str,
        request: bytes,
        deadline: Deadline,
        more: Metadata = (),
        *,
        later: bool = False,
        chunks: ChunkStorage | None = None,
    ) -> Sent:
        """Send a call; in parts where it has chunks."""

    async def answer(self, sent: Sent) -> bytes:
        """Its response. Raises BridgeError, `Cancelled`."""


class Exchange:
    """One call, whose tensors may go and come through shared memory.

    With `later` its answer is collected later, and it is never sent again: the calls after it have
    been sent by then.
    """

    def __init__(
        self,
        sender: Sender,
        memory: Memory,
        encode: Encode,
        decode: Decode,
        deadline: Deadline,
        *,
        later: bool = False,
        more: Metadata = (),
    ) -> None:
        self.deadline = deadline
        self._more = more
        self._sender = sender
        self._encode, self._decode = encode, decode
        self._later = later
        self._lease: Lease = memory.lease(deadline, later=later)
        self._sent: Sent | None = None

    async def result(self) -> Any:
        """Send it, where that has not happened, and wait for its result. Raises BridgeError."""
        try:
            if self._sent is None:
                if not self._later:
                    self._lease.allow_parts()
                await self._send()
            response = await self._answer()
            self._lease.answered(len(response))
            return self._decode(response, self._lease)
        finally:
            self._lease.end()

    async def begin(self) -> Call:
        """Send it. Raises BridgeError."""
        try:
            return await self._send()
        except BaseException:
            self._lease.end()
            raise

    def drop(self) -> None:
        """Nobody asks for its result any more."""
        self._lease.end()

    async def _send(self) -> Call:
        path, request = await self._lease.encoded(self._encode)
        more = (*self._more, *self._lease.metadata())
        self._sent = await self._sender.begin(
            path, request, self.deadline, more, later=self._later, chunks=self._lease.chunks
        )
        return self._sent.call

    async def _answer(self) -> bytes:
        if self._sent is None:
            raise RuntimeError("it was not sent")
        try:
            return await self._sender.answer(self._sent)
        except BridgeError as error:
            self._lease.failed(error)
            if error.reason != UNAVAILABLE or self._later:
                raise
            # The rank has not begun: it could not read an argument.
            path, request = await self._lease.encoded(self._encode)
            sent = await self._sender.begin(
                path, request, self.deadline, self._more, chunks=self._lease.chunks
            )
            return await self._sender.answer(sent)
        except Cancelled:
            raise BridgeError(
                Category.GRPC_ERROR,
                "cancelled",
                f"{self._sent.path} was cancelled by its caller. If it had begun, it goes on; "
                "otherwise it never runs",
                call_id=self._sent.call_id,
            ) from None
