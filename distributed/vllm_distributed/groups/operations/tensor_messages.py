"""Dicts with tensors in them, over process groups: a description first, then the tensors.

CPU tensors travel together with the description as far as the carrier takes them (`frames`): all of
them through shared memory, small ones over gloo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, NoReturn, Protocol

import torch
from torch.distributed import ProcessGroup

from vllm_distributed import entry
from vllm_distributed.errors import EncodingError, InvalidArgumentError
from vllm_distributed.handles import Handle, WorkHandle
from vllm_distributed.tensors.dtypes import as_bytes_if_needed, is_plain_value, plain
from vllm_distributed.transports.base import failure
from vllm_distributed.transports.object_frames import Arriving, Carrier, Takes
from vllm_distributed.wire import tensor_dict
from vllm_distributed.wire.flat_frame import TENSOR_DICT, room_for
from vllm_distributed.wire.object_codec import TensorMetadata, decode, encode

__all__ = ["Lane", "broadcast", "irecv", "isend", "recv", "send"]

# A table each way: what torch calls a dtype takes as long to make as all else about a tensor.
_DTYPE_NAMES = {
    value: name for name, value in vars(torch).items() if isinstance(value, torch.dtype)
}
_DTYPES = {name: value for name, value in vars(torch).items() if isinstance(value, torch.dtype)}


class Gathering(Protocol):
    """The group whose ranks hold the same tensors, and gather the slices they received."""

    @property
    def world_size(self) -> int: ...
    @property
    def rank_in_group(self) -> int: ...
    def all_gather(self, input_: torch.Tensor, dim: int = -1) -> torch.Tensor: ...


@dataclass(frozen=True)
class Lane:
    """A process group and the peer's rank in it: the source of a broadcast, or the other end.

    `device_type` is the kind of tensors that travel on it. A tensor of another kind than a call's
    two lanes have goes by way of the host's memory.
    """

    name: str
    group: ProcessGroup
    peer: int
    device_type: str = "cpu"


def broadcast(
    value: dict[str, Any] | None, carrier: Carrier, meta: Lane, device: Lane, *, is_source: bool
) -> dict[str, Any]:
    """Return the source's dict on every rank of the lanes' groups."""
    operation = "broadcast_tensor_dict"
    if is_source and value is not None:
        description, tensors = tensor_dict.split(value)
        head = encode({key: _short(item) for key, item in description.items()})
        flat, buffers = _sorted(carrier.takes(), [_carried(tensor, device) for tensor in tensors])
        carrier.broadcast(TENSOR_DICT, head, flat, meta.peer, operation)
    else:
        with carrier.receive_broadcast(TENSOR_DICT, meta.peer, operation) as frame:
            short = _checked_description(decode(frame.head))
            description = {key: _long(item) for key, item in short.items()}
            metadata = list(tensor_dict.find_metadata(description))
            takes = carrier.takes()
            received = [_allocate(each, device, frame, takes) for each in metadata]
        buffers = [buffer for buffer, is_here in received if not is_here]
    beside = [buffer for buffer in buffers if buffer.is_cpu and buffer.numel()]
    if carrier.broadcast_beside(beside, meta.peer, operation):
        buffers = [buffer for buffer in buffers if not buffer.is_cpu]
    try:
        # All started before the first is waited for: they overlap.
        works = [
            lane.group.broadcast(as_bytes_if_needed(buffer), lane.peer)
            for buffer in buffers
            if buffer.numel()
            for lane in (_lane_of(buffer, meta, device),)
        ]
        for work in works:
            work.wait()
    except RuntimeError as error:
        raise failure(meta.name, operation, error) from error
    if is_source and value is not None:
        return value
    arrived = (_at_home(buffer, each) for (buffer, _), each in zip(received, metadata, strict=True))
    result: dict[str, Any] = tensor_dict.fill(description, arrived)
    return result


def isend(
    value: dict[str, Any],
    carrier: Carrier,
    meta: Lane,
    device: Lane,
    all_gather_group: Gathering | None,
    all_gather_tensors: Mapping[str, bool],
    operation: str = "isend_tensor_dict",
) -> list[Handle]:
    """Start to send a dict to the lanes' peer."""
    takes = carrier.takes(meta.peer)
    head, flat, buffers = _taken_apart(value, takes, device, all_gather_group, all_gather_tensors)
    handle = carrier.isend(TENSOR_DICT, head, flat, meta.peer, operation)
    return [handle, *_sent(buffers, carrier, meta, device, operation)]


def _taken_apart(
    value: dict[str, Any],
    takes: Takes,
    device: Lane,
    all_gather_group: Gathering | None,
    all_gather_tensors: Mapping[str, bool],
) -> tuple[bytes, list[torch.Tensor], list[torch.Tensor]]:
    """Return the description, the tensors that travel with it and those that go by themselves."""
    buffers: list[torch.Tensor] = []
    entries = []
    for key, item in value.items():
        description, found = tensor_dict.split(item)
        slices = 1
        if all_gather_group is not None and all_gather_tensors.get(key, True):
            slices = all_gather_group.world_size
        if slices == 1:
            entries.append([key, _short(description), [1] * len(found)])
            buffers += [_carried(tensor, device) for tensor in found]
            continue
        entries.append([key, _short(description), [_divided(tensor, slices) for tensor in found]])
        for tensor in found:
            part = _slice(plain(tensor), _divided(tensor, slices), all_gather_group)
            buffers.append(_carried(part, device))
    return (encode([_ranks_of(all_gather_group), entries]), *_sorted(takes, buffers))


def _sent(
    buffers: Sequence[torch.Tensor], carrier: Carrier, meta: Lane, device: Lane, operation: str
) -> list[Handle]:
    """Start to send tensors by themselves."""
    if not buffers:
        return []
    entry.about_to_move()
    tag = carrier.stamp().tag
    try:
        sent = [
            (lane, lane.group.send([as_bytes_if_needed(buffer)], lane.peer, tag))
            for buffer in buffers
            if buffer.numel()
            for lane in (_lane_of(buffer, meta, device),)
        ]
    except RuntimeError as error:
        raise failure(meta.name, operation, error) from error
    return _handles(operation, sent, buffers, meta)


def irecv(
    carrier: Carrier,
    meta: Lane,
    device: Lane,
    all_gather_group: Gathering | None,
    operation: str = "irecv_tensor_dict",
) -> tuple[dict[str, Any], list[Handle], list[Callable[[], None]]]:
    """Receive description and small tensors, and start to receive the others, of a dict.

    Returned with the dict are the handles, and what to call when they have been waited for.
    """
    message = _received(carrier, meta, device, operation)
    while message.is_stale:
        for handle in message.handles:
            handle.wait()
        message = _received(carrier, meta, device, operation)
    ranks, entries, arriving, handles, _ = message
    result: dict[str, Any] = {}
    finishing: list[Callable[[], None]] = []
    if ranks != _ranks_of(all_gather_group):
        # When all that was sent has been taken in: the group stays usable.
        finishing.append(partial(_refuse_gathering, operation, ranks, _ranks_of(all_gather_group)))
    rest = iter(arriving)
    for key, description, slices in entries:
        if slices == [1] and type(description) is TensorMetadata and description.device == "cpu":
            result[key] = next(rest)[0]
            continue
        parts = [next(rest) for _ in slices]
        result[key] = tensor_dict.fill(description, (buffer for buffer, _, _ in parts))
        if any(_is_unfinished(*part) for part in parts):
            finishing.append(_finisher(result, key, description, parts, all_gather_group))
    return result, handles, finishing


class _Message(NamedTuple):
    """A dict on its way in."""

    ranks: int
    """How many gather what the sender cut: 1 where it cut nothing."""
    entries: list[Any]
    arriving: list[tuple[torch.Tensor, TensorMetadata, int]]
    """For each tensor a buffer, its metadata and in how many slices it is cut."""
    handles: list[Handle]
    is_stale: bool
    """Whether it was sent in an earlier step."""


def _received(carrier: Carrier, meta: Lane, device: Lane, operation: str) -> _Message:
    """Receive the next description, and start to receive its tensors."""
    with carrier.receive(TENSOR_DICT, meta.peer, operation) as frame:
        if frame.mark != TENSOR_DICT:  # an object, of an earlier step
            return _Message(1, [], [], [], is_stale=True)
        ranks, entries = _checked_entries(decode(frame.head))
        found = list(_arriving(entries, carrier.takes(meta.peer), device, frame))
        in_frame = frame.handle(operation)
    try:
        received = [
            (lane, lane.group.recv([as_bytes_if_needed(buffer)], lane.peer, frame.stamp.tag))
            for buffer, is_here, _, _ in found
            if buffer.numel() and not is_here
            for lane in (_lane_of(buffer, meta, device),)
        ]
    except RuntimeError as error:
        raise failure(meta.name, operation, error) from error
    arriving = [(buffer, metadata, slices) for buffer, _, metadata, slices in found]
    handles = _handles(operation, received, [buffer for buffer, _, _ in arriving], meta)
    if in_frame is not None:
        handles.insert(0, in_frame)
    return _Message(ranks, entries, arriving, handles, frame.is_stale)


def send(
    value: dict[str, Any],
    carrier: Carrier,
    meta: Lane,
    device: Lane,
    all_gather_group: Gathering | None,
    all_gather_tensors: Mapping[str, bool],
) -> None:
    """Send a dict to the lanes' peer."""
    operation = "send_tensor_dict"
    takes = carrier.takes(meta.peer)
    head, flat, buffers = _taken_apart(value, takes, device, all_gather_group, all_gather_tensors)
    carrier.send(TENSOR_DICT, head, flat, meta.peer, operation)
    for handle in _sent(buffers, carrier, meta, device, operation):
        handle.wait()


def recv(
    carrier: Carrier, meta: Lane, device: Lane, all_gather_group: Gathering | None
) -> dict[str, Any]:
    """Return the dict the lanes' peer sends."""
    result, handles, finishing = irecv(carrier, meta, device, all_gather_group, "recv_tensor_dict")
    for handle in handles:
        handle.wait()
    # Everything sent has been taken in: an error from here on leaves the group usable.
    for finish in finishing:
        finish()
    return result


def _handles(
    operation: str,
    started: list[tuple[Lane, Any]],
    buffers: Sequence[torch.Tensor],
    meta: Lane,
) -> list[Handle]:
    """Return a handle for each lane in use."""
    handles: list[Handle] = []
    for device_type in dict.fromkeys(lane.device_type for lane, _ in started):
        works = [work for lane, work in started if lane.device_type == device_type]
        handles.append(
            WorkHandle(meta.name, operation, works, buffers, knows_when_done=device_type != "cpu")
        )
    return handles


def _sorted(
    takes: Takes, buffers: list[torch.Tensor]
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return the tensors that go in the frame, and those that go by themselves."""
    flat: list[torch.Tensor] = []
    single: list[torch.Tensor] = []
    for buffer in buffers:
        fits = takes(buffer.nbytes, buffer.is_cpu)
        (flat if fits else single).append(buffer)
    return flat, single


def _lane_of(buffer: torch.Tensor, meta: Lane, device: Lane) -> Lane:
    return meta if buffer.device.type == "cpu" else device


def _carried(tensor: torch.Tensor, device: Lane) -> torch.Tensor:
    """Return the values where one of the lanes can read them."""
    if is_plain_value(tensor):
        return tensor
    source = plain(tensor)
    return source if source.device.type in ("cpu", device.device_type) else source.cpu()


def _is_unfinished(buffer: torch.Tensor, metadata: TensorMetadata, slices: int) -> bool:
    return slices != 1 or not _is_home(buffer, metadata)


def _is_home(buffer: torch.Tensor, metadata: TensorMetadata) -> bool:
    return buffer.device.type == metadata.device or not torch.cuda.is_available()


def _at_home(buffer: torch.Tensor, metadata: TensorMetadata) -> torch.Tensor:
    """Return a tensor that came by way of the host on the kind of device it was sent from."""
    return buffer if _is_home(buffer, metadata) else buffer.to(metadata.device)


def _finisher(
    result: dict[str, Any],
    key: str,
    description: Any,
    parts: list[tuple[torch.Tensor, TensorMetadata, int]],
    all_gather_group: Gathering | None,
) -> Callable[[], None]:
    def finish() -> None:
        whole = [_gathered(*part, all_gather_group) for part in parts]
        result[key] = tensor_dict.fill(description, iter(whole))

    return finish


def _arriving(
    entries: Any, takes: Takes, device: Lane, frame: Arriving
) -> Iterator[tuple[torch.Tensor, bool, TensorMetadata, int]]:
    """Yield for each tensor a buffer, whether it is filled already, the tensor's metadata and how
    many slices it is cut in."""
    for _, description, slices in entries:
        if slices == [1] and type(description) is TensorMetadata:
            yield *_allocate(description, device, frame, takes), description, 1
            continue
        found = tensor_dict.find_metadata(description)
        for metadata, count in zip(found, slices, strict=True):
            part = metadata
            if count != 1:
                part = metadata._replace(size=torch.Size([metadata.size.numel() // count]))
            yield *_allocate(part, device, frame, takes), metadata, count


def _gathered(
    buffer: torch.Tensor,
    metadata: TensorMetadata,
    slices: int,
    all_gather_group: Gathering | None,
) -> torch.Tensor:
    buffer = _at_home(buffer, metadata)
    if slices == 1 or all_gather_group is None:
        return buffer
    return all_gather_group.all_gather(buffer, dim=0).view(metadata.size)


def _ranks_of(all_gather_group: Gathering | None) -> int:
    return 1 if all_gather_group is None else all_gather_group.world_size


def _refuse_gathering(operation: str, theirs: int, ours: int) -> NoReturn:
    sent = "passed no all_gather_group"
    if theirs > 1:
        sent = f"cut its tensors into {theirs} slices for an all_gather_group of {theirs} ranks"
    raise InvalidArgumentError(
        f"{operation}: the sender {sent}, this rank passed "
        f"{f'one of {ours} ranks' if ours > 1 else 'none'}: pass the same kind of group on both "
        f"sides",
        operation=operation,
        sent=theirs,
        wanted=ours,
    )


def _divided(tensor: torch.Tensor, slices: int) -> int:
    return slices if tensor.numel() % slices == 0 and tensor.numel() > 0 else 1


def _slice(tensor: torch.Tensor, slices: int, all_gather_group: Gathering | None) -> torch.Tensor:
    if slices == 1 or all_gather_group is None:
        return tensor
    return tensor.view(slices, -1)[all_gather_group.rank_in_group]


def _allocate(
    metadata: TensorMetadata, device: Lane, frame: Arriving, takes: Takes
) -> tuple[torch.Tensor, bool]:
    """Return a tensor from the frame, or room for one that comes by itself; and which it is."""
    kind, dtype, size = metadata
    place = kind if kind == device.device_type else "cpu"
    if takes(size.numel() * dtype.itemsize, place == "cpu"):
        return frame.take(size, dtype), True
    return room_for(size, dtype, place), False


def _short(description: Any) -> list[Any]:
    """Return a description as a list of plain values, if it is that of a tensor: those are packed
    ten times as fast as `TensorMetadata`."""
    if type(description) is TensorMetadata:
        device, dtype, size = description
        return [device, _DTYPE_NAMES[dtype], list(size)]
    return [description]


def _long(short: Any) -> Any:
    if not isinstance(short, list) or len(short) not in (1, 3):
        raise EncodingError("the peer sent something else than a dict: it made another call")
    if len(short) == 1:
        return short[0]
    device, name, size = short
    dtype = _DTYPES.get(name) if isinstance(name, str) else None
    if not isinstance(device, str) or dtype is None or not isinstance(size, list):
        raise EncodingError(f"{short!r:.80} does not describe a tensor")
    for extent in size:
        if type(extent) is not int or not 0 <= extent < 2**63:
            raise EncodingError(f"{short!r:.80} does not describe a tensor")
    return TensorMetadata(device, dtype, torch.Size(size))


def _checked_entries(head: Any) -> tuple[int, list[Any]]:
    ranks, entries = head if isinstance(head, list) and len(head) == 2 else (None, None)
    if not (
        type(ranks) is int
        and ranks > 0
        and isinstance(entries, list)
        and all(
            isinstance(entry, list) and len(entry) == 3 and isinstance(entry[2], list)
            for entry in entries
        )
    ):
        raise EncodingError("the peer sent something else than a dict: it made another call")
    checked = [[key, _long(short), slices] for key, short, slices in entries]
    for _, description, slices in checked:
        if slices == [1] and type(description) is TensorMetadata:
            continue
        tensors = sum(1 for _ in tensor_dict.find_metadata(description))
        if len(slices) != tensors or not all(
            type(count) is int and count in (1, ranks) for count in slices
        ):
            raise EncodingError(f"{slices!r:.80} are not the slices of {tensors} tensors")
    return ranks, checked


def _checked_description(description: Any) -> dict[str, Any]:
    if not isinstance(description, dict):
        raise EncodingError(
            f"the source sent a {type(description).__name__} in place of a dict: it made another "
            f"call"
        )
    return description
