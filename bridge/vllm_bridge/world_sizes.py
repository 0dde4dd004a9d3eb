"""The sizes of a world, in one table: requests, assignments, worlds and ranks all read it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vllm_bridge._generated.control_pb2 import WorldAssignment

ARGUMENTS = {
    "tensor_parallel_size": "tensor_model_parallel_size",
    "pipeline_parallel_size": "pipeline_model_parallel_size",
    "data_parallel_size": "data_parallel_size",
    "prefill_context_parallel_size": "prefill_context_model_parallel_size",
    "decode_context_parallel_size": "decode_context_model_parallel_size",
}
"""The field of each size in the messages, and the argument of `initialize_model_parallel`."""

AXES = ("dp", "pp", "pcp", "tp")
"""Of the box that ranks are laid out in, as by `vllm_distributed/topology.py`: data parallel ranks
are furthest apart, tensor parallel ranks are next to each other."""

DIMENSIONS = (*AXES, "dcp", "ep")
"""What groups there are: the axes, decode context parallel, expert parallel."""


def coordinates(layout: Mapping[str, int], rank: int) -> dict[str, int]:
    """Where a rank stands in a box with these sizes of `AXES`."""
    found, left = {}, rank
    for axis in reversed(AXES):
        left, found[axis] = divmod(left, layout[axis])
    return {axis: found[axis] for axis in AXES}


@dataclass(frozen=True)
class WorldSizes:
    """The parallel sizes, named as in the messages."""

    tensor_parallel_size: int = 1
    pipeline_parallel_size: int = 1
    data_parallel_size: int = 1
    prefill_context_parallel_size: int = 1
    decode_context_parallel_size: int = 1

    @classmethod
    def of(cls, assignment: WorldAssignment) -> WorldSizes:
        """The sizes of the world that a rank is assigned to."""
        return cls(**{name: getattr(assignment, name) for name in ARGUMENTS})

    @property
    def world_size(self) -> int:
        """Number of ranks. Decode context parallelism divides the tensor parallel ranks."""
        return (
            self.tensor_parallel_size
            * self.pipeline_parallel_size
            * self.data_parallel_size
            * self.prefill_context_parallel_size
        )

    def named(self) -> dict[str, Any]:
        """Sizes by the field of the messages."""
        return dict(vars(self))

    def arguments(self) -> dict[str, Any]:
        """Sizes by the argument of `initialize_model_parallel`."""
        return {ARGUMENTS[name]: size for name, size in self.named().items()}

    def layout(self) -> dict[str, int]:
        """The size of each axis, the slowest first."""
        return {
            "dp": self.data_parallel_size,
            "pp": self.pipeline_parallel_size,
            "pcp": self.prefill_context_parallel_size,
            "tp": self.tensor_parallel_size,
        }

    def coordinates(self, rank: int) -> dict[str, int]:
        """A rank's number in its group of each of `DIMENSIONS`."""
        at = coordinates(self.layout(), rank)
        at["dcp"] = at["tp"] % self.decode_context_parallel_size
        # Experts are spread over the ranks of one stage.
        prefill = at["dp"] * self.prefill_context_parallel_size + at["pcp"]
        at["ep"] = prefill * self.tensor_parallel_size + at["tp"]
        return at

    def groups(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The dimension and the ranks of every group of more than one rank."""
        return _groups(self)


@functools.lru_cache(maxsize=64)
def _groups(sizes: WorldSizes) -> tuple[tuple[str, tuple[int, ...]], ...]:
    places = [sizes.coordinates(rank) for rank in range(sizes.world_size)]
    found: dict[tuple[str, tuple[int, ...]], list[int]] = {}
    for rank, at in enumerate(places):
        part = at["tp"] // sizes.decode_context_parallel_size
        fixed = {axis: tuple(at[other] for other in AXES if other != axis) for axis in AXES}
        fixed["dcp"] = (at["dp"], at["pp"], at["pcp"], part)
        fixed["ep"] = (at["pp"],)
        for dimension in DIMENSIONS:
            found.setdefault((dimension, fixed[dimension]), []).append(rank)
    groups = [(dimension, tuple(ranks)) for (dimension, _), ranks in found.items()]
    return tuple(sorted((g for g in groups if len(g[1]) > 1), key=_order))


def _order(group: tuple[str, tuple[int, ...]]) -> tuple[int, int]:
    return DIMENSIONS.index(group[0]), group[1][0]
