"""The weights of one target: what fits them, where new ones wait, and how they take their place."""

from __future__ import annotations

import contextlib
import itertools
import math
import mmap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.tensors.dtypes import write_into
from vllm_distributed.weight_transfer.cpu.plan import Cut, Piece, cut_of
from vllm_distributed.weight_transfer.layout import Placement, Replicate, Shard

_ALIGNMENT = 64

__all__ = ["Announced", "Problems", "Staging", "Target"]


class Announced(NamedTuple):
    """A parameter that is to come, whole."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


class Problems(NamedTuple):
    """Why what is to come does not fit."""

    missing: list[str]
    unknown: list[str]
    wrong: dict[str, str]


class Target:
    """The tensors of one rank, and which part of each parameter it has."""

    def __init__(
        self,
        model: Any,
        index: int,
        count: int,
        layout: Mapping[str, Placement] | None = None,
    ) -> None:
        self.model = model
        self.tensors, self._needed = _tensors_of(model)
        self._index, self._count = index, count
        self._layout = dict(layout or {})
        for name, placement in self._layout.items():
            if not isinstance(placement, (Shard, Replicate)):
                raise InvalidTypeError(f"{name!r}: {placement!r} is neither Replicate nor Shard")
            if name not in self.tensors:
                raise InvalidArgumentError(f"the layout has {name!r}, which the model has not")

    def problems(self, announced: Sequence[Announced]) -> Problems:
        """Return what does not fit; nothing where all does."""
        names = {each.name for each in announced}
        # One tensor may have several names.
        sent = {id(self.tensors[name]) for name in names & self.tensors.keys()}
        wrong = {}
        for each in announced:
            if each.name in self.tensors:
                reason = self._why_not(each)
                if reason:
                    wrong[each.name] = reason
        return Problems(
            [name for name, tensor in self._needed.items() if id(tensor) not in sent],
            [each.name for each in announced if each.name not in self.tensors],
            wrong,
        )

    def cut(self, each: Announced) -> Cut:
        """Return which bytes of a parameter that fits are this rank's."""
        return cut_of(each.shape, each.dtype.itemsize, self._dim(each), self._index, self._count)

    def cuts(self, announced: Sequence[Announced]) -> list[Cut | None]:
        """Return the same for each of several, None for one that this rank has not."""
        return [self.cut(each) if each.name in self.tensors else None for each in announced]

    def _dim(self, each: Announced) -> int | None:
        placement = self._layout.get(each.name)
        if placement is None:
            own = tuple(self.tensors[each.name].shape)
            cut = [dim for dim in range(len(own)) if own[dim] != each.shape[dim]]
            return cut[0] if cut else None
        return placement.dim if isinstance(placement, Shard) else None

    def _why_not(self, each: Announced) -> str | None:
        tensor, whole = self.tensors[each.name], each.shape
        own = tuple(tensor.shape)
        if tensor.dtype != each.dtype:
            return f"dtype {_name(each.dtype)}, and it is {_name(tensor.dtype)} here"
        if len(own) != len(whole):
            return f"shape {list(whole)}, and it is {list(own)} here"
        placement = self._layout.get(each.name)
        if isinstance(placement, Shard) and not 0 <= placement.dim < len(whole):
            return f"Shard({placement.dim}) of shape {list(whole)}"
        dim = self._dim(each)
        if dim is None:
            return None if own == whole else f"shape {list(whole)}, and it is {list(own)} here"
        if self._count > 1 and whole[dim] % self._count:
            return (
                f"shape {list(whole)}: dim {dim} is not divisible among {self._count} ranks, and "
                f"it is {list(own)} here"
            )
        part = (*whole[:dim], whole[dim] // self._count, *whole[dim + 1 :])
        if own != part:
            return (
                f"shape {list(whole)}, of which rank {self._index} of {self._count} has "
                f"{list(part)} along dim {dim}, and it is {list(own)} here"
            )
        return None


class Staging:
    """What has come of one transfer, beside what is in use: as much memory as this rank's part of
    it. The pieces come in any order, each once."""

    def __init__(self, target: Target, announced: Sequence[Announced]) -> None:
        self._target = target
        self._cuts = target.cuts(announced)
        sizes = [
            0 if cut is None else cut.before(each.nbytes)
            for each, cut in zip(announced, self._cuts, strict=True)
        ]
        self._shadows = _rooms(sizes)
        self._names = [each.name for each in announced]
        self.total = sum(sizes)
        """How many bytes are to come here."""
        self.done = 0

    def place(self, piece: Piece) -> tuple[Cut, torch.Tensor] | None:
        """Return where this rank's part of a piece goes; None where it has none of the tensor."""
        cut, shadow = self._cuts[piece.index], self._shadows[piece.index]
        if cut is None:
            return None
        part = shadow[cut.before(piece.start) : cut.before(piece.end)]
        self.done += part.numel()
        return cut, part

    def commit(self) -> None:
        """Put all of it in place of what was in use."""
        for name, cut, shadow in zip(self._names, self._cuts, self._shadows, strict=True):
            if cut is not None:
                tensor = self._target.tensors[name]
                write_into(tensor, shadow.view(tensor.dtype).view(tensor.shape))
        self._shadows = []


def _rooms(sizes: Sequence[int]) -> list[torch.Tensor]:
    """Return vectors of uint8, in one piece of memory.

    It has large pages where the system has them: 256 MiB take 20 ms so, and 105 ms page by page.
    """
    aligned = [-(-size // _ALIGNMENT) * _ALIGNMENT for size in sizes]
    memory = mmap.mmap(-1, max(sum(aligned), 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a kernel without them
            memory.madvise(mmap.MADV_HUGEPAGE)
    with torch.inference_mode(False):
        whole = torch.frombuffer(memory, dtype=torch.uint8)
    starts = itertools.accumulate(aligned, initial=0)
    return [whole[start : start + size] for start, size in zip(starts, sizes, strict=False)]


def _tensors_of(model: Any) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return what can be written, and which of it must be."""
    if isinstance(model, torch.nn.Module):
        needed: dict[str, torch.Tensor] = dict(model.named_parameters())
        buffers = dict(model.named_buffers(remove_duplicate=False))
        aliases = dict(model.named_parameters(remove_duplicate=False))
        return {**buffers, **aliases}, needed
    if isinstance(model, Mapping):
        for name, tensor in model.items():
            if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
                raise InvalidTypeError(
                    f"a model's tensors are by name, got {type(tensor).__name__} for {name!r}"
                )
        return dict(model), dict(model)
    raise InvalidTypeError(
        f"model must be a torch.nn.Module, or a dict from names to tensors, got "
        f"{type(model).__name__}"
    )


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
