"""Groups beside those of the model: coordinators that belong to their callers."""

from __future__ import annotations

from vllm_distributed.compat.backends import resolve_backend
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.groups.active import require_environment
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.topology import check_partition

__all__ = ["init_model_parallel_group", "init_world_group"]


def init_world_group(ranks: list[int], local_rank: int, backend: str) -> GroupCoordinator:
    """Return a new coordinator over `ranks`, which are all ranks of the world.

    For code that builds its own state; `init_distributed_environment` does this already. Collective
    over the world.

    Raises:
        As `init_model_parallel_group`.
    """
    environment, _ = require_environment("init_world_group")
    if ranks != list(range(environment.world_size)):
        raise InvalidArgumentError(
            f"init_world_group: ranks={ranks!r} must be all ranks of the world, ascending: "
            f"list(range({environment.world_size}))",
            ranks=repr(ranks),
            world_size=environment.world_size,
        )
    return init_model_parallel_group([ranks], local_rank, backend, group_name="world")


def init_model_parallel_group(
    group_ranks: list[list[int]],
    local_rank: int,
    backend: str,
    use_message_queue_broadcaster: bool = False,
    group_name: str | None = None,
    use_device_communicator: bool = True,
    use_all2all: bool = False,
) -> GroupCoordinator:
    """Return a new coordinator for the list of `group_ranks` that this process's rank is in.

    `group_ranks` is a partition of the world, the same on every rank. The caller owns the
    coordinator and destroys it. Collective over the world.

    Raises:
        EnvironmentNotInitializedError
        InvalidRankError: naming a rank that is in no list, in two, or not in the world.
        RollCallMismatchError: if ranks pass different partitions.
        RollCallTimeoutError: naming the ranks that do not come before the world's timeout.
    """
    environment, _ = require_environment("init_model_parallel_group")
    if not isinstance(group_ranks, list) or not all(isinstance(part, list) for part in group_ranks):
        raise InvalidTypeError(f"group_ranks must be a list of lists of ranks, got {group_ranks!r}")
    check_partition(group_ranks, environment.rank, environment.world_size)
    usable = resolve_backend(backend)
    environment.agree(
        "init_model_parallel_group",
        {"group_ranks": group_ranks, "group_name": group_name, "backend": usable},
    )
    return GroupCoordinator(
        group_ranks,
        local_rank,
        usable,
        use_device_communicator,
        use_message_queue_broadcaster,
        group_name,
        use_all2all,
    )
