# Generated from proto/vllm/bridge/v1/pool.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Affinity(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AFFINITY_UNSPECIFIED: _ClassVar[Affinity]
    HINT: _ClassVar[Affinity]
    STRICT_QUEUE: _ClassVar[Affinity]
    STRICT_FAIL_FAST: _ClassVar[Affinity]

class RankState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RANK_STATE_UNSPECIFIED: _ClassVar[RankState]
    STARTING: _ClassVar[RankState]
    READY: _ClassVar[RankState]
    DEAD: _ClassVar[RankState]

class WorldState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WORLD_STATE_UNSPECIFIED: _ClassVar[WorldState]
    WORLD_STARTING: _ClassVar[WorldState]
    WORLD_READY: _ClassVar[WorldState]
    WORLD_FAILED: _ClassVar[WorldState]
    WORLD_STOPPED: _ClassVar[WorldState]
AFFINITY_UNSPECIFIED: Affinity
HINT: Affinity
STRICT_QUEUE: Affinity
STRICT_FAIL_FAST: Affinity
RANK_STATE_UNSPECIFIED: RankState
STARTING: RankState
READY: RankState
DEAD: RankState
WORLD_STATE_UNSPECIFIED: WorldState
WORLD_STARTING: WorldState
WORLD_READY: WorldState
WORLD_FAILED: WorldState
WORLD_STOPPED: WorldState

class OpenSessionRequest(_message.Message):
    __slots__ = ("session_id", "pool_name", "affinity")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    AFFINITY_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    pool_name: str
    affinity: Affinity
    def __init__(self, session_id: _Optional[str] = ..., pool_name: _Optional[str] = ..., affinity: _Optional[_Union[Affinity, str]] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("session_id", "pool_name", "affinity", "endpoint", "world_id", "rank", "epoch", "pid")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    AFFINITY_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    pool_name: str
    affinity: Affinity
    endpoint: str
    world_id: str
    rank: int
    epoch: int
    pid: int
    def __init__(self, session_id: _Optional[str] = ..., pool_name: _Optional[str] = ..., affinity: _Optional[_Union[Affinity, str]] = ..., endpoint: _Optional[str] = ..., world_id: _Optional[str] = ..., rank: _Optional[int] = ..., epoch: _Optional[int] = ..., pid: _Optional[int] = ...) -> None: ...

class CloseSessionRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class CloseSessionResponse(_message.Message):
    __slots__ = ("closed",)
    CLOSED_FIELD_NUMBER: _ClassVar[int]
    closed: bool
    def __init__(self, closed: _Optional[bool] = ...) -> None: ...

class GetSessionRequest(_message.Message):
    __slots__ = ("session_id", "wait_for_end")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    WAIT_FOR_END_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    wait_for_end: _duration_pb2.Duration
    def __init__(self, session_id: _Optional[str] = ..., wait_for_end: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StartWorldRequest(_message.Message):
    __slots__ = ("world_id", "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "prefill_context_parallel_size", "decode_context_parallel_size", "backend", "timeout", "pool_name")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    TENSOR_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    tensor_parallel_size: int
    pipeline_parallel_size: int
    data_parallel_size: int
    prefill_context_parallel_size: int
    decode_context_parallel_size: int
    backend: str
    timeout: _duration_pb2.Duration
    pool_name: str
    def __init__(self, world_id: _Optional[str] = ..., tensor_parallel_size: _Optional[int] = ..., pipeline_parallel_size: _Optional[int] = ..., data_parallel_size: _Optional[int] = ..., prefill_context_parallel_size: _Optional[int] = ..., decode_context_parallel_size: _Optional[int] = ..., backend: _Optional[str] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., pool_name: _Optional[str] = ...) -> None: ...

class RankInfo(_message.Message):
    __slots__ = ("rank", "local_rank", "pid", "node", "state", "session_id", "endpoint", "exit")
    RANK_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    EXIT_FIELD_NUMBER: _ClassVar[int]
    rank: int
    local_rank: int
    pid: int
    node: str
    state: RankState
    session_id: str
    endpoint: str
    exit: str
    def __init__(self, rank: _Optional[int] = ..., local_rank: _Optional[int] = ..., pid: _Optional[int] = ..., node: _Optional[str] = ..., state: _Optional[_Union[RankState, str]] = ..., session_id: _Optional[str] = ..., endpoint: _Optional[str] = ..., exit: _Optional[str] = ...) -> None: ...

class World(_message.Message):
    __slots__ = ("world_id", "epoch", "state", "world_size", "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "prefill_context_parallel_size", "decode_context_parallel_size", "backend", "ranks", "failure")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    TENSOR_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    epoch: int
    state: WorldState
    world_size: int
    tensor_parallel_size: int
    pipeline_parallel_size: int
    data_parallel_size: int
    prefill_context_parallel_size: int
    decode_context_parallel_size: int
    backend: str
    ranks: _containers.RepeatedCompositeFieldContainer[RankInfo]
    failure: str
    def __init__(self, world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., state: _Optional[_Union[WorldState, str]] = ..., world_size: _Optional[int] = ..., tensor_parallel_size: _Optional[int] = ..., pipeline_parallel_size: _Optional[int] = ..., data_parallel_size: _Optional[int] = ..., prefill_context_parallel_size: _Optional[int] = ..., decode_context_parallel_size: _Optional[int] = ..., backend: _Optional[str] = ..., ranks: _Optional[_Iterable[_Union[RankInfo, _Mapping]]] = ..., failure: _Optional[str] = ...) -> None: ...

class StopWorldRequest(_message.Message):
    __slots__ = ("world_id",)
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    def __init__(self, world_id: _Optional[str] = ...) -> None: ...

class StopWorldResponse(_message.Message):
    __slots__ = ("stopped",)
    STOPPED_FIELD_NUMBER: _ClassVar[int]
    stopped: bool
    def __init__(self, stopped: _Optional[bool] = ...) -> None: ...

class GetWorldRequest(_message.Message):
    __slots__ = ("world_id",)
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    def __init__(self, world_id: _Optional[str] = ...) -> None: ...

class GetStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PoolStatus(_message.Message):
    __slots__ = ("version", "pid", "ranks", "worlds", "sessions")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    WORLDS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    version: str
    pid: int
    ranks: _containers.RepeatedCompositeFieldContainer[RankInfo]
    worlds: _containers.RepeatedCompositeFieldContainer[World]
    sessions: _containers.RepeatedCompositeFieldContainer[Session]
    def __init__(self, version: _Optional[str] = ..., pid: _Optional[int] = ..., ranks: _Optional[_Iterable[_Union[RankInfo, _Mapping]]] = ..., worlds: _Optional[_Iterable[_Union[World, _Mapping]]] = ..., sessions: _Optional[_Iterable[_Union[Session, _Mapping]]] = ...) -> None: ...
