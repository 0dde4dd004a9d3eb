# Generated from proto/vllm/bridge/v1/rank.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from vllm_bridge._generated import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CallState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALL_STATE_UNSPECIFIED: _ClassVar[CallState]
    QUEUED: _ClassVar[CallState]
    RUNNING: _ClassVar[CallState]
    FINISHED: _ClassVar[CallState]
    WITHDRAWN: _ClassVar[CallState]
    UNKNOWN: _ClassVar[CallState]

class RecordFormat(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORD_FORMAT_UNSPECIFIED: _ClassVar[RecordFormat]
    CHROME: _ClassVar[RecordFormat]
    TORCH: _ClassVar[RecordFormat]
CALL_STATE_UNSPECIFIED: CallState
QUEUED: CallState
RUNNING: CallState
FINISHED: CallState
WITHDRAWN: CallState
UNKNOWN: CallState
RECORD_FORMAT_UNSPECIFIED: RecordFormat
CHROME: RecordFormat
TORCH: RecordFormat

class CallPart(_message.Message):
    __slots__ = ("message", "sizes", "data")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    message: bytes
    sizes: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    def __init__(self, message: _Optional[bytes] = ..., sizes: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ...) -> None: ...

class InspectRequest(_message.Message):
    __slots__ = ("with_stacks",)
    WITH_STACKS_FIELD_NUMBER: _ClassVar[int]
    with_stacks: bool
    def __init__(self, with_stacks: _Optional[bool] = ...) -> None: ...

class CallRecord(_message.Message):
    __slots__ = ("call_id", "session_id", "method", "state", "queued_s", "running_s", "group", "operation", "parts", "at_gate_s", "gated_s", "ended_s", "overdue_s", "sequence")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    QUEUED_S_FIELD_NUMBER: _ClassVar[int]
    RUNNING_S_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    AT_GATE_S_FIELD_NUMBER: _ClassVar[int]
    GATED_S_FIELD_NUMBER: _ClassVar[int]
    ENDED_S_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_S_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    session_id: str
    method: str
    state: CallState
    queued_s: float
    running_s: float
    group: str
    operation: str
    parts: str
    at_gate_s: float
    gated_s: float
    ended_s: float
    overdue_s: float
    sequence: int
    def __init__(self, call_id: _Optional[str] = ..., session_id: _Optional[str] = ..., method: _Optional[str] = ..., state: _Optional[_Union[CallState, str]] = ..., queued_s: _Optional[float] = ..., running_s: _Optional[float] = ..., group: _Optional[str] = ..., operation: _Optional[str] = ..., parts: _Optional[str] = ..., at_gate_s: _Optional[float] = ..., gated_s: _Optional[float] = ..., ended_s: _Optional[float] = ..., overdue_s: _Optional[float] = ..., sequence: _Optional[int] = ...) -> None: ...

class InspectResponse(_message.Message):
    __slots__ = ("pid", "rank", "world_id", "epoch", "calls", "sessions", "objects", "ended", "stacks", "contexts")
    PID_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    STACKS_FIELD_NUMBER: _ClassVar[int]
    CONTEXTS_FIELD_NUMBER: _ClassVar[int]
    pid: int
    rank: int
    world_id: str
    epoch: int
    calls: _containers.RepeatedCompositeFieldContainer[CallRecord]
    sessions: int
    objects: int
    ended: _containers.RepeatedCompositeFieldContainer[CallRecord]
    stacks: _containers.RepeatedCompositeFieldContainer[ThreadStack]
    contexts: int
    def __init__(self, pid: _Optional[int] = ..., rank: _Optional[int] = ..., world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., calls: _Optional[_Iterable[_Union[CallRecord, _Mapping]]] = ..., sessions: _Optional[int] = ..., objects: _Optional[int] = ..., ended: _Optional[_Iterable[_Union[CallRecord, _Mapping]]] = ..., stacks: _Optional[_Iterable[_Union[ThreadStack, _Mapping]]] = ..., contexts: _Optional[int] = ...) -> None: ...

class ThreadStack(_message.Message):
    __slots__ = ("thread", "frames")
    THREAD_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    thread: str
    frames: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, thread: _Optional[str] = ..., frames: _Optional[_Iterable[str]] = ...) -> None: ...

class MemoryInfo(_message.Message):
    __slots__ = ("resident", "anonymous", "device_allocated", "device_reserved")
    RESIDENT_FIELD_NUMBER: _ClassVar[int]
    ANONYMOUS_FIELD_NUMBER: _ClassVar[int]
    DEVICE_ALLOCATED_FIELD_NUMBER: _ClassVar[int]
    DEVICE_RESERVED_FIELD_NUMBER: _ClassVar[int]
    resident: int
    anonymous: int
    device_allocated: int
    device_reserved: int
    def __init__(self, resident: _Optional[int] = ..., anonymous: _Optional[int] = ..., device_allocated: _Optional[int] = ..., device_reserved: _Optional[int] = ...) -> None: ...

class RecordRequest(_message.Message):
    __slots__ = ("world_id", "last", "format")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    last: int
    format: RecordFormat
    def __init__(self, world_id: _Optional[str] = ..., last: _Optional[int] = ..., format: _Optional[_Union[RecordFormat, str]] = ...) -> None: ...

class RankRecord(_message.Message):
    __slots__ = ("content",)
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    def __init__(self, content: _Optional[bytes] = ...) -> None: ...

class WithdrawRequest(_message.Message):
    __slots__ = ("session_id", "call_id")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    call_id: str
    def __init__(self, session_id: _Optional[str] = ..., call_id: _Optional[str] = ...) -> None: ...

class WithdrawResponse(_message.Message):
    __slots__ = ("call", "refusal")
    CALL_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    call: CallRecord
    refusal: _types_pb2.ErrorDetail
    def __init__(self, call: _Optional[_Union[CallRecord, _Mapping]] = ..., refusal: _Optional[_Union[_types_pb2.ErrorDetail, _Mapping]] = ...) -> None: ...

class CallRequest(_message.Message):
    __slots__ = ("qualified_name", "object", "method", "args", "kwargs")
    QUALIFIED_NAME_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    ARGS_FIELD_NUMBER: _ClassVar[int]
    KWARGS_FIELD_NUMBER: _ClassVar[int]
    qualified_name: str
    object: _types_pb2.Ref
    method: str
    args: _types_pb2.Term
    kwargs: _types_pb2.Term
    def __init__(self, qualified_name: _Optional[str] = ..., object: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., method: _Optional[str] = ..., args: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., kwargs: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class GetAttributeRequest(_message.Message):
    __slots__ = ("object", "name")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    object: _types_pb2.Ref
    name: str
    def __init__(self, object: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., name: _Optional[str] = ...) -> None: ...

class FetchRequest(_message.Message):
    __slots__ = ("object",)
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    object: _types_pb2.Ref
    def __init__(self, object: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class ReleaseRequest(_message.Message):
    __slots__ = ("objects",)
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[_types_pb2.Ref]
    def __init__(self, objects: _Optional[_Iterable[_Union[_types_pb2.Ref, _Mapping]]] = ...) -> None: ...

class ReleaseResponse(_message.Message):
    __slots__ = ("released",)
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    released: int
    def __init__(self, released: _Optional[int] = ...) -> None: ...

class EnterRequest(_message.Message):
    __slots__ = ("context",)
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    context: _types_pb2.Ref
    def __init__(self, context: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class ExitRequest(_message.Message):
    __slots__ = ("context", "error", "release")
    CONTEXT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    RELEASE_FIELD_NUMBER: _ClassVar[int]
    context: _types_pb2.Ref
    error: str
    release: bool
    def __init__(self, context: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., error: _Optional[str] = ..., release: _Optional[bool] = ...) -> None: ...

class ExitResponse(_message.Message):
    __slots__ = ("suppressed",)
    SUPPRESSED_FIELD_NUMBER: _ClassVar[int]
    suppressed: bool
    def __init__(self, suppressed: _Optional[bool] = ...) -> None: ...

class NextRequest(_message.Message):
    __slots__ = ("object", "max_items", "within")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    MAX_ITEMS_FIELD_NUMBER: _ClassVar[int]
    WITHIN_FIELD_NUMBER: _ClassVar[int]
    object: _types_pb2.Ref
    max_items: int
    within: _duration_pb2.Duration
    def __init__(self, object: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., max_items: _Optional[int] = ..., within: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class NextResponse(_message.Message):
    __slots__ = ("items", "done")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[_types_pb2.Term]
    done: bool
    def __init__(self, items: _Optional[_Iterable[_Union[_types_pb2.Term, _Mapping]]] = ..., done: _Optional[bool] = ...) -> None: ...

class SendRequest(_message.Message):
    __slots__ = ("objects", "to_rank")
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    TO_RANK_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[_types_pb2.Ref]
    to_rank: int
    def __init__(self, objects: _Optional[_Iterable[_Union[_types_pb2.Ref, _Mapping]]] = ..., to_rank: _Optional[int] = ...) -> None: ...

class SendResponse(_message.Message):
    __slots__ = ("bytes",)
    BYTES_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    def __init__(self, bytes: _Optional[int] = ...) -> None: ...

class ReceiveRequest(_message.Message):
    __slots__ = ("from_rank",)
    FROM_RANK_FIELD_NUMBER: _ClassVar[int]
    from_rank: int
    def __init__(self, from_rank: _Optional[int] = ...) -> None: ...

class ReceiveResponse(_message.Message):
    __slots__ = ("objects",)
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[_types_pb2.Ref]
    def __init__(self, objects: _Optional[_Iterable[_Union[_types_pb2.Ref, _Mapping]]] = ...) -> None: ...

class NameRequest(_message.Message):
    __slots__ = ("object", "name", "forget")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    FORGET_FIELD_NUMBER: _ClassVar[int]
    object: _types_pb2.Ref
    name: str
    forget: bool
    def __init__(self, object: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ..., name: _Optional[str] = ..., forget: _Optional[bool] = ...) -> None: ...

class NameResponse(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

class LoadRequest(_message.Message):
    __slots__ = ("module",)
    MODULE_FIELD_NUMBER: _ClassVar[int]
    module: str
    def __init__(self, module: _Optional[str] = ...) -> None: ...

class LoadResponse(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

class Emission(_message.Message):
    __slots__ = ("topic", "value", "sequence", "session_id", "call_id", "world_id", "rank", "dropped")
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    topic: str
    value: _types_pb2.Term
    sequence: int
    session_id: str
    call_id: str
    world_id: str
    rank: int
    dropped: int
    def __init__(self, topic: _Optional[str] = ..., value: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., sequence: _Optional[int] = ..., session_id: _Optional[str] = ..., call_id: _Optional[str] = ..., world_id: _Optional[str] = ..., rank: _Optional[int] = ..., dropped: _Optional[int] = ...) -> None: ...
