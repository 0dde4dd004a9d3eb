# Generated from proto/vllm/distributed/v1/handle.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HandleIsCompletedRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.HandleObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.HandleObject, _Mapping]] = ...) -> None: ...

class HandleIsCompletedResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: bool
    def __init__(self, result: _Optional[bool] = ...) -> None: ...

class HandleWaitRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.HandleObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.HandleObject, _Mapping]] = ...) -> None: ...

class HandleWaitResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
