"""What carries experts from rank to rank.

Sends and receives are collected, and done together by `execute`. On one node the fastest way is
`SharedMemoryEplbCommunicator`: a rank writes each expert that others need once, and they copy it
from there. Everywhere else gloo or NCCL carry them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.eplb.communicator import NAME, EplbCommunicator, check_peer, check_same
from vllm_distributed.eplb.shared_memory import SharedMemoryEplbCommunicator
from vllm_distributed.errors import InvalidArgumentError, LibraryMissingError
from vllm_distributed.transports.base import run
from vllm_distributed.transports.point_to_point import Exchange, exchange

if TYPE_CHECKING:
    from vllm_distributed.groups.coordinator import GroupCoordinator

__all__ = [
    "EplbCommunicator",
    "SharedMemoryEplbCommunicator",
    "TorchDistGlooStagedEplbCommunicator",
    "TorchDistNcclEplbCommunicator",
    "create_eplb_communicator",
    "has_nixl",
]

_ABSENT = {
    "nixl": "NIXL's agents are not driven by this package",
    "pynccl": "vLLM's own binding of NCCL is not part of this package",
    "torch_xccl": "torch's XCCL is for Intel's GPUs, which this package does not drive",
}


def has_nixl() -> bool:
    """Return whether NIXL can carry experts: it cannot, here. Source: vLLM."""
    return False


class TorchDistNcclEplbCommunicator(EplbCommunicator):
    """Over a group of torch's, straight from and into the tensors. Source: vLLM.

    With a group that carries tensors on the CPU, such as gloo's, these go over it too.
    """

    def __init__(self, ep_group: ProcessGroup, stream: torch.Stream | None = None) -> None:
        self._group = ep_group
        self._stream = stream
        self._ops: list[Exchange] = []

    def add_send(self, tensors: list[torch.Tensor], dst_rank: int, expert_id: int) -> None:
        """As of `EplbCommunicator`."""
        check_peer(dst_rank, self._group.rank(), self._group.size())
        self._ops += [Exchange(False, tensor, dst_rank) for tensor in tensors]

    def add_recv(self, tensors: list[torch.Tensor], src_rank: int, expert_id: int) -> None:
        """As of `EplbCommunicator`."""
        check_peer(src_rank, self._group.rank(), self._group.size())
        self._ops += [Exchange(True, tensor, src_rank) for tensor in tensors]

    def execute(self) -> None:
        """As of `EplbCommunicator`."""
        ops, self._ops = self._ops, []
        exchange(ops, self._group, NAME)


class TorchDistGlooStagedEplbCommunicator(TorchDistNcclEplbCommunicator):
    """Over gloo; tensors on a device go by way of the CPU. Source: vLLM.

    Tensors on the CPU are sent from and received into where they are.
    """

    def __init__(self, cpu_group: ProcessGroup, stream: torch.Stream | None = None) -> None:
        super().__init__(cpu_group, stream)

    def execute(self) -> None:
        """As of `EplbCommunicator`."""
        ops, self._ops = self._ops, []
        staged = []
        arriving: list[tuple[torch.Tensor, torch.Tensor]] = []
        for op in ops:
            tensor = op.tensor
            if tensor.device.type != "cpu":
                tensor = torch.empty_like(tensor, device="cpu") if op.receives else tensor.cpu()
                if op.receives:
                    arriving.append((op.tensor, tensor))
            staged.append(Exchange(op.receives, tensor, op.peer))
        exchange(staged, self._group, NAME)
        for target, source in arriving:
            target.copy_(source)

    def agree(self, digest: bytes) -> None:
        """As of `EplbCommunicator`."""
        mine = torch.frombuffer(bytearray(digest), dtype=torch.uint8)
        everyone = [torch.empty_like(mine) for _ in range(self._group.size())]
        run(NAME, "comparing maps of experts", self._group.allgather, [everyone], [mine])
        check_same([bytes(each.tolist()) for each in everyone], self._group.rank())


def create_eplb_communicator(
    group_coordinator: GroupCoordinator,
    backend: str | None,
    expert_weights: Sequence[Sequence[torch.Tensor]],
    expert_buffer: Sequence[torch.Tensor],
) -> EplbCommunicator:
    """Return what carries the experts of these layers between the ranks of a group. Source: vLLM.

    `backend`: `torch_gloo`, by way of the CPU; `torch_nccl`, over the device's group, or gloo for
    tensors on the CPU; `shared_memory`, on one node; None is `shared_memory` where the weights are
    on the CPU and all ranks share some, else one of the other two. `expert_weights` are those of
    all layers on this rank, `expert_buffer` that of one. Collective over the group.

    Raises:
        InvalidArgumentError: for a name that is none, and `shared_memory` where not all ranks share
            some, with the reason.
        LibraryMissingError: a `RuntimeError`: `nixl`, `pynccl`, `torch_xccl`.
    """
    layers = [*expert_weights, expert_buffer]
    on_cpu = all(tensor.device.type == "cpu" for layer in layers for tensor in layer)
    if backend in _ABSENT:
        raise LibraryMissingError(
            f"the communicator {backend!r} is not available: {_ABSENT[backend]}. Use 'torch_nccl', "
            f"'torch_gloo' or 'shared_memory'",
            communicator=backend,
        )
    if backend == "torch_gloo":
        return TorchDistGlooStagedEplbCommunicator(group_coordinator.cpu_group)
    if backend == "torch_nccl":
        group = group_coordinator.cpu_group if on_cpu else group_coordinator.device_group
        return TorchDistNcclEplbCommunicator(group)
    if backend not in ("shared_memory", None):
        raise InvalidArgumentError(
            f"Unknown EPLB communicator backend: {backend!r}; known are torch_gloo, torch_nccl and "
            f"shared_memory",
            communicator=repr(backend),
        )
    if backend is None and not on_cpu:
        return TorchDistNcclEplbCommunicator(group_coordinator.device_group)
    found = SharedMemoryEplbCommunicator.create(group_coordinator, layers)
    if isinstance(found, SharedMemoryEplbCommunicator):
        return found
    if backend is None:
        return TorchDistGlooStagedEplbCommunicator(group_coordinator.cpu_group)
    raise InvalidArgumentError(
        f"the communicator 'shared_memory' needs ranks that share some: {found}. Use 'torch_gloo'",
        communicator=backend,
    )
