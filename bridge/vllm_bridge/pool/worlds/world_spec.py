"""What a world is asked to be: the request, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta

from vllm_bridge._generated import control_pb2, pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.durations import from_duration, to_duration
from vllm_bridge.pool.launchers.protocol import WorldPlan
from vllm_bridge.pool.settings import DEFAULT_POOL, PoolSettings
from vllm_bridge.pool.settings.launch_options import BACKENDS, MP, RAY, LaunchOptions
from vllm_bridge.pool.settings.ray_options import RayOptions
from vllm_bridge.world_sizes import ARGUMENTS, WorldSizes

# Below the default timeout of calls, so that a collective can report a missing peer before its
# caller gives up.
DEFAULT_TIMEOUT = timedelta(seconds=110)
DEFAULT_BACKEND = "gloo"

# "gloo", "nccl", "cpu:gloo,cuda:nccl"
_BACKEND = re.compile(r"[a-z0-9_]+(:[a-z0-9_]+)?(,[a-z0-9_]+:[a-z0-9_]+)*")
_WORLD_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True)
class WorldSpec:
    """Sizes and settings of a world, all of them valid."""

    sizes: WorldSizes
    backend: str
    timeout: timedelta
    # Whether its collectives and point-to-point calls pass the gate.
    gate: bool = True
    pool_name: str = DEFAULT_POOL
    # The client it ends with; empty: none.
    client_id: str = ""
    # Whether its runs take no turns.
    concurrent: bool = False
    # Whether the others live on when a rank dies.
    keep: bool = False
    # Processes that are kept ready for its restarts.
    spare_ranks: int = 0
    # How its ranks are started.
    launch: LaunchOptions = field(default_factory=LaunchOptions)

    @property
    def world_size(self) -> int:
        """Number of ranks."""
        return self.sizes.world_size

    @classmethod
    def from_request(cls, request: pool_pb2.StartWorldRequest, settings: PoolSettings) -> WorldSpec:
        """Check everything before anything is started.

        Raises:
            BridgeError: category `validation`, naming the field, its value and the rule.
        """
        sizes = WorldSizes(**{name: _size(request, name) for name in ARGUMENTS})
        spec = cls(
            sizes,
            backend=_backend(request),
            timeout=_timeout(request),
            gate=request.gate if request.HasField("gate") else True,
            pool_name=request.pool_name or DEFAULT_POOL,
            client_id=request.client_id,
            concurrent=request.concurrent,
            keep=_on_failure(request) == pool_pb2.ON_FAILURE_KEEP,
            spare_ranks=request.spare_ranks,
            launch=_launch(request, settings),
        )
        if spec.world_size > settings.max_world_size:
            asked = ", ".join(f"{name}={size}" for name, size in sizes.named().items() if size != 1)
            raise invalid(
                "world_size",
                spec.world_size,
                f"is the product of the parallel sizes ({asked}) and may be at most "
                f"{settings.max_world_size} here; start the pool with a larger --max-world-size "
                '(in Elixir: `{Vllm.Bridge, args: ["--max-world-size", N]}`)',
            )
        if not 0 <= spec.spare_ranks <= spec.world_size:
            rule = f"must be 0 to {spec.world_size}, the number of ranks of the world"
            raise invalid("spare_ranks", spec.spare_ranks, rule)
        if spec.spare_ranks and spec.launch.distributed_executor_backend != MP:
            rule = (
                f"must be 0 with {spec.launch.distributed_executor_backend!r}: only {MP!r} keeps "
                "processes ready"
            )
            raise invalid("spare_ranks", spec.spare_ranks, rule)
        tensor, decode = sizes.tensor_parallel_size, sizes.decode_context_parallel_size
        if tensor % decode:
            raise invalid(
                "decode_context_parallel_size",
                decode,
                f"must divide tensor_parallel_size, which is {tensor}: decode context parallel "
                "groups are made of tensor parallel ranks",
            )
        return spec

    def plan(self, world_id: str, epoch: int, start_timeout: timedelta) -> WorldPlan:
        """What the launcher is asked for."""
        return WorldPlan(world_id, epoch, self.pool_name, self.sizes, start_timeout, self.launch)

    def assignment(
        self, world_id: str, epoch: int, rank: int, init_method: str
    ) -> control_pb2.WorldAssignment:
        """What one rank is told."""
        assignment = control_pb2.WorldAssignment(
            world_id=world_id,
            epoch=epoch,
            rank=rank,
            world_size=self.world_size,
            local_rank=rank,
            backend=self.backend,
            init_method=init_method,
            gate=self.gate,
            **self.sizes.named(),
        )
        assignment.timeout.CopyFrom(to_duration(self.timeout))
        return assignment


def check_world_id(world_id: str) -> None:
    """Raise unless this can name a world."""
    if not _WORLD_ID.fullmatch(world_id):
        rule = "must be 1 to 100 of the characters A-Z a-z 0-9 _ . -"
        raise invalid("world_id", world_id[:200], rule)


def invalid(field: str, value: object, rule: str) -> BridgeError:
    """The error for a value that breaks a rule."""
    return BridgeError(
        Category.VALIDATION,
        "invalid_argument",
        f"{field} is {value!r}; it {rule}",
        details={"field": field, "value": value},
    )


def _size(request: pool_pb2.StartWorldRequest, name: str) -> int:
    if not request.HasField(name):
        return 1
    size: int = getattr(request, name)
    if size < 1:
        raise invalid(name, size, "must be 1 or more")
    return size


def _backend(request: pool_pb2.StartWorldRequest) -> str:
    backend = request.backend or DEFAULT_BACKEND
    if not _BACKEND.fullmatch(backend):
        raise invalid("backend", backend, 'must be a torch.distributed backend, such as "gloo"')
    return backend


def _launch(request: pool_pb2.StartWorldRequest, settings: PoolSettings) -> LaunchOptions:
    backend = request.distributed_executor_backend or settings.distributed_executor_backend
    if backend not in BACKENDS:
        rule = f"must be one of {', '.join(BACKENDS)}"
        raise invalid("distributed_executor_backend", backend, rule)
    nnodes = request.nnodes or settings.nnodes
    if nnodes < 0:
        raise invalid("nnodes", nnodes, "must be 1 or more; 0: as many as there turn out to be")
    if nnodes > 1 and backend == MP:
        rule = (
            f'must be 1 with "{MP}", which forks all ranks on the pool\'s own host; "ray" and '
            '"external_launcher" place them on several'
        )
        raise invalid("nnodes", nnodes, rule)
    if backend != RAY and request.HasField("ray"):
        rule = f'must be "{RAY}" where options of `ray` are given, or leave those out'
        raise invalid("distributed_executor_backend", backend, rule)
    ray = RayOptions.from_message(request.ray, settings.ray).for_backend(_backend(request))
    return LaunchOptions(backend, nnodes, ray)


def _on_failure(request: pool_pb2.StartWorldRequest) -> pool_pb2.OnFailure:
    if request.on_failure not in pool_pb2.OnFailure.values():
        raise invalid("on_failure", request.on_failure, "must be FAIL (1) or KEEP (2)")
    return request.on_failure


def _timeout(request: pool_pb2.StartWorldRequest) -> timedelta:
    if not request.HasField("timeout"):
        return DEFAULT_TIMEOUT
    timeout = from_duration(request.timeout)
    if timeout <= timedelta(0):
        raise invalid("timeout", str(timeout), "must be more than 0")
    return timeout
