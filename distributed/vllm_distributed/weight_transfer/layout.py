"""Which parameters there are, and which part of each is where."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Union

import torch

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["ParamMeta", "Placement", "Replicate", "Shard", "layerwise_groups", "target_number"]


@dataclass(frozen=True)
class Replicate:
    """Each rank along this axis has the whole extent."""


@dataclass(frozen=True)
class Shard:
    """The ranks along this axis share dim `dim` of the tensor, cut as `torch.chunk` cuts it."""

    dim: int


Placement = Union[Replicate, Shard]  # noqa: UP007 - an alias that is read on Python 3.10 too


@dataclass(frozen=True)
class ParamMeta:
    """One parameter as the trainer sends it. It is the same on every rank of the trainer.

    Raises `InvalidArgumentError` (a `ValueError`), naming the parameter, for owners, a mesh or
    placements that do not fit each other, `InvalidTypeError` (a `TypeError`) for what is no
    placement. Source: vLLM.
    """

    name: str
    """As the model calls it."""
    dtype: torch.dtype
    """Of its elements on their way."""
    shape: tuple[int, ...]
    """Of the whole parameter."""
    owners: tuple[int, ...] | None = field(default=None, kw_only=True)
    """The trainer's ranks (`TrainerInitInfo.rank`) that have it, in the order of the mesh. None:
    all of them."""
    mesh_shape: tuple[int, ...] | None = field(default=None, kw_only=True)
    """Extents of the mesh of the owners. None: one axis."""
    placements: tuple[Placement, ...] | None = field(default=None, kw_only=True)
    """What `WeightSource.iter_local` yields on each owner, one for each axis of the mesh. None:
    the whole parameter."""

    def __post_init__(self) -> None:
        shape = tuple(self.shape)
        if any(not isinstance(extent, int) or extent < 0 for extent in shape):
            raise InvalidArgumentError(
                f"parameter {self.name!r}: shape={shape} must be integers, none negative"
            )
        object.__setattr__(self, "shape", shape)
        if self.owners is None:
            if self.mesh_shape is not None or self.placements is not None:
                raise InvalidArgumentError(
                    f"parameter {self.name!r} has a mesh or placements and no owners: a mesh is "
                    f"one of owners"
                )
            return
        owners = _owners(self.name, self.owners)
        mesh = tuple((len(owners),) if self.mesh_shape is None else self.mesh_shape)
        if any(extent <= 0 for extent in mesh) or math.prod(mesh) != len(owners):
            raise InvalidArgumentError(
                f"parameter {self.name!r}: mesh_shape={mesh} is no mesh of its {len(owners)} owners"
            )
        object.__setattr__(self, "owners", owners)
        object.__setattr__(self, "mesh_shape", mesh)
        object.__setattr__(self, "placements", self._placements(len(mesh)))

    def _placements(self, axes: int) -> tuple[Placement, ...] | None:
        if self.placements is None:
            return None
        placements = tuple(self.placements)
        if len(placements) != axes:
            raise InvalidArgumentError(
                f"parameter {self.name!r} has {len(placements)} placements for a mesh of {axes} "
                f"axes: give one for each"
            )
        for placement in placements:
            if isinstance(placement, Shard):
                if not 0 <= placement.dim < len(self.shape):
                    raise InvalidArgumentError(
                        f"parameter {self.name!r}: Shard({placement.dim}) of a tensor with "
                        f"{len(self.shape)} dims"
                    )
            elif not isinstance(placement, Replicate):
                raise InvalidTypeError(
                    f"parameter {self.name!r}: {placement!r} is neither Replicate nor Shard"
                )
        is_whole = all(isinstance(placement, Replicate) for placement in placements)
        return None if is_whole else placements


def _owners(name: str, owners: Sequence[int]) -> tuple[int, ...]:
    found = tuple(owners)
    if (
        not found
        or any(not isinstance(owner, int) or isinstance(owner, bool) for owner in found)
        or min(found) < 0
        or len(set(found)) < len(found)
    ):
        raise InvalidArgumentError(
            f"parameter {name!r}: owners={found} must be ranks of the trainer, each once"
        )
    return found


def layerwise_groups(names: list[str]) -> list[list[str]]:
    """Return `names` in groups, one for each layer: local, the same for all who have this list.

    A name belongs to the layer of its first segment that is a number and of what stands before it
    (`model.layers.3.mlp.experts.7.w1` to layer 3 of `model.layers`), in the order in which these
    beginnings first appear and of the numbers. Names without a number come first if they stand
    before all others in `names`, else last. Source: vLLM.

    >>> layerwise_groups(["embed", "h.1.w", "h.0.w", "norm", "h.1.b"])
    [['embed'], ['h.0.w'], ['h.1.w', 'h.1.b'], ['norm']]
    """
    first: list[str] = []
    last: list[str] = []
    stacks: dict[str, dict[int, list[str]]] = {}
    for name in names:
        segments = name.split(".")
        place = next((at for at, segment in enumerate(segments) if segment.isdecimal()), None)
        if place is None:
            (last if stacks else first).append(name)
        else:
            layers = stacks.setdefault(".".join(segments[:place]), {})
            layers.setdefault(int(segments[place]), []).append(name)
    groups = [layers[number] for layers in stacks.values() for number in sorted(layers)]
    return [group for group in (first, *groups, last) if group]


def target_number(parallel_config: Any) -> int:
    """Return which of all ranks that serve a model this is, counted over its replicas. Local."""
    per_replica = int(getattr(parallel_config, "world_size", 1))
    replica = int(getattr(parallel_config, "data_parallel_index", 0))
    return replica * per_replica + int(getattr(parallel_config, "rank", 0))
