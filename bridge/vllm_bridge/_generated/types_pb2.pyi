# Generated from proto/vllm/bridge/v1/types.proto by `make codegen`. Do not edit.
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Tensor(_message.Message):
    __slots__ = ("dtype", "shape", "data", "shared_memory", "ref", "chunks")
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SHARED_MEMORY_FIELD_NUMBER: _ClassVar[int]
    REF_FIELD_NUMBER: _ClassVar[int]
    CHUNKS_FIELD_NUMBER: _ClassVar[int]
    dtype: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    shared_memory: SharedMemory
    ref: Ref
    chunks: ChunkedData
    def __init__(self, dtype: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ..., shared_memory: _Optional[_Union[SharedMemory, _Mapping]] = ..., ref: _Optional[_Union[Ref, _Mapping]] = ..., chunks: _Optional[_Union[ChunkedData, _Mapping]] = ...) -> None: ...

class SharedMemory(_message.Message):
    __slots__ = ("name", "offset", "size")
    NAME_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    name: str
    offset: int
    size: int
    def __init__(self, name: _Optional[str] = ..., offset: _Optional[int] = ..., size: _Optional[int] = ...) -> None: ...

class ChunkedData(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: int
    def __init__(self, index: _Optional[int] = ...) -> None: ...

class Ref(_message.Message):
    __slots__ = ("id", "session_id", "epoch", "type_name")
    ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    TYPE_NAME_FIELD_NUMBER: _ClassVar[int]
    id: str
    session_id: str
    epoch: int
    type_name: str
    def __init__(self, id: _Optional[str] = ..., session_id: _Optional[str] = ..., epoch: _Optional[int] = ..., type_name: _Optional[str] = ...) -> None: ...

class Term(_message.Message):
    __slots__ = ("msgpack", "tensors")
    MSGPACK_FIELD_NUMBER: _ClassVar[int]
    TENSORS_FIELD_NUMBER: _ClassVar[int]
    msgpack: bytes
    tensors: _containers.RepeatedCompositeFieldContainer[Tensor]
    def __init__(self, msgpack: _Optional[bytes] = ..., tensors: _Optional[_Iterable[_Union[Tensor, _Mapping]]] = ...) -> None: ...

class GroupCoordinator(_message.Message):
    __slots__ = ("ref", "unique_name", "ranks", "rank", "rank_in_group", "world_size", "local_rank", "backend", "device")
    REF_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_NAME_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    RANK_IN_GROUP_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    ref: Ref
    unique_name: str
    ranks: _containers.RepeatedScalarFieldContainer[int]
    rank: int
    rank_in_group: int
    world_size: int
    local_rank: int
    backend: str
    device: str
    def __init__(self, ref: _Optional[_Union[Ref, _Mapping]] = ..., unique_name: _Optional[str] = ..., ranks: _Optional[_Iterable[int]] = ..., rank: _Optional[int] = ..., rank_in_group: _Optional[int] = ..., world_size: _Optional[int] = ..., local_rank: _Optional[int] = ..., backend: _Optional[str] = ..., device: _Optional[str] = ...) -> None: ...

class ProcessGroup(_message.Message):
    __slots__ = ("ref", "unique_name", "ranks", "rank_in_group", "world_size", "backend")
    REF_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_NAME_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    RANK_IN_GROUP_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    ref: Ref
    unique_name: str
    ranks: _containers.RepeatedScalarFieldContainer[int]
    rank_in_group: int
    world_size: int
    backend: str
    def __init__(self, ref: _Optional[_Union[Ref, _Mapping]] = ..., unique_name: _Optional[str] = ..., ranks: _Optional[_Iterable[int]] = ..., rank_in_group: _Optional[int] = ..., world_size: _Optional[int] = ..., backend: _Optional[str] = ...) -> None: ...

class Int64List(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, values: _Optional[_Iterable[int]] = ...) -> None: ...

class BoolList(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, values: _Optional[_Iterable[bool]] = ...) -> None: ...

class DoubleList(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, values: _Optional[_Iterable[float]] = ...) -> None: ...

class StringList(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class TensorList(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedCompositeFieldContainer[Tensor]
    def __init__(self, values: _Optional[_Iterable[_Union[Tensor, _Mapping]]] = ...) -> None: ...

class ErrorDetail(_message.Message):
    __slots__ = ("category", "message", "reason", "details", "python_type", "traceback", "rank", "call_id")
    class Category(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        CATEGORY_UNSPECIFIED: _ClassVar[ErrorDetail.Category]
        WORKER: _ClassVar[ErrorDetail.Category]
        TIMEOUT: _ClassVar[ErrorDetail.Category]
        PYTHON_ERROR: _ClassVar[ErrorDetail.Category]
        GRPC_ERROR: _ClassVar[ErrorDetail.Category]
        VALIDATION: _ClassVar[ErrorDetail.Category]
        POOL: _ClassVar[ErrorDetail.Category]
    CATEGORY_UNSPECIFIED: ErrorDetail.Category
    WORKER: ErrorDetail.Category
    TIMEOUT: ErrorDetail.Category
    PYTHON_ERROR: ErrorDetail.Category
    GRPC_ERROR: ErrorDetail.Category
    VALIDATION: ErrorDetail.Category
    POOL: ErrorDetail.Category
    CATEGORY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    PYTHON_TYPE_FIELD_NUMBER: _ClassVar[int]
    TRACEBACK_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    category: ErrorDetail.Category
    message: str
    reason: str
    details: Term
    python_type: str
    traceback: str
    rank: int
    call_id: str
    def __init__(self, category: _Optional[_Union[ErrorDetail.Category, str]] = ..., message: _Optional[str] = ..., reason: _Optional[str] = ..., details: _Optional[_Union[Term, _Mapping]] = ..., python_type: _Optional[str] = ..., traceback: _Optional[str] = ..., rank: _Optional[int] = ..., call_id: _Optional[str] = ...) -> None: ...
