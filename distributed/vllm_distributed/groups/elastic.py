"""Other groups in the place of this process's, for a world that grows or shrinks."""

from __future__ import annotations

from dataclasses import replace

from vllm_distributed.errors import GroupNotInitializedError, InvalidTypeError
from vllm_distributed.groups.active import ModelParallel, active
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.topology import Topology

__all__ = ["replace_active_groups"]


def replace_active_groups(
    *,
    world: GroupCoordinator | None,
    dp: GroupCoordinator | None,
    ep: GroupCoordinator | None,
    eplb: GroupCoordinator | None,
    node_count: int | None,
) -> None:
    """Put other groups in the place of the current ones, and destroy those; None leaves none.

    For a world that grows or shrinks while it runs: the new groups, `StatelessGroupCoordinator`s
    as a rule, are made while the old ones live. The tensor, context and pipeline groups stay. A
    group that is passed and was current before stays too. The sizes known are brought up to date
    from `world` and `dp`; `node_count`, unless it is None, is what `get_node_count` returns
    from then on. Local to the process; every rank does it.
    Raises, and changes nothing: `InvalidTypeError`, `GroupNotInitializedError` before
    `initialize_model_parallel`, `ParallelSizeError` if the new sizes do not fit each other.
    """
    new = {"world": world, "dp": dp, "ep": ep, "eplb": eplb}
    for name, group in new.items():
        if group is not None and not isinstance(group, GroupCoordinator):
            raise InvalidTypeError(f"{name} must be a GroupCoordinator or None, got {group!r}")
    environment, model = active.environment, active.model
    if environment is None or model is None:
        raise GroupNotInitializedError(
            "there are no groups to replace: call init_distributed_environment() and then "
            "initialize_model_parallel() first, on every rank"
        )
    topology = model.topology
    if world is not None and dp is not None:
        topology = Topology(world.world_size, replace(topology.sizes, data=dp.world_size))
    old = {"world": active.world, **model.groups}
    groups = {name: group for name, group in {**old, **new}.items() if group is not None}
    active.world = groups.pop("world", None)
    active.model = ModelParallel(topology, groups)
    if node_count is not None:
        environment.node_count = node_count
    if ep is not None and dp is not None:
        ep._tokens.differ_over([group for group in (groups.get("pcp"), dp) if group is not None])
    kept = {id(group) for group in new.values()}
    for name in new:
        group = old.get(name)
        if group is not None and id(group) not in kept:
            group.destroy()
