# Generated from proto/vllm/distributed/v1/group_coordinator.proto by `make codegen`. Do not edit.
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

class GroupCoordinatorNewRequest(_message.Message):
    __slots__ = ("group_ranks", "local_rank", "torch_distributed_backend", "use_device_communicator", "use_message_queue_broadcaster", "group_name", "use_all2all", "timeout")
    GROUP_RANKS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    TORCH_DISTRIBUTED_BACKEND_FIELD_NUMBER: _ClassVar[int]
    USE_DEVICE_COMMUNICATOR_FIELD_NUMBER: _ClassVar[int]
    USE_MESSAGE_QUEUE_BROADCASTER_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    USE_ALL2ALL_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    group_ranks: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    local_rank: int
    torch_distributed_backend: str
    use_device_communicator: bool
    use_message_queue_broadcaster: bool
    group_name: str
    use_all2all: bool
    timeout: _duration_pb2.Duration
    def __init__(self, group_ranks: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ..., local_rank: _Optional[int] = ..., torch_distributed_backend: _Optional[str] = ..., use_device_communicator: _Optional[bool] = ..., use_message_queue_broadcaster: _Optional[bool] = ..., group_name: _Optional[str] = ..., use_all2all: _Optional[bool] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GroupCoordinatorNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDeviceCommunicatorRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDeviceCommunicatorResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.DeviceCommunicatorBaseObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDeviceGroupRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDeviceGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.ProcessGroup
    def __init__(self, result: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCpuGroupRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCpuGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.ProcessGroup
    def __init__(self, result: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class GroupCoordinatorTorchDistributedBackendRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorTorchDistributedBackendResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: str
    def __init__(self, result: _Optional[str] = ...) -> None: ...

class GroupCoordinatorDeviceIndexRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDeviceIndexResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GroupCoordinatorCpuTimeoutRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCpuTimeoutResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _duration_pb2.Duration
    def __init__(self, result: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class GroupCoordinatorUseCustomOpCallRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorUseCustomOpCallResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class GroupCoordinatorUseCpuCustomSendRecvRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorUseCpuCustomSendRecvResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class GroupCoordinatorFirstRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorFirstRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GroupCoordinatorLastRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorLastRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GroupCoordinatorIsFirstRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorIsFirstRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class GroupCoordinatorIsLastRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorIsLastRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class GroupCoordinatorNextRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorNextRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GroupCoordinatorPrevRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorPrevRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class GroupCoordinatorMakeSiblingDeviceGroupRequest(_message.Message):
    __slots__ = ("receiver", "group_desc")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    GROUP_DESC_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    group_desc: str
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., group_desc: _Optional[str] = ...) -> None: ...

class GroupCoordinatorMakeSiblingDeviceGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.ProcessGroup
    def __init__(self, result: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDestroyRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDestroyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GroupCoordinatorGraphCaptureRequest(_message.Message):
    __slots__ = ("receiver", "graph_capture_context")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    GRAPH_CAPTURE_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    graph_capture_context: _objects_pb2.GraphCaptureContextObject
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., graph_capture_context: _Optional[_Union[_objects_pb2.GraphCaptureContextObject, _Mapping]] = ...) -> None: ...

class GroupCoordinatorGraphCaptureResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Ref
    def __init__(self, result: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class GroupCoordinatorPrepareCommunicationBufferForModelRequest(_message.Message):
    __slots__ = ("receiver", "model")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    model: _types_pb2.Ref
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., model: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class GroupCoordinatorPrepareCommunicationBufferForModelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GroupCoordinatorDispatchRequest(_message.Message):
    __slots__ = ("receiver", "hidden_states", "topk_weights", "topk_ids", "is_sequence_parallel", "extra_tensors", "sizes", "router_logits")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_STATES_FIELD_NUMBER: _ClassVar[int]
    TOPK_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    TOPK_IDS_FIELD_NUMBER: _ClassVar[int]
    IS_SEQUENCE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    EXTRA_TENSORS_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    ROUTER_LOGITS_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    hidden_states: _types_pb2.Tensor
    topk_weights: _types_pb2.Tensor
    topk_ids: _types_pb2.Tensor
    is_sequence_parallel: bool
    extra_tensors: _types_pb2.TensorList
    sizes: _types_pb2.Int64List
    router_logits: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., hidden_states: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., topk_weights: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., topk_ids: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., is_sequence_parallel: _Optional[bool] = ..., extra_tensors: _Optional[_Union[_types_pb2.TensorList, _Mapping]] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., router_logits: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDispatchResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDispatchRouterLogitsRequest(_message.Message):
    __slots__ = ("receiver", "hidden_states", "router_logits", "is_sequence_parallel", "extra_tensors", "sizes")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_STATES_FIELD_NUMBER: _ClassVar[int]
    ROUTER_LOGITS_FIELD_NUMBER: _ClassVar[int]
    IS_SEQUENCE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    EXTRA_TENSORS_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    hidden_states: _types_pb2.Tensor
    router_logits: _types_pb2.Tensor
    is_sequence_parallel: bool
    extra_tensors: _types_pb2.TensorList
    sizes: _types_pb2.Int64List
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., hidden_states: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., router_logits: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., is_sequence_parallel: _Optional[bool] = ..., extra_tensors: _Optional[_Union[_types_pb2.TensorList, _Mapping]] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDispatchRouterLogitsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCombineRequest(_message.Message):
    __slots__ = ("receiver", "hidden_states", "is_sequence_parallel", "sizes")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_STATES_FIELD_NUMBER: _ClassVar[int]
    IS_SEQUENCE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    hidden_states: _types_pb2.Tensor
    is_sequence_parallel: bool
    sizes: _types_pb2.Int64List
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., hidden_states: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., is_sequence_parallel: _Optional[bool] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCombineResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllocateCombineInputRequest(_message.Message):
    __slots__ = ("receiver", "shape", "dtype", "device", "is_sequence_parallel")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    IS_SEQUENCE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    shape: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    device: str
    is_sequence_parallel: bool
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., shape: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., device: _Optional[str] = ..., is_sequence_parallel: _Optional[bool] = ...) -> None: ...

class GroupCoordinatorAllocateCombineInputResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCombineIntoOutputRequest(_message.Message):
    __slots__ = ("receiver", "hidden_states", "output", "is_sequence_parallel", "sizes")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_STATES_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    IS_SEQUENCE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    hidden_states: _types_pb2.Tensor
    output: _types_pb2.Tensor
    is_sequence_parallel: bool
    sizes: _types_pb2.Int64List
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., hidden_states: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., output: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., is_sequence_parallel: _Optional[bool] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCombineIntoOutputResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCreateMqBroadcasterRequest(_message.Message):
    __slots__ = ("receiver", "writer_rank", "external_writer_handle", "blocking")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    WRITER_RANK_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_WRITER_HANDLE_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    writer_rank: int
    external_writer_handle: _types_pb2.Term
    blocking: bool
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., writer_rank: _Optional[int] = ..., external_writer_handle: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., blocking: _Optional[bool] = ...) -> None: ...

class GroupCoordinatorCreateMqBroadcasterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.MessageQueueObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCreateSingleReaderMqBroadcastersRequest(_message.Message):
    __slots__ = ("receiver", "reader_rank_in_group", "blocking")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    READER_RANK_IN_GROUP_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    reader_rank_in_group: int
    blocking: bool
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., reader_rank_in_group: _Optional[int] = ..., blocking: _Optional[bool] = ...) -> None: ...

class GroupCoordinatorCreateSingleReaderMqBroadcastersResponse(_message.Message):
    __slots__ = ("item_1", "item_2")
    ITEM_1_FIELD_NUMBER: _ClassVar[int]
    ITEM_2_FIELD_NUMBER: _ClassVar[int]
    item_1: _objects_pb2.MessageQueueObject
    item_2: _types_pb2.Term
    def __init__(self, item_1: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ..., item_2: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorBroadcastObjectRequest(_message.Message):
    __slots__ = ("receiver", "obj", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    obj: _types_pb2.Term
    src: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class GroupCoordinatorBroadcastObjectResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorBroadcastObjectListRequest(_message.Message):
    __slots__ = ("receiver", "obj_list", "src", "group")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_LIST_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    obj_list: _types_pb2.Term
    src: int
    group: _types_pb2.ProcessGroup
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., obj_list: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., src: _Optional[int] = ..., group: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class GroupCoordinatorBroadcastObjectListResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorBroadcastTensorDictRequest(_message.Message):
    __slots__ = ("receiver", "tensor_dict", "src", "group", "metadata_group")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_DICT_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    METADATA_GROUP_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    tensor_dict: _types_pb2.Term
    src: int
    group: _types_pb2.ProcessGroup
    metadata_group: _types_pb2.ProcessGroup
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., tensor_dict: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., src: _Optional[int] = ..., group: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ..., metadata_group: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class GroupCoordinatorBroadcastTensorDictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorSendObjectRequest(_message.Message):
    __slots__ = ("receiver", "obj", "dst")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    obj: _types_pb2.Term
    dst: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., dst: _Optional[int] = ...) -> None: ...

class GroupCoordinatorSendObjectResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GroupCoordinatorIsendObjectRequest(_message.Message):
    __slots__ = ("receiver", "obj", "dst")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    obj: _types_pb2.Term
    dst: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., dst: _Optional[int] = ...) -> None: ...

class GroupCoordinatorIsendObjectResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.HandleObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.HandleObject, _Mapping]] = ...) -> None: ...

class GroupCoordinatorRecvObjectRequest(_message.Message):
    __slots__ = ("receiver", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    src: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class GroupCoordinatorRecvObjectResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorBarrierRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorBarrierResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GroupCoordinatorAllReduceRequest(_message.Message):
    __slots__ = ("receiver", "input_", "out", "op")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    out: _types_pb2.Tensor
    op: str
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., op: _Optional[str] = ...) -> None: ...

class GroupCoordinatorAllReduceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllReduceInPlaceRequest(_message.Message):
    __slots__ = ("receiver", "input_", "op")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    op: str
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., op: _Optional[str] = ...) -> None: ...

class GroupCoordinatorAllReduceInPlaceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllGatherRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    dim: int
    out: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllGatherResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllGathervRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim", "sizes", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Term
    dim: int
    sizes: _types_pb2.Int64List
    out: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., dim: _Optional[int] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., out: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllGathervResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorReduceScatterRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    dim: int
    out: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorReduceScatterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorReduceScattervRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim", "sizes", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    dim: int
    sizes: _types_pb2.Int64List
    out: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorReduceScattervResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorReduceScattervIntoOutputRequest(_message.Message):
    __slots__ = ("receiver", "input_", "output", "dim", "sizes")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    output: _types_pb2.Tensor
    dim: int
    sizes: _types_pb2.Int64List
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., output: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...

class GroupCoordinatorReduceScattervIntoOutputResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCpuAllReduceInPlaceRequest(_message.Message):
    __slots__ = ("receiver", "tensor")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    tensor: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorCpuAllReduceInPlaceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorGatherRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dst", "dim", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    dst: int
    dim: int
    out: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dst: _Optional[int] = ..., dim: _Optional[int] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorGatherResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorBroadcastRequest(_message.Message):
    __slots__ = ("receiver", "input_", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    src: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class GroupCoordinatorBroadcastResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorSendRequest(_message.Message):
    __slots__ = ("receiver", "tensor", "dst")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    tensor: _types_pb2.Tensor
    dst: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dst: _Optional[int] = ...) -> None: ...

class GroupCoordinatorSendResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GroupCoordinatorRecvRequest(_message.Message):
    __slots__ = ("receiver", "size", "dtype", "src", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    size: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    src: int
    out: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., size: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., src: _Optional[int] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorRecvResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorSendTensorDictRequest(_message.Message):
    __slots__ = ("receiver", "tensor_dict", "dst", "all_gather_group", "all_gather_tensors")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_DICT_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    ALL_GATHER_GROUP_FIELD_NUMBER: _ClassVar[int]
    ALL_GATHER_TENSORS_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    tensor_dict: _types_pb2.Term
    dst: int
    all_gather_group: _types_pb2.GroupCoordinator
    all_gather_tensors: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., tensor_dict: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., dst: _Optional[int] = ..., all_gather_group: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., all_gather_tensors: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorSendTensorDictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorRecvTensorDictRequest(_message.Message):
    __slots__ = ("receiver", "src", "all_gather_group", "all_gather_tensors")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    ALL_GATHER_GROUP_FIELD_NUMBER: _ClassVar[int]
    ALL_GATHER_TENSORS_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    src: int
    all_gather_group: _types_pb2.GroupCoordinator
    all_gather_tensors: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., src: _Optional[int] = ..., all_gather_group: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., all_gather_tensors: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorRecvTensorDictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorIsendTensorDictRequest(_message.Message):
    __slots__ = ("receiver", "tensor_dict", "dst", "all_gather_group", "all_gather_tensors")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_DICT_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    ALL_GATHER_GROUP_FIELD_NUMBER: _ClassVar[int]
    ALL_GATHER_TENSORS_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    tensor_dict: _types_pb2.Term
    dst: int
    all_gather_group: _types_pb2.GroupCoordinator
    all_gather_tensors: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., tensor_dict: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., dst: _Optional[int] = ..., all_gather_group: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., all_gather_tensors: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorIsendTensorDictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_objects_pb2.HandleObject]
    def __init__(self, result: _Optional[_Iterable[_Union[_objects_pb2.HandleObject, _Mapping]]] = ...) -> None: ...

class GroupCoordinatorIrecvTensorDictRequest(_message.Message):
    __slots__ = ("receiver", "src", "all_gather_group", "all_gather_tensors")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    ALL_GATHER_GROUP_FIELD_NUMBER: _ClassVar[int]
    ALL_GATHER_TENSORS_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    src: int
    all_gather_group: _types_pb2.GroupCoordinator
    all_gather_tensors: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., src: _Optional[int] = ..., all_gather_group: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., all_gather_tensors: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorIrecvTensorDictResponse(_message.Message):
    __slots__ = ("item_1", "item_2", "item_3")
    ITEM_1_FIELD_NUMBER: _ClassVar[int]
    ITEM_2_FIELD_NUMBER: _ClassVar[int]
    ITEM_3_FIELD_NUMBER: _ClassVar[int]
    item_1: _types_pb2.Term
    item_2: _containers.RepeatedCompositeFieldContainer[_objects_pb2.HandleObject]
    item_3: _containers.RepeatedCompositeFieldContainer[_types_pb2.Ref]
    def __init__(self, item_1: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., item_2: _Optional[_Iterable[_Union[_objects_pb2.HandleObject, _Mapping]]] = ..., item_3: _Optional[_Iterable[_Union[_types_pb2.Ref, _Mapping]]] = ...) -> None: ...

class GroupCoordinatorMqBroadcasterRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorMqBroadcasterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.MessageQueueObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...
