# Generated from proto/vllm/bridge/v1/frames.proto by `make codegen`. Do not edit.
from vllm_bridge._generated import types_pb2 as _types_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Frame(_message.Message):
    __slots__ = ("id", "call", "reply", "failure", "cancel", "open", "message", "half_close")
    class Pair(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: bytes
        def __init__(self, key: _Optional[str] = ..., value: _Optional[bytes] = ...) -> None: ...
    class Call(_message.Message):
        __slots__ = ("method", "timeout_us", "metadata", "body")
        METHOD_FIELD_NUMBER: _ClassVar[int]
        TIMEOUT_US_FIELD_NUMBER: _ClassVar[int]
        METADATA_FIELD_NUMBER: _ClassVar[int]
        BODY_FIELD_NUMBER: _ClassVar[int]
        method: str
        timeout_us: int
        metadata: _containers.RepeatedCompositeFieldContainer[Frame.Pair]
        body: bytes
        def __init__(self, method: _Optional[str] = ..., timeout_us: _Optional[int] = ..., metadata: _Optional[_Iterable[_Union[Frame.Pair, _Mapping]]] = ..., body: _Optional[bytes] = ...) -> None: ...
    class Open(_message.Message):
        __slots__ = ("method", "timeout_us", "metadata")
        METHOD_FIELD_NUMBER: _ClassVar[int]
        TIMEOUT_US_FIELD_NUMBER: _ClassVar[int]
        METADATA_FIELD_NUMBER: _ClassVar[int]
        method: str
        timeout_us: int
        metadata: _containers.RepeatedCompositeFieldContainer[Frame.Pair]
        def __init__(self, method: _Optional[str] = ..., timeout_us: _Optional[int] = ..., metadata: _Optional[_Iterable[_Union[Frame.Pair, _Mapping]]] = ...) -> None: ...
    class Message(_message.Message):
        __slots__ = ("body",)
        BODY_FIELD_NUMBER: _ClassVar[int]
        body: bytes
        def __init__(self, body: _Optional[bytes] = ...) -> None: ...
    class HalfClose(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    class Reply(_message.Message):
        __slots__ = ("body", "trailers")
        BODY_FIELD_NUMBER: _ClassVar[int]
        TRAILERS_FIELD_NUMBER: _ClassVar[int]
        body: bytes
        trailers: _containers.RepeatedCompositeFieldContainer[Frame.Pair]
        def __init__(self, body: _Optional[bytes] = ..., trailers: _Optional[_Iterable[_Union[Frame.Pair, _Mapping]]] = ...) -> None: ...
    class Failure(_message.Message):
        __slots__ = ("code", "message", "error", "trailers")
        CODE_FIELD_NUMBER: _ClassVar[int]
        MESSAGE_FIELD_NUMBER: _ClassVar[int]
        ERROR_FIELD_NUMBER: _ClassVar[int]
        TRAILERS_FIELD_NUMBER: _ClassVar[int]
        code: int
        message: str
        error: _types_pb2.ErrorDetail
        trailers: _containers.RepeatedCompositeFieldContainer[Frame.Pair]
        def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ..., error: _Optional[_Union[_types_pb2.ErrorDetail, _Mapping]] = ..., trailers: _Optional[_Iterable[_Union[Frame.Pair, _Mapping]]] = ...) -> None: ...
    class Cancel(_message.Message):
        __slots__ = ()
        def __init__(self) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    HALF_CLOSE_FIELD_NUMBER: _ClassVar[int]
    id: int
    call: Frame.Call
    reply: Frame.Reply
    failure: Frame.Failure
    cancel: Frame.Cancel
    open: Frame.Open
    message: Frame.Message
    half_close: Frame.HalfClose
    def __init__(self, id: _Optional[int] = ..., call: _Optional[_Union[Frame.Call, _Mapping]] = ..., reply: _Optional[_Union[Frame.Reply, _Mapping]] = ..., failure: _Optional[_Union[Frame.Failure, _Mapping]] = ..., cancel: _Optional[_Union[Frame.Cancel, _Mapping]] = ..., open: _Optional[_Union[Frame.Open, _Mapping]] = ..., message: _Optional[_Union[Frame.Message, _Mapping]] = ..., half_close: _Optional[_Union[Frame.HalfClose, _Mapping]] = ...) -> None: ...
