# Generated from proto/vllm/bridge/v1/pool.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from vllm_bridge._generated import rank_pb2 as _rank_pb2
from vllm_bridge._generated import types_pb2 as _types_pb2
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

class OnFailure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_FAILURE_UNSPECIFIED: _ClassVar[OnFailure]
    ON_FAILURE_FAIL: _ClassVar[OnFailure]
    ON_FAILURE_KEEP: _ClassVar[OnFailure]

class RankState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RANK_STATE_UNSPECIFIED: _ClassVar[RankState]
    STARTING: _ClassVar[RankState]
    READY: _ClassVar[RankState]
    DEAD: _ClassVar[RankState]
    OVERDUE: _ClassVar[RankState]
    UNRESPONSIVE: _ClassVar[RankState]

class ActivityKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ACTIVITY_KIND_UNSPECIFIED: _ClassVar[ActivityKind]
    ACTIVITY_STARTING: _ClassVar[ActivityKind]
    ACTIVITY_IDLE: _ClassVar[ActivityKind]
    ACTIVITY_RUNNING: _ClassVar[ActivityKind]
    ACTIVITY_AT_GATE: _ClassVar[ActivityKind]
    ACTIVITY_INSIDE: _ClassVar[ActivityKind]
    ACTIVITY_SILENT: _ClassVar[ActivityKind]
    ACTIVITY_ENDED: _ClassVar[ActivityKind]

class WorldState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WORLD_STATE_UNSPECIFIED: _ClassVar[WorldState]
    WORLD_STARTING: _ClassVar[WorldState]
    WORLD_READY: _ClassVar[WorldState]
    WORLD_FAILED: _ClassVar[WorldState]
    WORLD_STOPPED: _ClassVar[WorldState]
    WORLD_DEGRADED: _ClassVar[WorldState]
AFFINITY_UNSPECIFIED: Affinity
HINT: Affinity
STRICT_QUEUE: Affinity
STRICT_FAIL_FAST: Affinity
ON_FAILURE_UNSPECIFIED: OnFailure
ON_FAILURE_FAIL: OnFailure
ON_FAILURE_KEEP: OnFailure
RANK_STATE_UNSPECIFIED: RankState
STARTING: RankState
READY: RankState
DEAD: RankState
OVERDUE: RankState
UNRESPONSIVE: RankState
ACTIVITY_KIND_UNSPECIFIED: ActivityKind
ACTIVITY_STARTING: ActivityKind
ACTIVITY_IDLE: ActivityKind
ACTIVITY_RUNNING: ActivityKind
ACTIVITY_AT_GATE: ActivityKind
ACTIVITY_INSIDE: ActivityKind
ACTIVITY_SILENT: ActivityKind
ACTIVITY_ENDED: ActivityKind
WORLD_STATE_UNSPECIFIED: WorldState
WORLD_STARTING: WorldState
WORLD_READY: WorldState
WORLD_FAILED: WorldState
WORLD_STOPPED: WorldState
WORLD_DEGRADED: WorldState

class OpenSessionRequest(_message.Message):
    __slots__ = ("session_id", "pool_name", "affinity", "client_id")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    AFFINITY_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    pool_name: str
    affinity: Affinity
    client_id: str
    def __init__(self, session_id: _Optional[str] = ..., pool_name: _Optional[str] = ..., affinity: _Optional[_Union[Affinity, str]] = ..., client_id: _Optional[str] = ...) -> None: ...

class Session(_message.Message):
    __slots__ = ("session_id", "pool_name", "affinity", "endpoint", "world_id", "rank", "epoch", "pid", "client_id", "frames_endpoint", "far_endpoint")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    AFFINITY_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    FRAMES_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    FAR_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    pool_name: str
    affinity: Affinity
    endpoint: str
    world_id: str
    rank: int
    epoch: int
    pid: int
    client_id: str
    frames_endpoint: str
    far_endpoint: str
    def __init__(self, session_id: _Optional[str] = ..., pool_name: _Optional[str] = ..., affinity: _Optional[_Union[Affinity, str]] = ..., endpoint: _Optional[str] = ..., world_id: _Optional[str] = ..., rank: _Optional[int] = ..., epoch: _Optional[int] = ..., pid: _Optional[int] = ..., client_id: _Optional[str] = ..., frames_endpoint: _Optional[str] = ..., far_endpoint: _Optional[str] = ...) -> None: ...

class ReachRankRequest(_message.Message):
    __slots__ = ("session_id",)
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    def __init__(self, session_id: _Optional[str] = ...) -> None: ...

class ReachRankResponse(_message.Message):
    __slots__ = ("endpoint", "certificate", "server_name", "token")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    SERVER_NAME_FIELD_NUMBER: _ClassVar[int]
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    endpoint: str
    certificate: str
    server_name: str
    token: str
    def __init__(self, endpoint: _Optional[str] = ..., certificate: _Optional[str] = ..., server_name: _Optional[str] = ..., token: _Optional[str] = ...) -> None: ...

class CloseSessionRequest(_message.Message):
    __slots__ = ("session_id", "reason")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    reason: str
    def __init__(self, session_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("world_id", "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "prefill_context_parallel_size", "decode_context_parallel_size", "backend", "timeout", "pool_name", "gate", "client_id", "concurrent", "on_failure", "spare_ranks", "distributed_executor_backend", "nnodes", "ray")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    TENSOR_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    BACKEND_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    GATE_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_FIELD_NUMBER: _ClassVar[int]
    ON_FAILURE_FIELD_NUMBER: _ClassVar[int]
    SPARE_RANKS_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTED_EXECUTOR_BACKEND_FIELD_NUMBER: _ClassVar[int]
    NNODES_FIELD_NUMBER: _ClassVar[int]
    RAY_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    tensor_parallel_size: int
    pipeline_parallel_size: int
    data_parallel_size: int
    prefill_context_parallel_size: int
    decode_context_parallel_size: int
    backend: str
    timeout: _duration_pb2.Duration
    pool_name: str
    gate: bool
    client_id: str
    concurrent: bool
    on_failure: OnFailure
    spare_ranks: int
    distributed_executor_backend: str
    nnodes: int
    ray: RayOptions
    def __init__(self, world_id: _Optional[str] = ..., tensor_parallel_size: _Optional[int] = ..., pipeline_parallel_size: _Optional[int] = ..., data_parallel_size: _Optional[int] = ..., prefill_context_parallel_size: _Optional[int] = ..., decode_context_parallel_size: _Optional[int] = ..., backend: _Optional[str] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., pool_name: _Optional[str] = ..., gate: _Optional[bool] = ..., client_id: _Optional[str] = ..., concurrent: _Optional[bool] = ..., on_failure: _Optional[_Union[OnFailure, str]] = ..., spare_ranks: _Optional[int] = ..., distributed_executor_backend: _Optional[str] = ..., nnodes: _Optional[int] = ..., ray: _Optional[_Union[RayOptions, _Mapping]] = ...) -> None: ...

class RayOptions(_message.Message):
    __slots__ = ("address", "start", "placement_group", "placement_strategy", "resources", "label_selector", "bundle_indices", "runtime_env")
    class ResourcesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    class LabelSelectorEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    PLACEMENT_GROUP_FIELD_NUMBER: _ClassVar[int]
    PLACEMENT_STRATEGY_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    LABEL_SELECTOR_FIELD_NUMBER: _ClassVar[int]
    BUNDLE_INDICES_FIELD_NUMBER: _ClassVar[int]
    RUNTIME_ENV_FIELD_NUMBER: _ClassVar[int]
    address: str
    start: bool
    placement_group: str
    placement_strategy: str
    resources: _containers.ScalarMap[str, float]
    label_selector: _containers.ScalarMap[str, str]
    bundle_indices: _containers.RepeatedScalarFieldContainer[int]
    runtime_env: str
    def __init__(self, address: _Optional[str] = ..., start: _Optional[bool] = ..., placement_group: _Optional[str] = ..., placement_strategy: _Optional[str] = ..., resources: _Optional[_Mapping[str, float]] = ..., label_selector: _Optional[_Mapping[str, str]] = ..., bundle_indices: _Optional[_Iterable[int]] = ..., runtime_env: _Optional[str] = ...) -> None: ...

class RankInfo(_message.Message):
    __slots__ = ("rank", "local_rank", "pid", "node", "state", "session_id", "endpoint", "exit", "pool_name", "rank_id", "doing", "queued", "sessions", "objects", "heartbeat_age_s", "restarts", "frames_endpoint", "coordinates", "activity", "memory", "rates", "address", "launcher", "far_endpoint")
    RANK_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    NODE_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    EXIT_FIELD_NUMBER: _ClassVar[int]
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    RANK_ID_FIELD_NUMBER: _ClassVar[int]
    DOING_FIELD_NUMBER: _ClassVar[int]
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_AGE_S_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    COORDINATES_FIELD_NUMBER: _ClassVar[int]
    ACTIVITY_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FIELD_NUMBER: _ClassVar[int]
    RATES_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    LAUNCHER_FIELD_NUMBER: _ClassVar[int]
    FAR_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    rank: int
    local_rank: int
    pid: int
    node: str
    state: RankState
    session_id: str
    endpoint: str
    exit: str
    pool_name: str
    rank_id: str
    doing: str
    queued: int
    sessions: int
    objects: int
    heartbeat_age_s: float
    restarts: int
    frames_endpoint: str
    coordinates: Coordinates
    activity: Activity
    memory: _rank_pb2.MemoryInfo
    rates: Rates
    address: str
    launcher: str
    far_endpoint: str
    def __init__(self, rank: _Optional[int] = ..., local_rank: _Optional[int] = ..., pid: _Optional[int] = ..., node: _Optional[str] = ..., state: _Optional[_Union[RankState, str]] = ..., session_id: _Optional[str] = ..., endpoint: _Optional[str] = ..., exit: _Optional[str] = ..., pool_name: _Optional[str] = ..., rank_id: _Optional[str] = ..., doing: _Optional[str] = ..., queued: _Optional[int] = ..., sessions: _Optional[int] = ..., objects: _Optional[int] = ..., heartbeat_age_s: _Optional[float] = ..., restarts: _Optional[int] = ..., frames_endpoint: _Optional[str] = ..., coordinates: _Optional[_Union[Coordinates, _Mapping]] = ..., activity: _Optional[_Union[Activity, _Mapping]] = ..., memory: _Optional[_Union[_rank_pb2.MemoryInfo, _Mapping]] = ..., rates: _Optional[_Union[Rates, _Mapping]] = ..., address: _Optional[str] = ..., launcher: _Optional[str] = ..., far_endpoint: _Optional[str] = ...) -> None: ...

class Coordinates(_message.Message):
    __slots__ = ("dp", "pp", "pcp", "tp", "dcp", "ep")
    DP_FIELD_NUMBER: _ClassVar[int]
    PP_FIELD_NUMBER: _ClassVar[int]
    PCP_FIELD_NUMBER: _ClassVar[int]
    TP_FIELD_NUMBER: _ClassVar[int]
    DCP_FIELD_NUMBER: _ClassVar[int]
    EP_FIELD_NUMBER: _ClassVar[int]
    dp: int
    pp: int
    pcp: int
    tp: int
    dcp: int
    ep: int
    def __init__(self, dp: _Optional[int] = ..., pp: _Optional[int] = ..., pcp: _Optional[int] = ..., tp: _Optional[int] = ..., dcp: _Optional[int] = ..., ep: _Optional[int] = ...) -> None: ...

class Activity(_message.Message):
    __slots__ = ("kind", "sentence", "since", "for_s", "method", "session_id", "call_id", "group", "operation", "parts", "overdue_s", "waits_for", "sequence")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    FOR_S_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_S_FIELD_NUMBER: _ClassVar[int]
    WAITS_FOR_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    kind: ActivityKind
    sentence: str
    since: _timestamp_pb2.Timestamp
    for_s: float
    method: str
    session_id: str
    call_id: str
    group: str
    operation: str
    parts: str
    overdue_s: float
    waits_for: _containers.RepeatedScalarFieldContainer[int]
    sequence: int
    def __init__(self, kind: _Optional[_Union[ActivityKind, str]] = ..., sentence: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., for_s: _Optional[float] = ..., method: _Optional[str] = ..., session_id: _Optional[str] = ..., call_id: _Optional[str] = ..., group: _Optional[str] = ..., operation: _Optional[str] = ..., parts: _Optional[str] = ..., overdue_s: _Optional[float] = ..., waits_for: _Optional[_Iterable[int]] = ..., sequence: _Optional[int] = ...) -> None: ...

class Rates(_message.Message):
    __slots__ = ("calls_per_s", "errors_per_s", "p50_s", "p99_s")
    CALLS_PER_S_FIELD_NUMBER: _ClassVar[int]
    ERRORS_PER_S_FIELD_NUMBER: _ClassVar[int]
    P50_S_FIELD_NUMBER: _ClassVar[int]
    P99_S_FIELD_NUMBER: _ClassVar[int]
    calls_per_s: float
    errors_per_s: float
    p50_s: float
    p99_s: float
    def __init__(self, calls_per_s: _Optional[float] = ..., errors_per_s: _Optional[float] = ..., p50_s: _Optional[float] = ..., p99_s: _Optional[float] = ...) -> None: ...

class World(_message.Message):
    __slots__ = ("world_id", "epoch", "state", "world_size", "tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "prefill_context_parallel_size", "decode_context_parallel_size", "backend", "ranks", "failure", "gate", "pool_name", "concurrent", "run", "runs_waiting", "on_failure", "spare_ranks", "generation", "groups", "rates", "distributed_executor_backend", "nnodes")
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
    GATE_FIELD_NUMBER: _ClassVar[int]
    POOL_NAME_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    RUNS_WAITING_FIELD_NUMBER: _ClassVar[int]
    ON_FAILURE_FIELD_NUMBER: _ClassVar[int]
    SPARE_RANKS_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    GROUPS_FIELD_NUMBER: _ClassVar[int]
    RATES_FIELD_NUMBER: _ClassVar[int]
    DISTRIBUTED_EXECUTOR_BACKEND_FIELD_NUMBER: _ClassVar[int]
    NNODES_FIELD_NUMBER: _ClassVar[int]
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
    gate: bool
    pool_name: str
    concurrent: bool
    run: RunInfo
    runs_waiting: int
    on_failure: OnFailure
    spare_ranks: int
    generation: int
    groups: _containers.RepeatedCompositeFieldContainer[WorldGroup]
    rates: Rates
    distributed_executor_backend: str
    nnodes: int
    def __init__(self, world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., state: _Optional[_Union[WorldState, str]] = ..., world_size: _Optional[int] = ..., tensor_parallel_size: _Optional[int] = ..., pipeline_parallel_size: _Optional[int] = ..., data_parallel_size: _Optional[int] = ..., prefill_context_parallel_size: _Optional[int] = ..., decode_context_parallel_size: _Optional[int] = ..., backend: _Optional[str] = ..., ranks: _Optional[_Iterable[_Union[RankInfo, _Mapping]]] = ..., failure: _Optional[str] = ..., gate: _Optional[bool] = ..., pool_name: _Optional[str] = ..., concurrent: _Optional[bool] = ..., run: _Optional[_Union[RunInfo, _Mapping]] = ..., runs_waiting: _Optional[int] = ..., on_failure: _Optional[_Union[OnFailure, str]] = ..., spare_ranks: _Optional[int] = ..., generation: _Optional[int] = ..., groups: _Optional[_Iterable[_Union[WorldGroup, _Mapping]]] = ..., rates: _Optional[_Union[Rates, _Mapping]] = ..., distributed_executor_backend: _Optional[str] = ..., nnodes: _Optional[int] = ...) -> None: ...

class WorldGroup(_message.Message):
    __slots__ = ("dimension", "ranks")
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    dimension: str
    ranks: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, dimension: _Optional[str] = ..., ranks: _Optional[_Iterable[int]] = ...) -> None: ...

class RunInfo(_message.Message):
    __slots__ = ("number", "holder", "held_s")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    HELD_S_FIELD_NUMBER: _ClassVar[int]
    number: int
    holder: str
    held_s: float
    def __init__(self, number: _Optional[int] = ..., holder: _Optional[str] = ..., held_s: _Optional[float] = ...) -> None: ...

class TakeTurnRequest(_message.Message):
    __slots__ = ("world_id", "epoch", "holder", "generation", "lease_id", "client")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    epoch: int
    holder: str
    generation: int
    lease_id: str
    client: str
    def __init__(self, world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., holder: _Optional[str] = ..., generation: _Optional[int] = ..., lease_id: _Optional[str] = ..., client: _Optional[str] = ...) -> None: ...

class Turn(_message.Message):
    __slots__ = ("number", "block", "waits", "wanted", "refused", "tell", "max_waiting", "generation")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    WAITS_FIELD_NUMBER: _ClassVar[int]
    WANTED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    TELL_FIELD_NUMBER: _ClassVar[int]
    MAX_WAITING_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    number: int
    block: int
    waits: bool
    wanted: bool
    refused: _types_pb2.ErrorDetail
    tell: int
    max_waiting: int
    generation: int
    def __init__(self, number: _Optional[int] = ..., block: _Optional[int] = ..., waits: _Optional[bool] = ..., wanted: _Optional[bool] = ..., refused: _Optional[_Union[_types_pb2.ErrorDetail, _Mapping]] = ..., tell: _Optional[int] = ..., max_waiting: _Optional[int] = ..., generation: _Optional[int] = ...) -> None: ...

class ReportTurnRequest(_message.Message):
    __slots__ = ("world_id", "epoch", "lease_id", "tell", "run", "waiting", "given_back", "latest", "whose_turn", "generation")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    LEASE_ID_FIELD_NUMBER: _ClassVar[int]
    TELL_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    GIVEN_BACK_FIELD_NUMBER: _ClassVar[int]
    LATEST_FIELD_NUMBER: _ClassVar[int]
    WHOSE_TURN_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    epoch: int
    lease_id: str
    tell: int
    run: RunInfo
    waiting: int
    given_back: bool
    latest: int
    whose_turn: bool
    generation: int
    def __init__(self, world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., lease_id: _Optional[str] = ..., tell: _Optional[int] = ..., run: _Optional[_Union[RunInfo, _Mapping]] = ..., waiting: _Optional[int] = ..., given_back: _Optional[bool] = ..., latest: _Optional[int] = ..., whose_turn: _Optional[bool] = ..., generation: _Optional[int] = ...) -> None: ...

class ReportTurnResponse(_message.Message):
    __slots__ = ("run", "ahead")
    RUN_FIELD_NUMBER: _ClassVar[int]
    AHEAD_FIELD_NUMBER: _ClassVar[int]
    run: RunInfo
    ahead: int
    def __init__(self, run: _Optional[_Union[RunInfo, _Mapping]] = ..., ahead: _Optional[int] = ...) -> None: ...

class StopWorldRequest(_message.Message):
    __slots__ = ("world_id", "reason")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    reason: str
    def __init__(self, world_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("with_histories",)
    WITH_HISTORIES_FIELD_NUMBER: _ClassVar[int]
    with_histories: bool
    def __init__(self, with_histories: _Optional[bool] = ...) -> None: ...

class PoolStatus(_message.Message):
    __slots__ = ("version", "pid", "ranks", "worlds", "sessions", "pools", "at", "rates", "histories", "refusals")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    WORLDS_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    POOLS_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    RATES_FIELD_NUMBER: _ClassVar[int]
    HISTORIES_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    version: str
    pid: int
    ranks: _containers.RepeatedCompositeFieldContainer[RankInfo]
    worlds: _containers.RepeatedCompositeFieldContainer[World]
    sessions: _containers.RepeatedCompositeFieldContainer[Session]
    pools: _containers.RepeatedCompositeFieldContainer[PoolInfo]
    at: _timestamp_pb2.Timestamp
    rates: Rates
    histories: _containers.RepeatedCompositeFieldContainer[History]
    refusals: _containers.RepeatedCompositeFieldContainer[Refusal]
    def __init__(self, version: _Optional[str] = ..., pid: _Optional[int] = ..., ranks: _Optional[_Iterable[_Union[RankInfo, _Mapping]]] = ..., worlds: _Optional[_Iterable[_Union[World, _Mapping]]] = ..., sessions: _Optional[_Iterable[_Union[Session, _Mapping]]] = ..., pools: _Optional[_Iterable[_Union[PoolInfo, _Mapping]]] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rates: _Optional[_Union[Rates, _Mapping]] = ..., histories: _Optional[_Iterable[_Union[History, _Mapping]]] = ..., refusals: _Optional[_Iterable[_Union[Refusal, _Mapping]]] = ...) -> None: ...

class History(_message.Message):
    __slots__ = ("world_id", "until", "calls", "errors", "p50_s", "p99_s")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    ERRORS_FIELD_NUMBER: _ClassVar[int]
    P50_S_FIELD_NUMBER: _ClassVar[int]
    P99_S_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    until: _timestamp_pb2.Timestamp
    calls: _containers.RepeatedScalarFieldContainer[int]
    errors: _containers.RepeatedScalarFieldContainer[int]
    p50_s: _containers.RepeatedScalarFieldContainer[float]
    p99_s: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, world_id: _Optional[str] = ..., until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., calls: _Optional[_Iterable[int]] = ..., errors: _Optional[_Iterable[int]] = ..., p50_s: _Optional[_Iterable[float]] = ..., p99_s: _Optional[_Iterable[float]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("at", "world_id", "epoch", "reason", "message", "ranks")
    AT_FIELD_NUMBER: _ClassVar[int]
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    world_id: str
    epoch: int
    reason: str
    message: str
    ranks: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., ranks: _Optional[_Iterable[int]] = ...) -> None: ...

class PoolInfo(_message.Message):
    __slots__ = ("name", "size", "ready", "idle", "queued", "max_queue", "sessions", "restarts", "failure", "confinement")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    READY_FIELD_NUMBER: _ClassVar[int]
    IDLE_FIELD_NUMBER: _ClassVar[int]
    QUEUED_FIELD_NUMBER: _ClassVar[int]
    MAX_QUEUE_FIELD_NUMBER: _ClassVar[int]
    SESSIONS_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    CONFINEMENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    size: int
    ready: int
    idle: int
    queued: int
    max_queue: int
    sessions: int
    restarts: int
    failure: str
    confinement: str
    def __init__(self, name: _Optional[str] = ..., size: _Optional[int] = ..., ready: _Optional[int] = ..., idle: _Optional[int] = ..., queued: _Optional[int] = ..., max_queue: _Optional[int] = ..., sessions: _Optional[int] = ..., restarts: _Optional[int] = ..., failure: _Optional[str] = ..., confinement: _Optional[str] = ...) -> None: ...

class RestartWorldRequest(_message.Message):
    __slots__ = ("world_id", "client_id")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    client_id: str
    def __init__(self, world_id: _Optional[str] = ..., client_id: _Optional[str] = ...) -> None: ...

class ResizeWorldRequest(_message.Message):
    __slots__ = ("world_id", "epoch", "data_parallel_size", "timeout", "holder")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    DATA_PARALLEL_SIZE_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    epoch: int
    data_parallel_size: int
    timeout: _duration_pb2.Duration
    holder: str
    def __init__(self, world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., data_parallel_size: _Optional[int] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., holder: _Optional[str] = ...) -> None: ...

class ReplaceRanksRequest(_message.Message):
    __slots__ = ("world_id", "epoch", "ranks", "timeout", "holder")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    HOLDER_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    epoch: int
    ranks: _containers.RepeatedScalarFieldContainer[int]
    timeout: _duration_pb2.Duration
    holder: str
    def __init__(self, world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., ranks: _Optional[_Iterable[int]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., holder: _Optional[str] = ...) -> None: ...

class DiagnoseRequest(_message.Message):
    __slots__ = ("world_id", "with_stacks")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    WITH_STACKS_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    with_stacks: bool
    def __init__(self, world_id: _Optional[str] = ..., with_stacks: _Optional[bool] = ...) -> None: ...

class Diagnosis(_message.Message):
    __slots__ = ("text", "world", "ranks")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    WORLD_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    text: str
    world: World
    ranks: _containers.RepeatedCompositeFieldContainer[_rank_pb2.InspectResponse]
    def __init__(self, text: _Optional[str] = ..., world: _Optional[_Union[World, _Mapping]] = ..., ranks: _Optional[_Iterable[_Union[_rank_pb2.InspectResponse, _Mapping]]] = ...) -> None: ...

class Recording(_message.Message):
    __slots__ = ("world", "files", "missing")
    WORLD_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    world: World
    files: _containers.RepeatedCompositeFieldContainer[RecordedFile]
    missing: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, world: _Optional[_Union[World, _Mapping]] = ..., files: _Optional[_Iterable[_Union[RecordedFile, _Mapping]]] = ..., missing: _Optional[_Iterable[int]] = ...) -> None: ...

class ReportRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ServerReport(_message.Message):
    __slots__ = ("files",)
    FILES_FIELD_NUMBER: _ClassVar[int]
    files: _containers.RepeatedCompositeFieldContainer[RecordedFile]
    def __init__(self, files: _Optional[_Iterable[_Union[RecordedFile, _Mapping]]] = ...) -> None: ...

class RecordedFile(_message.Message):
    __slots__ = ("name", "content")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    content: bytes
    def __init__(self, name: _Optional[str] = ..., content: _Optional[bytes] = ...) -> None: ...

class WatchRequest(_message.Message):
    __slots__ = ("world_id", "with_current")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    WITH_CURRENT_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    with_current: bool
    def __init__(self, world_id: _Optional[str] = ..., with_current: _Optional[bool] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("sequence", "at", "world", "rank", "session")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    WORLD_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    at: _timestamp_pb2.Timestamp
    world: World
    rank: RankEvent
    session: SessionEvent
    def __init__(self, sequence: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., world: _Optional[_Union[World, _Mapping]] = ..., rank: _Optional[_Union[RankEvent, _Mapping]] = ..., session: _Optional[_Union[SessionEvent, _Mapping]] = ...) -> None: ...

class SubscribeRequest(_message.Message):
    __slots__ = ("world_id", "session_id", "topic")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    TOPIC_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    session_id: str
    topic: str
    def __init__(self, world_id: _Optional[str] = ..., session_id: _Optional[str] = ..., topic: _Optional[str] = ...) -> None: ...

class LogsRequest(_message.Message):
    __slots__ = ("world_id", "ranks", "follow", "tail", "unfolded")
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    TAIL_FIELD_NUMBER: _ClassVar[int]
    UNFOLDED_FIELD_NUMBER: _ClassVar[int]
    world_id: str
    ranks: _containers.RepeatedScalarFieldContainer[int]
    follow: bool
    tail: int
    unfolded: bool
    def __init__(self, world_id: _Optional[str] = ..., ranks: _Optional[_Iterable[int]] = ..., follow: _Optional[bool] = ..., tail: _Optional[int] = ..., unfolded: _Optional[bool] = ...) -> None: ...

class LogLines(_message.Message):
    __slots__ = ("lines", "dropped")
    LINES_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    lines: _containers.RepeatedCompositeFieldContainer[LogLine]
    dropped: int
    def __init__(self, lines: _Optional[_Iterable[_Union[LogLine, _Mapping]]] = ..., dropped: _Optional[int] = ...) -> None: ...

class LogLine(_message.Message):
    __slots__ = ("at", "world_id", "epoch", "rank", "rank_id", "level", "logger", "text", "session_id", "call_id", "ranks")
    AT_FIELD_NUMBER: _ClassVar[int]
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    RANK_ID_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    LOGGER_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    RANKS_FIELD_NUMBER: _ClassVar[int]
    at: _timestamp_pb2.Timestamp
    world_id: str
    epoch: int
    rank: int
    rank_id: str
    level: str
    logger: str
    text: str
    session_id: str
    call_id: str
    ranks: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., world_id: _Optional[str] = ..., epoch: _Optional[int] = ..., rank: _Optional[int] = ..., rank_id: _Optional[str] = ..., level: _Optional[str] = ..., logger: _Optional[str] = ..., text: _Optional[str] = ..., session_id: _Optional[str] = ..., call_id: _Optional[str] = ..., ranks: _Optional[_Iterable[int]] = ...) -> None: ...

class RankEvent(_message.Message):
    __slots__ = ("rank", "world_id", "epoch")
    RANK_FIELD_NUMBER: _ClassVar[int]
    WORLD_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    rank: RankInfo
    world_id: str
    epoch: int
    def __init__(self, rank: _Optional[_Union[RankInfo, _Mapping]] = ..., world_id: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class SessionEvent(_message.Message):
    __slots__ = ("session", "ended")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    session: Session
    ended: str
    def __init__(self, session: _Optional[_Union[Session, _Mapping]] = ..., ended: _Optional[str] = ...) -> None: ...

class AttachRequest(_message.Message):
    __slots__ = ("client_id",)
    CLIENT_ID_FIELD_NUMBER: _ClassVar[int]
    client_id: str
    def __init__(self, client_id: _Optional[str] = ...) -> None: ...

class Attached(_message.Message):
    __slots__ = ("grace", "frames_endpoint")
    GRACE_FIELD_NUMBER: _ClassVar[int]
    FRAMES_ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    grace: _duration_pb2.Duration
    frames_endpoint: str
    def __init__(self, grace: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., frames_endpoint: _Optional[str] = ...) -> None: ...

class GetProfilesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Profiles(_message.Message):
    __slots__ = ("profiles",)
    PROFILES_FIELD_NUMBER: _ClassVar[int]
    profiles: _containers.RepeatedCompositeFieldContainer[TimeoutProfile]
    def __init__(self, profiles: _Optional[_Iterable[_Union[TimeoutProfile, _Mapping]]] = ...) -> None: ...

class TimeoutProfile(_message.Message):
    __slots__ = ("name", "call_timeout", "stream_timeout")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CALL_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    STREAM_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    name: str
    call_timeout: _duration_pb2.Duration
    stream_timeout: _duration_pb2.Duration
    def __init__(self, name: _Optional[str] = ..., call_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., stream_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ShareMemoryRequest(_message.Message):
    __slots__ = ("session", "segments")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    session: OpenSessionRequest
    segments: int
    def __init__(self, session: _Optional[_Union[OpenSessionRequest, _Mapping]] = ..., segments: _Optional[int] = ...) -> None: ...

class ShareMemoryResponse(_message.Message):
    __slots__ = ("directory", "segments", "max_segment_bytes")
    DIRECTORY_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    MAX_SEGMENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    directory: str
    segments: _containers.RepeatedScalarFieldContainer[str]
    max_segment_bytes: int
    def __init__(self, directory: _Optional[str] = ..., segments: _Optional[_Iterable[str]] = ..., max_segment_bytes: _Optional[int] = ...) -> None: ...
