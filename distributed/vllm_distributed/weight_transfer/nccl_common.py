"""How a trainer and its targets meet for a group of theirs: NCCL on CUDA, gloo on CPU."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.distributed as dist

from vllm_distributed.errors import InvalidArgumentError, LibraryMissingError
from vllm_distributed.process_groups.stateless import (
    stateless_destroy_torch_distributed_process_group,
    stateless_init_torch_distributed_process_group,
)
from vllm_distributed.weight_transfer.base import WeightTransferInitInfo
from vllm_distributed.weight_transfer.packed_tensor import (
    DEFAULT_PACKED_BUFFER_SIZE_BYTES,
    DEFAULT_PACKED_NUM_BUFFERS,
)

__all__ = ["NCCLWeightTransferInitInfo", "UpdateGroup"]


@dataclass(kw_only=True)
class NCCLWeightTransferInitInfo(WeightTransferInitInfo):
    """How a target meets its trainer, in a group of torch's: by a store at an address.

    `nccl_unique_id_b64` is vLLM's other way, without a store, and is refused with
    `LibraryMissingError`: it needs vLLM's own binding of NCCL.
    """

    master_address: str | None = None
    """Where the trainer listens."""
    master_port: int | None = None
    """On which port."""
    rank_offset: int
    """The rank of the first target in the group."""
    world_size: int
    """Ranks of the group: the trainer and all targets."""
    nccl_unique_id_b64: str | None = field(default=None, repr=False)
    """None."""
    packed: bool = False
    """Whether tensors come packed in buffers, or one by one."""
    packed_buffer_size_bytes: int = DEFAULT_PACKED_BUFFER_SIZE_BYTES
    """See `packed_nccl_broadcast_consumer`; the same on both sides."""
    packed_num_buffers: int = DEFAULT_PACKED_NUM_BUFFERS
    """See there."""

    def __post_init__(self) -> None:
        has_place = self.master_address is not None and self.master_port is not None
        if self.nccl_unique_id_b64 and (
            self.master_address is not None or self.master_port is not None
        ):
            raise InvalidArgumentError(
                "give nccl_unique_id_b64, or master_address and master_port, not both"
            )
        if self.nccl_unique_id_b64:
            raise LibraryMissingError(
                "nccl_unique_id_b64 needs vLLM's own binding of NCCL: give master_address and "
                "master_port"
            )
        if not has_place:
            raise InvalidArgumentError(
                f"master_address={self.master_address!r} and master_port={self.master_port!r} say "
                f"where the trainer listens: both are needed"
            )


class UpdateGroup:
    """The trainer, rank 0, and its targets. Making it is collective."""

    def __init__(
        self,
        host: str,
        port: int,
        rank: int,
        world_size: int,
        device: torch.device,
        listen_socket: socket.socket | None = None,
    ) -> None:
        self.device = device
        with torch.cuda.device(device) if device.type == "cuda" else torch.no_grad():
            self._group: Any = stateless_init_torch_distributed_process_group(
                host,
                port,
                rank,
                world_size,
                "nccl" if device.type == "cuda" else "gloo",
                listen_socket=listen_socket,
            )

    def broadcast(self, tensor: torch.Tensor, src: int, stream: Any = None) -> None:
        """Broadcast the bytes of a contiguous tensor from a rank, in the current CUDA stream or in
        `stream`. Collective."""
        if not tensor.numel():
            return
        data = tensor.view(-1).view(torch.uint8)
        with torch.cuda.stream(stream):  # nothing where it is None
            dist.broadcast(data, group=self._group, group_src=src)

    def destroy(self) -> None:
        """Leave. Idempotent, local."""
        group, self._group = self._group, None
        if group is not None:
            stateless_destroy_torch_distributed_process_group(group)
