"""The all-reduce through memory that the devices of a group map from each other.

For tensors too small to fill the links, NCCL's all-reduce is bound by latency; kernels that read
the peers' memory directly are faster. These are torch's own (`torch.ops.symm_mem`): a reduction in
the switch where the hardware has one (NVLink SHARP), else the one-shot and two-shot algorithms of
Thakur, Rabenseifner and Gropp (2005), which vLLM's custom all-reduce uses as well.
"""

from __future__ import annotations

import hashlib
import importlib
from typing import Any

import torch
from torch.distributed import ProcessGroup

from vllm_distributed import entry
from vllm_distributed.logger import init_logger
from vllm_distributed.store.node import node_identity
from vllm_distributed.transports.base import Transport

__all__ = ["SymmetricAllReduce"]

logger = init_logger(__name__)

BUFFER_BYTES = 8 * 1024 * 1024
"""The largest tensor summed in this way; above, NCCL uses the links as well."""

ONE_SHOT_BYTES = 256 * 1024
"""Up to here every rank reads everything of all others; above, its part, and passes that on."""

_ALIGNMENT = 16  # bytes: the width of the kernels' loads
_DTYPES = frozenset({torch.float32, torch.bfloat16})  # what torch's kernels are compiled for
_WORLD_SIZES = frozenset({2, 4, 6, 8})


class SymmetricAllReduce:
    """A buffer in symmetric memory, and the sums that go through it."""

    def __init__(self, buffer: torch.Tensor, group: ProcessGroup, *, has_multicast: bool) -> None:
        self._buffer = buffer
        self._group_name: str = group.group_name
        self._world_size = group.size()
        self._has_multicast = has_multicast

    @classmethod
    def make(
        cls, group: ProcessGroup, host: Transport, device: torch.device
    ) -> SymmetricAllReduce | None:
        """Return one for the group, or None if some device cannot reach another's memory.

        Collective over the group: all ranks have it, or none.
        """
        if group.size() not in _WORLD_SIZES:
            return None
        reachable = _reaches_its_peers(device, group, host)
        if not _all_say_so(host, reachable) or not _has_one_name(group, host):
            return None
        symmetric: Any = importlib.import_module("torch.distributed._symmetric_memory")
        made: SymmetricAllReduce | None = None
        try:
            buffer = symmetric.empty(BUFFER_BYTES, dtype=torch.uint8, device=device)
            handle = symmetric.rendezvous(buffer, group.group_name)
            made = cls(buffer, group, has_multicast=bool(handle.multicast_ptr))
        except RuntimeError as error:
            logger.warning("no symmetric memory on %s, using NCCL alone: %s", device, error)
        return made if _all_say_so(host, made is not None) else None

    def takes(self, tensor: torch.Tensor) -> bool:
        """Return whether a tensor can be summed here: the same on every rank."""
        size = tensor.numel() * tensor.element_size()
        return (
            tensor.dtype in _DTYPES
            and 0 < size <= BUFFER_BYTES
            and size % (_ALIGNMENT * self._world_size) == 0
        )

    def all_reduce(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the sum over the group of a contiguous tensor, in a new one.

        The kernels begin and end by waiting for all ranks, so the buffer is free again when the
        result has been copied out of it on the same stream.
        """
        entry.about_to_send()
        size = tensor.numel() * tensor.element_size()
        place = self._buffer[:size].view(tensor.dtype)
        place.copy_(tensor.view(-1))
        operators: Any = torch.ops.symm_mem
        if self._has_multicast:
            operators.multimem_all_reduce_(place, "sum", self._group_name)
        elif size <= ONE_SHOT_BYTES:
            summed: torch.Tensor = operators.one_shot_all_reduce(place, "sum", self._group_name)
            return summed.view(tensor.shape)
        else:
            operators.two_shot_all_reduce_(place, "sum", self._group_name)
        return place.clone().view(tensor.shape)


def _all_say_so(host: Transport, mine: bool) -> bool:
    """Return whether `mine` is true on every rank of the group."""
    return int(host.all_reduce(_integers([int(mine)])).item()) == host.world_size


def _reaches_its_peers(device: torch.device, group: ProcessGroup, host: Transport) -> bool:
    """Return whether this rank's device can read the memory of all others of the group.

    Collective over the group: ranks tell each other which device they have.
    """
    own = torch.cuda.get_device_properties(device)
    # The same boot of the same host, and different devices on it.
    place = _integers([_host_number(), device.index]).view(1, 2)
    places = host.all_gather(place, 0)
    if own.major < 8 or len(set(places[:, 0].tolist())) > 1:
        return False
    indices = places[:, 1].tolist()
    if len(set(indices)) != group.size() or max(indices) >= torch.cuda.device_count():
        return False
    return all(
        index == device.index or torch.cuda.can_device_access_peer(device.index, index)
        for index in indices
    )


def _has_one_name(group: ProcessGroup, host: Transport) -> bool:
    """Return whether all members know the group by the same name, under which they exchange their
    handles. Collective over the group.

    torch names a group that was split off by how many groups a process has, and that may differ.
    """
    names = host.all_gather(_integers([_number(group.group_name)]), 0)
    return len(set(names.tolist())) == 1


def _integers(values: list[int]) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.int64, device="cpu")


def _host_number() -> int:
    """Return a number that ranks share exactly where they share memory."""
    return _number(str(node_identity()))


def _number(text: str) -> int:
    """Return a number for a text, another one for another text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 2
