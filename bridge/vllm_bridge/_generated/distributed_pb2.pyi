# Generated from proto/vllm/distributed/v1/distributed.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from vllm_bridge._generated import types_pb2 as _types_pb2
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UseSchedYieldRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UseSchedYieldResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class AllGatherRequest(_message.Message):
    __slots__ = ("tensor", "dim", "world_size", "group_name")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    tensor: _types_pb2.Tensor
    dim: int
    world_size: int
    group_name: str
    def __init__(self, tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., world_size: _Optional[int] = ..., group_name: _Optional[str] = ...) -> None: ...

class AllGatherResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class AllGatherFakeRequest(_message.Message):
    __slots__ = ("tensor", "dim", "world_size", "group_name")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    tensor: _types_pb2.Tensor
    dim: int
    world_size: int
    group_name: str
    def __init__(self, tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., world_size: _Optional[int] = ..., group_name: _Optional[str] = ...) -> None: ...

class AllGatherFakeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class AllReduceRequest(_message.Message):
    __slots__ = ("tensor", "group_name", "op")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    tensor: _types_pb2.Tensor
    group_name: str
    op: str
    def __init__(self, tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., group_name: _Optional[str] = ..., op: _Optional[str] = ...) -> None: ...

class AllReduceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class AllReduceFakeRequest(_message.Message):
    __slots__ = ("tensor", "group_name", "op")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    tensor: _types_pb2.Tensor
    group_name: str
    op: str
    def __init__(self, tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., group_name: _Optional[str] = ..., op: _Optional[str] = ...) -> None: ...

class AllReduceFakeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class BroadcastTensorDictRequest(_message.Message):
    __slots__ = ("tensor_dict", "src")
    TENSOR_DICT_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    tensor_dict: _types_pb2.Term
    src: int
    def __init__(self, tensor_dict: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class BroadcastTensorDictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class CheckpointPrepareDistributedStateRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CheckpointPrepareDistributedStateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CheckpointRestoreDistributedStateRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CheckpointRestoreDistributedStateResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class CleanupDistEnvAndMemoryRequest(_message.Message):
    __slots__ = ("shutdown_ray",)
    SHUTDOWN_RAY_FIELD_NUMBER: _ClassVar[int]
    shutdown_ray: bool
    def __init__(self, shutdown_ray: _Optional[bool] = ...) -> None: ...

class CleanupDistEnvAndMemoryResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ComputeLogicalMapsRequest(_message.Message):
    __slots__ = ("physical_to_logical_map", "num_logical_experts")
    PHYSICAL_TO_LOGICAL_MAP_FIELD_NUMBER: _ClassVar[int]
    NUM_LOGICAL_EXPERTS_FIELD_NUMBER: _ClassVar[int]
    physical_to_logical_map: _types_pb2.Tensor
    num_logical_experts: int
    def __init__(self, physical_to_logical_map: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., num_logical_experts: _Optional[int] = ...) -> None: ...

class ComputeLogicalMapsResponse(_message.Message):
    __slots__ = ("item_1", "item_2")
    ITEM_1_FIELD_NUMBER: _ClassVar[int]
    ITEM_2_FIELD_NUMBER: _ClassVar[int]
    item_1: _types_pb2.Tensor
    item_2: _types_pb2.Tensor
    def __init__(self, item_1: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., item_2: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class CpuAllReduceInPlaceRequest(_message.Message):
    __slots__ = ("tensor", "group", "timeout")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    tensor: _types_pb2.Tensor
    group: _types_pb2.ProcessGroup
    timeout: _duration_pb2.Duration
    def __init__(self, tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., group: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class CpuAllReduceInPlaceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class CreateTcpStoreRequest(_message.Message):
    __slots__ = ("host", "port", "listen_socket", "world_size", "is_master", "timeout", "wait_for_workers", "multi_tenant", "use_libuv")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    LISTEN_SOCKET_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    IS_MASTER_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    WAIT_FOR_WORKERS_FIELD_NUMBER: _ClassVar[int]
    MULTI_TENANT_FIELD_NUMBER: _ClassVar[int]
    USE_LIBUV_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    listen_socket: _types_pb2.Term
    world_size: int
    is_master: bool
    timeout: _duration_pb2.Duration
    wait_for_workers: bool
    multi_tenant: bool
    use_libuv: bool
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ..., listen_socket: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., world_size: _Optional[int] = ..., is_master: _Optional[bool] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., wait_for_workers: _Optional[bool] = ..., multi_tenant: _Optional[bool] = ..., use_libuv: _Optional[bool] = ...) -> None: ...

class CreateTcpStoreResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class DestroyDistributedEnvironmentRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DestroyDistributedEnvironmentResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DestroyModelParallelRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DestroyModelParallelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DirectRegisterCustomOpRequest(_message.Message):
    __slots__ = ("op_name", "op_func", "mutates_args", "fake_impl", "target_lib", "dispatch_key", "tags")
    OP_NAME_FIELD_NUMBER: _ClassVar[int]
    OP_FUNC_FIELD_NUMBER: _ClassVar[int]
    MUTATES_ARGS_FIELD_NUMBER: _ClassVar[int]
    FAKE_IMPL_FIELD_NUMBER: _ClassVar[int]
    TARGET_LIB_FIELD_NUMBER: _ClassVar[int]
    DISPATCH_KEY_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    op_name: str
    op_func: _types_pb2.Ref
    mutates_args: _types_pb2.StringList
    fake_impl: _types_pb2.Ref
    target_lib: _types_pb2.Ref
    dispatch_key: str
    tags: _types_pb2.Term
    def __init__(self, op_name: _Optional[str] = ..., op_func: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., mutates_args: _Optional[_Union[_types_pb2.StringList, _Mapping]] = ..., fake_impl: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., target_lib: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., dispatch_key: _Optional[str] = ..., tags: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class DirectRegisterCustomOpResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DivideRequest(_message.Message):
    __slots__ = ("numerator", "denominator")
    NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    numerator: int
    denominator: int
    def __init__(self, numerator: _Optional[int] = ..., denominator: _Optional[int] = ...) -> None: ...

class DivideResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class EnsureDivisibilityRequest(_message.Message):
    __slots__ = ("numerator", "denominator")
    NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    numerator: int
    denominator: int
    def __init__(self, numerator: _Optional[int] = ..., denominator: _Optional[int] = ...) -> None: ...

class EnsureDivisibilityResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EnsureModelParallelInitializedRequest(_message.Message):
    __slots__ = ("tensor_model_parallel_size", "pipeline_model_parallel_size", "prefill_context_model_parallel_size", "decode_context_model_parallel_size", "backend", "data_parallel_size", "is_moe_model", "enable_eplb", "engram_tensor_parallel_size", "engram_data_parallel_size")
    TENSOR_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    IS_MOE_MODEL_FIELD_NUMBER: _ClassVar[int]
    ENABLE_EPLB_FIELD_NUMBER: _ClassVar[int]
    ENGRAM_TENSOR_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    ENGRAM_DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    tensor_model_parallel_size: int
    pipeline_model_parallel_size: int
    prefill_context_model_parallel_size: int
    decode_context_model_parallel_size: int
    backend: str
    data_parallel_size: int
    is_moe_model: bool
    enable_eplb: bool
    engram_tensor_parallel_size: int
    engram_data_parallel_size: int
    def __init__(self, tensor_model_parallel_size: _Optional[int] = ..., pipeline_model_parallel_size: _Optional[int] = ..., prefill_context_model_parallel_size: _Optional[int] = ..., decode_context_model_parallel_size: _Optional[int] = ..., backend: _Optional[str] = ..., data_parallel_size: _Optional[int] = ..., is_moe_model: _Optional[bool] = ..., enable_eplb: _Optional[bool] = ..., engram_tensor_parallel_size: _Optional[int] = ..., engram_data_parallel_size: _Optional[int] = ...) -> None: ...

class EnsureModelParallelInitializedResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ExpertBalancednessRequest(_message.Message):
    __slots__ = ("load", "num_gpus")
    LOAD_FIELD_NUMBER: _ClassVar[int]
    NUM_GPUS_FIELD_NUMBER: _ClassVar[int]
    load: _types_pb2.Tensor
    num_gpus: int
    def __init__(self, load: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., num_gpus: _Optional[int] = ...) -> None: ...

class ExpertBalancednessResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: float
    def __init__(self, result: _Optional[float] = ...) -> None: ...

class GetCachedTcpStoreClientRequest(_message.Message):
    __slots__ = ("host", "port")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ...) -> None: ...

class GetCachedTcpStoreClientResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GetContextModelParallelGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetContextModelParallelGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetCpuDistributedTimeoutOrNoneRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCpuDistributedTimeoutOrNoneResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _duration_pb2.Duration
    def __init__(self, result: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GetCurrentParallelConfigOrNoneRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCurrentParallelConfigOrNoneResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.ParallelConfigObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class GetDcpGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDcpGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetDcpWorldSizeAndRankRequest(_message.Message):
    __slots__ = ("enabled",)
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    def __init__(self, enabled: _Optional[bool] = ...) -> None: ...

class GetDcpWorldSizeAndRankResponse(_message.Message):
    __slots__ = ("item_1", "item_2")
    ITEM_1_FIELD_NUMBER: _ClassVar[int]
    ITEM_2_FIELD_NUMBER: _ClassVar[int]
    item_1: int
    item_2: int
    def __init__(self, item_1: _Optional[int] = ..., item_2: _Optional[int] = ...) -> None: ...

class GetDecodeContextModelParallelRankRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDecodeContextModelParallelRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GetDecodeContextModelParallelWorldSizeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDecodeContextModelParallelWorldSizeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GetDistributedInitMethodRequest(_message.Message):
    __slots__ = ("ip", "port")
    IP_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    ip: str
    port: int
    def __init__(self, ip: _Optional[str] = ..., port: _Optional[int] = ...) -> None: ...

class GetDistributedInitMethodResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: str
    def __init__(self, result: _Optional[str] = ...) -> None: ...

class GetDistributedTimeoutOrNoneRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDistributedTimeoutOrNoneResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _duration_pb2.Duration
    def __init__(self, result: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GetDpGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDpGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetEngramDpGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetEngramDpGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetEngramDpSizeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetEngramDpSizeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GetEpGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetEpGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetEplbGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetEplbGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetEtpGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetEtpGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetExpertMapRequest(_message.Message):
    __slots__ = ("num_experts", "ep_rank", "ep_size", "strategy")
    NUM_EXPERTS_FIELD_NUMBER: _ClassVar[int]
    EP_RANK_FIELD_NUMBER: _ClassVar[int]
    EP_SIZE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    num_experts: int
    ep_rank: int
    ep_size: int
    strategy: str
    def __init__(self, num_experts: _Optional[int] = ..., ep_rank: _Optional[int] = ..., ep_size: _Optional[int] = ..., strategy: _Optional[str] = ...) -> None: ...

class GetExpertMapResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GetExpertPlacementRequest(_message.Message):
    __slots__ = ("num_experts", "ep_rank", "ep_size", "strategy")
    NUM_EXPERTS_FIELD_NUMBER: _ClassVar[int]
    EP_RANK_FIELD_NUMBER: _ClassVar[int]
    EP_SIZE_FIELD_NUMBER: _ClassVar[int]
    STRATEGY_FIELD_NUMBER: _ClassVar[int]
    num_experts: int
    ep_rank: int
    ep_size: int
    strategy: str
    def __init__(self, num_experts: _Optional[int] = ..., ep_rank: _Optional[int] = ..., ep_size: _Optional[int] = ..., strategy: _Optional[str] = ...) -> None: ...

class GetExpertPlacementResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, result: _Optional[_Iterable[int]] = ...) -> None: ...

class GetInnerDpWorldGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetInnerDpWorldGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetNodeCountRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetNodeCountResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GetPcpGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPcpGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetPipelineModelParallelRankRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPipelineModelParallelRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GetPpGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPpGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetPpIndicesRequest(_message.Message):
    __slots__ = ("num_hidden_layers", "pp_rank", "pp_size")
    NUM_HIDDEN_LAYERS_FIELD_NUMBER: _ClassVar[int]
    PP_RANK_FIELD_NUMBER: _ClassVar[int]
    PP_SIZE_FIELD_NUMBER: _ClassVar[int]
    num_hidden_layers: int
    pp_rank: int
    pp_size: int
    def __init__(self, num_hidden_layers: _Optional[int] = ..., pp_rank: _Optional[int] = ..., pp_size: _Optional[int] = ...) -> None: ...

class GetPpIndicesResponse(_message.Message):
    __slots__ = ("item_1", "item_2")
    ITEM_1_FIELD_NUMBER: _ClassVar[int]
    ITEM_2_FIELD_NUMBER: _ClassVar[int]
    item_1: int
    item_2: int
    def __init__(self, item_1: _Optional[int] = ..., item_2: _Optional[int] = ...) -> None: ...

class GetTcpUriRequest(_message.Message):
    __slots__ = ("ip", "port")
    IP_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    ip: str
    port: int
    def __init__(self, ip: _Optional[str] = ..., port: _Optional[int] = ...) -> None: ...

class GetTcpUriResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: str
    def __init__(self, result: _Optional[str] = ...) -> None: ...

class GetTensorModelParallelRankRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetTensorModelParallelRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GetTensorModelParallelWorldSizeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetTensorModelParallelWorldSizeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GetTpGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetTpGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GetWorkerRankSuffixRequest(_message.Message):
    __slots__ = ("global_rank",)
    GLOBAL_RANK_FIELD_NUMBER: _ClassVar[int]
    global_rank: int
    def __init__(self, global_rank: _Optional[int] = ...) -> None: ...

class GetWorkerRankSuffixResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: str
    def __init__(self, result: _Optional[str] = ...) -> None: ...

class GetWorldGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetWorldGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GraphCaptureRequest(_message.Message):
    __slots__ = ("device",)
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    device: str
    def __init__(self, device: _Optional[str] = ...) -> None: ...

class GraphCaptureResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Ref
    def __init__(self, result: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class InTheSameNodeAsRequest(_message.Message):
    __slots__ = ("pg", "source_rank")
    PG_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RANK_FIELD_NUMBER: _ClassVar[int]
    pg: _types_pb2.Ref
    source_rank: int
    def __init__(self, pg: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., source_rank: _Optional[int] = ...) -> None: ...

class InTheSameNodeAsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, result: _Optional[_Iterable[bool]] = ...) -> None: ...

class InitDistributedEnvironmentRequest(_message.Message):
    __slots__ = ("world_size", "rank", "distributed_init_method", "local_rank", "backend", "timeout")
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTED_INIT_METHOD_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    world_size: int
    rank: int
    distributed_init_method: str
    local_rank: int
    backend: str
    timeout: _duration_pb2.Duration
    def __init__(self, world_size: _Optional[int] = ..., rank: _Optional[int] = ..., distributed_init_method: _Optional[str] = ..., local_rank: _Optional[int] = ..., backend: _Optional[str] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class InitDistributedEnvironmentResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class InitGlooProcessGroupRequest(_message.Message):
    __slots__ = ("prefix_store", "group_rank", "group_size", "timeout")
    PREFIX_STORE_FIELD_NUMBER: _ClassVar[int]
    GROUP_RANK_FIELD_NUMBER: _ClassVar[int]
    GROUP_SIZE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    prefix_store: _types_pb2.Term
    group_rank: int
    group_size: int
    timeout: _duration_pb2.Duration
    def __init__(self, prefix_store: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., group_rank: _Optional[int] = ..., group_size: _Optional[int] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class InitGlooProcessGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.ProcessGroup
    def __init__(self, result: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class InitLoggerRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class InitLoggerResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Ref
    def __init__(self, result: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class InitModelParallelGroupRequest(_message.Message):
    __slots__ = ("group_ranks", "local_rank", "backend", "use_message_queue_broadcaster", "group_name", "use_device_communicator", "use_all2all")
    GROUP_RANKS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    USE_MESSAGE_QUEUE_BROADCASTER_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    USE_DEVICE_COMMUNICATOR_FIELD_NUMBER: _ClassVar[int]
    USE_ALL2ALL_FIELD_NUMBER: _ClassVar[int]
    group_ranks: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    local_rank: int
    backend: str
    use_message_queue_broadcaster: bool
    group_name: str
    use_device_communicator: bool
    use_all2all: bool
    def __init__(self, group_ranks: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ..., local_rank: _Optional[int] = ..., backend: _Optional[str] = ..., use_message_queue_broadcaster: _Optional[bool] = ..., group_name: _Optional[str] = ..., use_device_communicator: _Optional[bool] = ..., use_all2all: _Optional[bool] = ...) -> None: ...

class InitModelParallelGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class InitWorldGroupRequest(_message.Message):
    __slots__ = ("ranks", "local_rank", "backend")
    RANKS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    ranks: _containers.RepeatedScalarFieldContainer[int]
    local_rank: int
    backend: str
    def __init__(self, ranks: _Optional[_Iterable[int]] = ..., local_rank: _Optional[int] = ..., backend: _Optional[str] = ...) -> None: ...

class InitWorldGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class InitializeModelParallelRequest(_message.Message):
    __slots__ = ("tensor_model_parallel_size", "pipeline_model_parallel_size", "prefill_context_model_parallel_size", "decode_context_model_parallel_size", "backend", "data_parallel_size", "is_moe_model", "enable_eplb", "engram_tensor_parallel_size", "engram_data_parallel_size")
    TENSOR_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    IS_MOE_MODEL_FIELD_NUMBER: _ClassVar[int]
    ENABLE_EPLB_FIELD_NUMBER: _ClassVar[int]
    ENGRAM_TENSOR_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    ENGRAM_DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    tensor_model_parallel_size: int
    pipeline_model_parallel_size: int
    prefill_context_model_parallel_size: int
    decode_context_model_parallel_size: int
    backend: str
    data_parallel_size: int
    is_moe_model: bool
    enable_eplb: bool
    engram_tensor_parallel_size: int
    engram_data_parallel_size: int
    def __init__(self, tensor_model_parallel_size: _Optional[int] = ..., pipeline_model_parallel_size: _Optional[int] = ..., prefill_context_model_parallel_size: _Optional[int] = ..., decode_context_model_parallel_size: _Optional[int] = ..., backend: _Optional[str] = ..., data_parallel_size: _Optional[int] = ..., is_moe_model: _Optional[bool] = ..., enable_eplb: _Optional[bool] = ..., engram_tensor_parallel_size: _Optional[int] = ..., engram_data_parallel_size: _Optional[int] = ...) -> None: ...

class InitializeModelParallelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class IsGlobalFirstRankRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class IsGlobalFirstRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class IsLocalFirstRankRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class IsLocalFirstRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class IsTorchEqualOrNewerRequest(_message.Message):
    __slots__ = ("target",)
    TARGET_FIELD_NUMBER: _ClassVar[int]
    target: str
    def __init__(self, target: _Optional[str] = ...) -> None: ...

class IsTorchEqualOrNewerResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class IsWeakContiguousRequest(_message.Message):
    __slots__ = ("inp",)
    INP_FIELD_NUMBER: _ClassVar[int]
    inp: _types_pb2.Tensor
    def __init__(self, inp: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class IsWeakContiguousResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class LoggerRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class LoggerResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Ref
    def __init__(self, result: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class ModelParallelIsInitializedRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ModelParallelIsInitializedResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class PatchTensorParallelGroupRequest(_message.Message):
    __slots__ = ("tp_group",)
    TP_GROUP_FIELD_NUMBER: _ClassVar[int]
    tp_group: _types_pb2.GroupCoordinator
    def __init__(self, tp_group: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class PatchTensorParallelGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Ref
    def __init__(self, result: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class PatchedFusedScaledMatmulReduceScatterRequest(_message.Message):
    __slots__ = ("A", "B", "A_scale", "B_scale", "reduce_op", "orig_scatter_dim", "scatter_dim_after_maybe_reshape", "group_name", "output_shape", "bias", "result_scale", "out_dtype", "use_fast_accum")
    A_FIELD_NUMBER: _ClassVar[int]
    B_FIELD_NUMBER: _ClassVar[int]
    A_SCALE_FIELD_NUMBER: _ClassVar[int]
    B_SCALE_FIELD_NUMBER: _ClassVar[int]
    REDUCE_OP_FIELD_NUMBER: _ClassVar[int]
    ORIG_SCATTER_DIM_FIELD_NUMBER: _ClassVar[int]
    SCATTER_DIM_AFTER_MAYBE_RESHAPE_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SHAPE_FIELD_NUMBER: _ClassVar[int]
    BIAS_FIELD_NUMBER: _ClassVar[int]
    RESULT_SCALE_FIELD_NUMBER: _ClassVar[int]
    OUT_DTYPE_FIELD_NUMBER: _ClassVar[int]
    USE_FAST_ACCUM_FIELD_NUMBER: _ClassVar[int]
    A: _types_pb2.Tensor
    B: _types_pb2.Tensor
    A_scale: _types_pb2.Tensor
    B_scale: _types_pb2.Tensor
    reduce_op: str
    orig_scatter_dim: int
    scatter_dim_after_maybe_reshape: int
    group_name: str
    output_shape: _containers.RepeatedScalarFieldContainer[int]
    bias: _types_pb2.Tensor
    result_scale: _types_pb2.Tensor
    out_dtype: str
    use_fast_accum: bool
    def __init__(self, A: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., B: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., A_scale: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., B_scale: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., reduce_op: _Optional[str] = ..., orig_scatter_dim: _Optional[int] = ..., scatter_dim_after_maybe_reshape: _Optional[int] = ..., group_name: _Optional[str] = ..., output_shape: _Optional[_Iterable[int]] = ..., bias: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., result_scale: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., out_dtype: _Optional[str] = ..., use_fast_accum: _Optional[bool] = ...) -> None: ...

class PatchedFusedScaledMatmulReduceScatterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class PatchedFusedScaledMatmulReduceScatterFakeRequest(_message.Message):
    __slots__ = ("A", "B", "A_scale", "B_scale", "reduce_op", "orig_scatter_dim", "scatter_dim_after_maybe_reshape", "group_name", "output_shape", "bias", "result_scale", "out_dtype", "use_fast_accum")
    A_FIELD_NUMBER: _ClassVar[int]
    B_FIELD_NUMBER: _ClassVar[int]
    A_SCALE_FIELD_NUMBER: _ClassVar[int]
    B_SCALE_FIELD_NUMBER: _ClassVar[int]
    REDUCE_OP_FIELD_NUMBER: _ClassVar[int]
    ORIG_SCATTER_DIM_FIELD_NUMBER: _ClassVar[int]
    SCATTER_DIM_AFTER_MAYBE_RESHAPE_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_SHAPE_FIELD_NUMBER: _ClassVar[int]
    BIAS_FIELD_NUMBER: _ClassVar[int]
    RESULT_SCALE_FIELD_NUMBER: _ClassVar[int]
    OUT_DTYPE_FIELD_NUMBER: _ClassVar[int]
    USE_FAST_ACCUM_FIELD_NUMBER: _ClassVar[int]
    A: _types_pb2.Tensor
    B: _types_pb2.Tensor
    A_scale: _types_pb2.Tensor
    B_scale: _types_pb2.Tensor
    reduce_op: str
    orig_scatter_dim: int
    scatter_dim_after_maybe_reshape: int
    group_name: str
    output_shape: _containers.RepeatedScalarFieldContainer[int]
    bias: _types_pb2.Tensor
    result_scale: _types_pb2.Tensor
    out_dtype: str
    use_fast_accum: bool
    def __init__(self, A: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., B: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., A_scale: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., B_scale: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., reduce_op: _Optional[str] = ..., orig_scatter_dim: _Optional[int] = ..., scatter_dim_after_maybe_reshape: _Optional[int] = ..., group_name: _Optional[str] = ..., output_shape: _Optional[_Iterable[int]] = ..., bias: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., result_scale: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., out_dtype: _Optional[str] = ..., use_fast_accum: _Optional[bool] = ...) -> None: ...

class PatchedFusedScaledMatmulReduceScatterFakeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class PrepareCommunicationBufferForModelRequest(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: _types_pb2.Ref
    def __init__(self, model: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class PrepareCommunicationBufferForModelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RebalanceExpertsRequest(_message.Message):
    __slots__ = ("weight", "num_replicas", "num_groups", "num_nodes", "num_gpus")
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    NUM_REPLICAS_FIELD_NUMBER: _ClassVar[int]
    NUM_GROUPS_FIELD_NUMBER: _ClassVar[int]
    NUM_NODES_FIELD_NUMBER: _ClassVar[int]
    NUM_GPUS_FIELD_NUMBER: _ClassVar[int]
    weight: _types_pb2.Tensor
    num_replicas: int
    num_groups: int
    num_nodes: int
    num_gpus: int
    def __init__(self, weight: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., num_replicas: _Optional[int] = ..., num_groups: _Optional[int] = ..., num_nodes: _Optional[int] = ..., num_gpus: _Optional[int] = ...) -> None: ...

class RebalanceExpertsResponse(_message.Message):
    __slots__ = ("item_1", "item_2", "item_3")
    ITEM_1_FIELD_NUMBER: _ClassVar[int]
    ITEM_2_FIELD_NUMBER: _ClassVar[int]
    ITEM_3_FIELD_NUMBER: _ClassVar[int]
    item_1: _types_pb2.Tensor
    item_2: _types_pb2.Tensor
    item_3: _types_pb2.Tensor
    def __init__(self, item_1: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., item_2: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., item_3: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class ReduceScatterRequest(_message.Message):
    __slots__ = ("tensor", "dim", "world_size", "group_name")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    tensor: _types_pb2.Tensor
    dim: int
    world_size: int
    group_name: str
    def __init__(self, tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., world_size: _Optional[int] = ..., group_name: _Optional[str] = ...) -> None: ...

class ReduceScatterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class ReduceScatterFakeRequest(_message.Message):
    __slots__ = ("tensor", "dim", "world_size", "group_name")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    tensor: _types_pb2.Tensor
    dim: int
    world_size: int
    group_name: str
    def __init__(self, tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., world_size: _Optional[int] = ..., group_name: _Optional[str] = ...) -> None: ...

class ReduceScatterFakeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class ResolveObjByQualnameRequest(_message.Message):
    __slots__ = ("qualname",)
    QUALNAME_FIELD_NUMBER: _ClassVar[int]
    qualname: str
    def __init__(self, qualname: _Optional[str] = ...) -> None: ...

class ResolveObjByQualnameResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class ResumeDeviceCommsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ResumeDeviceCommsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SchedYieldRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SchedYieldResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SetCurrentParallelConfigRequest(_message.Message):
    __slots__ = ("config",)
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    config: _objects_pb2.ParallelConfigObject
    def __init__(self, config: _Optional[_Union[_objects_pb2.ParallelConfigObject, _Mapping]] = ...) -> None: ...

class SetCurrentParallelConfigResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Ref
    def __init__(self, result: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class SetCustomAllReduceRequest(_message.Message):
    __slots__ = ("enable",)
    ENABLE_FIELD_NUMBER: _ClassVar[int]
    enable: bool
    def __init__(self, enable: _Optional[bool] = ...) -> None: ...

class SetCustomAllReduceResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SplitTensorAlongLastDimRequest(_message.Message):
    __slots__ = ("tensor", "num_partitions", "contiguous_split_chunks")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    NUM_PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    CONTIGUOUS_SPLIT_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    tensor: _types_pb2.Tensor
    num_partitions: int
    contiguous_split_chunks: bool
    def __init__(self, tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., num_partitions: _Optional[int] = ..., contiguous_split_chunks: _Optional[bool] = ...) -> None: ...

class SplitTensorAlongLastDimResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_types_pb2.Tensor]
    def __init__(self, result: _Optional[_Iterable[_Union[_types_pb2.Tensor, _Mapping]]] = ...) -> None: ...

class StatelessDestroyTorchDistributedProcessGroupRequest(_message.Message):
    __slots__ = ("pg",)
    PG_FIELD_NUMBER: _ClassVar[int]
    pg: _types_pb2.ProcessGroup
    def __init__(self, pg: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class StatelessDestroyTorchDistributedProcessGroupResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessInitTorchDistributedProcessGroupRequest(_message.Message):
    __slots__ = ("host", "port", "rank", "world_size", "backend", "group_name", "return_store", "listen_socket", "timeout")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    RETURN_STORE_FIELD_NUMBER: _ClassVar[int]
    LISTEN_SOCKET_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    rank: int
    world_size: int
    backend: str
    group_name: str
    return_store: bool
    listen_socket: _types_pb2.Term
    timeout: _duration_pb2.Duration
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ..., rank: _Optional[int] = ..., world_size: _Optional[int] = ..., backend: _Optional[str] = ..., group_name: _Optional[str] = ..., return_store: _Optional[bool] = ..., listen_socket: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StatelessInitTorchDistributedProcessGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.ProcessGroup
    def __init__(self, result: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class SuppressStdoutRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SuppressStdoutResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Ref
    def __init__(self, result: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class SuspendDeviceCommsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SuspendDeviceCommsResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TensorModelParallelAllGatherRequest(_message.Message):
    __slots__ = ("input_", "dim")
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    input_: _types_pb2.Tensor
    dim: int
    def __init__(self, input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ...) -> None: ...

class TensorModelParallelAllGatherResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class TensorModelParallelAllReduceRequest(_message.Message):
    __slots__ = ("input_", "op")
    INPUT__FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    input_: _types_pb2.Tensor
    op: str
    def __init__(self, input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., op: _Optional[str] = ...) -> None: ...

class TensorModelParallelAllReduceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class TensorModelParallelGatherRequest(_message.Message):
    __slots__ = ("input_", "dst", "dim")
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    input_: _types_pb2.Tensor
    dst: int
    dim: int
    def __init__(self, input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dst: _Optional[int] = ..., dim: _Optional[int] = ...) -> None: ...

class TensorModelParallelGatherResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class TensorModelParallelReduceScatterRequest(_message.Message):
    __slots__ = ("input_", "dim")
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    input_: _types_pb2.Tensor
    dim: int
    def __init__(self, input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ...) -> None: ...

class TensorModelParallelReduceScatterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class VerifyGroupSizeDividesPartitionRequest(_message.Message):
    __slots__ = ("input_size_per_partition", "group_size", "layer_name", "extra_suggestion")
    INPUT_SIZE_PER_PARTITION_FIELD_NUMBER: _ClassVar[int]
    GROUP_SIZE_FIELD_NUMBER: _ClassVar[int]
    LAYER_NAME_FIELD_NUMBER: _ClassVar[int]
    EXTRA_SUGGESTION_FIELD_NUMBER: _ClassVar[int]
    input_size_per_partition: int
    group_size: int
    layer_name: str
    extra_suggestion: str
    def __init__(self, input_size_per_partition: _Optional[int] = ..., group_size: _Optional[int] = ..., layer_name: _Optional[str] = ..., extra_suggestion: _Optional[str] = ...) -> None: ...

class VerifyGroupSizeDividesPartitionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
