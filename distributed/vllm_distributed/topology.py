"""Which ranks form which group: pure arithmetic, no torch.

A world of `n` ranks is a five-dimensional box, slowest to fastest: external data parallel (whole
replicas that know nothing of each other), data, pipeline, prefill context, tensor. A group is the
set of ranks that differ only along the dimensions the group spans.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import product
from math import prod

from vllm_distributed.errors import InvalidArgumentError, InvalidRankError, ParallelSizeError

__all__ = ["GroupRanks", "ParallelSizes", "Topology", "check_partition"]

GroupRanks = tuple[tuple[int, ...], ...]

_EXTERNAL, _DATA, _PIPELINE, _PREFILL, _TENSOR = range(5)


@dataclass(frozen=True)
class ParallelSizes:
    """How many ways each dimension of the model is split.

    `tensor * pipeline * data * prefill_context` ranks hold one replica. `decode_context` is no
    dimension of its own: it divides each tensor-parallel group.

    >>> ParallelSizes(tensor=2, pipeline=4).replica_size
    8
    """

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    prefill_context: int = 1
    decode_context: int = 1

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ParallelSizeError(
                    f"{field.name} parallel size must be an integer of at least 1, got {value!r}",
                    field=field.name,
                    value=value if isinstance(value, (int, str, float)) else repr(value),
                )
        if self.tensor % self.decode_context != 0:
            raise ParallelSizeError(
                f"decode_context parallel size {self.decode_context} does not divide the tensor "
                f"parallel size {self.tensor} (each tensor-parallel group is split into "
                f"decode-context groups); choose one of {_divisors(self.tensor)}",
                field="decode_context",
                value=self.decode_context,
                tensor=self.tensor,
                choices=_divisors(self.tensor),
            )

    @property
    def replica_size(self) -> int:
        """Ranks that hold one copy of the parallel layout: all dimensions but external DP."""
        return self.tensor * self.pipeline * self.data * self.prefill_context

    def as_dict(self) -> dict[str, int]:
        """Return the sizes by name, in the order of the fields."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def describe(self) -> str:
        """Return the sizes as words for a message.

        >>> ParallelSizes(tensor=2).describe()
        'tensor=2, pipeline=1, data=1, prefill_context=1, decode_context=1'
        """
        return ", ".join(f"{name}={size}" for name, size in self.as_dict().items())


@dataclass(frozen=True)
class Topology:
    """A world laid out by `sizes`. Every method returns a partition of `range(world_size)`.

    The groups of a partition are in ascending order of their first rank, and the ranks of a group
    ascend, so that a rank's place in its group is its coordinate along the group's dimensions.

    >>> Topology(world_size=8, sizes=ParallelSizes(tensor=2, pipeline=4)).tensor_groups()
    ((0, 1), (2, 3), (4, 5), (6, 7))
    >>> Topology(world_size=8, sizes=ParallelSizes(tensor=2, pipeline=4)).pipeline_groups()
    ((0, 2, 4, 6), (1, 3, 5, 7))
    """

    world_size: int
    sizes: ParallelSizes

    def __post_init__(self) -> None:
        world_size, replica = self.world_size, self.sizes.replica_size
        if not isinstance(world_size, int) or isinstance(world_size, bool) or world_size < 1:
            raise ParallelSizeError(
                f"world size must be an integer of at least 1, got {world_size!r}",
                field="world_size",
                value=repr(world_size),
            )
        if world_size % replica != 0:
            sizes = self.sizes
            raise ParallelSizeError(
                f"a world of {world_size} ranks cannot hold tensor={sizes.tensor} x "
                f"pipeline={sizes.pipeline} x data={sizes.data} x "
                f"prefill_context={sizes.prefill_context} = {replica} ranks: the product must "
                f"divide the world size, so be one of {_divisors(world_size)}; start {replica} "
                f"ranks (or a multiple) or choose other sizes",
                world_size=world_size,
                product=replica,
                choices=_divisors(world_size),
                **self.sizes.as_dict(),
            )

    @property
    def external_data(self) -> int:
        """Replicas in the world beyond the data-parallel size."""
        return self.world_size // self.sizes.replica_size

    def tensor_groups(self) -> GroupRanks:
        """Groups whose ranks hold shards of the same layers."""
        return self._groups(_TENSOR)

    def decode_context_groups(self) -> GroupRanks:
        """Neighbouring parts of each tensor-parallel group."""
        size = self.sizes.decode_context
        return tuple(
            group[start : start + size]
            for group in self.tensor_groups()
            for start in range(0, len(group), size)
        )

    def prefill_context_groups(self) -> GroupRanks:
        """Groups whose ranks share out the tokens of one prefill."""
        return self._groups(_PREFILL)

    def pipeline_groups(self) -> GroupRanks:
        """Groups whose ranks hold consecutive stages."""
        return self._groups(_PIPELINE)

    def data_groups(self) -> GroupRanks:
        """Groups whose ranks hold the same shard of different data-parallel replicas."""
        return self._groups(_DATA)

    def expert_groups(self) -> GroupRanks:
        """Groups over which experts are spread: data x prefill context x tensor of one stage."""
        return self._groups(_DATA, _PREFILL, _TENSOR)

    def engram_tensor_groups(self, size: int) -> GroupRanks:
        """Groups of `size` ranks that shard one embedding table: neighbours along tensor, then
        data.

        Raises:
            ParallelSizeError: unless `size` divides tensor x data parallel size.
        """
        return _cut(self._groups(_DATA, _TENSOR), size, "engram_tensor_parallel_size")

    def engram_data_groups(self, size: int) -> GroupRanks:
        """Groups of `size` data parallel replicas that share one embedding table.

        Raises:
            ParallelSizeError: unless `size` divides the data parallel size.
        """
        return _cut(self._groups(_DATA), size, "engram_data_parallel_size")

    def coordinates(self, rank: int) -> tuple[int, int, int, int, int]:
        """Return a rank's place as (external, data, pipeline, prefill_context, tensor).

        >>> Topology(world_size=8, sizes=ParallelSizes(tensor=2, pipeline=4)).coordinates(5)
        (0, 0, 2, 0, 1)
        """
        if not 0 <= rank < self.world_size:
            raise InvalidRankError(
                f"rank {rank} is not in 0..{self.world_size - 1}",
                rank=rank,
                world_size=self.world_size,
            )
        shape, place = self._shape(), [0] * 5
        for dim in reversed(range(5)):
            rank, place[dim] = divmod(rank, shape[dim])
        return (place[0], place[1], place[2], place[3], place[4])

    def _shape(self) -> tuple[int, int, int, int, int]:
        sizes = self.sizes
        return (
            self.external_data,
            sizes.data,
            sizes.pipeline,
            sizes.prefill_context,
            sizes.tensor,
        )

    def _groups(self, *spanned: int) -> GroupRanks:
        shape = self._shape()
        strides = tuple(prod(shape[dim + 1 :]) for dim in range(5))

        def offsets(dims: Sequence[int]) -> Iterator[int]:
            for place in product(*(range(shape[dim]) for dim in dims)):
                yield sum(at * strides[dim] for at, dim in zip(place, dims, strict=True))

        fixed = [dim for dim in range(5) if dim not in spanned]
        members = tuple(offsets(spanned))
        return tuple(tuple(start + member for member in members) for start in offsets(fixed))


def check_partition(group_ranks: Sequence[Sequence[int]], rank: int, world_size: int) -> list[int]:
    """Return the group of `group_ranks` that holds `rank`, having checked the whole of it.

    Ranks must be integers of the world, in ascending order within a group (torch numbers the
    members of a group in that order), and none may be in two groups.

    >>> check_partition([[0, 1], [2, 3]], rank=2, world_size=4)
    [2, 3]
    """
    seen: dict[int, int] = {}
    for index, group in enumerate(group_ranks):
        if len(group) == 0:
            raise InvalidArgumentError(
                f"group {index} of {_listed(group_ranks)} is empty; leave it out",
                group_ranks=_listed(group_ranks),
            )
        for member in group:
            if not isinstance(member, int) or isinstance(member, bool):
                raise InvalidArgumentError(
                    f"{member!r} in group {list(group)} is not a rank; ranks are integers"
                )
            if not 0 <= member < world_size:
                raise InvalidRankError(
                    f"rank {member} in group {list(group)} is not in the world of {world_size} "
                    f"ranks (0..{world_size - 1})",
                    rank=member,
                    world_size=world_size,
                )
            if member in seen:
                raise InvalidRankError(
                    f"rank {member} is in two places of {_listed(group_ranks)}: groups "
                    f"{seen[member]} and {index}; a rank may be in one group only",
                    rank=member,
                    group_ranks=_listed(group_ranks),
                )
            seen[member] = index
        if list(group) != sorted(group):
            raise InvalidArgumentError(
                f"group {list(group)} is not in ascending order; use {sorted(group)}",
                group=list(group),
            )
    if rank not in seen:
        raise InvalidRankError(
            f"rank {rank} is in none of the groups {_listed(group_ranks)}; every rank of the "
            f"world must be in exactly one (a group of its own will do)",
            rank=rank,
            group_ranks=_listed(group_ranks),
        )
    return list(group_ranks[seen[rank]])


def _cut(groups: GroupRanks, size: int, name: str) -> GroupRanks:
    """Return each group as neighbouring parts of `size` ranks."""
    whole = len(groups[0])
    if not isinstance(size, int) or isinstance(size, bool) or size < 1 or whole % size != 0:
        raise ParallelSizeError(
            f"{name}={size!r} must divide the {whole} ranks that the table can be spread over: "
            f"choose one of {_divisors(whole)}",
            field=name,
            value=repr(size),
            choices=_divisors(whole),
        )
    parts = (group[start : start + size] for group in groups for start in range(0, whole, size))
    return tuple(sorted(parts))


def _listed(group_ranks: Sequence[Sequence[int]]) -> list[list[int]]:
    return [list(group) for group in group_ranks]


def _divisors(number: int) -> list[int]:
    return [candidate for candidate in range(1, number + 1) if number % candidate == 0]
