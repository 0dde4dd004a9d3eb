# Generated from proto/vllm/distributed/v1/message_queue.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from vllm_bridge._generated import types_pb2 as _types_pb2
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MessageQueueNewRequest(_message.Message):
    __slots__ = ("n_reader", "n_local_reader", "local_reader_ranks", "max_chunk_bytes", "max_chunks", "connect_ip", "enable_shm_tensor_arena", "timeout")
    N_READER_FIELD_NUMBER: _ClassVar[int]
    N_LOCAL_READER_FIELD_NUMBER: _ClassVar[int]
    LOCAL_READER_RANKS_FIELD_NUMBER: _ClassVar[int]
    MAX_CHUNK_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    CONNECT_IP_FIELD_NUMBER: _ClassVar[int]
    ENABLE_SHM_TENSOR_ARENA_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    n_reader: int
    n_local_reader: int
    local_reader_ranks: _types_pb2.Int64List
    max_chunk_bytes: int
    max_chunks: int
    connect_ip: str
    enable_shm_tensor_arena: bool
    timeout: _duration_pb2.Duration
    def __init__(self, n_reader: _Optional[int] = ..., n_local_reader: _Optional[int] = ..., local_reader_ranks: _Optional[_Union[_types_pb2.Int64List, _Mapping]] = ..., max_chunk_bytes: _Optional[int] = ..., max_chunks: _Optional[int] = ..., connect_ip: _Optional[str] = ..., enable_shm_tensor_arena: _Optional[bool] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class MessageQueueNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.MessageQueueObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class MessageQueueCreateFromHandleRequest(_message.Message):
    __slots__ = ("handle", "rank")
    HANDLE_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    handle: _types_pb2.Term
    rank: int
    def __init__(self, handle: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., rank: _Optional[int] = ...) -> None: ...

class MessageQueueCreateFromHandleResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.MessageQueueObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class MessageQueueCreateFromProcessGroupRequest(_message.Message):
    __slots__ = ("pg", "max_chunk_bytes", "max_chunks", "writer_rank", "external_writer_handle", "blocking", "timeout")
    PG_FIELD_NUMBER: _ClassVar[int]
    MAX_CHUNK_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    WRITER_RANK_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_WRITER_HANDLE_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    pg: _types_pb2.Term
    max_chunk_bytes: int
    max_chunks: int
    writer_rank: int
    external_writer_handle: _types_pb2.Term
    blocking: bool
    timeout: _duration_pb2.Duration
    def __init__(self, pg: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., max_chunk_bytes: _Optional[int] = ..., max_chunks: _Optional[int] = ..., writer_rank: _Optional[int] = ..., external_writer_handle: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., blocking: _Optional[bool] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class MessageQueueCreateFromProcessGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.MessageQueueObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class MessageQueueCreateFromProcessGroupSingleReaderRequest(_message.Message):
    __slots__ = ("pg", "max_chunk_bytes", "max_chunks", "reader_rank", "blocking", "timeout")
    PG_FIELD_NUMBER: _ClassVar[int]
    MAX_CHUNK_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_CHUNKS_FIELD_NUMBER: _ClassVar[int]
    READER_RANK_FIELD_NUMBER: _ClassVar[int]
    BLOCKING_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    pg: _types_pb2.Term
    max_chunk_bytes: int
    max_chunks: int
    reader_rank: int
    blocking: bool
    timeout: _duration_pb2.Duration
    def __init__(self, pg: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., max_chunk_bytes: _Optional[int] = ..., max_chunks: _Optional[int] = ..., reader_rank: _Optional[int] = ..., blocking: _Optional[bool] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class MessageQueueCreateFromProcessGroupSingleReaderResponse(_message.Message):
    __slots__ = ("item_1", "item_2")
    ITEM_1_FIELD_NUMBER: _ClassVar[int]
    ITEM_2_FIELD_NUMBER: _ClassVar[int]
    item_1: _objects_pb2.MessageQueueObject
    item_2: _types_pb2.Term
    def __init__(self, item_1: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ..., item_2: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class MessageQueueIsWriterRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.MessageQueueObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class MessageQueueIsWriterResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class MessageQueueNLocalReaderRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.MessageQueueObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class MessageQueueNLocalReaderResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class MessageQueueNRemoteReaderRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.MessageQueueObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class MessageQueueNRemoteReaderResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class MessageQueueShuttingDownRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.MessageQueueObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class MessageQueueShuttingDownResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class MessageQueueExportHandleRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.MessageQueueObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class MessageQueueExportHandleResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class MessageQueueWaitUntilReadyRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.MessageQueueObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class MessageQueueWaitUntilReadyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MessageQueueEnqueueRequest(_message.Message):
    __slots__ = ("receiver", "obj", "timeout")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.MessageQueueObject
    obj: _types_pb2.Term
    timeout: float
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., timeout: _Optional[float] = ...) -> None: ...

class MessageQueueEnqueueResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class MessageQueueDequeueRequest(_message.Message):
    __slots__ = ("receiver", "timeout", "indefinite", "cancel")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    INDEFINITE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.MessageQueueObject
    timeout: float
    indefinite: bool
    cancel: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ..., timeout: _Optional[float] = ..., indefinite: _Optional[bool] = ..., cancel: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class MessageQueueDequeueResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class MessageQueueRecvRequest(_message.Message):
    __slots__ = ("socket", "timeout")
    SOCKET_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    socket: _types_pb2.Term
    timeout: float
    def __init__(self, socket: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., timeout: _Optional[float] = ...) -> None: ...

class MessageQueueRecvResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class MessageQueueBroadcastObjectRequest(_message.Message):
    __slots__ = ("receiver", "obj")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    OBJ_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.MessageQueueObject
    obj: _types_pb2.Term
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ..., obj: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class MessageQueueBroadcastObjectResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class MessageQueueShutdownRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.MessageQueueObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.MessageQueueObject, _Mapping]] = ...) -> None: ...

class MessageQueueShutdownResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
