"""Objects between the members of a process group, whatever kind of group it is."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from torch.distributed import ProcessGroup

from vllm_distributed.errors import InvalidTypeError
from vllm_distributed.transports.base import group_facts
from vllm_distributed.transports.object_channel import ObjectChannel
from vllm_distributed.transports.object_frames import GlooCarrier
from vllm_distributed.wire.object_codec import decode, encode

__all__ = ["Members", "members_of"]


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
    """Return the members of a group. Raises `InvalidTypeError` for what is none."""
    if isinstance(pg, ProcessGroup):
        return _TorchMembers(pg)
    if isinstance(pg, Members):
        return pg
    raise InvalidTypeError(
        f"pg must be a torch ProcessGroup or a StatelessProcessGroup, got {type(pg).__name__}"
    )
