"""Frames in a group that spans hosts: to all by host, to one of the same host through its ring."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from vllm_distributed import entry
from vllm_distributed.call_agreement import frame
from vllm_distributed.handles import Handle
from vllm_distributed.transports.hierarchy.group import Hierarchy
from vllm_distributed.transports.object_frames import Arriving, Carrier, Takes, arrived
from vllm_distributed.transports.shm.messages.frames import SharedCarrier
from vllm_distributed.transports.shm.signature import number_of
from vllm_distributed.wire.flat_frame import check_mark, cut, receive
from vllm_distributed.wire.message_steps import Stamp

__all__ = ["HierarchicalCarrier"]


class HierarchicalCarrier(Carrier):
    """`far` carries over gloo what goes to another host."""

    def __init__(self, hierarchy: Hierarchy, far: Carrier) -> None:
        self._by_host, self._far = hierarchy, far
        self._near = None
        if hierarchy.shared is not None:
            self._near = SharedCarrier(hierarchy.shared, _Renumbered(far, hierarchy.hosts.mine))

    def takes(self, peer: int | None = None) -> Takes:
        return self._far.takes() if peer is None else self._way(peer)[0].takes(peer)

    def stamp(self) -> Stamp:
        return self._far.stamp()

    def broadcast(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], src: int, operation: str
    ) -> None:
        self._by_host.check()
        entry.about_to_move()
        for part in cut(mark, head, tensors):
            self._spread(part, src, operation)

    def receive_broadcast(self, mark: bytes, src: int, operation: str) -> Arriving:
        self._by_host.check()
        entry.about_to_move()
        found = receive(mark, lambda part: self._spread(part, src, operation))
        check_mark(found.mark, mark)
        return arrived(found)

    def broadcast_beside(self, tensors: Sequence[torch.Tensor], src: int, operation: str) -> bool:
        for tensor in tensors:
            self._spread(tensor.view(-1).view(torch.uint8), src, operation)
        return True

    def isend(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> Handle:
        carrier, there = self._way(dst)
        return carrier.isend(mark, head, tensors, there, operation)

    def send(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> None:
        carrier, there = self._way(dst)
        carrier.send(mark, head, tensors, there, operation)

    def receive(self, mark: bytes, src: int, operation: str) -> Arriving:
        carrier, there = self._way(src)
        return carrier.receive(mark, there, operation)

    def _spread(self, part: torch.Tensor, src: int, operation: str) -> None:
        self._by_host.broadcast(part, src, number_of(frame, operation, src))

    def _way(self, peer: int) -> tuple[Carrier, int]:
        """Return what carries frames to and from a member, and its number there."""
        mine = self._by_host.hosts.mine
        if self._near is None or peer not in mine:
            return self._far, peer
        return self._near, mine.index(peer)


class _Renumbered(Carrier):
    """Frames between two members of a host over a carrier between all."""

    def __init__(self, carrier: Carrier, members: Sequence[int]) -> None:
        self._carrier, self._members = carrier, members

    def takes(self, peer: int | None = None) -> Takes:
        return self._carrier.takes(peer)

    def stamp(self) -> Stamp:
        return self._carrier.stamp()

    def broadcast(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], src: int, operation: str
    ) -> None:
        raise NotImplementedError("to all members of a host alone")

    def receive_broadcast(self, mark: bytes, src: int, operation: str) -> Arriving:
        raise NotImplementedError("to all members of a host alone")

    def isend(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> Handle:
        return self._carrier.isend(mark, head, tensors, self._members[dst], operation)

    def send(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> None:
        self._carrier.send(mark, head, tensors, self._members[dst], operation)

    def receive(self, mark: bytes, src: int, operation: str) -> Arriving:
        return self._carrier.receive(mark, self._members[src], operation)
