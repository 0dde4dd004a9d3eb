"""What a trainer sends: a module's parameters, tensors by name, files of safetensors."""

from __future__ import annotations

import json
import math
import mmap
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import torch

from vllm_distributed.errors import EncodingError, InvalidArgumentError, InvalidTypeError
from vllm_distributed.weight_transfer.layout import ParamMeta, Placement, Replicate, Shard

__all__ = [
    "ModuleSource",
    "SafetensorsSource",
    "TensorSource",
    "WeightSource",
    "materialize_full_tensor",
]


class WeightSource(ABC):
    """A trainer's weights: what they are, and the values, whole or in parts.

    A subclass has `metadata`, a `functools.cached_property`, and `iter_full`, `iter_local` or both.
    They yield pairs of a name and a tensor: those of `owned_names` of this rank, in the order of
    `metadata`. They may be collective among the owners of a parameter. Each call starts
    from the first. Raises `InvalidTypeError` for a subclass with another kind of `metadata`.
    Source: vLLM.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        metadata = vars(cls).get("metadata")
        if metadata is not None and not isinstance(metadata, cached_property):
            raise InvalidTypeError(
                f"{cls.__name__}.metadata must be a functools.cached_property: it is read often "
                f"and must not change"
            )

    @property
    @abstractmethod
    def metadata(self) -> list[ParamMeta]:
        """All parameters of the model; moves nothing. The same on all ranks of the trainer."""
        raise NotImplementedError

    def owned_names(self, rank: int) -> list[str]:
        """Return the names that `rank` of the trainer has and yields, in their order."""
        return [meta.name for meta in self.metadata if meta.owners is None or rank in meta.owners]

    def implements_iter_full(self) -> bool:
        """Return whether the subclass has whole tensors."""
        return type(self).iter_full is not WeightSource.iter_full

    def implements_iter_local(self) -> bool:
        """Return whether the subclass has parts of tensors."""
        return type(self).iter_local is not WeightSource.iter_local

    def iter_full(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield each name that this rank owns, with the whole tensor."""
        raise NotImplementedError(f"{type(self).__name__} has no iter_full")

    def iter_local(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield each name that this rank owns, with its own part of the tensor."""
        raise NotImplementedError(f"{type(self).__name__} has no iter_local")


def materialize_full_tensor(tensor: torch.Tensor) -> torch.Tensor:
    """Return the whole of a `DTensor` (collective on its mesh); any other tensor as it is."""
    full_tensor = getattr(tensor, "full_tensor", None)
    whole: torch.Tensor = full_tensor() if callable(full_tensor) else tensor
    return whole


class _OnMesh(NamedTuple):
    owners: tuple[int, ...]
    mesh_shape: tuple[int, ...]
    placements: tuple[Placement, ...] | None


def _mesh_of(tensor: torch.Tensor) -> _OnMesh | None:
    """Return how a `DTensor` lies on its mesh. Placements other than plain ones are none."""
    mesh: Any = getattr(tensor, "device_mesh", None)
    if mesh is None:
        return None
    from torch.distributed.tensor import Replicate as TorchReplicate
    from torch.distributed.tensor import Shard as TorchShard

    given: Any = tensor
    placements: list[Placement] = []
    for placement in given.placements:
        if type(placement) is TorchShard:
            placements.append(Shard(placement.dim))
        elif type(placement) is TorchReplicate:
            placements.append(Replicate())
    is_plain = len(placements) == len(given.placements)
    return _OnMesh(
        tuple(mesh.mesh.flatten().tolist()),
        tuple(mesh.mesh.shape),
        tuple(placements) if is_plain else None,
    )


def _is_member(tensor: torch.Tensor) -> bool:
    mesh: Any = getattr(tensor, "device_mesh", None)
    return mesh is None or mesh.get_coordinate() is not None


class ModuleSource(WeightSource):
    """The parameters of a module, by `named_parameters()`: plain tensors, or `DTensor`s of FSDP.

    All ranks own a plain tensor; those of its mesh a `DTensor`, as it is placed there. `iter_full`
    gathers `DTensor`s (collective on their meshes), `iter_local` yields the local parts, and the
    whole of one whose placement is neither `Shard` nor `Replicate`. The mesh's ranks count as
    those of the trainer. `metadata` is what the module has when it is first read. Source: vLLM.
    """

    def __init__(self, module: torch.nn.Module) -> None:
        if not isinstance(module, torch.nn.Module):
            raise InvalidTypeError(
                f"module must be a torch.nn.Module, got {type(module).__name__}: tensors by name "
                f"are a TensorSource"
            )
        self._module = module

    @cached_property
    def metadata(self) -> list[ParamMeta]:
        """Name, dtype and whole shape of each parameter, and where it is."""
        return [_meta_of(name, tensor) for name, tensor in self._module.named_parameters()]

    def iter_full(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield each parameter whole."""
        for name, tensor in self._module.named_parameters():
            if _is_member(tensor):
                yield name, materialize_full_tensor(tensor)

    def iter_local(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield this rank's part of each parameter."""
        for name, tensor in self._module.named_parameters():
            if not _is_member(tensor):
                continue
            mesh = _mesh_of(tensor)
            given: Any = tensor
            local: torch.Tensor = tensor
            if mesh is not None:
                is_plain = mesh.placements is not None
                local = given.to_local() if is_plain else materialize_full_tensor(tensor)
            yield name, local


def _meta_of(name: str, tensor: torch.Tensor) -> ParamMeta:
    mesh = _mesh_of(tensor)
    if mesh is None:
        return ParamMeta(name, tensor.dtype, tuple(tensor.shape))
    return ParamMeta(name, tensor.dtype, tuple(tensor.shape), **mesh._asdict())


class TensorSource(WeightSource):
    """Tensors by name, such as a state dict; each is whole, on one rank of a trainer."""

    def __init__(self, tensors: Mapping[str, torch.Tensor]) -> None:
        if not isinstance(tensors, Mapping):
            raise InvalidTypeError(f"tensors must be a dict, got {type(tensors).__name__}")
        for name, tensor in tensors.items():
            if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
                raise InvalidTypeError(
                    f"tensors must map names to tensors, got {type(tensor).__name__} for {name!r}"
                )
        self._tensors = dict(tensors)

    @cached_property
    def metadata(self) -> list[ParamMeta]:
        """Name, dtype and shape of each tensor."""
        return [_meta_of(name, tensor) for name, tensor in self._tensors.items()]

    def iter_full(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield each tensor."""
        for name, tensor in self._tensors.items():
            yield name, materialize_full_tensor(tensor)


_DTYPES = {
    "BF16": torch.bfloat16,
    "BOOL": torch.bool,
    "C64": torch.complex64,
    "F16": torch.float16,
    "F32": torch.float32,
    "F64": torch.float64,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "I8": torch.int8,
    "U16": torch.uint16,
    "U32": torch.uint32,
    "U64": torch.uint64,
    "U8": torch.uint8,
}
_LARGEST_HEADER = 100_000_000  # as the safetensors library has it


class _Stored(NamedTuple):
    path: Path
    meta: ParamMeta
    start: int
    end: int


class SafetensorsSource(WeightSource):
    """A file of safetensors, or all such files of a folder, in the order of their names.

    Files are mapped one after the other: nothing is read before it is sent. A file that is cut off,
    or whose header contradicts itself, raises `EncodingError`; a name in two files, a path without
    files `InvalidArgumentError`. Format: https://huggingface.co/docs/safetensors
    """

    def __init__(self, path: str | Path) -> None:
        folder = Path(path)
        files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else [folder]
        if not files or not all(file.is_file() for file in files):
            raise InvalidArgumentError(f"there is no file of safetensors at {str(path)!r}")
        self._stored: dict[str, _Stored] = {}
        for file in files:
            for stored in _read_header(file):
                if stored.meta.name in self._stored:
                    other = self._stored[stored.meta.name].path
                    raise InvalidArgumentError(f"{stored.meta.name!r} is in {other} and in {file}")
                self._stored[stored.meta.name] = stored

    @cached_property
    def metadata(self) -> list[ParamMeta]:
        """Name, dtype and shape of each tensor, by the headers."""
        return [stored.meta for stored in self._stored.values()]

    def iter_full(self) -> Iterator[tuple[str, torch.Tensor]]:
        """Yield each tensor: a view of the file, not to be written."""
        opened: tuple[Path, mmap.mmap] | None = None
        for name, stored in self._stored.items():
            if opened is None or opened[0] != stored.path:
                with stored.path.open("rb") as file:
                    # A copy of a page is made if somebody writes to it.
                    opened = stored.path, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
            length = stored.end - stored.start
            if len(opened[1]) < stored.end:
                raise EncodingError(f"{stored.path} has become shorter since it was opened")
            raw = torch.empty(0, dtype=torch.uint8, device="cpu")
            if length:
                raw = torch.frombuffer(
                    opened[1], dtype=torch.uint8, count=length, offset=stored.start
                )
                if raw.data_ptr() % stored.meta.dtype.itemsize:
                    raw = raw.clone()
            yield name, raw.view(stored.meta.dtype).view(stored.meta.shape)


def _read_header(path: Path) -> list[_Stored]:
    with path.open("rb") as file:
        size = path.stat().st_size
        length = struct.unpack("<Q", file.read(8).ljust(8, b"\0"))[0]
        if not 2 <= length <= min(_LARGEST_HEADER, size - 8):
            raise EncodingError(f"{path} is no file of safetensors, or is cut off")
        try:
            header = json.loads(file.read(length))
            found = [
                _stored(path, 8 + length, name, entry)
                for name, entry in header.items()
                if name != "__metadata__"
            ]
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise EncodingError(f"{path}: the header of safetensors is wrong: {error!r}") from error
    found.sort(key=lambda stored: stored.start)
    for stored in found:
        if stored.end > size:
            raise EncodingError(f"{path} is cut off: {stored.meta.name!r} ends behind it")
    return found


def _stored(path: Path, data: int, name: str, entry: Mapping[str, Any]) -> _Stored:
    start, end = entry["data_offsets"]
    meta = ParamMeta(name, _DTYPES[entry["dtype"]], tuple(entry["shape"]))
    if start < 0 or end - start != math.prod(meta.shape) * meta.dtype.itemsize:
        raise ValueError(f"{name!r} has {end - start} bytes")
    return _Stored(path, meta, data + start, data + end)
