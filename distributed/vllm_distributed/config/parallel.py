"""ParallelConfig: how a model is laid out over processes, and where they meet."""

from __future__ import annotations

import os
from typing import Annotated, Any, ClassVar, Literal, overload

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs
from torch.distributed import ProcessGroup
from typing_extensions import Self

from vllm_distributed.arguments import check_switch
from vllm_distributed.config.data_parallel import sync
from vllm_distributed.config.data_parallel.environment import (
    external_launcher_rank,
    settings_from_environment,
)
from vllm_distributed.config.data_parallel.ports import ReservedPorts
from vllm_distributed.config.eplb import EPLBConfig
from vllm_distributed.config.fault_tolerance import FaultToleranceConfig
from vllm_distributed.config.fields import ParallelFields
from vllm_distributed.config.hashing import hash_of
from vllm_distributed.config.kinds import (
    All2AllBackend,
    AtLeastOne,
    CPUList,
    DataParallelBackend,
    DCPCommBackend,
    ExpertPlacementStrategy,
    NotNegative,
    Port,
    choices_of,
)
from vllm_distributed.config.platform import choose_executor
from vllm_distributed.config.rules import breaches
from vllm_distributed.config.settings import SETTINGS, Breach, refuse, undoes_refused_assignments
from vllm_distributed.errors import InvalidArgumentError
from vllm_distributed.logger import logger

__all__ = ["ParallelConfig"]

_PORTS_TO_RESERVE = 5


@undoes_refused_assignments("world_size")
@dataclass(config=SETTINGS)
class ParallelConfig(ParallelFields):
    """How a model is laid out over processes, and where they meet.

    A size of data parallelism that is not given is taken from VLLM_DP_SIZE, VLLM_DP_RANK,
    VLLM_DP_RANK_LOCAL, VLLM_DP_MASTER_IP and VLLM_DP_MASTER_PORT, if VLLM_DP_SIZE is set.

    Python:
        An assignment is checked as well: a refused one changes nothing. Derived fields
        (`world_size`, a backend that was not given) follow. The error is pydantic's, a
        `ValueError`.

    Raises:
        ValidationError: naming field, value and rule, for a value out of range, an unknown field or
            a broken rule between fields.

    >>> config = ParallelConfig(tensor_parallel_size=2, pipeline_parallel_size=4)
    >>> config.world_size
    8
    """

    pipeline_parallel_size: AtLeastOne = 1
    """Into how many stages the layers are split."""
    tensor_parallel_size: AtLeastOne = 1
    """Into how many shards each layer is split."""
    prefill_context_parallel_size: AtLeastOne = 1
    """Over how many ranks the tokens of one prefill are shared out."""
    data_parallel_size: AtLeastOne = 1
    """How many replicas there are. Experts are spread over tensor x data parallel ranks."""
    data_parallel_size_local: NotNegative = 1
    """How many of the replicas are on this node. 0: data parallelism was given elsewhere, and the
    environment is not asked."""
    data_parallel_rank: NotNegative = 0
    """Which replica this is."""
    data_parallel_rank_local: NotNegative | None = None
    """Which replica of its node this is, where each rank is started as a program of its own."""
    data_parallel_master_ip: str = "127.0.0.1"
    """The address at which replicas meet."""
    data_parallel_rpc_port: Port = 29550
    """The port for messages between replicas."""
    data_parallel_master_port: Port = 29500
    """The port at which replicas meet next. If it is not given and there are several replicas, one
    of those that `get_next_dp_init_port` is about."""
    data_parallel_backend: DataParallelBackend = "mp"
    """What starts the replicas: `mp` or `ray`."""
    data_parallel_external_lb: bool = False
    """Whether something outside shares requests out over all replicas, each with a server."""
    data_parallel_hybrid_lb: bool = False
    """Whether something outside shares requests out over nodes, and each node over its replicas."""
    is_moe_model: bool | None = None
    """Whether the model is a mixture of experts, if that is known. False: no expert group."""
    enable_expert_parallel: bool = False
    """Whether whole experts are spread over ranks, in place of shards of every expert."""
    enable_ep_weight_filter: bool = False
    """Whether a rank reads only the weights of its own experts from disk."""
    enable_eplb: bool = False
    """Whether the load of experts is balanced."""
    eplb_config: EPLBConfig = Field(default_factory=EPLBConfig)
    """How the load of experts is balanced."""
    enable_elastic_ep: bool = False
    """Whether ranks can join and leave, with stateless groups for data and experts."""
    expert_placement_strategy: ExpertPlacementStrategy = "linear"
    """Which experts a rank holds, of 4 over 2 ranks: `linear` 0, 1 and 2, 3; `round_robin` 0, 2
    and 1, 3."""
    all2all_backend: All2AllBackend = "allgather_reducescatter"
    """What carries tokens to the ranks of their experts and back."""
    max_parallel_loading_workers: AtLeastOne | None = None
    """How many workers load weights at the same time."""
    disable_custom_all_reduce: bool = False
    """Whether the optimised all-reduce is left out. True on several nodes, whatever is set."""
    enable_dbo: bool = False
    """Whether a batch is run as two that overlap."""
    ubatch_size: NotNegative = 0
    """Into how many micro-batches a batch is split."""
    dbo_decode_token_threshold: NotNegative = 32
    """With how many tokens a batch of decodes only is split."""
    dbo_prefill_token_threshold: NotNegative = 512
    """With how many tokens a batch with prefills is split."""
    disable_nccl_for_dp_synchronization: bool | None = None
    """Whether replicas synchronise over gloo in place of NCCL. None: not decided yet."""
    ray_workers_use_nsight: bool = False
    """Whether workers that Ray started are profiled."""
    ray_runtime_env: Any | None = None
    """Ray's runtime environment of the workers."""
    placement_group: Any | None = None
    """Ray's placement group of the workers."""
    distributed_executor_backend: Any | None = None
    """What starts the workers: `uni` (this process), `mp`, `ray`, `external_launcher` (torchrun
    and its like), an executor class or the import path of one. None: chosen, see `world_size`."""
    worker_cls: str = "auto"
    """The name of the worker's class."""
    sd_worker_cls: str = "auto"
    """The name of the class of the worker for speculative decoding."""
    worker_extension_cls: str = ""
    """The name of a class that the worker's class inherits besides."""
    master_addr: str = "127.0.0.1"
    """Where the ranks of several nodes meet."""
    master_port: Port = 29501
    """The port at which the ranks of several nodes meet."""
    node_rank: NotNegative = 0
    """Which node this is."""
    nnodes: AtLeastOne = 1
    """How many nodes there are. Divides the number of ranks."""
    numa_bind: bool = False
    """Whether workers are bound to the NUMA nodes of their devices."""
    numa_bind_nodes: list[NotNegative] | None = None
    """The NUMA node for each worker. None: the one its device is on."""
    numa_bind_cpus: list[CPUList] | None = None
    """The CPUs for each worker, such as `0-3` or `0,2,4-7`. None: those of its NUMA node."""
    distributed_timeout_seconds: AtLeastOne | None = None
    """How long joining the world and operations of its groups may take. None: torch's default.
    A timeout passed to `init_distributed_environment` counts in place of this and the next one."""
    cpu_distributed_timeout_seconds: AtLeastOne | None = None
    """How long barriers and the exchange of objects may take, through shared memory or over
    `GroupCoordinator.cpu_group`, and whatever else goes over that group.
    None: `distributed_timeout_seconds`. If only this is given, it is for all that is on the CPU."""
    world_size: int = Field(init=False)
    """The ranks of one replica: pipeline x tensor x prefill context parallel size. Under
    `external_launcher` those of all replicas. Follows from other fields."""
    rank: NotNegative = 0
    """This process's rank."""
    _data_parallel_master_port_list: list[Port] = Field(default_factory=list)
    """Ports for `get_next_dp_init_port`, the next one last."""
    _coord_store_port: Port = 0
    """The port, at `data_parallel_master_ip`, of a store through which ranks tell each other the
    ports they chose. 0: there is none."""
    decode_context_parallel_size: AtLeastOne = 1
    """Into how many parts each tensor parallel group is split for decoding."""
    dcp_comm_backend: DCPCommBackend | None = None
    """How decode context ranks combine: `ag_rs` all-gather and reduce-scatter, `a2a` all-to-all.
    None: what the model prefers, see `set_dcp_defaults`."""
    dcp_kv_cache_interleave_size: AtLeastOne = 1
    """The older name of `cp_kv_cache_interleave_size`."""
    cp_kv_cache_interleave_size: AtLeastOne = 1
    """How many tokens in a row a context parallel rank stores before it is the next one's turn."""
    data_parallel_index: int = Field(init=False)
    """The `data_parallel_rank` at first, which does not follow it when that is assigned."""
    _api_process_count: AtLeastOne = 1
    """How many API server processes there are."""
    _api_process_rank: Annotated[int, Field(ge=-1)] = 0
    """Which API server process this is; -1 in an engine."""
    dp_sync_interval: AtLeastOne = 16
    """After how many steps replicas tell each other again whether they have finished. The same on
    all."""
    enable_hc_sp: bool = False
    """Whether tensor parallel ranks share out the tokens of hyper-connections."""
    enable_batch_sharded_sampling: bool | None = None
    """Whether each tensor parallel rank samples a part of the batch. None: not decided yet."""
    enable_shm_tensor_arena: bool = False
    """Whether large tensors from an engine to its workers lie once in shared memory, in place of a
    copy for each."""
    elastic_ep_max_dp_size: AtLeastOne | None = None
    """How many replicas there may be in time, with `enable_elastic_ep`. Otherwise, and where it is
    not given, `data_parallel_size`."""
    assigned_physical_gpu_ids: list[NotNegative] | None = None
    """The machine's number of each of this configuration's devices. None: those that are visible,
    in order."""
    dcp_q_replicate: bool | None = None
    """Whether each decode context rank computes the queries of its whole group, so that they need
    not be gathered. None: what the model prefers."""
    _allow_auto_resolve_cp_interleave_size: bool = True
    """Whether a transfer of the key-value cache may choose `cp_kv_cache_interleave_size`."""
    enable_fault_tolerance: bool = False
    """Whether an engine that failed waits for instructions."""
    fault_tolerance_config: FaultToleranceConfig = Field(default_factory=FaultToleranceConfig)
    """What it does meanwhile."""

    # Checks and calls

    def check_kv_cache_block_size(self, block_size: int) -> None:
        """Check that blocks of the key-value cache hold whole runs of interleaved tokens.

        Raises:
            InvalidArgumentError: unless `cp_kv_cache_interleave_size` divides `block_size`.
        """
        interleave = self.cp_kv_cache_interleave_size
        if not isinstance(block_size, int) or block_size < 1 or block_size % interleave != 0:
            raise InvalidArgumentError(
                f"block_size={block_size} must be a multiple of "
                f"cp_kv_cache_interleave_size={interleave}",
                block_size=block_size,
                cp_kv_cache_interleave_size=interleave,
            )

    def reconfigure_for_independent_dp_rank(self) -> None:
        """Make this the configuration of one replica that knows nothing of the others.

        For replicas of a dense model, which exchange nothing: one replica, rank 0, on its own
        nodes. `data_parallel_index` still says which of them it was.
        """
        nodes, node_rank = self.nnodes_within_dp, self.node_rank_within_dp
        vars(self).update(
            data_parallel_size=1,
            data_parallel_size_local=1,
            data_parallel_rank=0,
            data_parallel_external_lb=False,
            nnodes=nodes,
            node_rank=node_rank,
        )
        self._check_rules()

    def compute_hash(self) -> str:
        """Return a SHA-256, in hexadecimal, that is equal where the computation graph is.

        The same in every process. Replicas whose hashes differ must not run together: they would
        not make the same collectives.
        """
        return hash_of(vars(self))

    def get_next_dp_init_port(self) -> int:
        """Return the port for the next group between replicas; each is returned once.

        First those that were reserved when the configuration was made, then
        `data_parallel_master_port` and what follows it. Processes that hold copies of one
        configuration get the same ports if they ask as often.

        Raises:
            InvalidArgumentError: when there are no more.
        """
        return self._next_port()

    @overload
    def stateless_init_dp_group(self, return_store: Literal[False] = False) -> ProcessGroup: ...
    @overload
    def stateless_init_dp_group(self, return_store: Literal[True]) -> tuple[ProcessGroup, Any]: ...
    def stateless_init_dp_group(  # type: ignore[misc]  # a group to all others
        self, return_store: bool = False
    ) -> ProcessGroup:
        """Return a new gloo group of one rank per replica, outside of torch's world.

        `data_parallel_rank` of `data_parallel_size`, at `data_parallel_master_ip`. Where a port is
        taken by somebody else, all ranks go on to the next one. Collective over one process of each
        replica. With `return_store`, for Python alone, (group, store) is returned.

        Raises:
            RendezvousError: if none of five is free.
            RendezvousTimeoutError: naming the ranks that did not come, after
                `cpu_distributed_timeout_seconds`, else `distributed_timeout_seconds`, else 300
                seconds.
        """
        from vllm_distributed.config.data_parallel.rendezvous import make_dp_group

        check_switch("return_store", return_store)
        group, store = make_dp_group(self)
        made: Any = (group, store) if return_store else group
        return made  # type: ignore[no-any-return]

    @staticmethod
    def has_unfinished_dp(dp_group: ProcessGroup, has_unfinished: bool) -> bool:
        """Return whether any rank of `dp_group` has unfinished work.

        Collective over `dp_group`.

        Raises:
            CollectiveError: if a peer is gone.
        """
        return sync.has_unfinished(dp_group, has_unfinished)

    @staticmethod
    def sync_kv_cache_memory_size(dp_group: ProcessGroup, kv_cache_memory: int) -> int:
        """Return the least of the ranks' sizes, in bytes; -1 is no limit, and given if none has.

        Collective over `dp_group`.

        Raises:
            CollectiveError: if a peer is gone.
        """
        return sync.smallest_kv_cache_memory(dp_group, kv_cache_memory)

    @staticmethod
    def sync_dp_state(
        dp_group: ProcessGroup, has_unfinished: bool, pending_pause: bool
    ) -> tuple[bool, bool]:
        """Return (whether the replicas must go on stepping, whether all of them want to pause).

        They go on while any has unfinished work, and while some but not all want to pause. One
        small all-reduce. Collective over `dp_group`.

        Raises:
            CollectiveError: if a peer is gone.
        """
        return sync.sync_state(dp_group, has_unfinished, pending_pause)

    # Construction and assignment

    @model_validator(mode="before")
    @classmethod
    def _keep_a_given_port(cls, given: Any) -> Any:
        """A port that the caller names is the first of the list, so that none is made up."""
        if not isinstance(given, ArgsKwargs):  # an assignment
            return given
        values = dict(given.kwargs or {})
        port = values.get("data_parallel_master_port")
        listed = values.get("_data_parallel_master_port_list", [])
        if isinstance(port, (int, str)) and isinstance(listed, list):
            values["_data_parallel_master_port_list"] = [*listed, port]
        return ArgsKwargs(given.args, values)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_chosen_backend", None)
        object.__setattr__(self, "_groups_made", 0)
        object.__setattr__(self, "_reserved_ports", None)
        values = vars(self)
        named = bool(self._data_parallel_master_port_list)
        if self.data_parallel_size == 1 and self.data_parallel_size_local != 0:
            from_environment = settings_from_environment()
            values.update(from_environment)
            named = named or "data_parallel_master_port" in from_environment
            self._refuse_useless_replicas()
        if self.dcp_kv_cache_interleave_size > 1 and self.cp_kv_cache_interleave_size == 1:
            values["cp_kv_cache_interleave_size"] = self.dcp_kv_cache_interleave_size
        self._take_all2all_backend_from_environment()
        if self.distributed_executor_backend == "external_launcher" and self.data_parallel_size > 1:
            values["data_parallel_rank"] = external_launcher_rank(
                self._replica_size, self.data_parallel_size
            )
        values["data_parallel_index"] = self.data_parallel_rank
        self._check_rules()
        if self.max_parallel_loading_workers is not None:
            logger.warning("max_parallel_loading_workers is not supported and has no effect")
        if self.data_parallel_size > 1 and not named:
            self._reserve_ports()
        if self._data_parallel_master_port_list:
            values["data_parallel_master_port"] = self._data_parallel_master_port_list.pop()

    _is_assigned_in_steps: ClassVar[bool] = False
    """Whether fields are assigned one after another, and rules between them hold only in the end:
    as vLLM does. They are then checked when a configuration is made, and no more."""

    @model_validator(mode="after")
    def _hold_rules(self) -> Self:
        self._check_rules(self._is_assigned_in_steps)
        return self

    def _check_rules(self, is_partly_assigned: bool = False) -> None:
        """Derive what follows from other fields, then refuse a configuration that breaks a rule."""
        values = vars(self)
        launched = self.distributed_executor_backend == "external_launcher"
        size = self._replica_size * (self.data_parallel_size if launched else 1)
        values["world_size"] = size
        if not self.enable_elastic_ep or self.elastic_ep_max_dp_size is None:
            values["elastic_ep_max_dp_size"] = self.data_parallel_size
        backend = self.distributed_executor_backend
        if backend is None or backend == self._chosen_backend:
            try:
                backend = choose_executor(self)
            except InvalidArgumentError as error:
                refuse("ParallelConfig", [Breach("world_size", size, str(error))])
            values["distributed_executor_backend"] = backend
            chosen = backend
        else:
            chosen = None
        if self.nnodes > 1:
            values["disable_custom_all_reduce"] = True
        if os.environ.get("VLLM_BATCH_INVARIANT", "0") not in ("", "0"):
            # The optimised all-reduce sums in an order that depends on the size of the batch.
            values["disable_custom_all_reduce"] = True
        if not is_partly_assigned:
            refuse("ParallelConfig", breaches(self))
        self.eplb_config._owned_by(self)
        object.__setattr__(self, "_chosen_backend", chosen)

    def _refuse_useless_replicas(self) -> None:
        if self.data_parallel_size > 1 and self.is_moe_model is False:
            why = (
                f"data_parallel_size={self.data_parallel_size}, of VLLM_DP_SIZE, is of no use to a "
                f"dense model (is_moe_model=False): start independent processes without it"
            )
            refuse("ParallelConfig", [Breach("data_parallel_size", self.data_parallel_size, why)])

    def _take_all2all_backend_from_environment(self) -> None:
        backend = os.environ.get("VLLM_ALL2ALL_BACKEND")
        if not backend:
            return
        known = choices_of(All2AllBackend)
        if backend not in known:
            raise InvalidArgumentError(
                f"environment variable VLLM_ALL2ALL_BACKEND={backend!r} is not one of "
                f"{', '.join(known)}",
                variable="VLLM_ALL2ALL_BACKEND",
            )
        if self.all2all_backend == "allgather_reducescatter":  # not given
            vars(self)["all2all_backend"] = backend

    def _reserve_ports(self) -> None:
        reserved = ReservedPorts(self.data_parallel_master_ip, _PORTS_TO_RESERVE)
        object.__setattr__(self, "_reserved_ports", reserved)
        vars(self)["_data_parallel_master_port_list"] = list(reserved.ports)

    def __getstate__(self) -> dict[str, Any]:
        hidden = {"_chosen_backend": self._chosen_backend, "_groups_made": self._groups_made}
        return {"fields": dict(vars(self)), "hidden": hidden}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state["fields"])
        for name, value in {**state["hidden"], "_reserved_ports": None}.items():
            object.__setattr__(self, name, value)
        self.eplb_config._owned_by(self)
