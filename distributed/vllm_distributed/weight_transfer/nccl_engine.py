"""Weights by broadcast in one group of a trainer and its targets: NCCL on CUDA, gloo on CPU.

As vLLM's engine of this name does it: whole parameters go to all targets, which load them as they
come. There are no versions and no agreement: see `cpu_engine` for those.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import torch
from typing_extensions import Self

from vllm_distributed.errors import (
    InvalidArgumentError,
    InvalidTypeError,
    WeightMismatchError,
    WeightTransferError,
)
from vllm_distributed.tensors.dtypes import write_into
from vllm_distributed.weight_transfer.base import (
    TrainerInitInfo,
    TrainerWeightTransferEngine,
    VLLMWeightSyncClient,
    WeightSource,
    WeightTransferEngine,
    WeightTransferUpdateInfo,
)
from vllm_distributed.weight_transfer.layout import ParamMeta, target_number
from vllm_distributed.weight_transfer.nccl_common import NCCLWeightTransferInitInfo, UpdateGroup
from vllm_distributed.weight_transfer.packed_tensor import (
    DEFAULT_PACKED_BUFFER_SIZE_BYTES,
    DEFAULT_PACKED_NUM_BUFFERS,
    packed_nccl_broadcast_consumer,
    packed_nccl_broadcast_producer,
)

__all__ = [
    "NCCLTrainerInitInfo",
    "NCCLTrainerWeightTransferEngine",
    "NCCLWeightTransferEngine",
    "NCCLWeightTransferInitInfo",
    "NCCLWeightTransferUpdateInfo",
]


@dataclass
class NCCLTrainerInitInfo(TrainerInitInfo):
    """How a trainer meets its targets: it listens, and is rank 0 of the group."""

    backend: ClassVar[str] = "nccl"

    master_address: str
    """Where it listens, on this address alone."""
    master_port: int
    """On which port."""
    world_size: int
    """Ranks of the group: the trainer and all targets."""
    packed: bool = True
    """Whether tensors are packed in buffers, or go one by one."""
    packed_buffer_size_bytes: int = DEFAULT_PACKED_BUFFER_SIZE_BYTES
    """See `packed_nccl_broadcast_producer`."""
    packed_num_buffers: int = DEFAULT_PACKED_NUM_BUFFERS
    """See there."""


@dataclass
class NCCLWeightTransferUpdateInfo(WeightTransferUpdateInfo):
    """What comes in one transfer, in its order; empty lists for the same as before. Raises
    `InvalidArgumentError`, a `ValueError`, for lists of different lengths."""

    names: list[str] = field(default_factory=list)
    """Of the parameters."""
    dtype_names: list[str] = field(default_factory=list)
    """`bfloat16`, for `torch.bfloat16`; one for each name."""
    shapes: list[list[int]] = field(default_factory=list)
    """Of the whole parameters; one for each name."""

    def __post_init__(self) -> None:
        for what in ("dtype_names", "shapes"):
            count = len(getattr(self, what))
            if count != len(self.names):
                raise InvalidArgumentError(f"{count} {what} for {len(self.names)} names")


def _dtype(name: str) -> torch.dtype:
    found = getattr(torch, name, None)
    if not isinstance(found, torch.dtype):
        raise InvalidArgumentError(f"there is no dtype {name!r}")
    return found


class NCCLWeightTransferEngine(
    WeightTransferEngine[NCCLWeightTransferInitInfo, NCCLWeightTransferUpdateInfo]
):
    """Receives whole parameters in one rank. They go to `model.load_weights`, where the model has
    that, else into its parameters of the same names and shapes."""

    init_info_cls = NCCLWeightTransferInitInfo
    update_info_cls = NCCLWeightTransferUpdateInfo

    def __init__(self, config: Any, vllm_config: Any, device: torch.device, model: Any) -> None:
        super().__init__(config, vllm_config, device, model)
        self.model_update_group: UpdateGroup | None = None
        self.packed = False
        self.packed_buffer_size_bytes = DEFAULT_PACKED_BUFFER_SIZE_BYTES
        self.packed_num_buffers = DEFAULT_PACKED_NUM_BUFFERS
        self._last: NCCLWeightTransferUpdateInfo | None = None

    def init_transfer_engine(self, init_info: NCCLWeightTransferInitInfo) -> None:
        """Meet the trainer. Collective: it and all targets."""
        self.shutdown()
        self.packed = init_info.packed
        self.packed_buffer_size_bytes = init_info.packed_buffer_size_bytes
        self.packed_num_buffers = init_info.packed_num_buffers
        self._last = None
        self.model_update_group = UpdateGroup(
            str(init_info.master_address),
            int(init_info.master_port or 0),
            init_info.rank_offset + target_number(self.parallel_config),
            init_info.world_size,
            self.device,
        )

    def start_weight_update(self) -> None:
        """Nothing to do: weights are loaded as they come."""

    def finish_weight_update(self) -> None:
        """Nothing to do: weights are loaded as they come."""

    def receive_weights(self, update_info: NCCLWeightTransferUpdateInfo) -> None:
        """Receive parameters, and load them. Collective: the trainer and all targets."""
        group = self.model_update_group
        if group is None:
            raise WeightTransferError("init_transfer_engine comes first")
        info = update_info if update_info.names or self._last is None else self._last
        self._last = info
        kinds = [_dtype(name) for name in info.dtype_names]
        if self.packed:
            described = zip(info.names, zip(info.shapes, kinds, strict=True), strict=True)
            packed_nccl_broadcast_consumer(
                iter(described),
                group,
                0,
                self._load,
                self.packed_buffer_size_bytes,
                self.packed_num_buffers,
                self.device,
            )
            return
        for name, dtype, shape in zip(info.names, kinds, info.shapes, strict=True):
            weight = torch.empty(shape, dtype=dtype, device=self.device)
            group.broadcast(weight, src=0)
            self._load([(name, weight)])

    def _load(self, weights: list[tuple[str, torch.Tensor]]) -> None:
        load: Any = getattr(self.model, "load_weights", None)
        if load is not None:
            load(weights)
            return
        own: dict[str, torch.Tensor] = dict(self.model.named_parameters(remove_duplicate=False))
        own.update(self.model.named_buffers())
        for name, weight in weights:
            if name not in own or own[name].shape != weight.shape:
                raise WeightMismatchError(
                    f"{name!r} of shape {list(weight.shape)} has no place in the model, which has "
                    f"no load_weights either",
                    missing=[],
                    unknown=[name],
                    wrong={},
                )
            write_into(own[name], weight)

    def shutdown(self) -> None:
        """Leave the group. Idempotent, local."""
        group, self.model_update_group = self.model_update_group, None
        if group is not None:
            group.destroy()


class NCCLTrainerWeightTransferEngine(TrainerWeightTransferEngine[NCCLTrainerInitInfo]):
    """Sends whole parameters to all targets. The device is the current CUDA device; the CPU where
    there is no CUDA."""

    init_info_cls = NCCLTrainerInitInfo

    def __init__(
        self,
        *,
        client: VLLMWeightSyncClient,
        source: WeightSource,
        is_sender: bool = True,
        rank: int = 0,
        packed: bool = True,
        packed_buffer_size_bytes: int = DEFAULT_PACKED_BUFFER_SIZE_BYTES,
        packed_num_buffers: int = DEFAULT_PACKED_NUM_BUFFERS,
    ) -> None:
        super().__init__(client=client, source=source, is_sender=is_sender, rank=rank)
        self.packed = packed
        self.packed_buffer_size_bytes = packed_buffer_size_bytes
        self.packed_num_buffers = packed_num_buffers
        self.model_update_group: UpdateGroup | None = None
        self._sent: list[ParamMeta] | None = None

    @classmethod
    def trainer_init(
        cls,
        init_info: NCCLTrainerInitInfo,
        *,
        client: VLLMWeightSyncClient,
        source: WeightSource | None = None,
    ) -> Self:
        """Meet all targets, which `client` calls. Collective: the sender and all targets."""
        if source is None:
            raise InvalidArgumentError("source is missing: a WeightSource has what is sent")
        if not source.implements_iter_full():
            raise InvalidTypeError(
                f"{type(source).__name__} has no iter_full, and whole tensors are sent"
            )
        for meta in source.metadata:
            if meta.owners is not None and meta.owners[0] != 0:
                raise InvalidArgumentError(
                    f"{meta.name!r} is sent by rank {meta.owners[0]}, its first owner, and this "
                    f"engine has one sender, rank 0"
                )
        sizes = {
            "packed": init_info.packed,
            "packed_buffer_size_bytes": init_info.packed_buffer_size_bytes,
            "packed_num_buffers": init_info.packed_num_buffers,
        }
        engine = cls(
            client=client,
            source=source,
            is_sender=init_info.is_sender,
            rank=init_info.rank,
            packed=init_info.packed,
            packed_buffer_size_bytes=init_info.packed_buffer_size_bytes,
            packed_num_buffers=init_info.packed_num_buffers,
        )
        if engine.is_sender:
            place = {
                "master_address": init_info.master_address,
                "master_port": init_info.master_port,
                "world_size": init_info.world_size,
            }
            payload = {**place, "rank_offset": 1, **sizes}
            with ThreadPoolExecutor(1) as threads:
                called = threads.submit(client.init_weight_transfer_engine, payload)
                engine.model_update_group = UpdateGroup(
                    init_info.master_address,
                    init_info.master_port,
                    0,
                    init_info.world_size,
                    _device(),
                )
                called.result()
        return engine

    def send_weights(self) -> None:
        """Send all weights. Collective: all targets, and all ranks of the trainer."""
        source = self.source
        if source is None:
            raise InvalidArgumentError("there is no source")
        if not self.is_sender:
            for _ in source.iter_full():  # what the owners of a parameter do together
                pass
            return
        metadata = source.metadata
        info = NCCLWeightTransferUpdateInfo()
        if metadata != self._sent:
            info = NCCLWeightTransferUpdateInfo(
                [meta.name for meta in metadata],
                [str(meta.dtype).removeprefix("torch.") for meta in metadata],
                [list(meta.shape) for meta in metadata],
            )
        client = self.client
        if client is None:
            raise InvalidArgumentError("there is no client")
        client.start_weight_update()
        threads = ThreadPoolExecutor(1)
        try:
            called = threads.submit(client.update_weights, asdict(info))
            self._broadcast(source, metadata)
            called.result()
        finally:
            # After a failure the targets may wait in the group for ever: not with them.
            threads.shutdown(wait=False)
        client.finish_weight_update()
        self._sent = metadata
        if torch.cuda.is_available():
            torch.cuda.current_stream().synchronize()

    def _broadcast(self, source: WeightSource, metadata: list[ParamMeta]) -> None:
        group = self.model_update_group
        if group is None:
            raise WeightTransferError("trainer_init comes first")
        pairs = _checked(source, metadata)
        if self.packed:
            packed_nccl_broadcast_producer(
                pairs,
                group,
                0,
                lambda pair: pair[1].to(group.device),
                self.packed_buffer_size_bytes,
                self.packed_num_buffers,
            )
            return
        for _, tensor in pairs:
            group.broadcast(tensor.detach().to(group.device).contiguous(), src=0)

    def shutdown(self) -> None:
        """Leave the group. Idempotent, local."""
        group, self.model_update_group = self.model_update_group, None
        if group is not None:
            group.destroy()


def _device() -> torch.device:
    if torch.cuda.is_available():
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")


def _checked(source: WeightSource, metadata: list[ParamMeta]) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield what the source has, as long as it is what the targets were told."""
    count = 0
    for name, tensor in source.iter_full():
        meta = metadata[count] if count < len(metadata) else None
        if meta is None or (name, tensor.dtype, tuple(tensor.shape)) != (
            meta.name,
            meta.dtype,
            meta.shape,
        ):
            raise InvalidArgumentError(
                f"the source yields {name!r}, {tensor.dtype}, {list(tensor.shape)} at place "
                f"{count}, and its metadata has {meta} there"
            )
        count += 1
        yield name, tensor
    if count < len(metadata):
        raise InvalidArgumentError(
            f"the source yields {count} parameters, and its metadata has {len(metadata)}"
        )
