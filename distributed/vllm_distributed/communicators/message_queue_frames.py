"""Objects as frames of a message queue: a msgpack head, and the arrays' bytes behind it.

A frame is a prologue (length of the head, length of the body, number of placeholders), the head
(the object with a placeholder for each tensor and numpy array, and what those were, encoded by
`object_codec`) and the body (the arrays' bytes, in the order in which they were found). So an array
is copied once on its way out, from where it lives to the carrier, and once on its way in, to where
it will live.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

import numpy as np
import torch

from vllm_distributed.errors import EncodingError
from vllm_distributed.object_codec import decode, encode

__all__ = ["GOODBYE", "Assembler", "Part", "pack", "unpack"]

Part: TypeAlias = bytes | memoryview

_PROLOGUE = struct.Struct("<QQQ")
PROLOGUE_BYTES = _PROLOGUE.size
# In place of a prologue, where nothing will follow: no frame has a head of this length.
GOODBYE = _PROLOGUE.pack(2**64 - 1, 0, 0)

# A head is plain values; msgpack itself ends at 4 GiB.
_LONGEST_HEAD = 1 << 32
_SINK_BYTES = 1 << 16

# In the place of an array stands a value that the codec makes short work of, and that hardly occurs
# otherwise; what it stands for is said in a list beside the object, in the order in which they
# occur: [kind, dtype, shape]. A device that really was one has an entry too.
_HOLE = torch.device("meta")
_TENSOR, _ARRAY, _SCALAR, _DEVICE = range(4)
_TORCH_DTYPES = {
    value: name for name, value in vars(torch).items() if isinstance(value, torch.dtype)
}
_ATOMS = frozenset({type(None), bool, int, float, complex, str, bytes})
# What numpy's `dtype.str` says of the kinds that are plain memory: no objects, no structures.
_DTYPE_TEXT = re.compile(r"[<>|=][biufcSUMm][0-9]{1,9}(\[[0-9]{0,9}[A-Za-zμ]{1,2}\])?", re.ASCII)


def pack(value: Any) -> tuple[list[Part], int]:
    """Return the parts of the frame of `value`, and how many bytes they are together.

    The parts after the first are views of the arrays' own memory where they are contiguous and on
    the CPU: they have to be copied before the caller changes the arrays. Raises `EncodingError`
    for what cannot travel.
    """
    body: list[Part] = []
    try:
        skeleton, table = _taken_apart(value, body)
    except RecursionError as error:
        raise EncodingError(
            f"an object of type {type(value).__name__} is nested too deeply, or contains itself"
        ) from error
    head = encode([skeleton, table] if table else skeleton)
    size = sum(map(len, body))
    return (
        [_PROLOGUE.pack(len(head), size, len(table)) + head, *body],
        PROLOGUE_BYTES + len(head) + size,
    )


def unpack(frame: memoryview) -> Any:
    """Return the object of a frame that is all there. The result shares no memory with it."""
    assembler = Assembler()
    assembler.feed(frame)
    return assembler.take()


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
        self._head: bytearray | None = None
        self._body_bytes = self._placeholders = 0
        self._skeleton: Any = None
        self._arrays: list[Any] = []
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
        complete, error = self.target is None, self._error
        skeleton, arrays, placeholders = self._skeleton, self._arrays, self._placeholders
        self.reset()
        if error is not None:
            raise error
        if not complete:
            raise EncodingError("a frame of a message queue is shorter than it says")
        return _put_together(skeleton, iter(arrays)) if placeholders else skeleton

    def _begin_head(self) -> None:
        head_bytes, self._body_bytes, self._placeholders = _PROLOGUE.unpack(self._prologue)
        self.said_goodbye = self._prologue == GOODBYE
        if not 0 < head_bytes <= _LONGEST_HEAD:
            self._head, self._opened = bytearray(0), True
            self._error = EncodingError(f"a frame says that its head has {head_bytes} bytes")
            return
        self._head = bytearray(head_bytes)
        self._targets = [memoryview(self._head)]

    def _open(self) -> None:
        """Read the head and make room for the arrays it announces."""
        self._opened = True
        try:
            table: list[Any] = []
            self._skeleton = decode(self._head or b"")
            if self._placeholders:
                self._skeleton, table = _with_table(self._skeleton)
            wanted = sum(map(_bytes_of, table))
            if wanted != self._body_bytes:
                raise EncodingError(
                    f"a frame announces arrays of {wanted} bytes and carries {self._body_bytes}"
                )
            if _holes_in(self._skeleton, bool(self._placeholders)) != len(table):
                raise EncodingError("a frame has other arrays than its object has places for")
            self._arrays = [_allocated(entry) for entry in table]
        except EncodingError as error:
            # The body is on its way all the same: it is taken in, so that the next frame is found.
            self._error, self._arrays, self._sink_bytes = error, [], self._body_bytes
            return
        views = [_memory_of(array) for array in self._arrays if not isinstance(array, torch.device)]
        self._targets = [view for view in reversed(views) if len(view)]


def _taken_apart(value: Any, body: list[Part]) -> tuple[Any, list[Any]]:
    """Return `value` with placeholders, and what they stand for; the arrays go into `body`."""
    table: list[Any] = []

    def describe(part: Any) -> Any:
        kind = type(part)
        if kind in _ATOMS:
            return part
        if kind is dict:
            return {key: describe(item) for key, item in part.items()}
        if kind is list:
            return [describe(item) for item in part]
        if kind is tuple:
            return tuple([describe(item) for item in part])
        if isinstance(part, torch.Tensor):
            if part.layout is torch.strided and not part.is_meta and not part.is_quantized:
                table.append([_TENSOR, _TORCH_DTYPES[part.dtype], list(part.shape)])
                body.append(_memory_of(_on_host(part)))
                return _HOLE
        elif kind is np.ndarray or kind is np.memmap or isinstance(part, np.generic):
            array = np.asarray(part)
            if _DTYPE_TEXT.fullmatch(array.dtype.str):
                mark = _SCALAR if isinstance(part, np.generic) else _ARRAY
                table.append([mark, array.dtype.str, list(array.shape)])
                body.append(_memory_of(array if array.flags.c_contiguous else array.copy("C")))
                return _HOLE
        elif kind is torch.device and part == _HOLE:
            table.append([_DEVICE, "", []])
        return part  # the codec carries it, or refuses it by name

    return describe(value), table


def _with_table(value: Any) -> tuple[Any, list[Any]]:
    """Return the object, with placeholders, and the list of what they stand for, once checked."""
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], list):
        raise EncodingError("a frame with arrays is an object and a list of what they are")
    for entry in value[1]:
        if (
            not isinstance(entry, list)
            or len(entry) != 3
            or not isinstance(entry[1], str)
            or not isinstance(entry[2], list)
            or not all(type(extent) is int and 0 <= extent < 2**63 for extent in entry[2])
        ):
            raise EncodingError(f"{entry!r:.80} does not describe an array")
    return value[0], value[1]


def _holes_in(skeleton: Any, has_any: bool) -> int:
    kind = type(skeleton)
    if not has_any or kind in _ATOMS:
        return 0
    if kind is dict:
        return sum([_holes_in(item, True) for item in skeleton.values()])
    if kind is list or kind is tuple:
        return sum([_holes_in(item, True) for item in skeleton])
    return int(kind is torch.device and skeleton == _HOLE)


def _put_together(skeleton: Any, arrays: Iterator[Any]) -> Any:
    kind = type(skeleton)
    if kind in _ATOMS:
        return skeleton
    if kind is dict:
        return {key: _put_together(item, arrays) for key, item in skeleton.items()}
    if kind is list:
        return [_put_together(item, arrays) for item in skeleton]
    if kind is tuple:
        return tuple([_put_together(item, arrays) for item in skeleton])
    if kind is torch.device and skeleton == _HOLE:
        array = next(arrays)
        return array.value if isinstance(array, _Scalar) else array
    return skeleton


@dataclass
class _Scalar:
    """A numpy scalar on its way: the array without dims that its bytes go into."""

    array: np.ndarray[Any, np.dtype[Any]]

    @property
    def value(self) -> Any:
        return self.array[()]


def _bytes_of(entry: list[Any]) -> int:
    kind, text, shape = entry
    if kind == _DEVICE:
        return 0
    if kind == _TENSOR:
        return int(prod(shape)) * _torch_dtype(text).itemsize
    if kind in (_ARRAY, _SCALAR) and _DTYPE_TEXT.fullmatch(text):
        return int(prod(shape)) * _numpy_dtype(text).itemsize
    raise EncodingError(f"{entry!r:.80} does not describe an array")


def _allocated(entry: list[Any]) -> Any:
    kind, text, shape = entry
    if kind == _DEVICE:
        return _HOLE
    try:
        if kind == _TENSOR:
            return torch.empty(shape, dtype=_torch_dtype(text))
        array = np.empty(tuple(shape), _numpy_dtype(text))
    except (RuntimeError, ValueError, MemoryError) as error:  # a shape with too many elements
        raise EncodingError(f"an array of shape {shape} cannot be made: {error}") from error
    return _Scalar(array) if kind == _SCALAR else array


def _torch_dtype(text: str) -> torch.dtype:
    dtype = getattr(torch, text, None)
    if not isinstance(dtype, torch.dtype):
        raise EncodingError(f"{text!r:.80} is not a dtype of torch {torch.__version__}")
    return dtype


def _numpy_dtype(text: str) -> np.dtype[Any]:
    try:
        return np.dtype(text)
    except (TypeError, ValueError) as error:
        raise EncodingError(f"{text!r} is not a numpy dtype") from error


def _on_host(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()


def _memory_of(array: Any) -> memoryview:
    """Return the bytes of a contiguous tensor on the CPU, or of a contiguous array."""
    if isinstance(array, _Scalar):
        array = array.array
    if isinstance(array, torch.Tensor):
        if not array.numel():
            return memoryview(b"")
        host: Any = array.reshape(-1).view(torch.uint8).numpy()
        return memoryview(host)
    if not array.nbytes:
        return memoryview(b"")
    raw: Any = array.reshape(-1).view(np.uint8)
    return memoryview(raw)
