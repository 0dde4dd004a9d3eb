# Generated from proto/vllm/distributed/v1/device_communicator_base.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import types_pb2 as _types_pb2
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DeviceCommunicatorBaseDispatchRequest(_message.Message):
    __slots__ = ("receiver", "hidden_states", "topk_weights", "topk_ids", "is_sequence_parallel", "extra_tensors", "sizes", "router_logits")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_STATES_FIELD_NUMBER: _ClassVar[int]
    TOPK_WEIGHTS_FIELD_NUMBER: _ClassVar[int]
    TOPK_IDS_FIELD_NUMBER: _ClassVar[int]
    IS_SEQUENCE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    EXTRA_TENSORS_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    ROUTER_LOGITS_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    hidden_states: _types_pb2.Tensor
    topk_weights: _types_pb2.Tensor
    topk_ids: _types_pb2.Tensor
    is_sequence_parallel: bool
    extra_tensors: _types_pb2.TensorList
    sizes: _types_pb2.Int64List
    router_logits: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., hidden_states: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., topk_weights: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., topk_ids: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., is_sequence_parallel: _Optional[bool] = ..., extra_tensors: _Optional[_Union[_types_pb2.TensorList, _Mapping]] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., router_logits: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseDispatchResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseDispatchRouterLogitsRequest(_message.Message):
    __slots__ = ("receiver", "hidden_states", "router_logits", "is_sequence_parallel", "extra_tensors", "sizes")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_STATES_FIELD_NUMBER: _ClassVar[int]
    ROUTER_LOGITS_FIELD_NUMBER: _ClassVar[int]
    IS_SEQUENCE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    EXTRA_TENSORS_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    hidden_states: _types_pb2.Tensor
    router_logits: _types_pb2.Tensor
    is_sequence_parallel: bool
    extra_tensors: _types_pb2.TensorList
    sizes: _types_pb2.Int64List
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., hidden_states: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., router_logits: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., is_sequence_parallel: _Optional[bool] = ..., extra_tensors: _Optional[_Union[_types_pb2.TensorList, _Mapping]] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseDispatchRouterLogitsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseCombineRequest(_message.Message):
    __slots__ = ("receiver", "hidden_states", "is_sequence_parallel", "sizes")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_STATES_FIELD_NUMBER: _ClassVar[int]
    IS_SEQUENCE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    hidden_states: _types_pb2.Tensor
    is_sequence_parallel: bool
    sizes: _types_pb2.Int64List
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., hidden_states: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., is_sequence_parallel: _Optional[bool] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseCombineResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseAllocateCombineInputRequest(_message.Message):
    __slots__ = ("receiver", "shape", "dtype", "device", "is_sequence_parallel")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    IS_SEQUENCE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    shape: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    device: str
    is_sequence_parallel: bool
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., shape: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., device: _Optional[str] = ..., is_sequence_parallel: _Optional[bool] = ...) -> None: ...

class DeviceCommunicatorBaseAllocateCombineInputResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseCombineIntoOutputRequest(_message.Message):
    __slots__ = ("receiver", "hidden_states", "output", "is_sequence_parallel", "sizes")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    HIDDEN_STATES_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    IS_SEQUENCE_PARALLEL_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    hidden_states: _types_pb2.Tensor
    output: _types_pb2.Tensor
    is_sequence_parallel: bool
    sizes: _types_pb2.Int64List
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., hidden_states: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., output: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., is_sequence_parallel: _Optional[bool] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseCombineIntoOutputResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseAllReduceRequest(_message.Message):
    __slots__ = ("receiver", "input_", "out", "op")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    input_: _types_pb2.Tensor
    out: _types_pb2.Tensor
    op: str
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., op: _Optional[str] = ...) -> None: ...

class DeviceCommunicatorBaseAllReduceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseAllReduceInPlaceRequest(_message.Message):
    __slots__ = ("receiver", "input_", "op")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    input_: _types_pb2.Tensor
    op: str
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., op: _Optional[str] = ...) -> None: ...

class DeviceCommunicatorBaseAllReduceInPlaceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseCpuAllReduceInPlaceRequest(_message.Message):
    __slots__ = ("receiver", "tensor")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    tensor: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseCpuAllReduceInPlaceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseAllGatherRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    input_: _types_pb2.Tensor
    dim: int
    out: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseAllGatherResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseAllGathervRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim", "sizes", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    input_: _types_pb2.Term
    dim: int
    sizes: _types_pb2.Int64List
    out: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., dim: _Optional[int] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., out: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseAllGathervResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseReduceScatterRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    input_: _types_pb2.Tensor
    dim: int
    out: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseReduceScatterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseReduceScattervRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim", "sizes", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    input_: _types_pb2.Tensor
    dim: int
    sizes: _types_pb2.Int64List
    out: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseReduceScattervResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseReduceScattervIntoOutputRequest(_message.Message):
    __slots__ = ("receiver", "input_", "output", "dim", "sizes")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    input_: _types_pb2.Tensor
    output: _types_pb2.Tensor
    dim: int
    sizes: _types_pb2.Int64List
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., output: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ..., sizes: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseReduceScattervIntoOutputResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseGatherRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dst", "dim", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    input_: _types_pb2.Tensor
    dst: int
    dim: int
    out: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dst: _Optional[int] = ..., dim: _Optional[int] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseGatherResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseBroadcastRequest(_message.Message):
    __slots__ = ("receiver", "tensor", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    tensor: _types_pb2.Tensor
    src: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class DeviceCommunicatorBaseBroadcastResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseSendRequest(_message.Message):
    __slots__ = ("receiver", "tensor", "dst")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    tensor: _types_pb2.Tensor
    dst: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dst: _Optional[int] = ...) -> None: ...

class DeviceCommunicatorBaseSendResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeviceCommunicatorBaseRecvRequest(_message.Message):
    __slots__ = ("receiver", "size", "dtype", "src", "out")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    OUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    size: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    src: int
    out: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., size: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., src: _Optional[int] = ..., out: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseRecvResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseBatchIsendIrecvRequest(_message.Message):
    __slots__ = ("receiver", "p2p_ops")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    P2P_OPS_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    p2p_ops: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., p2p_ops: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseBatchIsendIrecvResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_types_pb2.Tensor]
    def __init__(self, result: _Optional[_Iterable[_Union[_types_pb2.Tensor, _Mapping]]] = ...) -> None: ...

class DeviceCommunicatorBaseGetSymmetricMemoryBufferRequest(_message.Message):
    __slots__ = ("receiver", "role", "shape", "dtype", "device")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    role: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    dtype: str
    device: str
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., role: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., dtype: _Optional[str] = ..., device: _Optional[str] = ...) -> None: ...

class DeviceCommunicatorBaseGetSymmetricMemoryBufferResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBasePrepareCommunicationBufferForModelRequest(_message.Message):
    __slots__ = ("receiver", "model")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    model: _types_pb2.Ref
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ..., model: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBasePrepareCommunicationBufferForModelResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeviceCommunicatorBaseSuspendRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseSuspendResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeviceCommunicatorBaseResumeRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseResumeResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeviceCommunicatorBaseCheckpointPrepareRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseCheckpointPrepareResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeviceCommunicatorBaseCheckpointRestoreRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseCheckpointRestoreResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class DeviceCommunicatorBaseDestroyRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.DeviceCommunicatorBaseObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.DeviceCommunicatorBaseObject, _Mapping]] = ...) -> None: ...

class DeviceCommunicatorBaseDestroyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
