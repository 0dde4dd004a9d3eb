# Generated from proto/vllm/distributed/v1/stateless_group_coordinator.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from vllm_bridge._generated import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StatelessGroupCoordinatorNewRequest(_message.Message):
    __slots__ = ("group_ranks", "local_rank", "torch_distributed_backend", "use_device_communicator", "use_message_queue_broadcaster", "group_name", "host", "group_ports", "global_rank", "global_world_size", "coord_store", "timeout")
    GROUP_RANKS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    TORCH_DISTRIBUTED_BACKEND_FIELD_NUMBER: _ClassVar[int]
    USE_DEVICE_COMMUNICATOR_FIELD_NUMBER: _ClassVar[int]
    USE_MESSAGE_QUEUE_BROADCASTER_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    GROUP_PORTS_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_RANK_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    COORD_STORE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    group_ranks: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    local_rank: int
    torch_distributed_backend: str
    use_device_communicator: bool
    use_message_queue_broadcaster: bool
    group_name: str
    host: str
    group_ports: _types_pb2.Term
    global_rank: int
    global_world_size: int
    coord_store: _types_pb2.Term
    timeout: _duration_pb2.Duration
    def __init__(self, group_ranks: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ..., local_rank: _Optional[int] = ..., torch_distributed_backend: _Optional[str] = ..., use_device_communicator: _Optional[bool] = ..., use_message_queue_broadcaster: _Optional[bool] = ..., group_name: _Optional[str] = ..., host: _Optional[str] = ..., group_ports: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., global_rank: _Optional[int] = ..., global_world_size: _Optional[int] = ..., coord_store: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.GroupCoordinator
    def __init__(self, result: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorDeviceCommunicatorRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorDeviceCommunicatorResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorDeviceGroupRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorDeviceGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.ProcessGroup
    def __init__(self, result: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorCpuGroupRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorCpuGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.ProcessGroup
    def __init__(self, result: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorFirstRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorFirstRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorLastRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorLastRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorIsFirstRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorIsFirstRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class StatelessGroupCoordinatorIsLastRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorIsLastRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class StatelessGroupCoordinatorNextRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorNextRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorPrevRankRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorPrevRankResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorMakeSiblingDeviceGroupRequest(_message.Message):
    __slots__ = ("receiver", "group_desc")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    GROUP_DESC_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    group_desc: str
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., group_desc: _Optional[str] = ...) -> None: ...

class StatelessGroupCoordinatorMakeSiblingDeviceGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.ProcessGroup
    def __init__(self, result: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorDestroyRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorDestroyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessGroupCoordinatorGraphCaptureRequest(_message.Message):
    __slots__ = ("receiver", "graph_capture_context")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    GRAPH_CAPTURE_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    graph_capture_context: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., graph_capture_context: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorGraphCaptureResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorPrepareCommunicationBufferForModelRequest(_message.Message):
    __slots__ = ("receiver", "model")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    model: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., model: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorPrepareCommunicationBufferForModelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessGroupCoordinatorDispatchRequest(_message.Message):
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

class StatelessGroupCoordinatorDispatchResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorDispatchRouterLogitsRequest(_message.Message):
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

class StatelessGroupCoordinatorDispatchRouterLogitsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorCombineRequest(_message.Message):
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

class StatelessGroupCoordinatorCombineResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorCreateMqBroadcasterRequest(_message.Message):
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

class StatelessGroupCoordinatorCreateMqBroadcasterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorCreateSingleReaderMqBroadcastersRequest(_message.Message):
    __slots__ = ("receiver", "reader_rank_in_group", "blocking")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    READER_RANK_IN_GROUP_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    reader_rank_in_group: int
    blocking: bool
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., reader_rank_in_group: _Optional[int] = ..., blocking: _Optional[bool] = ...) -> None: ...

class StatelessGroupCoordinatorCreateSingleReaderMqBroadcastersResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorBroadcastObjectRequest(_message.Message):
    __slots__ = ("receiver", "obj", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    obj: _types_pb2.Term
    src: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorBroadcastObjectResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorBroadcastObjectListRequest(_message.Message):
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

class StatelessGroupCoordinatorBroadcastObjectListResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorBroadcastTensorDictRequest(_message.Message):
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

class StatelessGroupCoordinatorBroadcastTensorDictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorSendObjectRequest(_message.Message):
    __slots__ = ("receiver", "obj", "dst")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    obj: _types_pb2.Term
    dst: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., dst: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorSendObjectResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessGroupCoordinatorIsendObjectRequest(_message.Message):
    __slots__ = ("receiver", "obj", "dst")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    obj: _types_pb2.Term
    dst: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., dst: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorIsendObjectResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorRecvObjectRequest(_message.Message):
    __slots__ = ("receiver", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    src: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorRecvObjectResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorBarrierRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorBarrierResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessGroupCoordinatorAllReduceRequest(_message.Message):
    __slots__ = ("receiver", "input_")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorAllReduceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorAllReduceInPlaceRequest(_message.Message):
    __slots__ = ("receiver", "input_")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorAllReduceInPlaceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorAllGatherRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    dim: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorAllGatherResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorAllGathervRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim", "sizes")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Term
    dim: int
    sizes: _types_pb2.Int64List
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., dim: _Optional[int] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorAllGathervResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorReduceScatterRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    dim: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorReduceScatterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorReduceScattervRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim", "sizes")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    dim: int
    sizes: _types_pb2.Int64List
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorReduceScattervResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorGatherRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dst", "dim")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    dst: int
    dim: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dst: _Optional[int] = ..., dim: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorGatherResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorBroadcastRequest(_message.Message):
    __slots__ = ("receiver", "input_", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    src: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorBroadcastResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorSendRequest(_message.Message):
    __slots__ = ("receiver", "tensor", "dst")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    tensor: _types_pb2.Tensor
    dst: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dst: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorSendResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessGroupCoordinatorRecvRequest(_message.Message):
    __slots__ = ("receiver", "size", "dtype", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    size: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    src: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., size: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., src: _Optional[int] = ...) -> None: ...

class StatelessGroupCoordinatorRecvResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorSendTensorDictRequest(_message.Message):
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

class StatelessGroupCoordinatorSendTensorDictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorRecvTensorDictRequest(_message.Message):
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

class StatelessGroupCoordinatorRecvTensorDictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorIsendTensorDictRequest(_message.Message):
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

class StatelessGroupCoordinatorIsendTensorDictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorIrecvTensorDictRequest(_message.Message):
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

class StatelessGroupCoordinatorIrecvTensorDictResponse(_message.Message):
    __slots__ = ("item_1", "item_2", "item_3")
    ITEM_1_FIELD_NUMBER: _ClassVar[int]
    ITEM_2_FIELD_NUMBER: _ClassVar[int]
    ITEM_3_FIELD_NUMBER: _ClassVar[int]
    item_1: _types_pb2.Term
    item_2: _types_pb2.Term
    item_3: _types_pb2.Term
    def __init__(self, item_1: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., item_2: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., item_3: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorSizeRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorSizeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...
