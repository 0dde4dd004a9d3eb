"""Which rank sends which experts to which, and in which rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vllm_distributed.eplb.checks import check_count
from vllm_distributed.errors import InvalidArgumentError

__all__ = [
    "MigrationFlow",
    "schedule_migration_batches",
    "schedule_migration_batches_for_layers",
    "sources_and_targets",
]

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MigrationFlow:
    """Experts that one rank sends to another."""

    src_rank: int
    dst_rank: int
    expert_ids: tuple[int, ...]
    """Ascending."""


def sources_and_targets(
    num_local_experts: int, old_indices: Indices, new_indices: Indices
) -> list[tuple[int, int, int]]:
    """Return (source, target, expert) of everything that must move from rank to rank, by expert.

    `old_indices` and `new_indices` say which expert is in each slot, [slots], -1 for none; each
    rank has `num_local_experts` of them. A rank gets an expert at most once, and none that it has.
    Where several have it, each sends to about as many. Pure, local: every rank finds the same.

    Raises `InvalidArgumentError` for maps of other shapes, and for an expert that nobody has, with
    its number.
    """
    check_count("num_local_experts", num_local_experts)
    if old_indices.ndim != 1 or old_indices.shape != new_indices.shape:
        raise InvalidArgumentError(
            f"old and new indices are maps of the same slots, got shapes {list(old_indices.shape)} "
            f"and {list(new_indices.shape)}",
            old=list(old_indices.shape),
            new=list(new_indices.shape),
        )
    if len(old_indices) % num_local_experts:
        raise InvalidArgumentError(
            f"{len(old_indices)} slots are not divisible by num_local_experts={num_local_experts}",
            slots=len(old_indices),
            num_local_experts=num_local_experts,
        )
    has, wants = (_ranks_by_expert(each, num_local_experts) for each in (old_indices, new_indices))
    found = []
    for expert in sorted(wants):
        sources = has.get(expert, [])
        if not sources:
            raise InvalidArgumentError(
                f"expert {expert} is to go to rank {wants[expert][0]}, and no rank has it: the map "
                f"of what is where now is wrong, or a rank that had it is gone",
                expert=expert,
                ranks=wants[expert],
            )
        targets = [rank for rank in wants[expert] if rank not in sources]
        each, more = divmod(len(targets), len(sources))
        for place, source in enumerate(sources):
            own = targets[place * each : (place + 1) * each]
            own += targets[len(sources) * each :][place : place + 1] if place < more else []
            found += [(source, target, expert) for target in own]
    return found


def schedule_migration_batches(
    num_local_experts: int, old_indices: Indices, new_indices: Indices
) -> list[list[MigrationFlow]]:
    """Return rounds in which each rank sends to, or gets from, one other rank at most.

    Arguments and errors as of `sources_and_targets`. What goes from one rank to another goes in one
    round, the first in which both are free. Pure, local: every rank finds the same. Source: vLLM.

    >>> old, new = np.array([0, 1, 2, 3]), np.array([1, 2, 3, 0])
    >>> [[(flow.src_rank, flow.dst_rank) for flow in batch]
    ...  for batch in schedule_migration_batches(1, old, new)]
    [[(0, 3), (2, 1)], [(1, 0), (3, 2)]]
    """
    pairs: dict[tuple[int, int], list[int]] = {}
    for source, target, expert in sources_and_targets(num_local_experts, old_indices, new_indices):
        pairs.setdefault((source, target), []).append(expert)
    batches: list[list[MigrationFlow]] = []
    busy: list[set[int]] = []
    for (source, target), experts in pairs.items():
        flow = MigrationFlow(source, target, tuple(experts))
        for batch, ranks in zip(batches, busy, strict=True):
            if source not in ranks and target not in ranks:
                batch.append(flow)
                ranks.update((source, target))
                break
        else:
            batches.append([flow])
            busy.append({source, target})
    return batches


def schedule_migration_batches_for_layers(
    num_local_experts: int, old_indices: Indices, new_indices: Indices
) -> list[list[list[MigrationFlow]]]:
    """Return `schedule_migration_batches` of each layer, for maps of [layers, slots]. Source: vLLM.

    Raises `InvalidArgumentError` for maps of other shapes.
    """
    if old_indices.ndim != 2 or old_indices.shape != new_indices.shape:
        raise InvalidArgumentError(
            f"old and new indices are [layers, slots], got shapes {list(old_indices.shape)} and "
            f"{list(new_indices.shape)}",
            old=list(old_indices.shape),
            new=list(new_indices.shape),
        )
    layers: Sequence[tuple[Indices, Indices]] = list(zip(old_indices, new_indices, strict=True))
    return [schedule_migration_batches(num_local_experts, old, new) for old, new in layers]


def _ranks_by_expert(indices: Indices, num_local_experts: int) -> dict[int, list[int]]:
    """Which ranks have a slot with an expert, ascending and each once."""
    found: dict[int, list[int]] = {}
    for slot, expert in enumerate(indices.tolist()):
        if expert != -1:
            ranks = found.setdefault(expert, [])
            rank = slot // num_local_experts
            if not ranks or ranks[-1] != rank:
                ranks.append(rank)
    return found
