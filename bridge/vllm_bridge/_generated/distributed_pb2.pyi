# Generated from proto/vllm/distributed/v1/distributed.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from vllm_bridge._generated import types_pb2 as _types_pb2
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

class CleanupDistEnvAndMemoryRequest(_message.Message):
    __slots__ = ("shutdown_ray",)
    SHUTDOWN_RAY_FIELD_NUMBER: _ClassVar[int]
    shutdown_ray: bool
    def __init__(self, shutdown_ray: _Optional[bool] = ...) -> None: ...

class CleanupDistEnvAndMemoryResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

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
    __slots__ = ("tensor_model_parallel_size", "pipeline_model_parallel_size", "prefill_context_model_parallel_size", "decode_context_model_parallel_size", "backend", "data_parallel_size")
    TENSOR_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    tensor_model_parallel_size: int
    pipeline_model_parallel_size: int
    prefill_context_model_parallel_size: int
    decode_context_model_parallel_size: int
    backend: str
    data_parallel_size: int
    def __init__(self, tensor_model_parallel_size: _Optional[int] = ..., pipeline_model_parallel_size: _Optional[int] = ..., prefill_context_model_parallel_size: _Optional[int] = ..., decode_context_model_parallel_size: _Optional[int] = ..., backend: _Optional[str] = ..., data_parallel_size: _Optional[int] = ...) -> None: ...

class EnsureModelParallelInitializedResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetContextModelParallelGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetContextModelParallelGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

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

class GetDpGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetDpGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

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

class GetWorldGroupRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetWorldGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class InTheSameNodeAsRequest(_message.Message):
    __slots__ = ("pg", "source_rank")
    PG_FIELD_NUMBER: _ClassVar[int]
    SOURCE_RANK_FIELD_NUMBER: _ClassVar[int]
    pg: _types_pb2.ProcessGroup
    source_rank: int
    def __init__(self, pg: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ..., source_rank: _Optional[int] = ...) -> None: ...

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

class InitLoggerRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class InitLoggerResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class InitModelParallelGroupRequest(_message.Message):
    __slots__ = ("group_ranks", "local_rank", "backend", "use_message_queue_broadcaster", "group_name", "use_device_communicator")
    GROUP_RANKS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    USE_MESSAGE_QUEUE_BROADCASTER_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    USE_DEVICE_COMMUNICATOR_FIELD_NUMBER: _ClassVar[int]
    group_ranks: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    local_rank: int
    backend: str
    use_message_queue_broadcaster: bool
    group_name: str
    use_device_communicator: bool
    def __init__(self, group_ranks: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ..., local_rank: _Optional[int] = ..., backend: _Optional[str] = ..., use_message_queue_broadcaster: _Optional[bool] = ..., group_name: _Optional[str] = ..., use_device_communicator: _Optional[bool] = ...) -> None: ...

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
    __slots__ = ("tensor_model_parallel_size", "pipeline_model_parallel_size", "prefill_context_model_parallel_size", "decode_context_model_parallel_size", "backend", "data_parallel_size")
    TENSOR_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_MODEL_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    tensor_model_parallel_size: int
    pipeline_model_parallel_size: int
    prefill_context_model_parallel_size: int
    decode_context_model_parallel_size: int
    backend: str
    data_parallel_size: int
    def __init__(self, tensor_model_parallel_size: _Optional[int] = ..., pipeline_model_parallel_size: _Optional[int] = ..., prefill_context_model_parallel_size: _Optional[int] = ..., decode_context_model_parallel_size: _Optional[int] = ..., backend: _Optional[str] = ..., data_parallel_size: _Optional[int] = ...) -> None: ...

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

class ModelParallelIsInitializedRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ModelParallelIsInitializedResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

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

class SchedYieldRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SchedYieldResponse(_message.Message):
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
    __slots__ = ("input_",)
    INPUT__FIELD_NUMBER: _ClassVar[int]
    input_: _types_pb2.Tensor
    def __init__(self, input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

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
