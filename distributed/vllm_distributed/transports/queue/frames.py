"""Objects as frames of a message queue: a msgpack head, and the arrays' bytes behind it.

A frame is a prologue (how many bytes of each follow), a head and a body. The head is a table (dtype
and shape of each tensor and numpy array) and the object with its arrays set aside, both encoded by
`object_codec`; the body is the arrays' bytes, in the order of the table. So an array is copied once
on its way out, from where it lives to the carrier, and once on its way in, to where it will live.
"""

from __future__ import annotations

import struct
from math import prod
from typing import Any, TypeAlias

import numpy as np
import torch

from vllm_distributed.errors import EncodingError
from vllm_distributed.tensors.raw_bytes import flat_bytes
from vllm_distributed.wire.arrays import DTYPE_NAMES, dtype_named, empty_array, numpy_dtype_named
from vllm_distributed.wire.object_codec import decode, encode

__all__ = ["GOODBYE", "Assembler", "Part", "pack", "unpack"]

Part: TypeAlias = bytes | memoryview

_PROLOGUE = struct.Struct("<QQQ")  # bytes of the table, of the object, of the body
PROLOGUE_BYTES = _PROLOGUE.size
# In place of a prologue, where nothing will follow: no frame has a table of this length.
GOODBYE = _PROLOGUE.pack(2**64 - 1, 0, 0)

# A head is plain values; msgpack itself ends at 4 GiB.
_LONGEST_HEAD = 1 << 32
_SINK_BYTES = 1 << 16

_TENSOR, _ARRAY = range(2)


def pack(value: Any) -> tuple[list[Part], int]:
    """Return the parts of the frame of `value`, and how many bytes they are together.

    The parts after the first are views of the arrays' own memory where they are contiguous and on
    the CPU: they have to be copied before the caller changes the arrays. Raises `EncodingError`
    for what cannot travel.
    """
    arrays: list[Any] = []
    head = encode(value, arrays)
    if not arrays:
        frame = _PROLOGUE.pack(0, len(head), 0) + head
        return [frame], len(frame)
    described = [_described(array) for array in arrays]
    table = encode([entry for entry, _ in described])
    body: list[Part] = [memory for _, memory in described]
    size = sum(map(len, body))
    return (
        [_PROLOGUE.pack(len(table), len(head), size) + table + head, *body],
        PROLOGUE_BYTES + len(table) + len(head) + size,
    )


def unpack(frame: bytes | memoryview) -> Any:
    """Return the object of a frame that is all there. The result shares no memory with it."""
    if len(frame) < PROLOGUE_BYTES:
        raise EncodingError("a frame of a message queue is shorter than it says")
    table_bytes, object_bytes, body_bytes = _PROLOGUE.unpack_from(frame)
    at_body = PROLOGUE_BYTES + table_bytes + object_bytes
    if at_body + body_bytes != len(frame):
        raise EncodingError(
            f"a frame of a message queue has {len(frame)} bytes and says that it has "
            f"{at_body + body_bytes}"
        )
    head = bytes(frame[PROLOGUE_BYTES:at_body])  # nobody can change it while it is decoded
    if not table_bytes and not body_bytes:
        return decode(head)
    value, arrays = _opened(head, table_bytes, body_bytes)
    for array in arrays:
        target = _memory_of(array)
        if len(target):
            after = at_body + len(target)
            target[:] = frame[at_body:after]
            at_body = after
    return value


class Assembler:
    """Puts an object together from a frame that arrives in pieces.

    The carrier writes into `target` and says with `advance` how much, until there is no target.
    """

    def __init__(self) -> None:
        self._prologue = bytearray(PROLOGUE_BYTES)
        self.reset()

    def reset(self) -> None:
        """Forget what has arrived; the next bytes begin a frame."""
        self._targets: list[memoryview] = [memoryview(self._prologue)]
        self._head: bytearray | memoryview | None = None
        self._table_bytes = self._body_bytes = 0
        self._value: Any = None
        self._sink_bytes = 0
        self._error: EncodingError | None = None
        self._opened = False
        self.said_goodbye = False

    @property
    def target(self) -> memoryview | None:
        """Where the next bytes of the frame go; None when it is complete."""
        if self._targets:
            return self._targets[-1]
        if self._sink_bytes:
            return memoryview(bytearray(min(self._sink_bytes, _SINK_BYTES)))
        return None

    def advance(self, count: int) -> None:
        """Take note that `count` bytes were written into `target`."""
        if not self._targets:
            self._sink_bytes -= count
            return
        current = self._targets[-1]
        if count < len(current):
            self._targets[-1] = current[count:]
            return
        self._targets.pop()
        if self._head is None:
            self._begin_head()
        elif not self._opened:
            self._open()

    def feed(self, data: memoryview) -> int:
        """Take in bytes of the frame; return how many of them were."""
        taken = 0
        while taken < len(data):
            target = self.target
            if target is None:
                break
            count = min(len(target), len(data) - taken)
            target[:count] = data[taken : taken + count]
            self.advance(count)
            taken += count
        return taken

    def take(self) -> Any:
        """Return the object, and be ready for the next frame.

        Raises `EncodingError` if the frame is not all there, or is not an encoded object.
        """
        complete, error, value = self.target is None, self._error, self._value
        self.reset()
        if error is not None:
            raise error
        if not complete:
            raise EncodingError("a frame of a message queue is shorter than it says")
        return value

    def _begin_head(self) -> None:
        self._table_bytes, object_bytes, self._body_bytes = _PROLOGUE.unpack(self._prologue)
        self.said_goodbye = self._prologue == GOODBYE
        head_bytes = self._table_bytes + object_bytes
        if not 0 < head_bytes <= _LONGEST_HEAD:
            self._head, self._opened = bytearray(0), True
            self._error = EncodingError(f"a frame says that its head has {head_bytes} bytes")
            return
        self._head = _room(head_bytes)
        self._targets = [memoryview(self._head)]

    def _open(self) -> None:
        """Read the head and make room for the arrays it announces."""
        self._opened = True
        try:
            self._value, arrays = _opened(self._head or b"", self._table_bytes, self._body_bytes)
        except EncodingError as error:
            # The body is on its way all the same: it is taken in, so that the next frame is found.
            self._error, self._sink_bytes = error, self._body_bytes
            return
        views = map(_memory_of, reversed(arrays))
        self._targets = [view for view in views if len(view)]


def _room(count: int) -> bytearray | memoryview:
    """Memory for bytes to come. A length that a frame only claims costs nothing: the system gives
    the pages of a large array when they are written."""
    if count <= _SINK_BYTES:
        return bytearray(count)
    pages: Any = np.empty(count, np.uint8)
    return memoryview(pages)


def _opened(
    head: bytes | bytearray | memoryview, table_bytes: int, body_bytes: int
) -> tuple[Any, list[torch.Tensor | np.ndarray[Any, np.dtype[Any]]]]:
    """Return the object of a head, and the arrays in it, whose bytes are still to come."""
    if not table_bytes:
        if body_bytes:
            raise EncodingError(f"a frame announces no arrays and carries {body_bytes} bytes")
        return decode(head), []
    view = memoryview(head)
    table = _checked_table(decode(view[:table_bytes]))
    wanted = sum(map(_bytes_of, table))
    if wanted != body_bytes:
        raise EncodingError(f"a frame announces arrays of {wanted} bytes and carries {body_bytes}")
    arrays = [_allocated(entry) for entry in table]
    return decode(view[table_bytes:], arrays), arrays


def _described(array: Any) -> tuple[list[Any], memoryview]:
    """Return what the table says of a tensor or array, and its bytes."""
    if isinstance(array, torch.Tensor):
        entry = [_TENSOR, DTYPE_NAMES[array.dtype], list(array.shape)]
        return entry, _memory_of(array)
    whole = array if array.flags.c_contiguous else array.copy("C")
    return [_ARRAY, array.dtype.str, list(array.shape)], _memory_of(whole)


def _checked_table(table: Any) -> list[list[Any]]:
    if not isinstance(table, list):
        raise EncodingError("a frame with arrays begins with a list of what they are")
    for entry in table:
        if (
            not isinstance(entry, list)
            or len(entry) != 3
            or not isinstance(entry[1], str)
            or not isinstance(entry[2], list)
            or not all(type(extent) is int and 0 <= extent < 2**63 for extent in entry[2])
        ):
            raise EncodingError(f"{entry!r:.80} does not describe an array")
    return table


def _bytes_of(entry: list[Any]) -> int:
    kind, text, shape = entry
    if kind == _TENSOR:
        return int(prod(shape)) * dtype_named(text).itemsize
    if kind == _ARRAY:
        return int(prod(shape)) * numpy_dtype_named(text).itemsize
    raise EncodingError(f"{entry!r:.80} does not describe an array")


def _allocated(entry: list[Any]) -> Any:
    kind, text, shape = entry
    try:
        if kind == _TENSOR:
            return torch.empty(shape, dtype=dtype_named(text), device="cpu")
        return empty_array(tuple(shape), numpy_dtype_named(text))
    except (RuntimeError, ValueError, MemoryError) as error:  # a shape with too many elements
        raise EncodingError(f"an array of shape {shape} cannot be made: {error}") from error


def _memory_of(array: Any) -> memoryview:
    """Return the bytes of a tensor or of a contiguous array: of its own memory, if it is a
    contiguous one on the CPU."""
    if isinstance(array, torch.Tensor):
        host: Any = flat_bytes(array).numpy()
        return memoryview(host)
    if not array.nbytes:
        return memoryview(b"")
    raw: Any = array.reshape(-1).view(np.uint8)
    return memoryview(raw)
