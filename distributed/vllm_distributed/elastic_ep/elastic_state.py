"""One change of size, step by step, as each of its ranks goes through it."""

from __future__ import annotations

import enum
from datetime import timedelta
from typing import Literal, TypeAlias

from vllm_distributed.elastic_ep.standby_state import (
    create_standby_groups,
    drop_standby_groups,
    standby,
    take_standby_groups,
)
from vllm_distributed.errors import EnvironmentConflictError, InvalidArgumentError
from vllm_distributed.groups.active import active
from vllm_distributed.groups.model_parallel import destroy_model_parallel
from vllm_distributed.topology import ParallelSizes
from vllm_distributed.world.membership import destroy_distributed_environment

__all__ = [
    "ElasticEPScalingState",
    "EngineState",
    "ScaleDownRemainingEngineState",
    "ScaleDownRemovingEngineState",
    "ScaleUpExistingEngineState",
    "ScaleUpNewEngineState",
]

WorkerType: TypeAlias = Literal["existing", "new", "removing"]


class ScaleUpExistingEngineState(enum.IntEnum):
    """Of a rank that stays while others come."""

    PREPARE = 0
    COMMIT_SCALE_UP = 1
    COMPLETE = 2


class ScaleUpNewEngineState(enum.IntEnum):
    """Of a new rank."""

    PREPARE = 0
    COMMIT_SCALE_UP = 1
    COMPLETE = 2


class ScaleDownRemainingEngineState(enum.IntEnum):
    """Of a rank that stays while others go."""

    PREPARE = 0
    COMMIT_SCALE_DOWN = 1
    COMPLETE = 2


class ScaleDownRemovingEngineState(enum.IntEnum):
    """Of a rank that goes."""

    PREPARE = 0
    COMMIT_SCALE_DOWN = 1
    COMPLETE = 2


EngineState: TypeAlias = (
    ScaleUpExistingEngineState
    | ScaleUpNewEngineState
    | ScaleDownRemainingEngineState
    | ScaleDownRemovingEngineState
)

_STATES: dict[tuple[str, str], type[EngineState]] = {
    ("scale_up", "existing"): ScaleUpExistingEngineState,
    ("scale_up", "new"): ScaleUpNewEngineState,
    ("scale_down", "existing"): ScaleDownRemainingEngineState,
    ("scale_down", "removing"): ScaleDownRemovingEngineState,
}


class ElasticEPScalingState:
    """Brings this process from one data parallel size to another: `prepare`, then `commit` or
    `abort`. After vLLM's class of this name, without its engine.

    Every rank of the old size and of the new one has one. `prepare` makes the groups of the new
    size beside the old ones, which stay in use; `commit` is an agreement of all ranks of the larger
    of the two, and all go over or none does. Until then a rank that dies, or does not come in time,
    is an error on the others that names it, and they have the groups that they had.
    """

    def __init__(
        self,
        new_data_parallel_size: int,
        master_ip: str,
        coord_store_port: int,
        *,
        worker_type: WorkerType = "existing",
        scale_type: Literal["scale_up", "scale_down"] | None = None,
        rank: int | None = None,
        sizes: ParallelSizes | None = None,
        enable_eplb: bool = False,
        timeout: timedelta | None = None,
    ) -> None:
        """Say what is to change.

        `worker_type`: whether this process stays, is new (then `rank` is its number, and `sizes`
        how the model is laid out before), or is to go. Rank 0 listens at `coord_store_port` of
        `master_ip`. `scale_type` None: found out from the sizes. `enable_eplb` and `timeout` as of
        `create_standby_groups`.

        Raises `InvalidArgumentError` for a `worker_type` that does not go with the sizes, with the
        direction or with what this process has.
        """
        model, environment = active.model, active.environment
        if worker_type == "new" and (rank is None or sizes is None):
            raise InvalidArgumentError(
                "a new process says which rank it will be, and how a model is laid out: give rank "
                "and sizes"
            )
        if worker_type != "new" and (model is None or environment is None):
            raise InvalidArgumentError(
                f"worker_type={worker_type!r} is a process that has groups, and this one has none: "
                f"call initialize_model_parallel first, or say worker_type='new'",
                worker_type=worker_type,
            )
        layout = sizes if model is None or sizes is not None else model.topology.sizes
        if layout is None:
            raise InvalidArgumentError("give sizes", argument="sizes")
        if not isinstance(new_data_parallel_size, int) or new_data_parallel_size < 1:
            raise InvalidArgumentError(
                f"new_data_parallel_size must be an integer of at least 1, got "
                f"{new_data_parallel_size!r}",
                argument="new_data_parallel_size",
            )
        grows = new_data_parallel_size > layout.data
        found: Literal["scale_up", "scale_down"] = "scale_up" if grows else "scale_down"
        self.scale_type = scale_type or found
        self.worker_type = worker_type
        states = _STATES.get((self.scale_type, worker_type))
        if states is None or self.scale_type != found:
            raise InvalidArgumentError(
                f"worker_type={worker_type!r} does not go with scale_type={self.scale_type!r} and "
                f"a new size of {new_data_parallel_size}: ranks are new where it grows, and go "
                f"where it shrinks",
                worker_type=worker_type,
                scale_type=self.scale_type,
            )
        self.new_data_parallel_size = new_data_parallel_size
        self.new_world_size = layout.replica_size // layout.data * new_data_parallel_size
        self.commit_requested = False
        self.state: EngineState = states(0)
        self._states = states
        self._place = (master_ip, coord_store_port)
        self._rank, self._sizes = rank, sizes
        self._enable_eplb, self._timeout = enable_eplb, timeout

    def prepare(self) -> None:
        """Make the groups of the new size; a rank that goes makes none. Collective over the new
        ranks. Errors as of `create_standby_groups`; then `prepare` may be called again."""
        self._expect(0, "prepare")
        if self.worker_type != "removing":
            master_ip, port = self._place
            create_standby_groups(
                self.new_data_parallel_size,
                self.new_world_size,
                master_ip,
                port,
                enable_eplb=self._enable_eplb,
                rank=self._rank,
                sizes=self._sizes,
                timeout=self._timeout,
            )
        self.state = self._states(1)

    def commit(self) -> None:
        """Go over to the new groups, on all ranks or on none; a rank that goes has no groups then.
        Collective over the ranks of the larger of the two sizes.

        Raises `RollCallError`, which names the ranks that did not come, and what else the agreement
        raises: the new groups are destroyed then, and those before as they were.
        """
        self._expect(1, "commit")
        new = None if self.worker_type == "removing" else standby()
        environment = active.environment
        if self.scale_type == "scale_up" and new is not None:
            environment = new.environment
        if environment is None:
            raise EnvironmentConflictError("this process is in no world any more")
        try:
            environment.agreement.hold(
                "going over to other groups",
                {"data_parallel_size": self.new_data_parallel_size},
                {},
            )
        except BaseException:
            self.abort()
            raise
        if self.worker_type == "removing":
            destroy_model_parallel()
            destroy_distributed_environment()
        else:
            take_standby_groups().switch()
        self.state = self._states(2)

    def abort(self) -> None:
        """Drop the new groups; those before are as they were. Local: the others learn of it from
        their `commit`, at its deadline. Again, and before `prepare`: does nothing."""
        if not self.is_complete():
            drop_standby_groups()
            self.state = self._states(0)

    def progress(self) -> bool:
        """Do the next step: prepare, and commit once `commit_requested` is set. False where there
        is nothing to do yet. Source: vLLM."""
        if self.state == 0:
            self.prepare()
        elif self.state == 1:
            if not self.commit_requested:
                return False
            self.commit()
        return True

    def is_ready_for_switch(self) -> bool:
        """Whether this rank waits for `commit`."""
        return self.state == 1

    def is_complete(self) -> bool:
        """Whether it has gone over."""
        return self.state == 2

    def __repr__(self) -> str:
        return (
            f"<ElasticEPScalingState {self.scale_type} to {self.new_data_parallel_size}, "
            f"{self.worker_type}, {self.state.name}>"
        )

    def _expect(self, state: int, what: str) -> None:
        if self.state != state:
            raise EnvironmentConflictError(
                f"{what} comes after {'prepare' if state else 'nothing'}, and this change is at "
                f"{self.state.name}",
                state=self.state.name,
            )
