"""Experts moved to where a new map wants them, one layer at a time.

A layer moves in two steps. `move_to_buffer` copies what a rank needs and does not have in the right
slot into a buffer, from its own slots and from other ranks: nothing that is in use changes.
`move_from_buffer` copies it from there into the slots. So a failure on the way leaves the weights
of the layer as they were, and one buffer, of the size of a rank's part of one layer, is all the
memory that it takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch

from vllm_distributed.eplb.eplb_communicator import EplbCommunicator
from vllm_distributed.eplb.eplb_utils import CpuGpuEvent, device_stream
from vllm_distributed.eplb.migration_scheduler import (
    Indices,
    MigrationFlow,
    schedule_migration_batches,
    sources_and_targets,
)
from vllm_distributed.errors import CollectiveError, InvalidArgumentError, InvalidTypeError

__all__ = [
    "AsyncEplbLayerResult",
    "TransferMetadata",
    "get_ep_ranks_with_experts_batch",
    "move_from_buffer",
    "move_to_buffer",
    "rearrange_expert_weights_inplace",
    "transfer_layer",
]

Mask = npt.NDArray[np.bool_]


class RankGroup(Protocol):
    """What is asked of a process group: how large it is, and who is asking."""

    def size(self) -> int: ...

    def rank(self) -> int: ...


@dataclass
class TransferMetadata:
    """What is in the buffers of a layer after `move_to_buffer`. All are for this rank's slots."""

    is_unchanged: Mask
    """Slots whose expert stays."""
    is_received_locally: Mask
    """Slots whose expert stays, or was in another slot of this rank."""
    recv_primary_mask: Mask
    """Slots whose expert came from another rank, the first for each expert."""
    recv_count: int
    """How many experts came from other ranks."""
    recv_expert_ids: Indices
    """Those experts, and then -1."""
    recv_dst_rows: npt.NDArray[np.int32]
    """The slots that they are in, and then -1."""


@dataclass
class AsyncEplbLayerResult:
    """A layer that the worker in the background has moved to the buffers."""

    layer_idx: int
    new_physical_to_logical_map: torch.Tensor
    """Which expert is in each slot then, [slots], on the CPU."""
    transfer_metadata: TransferMetadata
    consumed_event: CpuGpuEvent
    """Recorded when the buffers may be used again."""


def get_ep_ranks_with_experts_batch(
    expert_ids: Indices, num_local_experts: int, old_indices: Indices, new_indices: Indices
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Return, for each of these experts, the ranks that have it, and those that need it and do not
    have it. Both ascending. Pure, local. Source: vLLM."""
    has, needs = {}, {}
    for expert in np.unique(expert_ids).tolist():
        has[expert], wants = (
            np.unique(np.flatnonzero(indices == expert) // num_local_experts).tolist()
            for indices in (old_indices, new_indices)
        )
        needs[expert] = [rank for rank in wants if rank not in has[expert]]
    return has, needs


def move_to_buffer(
    num_local_experts: int,
    old_indices: Indices,
    new_indices: Indices,
    expert_weights: Sequence[torch.Tensor],
    expert_weights_buffers: Sequence[torch.Tensor],
    stream: torch.Stream | None,
    ep_rank: int,
    communicator: EplbCommunicator,
    layer_idx: int = 0,
    enable_migration_batching: bool = False,
    migration_batches: list[list[MigrationFlow]] | None = None,
) -> TransferMetadata:
    """Copy the experts that this rank needs in a slot and does not have there into the buffers.

    `old_indices` and `new_indices` are [slots], -1 for an empty one; the same on every rank.
    `expert_weights` are the tensors of the layer, each with an expert in each row; the buffers have
    the same shapes and dtypes. Weights are read only. With `enable_migration_batching` experts move
    in the rounds of `schedule_migration_batches`, or in those given. Collective over the group of
    the communicator. Source: vLLM.

    Raises:
        InvalidTypeError, InvalidArgumentError: naming what does not fit, before anything moves.
        CollectiveError: a rank did not take part; the details name the layer.
    """
    _check_layer(num_local_experts, old_indices, expert_weights, expert_weights_buffers, ep_rank)
    moves = sources_and_targets(num_local_experts, old_indices, new_indices)
    own = slice(ep_rank * num_local_experts, (ep_rank + 1) * num_local_experts)
    old, new = old_indices[own], new_indices[own]
    old_rows = _first_rows(old)
    plan = _transfer(old, new, old_rows)
    with device_stream(stream):
        for row in np.flatnonzero(plan.is_received_locally & ~plan.is_unchanged).tolist():
            source = old_rows[int(new[row])]
            for weight, buffer in zip(expert_weights, expert_weights_buffers, strict=True):
                buffer[row].copy_(weight[source], non_blocking=True)
    if enable_migration_batching:
        rounds = migration_batches
        if rounds is None:
            rounds = schedule_migration_batches(num_local_experts, old_indices, new_indices)
        flows = [
            [(flow.src_rank, flow.dst_rank, expert) for flow in batch for expert in flow.expert_ids]
            for batch in rounds
        ]
    else:
        flows = [moves]
    new_rows = _first_rows(new)
    for moving in flows:
        communicator.set_transfer_context(old_indices, layer_idx)
        for source, target, expert in moving:
            if source == ep_rank:
                rows = [weight[old_rows[expert]] for weight in expert_weights]
                communicator.add_send(rows, target, expert_id=expert)
            elif target == ep_rank:
                rows = [buffer[new_rows[expert]] for buffer in expert_weights_buffers]
                communicator.add_recv(rows, source, expert_id=expert)
        try:
            communicator.execute()
        except CollectiveError as error:
            error.details.setdefault("layer", layer_idx)
            raise
    return plan


def move_from_buffer(
    expert_weights: Sequence[torch.Tensor],
    expert_weights_buffers: Sequence[torch.Tensor],
    transfer_metadata: TransferMetadata,
    new_indices: Indices,
    ep_rank: int,
) -> None:
    """Copy what `move_to_buffer` has put into the buffers into the weights. Local. Source: vLLM.

    An expert that came from another rank and goes to several slots is copied into each.
    """
    plan = transfer_metadata
    size = len(plan.is_unchanged)
    new = new_indices[ep_rank * size : (ep_rank + 1) * size]
    received = plan.recv_expert_ids[: plan.recv_count].tolist()
    came = dict(zip(received, plan.recv_dst_rows[: plan.recv_count].tolist(), strict=True))
    for row in np.flatnonzero(~plan.is_unchanged).tolist():
        expert = int(new[row])
        source = row if plan.is_received_locally[row] else came.get(expert, -1)
        if expert == -1 or source == -1:
            continue
        for weight, buffer in zip(expert_weights, expert_weights_buffers, strict=True):
            weight[row].copy_(buffer[source], non_blocking=True)


def transfer_layer(
    old_layer_indices: torch.Tensor,
    new_layer_indices: torch.Tensor,
    expert_weights: Sequence[torch.Tensor],
    expert_weights_buffer: Sequence[torch.Tensor],
    ep_group: RankGroup,
    communicator: EplbCommunicator,
    is_profile: bool = False,
    stream: torch.Stream | None = None,
    rank_mapping: dict[int, int] | None = None,
    layer_idx: int = 0,
    enable_migration_batching: bool = False,
    migration_batches: list[list[MigrationFlow]] | None = None,
) -> TransferMetadata:
    """`move_to_buffer` of one layer, for maps in tensors, [slots], and the group of the ranks.

    `rank_mapping` says which rank of the new group each of the old one is, -1 for one that goes:
    the map of fewer ranks gets empty slots for those that are not in it. `is_profile` is taken and
    changes nothing here. Collective over `ep_group`. Arguments and errors else as of
    `move_to_buffer`. Source: vLLM.
    """
    old, new = _mapped(old_layer_indices[None], new_layer_indices[None], ep_group, rank_mapping)
    return move_to_buffer(
        num_local_experts=_rows_of(expert_weights),
        old_indices=_checked_map("old", old, _slots(expert_weights, ep_group))[0],
        new_indices=_checked_map("new", new, _slots(expert_weights, ep_group))[0],
        expert_weights=expert_weights,
        expert_weights_buffers=expert_weights_buffer,
        stream=stream,
        ep_rank=ep_group.rank(),
        communicator=communicator,
        layer_idx=layer_idx,
        enable_migration_batching=enable_migration_batching,
        migration_batches=migration_batches,
    )


def rearrange_expert_weights_inplace(
    old_global_expert_indices: torch.Tensor,
    new_global_expert_indices: torch.Tensor,
    expert_weights: Sequence[Sequence[torch.Tensor]],
    expert_buffer: Sequence[torch.Tensor],
    ep_group: RankGroup,
    communicator: EplbCommunicator,
    is_profile: bool = False,
    rank_mapping: dict[int, int] | None = None,
) -> None:
    """Move the experts of all layers to where the new map wants them, in place.

    Both maps are integers, [layers, slots], and say which expert is in each slot, -1 for none: the
    same on every rank, of whose slots it has `expert_weights[layer][tensor].shape[0]`, one rank
    behind the other. `expert_buffer` has the shapes of one layer, and is all the memory used. Slots
    that are to be empty keep what is in them. `rank_mapping` as of `transfer_layer`; with
    `is_profile` nothing moves. Collective over `ep_group`. Source: vLLM.

    Raises:
        InvalidTypeError, InvalidArgumentError: naming what does not fit, on every rank before
            anything moves if the maps are wrong or not the same everywhere.
        CollectiveError: a rank did not take part. `details["layer"]` says in which layer: those
            before have moved, and that one and the rest are as they were on this rank.
    """
    layers = len(expert_weights)
    if not layers:
        raise InvalidArgumentError("expert_weights is empty: it has the tensors of each layer")
    slots = _slots(expert_weights[0], ep_group)
    old, new = _mapped(old_global_expert_indices, new_global_expert_indices, ep_group, rank_mapping)
    old_map, new_map = _checked_map("old", old, slots), _checked_map("new", new, slots)
    if len(old_map) != layers or len(new_map) != layers:
        raise InvalidArgumentError(
            f"the maps have {len(old_map)} and {len(new_map)} layers, and there are weights of "
            f"{layers}",
            layers=layers,
        )
    rank, rows = ep_group.rank(), _rows_of(expert_weights[0])
    for layer in range(layers):
        _check_layer(rows, old_map[layer], expert_weights[layer], expert_buffer, rank)
        sources_and_targets(rows, old_map[layer], new_map[layer])
    if is_profile:
        return
    communicator.agree(hashlib.sha256(old_map.tobytes() + new_map.tobytes()).digest())
    for layer in range(layers):
        if np.array_equal(old_map[layer], new_map[layer]):
            continue
        plan = move_to_buffer(
            num_local_experts=rows,
            old_indices=old_map[layer],
            new_indices=new_map[layer],
            expert_weights=expert_weights[layer],
            expert_weights_buffers=expert_buffer,
            stream=None,
            ep_rank=rank,
            communicator=communicator,
            layer_idx=layer,
        )
        move_from_buffer(expert_weights[layer], expert_buffer, plan, new_map[layer], rank)


def _transfer(old: Indices, new: Indices, old_rows: dict[int, int]) -> TransferMetadata:
    """What a rank needs for its slots, and where it comes from."""
    is_unchanged = old == new
    here = np.array([expert in old_rows for expert in new.tolist()], dtype=np.bool_)
    came = np.zeros(len(new), dtype=np.bool_)
    ids, rows = np.full(len(new), -1, dtype=np.int64), np.full(len(new), -1, dtype=np.int32)
    wanted = _first_rows(np.where(is_unchanged | here, -1, new))
    for place, expert in enumerate(sorted(wanted)):
        ids[place], rows[place] = expert, wanted[expert]
        came[wanted[expert]] = True
    return TransferMetadata(is_unchanged, is_unchanged | here, came, len(wanted), ids, rows)


def _first_rows(experts: Indices) -> dict[int, int]:
    """The first slot of each expert."""
    found: dict[int, int] = {}
    for row, expert in enumerate(experts.tolist()):
        if expert != -1:
            found.setdefault(expert, row)
    return found


def _mapped(
    old: torch.Tensor,
    new: torch.Tensor,
    group: RankGroup,
    rank_mapping: dict[int, int] | None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Both maps for the ranks of the group, which are those of the larger one."""
    if rank_mapping is None:
        return old, new
    size = group.size()
    kept = [rank for rank in rank_mapping.values() if rank != -1]
    if sorted(rank_mapping) != list(range(len(rank_mapping))) or (
        sorted(kept) != sorted(set(kept)) or any(not 0 <= rank < size for rank in kept) or not kept
    ):
        raise InvalidArgumentError(
            f"rank_mapping={rank_mapping} must say for each old rank, from 0 on, which of the "
            f"{size} ranks it is, none twice, or -1 for one that goes",
            rank_mapping=str(rank_mapping),
            size=size,
        )
    if len(rank_mapping) == size:  # fewer: those that go have no new slots
        each = new.shape[-1] // len(kept)
        spread = new.new_full((len(new), size * each), -1)
        for before, after in rank_mapping.items():
            if after != -1:
                spread[:, before * each : (before + 1) * each] = new[
                    :, after * each : (after + 1) * each
                ]
        return old, spread
    each = old.shape[-1] // len(rank_mapping)
    spread = old.new_full((len(old), size * each), -1)
    for before, after in rank_mapping.items():
        if after != -1:
            spread[:, after * each : (after + 1) * each] = old[
                :, before * each : (before + 1) * each
            ]
    return spread, new


def _rows_of(expert_weights: Sequence[torch.Tensor]) -> int:
    if not expert_weights or expert_weights[0].dim() == 0:
        raise InvalidArgumentError("a layer has one tensor at least, with an expert in each row")
    return expert_weights[0].shape[0]


def _slots(expert_weights: Sequence[torch.Tensor], group: RankGroup) -> int:
    return _rows_of(expert_weights) * group.size()


def _checked_map(which: str, indices: torch.Tensor, slots: int) -> Indices:
    """A map as [layers, slots] on the CPU."""
    if not isinstance(indices, torch.Tensor):
        raise InvalidTypeError(
            f"the {which} map must be a torch.Tensor, got {type(indices).__name__}"
        )
    if indices.is_floating_point() or indices.is_complex() or indices.dtype is torch.bool:
        raise InvalidTypeError(f"the {which} map must hold integers, got {indices.dtype}")
    if indices.dim() != 2 or indices.shape[1] != slots:
        raise InvalidArgumentError(
            f"the {which} map must be [layers, {slots}], as the ranks have so many slots, got "
            f"{list(indices.shape)}",
            slots=slots,
            shape=list(indices.shape),
        )
    found = indices.detach().to(device="cpu", dtype=torch.int64).numpy()
    if (found < -1).any():
        raise InvalidArgumentError(
            f"the {which} map has {int(found.min())}: an expert is 0 or more, and -1 is none"
        )
    return np.ascontiguousarray(found)


def _check_layer(
    rows: int,
    old_indices: Indices,
    weights: Sequence[torch.Tensor],
    buffers: Sequence[torch.Tensor],
    rank: int,
) -> None:
    """Check that the tensors of a layer fit their buffers and the map."""
    if len(weights) != len(buffers):
        raise InvalidArgumentError(
            f"a layer has {len(weights)} tensors, and there are buffers for {len(buffers)}",
            tensors=len(weights),
            buffers=len(buffers),
        )
    if not 0 <= rank < len(old_indices) // max(rows, 1):
        raise InvalidArgumentError(
            f"rank {rank} has no slots in a map of {len(old_indices)}, {rows} on each rank",
            rank=rank,
            slots=len(old_indices),
        )
    for place, (weight, buffer) in enumerate(zip(weights, buffers, strict=True)):
        said: dict[str, Any] = {"tensor": place}
        if weight.dim() == 0 or weight.shape[0] != rows:
            raise InvalidArgumentError(
                f"tensor {place} of a layer has the shape {list(weight.shape)}, and each rank has "
                f"{rows} experts",
                **said,
            )
        if weight.shape != buffer.shape or weight.dtype != buffer.dtype:
            raise InvalidArgumentError(
                f"tensor {place} of a layer is {list(weight.shape)} {weight.dtype}, and its buffer "
                f"{list(buffer.shape)} {buffer.dtype}",
                **said,
            )
        if weight.data_ptr() == buffer.data_ptr() and weight.numel():
            raise InvalidArgumentError(
                f"tensor {place} of a layer is its own buffer: give another one", **said
            )
