# Generated from proto/vllm/distributed/v1/stateless_process_group.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import types_pb2 as _types_pb2
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StatelessProcessGroupNewRequest(_message.Message):
    __slots__ = ("rank", "world_size", "store", "data_expiration_seconds", "socket", "timeout")
    RANK_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    STORE_FIELD_NUMBER: _ClassVar[int]
    DATA_EXPIRATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    rank: int
    world_size: int
    store: _types_pb2.Term
    data_expiration_seconds: int
    socket: _types_pb2.Term
    timeout: float
    def __init__(self, rank: _Optional[int] = ..., world_size: _Optional[int] = ..., store: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., data_expiration_seconds: _Optional[int] = ..., socket: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., timeout: _Optional[float] = ...) -> None: ...

class StatelessProcessGroupNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.StatelessProcessGroupObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupCreateRequest(_message.Message):
    __slots__ = ("host", "port", "rank", "world_size", "data_expiration_seconds", "store_timeout", "listen_socket")
    HOST_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_EXPIRATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    STORE_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    LISTEN_SOCKET_FIELD_NUMBER: _ClassVar[int]
    host: str
    port: int
    rank: int
    world_size: int
    data_expiration_seconds: int
    store_timeout: int
    listen_socket: _types_pb2.Term
    def __init__(self, host: _Optional[str] = ..., port: _Optional[int] = ..., rank: _Optional[int] = ..., world_size: _Optional[int] = ..., data_expiration_seconds: _Optional[int] = ..., store_timeout: _Optional[int] = ..., listen_socket: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupCreateResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.StatelessProcessGroupObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupSendDstCounterRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupSendDstCounterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupRecvSrcCounterRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupRecvSrcCounterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupBroadcastSendCounterRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupBroadcastSendCounterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class StatelessProcessGroupBroadcastRecvSrcCounterRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupBroadcastRecvSrcCounterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupEntriesRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupEntriesResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupSendObjRequest(_message.Message):
    __slots__ = ("receiver", "obj", "dst")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    obj: _types_pb2.Term
    dst: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., dst: _Optional[int] = ...) -> None: ...

class StatelessProcessGroupSendObjResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessProcessGroupRecvObjRequest(_message.Message):
    __slots__ = ("receiver", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    src: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class StatelessProcessGroupRecvObjResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupBroadcastObjRequest(_message.Message):
    __slots__ = ("receiver", "obj", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    obj: _types_pb2.Term
    src: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class StatelessProcessGroupBroadcastObjResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupAllGatherObjRequest(_message.Message):
    __slots__ = ("receiver", "obj")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    obj: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupAllGatherObjResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupBarrierRequest(_message.Message):
    __slots__ = ("receiver", "timeout")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    timeout: float
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ..., timeout: _Optional[float] = ...) -> None: ...

class StatelessProcessGroupBarrierResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessProcessGroupSendRequest(_message.Message):
    __slots__ = ("receiver", "tensor", "dst")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    DST_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    tensor: _types_pb2.Tensor
    dst: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ..., tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., dst: _Optional[int] = ...) -> None: ...

class StatelessProcessGroupSendResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessProcessGroupRecvRequest(_message.Message):
    __slots__ = ("receiver", "tensor", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    tensor: _types_pb2.Tensor
    src: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ..., tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class StatelessProcessGroupRecvResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupBroadcastRequest(_message.Message):
    __slots__ = ("receiver", "tensor", "src")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    SRC_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    tensor: _types_pb2.Tensor
    src: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ..., tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., src: _Optional[int] = ...) -> None: ...

class StatelessProcessGroupBroadcastResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupAllReduceRequest(_message.Message):
    __slots__ = ("receiver", "tensor", "op")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    tensor: _types_pb2.Tensor
    op: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ..., tensor: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ..., op: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupAllReduceResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Tensor
    def __init__(self, result: _Optional[_Union[_types_pb2.Tensor, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupExpireDataRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupExpireDataResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessProcessGroupDestroyRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessProcessGroupObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessProcessGroupObject, _Mapping]] = ...) -> None: ...

class StatelessProcessGroupDestroyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
