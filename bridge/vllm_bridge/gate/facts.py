"""What the members of a group must agree on before a call of theirs sends anything."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from math import prod
from typing import Any

import torch
import torch.distributed as dist
from torch.distributed import ProcessGroup

from vllm_bridge._generated import control_pb2
from vllm_bridge.durations import of_seconds
from vllm_distributed import (
    DeviceCommunicatorBase,
    GroupCoordinator,
    StatelessGroupCoordinator,
    StatelessProcessGroup,
)
from vllm_distributed.compat.torch_internals import group_timeout, is_alive
from vllm_distributed.errors import GroupNotInitializedError
from vllm_distributed.groups.coordinator import find_group

Part = tuple[str, str]

CREATE = "create"
"""Operation of a call that only makes a stateless group known."""


@dataclass(frozen=True)
class Group:
    """The group of a call, seen from this rank."""

    # Unique among the groups that this rank is in: "tp:0", or where a stateless group met.
    key: str
    # Global ranks in group order; empty for a stateless group, of which only the size is known.
    members: Sequence[int]
    rank: int
    size: int
    # Bound on the group's waits.
    timeout: timedelta | None = None


@dataclass(frozen=True)
class Facts:
    """One call, as the pool compares it with those of the other members."""

    group: Group
    operation: str
    parts: tuple[Part, ...] = ()
    # The shape of its tensor, for people; it may differ where `elements` agree.
    shape: str = ""
    direction: control_pb2.Direction = control_pb2.COLLECTIVE
    # The other side's number in the group, for point to point.
    peer: int = 0
    # It does not wait for the other side.
    eager: bool = False
    # Shorter than the group's own bound, where the call was given one.
    timeout_s: float | None = None
    # More groups that it makes known, with `CREATE`.
    also: tuple[str, ...] = field(default=())

    @property
    def told(self) -> tuple[Part, ...]:
        """All that is said of it."""
        return (*self.parts, ("shape", self.shape)) if self.shape else self.parts

    def __str__(self) -> str:
        """What people are told of it: shapes, not elements."""
        parts = (
            ("shape", self.shape) if name == "elements" and self.shape else (name, value)
            for name, value in self.parts
        )
        return ", ".join(f"{name}={value}" for name, value in parts)

    @property
    def limit_s(self) -> float | None:
        """How long the call itself would wait for the others."""
        if self.timeout_s is not None:
            return self.timeout_s
        return self.group.timeout.total_seconds() if self.group.timeout else None


# Where the stateless groups of this process met. Weak: a group that nobody holds is forgotten.
_met_at: weakref.WeakKeyDictionary[object, str] = weakref.WeakKeyDictionary()


def remember(made: object, facts: Facts) -> None:
    """Note under which key the members know a stateless group that this call has made."""
    _met_at[made] = facts.group.key
    if isinstance(made, StatelessGroupCoordinator) and facts.also:
        _met_at[made.tcp_store_group] = facts.also[0]


def of_coordinator(group: GroupCoordinator) -> Group | None:
    """The group of a coordinator; None for a stateless one that was not made through the bridge."""
    if isinstance(group, StatelessGroupCoordinator):
        return _stateless(group, group.rank_in_group, group.world_size, group._groups.timeout)
    return Group(
        group.unique_name, group.ranks, group.rank_in_group, group.world_size, group._groups.timeout
    )


def of_communicator(communicator: DeviceCommunicatorBase) -> Group | None:
    """The group of a coordinator's communicator, or of one over the caller's process groups."""
    try:
        owner = find_group(communicator.unique_name)
    except GroupNotInitializedError:
        owner = None
    if owner is not None and owner.device_communicator is communicator:
        return of_coordinator(owner)
    return of_process_group(communicator.cpu_group or communicator.device_group)


def of_store_group(group: StatelessProcessGroup) -> Group | None:
    """The group of a stateless process group; None where it was not made through the bridge."""
    timeout = of_seconds(group._timeout_s)
    return _stateless(group, group.rank, group.world_size, timeout)


def of_process_group(group: ProcessGroup | None) -> Group | None:
    """The group of one of torch's process groups; None where its members cannot be known."""
    if group is None:
        return None
    if is_alive(group):
        return Group(
            f"{group.group_desc} ({group.group_name})",
            dist.get_process_group_ranks(group),
            group.rank(),
            group.size(),
            group_timeout(group),
        )
    return _stateless(group, group.rank(), group.size(), None)


def of_any(group: Any) -> Group | None:
    """The group of what functions take for a group: torch's, or a stateless process group."""
    if isinstance(group, StatelessProcessGroup):
        return of_store_group(group)
    return of_process_group(group) if isinstance(group, ProcessGroup) else None


def _stateless(group: object, rank: int, size: int, timeout: timedelta | None) -> Group | None:
    key = _met_at.get(group)
    return None if key is None else Group(key, (), rank, size, timeout)


# Parts


def tensor_parts(tensor: torch.Tensor) -> tuple[Part, Part]:
    """Dtype and shape, where all members' must be equal."""
    return ("dtype", dtype_words(tensor.dtype)), ("shape", str(list(tensor.shape)))


def dtype_words(dtype: torch.dtype) -> str:
    """E.g. "float32"."""
    return str(dtype)[6:]


def words(**values: object) -> tuple[Part, ...]:
    """Any values as parts."""
    return tuple((name, str(value)) for name, value in values.items())


def dim_of(tensor: torch.Tensor, dim: int) -> int:
    """A dim as a number that is not negative."""
    return dim % max(tensor.dim(), 1)


def rows(tensors: Iterable[torch.Tensor], dim: int) -> str:
    """Dtypes of tensors whose extents along `dim` may differ from rank to rank, and how many
    elements there are before and after that."""
    described = []
    for tensor in tensors:
        at = dim_of(tensor, dim)
        extents = prod(tensor.shape[:at]), "_", prod(tensor.shape[at + 1 :])
        described.append(f"{dtype_words(tensor.dtype)}[{', '.join(map(str, extents))}] at {at}")
    return " ".join(described)
