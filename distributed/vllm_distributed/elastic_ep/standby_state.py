"""The groups of another size that this process has made, until it goes over to them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from vllm_distributed.errors import (
    EnvironmentConflictError,
    InvalidArgumentError,
    InvalidTypeError,
)
from vllm_distributed.groups.active import active
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.topology import ParallelSizes
from vllm_distributed.world.standby import StandbyGroups
from vllm_distributed.world.standby import create_standby_groups as make

__all__ = [
    "create_standby_groups",
    "drop_standby_groups",
    "get_standby_dp_group",
    "get_standby_ep_group",
    "get_standby_eplb_group",
    "get_standby_world_group",
    "pop_standby_groups",
    "standby",
    "take_standby_groups",
]


@dataclass
class _State:
    groups: StandbyGroups | None = None


_state = _State()
# Popped ones: the new default group of torch's is theirs, and groups that were taken out of them
# need it.
_popped: list[StandbyGroups] = []


def standby() -> StandbyGroups | None:
    """Return what `create_standby_groups` has made."""
    return _state.groups


def get_standby_world_group() -> GroupCoordinator | None:
    """Return the group of all ranks of the new size; None where none was made. Local."""
    return _named("world")


def get_standby_dp_group() -> GroupCoordinator | None:
    """Return this rank's data parallel group of the new size; None where none was made. Local."""
    return _named("dp")


def get_standby_ep_group() -> GroupCoordinator | None:
    """Return this rank's expert parallel group of the new size; None where none was made. Local."""
    return _named("ep")


def get_standby_eplb_group() -> GroupCoordinator | None:
    """Return this rank's group for balancing experts of the new size; None where none was made, or
    it was made without. Local."""
    return _named("eplb")


def create_standby_groups(
    new_dp_size: int,
    new_world_size_across_dp: int,
    master_ip: str,
    coord_store_port: int,
    use_all2all: bool = True,
    enable_eplb: bool = False,
    backend: str | None = None,
    *,
    rank: int | None = None,
    new_ranks: Set[int] | None = None,
    sizes: ParallelSizes | None = None,
    timeout: timedelta | None = None,
) -> None:
    """Make the groups of another data parallel size beside those that there are. Source: vLLM.

    `new_world_size_across_dp` is the number of ranks then, all of which call this: those that stay
    with the number that they have, new processes with theirs in `rank`, and in `sizes` how the
    model is laid out before. `new_ranks` are the numbers of new processes; None: those from the
    size before on. Rank 0 listens at `coord_store_port` of `master_ip`. `backend` None is that of
    this world, or gloo; `use_all2all` is taken, as every group has what exchanges tokens. `timeout`
    is how long the others may take, and the new groups' calls; None: as in this world. Collective
    over the new ranks; what there is can be used meanwhile by other threads of the process, and is
    as it was if this fails.

    Raises:
        EnvironmentConflictError: there are standby groups already, or this process has other groups
            than it was started with.
        InvalidTypeError, InvalidArgumentError: sizes that are none or do not fit each other.
        RendezvousError, RollCallError: some ranks did not come; the details name them.
    """
    if _state.groups is not None:
        raise EnvironmentConflictError(
            "there are standby groups already: go over to them or drop them first, on every rank"
        )
    for name, value in (
        ("new_dp_size", new_dp_size),
        ("new_world_size_across_dp", new_world_size_across_dp),
        ("coord_store_port", coord_store_port),
    ):
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidTypeError(f"{name} must be an integer, got {value!r}", argument=name)
        if value < 1:
            raise InvalidArgumentError(
                f"{name} must be at least 1, got {value}", argument=name, value=value
            )
    environment, model = active.environment, active.model
    if rank is None:
        if environment is None:
            raise InvalidArgumentError(
                "a new process says which rank it will be: give rank, and sizes", argument="rank"
            )
        rank = environment.rank
    if sizes is None:
        if model is None:
            raise InvalidArgumentError(
                "a process without groups says how a model is laid out: give sizes",
                argument="sizes",
            )
        sizes = model.topology.sizes
    size = new_world_size_across_dp
    if not 0 <= rank < size:
        raise InvalidArgumentError(
            f"rank {rank} is not one of the {size} of the new size: it leaves, and makes no groups",
            rank=rank,
            size=size,
        )
    if new_ranks is None:
        before = sizes.replica_size if environment is None else environment.world_size
        new_ranks = set(range(before, size))
    _state.groups = make(
        size,
        rank,
        f"tcp://{master_ip}:{coord_store_port}",
        rank if environment is None else environment.local_rank,
        backend or ("gloo" if environment is None else environment.backend),
        timeout or (timedelta(seconds=300) if environment is None else environment.timeout),
        replace(sizes, data=new_dp_size),
        frozenset(new_ranks),
        balances_experts=enable_eplb,
    )


def pop_standby_groups() -> dict[str, Any]:
    """Return the standby groups by name (`world`, `dp`, `ep`, `eplb`), and `node_count`, and forget
    them: what `_replace_active_groups` takes. None for what there is not. Local. Source: vLLM.

    Torch's own default group stays that of this world then; `ElasticEPScalingState.commit` goes
    over to the new one as well, on all ranks or on none.
    """
    groups = _state.groups
    named = {name: _named(name) for name in ("world", "dp", "ep", "eplb")}
    _state.groups = None
    if groups is None:
        return {**named, "node_count": None}
    _popped.append(groups)
    return {**named, "node_count": groups.environment.node_count}


def drop_standby_groups() -> None:
    """Destroy the standby groups; what there is stays as it is. Local. Again: does nothing."""
    groups, _state.groups = _state.groups, None
    if groups is not None:
        groups.destroy()


def take_standby_groups() -> StandbyGroups:
    """Return the standby groups, and forget them.

    Raises `EnvironmentConflictError` where there are none.
    """
    groups, _state.groups = _state.groups, None
    if groups is None:
        raise EnvironmentConflictError(
            "there are no standby groups to go over to: call create_standby_groups first, on every "
            "rank of the new size"
        )
    return groups


def _named(name: str) -> GroupCoordinator | None:
    return None if _state.groups is None else _state.groups.groups.get(name)
