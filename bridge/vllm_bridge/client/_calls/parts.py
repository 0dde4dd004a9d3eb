"""A call whose tensors are too large for a message, in parts on one stream: see docs/tensors.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.message import DecodeError

from vllm_bridge.client._calls.io import Stream
from vllm_bridge.codec.errors import BridgeError, Category

if TYPE_CHECKING:
    from vllm_bridge.codec.chunks import ChunkStorage

CHUNKS_CALL = "/vllm.bridge.v1.Chunks/Call"

MIN_BYTES = 4 << 20
"""From this size on parts are faster than a message, which is built, parsed and forwarded whole."""


class PartsCall:
    """A `Call` that was begun in parts."""

    carrier = "grpc"

    def __init__(self, stream: Stream, chunks: ChunkStorage) -> None:
        self._stream = stream
        self._chunks = chunks

    async def answer(self) -> bytes:
        """The response, whose chunks are in the storage. Raises as `Call.answer`."""
        from vllm_bridge.codec.chunks import Arriving, ChunksMalformed

        arriving = Arriving()
        try:
            while True:
                try:
                    arriving.push(await self._stream.next())
                except StopAsyncIteration:
                    return self._chunks.take(arriving)
        except (ChunksMalformed, DecodeError) as error:
            self._stream.cancel()
            raise BridgeError(
                Category.GRPC_ERROR,
                "malformed_response",
                f"the parts of the answer do not go together: {error}",
            ) from None
        except BaseException:
            self._stream.cancel()
            raise

    async def wait(self, ends: float | None) -> bool:
        """Not of a call that is collected later."""
        raise NotImplementedError("its answer is read when it is asked for")

    def done(self) -> bool:
        """Whether it has ended."""
        return not self._stream.active

    def cancel(self) -> bool:
        """Give it up; False: it had ended."""
        if self.done():
            return False
        self._stream.cancel()
        return True
