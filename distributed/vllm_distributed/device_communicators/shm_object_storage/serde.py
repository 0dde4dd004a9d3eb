"""Objects as bytes, without pickle."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from typing import Any

from vllm_distributed.errors import EncodingError
from vllm_distributed.transports.queue.frames import Part, pack, unpack

__all__ = ["MsgpackSerde", "ObjectSerde"]

_LENGTH = struct.Struct("<Q")


class ObjectSerde(ABC):
    """Makes bytes of objects, and objects of bytes: a base for classes. Source: vLLM."""

    @abstractmethod
    def serialize(self, value: Any) -> tuple[Any, int, bytes, int]:
        """Return (data, its bytes, metadata, their number); data is bytes or a list of them.

        The metadata stands in front of the data, which ends where the object's memory does.
        """

    @abstractmethod
    def deserialize(self, data: memoryview) -> Any:
        """Return the object of what `serialize` returned, out of memory that others write to later:
        it must not share any."""


class MsgpackSerde(ObjectSerde):
    """Plain values, tensors, numpy's arrays, and classes named to `register_type`. Source: vLLM.

    What ranks send each other (`broadcast_object`) can be stored; all else is refused. A tensor is
    copied once on its way in and once on its way out, which gives a tensor on the CPU.
    """

    def serialize(self, value: Any) -> tuple[list[Part], int, bytes, int]:
        """As `ObjectSerde.serialize`. Raises `EncodingError`, which names the type, for a value
        that cannot travel."""
        parts, length = pack(value)
        return parts, length, _LENGTH.pack(length), _LENGTH.size

    def deserialize(self, data: memoryview) -> Any:
        """As `ObjectSerde.deserialize`. Raises `EncodingError` for bytes that are no object."""
        if len(data) < _LENGTH.size:
            raise EncodingError(f"{len(data)} bytes are no stored object")
        (length,) = _LENGTH.unpack_from(data)
        frame = data[_LENGTH.size : _LENGTH.size + length]
        if len(frame) != length:
            raise EncodingError(f"a stored object has {len(frame)} bytes and says {length}")
        return unpack(frame)
