# Generated from proto/vllm/distributed/v1/parallel_sizes.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import types_pb2 as _types_pb2
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ParallelSizesNewRequest(_message.Message):
    __slots__ = ("tensor", "pipeline", "data", "prefill_context", "decode_context")
    TENSOR_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PREFILL_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    DECODE_CONTEXT_FIELD_NUMBER: _ClassVar[int]
    tensor: int
    pipeline: int
    data: int
    prefill_context: int
    decode_context: int
    def __init__(self, tensor: _Optional[int] = ..., pipeline: _Optional[int] = ..., data: _Optional[int] = ..., prefill_context: _Optional[int] = ..., decode_context: _Optional[int] = ...) -> None: ...

class ParallelSizesNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.ParallelSizesObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.ParallelSizesObject, _Mapping]] = ...) -> None: ...

class ParallelSizesReplicaSizeRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelSizesObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelSizesObject, _Mapping]] = ...) -> None: ...

class ParallelSizesReplicaSizeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class ParallelSizesAsDictRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelSizesObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelSizesObject, _Mapping]] = ...) -> None: ...

class ParallelSizesAsDictResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.Term
    def __init__(self, result: _Optional[_Union[_types_pb2.Term, _Mapping]] = ...) -> None: ...

class ParallelSizesDescribeRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.ParallelSizesObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.ParallelSizesObject, _Mapping]] = ...) -> None: ...

class ParallelSizesDescribeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: str
    def __init__(self, result: _Optional[str] = ...) -> None: ...
