# Generated from proto/vllm/distributed/v1/tensor_metadata.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TensorMetadataNewRequest(_message.Message):
    __slots__ = ("device", "dtype", "size")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    device: str
    dtype: str
    size: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, device: _Optional[str] = ..., dtype: _Optional[str] = ..., size: _Optional[_Iterable[int]] = ...) -> None: ...

class TensorMetadataNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.TensorMetadataObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.TensorMetadataObject, _Mapping]] = ...) -> None: ...
