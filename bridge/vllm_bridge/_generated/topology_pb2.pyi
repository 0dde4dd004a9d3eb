# Generated from proto/vllm/distributed/v1/topology.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import types_pb2 as _types_pb2
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TopologyNewRequest(_message.Message):
    __slots__ = ("world_size", "sizes")
    WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    world_size: int
    sizes: _objects_pb2.ParallelSizesObject
    def __init__(self, world_size: _Optional[int] = ..., sizes: _Optional[_Union[_objects_pb2.ParallelSizesObject, _Mapping]] = ...) -> None: ...

class TopologyNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.TopologyObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ...) -> None: ...

class TopologyExternalDataRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.TopologyObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ...) -> None: ...

class TopologyExternalDataResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...

class TopologyTensorGroupsRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.TopologyObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ...) -> None: ...

class TopologyTensorGroupsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    def __init__(self, result: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ...) -> None: ...

class TopologyDecodeContextGroupsRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.TopologyObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ...) -> None: ...

class TopologyDecodeContextGroupsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    def __init__(self, result: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ...) -> None: ...

class TopologyPrefillContextGroupsRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.TopologyObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ...) -> None: ...

class TopologyPrefillContextGroupsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    def __init__(self, result: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ...) -> None: ...

class TopologyPipelineGroupsRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.TopologyObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ...) -> None: ...

class TopologyPipelineGroupsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    def __init__(self, result: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ...) -> None: ...

class TopologyDataGroupsRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.TopologyObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ...) -> None: ...

class TopologyDataGroupsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    def __init__(self, result: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ...) -> None: ...

class TopologyExpertGroupsRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.TopologyObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ...) -> None: ...

class TopologyExpertGroupsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    def __init__(self, result: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ...) -> None: ...

class TopologyEngramTensorGroupsRequest(_message.Message):
    __slots__ = ("receiver", "size")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.TopologyObject
    size: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ..., size: _Optional[int] = ...) -> None: ...

class TopologyEngramTensorGroupsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    def __init__(self, result: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ...) -> None: ...

class TopologyEngramDataGroupsRequest(_message.Message):
    __slots__ = ("receiver", "size")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.TopologyObject
    size: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ..., size: _Optional[int] = ...) -> None: ...

class TopologyEngramDataGroupsResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    def __init__(self, result: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ...) -> None: ...

class TopologyCoordinatesRequest(_message.Message):
    __slots__ = ("receiver", "rank")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.TopologyObject
    rank: int
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.TopologyObject, _Mapping]] = ..., rank: _Optional[int] = ...) -> None: ...

class TopologyCoordinatesResponse(_message.Message):
    __slots__ = ("item_1", "item_2", "item_3", "item_4", "item_5")
    ITEM_1_FIELD_NUMBER: _ClassVar[int]
    ITEM_2_FIELD_NUMBER: _ClassVar[int]
    ITEM_3_FIELD_NUMBER: _ClassVar[int]
    ITEM_4_FIELD_NUMBER: _ClassVar[int]
    ITEM_5_FIELD_NUMBER: _ClassVar[int]
    item_1: int
    item_2: int
    item_3: int
    item_4: int
    item_5: int
    def __init__(self, item_1: _Optional[int] = ..., item_2: _Optional[int] = ..., item_3: _Optional[int] = ..., item_4: _Optional[int] = ..., item_5: _Optional[int] = ...) -> None: ...
