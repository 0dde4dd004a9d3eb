"""Experts by way of memory that all ranks of a group share.

Each rank has a region, as large as its part of a layer. What others need of it, it writes there
once, with a table of what is where; after a barrier they copy what they need, and after another one
the region may be written again. A table also has a mark of what the ranks believe to be doing: all
of them see one that believes something else, and nothing is copied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from typing_extensions import Self

from vllm_distributed.eplb.communicator import EplbCommunicator, check_peer, check_same
from vllm_distributed.errors import CollectiveError, InvalidArgumentError
from vllm_distributed.store.node import SHARED_MEMORY
from vllm_distributed.transports.shm.same_node import in_the_same_node_as
from vllm_distributed.transports.shm.segment import CAN_LOCK, Segment, SegmentError

if TYPE_CHECKING:
    from vllm_distributed.groups.coordinator import GroupCoordinator

__all__ = ["SharedMemoryEplbCommunicator"]

_ALIGNED = 64
_PAGE = 4096

# Words of a rank's table: a mark, how it went, how many entries; an entry is (expert, place).
_MARK, _STATE, _COUNT, _ENTRIES = 0, 1, 2, 3
_WELL, _NO_MEMORY, _NOT_THERE = range(3)


class SharedMemoryEplbCommunicator(EplbCommunicator):
    """Carries experts between ranks of one node. Its tensors may be on a device as well."""

    def __init__(
        self, group: GroupCoordinator, segment: Segment, region_bytes: int, most_experts: int
    ) -> None:
        """See `create`."""
        self._group = group
        self._segment = segment
        self._region_bytes = region_bytes
        self._words = _ENTRIES + 2 * most_experts
        self._most = most_experts
        self._at = _control_bytes(group.world_size, most_experts)
        self._backed = False
        self._mark = 0
        # Whoever is through with one turn may begin the next while others look how that one went.
        self._turn = 0
        self._sends: dict[int, list[torch.Tensor]] = {}
        self._receives: list[tuple[int, int, list[torch.Tensor]]] = []

    @classmethod
    def create(
        cls, group: GroupCoordinator, layers: Sequence[Sequence[torch.Tensor]]
    ) -> Self | str:
        """Return one for the largest of these layers, or why the ranks cannot have one: the same on
        all of them. Collective over the group."""
        needed = max((_layer_bytes(layer) for layer in layers), default=0)
        experts = max((len(tensor) for layer in layers for tensor in layer), default=0)
        sizes = group.all_gather(
            torch.tensor([[needed, experts]], dtype=torch.int64, device="cpu"), dim=0
        ).tolist()
        region = max(size for size, _ in sizes) // _PAGE * _PAGE + _PAGE
        most = max(1, *(count for _, count in sizes))
        near = in_the_same_node_as(group.cpu_group)
        if not all(near) or not CAN_LOCK:
            return (
                f"ranks {[rank for rank, here in enumerate(near) if not here]} are on other nodes"
            )
        control = _control_bytes(group.world_size, most)
        size = control + group.world_size * region
        segment: Segment | None = None
        made: tuple[str, str] | None = None
        if group.is_first_rank:
            segment, made = _made(size, control)
        name, why = group.broadcast_object(made) or ("", "rank 0 says nothing")
        if not why and segment is None:
            try:
                segment = Segment.attach(SHARED_MEMORY, name, size, control)
            except SegmentError as error:
                why = str(error)
        try:
            there = group.all_gather(
                torch.tensor([int(segment is not None)], dtype=torch.int64, device="cpu"), dim=0
            ).tolist()
        except BaseException:
            if segment is not None:
                segment.close()
            raise
        if segment is None or 0 in there:
            if segment is not None:
                segment.close()
            return why or f"rank {there.index(0)} cannot open the memory"
        segment.remove_name()
        return cls(group, segment, region, most)

    def add_send(self, tensors: list[torch.Tensor], dst_rank: int, expert_id: int) -> None:
        """As of `EplbCommunicator`."""
        check_peer(dst_rank, self._group.rank_in_group, self._group.world_size)
        self._sends[expert_id] = tensors

    def add_recv(self, tensors: list[torch.Tensor], src_rank: int, expert_id: int) -> None:
        """As of `EplbCommunicator`."""
        check_peer(src_rank, self._group.rank_in_group, self._group.world_size)
        self._receives.append((src_rank, expert_id, tensors))

    def set_transfer_context(self, old_indices: npt.NDArray[np.int64], layer_idx: int) -> None:
        """As of `EplbCommunicator`."""
        said = layer_idx.to_bytes(8, "little") + old_indices.tobytes()
        self._mark = _mark_of(said)

    def agree(self, digest: bytes) -> None:
        """As of `EplbCommunicator`."""
        mine = torch.frombuffer(bytearray(digest), dtype=torch.uint8)
        said = self._group.all_gather(mine[None], dim=0)
        check_same([bytes(each) for each in said.tolist()], self._group.rank_in_group)

    def execute(self) -> None:
        """As of `EplbCommunicator`.

        Raises also `InvalidArgumentError` for more than its region holds, on this rank, and
        `CollectiveError` on the others.
        """
        sends, self._sends = self._sends, {}
        receives, self._receives = self._receives, []
        self._turn ^= 1
        refusal: InvalidArgumentError | None = None
        try:
            state = self._write(sends)
        except InvalidArgumentError as error:
            refusal, state = error, _NOT_THERE
        self._table(self._group.rank_in_group)[_STATE] = state
        self._group.barrier()
        if self._all_are_well():
            own = self._table(self._group.rank_in_group)
            try:
                for source, expert, tensors in receives:
                    self._read(source, expert, tensors)
            except InvalidArgumentError as error:
                refusal, own[_STATE] = error, _NOT_THERE
        self._group.barrier()
        if refusal is not None:
            raise refusal
        self._raise_unless_well()

    def close(self) -> None:
        """Give the memory back; it goes with the last rank that has it. Again: does nothing."""
        self._segment.close()

    def _write(self, sends: dict[int, list[torch.Tensor]]) -> int:
        """Write what others need, and where it is; return how it went."""
        rank = self._group.rank_in_group
        table = self._table(rank)
        table[_MARK] = self._mark
        needed = sum(_aligned(t.nbytes) for tensors in sends.values() for t in tensors)
        if len(sends) > self._most or needed > self._region_bytes:
            raise InvalidArgumentError(
                f"{len(sends)} experts of {needed} bytes are to be sent, and the layers that this "
                f"communicator was made for have {self._most} of {self._region_bytes} bytes",
                experts=len(sends),
                bytes=needed,
            )
        start = self._at + rank * self._region_bytes
        if sends and not self._backed:
            try:
                self._segment.back(start, self._region_bytes)
            except SegmentError:
                return _NO_MEMORY
            self._backed = True
        place = start
        for entry, (expert, tensors) in enumerate(sends.items()):
            at = _ENTRIES + 2 * entry
            table[at], table[at + 1] = expert, place
            for tensor in tensors:
                self._room(place, tensor).copy_(tensor)
                place += _aligned(tensor.nbytes)
        table[_COUNT] = len(sends)
        return _WELL

    def _read(self, source: int, expert: int, tensors: Sequence[torch.Tensor]) -> None:
        """Copy an expert that another rank has written."""
        table = self._table(source)
        for entry in range(table[_COUNT]):
            at = _ENTRIES + 2 * entry
            if table[at] == expert:
                place = table[at + 1]
                break
        else:
            raise InvalidArgumentError(
                f"rank {source} has not sent expert {expert}: the ranks have different maps of "
                f"what moves",
                rank=source,
                expert=expert,
            )
        for tensor in tensors:
            tensor.copy_(self._room(place, tensor))
            place += _aligned(tensor.nbytes)

    def _all_are_well(self) -> bool:
        tables = [self._table(rank) for rank in range(self._group.world_size)]
        return all(table[_STATE] == _WELL and table[_MARK] == self._mark for table in tables)

    def _raise_unless_well(self) -> None:
        tables = [self._table(rank) for rank in range(self._group.world_size)]
        check_same(
            [int(table[_MARK]).to_bytes(8, "little") for table in tables],
            self._group.rank_in_group,
        )
        for rank, table in enumerate(tables):
            if table[_STATE] == _NO_MEMORY:
                raise CollectiveError(
                    f"rank {rank} has no shared memory for {self._region_bytes} bytes of experts: "
                    f"make {SHARED_MEMORY} larger (docker run --shm-size), or use the communicator "
                    f"'torch_gloo'. Nothing was moved",
                    rank=rank,
                )
            if table[_STATE] == _NOT_THERE:
                raise CollectiveError(
                    f"rank {rank} could not do what its map wants, and says so there: the weights "
                    f"of this layer are as they were",
                    rank=rank,
                )

    def _table(self, rank: int) -> memoryview:
        at = (2 * rank + self._turn) * self._words
        return self._segment.words[at : at + self._words]

    def _room(self, place: int, like: torch.Tensor) -> torch.Tensor:
        """The shared memory at a place, as a tensor."""
        raw = self._segment.bytes[place : place + like.nbytes]
        return raw.view(like.dtype).view(like.shape)


def _made(size: int, control: int) -> tuple[Segment | None, tuple[str, str]]:
    """Memory, its name, and why there is none."""
    try:
        segment = Segment.create(SHARED_MEMORY, size, control)
    except SegmentError as error:
        return None, ("", str(error))
    return segment, (segment.name, "")


def _control_bytes(ranks: int, most_experts: int) -> int:
    needed = 8 * 2 * ranks * (_ENTRIES + 2 * most_experts)
    return -(-needed // _PAGE) * _PAGE


def _mark_of(said: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "little")


def _layer_bytes(layer: Sequence[torch.Tensor]) -> int:
    """What the experts of a layer take, each tensor of each at a place of its own."""
    return sum(len(tensor) * _aligned(tensor[0].nbytes) for tensor in layer if len(tensor))


def _aligned(count: int) -> int:
    return -(-count // _ALIGNED) * _ALIGNED
