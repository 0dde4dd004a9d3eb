"""Bytes with tensors behind them, between the ranks of a group: what carries them, in two ways.

A frame is a mark that says what it is, a head (bytes) and tensors. Its receiver learns from the
head which tensors follow, and takes them out in order.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch.distributed import ProcessGroup

from vllm_distributed import entry
from vllm_distributed.errors import MessageStepError
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.handles import Handle, WorkHandle
from vllm_distributed.transports.base import failure, run
from vllm_distributed.wire.flat_frame import Budget, Frame, check_mark, cut, receive
from vllm_distributed.wire.message_steps import NO_STAMP, Stamp, is_stale, no_stamp

__all__ = ["Arriving", "Carrier", "GlooCarrier", "Takes", "arrived"]

_TAG = 0

Takes = Callable[[int, bool], bool]
"""Says whether the next tensor, of so many bytes and on the host or not, goes in the frame: asked
for each in order, with the same answers on both sides. Those that do not travel by themselves."""


class Arriving(ABC):
    """A frame whose head is there. Used as a block, which ends with all of it taken or dropped,
    unless it was left to a handle."""

    mark: bytes
    head: bytes
    stamp: Stamp = NO_STAMP
    """When it was sent; of what one rank sends to one other."""
    is_stale = False
    """Whether that was in an earlier step: to be taken or dropped, and not to be used."""

    @abstractmethod
    def take(self, size: torch.Size, dtype: torch.dtype) -> torch.Tensor:
        """Return the next tensor: memory of its own, which is filled when the block has ended."""

    def handle(self, operation: str) -> Handle | None:
        """Leave the tensors to be filled to a handle, and return it; None if they are filled."""
        return None

    def __enter__(self) -> Arriving:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Return when all that was taken is filled."""
        return


class Carrier(ABC):
    """Carries frames within one group; `src` and `dst` count inside it.

    Receiving raises `EncodingError` if the peer sent something of another mark, which has been
    taken in then. What was sent in an earlier step is received first, and says so.
    """

    @abstractmethod
    def takes(self, peer: int | None = None) -> Takes:
        """Return what decides, for one frame, which tensors go in it: to or from one rank, or, if
        None, to all."""

    @abstractmethod
    def stamp(self) -> Stamp:
        """Return what says when a message to one rank is sent, if it is sent now."""

    @abstractmethod
    def broadcast(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], src: int, operation: str
    ) -> None:
        """Give a frame, with contiguous CPU tensors, to all others, who receive it."""

    @abstractmethod
    def receive_broadcast(self, mark: bytes, src: int, operation: str) -> Arriving:
        """Return the frame that `src` gives to all."""

    def broadcast_beside(self, tensors: Sequence[torch.Tensor], src: int, operation: str) -> bool:
        """Replace contiguous CPU tensors, which do not go in the frame, by those of `src`; return
        whether that was done, and not left to a process group."""
        return not tensors

    @abstractmethod
    def isend(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> Handle:
        """Start to send a frame to one rank. The tensors must not be changed before it is sent."""

    @abstractmethod
    def send(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> None:
        """Send a frame to one rank; returns when the tensors may be changed."""

    @abstractmethod
    def receive(self, mark: bytes, src: int, operation: str) -> Arriving:
        """Return the frame that `src` sends.

        Raises `MessageStepError` if it was sent in a later step; it is the next one then, too.
        """


class GlooCarrier(Carrier):
    """Frames as one or two messages over a gloo group, see `flat_frame`.

    `stamp` says when a message is sent, and `ranks` are the members' global ranks.
    """

    def __init__(
        self,
        group: ProcessGroup,
        name: str,
        stamp: Callable[[], Stamp] = no_stamp,
        ranks: Sequence[int] | None = None,
    ) -> None:
        self._group, self._name = group, name
        self._stamp, self._ranks = stamp, ranks
        # Of a later step, by its sender: the next to be received.
        self._kept: dict[int, Frame] = {}
        leave_to_parent(self, f"the group {name}", "_group")

    def takes(self, peer: int | None = None) -> Takes:
        return Budget().takes

    def stamp(self) -> Stamp:
        return self._stamp()

    def broadcast(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], src: int, operation: str
    ) -> None:
        for part in cut(mark, head, tensors):
            run(self._name, operation, self._group.broadcast, part, src)

    def receive_broadcast(self, mark: bytes, src: int, operation: str) -> Arriving:
        frame = receive(
            mark, lambda part: run(self._name, operation, self._group.broadcast, part, src)
        )
        check_mark(frame.mark, mark)
        return arrived(frame)

    def isend(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> Handle:
        parts = cut(mark, head, tensors, self._stamp())
        entry.about_to_move()
        try:
            works = [self._group.send([part], dst, _TAG) for part in parts]
        except RuntimeError as error:
            raise failure(self._name, operation, error) from error
        return WorkHandle(self._name, operation, works, parts, knows_when_done=False)

    def send(
        self, mark: bytes, head: bytes, tensors: Sequence[torch.Tensor], dst: int, operation: str
    ) -> None:
        for part in cut(mark, head, tensors, self._stamp()):
            run(self._name, operation, self._group.send, [part], dst, _TAG)

    def receive(self, mark: bytes, src: int, operation: str) -> Arriving:
        kept = self._kept.pop(src, None)
        frame = kept or receive(
            mark, lambda part: run(self._name, operation, self._group.recv, [part], src, _TAG)
        )
        rank = src if self._ranks is None else self._ranks[src]
        try:
            stale = is_stale(frame.stamp, operation, self._name, rank)
        except MessageStepError:
            self._kept[src] = frame
            raise
        if not stale:
            check_mark(frame.mark, mark)
        return arrived(frame, stale)


def arrived(frame: Frame, is_stale: bool = False) -> Arriving:
    """Return a frame of which all has arrived."""
    return _Arrived(frame, is_stale)


class _Arrived(Arriving):
    """All of it is there."""

    def __init__(self, frame: Frame, is_stale: bool = False) -> None:
        self.mark, self.stamp, self.head, self._flat = frame
        self.is_stale = is_stale

    def take(self, size: torch.Size, dtype: torch.dtype) -> torch.Tensor:
        return self._flat.take(size, dtype)
