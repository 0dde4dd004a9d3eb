"""Dicts with tensors in them, over process groups: a description first, then the tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.distributed import ProcessGroup

from vllm_distributed import tensor_dict
from vllm_distributed.communicators.base import failure
from vllm_distributed.communicators.dtypes import as_bytes_if_needed, plain
from vllm_distributed.communicators.object_channel import ObjectChannel
from vllm_distributed.errors import EncodingError, InvalidArgumentError
from vllm_distributed.object_codec import TensorMetadata, decode, encode

if TYPE_CHECKING:
    from vllm_distributed.group_coordinator import GroupCoordinator

__all__ = ["Lane", "broadcast", "recv", "send"]

_TAG = 0


@dataclass(frozen=True)
class Lane:
    """A process group and the peer's rank in it: the source of a broadcast, or the other end."""

    name: str
    group: ProcessGroup
    peer: int

    @property
    def objects(self) -> ObjectChannel:
        """The channel for the description."""
        return ObjectChannel(self.group, self.name)


def broadcast(
    value: dict[str, Any] | None, meta: Lane, device: Lane, *, is_source: bool
) -> dict[str, Any]:
    """Return the source's dict on every rank of the lanes' groups."""
    if is_source and value is not None:
        description, tensors = tensor_dict.split(value)
        meta.objects.broadcast(encode(description), meta.peer)
        buffers = [plain(tensor) for tensor in tensors]
        result = value
    else:
        description = _checked_description(decode(meta.objects.broadcast(None, meta.peer)))
        buffers = [_allocate(metadata) for metadata in tensor_dict.find_metadata(description)]
        result = tensor_dict.fill(description, iter(buffers))
    try:
        # All started before the first is waited for: they overlap.
        works = [
            lane.group.broadcast(as_bytes_if_needed(buffer), lane.peer)
            for buffer in buffers
            if buffer.numel()
            for lane in (meta if buffer.device.type == "cpu" else device,)
        ]
        for work in works:
            work.wait()
    except RuntimeError as error:
        raise failure(meta.name, "broadcast_tensor_dict", error) from error
    return result


def send(
    value: dict[str, Any],
    meta: Lane,
    device: Lane,
    all_gather_group: GroupCoordinator | None,
    all_gather_tensors: Mapping[str, bool],
) -> None:
    """Send a dict to the lanes' peer."""
    tensors: list[torch.Tensor] = []
    entries = []
    for key, item in value.items():
        description, found = tensor_dict.split(item)
        slices = 1
        if all_gather_group is not None and all_gather_tensors.get(key, True):
            slices = all_gather_group.world_size
        entries.append([key, description, [_divided(tensor, slices) for tensor in found]])
        for tensor in found:
            tensors.append(_slice(plain(tensor), _divided(tensor, slices), all_gather_group))
    meta.objects.send(encode(entries), meta.peer)
    try:
        works = [
            lane.group.send([as_bytes_if_needed(tensor)], lane.peer, _TAG)
            for tensor in tensors
            if tensor.numel()
            for lane in (meta if tensor.device.type == "cpu" else device,)
        ]
        for work in works:
            work.wait()
    except RuntimeError as error:
        raise failure(meta.name, "send_tensor_dict", error) from error


def recv(meta: Lane, device: Lane, all_gather_group: GroupCoordinator | None) -> dict[str, Any]:
    """Return the dict the lanes' peer sends."""
    entries = decode(meta.objects.recv(meta.peer))
    arriving = list(_arriving(entries))
    try:
        works = [
            lane.group.recv([as_bytes_if_needed(buffer)], lane.peer, _TAG)
            for buffer, _, _ in arriving
            if buffer.numel()
            for lane in (meta if buffer.device.type == "cpu" else device,)
        ]
        for work in works:
            work.wait()
    except RuntimeError as error:
        raise failure(meta.name, "recv_tensor_dict", error) from error
    # Everything sent has been taken in: an error from here on leaves the group usable.
    whole = iter([_gathered(*part, all_gather_group) for part in arriving])
    return {key: tensor_dict.fill(description, whole) for key, description, _ in entries}


def _arriving(entries: Any) -> Iterator[tuple[torch.Tensor, TensorMetadata, int]]:
    """Yield for each tensor on its way a buffer, its metadata and how many slices it is cut in."""
    if not isinstance(entries, list) or not all(
        isinstance(entry, list) and len(entry) == 3 for entry in entries
    ):
        raise EncodingError("the peer sent something else than a dict: it made another call")
    for _, description, slices in entries:
        found = tensor_dict.find_metadata(description)
        for metadata, count in zip(found, slices, strict=True):
            if count == 1:
                yield _allocate(metadata), metadata, 1
            else:
                part = torch.Size([metadata.size.numel() // count])
                yield _allocate(metadata._replace(size=part)), metadata, count


def _gathered(
    buffer: torch.Tensor,
    metadata: TensorMetadata,
    slices: int,
    all_gather_group: GroupCoordinator | None,
) -> torch.Tensor:
    if slices == 1:
        return buffer
    if all_gather_group is None or all_gather_group.world_size != slices:
        have = "none" if all_gather_group is None else f"one of {all_gather_group.world_size} ranks"
        raise InvalidArgumentError(
            f"recv_tensor_dict: the sender cut its tensors into {slices} slices for an all-gather "
            f"group of {slices} ranks, this rank passed {have}: pass the same kind of group on "
            f"both sides",
            slices=slices,
        )
    return all_gather_group.all_gather(buffer, dim=0).view(metadata.size)


def _divided(tensor: torch.Tensor, slices: int) -> int:
    return slices if tensor.numel() % slices == 0 and tensor.numel() > 0 else 1


def _slice(
    tensor: torch.Tensor, slices: int, all_gather_group: GroupCoordinator | None
) -> torch.Tensor:
    if slices == 1 or all_gather_group is None:
        return tensor
    return tensor.view(slices, -1)[all_gather_group.rank_in_group]


def _allocate(metadata: TensorMetadata) -> torch.Tensor:
    return torch.empty(metadata.size, dtype=metadata.dtype, device=metadata.device)


def _checked_description(description: Any) -> dict[str, Any]:
    if not isinstance(description, dict):
        raise EncodingError(
            f"the source sent a {type(description).__name__} in place of a dict: it made another "
            f"call"
        )
    return description
