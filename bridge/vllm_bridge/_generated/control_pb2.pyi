# Generated from proto/vllm/bridge/v1/control.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from vllm_bridge._generated import rank_pb2 as _rank_pb2
from vllm_bridge._generated import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Direction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    COLLECTIVE: _ClassVar[Direction]
    SEND: _ClassVar[Direction]
    RECEIVE: _ClassVar[Direction]
COLLECTIVE: Direction
SEND: Direction
RECEIVE: Direction

class RankAssignment(_message.Message):
    __slots__ = ("rank_id", "listen", "world", "allowed_prefixes", "max_message_bytes", "heartbeat_interval", "max_queue", "pool_name", "json_logs", "log_level", "shared_memory", "max_segment_bytes", "listen_frames", "traces", "listen_far", "call_key", "confinement")
    RANK_ID_FIELD_NUMBER: _ClassVar[int]
    LISTEN_FIELD_NUMBER: _ClassVar[int]
    WORLD_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_PREFIXES_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    MAX_QUEUE_FIELD_NUMBER: _ClassVar[int]
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    JSON_LOGS_FIELD_NUMBER: _ClassVar[int]
    LOG_LEVEL_FIELD_NUMBER: _ClassVar[int]
    SHARED_MEMORY_FIELD_NUMBER: _ClassVar[int]
    MAX_SEGMENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    LISTEN_FRAMES_FIELD_NUMBER: _ClassVar[int]
    TRACES_FIELD_NUMBER: _ClassVar[int]
    LISTEN_FAR_FIELD_NUMBER: _ClassVar[int]
    CALL_KEY_FIELD_NUMBER: _ClassVar[int]
    CONFINEMENT_FIELD_NUMBER: _ClassVar[int]
    rank_id: str
    listen: str
    world: WorldAssignment
    allowed_prefixes: _containers.RepeatedScalarFieldContainer[str]
    max_message_bytes: int
    heartbeat_interval: _duration_pb2.Duration
    max_queue: int
    pool_name: str
    json_logs: bool
    log_level: str
    shared_memory: str
    max_segment_bytes: int
    listen_frames: str
    traces: bool
    listen_far: str
    call_key: bytes
    confinement: Confinement
    def __init__(self, rank_id: _Optional[str] = ..., listen: _Optional[str] = ..., world: _Optional[_Union[WorldAssignment, _Mapping]] = ..., allowed_prefixes: _Optional[_Iterable[str]] = ..., max_message_bytes: _Optional[int] = ..., heartbeat_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_queue: _Optional[int] = ..., pool_name: _Optional[str] = ..., json_logs: _Optional[bool] = ..., log_level: _Optional[str] = ..., shared_memory: _Optional[str] = ..., max_segment_bytes: _Optional[int] = ..., listen_frames: _Optional[str] = ..., traces: _Optional[bool] = ..., listen_far: _Optional[str] = ..., call_key: _Optional[bytes] = ..., confinement: _Optional[_Union[Confinement, _Mapping]] = ...) -> None: ...

class Confinement(_message.Message):
    __slots__ = ("mode", "readable", "writable")
    MODE_FIELD_NUMBER: _ClassVar[int]
    READABLE_FIELD_NUMBER: _ClassVar[int]
    WRITABLE_FIELD_NUMBER: _ClassVar[int]
    mode: str
    readable: _containers.RepeatedScalarFieldContainer[bytes]
    writable: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, mode: _Optional[str] = ..., readable: _Optional[_Iterable[bytes]] = ..., writable: _Optional[_Iterable[bytes]] = ...) -> None: ...

class WorldAssignment(_message.Message):
    __slots__ = ("world_id", "epoch", "rank", "world_size", "local_rank", "backend", "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "prefill_context_parallel_size", "decode_context_parallel_size", "init_method", "timeout", "gate", "new_ranks")
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
    GATE_FIELD_NUMBER: _ClassVar[int]
    NEW_RANKS_FIELD_NUMBER: _ClassVar[int]
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
    gate: bool
    new_ranks: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., rank: _Optional[int] = ..., world_size: _Optional[int] = ..., local_rank: _Optional[int] = ..., backend: _Optional[str] = ..., tensor_parallel_size: _Optional[int] = ..., pipeline_parallel_size: _Optional[int] = ..., data_parallel_size: _Optional[int] = ..., prefill_context_parallel_size: _Optional[int] = ..., decode_context_parallel_size: _Optional[int] = ..., init_method: _Optional[str] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., gate: _Optional[bool] = ..., new_ranks: _Optional[_Iterable[int]] = ...) -> None: ...

class PoolToRank(_message.Message):
    __slots__ = ("request_id", "assign", "register_session", "drop_session", "stop", "verdict", "peer_died", "drain", "descriptors", "standby", "listen", "refused", "welcome")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ASSIGN_FIELD_NUMBER: _ClassVar[int]
    REGISTER_SESSION_FIELD_NUMBER: _ClassVar[int]
    DROP_SESSION_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    PEER_DIED_FIELD_NUMBER: _ClassVar[int]
    DRAIN_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTORS_FIELD_NUMBER: _ClassVar[int]
    STANDBY_FIELD_NUMBER: _ClassVar[int]
    LISTEN_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    assign: RankAssignment
    register_session: RegisterSession
    drop_session: DropSession
    stop: Stop
    verdict: Verdict
    peer_died: PeerDied
    drain: Drain
    descriptors: Descriptors
    standby: Standby
    listen: Listen
    refused: Refused
    welcome: Welcome
    def __init__(self, request_id: _Optional[int] = ..., assign: _Optional[_Union[RankAssignment, _Mapping]] = ..., register_session: _Optional[_Union[RegisterSession, _Mapping]] = ..., drop_session: _Optional[_Union[DropSession, _Mapping]] = ..., stop: _Optional[_Union[Stop, _Mapping]] = ..., verdict: _Optional[_Union[Verdict, _Mapping]] = ..., peer_died: _Optional[_Union[PeerDied, _Mapping]] = ..., drain: _Optional[_Union[Drain, _Mapping]] = ..., descriptors: _Optional[_Union[Descriptors, _Mapping]] = ..., standby: _Optional[_Union[Standby, _Mapping]] = ..., listen: _Optional[_Union[Listen, _Mapping]] = ..., refused: _Optional[_Union[Refused, _Mapping]] = ..., welcome: _Optional[_Union[Welcome, _Mapping]] = ...) -> None: ...

class Standby(_message.Message):
    __slots__ = ("step", "world", "shared_gate")
    class Step(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STEP_UNSPECIFIED: _ClassVar[Standby.Step]
        LISTEN: _ClassVar[Standby.Step]
        PREPARE: _ClassVar[Standby.Step]
        COMMIT: _ClassVar[Standby.Step]
        ABORT: _ClassVar[Standby.Step]
    STEP_UNSPECIFIED: Standby.Step
    LISTEN: Standby.Step
    PREPARE: Standby.Step
    COMMIT: Standby.Step
    ABORT: Standby.Step
    STEP_FIELD_NUMBER: _ClassVar[int]
    WORLD_FIELD_NUMBER: _ClassVar[int]
    SHARED_GATE_FIELD_NUMBER: _ClassVar[int]
    step: Standby.Step
    world: WorldAssignment
    shared_gate: bool
    def __init__(self, step: _Optional[_Union[Standby.Step, str]] = ..., world: _Optional[_Union[WorldAssignment, _Mapping]] = ..., shared_gate: _Optional[bool] = ...) -> None: ...

class Listen(_message.Message):
    __slots__ = ("host",)
    HOST_FIELD_NUMBER: _ClassVar[int]
    host: str
    def __init__(self, host: _Optional[str] = ...) -> None: ...

class RegisterSession(_message.Message):
    __slots__ = ("session_id", "fail_fast", "number")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    FAIL_FAST_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    fail_fast: bool
    number: int
    def __init__(self, session_id: _Optional[str] = ..., fail_fast: _Optional[bool] = ..., number: _Optional[int] = ...) -> None: ...

class DropSession(_message.Message):
    __slots__ = ("session_id", "unless_used_within")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    UNLESS_USED_WITHIN_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    unless_used_within: _duration_pb2.Duration
    def __init__(self, session_id: _Optional[str] = ..., unless_used_within: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class PeerDied(_message.Message):
    __slots__ = ("rank",)
    RANK_FIELD_NUMBER: _ClassVar[int]
    rank: int
    def __init__(self, rank: _Optional[int] = ...) -> None: ...

class Descriptors(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

class Drain(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Stop(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RankToPool(_message.Message):
    __slots__ = ("request_id", "ready", "failed", "ack", "enter", "leave", "done", "heartbeat", "emission", "spans", "hello", "leaving")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    ENTER_FIELD_NUMBER: _ClassVar[int]
    LEAVE_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    EMISSION_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    LEAVING_FIELD_NUMBER: _ClassVar[int]
    request_id: int
    ready: Ready
    failed: _types_pb2.ErrorDetail
    ack: Ack
    enter: Enter
    leave: Leave
    done: Done
    heartbeat: Heartbeat
    emission: _rank_pb2.Emission
    spans: Spans
    hello: Hello
    leaving: Leaving
    def __init__(self, request_id: _Optional[int] = ..., ready: _Optional[_Union[Ready, _Mapping]] = ..., failed: _Optional[_Union[_types_pb2.ErrorDetail, _Mapping]] = ..., ack: _Optional[_Union[Ack, _Mapping]] = ..., enter: _Optional[_Union[Enter, _Mapping]] = ..., leave: _Optional[_Union[Leave, _Mapping]] = ..., done: _Optional[_Union[Done, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., emission: _Optional[_Union[_rank_pb2.Emission, _Mapping]] = ..., spans: _Optional[_Union[Spans, _Mapping]] = ..., hello: _Optional[_Union[Hello, _Mapping]] = ..., leaving: _Optional[_Union[Leaving, _Mapping]] = ...) -> None: ...

class Spans(_message.Message):
    __slots__ = ("calls", "dropped")
    CALLS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    calls: _containers.RepeatedCompositeFieldContainer[CallSpan]
    dropped: int
    def __init__(self, calls: _Optional[_Iterable[_Union[CallSpan, _Mapping]]] = ..., dropped: _Optional[int] = ...) -> None: ...

class CallSpan(_message.Message):
    __slots__ = ("trace_id", "parent_id", "method", "session_id", "call_id", "queued_ns", "started_ns", "ended_ns", "outcome", "group", "operation", "at_gate_ns", "gated_ns", "span_id")
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    QUEUED_NS_FIELD_NUMBER: _ClassVar[int]
    STARTED_NS_FIELD_NUMBER: _ClassVar[int]
    ENDED_NS_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    AT_GATE_NS_FIELD_NUMBER: _ClassVar[int]
    GATED_NS_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    trace_id: bytes
    parent_id: bytes
    method: str
    session_id: str
    call_id: str
    queued_ns: int
    started_ns: int
    ended_ns: int
    outcome: str
    group: str
    operation: str
    at_gate_ns: int
    gated_ns: int
    span_id: bytes
    def __init__(self, trace_id: _Optional[bytes] = ..., parent_id: _Optional[bytes] = ..., method: _Optional[str] = ..., session_id: _Optional[str] = ..., call_id: _Optional[str] = ..., queued_ns: _Optional[int] = ..., started_ns: _Optional[int] = ..., ended_ns: _Optional[int] = ..., outcome: _Optional[str] = ..., group: _Optional[str] = ..., operation: _Optional[str] = ..., at_gate_ns: _Optional[int] = ..., gated_ns: _Optional[int] = ..., span_id: _Optional[bytes] = ...) -> None: ...

class ExportedSpans(_message.Message):
    __slots__ = ("spans", "pid", "rank_id", "world_id", "rank")
    SPANS_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    RANK_ID_FIELD_NUMBER: _ClassVar[int]
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    spans: Spans
    pid: int
    rank_id: str
    world_id: str
    rank: int
    def __init__(self, spans: _Optional[_Union[Spans, _Mapping]] = ..., pid: _Optional[int] = ..., rank_id: _Optional[str] = ..., world_id: _Optional[str] = ..., rank: _Optional[int] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("protocol", "token", "world_id", "rank", "world_size", "local_rank", "node", "addresses", "pid", "device", "package_version", "torch_version", "python_version", "directory", "host", "told_by")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    PACKAGE_VERSION_FIELD_NUMBER: _ClassVar[int]
    TORCH_VERSION_FIELD_NUMBER: _ClassVar[int]
    PYTHON_VERSION_FIELD_NUMBER: _ClassVar[int]
    DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    TOLD_BY_FIELD_NUMBER: _ClassVar[int]
    protocol: int
    token: str
    world_id: str
    rank: int
    world_size: int
    local_rank: int
    node: str
    addresses: _containers.RepeatedScalarFieldContainer[str]
    pid: int
    device: str
    package_version: str
    torch_version: str
    python_version: str
    directory: str
    host: str
    told_by: str
    def __init__(self, protocol: _Optional[int] = ..., token: _Optional[str] = ..., world_id: _Optional[str] = ..., rank: _Optional[int] = ..., world_size: _Optional[int] = ..., local_rank: _Optional[int] = ..., node: _Optional[str] = ..., addresses: _Optional[_Iterable[str]] = ..., pid: _Optional[int] = ..., device: _Optional[str] = ..., package_version: _Optional[str] = ..., torch_version: _Optional[str] = ..., python_version: _Optional[str] = ..., directory: _Optional[str] = ..., host: _Optional[str] = ..., told_by: _Optional[str] = ...) -> None: ...

class Refused(_message.Message):
    __slots__ = ("why", "later")
    WHY_FIELD_NUMBER: _ClassVar[int]
    LATER_FIELD_NUMBER: _ClassVar[int]
    why: str
    later: bool
    def __init__(self, why: _Optional[str] = ..., later: _Optional[bool] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Leaving(_message.Message):
    __slots__ = ("status",)
    STATUS_FIELD_NUMBER: _ClassVar[int]
    status: int
    def __init__(self, status: _Optional[int] = ...) -> None: ...

class Enter(_message.Message):
    __slots__ = ("ticket", "group", "members", "rank_in_group", "size", "operation", "parts", "direction", "peer", "eager", "session_id", "call_id", "age", "remaining", "sequence", "turn", "nested")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    RANK_IN_GROUP_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    EAGER_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TURN_FIELD_NUMBER: _ClassVar[int]
    NESTED_FIELD_NUMBER: _ClassVar[int]
    ticket: int
    group: str
    members: _containers.RepeatedScalarFieldContainer[int]
    rank_in_group: int
    size: int
    operation: str
    parts: _containers.RepeatedCompositeFieldContainer[AgreedPart]
    direction: Direction
    peer: int
    eager: bool
    session_id: str
    call_id: str
    age: _duration_pb2.Duration
    remaining: _duration_pb2.Duration
    sequence: int
    turn: int
    nested: int
    def __init__(self, ticket: _Optional[int] = ..., group: _Optional[str] = ..., members: _Optional[_Iterable[int]] = ..., rank_in_group: _Optional[int] = ..., size: _Optional[int] = ..., operation: _Optional[str] = ..., parts: _Optional[_Iterable[_Union[AgreedPart, _Mapping]]] = ..., direction: _Optional[_Union[Direction, str]] = ..., peer: _Optional[int] = ..., eager: _Optional[bool] = ..., session_id: _Optional[str] = ..., call_id: _Optional[str] = ..., age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., remaining: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., sequence: _Optional[int] = ..., turn: _Optional[int] = ..., nested: _Optional[int] = ...) -> None: ...

class AgreedPart(_message.Message):
    __slots__ = ("name", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Leave(_message.Message):
    __slots__ = ("ticket", "why")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    WHY_FIELD_NUMBER: _ClassVar[int]
    ticket: int
    why: str
    def __init__(self, ticket: _Optional[int] = ..., why: _Optional[str] = ...) -> None: ...

class Done(_message.Message):
    __slots__ = ("ticket", "ok", "age", "group", "operation")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    OK_FIELD_NUMBER: _ClassVar[int]
    AGE_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    ticket: int
    ok: bool
    age: _duration_pb2.Duration
    group: str
    operation: str
    def __init__(self, ticket: _Optional[int] = ..., ok: _Optional[bool] = ..., age: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., group: _Optional[str] = ..., operation: _Optional[str] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("ticket", "go", "refusal", "sequence")
    TICKET_FIELD_NUMBER: _ClassVar[int]
    GO_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ticket: int
    go: bool
    refusal: _types_pb2.ErrorDetail
    sequence: int
    def __init__(self, ticket: _Optional[int] = ..., go: _Optional[bool] = ..., refusal: _Optional[_Union[_types_pb2.ErrorDetail, _Mapping]] = ..., sequence: _Optional[int] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("running", "queued", "sessions", "objects", "counts", "gate", "ended", "memory")
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    running: RunningCall
    queued: int
    sessions: int
    objects: int
    counts: _containers.RepeatedCompositeFieldContainer[MethodCount]
    gate: _containers.RepeatedCompositeFieldContainer[MethodCount]
    ended: _containers.RepeatedCompositeFieldContainer[_rank_pb2.CallRecord]
    memory: _rank_pb2.MemoryInfo
    def __init__(self, running: _Optional[_Union[RunningCall, _Mapping]] = ..., queued: _Optional[int] = ..., sessions: _Optional[int] = ..., objects: _Optional[int] = ..., counts: _Optional[_Iterable[_Union[MethodCount, _Mapping]]] = ..., gate: _Optional[_Iterable[_Union[MethodCount, _Mapping]]] = ..., ended: _Optional[_Iterable[_Union[_rank_pb2.CallRecord, _Mapping]]] = ..., memory: _Optional[_Union[_rank_pb2.MemoryInfo, _Mapping]] = ...) -> None: ...

class RunningCall(_message.Message):
    __slots__ = ("session_id", "call_id", "method", "running_s", "overdue_s", "group", "operation", "parts", "at_gate_s", "gated_s")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    RUNNING_S_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_S_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    AT_GATE_S_FIELD_NUMBER: _ClassVar[int]
    GATED_S_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    call_id: str
    method: str
    running_s: float
    overdue_s: float
    group: str
    operation: str
    parts: str
    at_gate_s: float
    gated_s: float
    def __init__(self, session_id: _Optional[str] = ..., call_id: _Optional[str] = ..., method: _Optional[str] = ..., running_s: _Optional[float] = ..., overdue_s: _Optional[float] = ..., group: _Optional[str] = ..., operation: _Optional[str] = ..., parts: _Optional[str] = ..., at_gate_s: _Optional[float] = ..., gated_s: _Optional[float] = ...) -> None: ...

class MethodCount(_message.Message):
    __slots__ = ("method", "outcome", "calls", "seconds", "buckets", "bytes_in", "bytes_out")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    BYTES_IN_FIELD_NUMBER: _ClassVar[int]
    BYTES_OUT_FIELD_NUMBER: _ClassVar[int]
    method: str
    outcome: str
    calls: int
    seconds: float
    buckets: _containers.RepeatedScalarFieldContainer[int]
    bytes_in: int
    bytes_out: int
    def __init__(self, method: _Optional[str] = ..., outcome: _Optional[str] = ..., calls: _Optional[int] = ..., seconds: _Optional[float] = ..., buckets: _Optional[_Iterable[int]] = ..., bytes_in: _Optional[int] = ..., bytes_out: _Optional[int] = ...) -> None: ...

class Ready(_message.Message):
    __slots__ = ("endpoint", "pid", "frames_endpoint", "certificate")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    FRAMES_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    endpoint: str
    pid: int
    frames_endpoint: str
    certificate: str
    def __init__(self, endpoint: _Optional[str] = ..., pid: _Optional[int] = ..., frames_endpoint: _Optional[str] = ..., certificate: _Optional[str] = ...) -> None: ...

class Ack(_message.Message):
    __slots__ = ("port", "failure", "kept")
    PORT_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    port: int
    failure: _types_pb2.ErrorDetail
    kept: bool
    def __init__(self, port: _Optional[int] = ..., failure: _Optional[_Union[_types_pb2.ErrorDetail, _Mapping]] = ..., kept: _Optional[bool] = ...) -> None: ...
