"""The fields of a ParallelConfig that rules and calls read, and the sizes and ports that follow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from vllm_distributed.config.data_parallel.ports import ReservedPorts
from vllm_distributed.config.eplb import EPLBConfig
from vllm_distributed.durations import of_seconds
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["ParallelFields"]

_LAST_PORT = 65535
_SEQUENCE_PARALLEL_BACKENDS = (
    "allgather_reducescatter",
    "naive",
    "deepep_high_throughput",
    "deepep_low_latency",
    "deepep_v2",
    "flashinfer_nvlink_one_sided",
    "passthrough",
    "mori_high_throughput",
    "mori_low_latency",
    "nixl_ep",
)
_BATCHED_BACKENDS = ("deepep_low_latency", "nixl_ep")


class _Hidden:
    """What a ParallelConfig knows besides its fields, and does not take along when pickled."""

    __slots__ = ("__weakref__", "_chosen_backend", "_groups_made", "_reserved_ports")
    _chosen_backend: object
    _groups_made: int
    _reserved_ports: ReservedPorts | None


class ParallelFields(_Hidden):
    """The base of `ParallelConfig`, which gives the fields their defaults, ranges and docs.

    Rules, the choice of an executor and the rendezvous of replicas take this class: they do not
    import the configuration.
    """

    pipeline_parallel_size: int
    tensor_parallel_size: int
    prefill_context_parallel_size: int
    decode_context_parallel_size: int
    world_size: int
    data_parallel_size: int
    data_parallel_size_local: int
    data_parallel_rank: int
    data_parallel_master_ip: str
    data_parallel_master_port: int
    data_parallel_backend: str
    data_parallel_external_lb: bool
    data_parallel_hybrid_lb: bool
    enable_expert_parallel: bool
    enable_eplb: bool
    eplb_config: EPLBConfig
    all2all_backend: str
    enable_dbo: bool
    ubatch_size: int
    dbo_decode_token_threshold: int
    dbo_prefill_token_threshold: int
    data_parallel_rank_local: int | None
    data_parallel_index: int
    enable_elastic_ep: bool
    elastic_ep_max_dp_size: int | None
    enable_fault_tolerance: bool
    dcp_comm_backend: str | None
    dcp_q_replicate: bool | None
    distributed_executor_backend: Any | None
    placement_group: Any | None
    ray_workers_use_nsight: bool
    nnodes: int
    node_rank: int
    numa_bind: bool
    numa_bind_nodes: list[int] | None
    numa_bind_cpus: list[str] | None
    dcp_kv_cache_interleave_size: int
    cp_kv_cache_interleave_size: int
    distributed_timeout_seconds: int | None
    cpu_distributed_timeout_seconds: int | None
    _data_parallel_master_port_list: list[int]
    _coord_store_port: int
    _api_process_count: int
    _api_process_rank: int

    @property
    def world_size_across_dp(self) -> int:
        """The ranks of all replicas."""
        return self._replica_size * self.data_parallel_size

    @property
    def use_ubatching(self) -> bool:
        """Whether batches are split into micro-batches."""
        return self.enable_dbo or self.ubatch_size > 1

    @property
    def num_ubatches(self) -> int:
        """Into how many micro-batches a batch is split."""
        return 2 if self.enable_dbo else self.ubatch_size

    @property
    def use_sequence_parallel_moe(self) -> bool:
        """Whether the ranks of a tensor parallel group share out the tokens before the experts.

        Attention leaves every token on each of them, and these all-to-all backends would carry and
        compute every copy.
        """
        return (
            self.all2all_backend in _SEQUENCE_PARALLEL_BACKENDS
            and self.enable_expert_parallel
            and self.tensor_parallel_size > 1
            and self.data_parallel_size > 1
        )

    @property
    def nnodes_within_dp(self) -> int:
        """The nodes that one replica spans.

        Raises:
            InvalidArgumentError: if `data_parallel_size_local` does not say how many replicas a
                node holds, or the nodes cannot be shared equally by the replicas.
        """
        within = self._nodes_within_replica
        if within is None:
            size, local = self.data_parallel_size, self.data_parallel_size_local
            raise InvalidArgumentError(
                f"nnodes={self.nnodes} cannot be shared equally by data_parallel_size={size} "
                f"replicas, data_parallel_size_local={local} of them together: set "
                f"data_parallel_size_local to the number of replicas on each node",
                nnodes=self.nnodes,
                data_parallel_size=size,
                data_parallel_size_local=local,
            )
        return within

    @property
    def node_rank_within_dp(self) -> int:
        """Which of the nodes of its replica this is."""
        return self.node_rank % self.nnodes_within_dp

    @property
    def local_world_size(self) -> int:
        """The ranks of one replica on one node."""
        return self.world_size // self.nnodes_within_dp

    @property
    def local_engines_only(self) -> bool:
        """Whether a client manages the engines of its own node only."""
        return self.data_parallel_external_lb or self.data_parallel_hybrid_lb

    @property
    def use_ray(self) -> bool:
        """Whether Ray starts the workers."""
        backend = self.distributed_executor_backend
        if isinstance(backend, type):  # a class that says so itself
            return bool(getattr(backend, "uses_ray", False))
        return bool(backend == "ray")

    @property
    def use_all2all(self) -> bool:
        """Whether tokens are exchanged between the ranks of the experts: these differ in what
        tokens they have."""
        return (
            self.data_parallel_size > 1
            or self.use_sequence_parallel_moe
            or (self.enable_expert_parallel and self.prefill_context_parallel_size > 1)
        )

    @property
    def use_batched_dp_moe(self) -> bool:
        """Whether the experts get their tokens in batches of one size each, as some all-to-all
        backends carry them."""
        return (
            self.all2all_backend in _BATCHED_BACKENDS
            and self.enable_expert_parallel
            and self.data_parallel_size > 1
        )

    @property
    def pcp_shard_decode_requests(self) -> bool:
        """Whether prefill context ranks can share out requests that decode: where each has the
        whole key-value cache, as no decode context parallelism cuts it up."""
        return self.prefill_context_parallel_size > 1 and self.decode_context_parallel_size == 1

    @property
    def cpu_distributed_timeout(self) -> timedelta | None:
        """`cpu_distributed_timeout_seconds` as a duration."""
        seconds = self.cpu_distributed_timeout_seconds
        return None if seconds is None else of_seconds(seconds)

    def set_dcp_defaults(self, comm_backend: str = "ag_rs", q_replicate: bool = False) -> None:
        """Set `dcp_comm_backend` and `dcp_q_replicate` where they are None: what a model prefers.

        Raises:
            ValidationError: for another `comm_backend` than `ag_rs` and `a2a`.
        """
        if self.dcp_comm_backend is None:
            self.dcp_comm_backend = comm_backend
        if self.dcp_q_replicate is None:
            self.dcp_q_replicate = q_replicate

    def get_local_gpu_index(self, local_rank: int, dp_local_rank: int | None = None) -> int:
        """Return which of this node's devices a worker has, counted among those that are visible.

        `local_rank` counts within the replica. Replicas that start on one node without Ray or an
        external launcher follow each other; `dp_local_rank` is which of them this is, by default
        `data_parallel_rank_local`, else `data_parallel_index`.

        Raises:
            InvalidTypeError, InvalidArgumentError: for what is no number of a rank.
        """
        for name, value in (("local_rank", local_rank), ("dp_local_rank", dp_local_rank)):
            if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
                raise InvalidTypeError(f"{name} must be an integer, got {value!r}", argument=name)
            if value is not None and value < 0:
                raise InvalidArgumentError(f"{name}={value} must not be negative", argument=name)
        elsewhere = self.distributed_executor_backend in ("ray", "external_launcher")
        if elsewhere or self.data_parallel_backend == "ray" or self.nnodes_within_dp > 1:
            return local_rank
        if dp_local_rank is None:
            dp_local_rank = self.data_parallel_rank_local
        if dp_local_rank is None:
            dp_local_rank = self.data_parallel_index
        return local_rank + dp_local_rank * self.world_size

    @property
    def _nodes_within_replica(self) -> int | None:
        """How many nodes one replica spans; None if the replicas cannot share the nodes."""
        if self.nnodes == 1:
            return 1
        local = self.data_parallel_size_local
        shares = self.data_parallel_size // local if local else 0
        if self.data_parallel_external_lb and shares:
            return max(self.nnodes // shares, 1)  # each replica says it is alone on its node
        return self.nnodes // shares if shares and self.nnodes % shares == 0 else None

    @property
    def _replica_size(self) -> int:
        return (
            self.pipeline_parallel_size
            * self.tensor_parallel_size
            * self.prefill_context_parallel_size
        )

    def _next_port(self) -> int:
        """Return the port that is next: see `ParallelConfig.get_next_dp_init_port`."""
        if self._data_parallel_master_port_list:
            return self._data_parallel_master_port_list.pop()
        port = self.data_parallel_master_port
        if port > _LAST_PORT:
            raise InvalidArgumentError(
                f"there is no port after {_LAST_PORT}: set data_parallel_master_port lower"
            )
        vars(self)["data_parallel_master_port"] = port + 1
        return port

    def _put_ports_back(self, ports: list[int]) -> None:
        """Return ports that nobody used, the first of them to be the next one."""
        self._data_parallel_master_port_list = [
            *self._data_parallel_master_port_list,
            *reversed(ports),
        ]

    def _next_group_number(self) -> int:
        number = self._groups_made
        object.__setattr__(self, "_groups_made", number + 1)
        return number
