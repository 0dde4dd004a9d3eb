"""What code in the ranks of a world emits, for those who have subscribed; in coroutines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.client._calls.checks import seconds, text
from vllm_bridge.client._calls.link import Link
from vllm_bridge.transport.frames.calling import Cancelled


@dataclass(frozen=True)
class Emission:
    """A value that code in a rank has emitted with `vllm_bridge.emit(topic, value)`.

    `sequence` is its number among all emissions of its rank; `dropped`, how many before this one
    the subscriber has missed because it read too slowly; `rank` and `world_id`, None for a rank
    outside any world.
    """

    topic: str
    value: Any
    rank: int | None
    world_id: str | None
    session_id: str
    call_id: str
    sequence: int
    dropped: int


class EmissionCalls:
    """What both forms of a subscription have."""

    def __init__(
        self, link: Link, world_id: str, topic: str | None, timeout: timedelta | None
    ) -> None:
        seconds(timeout)
        request = pool_pb2.SubscribeRequest(
            world_id=world_id, topic="" if topic is None else text("topic", topic, "a str or None")
        )
        self._link = link
        self._stream = link.channels.stream("Subscribe", request, timeout)

    async def started(self) -> None:
        """The pool sends its headers when it has subscribed: nothing after this is missed."""
        await self._link.io.load("vllm_bridge.codec.calls")
        await self._stream.started()

    async def next(self) -> Emission:
        """The next; raises StopAsyncIteration when it was closed."""
        from vllm_bridge.codec.calls import decode_term

        try:
            message = rank_pb2.Emission.FromString(await self._stream.next())
        except Cancelled:
            raise StopAsyncIteration from None
        except grpc.RpcError as error:
            raise self._link.channels.pool_error(error) from None
        return Emission(
            topic=message.topic,
            value=decode_term(message.value),
            rank=message.rank if message.HasField("rank") else None,
            world_id=message.world_id or None,
            session_id=message.session_id,
            call_id=message.call_id,
            sequence=message.sequence,
            dropped=message.dropped,
        )

    def close(self) -> None:
        """End the stream."""
        self._stream.cancel()
