# Generated from proto/vllm/distributed/v1/eplb_config.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EPLBConfigNewRequest(_message.Message):
    __slots__ = ("window_size", "step_interval", "num_redundant_experts", "log_balancedness", "log_balancedness_interval", "use_async", "policy", "communicator", "enable_migration_batching")
    WINDOW_SIZE_FIELD_NUMBER: _ClassVar[int]
    STEP_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    NUM_REDUNDANT_EXPERTS_FIELD_NUMBER: _ClassVar[int]
    LOG_BALANCEDNESS_FIELD_NUMBER: _ClassVar[int]
    LOG_BALANCEDNESS_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    USE_ASYNC_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    COMMUNICATOR_FIELD_NUMBER: _ClassVar[int]
    ENABLE_MIGRATION_BATCHING_FIELD_NUMBER: _ClassVar[int]
    window_size: int
    step_interval: int
    num_redundant_experts: int
    log_balancedness: bool
    log_balancedness_interval: int
    use_async: bool
    policy: str
    communicator: str
    enable_migration_batching: bool
    def __init__(self, window_size: _Optional[int] = ..., step_interval: _Optional[int] = ..., num_redundant_experts: _Optional[int] = ..., log_balancedness: _Optional[bool] = ..., log_balancedness_interval: _Optional[int] = ..., use_async: _Optional[bool] = ..., policy: _Optional[str] = ..., communicator: _Optional[str] = ..., enable_migration_batching: _Optional[bool] = ...) -> None: ...

class EPLBConfigNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.EPLBConfigObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.EPLBConfigObject, _Mapping]] = ...) -> None: ...

class EPLBConfigCommunicatorInUseRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.EPLBConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.EPLBConfigObject, _Mapping]] = ...) -> None: ...

class EPLBConfigCommunicatorInUseResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: str
    def __init__(self, result: _Optional[str] = ...) -> None: ...

class EPLBConfigMigrationBatchingEnabledRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.EPLBConfigObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.EPLBConfigObject, _Mapping]] = ...) -> None: ...

class EPLBConfigMigrationBatchingEnabledResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...
