"""Encoded objects between the ranks of a group: frames without tensors."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from torch.distributed import ProcessGroup

from vllm_distributed.errors import InvalidTypeError
from vllm_distributed.handles import Handle
from vllm_distributed.transports.base import group_facts
from vllm_distributed.transports.object_frames import Carrier, GlooCarrier
from vllm_distributed.wire.flat_frame import OBJECT, OBJECT_LIST
from vllm_distributed.wire.object_codec import decode, encode

__all__ = ["Members", "ObjectChannel", "members_of"]


class ObjectChannel:
    """Moves bytes of any length; `src` and `dst` are ranks of the carrier's group."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def broadcast(self, data: bytes | None, src: int, *, is_list: bool = False) -> bytes:
        """Return the bytes `src` gave; the other ranks give None."""
        mark = OBJECT_LIST if is_list else OBJECT
        operation = "broadcast_object_list" if is_list else "broadcast_object"
        if data is not None:
            self._carrier.broadcast(mark, data, (), src, operation)
            return data
        with self._carrier.receive_broadcast(mark, src, operation) as frame:
            return frame.head

    def send(self, data: bytes, dst: int) -> None:
        self._carrier.send(OBJECT, data, (), dst, "send_object")

    def isend(self, data: bytes, dst: int) -> Handle:
        return self._carrier.isend(OBJECT, data, (), dst, "isend_object")

    def recv(self, src: int) -> bytes:
        while True:
            with self._carrier.receive(OBJECT, src, "recv_object") as frame:
                if not frame.is_stale:
                    return frame.head


@runtime_checkable
class Members(Protocol):
    """What a StatelessProcessGroup has, and `members_of` makes of torch's. All are collective."""

    rank: int
    world_size: int

    def broadcast_obj(self, obj: Any, src: int) -> Any:
        """Return the object of `src`."""

    def all_gather_obj(self, obj: Any) -> list[Any]:
        """Return the objects of all ranks."""


class _TorchMembers:
    def __init__(self, group: ProcessGroup) -> None:
        self._channel = ObjectChannel(GlooCarrier(group, "process group"))
        self.rank, self.world_size = group_facts(group)

    def broadcast_obj(self, obj: Any, src: int) -> Any:
        mine = encode(obj) if self.rank == src else None
        return decode(self._channel.broadcast(mine, src))

    def all_gather_obj(self, obj: Any) -> list[Any]:
        return [self.broadcast_obj(obj, src) for src in range(self.world_size)]


def members_of(pg: Any) -> Members:
    """Return the members of a group. Raises `InvalidTypeError` for anything else."""
    if isinstance(pg, ProcessGroup):
        return _TorchMembers(pg)
    if isinstance(pg, Members):
        return pg
    raise InvalidTypeError(
        f"pg must be a torch ProcessGroup or a StatelessProcessGroup, got {type(pg).__name__}"
    )
