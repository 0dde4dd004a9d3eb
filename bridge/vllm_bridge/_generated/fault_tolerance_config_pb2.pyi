# Generated from proto/vllm/distributed/v1/fault_tolerance_config.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class FaultToleranceConfigNewRequest(_message.Message):
    __slots__ = ("engine_recovery_timeout_sec",)
    ENGINE_RECOVERY_TIMEOUT_SEC_FIELD_NUMBER: _ClassVar[int]
    engine_recovery_timeout_sec: int
    def __init__(self, engine_recovery_timeout_sec: _Optional[int] = ...) -> None: ...

class FaultToleranceConfigNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.FaultToleranceConfigObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.FaultToleranceConfigObject, _Mapping]] = ...) -> None: ...
