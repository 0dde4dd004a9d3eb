# Generated from proto/vllm/distributed/v1/objects.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import types_pb2 as _types_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StatelessGroupCoordinatorObject(_message.Message):
    __slots__ = ("ref", "unique_name", "ranks", "rank", "rank_in_group", "world_size", "local_rank", "backend", "device", "global_world_size", "tcp_store_group")
    REF_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_NAME_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    RANK_IN_GROUP_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    TCP_STORE_GROUP_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    unique_name: str
    ranks: _types_pb2.Int64List
    rank: int
    rank_in_group: int
    world_size: int
    local_rank: int
    backend: str
    device: str
    global_world_size: int
    tcp_store_group: StatelessProcessGroupObject
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., unique_name: _Optional[str] = ..., ranks: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., rank: _Optional[int] = ..., rank_in_group: _Optional[int] = ..., world_size: _Optional[int] = ..., local_rank: _Optional[int] = ..., backend: _Optional[str] = ..., device: _Optional[str] = ..., global_world_size: _Optional[int] = ..., tcp_store_group: _Optional[_Union[StatelessProcessGroupObject, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupObject(_message.Message):
    __slots__ = ("ref", "rank", "world_size", "data_expiration_seconds", "broadcast_send_counter")
    REF_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_EXPIRATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    BROADCAST_SEND_COUNTER_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    rank: int
    world_size: int
    data_expiration_seconds: int
    broadcast_send_counter: int
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., rank: _Optional[int] = ..., world_size: _Optional[int] = ..., data_expiration_seconds: _Optional[int] = ..., broadcast_send_counter: _Optional[int] = ...) -> None: ...

class DeviceCommunicatorBaseObject(_message.Message):
    __slots__ = ("ref", "unique_name", "rank_in_group", "world_size", "device")
    REF_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_NAME_FIELD_NUMBER: _ClassVar[int]
    RANK_IN_GROUP_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    unique_name: str
    rank_in_group: int
    world_size: int
    device: str
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., unique_name: _Optional[str] = ..., rank_in_group: _Optional[int] = ..., world_size: _Optional[int] = ..., device: _Optional[str] = ...) -> None: ...

class MessageQueueObject(_message.Message):
    __slots__ = ("ref", "is_writer", "n_local_reader", "n_remote_reader", "shutting_down")
    REF_FIELD_NUMBER: _ClassVar[int]
    IS_WRITER_FIELD_NUMBER: _ClassVar[int]
    N_LOCAL_READER_FIELD_NUMBER: _ClassVar[int]
    N_REMOTE_READER_FIELD_NUMBER: _ClassVar[int]
    SHUTTING_DOWN_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    is_writer: bool
    n_local_reader: int
    n_remote_reader: int
    shutting_down: bool
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., is_writer: _Optional[bool] = ..., n_local_reader: _Optional[int] = ..., n_remote_reader: _Optional[int] = ..., shutting_down: _Optional[bool] = ...) -> None: ...

class GraphCaptureContextObject(_message.Message):
    __slots__ = ("ref", "stream")
    REF_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    stream: _types_pb2.Ref
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., stream: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class ParallelConfigObject(_message.Message):
    __slots__ = ("ref", "pipeline_parallel_size", "tensor_parallel_size", "prefill_context_parallel_size", "data_parallel_size", "data_parallel_size_local", "data_parallel_rank", "data_parallel_rank_local", "data_parallel_master_ip", "data_parallel_rpc_port", "data_parallel_master_port", "data_parallel_backend", "data_parallel_external_lb", "data_parallel_hybrid_lb", "is_moe_model", "enable_expert_parallel", "enable_ep_weight_filter", "enable_eplb", "eplb_config", "enable_elastic_ep", "expert_placement_strategy", "all2all_backend", "max_parallel_loading_workers", "disable_custom_all_reduce", "enable_dbo", "ubatch_size", "dbo_decode_token_threshold", "dbo_prefill_token_threshold", "disable_nccl_for_dp_synchronization", "ray_workers_use_nsight", "ray_runtime_env", "placement_group", "distributed_executor_backend", "worker_cls", "sd_worker_cls", "worker_extension_cls", "master_addr", "master_port", "node_rank", "nnodes", "numa_bind", "numa_bind_nodes", "numa_bind_cpus", "distributed_timeout_seconds", "cpu_distributed_timeout_seconds", "rank", "decode_context_parallel_size", "dcp_comm_backend", "dcp_kv_cache_interleave_size", "cp_kv_cache_interleave_size", "dp_sync_interval", "enable_hc_sp", "enable_batch_sharded_sampling", "enable_shm_tensor_arena", "elastic_ep_max_dp_size", "assigned_physical_gpu_ids", "dcp_q_replicate", "enable_fault_tolerance", "fault_tolerance_config", "world_size", "data_parallel_index", "world_size_across_dp", "use_ubatching", "num_ubatches", "use_sequence_parallel_moe", "nnodes_within_dp", "node_rank_within_dp", "local_world_size", "local_engines_only", "use_ray", "use_all2all", "use_batched_dp_moe", "pcp_shard_decode_requests")
    REF_FIELD_NUMBER: _ClassVar[int]
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
    DECODE_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DCP_COMM_BACKEND_FIELD_NUMBER: _ClassVar[int]
    DCP_KV_CACHE_INTERLEAVE_SIZE_FIELD_NUMBER: _ClassVar[int]
    CP_KV_CACHE_INTERLEAVE_SIZE_FIELD_NUMBER: _ClassVar[int]
    DP_SYNC_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    ENABLE_HC_SP_FIELD_NUMBER: _ClassVar[int]
    ENABLE_BATCH_SHARDED_SAMPLING_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SHM_TENSOR_ARENA_FIELD_NUMBER: _ClassVar[int]
    ELASTIC_EP_MAX_DP_SIZE_FIELD_NUMBER: _ClassVar[int]
    ASSIGNED_PHYSICAL_GPU_IDS_FIELD_NUMBER: _ClassVar[int]
    DCP_Q_REPLICATE_FIELD_NUMBER: _ClassVar[int]
    ENABLE_FAULT_TOLERANCE_FIELD_NUMBER: _ClassVar[int]
    FAULT_TOLERANCE_CONFIG_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_INDEX_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_ACROSS_DP_FIELD_NUMBER: _ClassVar[int]
    USE_UBATCHING_FIELD_NUMBER: _ClassVar[int]
    NUM_UBATCHES_FIELD_NUMBER: _ClassVar[int]
    USE_SEQUENCE_PARALLEL_MOE_FIELD_NUMBER: _ClassVar[int]
    NNODES_WITHIN_DP_FIELD_NUMBER: _ClassVar[int]
    NODE_RANK_WITHIN_DP_FIELD_NUMBER: _ClassVar[int]
    LOCAL_WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    LOCAL_ENGINES_ONLY_FIELD_NUMBER: _ClassVar[int]
    USE_RAY_FIELD_NUMBER: _ClassVar[int]
    USE_ALL2ALL_FIELD_NUMBER: _ClassVar[int]
    USE_BATCHED_DP_MOE_FIELD_NUMBER: _ClassVar[int]
    PCP_SHARD_DECODE_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
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
    eplb_config: EPLBConfigObject
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
    decode_context_parallel_size: int
    dcp_comm_backend: str
    dcp_kv_cache_interleave_size: int
    cp_kv_cache_interleave_size: int
    dp_sync_interval: int
    enable_hc_sp: bool
    enable_batch_sharded_sampling: bool
    enable_shm_tensor_arena: bool
    elastic_ep_max_dp_size: int
    assigned_physical_gpu_ids: _types_pb2.Int64List
    dcp_q_replicate: bool
    enable_fault_tolerance: bool
    fault_tolerance_config: FaultToleranceConfigObject
    world_size: int
    data_parallel_index: int
    world_size_across_dp: int
    use_ubatching: bool
    num_ubatches: int
    use_sequence_parallel_moe: bool
    nnodes_within_dp: int
    node_rank_within_dp: int
    local_world_size: int
    local_engines_only: bool
    use_ray: bool
    use_all2all: bool
    use_batched_dp_moe: bool
    pcp_shard_decode_requests: bool
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., pipeline_parallel_size: _Optional[int] = ..., tensor_parallel_size: _Optional[int] = ..., prefill_context_parallel_size: _Optional[int] = ..., data_parallel_size: _Optional[int] = ..., data_parallel_size_local: _Optional[int] = ..., data_parallel_rank: _Optional[int] = ..., data_parallel_rank_local: _Optional[int] = ..., data_parallel_master_ip: _Optional[str] = ..., data_parallel_rpc_port: _Optional[int] = ..., data_parallel_master_port: _Optional[int] = ..., data_parallel_backend: _Optional[str] = ..., data_parallel_external_lb: _Optional[bool] = ..., data_parallel_hybrid_lb: _Optional[bool] = ..., is_moe_model: _Optional[bool] = ..., enable_expert_parallel: _Optional[bool] = ..., enable_ep_weight_filter: _Optional[bool] = ..., enable_eplb: _Optional[bool] = ..., eplb_config: _Optional[_Union[EPLBConfigObject, _Mapping]] = ..., enable_elastic_ep: _Optional[bool] = ..., expert_placement_strategy: _Optional[str] = ..., all2all_backend: _Optional[str] = ..., max_parallel_loading_workers: _Optional[int] = ..., disable_custom_all_reduce: _Optional[bool] = ..., enable_dbo: _Optional[bool] = ..., ubatch_size: _Optional[int] = ..., dbo_decode_token_threshold: _Optional[int] = ..., dbo_prefill_token_threshold: _Optional[int] = ..., disable_nccl_for_dp_synchronization: _Optional[bool] = ..., ray_workers_use_nsight: _Optional[bool] = ..., ray_runtime_env: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., placement_group: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., distributed_executor_backend: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., worker_cls: _Optional[str] = ..., sd_worker_cls: _Optional[str] = ..., worker_extension_cls: _Optional[str] = ..., master_addr: _Optional[str] = ..., master_port: _Optional[int] = ..., node_rank: _Optional[int] = ..., nnodes: _Optional[int] = ..., numa_bind: _Optional[bool] = ..., numa_bind_nodes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., numa_bind_cpus: _Optional[_Union[_types_pb2.StringList, _Mapping]] = ..., distributed_timeout_seconds: _Optional[int] = ..., cpu_distributed_timeout_seconds: _Optional[int] = ..., rank: _Optional[int] = ..., decode_context_parallel_size: _Optional[int] = ..., dcp_comm_backend: _Optional[str] = ..., dcp_kv_cache_interleave_size: _Optional[int] = ..., cp_kv_cache_interleave_size: _Optional[int] = ..., dp_sync_interval: _Optional[int] = ..., enable_hc_sp: _Optional[bool] = ..., enable_batch_sharded_sampling: _Optional[bool] = ..., enable_shm_tensor_arena: _Optional[bool] = ..., elastic_ep_max_dp_size: _Optional[int] = ..., assigned_physical_gpu_ids: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., dcp_q_replicate: _Optional[bool] = ..., enable_fault_tolerance: _Optional[bool] = ..., fault_tolerance_config: _Optional[_Union[FaultToleranceConfigObject, _Mapping]] = ..., world_size: _Optional[int] = ..., data_parallel_index: _Optional[int] = ..., world_size_across_dp: _Optional[int] = ..., use_ubatching: _Optional[bool] = ..., num_ubatches: _Optional[int] = ..., use_sequence_parallel_moe: _Optional[bool] = ..., nnodes_within_dp: _Optional[int] = ..., node_rank_within_dp: _Optional[int] = ..., local_world_size: _Optional[int] = ..., local_engines_only: _Optional[bool] = ..., use_ray: _Optional[bool] = ..., use_all2all: _Optional[bool] = ..., use_batched_dp_moe: _Optional[bool] = ..., pcp_shard_decode_requests: _Optional[bool] = ...) -> None: ...

class EPLBConfigObject(_message.Message):
    __slots__ = ("ref", "window_size", "step_interval", "num_redundant_experts", "log_balancedness", "log_balancedness_interval", "use_async", "policy", "communicator", "enable_migration_batching", "communicator_in_use", "migration_batching_enabled")
    REF_FIELD_NUMBER: _ClassVar[int]
    WINDOW_SIZE_FIELD_NUMBER: _ClassVar[int]
    STEP_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    NUM_REDUNDANT_EXPERTS_FIELD_NUMBER: _ClassVar[int]
    LOG_BALANCEDNESS_FIELD_NUMBER: _ClassVar[int]
    LOG_BALANCEDNESS_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    USE_ASYNC_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    COMMUNICATOR_FIELD_NUMBER: _ClassVar[int]
    ENABLE_MIGRATION_BATCHING_FIELD_NUMBER: _ClassVar[int]
    COMMUNICATOR_IN_USE_FIELD_NUMBER: _ClassVar[int]
    MIGRATION_BATCHING_ENABLED_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    window_size: int
    step_interval: int
    num_redundant_experts: int
    log_balancedness: bool
    log_balancedness_interval: int
    use_async: bool
    policy: str
    communicator: str
    enable_migration_batching: bool
    communicator_in_use: str
    migration_batching_enabled: bool
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., window_size: _Optional[int] = ..., step_interval: _Optional[int] = ..., num_redundant_experts: _Optional[int] = ..., log_balancedness: _Optional[bool] = ..., log_balancedness_interval: _Optional[int] = ..., use_async: _Optional[bool] = ..., policy: _Optional[str] = ..., communicator: _Optional[str] = ..., enable_migration_batching: _Optional[bool] = ..., communicator_in_use: _Optional[str] = ..., migration_batching_enabled: _Optional[bool] = ...) -> None: ...

class FaultToleranceConfigObject(_message.Message):
    __slots__ = ("ref", "engine_recovery_timeout_sec")
    REF_FIELD_NUMBER: _ClassVar[int]
    ENGINE_RECOVERY_TIMEOUT_SEC_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    engine_recovery_timeout_sec: int
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., engine_recovery_timeout_sec: _Optional[int] = ...) -> None: ...

class HandleObject(_message.Message):
    __slots__ = ("ref",)
    REF_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class ParallelSizesObject(_message.Message):
    __slots__ = ("ref", "tensor", "pipeline", "data", "prefill_context", "decode_context", "replica_size")
    REF_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    REPLICA_SIZE_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    tensor: int
    pipeline: int
    data: int
    prefill_context: int
    decode_context: int
    replica_size: int
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., tensor: _Optional[int] = ..., pipeline: _Optional[int] = ..., data: _Optional[int] = ..., prefill_context: _Optional[int] = ..., decode_context: _Optional[int] = ..., replica_size: _Optional[int] = ...) -> None: ...

class TopologyObject(_message.Message):
    __slots__ = ("ref", "world_size", "sizes", "external_data")
    REF_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_DATA_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    world_size: int
    sizes: ParallelSizesObject
    external_data: int
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., world_size: _Optional[int] = ..., sizes: _Optional[_Union[ParallelSizesObject, _Mapping]] = ..., external_data: _Optional[int] = ...) -> None: ...

class TensorMetadataObject(_message.Message):
    __slots__ = ("ref", "device", "dtype", "size")
    REF_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ref: _types_pb2.Ref
    device: str
    dtype: str
    size: _types_pb2.Int64List
    def __init__(self, ref: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., device: _Optional[str] = ..., dtype: _Optional[str] = ..., size: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...
