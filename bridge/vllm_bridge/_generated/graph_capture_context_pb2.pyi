# Generated from proto/vllm/distributed/v1/graph_capture_context.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import types_pb2 as _types_pb2
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GraphCaptureContextNewRequest(_message.Message):
    __slots__ = ("stream",)
    STREAM_FIELD_NUMBER: _ClassVar[int]
    stream: _types_pb2.Ref
    def __init__(self, stream: _Optional[_Union[_types_pb2.Ref, _Mapping]] = ...) -> None: ...

class GraphCaptureContextNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.GraphCaptureContextObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.GraphCaptureContextObject, _Mapping]] = ...) -> None: ...
