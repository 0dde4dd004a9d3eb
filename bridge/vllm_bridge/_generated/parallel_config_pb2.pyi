# Generated from proto/vllm/distributed/v1/parallel_config.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from vllm_bridge._generated import types_pb2 as _types_pb2
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ParallelConfigNewRequest(_message.Message):
    __slots__ = ("pipeline_parallel_size", "tensor_parallel_size", "prefill_context_parallel_size", "data_parallel_size", "data_parallel_size_local", "data_parallel_rank", "data_parallel_rank_local", "data_parallel_master_ip", "data_parallel_rpc_port", "data_parallel_master_port", "data_parallel_backend", "data_parallel_external_lb", "data_parallel_hybrid_lb", "is_moe_model", "enable_expert_parallel", "enable_ep_weight_filter", "enable_eplb", "eplb_config", "enable_elastic_ep", "expert_placement_strategy", "all2all_backend", "max_parallel_loading_workers", "disable_custom_all_reduce", "enable_dbo", "ubatch_size", "dbo_decode_token_threshold", "dbo_prefill_token_threshold", "disable_nccl_for_dp_synchronization", "ray_workers_use_nsight", "ray_runtime_env", "placement_group", "distributed_executor_backend", "worker_cls", "sd_worker_cls", "worker_extension_cls", "master_addr", "master_port", "node_rank", "nnodes", "numa_bind", "numa_bind_nodes", "numa_bind_cpus", "distributed_timeout_seconds", "cpu_distributed_timeout_seconds", "rank", "_data_parallel_master_port_list", "_coord_store_port", "decode_context_parallel_size", "dcp_comm_backend", "dcp_kv_cache_interleave_size", "cp_kv_cache_interleave_size", "_api_process_count", "_api_process_rank", "dp_sync_interval", "enable_hc_sp", "enable_batch_sharded_sampling", "enable_shm_tensor_arena", "elastic_ep_max_dp_size", "assigned_physical_gpu_ids", "dcp_q_replicate", "_allow_auto_resolve_cp_interleave_size", "enable_fault_tolerance", "fault_tolerance_config")
    PIPELINE_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    TENSOR_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_LOCAL_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_RANK_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_RANK_LOCAL_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_MASTER_IP_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_RPC_PORT_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_MASTER_PORT_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_BACKEND_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_EXTERNAL_LB_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_HYBRID_LB_FIELD_NUMBER: _ClassVar[int]
    IS_MOE_MODEL_FIELD_NUMBER: _ClassVar[int]
    ENABLE_EXPERT_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    ENABLE_EP_WEIGHT_FILTER_FIELD_NUMBER: _ClassVar[int]
    ENABLE_EPLB_FIELD_NUMBER: _ClassVar[int]
    EPLB_CONFIG_FIELD_NUMBER: _ClassVar[int]
    ENABLE_ELASTIC_EP_FIELD_NUMBER: _ClassVar[int]
    EXPERT_PLACEMENT_STRATEGY_FIELD_NUMBER: _ClassVar[int]
    ALL2ALL_BACKEND_FIELD_NUMBER: _ClassVar[int]
    MAX_PARALLEL_LOADING_WORKERS_FIELD_NUMBER: _ClassVar[int]
    DISABLE_CUSTOM_ALL_REDUCE_FIELD_NUMBER: _ClassVar[int]
    ENABLE_DBO_FIELD_NUMBER: _ClassVar[int]
    UBATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    DBO_DECODE_TOKEN_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    DBO_PREFILL_TOKEN_THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    DISABLE_NCCL_FOR_DP_SYNCHRONIZATION_FIELD_NUMBER: _ClassVar[int]
    RAY_WORKERS_USE_NSIGHT_FIELD_NUMBER: _ClassVar[int]
    RAY_RUNTIME_ENV_FIELD_NUMBER: _ClassVar[int]
    PLACEMENT_GROUP_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTED_EXECUTOR_BACKEND_FIELD_NUMBER: _ClassVar[int]
    WORKER_CLS_FIELD_NUMBER: _ClassVar[int]
    SD_WORKER_CLS_FIELD_NUMBER: _ClassVar[int]
    WORKER_EXTENSION_CLS_FIELD_NUMBER: _ClassVar[int]
    MASTER_ADDR_FIELD_NUMBER: _ClassVar[int]
    MASTER_PORT_FIELD_NUMBER: _ClassVar[int]
    NODE_RANK_FIELD_NUMBER: _ClassVar[int]
    NNODES_FIELD_NUMBER: _ClassVar[int]
    NUMA_BIND_FIELD_NUMBER: _ClassVar[int]
    NUMA_BIND_NODES_FIELD_NUMBER: _ClassVar[int]
    NUMA_BIND_CPUS_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTED_TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    CPU_DISTRIBUTED_TIMEOUT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    _DATA_PARALLEL_MASTER_PORT_LIST_FIELD_NUMBER: _ClassVar[int]
    _COORD_STORE_PORT_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DCP_COMM_BACKEND_FIELD_NUMBER: _ClassVar[int]
    DCP_KV_CACHE_INTERLEAVE_SIZE_FIELD_NUMBER: _ClassVar[int]
    CP_KV_CACHE_INTERLEAVE_SIZE_FIELD_NUMBER: _ClassVar[int]
    _API_PROCESS_COUNT_FIELD_NUMBER: _ClassVar[int]
    _API_PROCESS_RANK_FIELD_NUMBER: _ClassVar[int]
    DP_SYNC_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    ENABLE_HC_SP_FIELD_NUMBER: _ClassVar[int]
    ENABLE_BATCH_SHARDED_SAMPLING_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SHM_TENSOR_ARENA_FIELD_NUMBER: _ClassVar[int]
    ELASTIC_EP_MAX_DP_SIZE_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_PHYSICAL_GPU_IDS_FIELD_NUMBER: _ClassVar[int]
    DCP_Q_REPLICATE_FIELD_NUMBER: _ClassVar[int]
    _ALLOW_AUTO_RESOLVE_CP_INTERLEAVE_SIZE_FIELD_NUMBER: _ClassVar[int]
    ENABLE_FAULT_TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    FAULT_TOLERANCE_CONFIG_FIELD_NUMBER: _ClassVar[int]
    pipeline_parallel_size: int
    tensor_parallel_size: int
    prefill_context_parallel_size: int
    data_parallel_size: int
    data_parallel_size_local: int
    data_parallel_rank: int
    data_parallel_rank_local: int
    data_parallel_master_ip: str
    data_parallel_rpc_port: int
    data_parallel_master_port: int
    data_parallel_backend: str
    data_parallel_external_lb: bool
    data_parallel_hybrid_lb: bool
    is_moe_model: bool
    enable_expert_parallel: bool
    enable_ep_weight_filter: bool
    enable_eplb: bool
    eplb_config: _objects_pb2.EPLBConfigObject
    enable_elastic_ep: bool
    expert_placement_strategy: str
    all2all_backend: str
    max_parallel_loading_workers: int
    disable_custom_all_reduce: bool
    enable_dbo: bool
    ubatch_size: int
    dbo_decode_token_threshold: int
    dbo_prefill_token_threshold: int
    disable_nccl_for_dp_synchronization: bool
    ray_workers_use_nsight: bool
    ray_runtime_env: _types_pb2.Term
    placement_group: _types_pb2.Term
    distributed_executor_backend: _types_pb2.Term
    worker_cls: str
    sd_worker_cls: str
    worker_extension_cls: str
    master_addr: str
    master_port: int
    node_rank: int
    nnodes: int
    numa_bind: bool
    numa_bind_nodes: _types_pb2.Int64List
    numa_bind_cpus: _types_pb2.StringList
    distributed_timeout_seconds: int
    cpu_distributed_timeout_seconds: int
    rank: int
    _data_parallel_master_port_list: _types_pb2.Int64List
    _coord_store_port: int
    decode_context_parallel_size: int
    dcp_comm_backend: str
    dcp_kv_cache_interleave_size: int
    cp_kv_cache_interleave_size: int
    _api_process_count: int
    _api_process_rank: int
    dp_sync_interval: int
    enable_hc_sp: bool
    enable_batch_sharded_sampling: bool
    enable_shm_tensor_arena: bool
    elastic_ep_max_dp_size: int
    assigned_physical_gpu_ids: _types_pb2.Int64List
    dcp_q_replicate: bool
    _allow_auto_resolve_cp_interleave_size: bool
    enable_fault_tolerance: bool
    fault_tolerance_config: _objects_pb2.FaultToleranceConfigObject
    def __init__(self, pipeline_parallel_size: _Optional[int] = ..., tensor_parallel_size: _Optional[int] = ..., prefill_context_parallel_size: _Optional[int] = ..., data_parallel_size: _Optional[int] = ..., data_parallel_size_local: _Optional[int] = ..., data_parallel_rank: _Optional[int] = ..., data_parallel_rank_local: _Optional[int] = ..., data_parallel_master_ip: _Optional[str] = ..., data_parallel_rpc_port: _Optional[int] = ..., data_parallel_master_port: _Optional[int] = ..., data_parallel_backend: _Optional[str] = ..., data_parallel_external_lb: _Optional[bool] = ..., data_parallel_hybrid_lb: _Optional[bool] = ..., is_moe_model: _Optional[bool] = ..., enable_expert_parallel: _Optional[bool] = ..., enable_ep_weight_filter: _Optional[bool] = ..., enable_eplb: _Optional[bool] = ..., eplb_config: _Optional[_Union[_objects_pb2.EPLBConfigObject, _Mapping]] = ..., enable_elastic_ep: _Optional[bool] = ..., expert_placement_strategy: _Optional[str] = ..., all2all_backend: _Optional[str] = ..., max_parallel_loading_workers: _Optional[int] = ..., disable_custom_all_reduce: _Optional[bool] = ..., enable_dbo: _Optional[bool] = ..., ubatch_size: _Optional[int] = ..., dbo_decode_token_threshold: _Optional[int] = ..., dbo_prefill_token_threshold: _Optional[int] = ..., disable_nccl_for_dp_synchronization: _Optional[bool] = ..., ray_workers_use_nsight: _Optional[bool] = ..., ray_runtime_env: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., placement_group: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., distributed_executor_backend: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., worker_cls: _Optional[str] = ..., sd_worker_cls: _Optional[str] = ..., worker_extension_cls: _Optional[str] = ..., master_addr: _Optional[str] = ..., master_port: _Optional[int] = ..., node_rank: _Optional[int] = ..., nnodes: _Optional[int] = ..., numa_bind: _Optional[bool] = ..., numa_bind_nodes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., numa_bind_cpus: _Optional[_Union[_types_pb2.StringList, _Mapping]] = ..., distributed_timeout_seconds: _Optional[int] = ..., cpu_distributed_timeout_seconds: _Optional[int] = ..., rank: _Optional[int] = ..., _data_parallel_master_port_list: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., _coord_store_port: _Optional[int] = ..., decode_context_parallel_size: _Optional[int] = ..., dcp_comm_backend: _Optional[str] = ..., dcp_kv_cache_interleave_size: _Optional[int] = ..., cp_kv_cache_interleave_size: _Optional[int] = ..., _api_process_count: _Optional[int] = ..., _api_process_rank: _Optional[int] = ..., dp_sync_interval: _Optional[int] = ..., enable_hc_sp: _Optional[bool] = ..., enable_batch_sharded_sampling: _Optional[bool] = ..., enable_shm_tensor_arena: _Optional[bool] = ..., elastic_ep_max_dp_size: _Optional[int] = ..., assigned_physical_gpu_ids: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., dcp_q_replicate: _Optional[bool] = ..., _allow_auto_resolve_cp_interleave_size: _Optional[bool] = ..., enable_fault_tolerance: _Optional[bool] = ..., fault_tolerance_config: _Optional[_Union[_objects_pb2.FaultToleranceConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.ParallelConfigObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigWorldSizeAcrossDpRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigWorldSizeAcrossDpResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class ParallelConfigUseUbatchingRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigUseUbatchingResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class ParallelConfigNumUbatchesRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigNumUbatchesResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class ParallelConfigUseSequenceParallelMoeRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigUseSequenceParallelMoeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class ParallelConfigNnodesWithinDpRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigNnodesWithinDpResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class ParallelConfigNodeRankWithinDpRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigNodeRankWithinDpResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class ParallelConfigLocalWorldSizeRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigLocalWorldSizeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class ParallelConfigLocalEnginesOnlyRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigLocalEnginesOnlyResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class ParallelConfigUseRayRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigUseRayResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class ParallelConfigUseAll2allRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigUseAll2allResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class ParallelConfigUseBatchedDpMoeRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigUseBatchedDpMoeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class ParallelConfigPcpShardDecodeRequestsRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigPcpShardDecodeRequestsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class ParallelConfigCpuDistributedTimeoutRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigCpuDistributedTimeoutResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _duration_pb2.Duration
    def __init__(self, result: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ParallelConfigSetDcpDefaultsRequest(_message.Message):
    __slots__ = ("receiver", "comm_backend", "q_replicate")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    COMM_BACKEND_FIELD_NUMBER: _ClassVar[int]
    Q_REPLICATE_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    comm_backend: str
    q_replicate: bool
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ..., comm_backend: _Optional[str] = ..., q_replicate: _Optional[bool] = ...) -> None: ...

class ParallelConfigSetDcpDefaultsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ParallelConfigGetLocalGpuIndexRequest(_message.Message):
    __slots__ = ("receiver", "local_rank", "dp_local_rank")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    DP_LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    local_rank: int
    dp_local_rank: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ..., local_rank: _Optional[int] = ..., dp_local_rank: _Optional[int] = ...) -> None: ...

class ParallelConfigGetLocalGpuIndexResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class ParallelConfigCheckKvCacheBlockSizeRequest(_message.Message):
    __slots__ = ("receiver", "block_size")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    BLOCK_SIZE_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    block_size: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ..., block_size: _Optional[int] = ...) -> None: ...

class ParallelConfigCheckKvCacheBlockSizeResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ParallelConfigReconfigureForIndependentDpRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigReconfigureForIndependentDpRankResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ParallelConfigComputeHashRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigComputeHashResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: str
    def __init__(self, result: _Optional[str] = ...) -> None: ...

class ParallelConfigGetNextDpInitPortRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class ParallelConfigGetNextDpInitPortResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class ParallelConfigStatelessInitDpGroupRequest(_message.Message):
    __slots__ = ("receiver", "return_store")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    RETURN_STORE_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelConfigObject
    return_store: bool
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ..., return_store: _Optional[bool] = ...) -> None: ...

class ParallelConfigStatelessInitDpGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.ProcessGroup
    def __init__(self, result: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class ParallelConfigHasUnfinishedDpRequest(_message.Message):
    __slots__ = ("dp_group", "has_unfinished")
    DP_GROUP_FIELD_NUMBER: _ClassVar[int]
    HAS_UNFINISHED_FIELD_NUMBER: _ClassVar[int]
    dp_group: _types_pb2.ProcessGroup
    has_unfinished: bool
    def __init__(self, dp_group: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ..., has_unfinished: _Optional[bool] = ...) -> None: ...

class ParallelConfigHasUnfinishedDpResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class ParallelConfigSyncKvCacheMemorySizeRequest(_message.Message):
    __slots__ = ("dp_group", "kv_cache_memory")
    DP_GROUP_FIELD_NUMBER: _ClassVar[int]
    KV_CACHE_MEMORY_FIELD_NUMBER: _ClassVar[int]
    dp_group: _types_pb2.ProcessGroup
    kv_cache_memory: int
    def __init__(self, dp_group: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ..., kv_cache_memory: _Optional[int] = ...) -> None: ...

class ParallelConfigSyncKvCacheMemorySizeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class ParallelConfigSyncDpStateRequest(_message.Message):
    __slots__ = ("dp_group", "has_unfinished", "pending_pause")
    DP_GROUP_FIELD_NUMBER: _ClassVar[int]
    HAS_UNFINISHED_FIELD_NUMBER: _ClassVar[int]
    PENDING_PAUSE_FIELD_NUMBER: _ClassVar[int]
    dp_group: _types_pb2.ProcessGroup
    has_unfinished: bool
    pending_pause: bool
    def __init__(self, dp_group: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ..., has_unfinished: _Optional[bool] = ..., pending_pause: _Optional[bool] = ...) -> None: ...

class ParallelConfigSyncDpStateResponse(_message.Message):
    __slots__ = ("item_1", "item_2")
    ITEM_1_FIELD_NUMBER: _ClassVar[int]
    ITEM_2_FIELD_NUMBER: _ClassVar[int]
    item_1: bool
    item_2: bool
    def __init__(self, item_1: _Optional[bool] = ..., item_2: _Optional[bool] = ...) -> None: ...
