# Generated from proto/vllm/distributed/v1/stateless_group_coordinator.proto by `make codegen`. Do not edit.
import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from vllm_bridge._generated import types_pb2 as _types_pb2
from vllm_bridge._generated import objects_pb2 as _objects_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StatelessGroupCoordinatorNewRequest(_message.Message):
    __slots__ = ("group_ranks", "local_rank", "torch_distributed_backend", "use_device_communicator", "coord_store", "use_message_queue_broadcaster", "group_name", "host", "global_rank", "global_world_size", "use_all2all", "group_ports", "timeout")
    GROUP_RANKS_FIELD_NUMBER: _ClassVar[int]
    LOCAL_RANK_FIELD_NUMBER: _ClassVar[int]
    TORCH_DISTRIBUTED_BACKEND_FIELD_NUMBER: _ClassVar[int]
    USE_DEVICE_COMMUNICATOR_FIELD_NUMBER: _ClassVar[int]
    COORD_STORE_FIELD_NUMBER: _ClassVar[int]
    USE_MESSAGE_QUEUE_BROADCASTER_FIELD_NUMBER: _ClassVar[int]
    GROUP_NAME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_RANK_FIELD_NUMBER: _ClassVar[int]
    GLOBAL_WORLD_SIZE_FIELD_NUMBER: _ClassVar[int]
    USE_ALL2ALL_FIELD_NUMBER: _ClassVar[int]
    GROUP_PORTS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    group_ranks: _containers.RepeatedCompositeFieldContainer[_types_pb2.Int64List]
    local_rank: int
    torch_distributed_backend: str
    use_device_communicator: bool
    coord_store: _types_pb2.Term
    use_message_queue_broadcaster: bool
    group_name: str
    host: str
    global_rank: int
    global_world_size: int
    use_all2all: bool
    group_ports: _types_pb2.Term
    timeout: _duration_pb2.Duration
    def __init__(self, group_ranks: _Optional[_Iterable[_Union[_types_pb2.Int64List, _Mapping]]] = ..., local_rank: _Optional[int] = ..., torch_distributed_backend: _Optional[str] = ..., use_device_communicator: _Optional[bool] = ..., coord_store: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., use_message_queue_broadcaster: _Optional[bool] = ..., group_name: _Optional[str] = ..., host: _Optional[str] = ..., global_rank: _Optional[int] = ..., global_world_size: _Optional[int] = ..., use_all2all: _Optional[bool] = ..., group_ports: _Optional[_Union[_types_pb2.Term, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorNewResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _objects_pb2.StatelessGroupCoordinatorObject
    def __init__(self, result: _Optional[_Union[_objects_pb2.StatelessGroupCoordinatorObject, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorMakeSiblingDeviceGroupRequest(_message.Message):
    __slots__ = ("receiver", "group_desc")
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    GROUP_DESC_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessGroupCoordinatorObject
    group_desc: str
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessGroupCoordinatorObject, _Mapping]] = ..., group_desc: _Optional[str] = ...) -> None: ...

class StatelessGroupCoordinatorMakeSiblingDeviceGroupResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: _types_pb2.ProcessGroup
    def __init__(self, result: _Optional[_Union[_types_pb2.ProcessGroup, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorDestroyRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessGroupCoordinatorObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessGroupCoordinatorObject, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorDestroyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatelessGroupCoordinatorSizeRequest(_message.Message):
    __slots__ = ("receiver",)
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    receiver: _objects_pb2.StatelessGroupCoordinatorObject
    def __init__(self, receiver: _Optional[_Union[_objects_pb2.StatelessGroupCoordinatorObject, _Mapping]] = ...) -> None: ...

class StatelessGroupCoordinatorSizeResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: int
    def __init__(self, result: _Optional[int] = ...) -> None: ...
