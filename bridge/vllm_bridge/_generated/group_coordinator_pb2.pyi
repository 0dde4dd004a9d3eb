# Generated from proto/vllm/distributed/v1/group_coordinator.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GroupCoordinatorDeviceCommunicatorRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorDeviceCommunicatorResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

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

class GroupCoordinatorAllReduceRequest(_message.Message):
    __slots__ = ("receiver", "input_")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllReduceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllReduceInPlaceRequest(_message.Message):
    __slots__ = ("receiver", "input_")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllReduceInPlaceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllGatherRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    dim: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ...) -> None: ...

class GroupCoordinatorAllGatherResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorAllGathervRequest(_message.Message):
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

class GroupCoordinatorAllGathervResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GroupCoordinatorReduceScatterRequest(_message.Message):
    __slots__ = ("receiver", "input_", "dim")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    INPUT__FIELD_NUMBER: _ClassVar[int]
    DIM_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    input_: _types_pb2.Tensor
    dim: int
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ..., input_: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dim: _Optional[int] = ...) -> None: ...

class GroupCoordinatorReduceScatterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorReduceScattervRequest(_message.Message):
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

class GroupCoordinatorReduceScattervResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class GroupCoordinatorGatherRequest(_message.Message):
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

class GroupCoordinatorBarrierRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _types_pb2.GroupCoordinator
    def __init__(self, receiver: _Optional[_Union[_types_pb2.GroupCoordinator, _Mapping]] = ...) -> None: ...

class GroupCoordinatorBarrierResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

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

class GroupCoordinatorRecvResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

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
