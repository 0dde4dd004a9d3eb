"""The groups of a world that is to take the place of this one, made while this one lives.

A world that grows, shrinks, or gets a rank replaced is made a second time, beside the first, by the
ranks that stay and those that are new: another default group of torch's, and every group that has
other members than before. The groups that stay the same stay. Then all switch, or all destroy what
they have made, and until they switch nothing of the first world has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import replace
from datetime import timedelta

from vllm_distributed.bounded import watched
from vllm_distributed.compat.torch_internals import (
    DefaultGroup,
    next_group_number,
    set_next_group_number,
)
from vllm_distributed.errors import EnvironmentConflictError
from vllm_distributed.forks import keep_in_children
from vllm_distributed.groups.active import ModelParallel, active, destroy_groups
from vllm_distributed.groups.coordinator import GroupCoordinator, find_again, names_freed
from vllm_distributed.groups.model_parallel import make_model_group, model_partitions
from vllm_distributed.process_groups.making import set_world_making
from vllm_distributed.process_groups.timeouts import set_world_timeouts
from vllm_distributed.store.peers import peers_noted, set_peers_noted
from vllm_distributed.topology import GroupRanks, ParallelSizes, Topology
from vllm_distributed.world.environment import Environment, join

__all__ = ["StandbyGroups", "create_standby_groups"]

_WORLD = "world"


class StandbyGroups:
    """What `create_standby_groups` has made: `switch` to it, or `destroy` it."""

    def __init__(
        self,
        environment: Environment,
        default: DefaultGroup,
        topology: Topology,
        made: Mapping[str, GroupCoordinator],
        kept: Mapping[str, GroupCoordinator],
    ) -> None:
        self._environment, self._default, self._topology = environment, default, topology
        self._made, self._kept = made, kept
        self._peers = {group.unique_name: group for group in made.values()}
        noted = peers_noted()
        self._noted = {name: noted[name] for name in self._peers if name in noted}

    @property
    def made(self) -> list[str]:
        """The names of the groups that are new."""
        return [group.unique_name for group in self._made.values()]

    @property
    def groups(self) -> Mapping[str, GroupCoordinator]:
        """All groups of the new world by name, `world` among them: those that are new, and those
        that stay."""
        return {**self._kept, **self._made}

    @property
    def environment(self) -> Environment:
        """The new world."""
        return self._environment

    def switch(self) -> None:
        """Put them in the place of the current ones, and destroy those. Local to the process."""
        before = active.environment
        old = dict(active.model.groups) if active.model is not None else {}
        if active.world is not None:
            old[_WORLD] = active.world
        groups = {**self._kept, **self._made}
        world = groups.pop(_WORLD)
        self._default.switch()
        active.environment, active.world = self._environment, world
        active.model, active.inner_dp_world = ModelParallel(self._topology, groups), None
        self._environment.install()
        keep_in_children(self._environment)
        kept = {id(group) for group in self._kept.values()}
        destroy_groups({name: group for name, group in old.items() if id(group) not in kept})
        find_again(self._made.values())
        set_peers_noted({**peers_noted(), **self._noted})
        if "ep" in groups:
            groups["ep"]._tokens.differ_over([groups["pcp"], groups["dp"]])
        if before is not None:
            before.give_way(self._environment)
        self._default.end_other()

    def destroy(self) -> None:
        """Destroy them; the current ones are as they were. Local to the process."""
        noted = peers_noted()
        destroy_groups(self._made)
        set_peers_noted(noted)
        self._default.end_other()
        self._environment.give_up()


def create_standby_groups(
    world_size: int,
    rank: int,
    init_method: str,
    local_rank: int,
    backend: str,
    timeout: timedelta,
    sizes: ParallelSizes,
    new_ranks: Set[int],
    watch: Callable[[], None] | None = None,
    balances_experts: bool = False,
) -> StandbyGroups:
    """Return the groups of a world of these sizes, in which this process will be `rank`.

    `new_ranks` are the ranks that are not, or no longer, the processes of this world. A process
    that is in no world yet makes all groups. With `balances_experts` there is a second group of the
    experts' ranks, `eplb`. What `watch` raises ends the waits for the others.
    Collective over the new world. A call that fails leaves nothing behind.

    Raises:
        EnvironmentConflictError: this process is in another world, or in other groups, than it was
            started with.
        And as `init_distributed_environment` and `initialize_model_parallel`.
    """
    if rank not in new_ranks:
        _check_as_started(rank, sizes, balances_experts)
    topology = Topology(world_size, sizes)
    partitions = model_partitions(topology, has_experts=True, balances_experts=balances_experts)
    current = active.environment
    old = {} if active.model is None else dict(active.model.groups)
    kept = {
        name: group
        for name, group in old.items()
        if new_ranks.isdisjoint(group.ranks) and tuple(group.ranks) in partitions[name]
    }
    replaced = [group for name, group in old.items() if name not in kept]
    if active.world is not None:
        replaced.append(active.world)
    noted = peers_noted()
    default = DefaultGroup()
    made: dict[str, GroupCoordinator] = {}
    environment: Environment | None = None
    try:
        with watched(watch), names_freed(replaced), default.aside():
            environment = join(world_size, rank, init_method, local_rank, backend, timeout)
            with environment.making:
                made[_WORLD] = GroupCoordinator(
                    [list(range(world_size))],
                    environment.local_rank,
                    environment.backend,
                    use_device_communicator=True,
                    group_name=_WORLD,
                )
            making = environment.agree(
                "create_standby_groups",
                {**sizes.as_dict(), "new_ranks": sorted(new_ranks)},
            )
            with making:
                _make_others(environment, partitions, made, kept)
            standby = StandbyGroups(environment, default, topology, made, kept)
    except BaseException:
        destroy_groups(made)
        default.end_other()
        if environment is not None:
            environment.give_up()
        raise
    finally:
        set_peers_noted(noted)
        if current is not None:
            current.install()
        else:
            set_world_timeouts(None)
            set_world_making(None)
    return standby


def _make_others(
    environment: Environment,
    partitions: Mapping[str, GroupRanks],
    made: dict[str, GroupCoordinator],
    kept: Mapping[str, GroupCoordinator],
) -> None:
    """Make the groups that are not kept. Those who keep one make no group of torch's for it, so
    torch's own numbers are set again for each."""
    number, most = next_group_number(), 4 * environment.world_size
    for name, partition in partitions.items():
        set_next_group_number(number)
        number += most
        if name not in kept:
            made[name] = make_model_group(
                name, partition, environment.local_rank, environment.backend
            )
    set_next_group_number(number)


def _check_as_started(rank: int, sizes: ParallelSizes, balances_experts: bool) -> None:
    environment, model = active.environment, active.model
    remedy = "undo that, on every rank, or restart the world with the new size"
    if environment is None or environment.adopted or model is None or environment.rank != rank:
        raise EnvironmentConflictError(
            f"rank {rank} is not in the world and the groups that it was started with: its own "
            f"calls have left them, or destroyed them: {remedy}"
        )
    wanted = replace(sizes, data=model.topology.sizes.data)
    names = model_partitions(model.topology, has_experts=True, balances_experts=balances_experts)
    if model.topology.sizes != wanted or set(model.groups) != set(names):
        raise EnvironmentConflictError(
            f"rank {rank} has other groups than it was started with ("
            f"{model.topology.sizes.describe()}; {', '.join(model.groups)}): {remedy}",
            existing=model.topology.sizes.as_dict(),
            wanted=sizes.as_dict(),
        )
