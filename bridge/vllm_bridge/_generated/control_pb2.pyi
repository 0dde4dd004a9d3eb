# Generated from proto/vllm/bridge/v1/control.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from vllm_bridge._generated import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RankAssignment(_message.Message):
    __slots__ = ("rank_id", "listen", "world", "allowed_prefixes", "max_message_bytes")
    RANK_ID_FIELD_NUMBER: _ClassVar[int]
    LISTEN_FIELD_NUMBER: _ClassVar[int]
    WORLD_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    rank_id: str
    listen: str
    world: WorldAssignment
    allowed_prefixes: _containers.RepeatedScalarFieldContainer[str]
    max_message_bytes: int
    def __init__(self, rank_id: _Optional[str] = ..., listen: _Optional[str] = ..., world: _Optional[_Union[WorldAssignment, _Mapping]] = ..., allowed_prefixes: _Optional[_Iterable[str]] = ..., max_message_bytes: _Optional[int] = ...) -> None: ...

class WorldAssignment(_message.Message):
    __slots__ = ("world_id", "epoch", "rank", "world_size", "local_rank", "backend", "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "prefill_context_parallel_size", "decode_context_parallel_size", "init_method", "timeout")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    TENSOR_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    INIT_METHOD_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    epoch: int
    rank: int
    world_size: int
    local_rank: int
    backend: str
    tensor_parallel_size: int
    pipeline_parallel_size: int
    data_parallel_size: int
    prefill_context_parallel_size: int
    decode_context_parallel_size: int
    init_method: str
    timeout: _duration_pb2.Duration
    def __init__(self, world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., rank: _Optional[int] = ..., world_size: _Optional[int] = ..., local_rank: _Optional[int] = ..., backend: _Optional[str] = ..., tensor_parallel_size: _Optional[int] = ..., pipeline_parallel_size: _Optional[int] = ..., data_parallel_size: _Optional[int] = ..., prefill_context_parallel_size: _Optional[int] = ..., decode_context_parallel_size: _Optional[int] = ..., init_method: _Optional[str] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class PoolToRank(_message.Message):
    __slots__ = ("request_id", "assign", "register_session", "drop_session", "stop")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ASSIGN_FIELD_NUMBER: _ClassVar[int]
    REGISTER_SESSION_FIELD_NUMBER: _ClassVar[int]
    DROP_SESSION_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    assign: RankAssignment
    register_session: RegisterSession
    drop_session: DropSession
    stop: Stop
    def __init__(self, request_id: _Optional[int] = ..., assign: _Optional[_Union[RankAssignment, _Mapping]] = ..., register_session: _Optional[_Union[RegisterSession, _Mapping]] = ..., drop_session: _Optional[_Union[DropSession, _Mapping]] = ..., stop: _Optional[_Union[Stop, _Mapping]] = ...) -> None: ...

class RegisterSession(_message.Message):
    __slots__ = ("session_id", "fail_fast")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    FAIL_FAST_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    fail_fast: bool
    def __init__(self, session_id: _Optional[str] = ..., fail_fast: _Optional[bool] = ...) -> None: ...

class DropSession(_message.Message):
    __slots__ = ("session_id", "unless_used_within")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    UNLESS_USED_WITHIN_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    unless_used_within: _duration_pb2.Duration
    def __init__(self, session_id: _Optional[str] = ..., unless_used_within: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Stop(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RankToPool(_message.Message):
    __slots__ = ("request_id", "ready", "failed", "ack")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    ready: Ready
    failed: _types_pb2.ErrorDetail
    ack: Ack
    def __init__(self, request_id: _Optional[int] = ..., ready: _Optional[_Union[Ready, _Mapping]] = ..., failed: _Optional[_Union[_types_pb2.ErrorDetail, _Mapping]] = ..., ack: _Optional[_Union[Ack, _Mapping]] = ...) -> None: ...

class Ready(_message.Message):
    __slots__ = ("endpoint", "pid")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    endpoint: str
    pid: int
    def __init__(self, endpoint: _Optional[str] = ..., pid: _Optional[int] = ...) -> None: ...

class Ack(_message.Message):
    __slots__ = ("kept",)
    KEPT_FIELD_NUMBER: _ClassVar[int]
    kept: bool
    def __init__(self, kept: _Optional[bool] = ...) -> None: ...
