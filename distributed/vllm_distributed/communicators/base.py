"""What communicators of one's own derive from: the names of vLLM's `base_device_communicator`."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import torch

from vllm_distributed.errors import LibraryMissingError
from vllm_distributed.groups.coordinator import GroupCoordinator
from vllm_distributed.logger import logger
from vllm_distributed.parallel_state import get_dp_group, get_tp_group
from vllm_distributed.transports.device import DeviceCommunicatorBase
from vllm_distributed.transports.shm.same_node import in_the_same_node_as

__all__ = ["All2AllManagerBase", "Cache", "DeviceCommunicatorBase", "logger"]


class Cache:
    """Objects by the arguments they were made with, for as long as somebody holds them.

    May be used by several threads.
    """

    def __init__(self) -> None:
        self._kept: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()
        self._lock = threading.RLock()

    def get_or_create(self, kwargs: Mapping[str, Any], func: Callable[..., Any]) -> Any:
        """Return what `func(**kwargs)` made before, or makes now. The values must be hashable."""
        key = frozenset(kwargs.items())
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                found = self._kept[key] = func(**kwargs)
            return found


class All2AllManagerBase:
    """What exchanges tokens in a communicator of one's own, whose kernels a subclass calls.

    `cpu_group` is the CPU group of the expert parallel group's ranks, `tcp_store_group` a
    `StatelessProcessGroup` of them, where there is one. Making one is collective over them: it
    finds out whether they are on one node. The operations themselves are the subclass's; without
    it they raise `LibraryMissingError`.
    """

    rank: int
    """This process's number among the ranks."""
    world_size: int
    """How many there are."""

    def __init__(self, cpu_group: Any, tcp_store_group: Any = None) -> None:
        self.cpu_group = cpu_group
        self.tcp_store_group = tcp_store_group
        self.dp_group: GroupCoordinator = get_dp_group()
        self.tp_group: GroupCoordinator = get_tp_group()
        self.dp_rank = self.dp_group.rank_in_group
        self.dp_world_size = self.dp_group.world_size
        self.rank, self.world_size = int(cpu_group.rank()), int(cpu_group.size())
        members = cpu_group if tcp_store_group is None else tcp_store_group
        self.internode = not all(in_the_same_node_as(members, 0))
        self.support_fault_tolerance = False

    def get_handle(self, kwargs: Mapping[str, Any]) -> Any:
        """Return what the kernels need for a layer with these arguments."""
        self._refuse("get_handle")

    def dispatch(
        self,
        hidden_states: torch.Tensor,
        topk_weights: torch.Tensor,
        topk_ids: torch.Tensor,
        is_sequence_parallel: bool = False,
        extra_tensors: list[torch.Tensor] | None = None,
    ) -> Any:
        """Return the tokens for this rank's experts, with their routing."""
        self._refuse("dispatch")

    def dispatch_router_logits(
        self,
        hidden_states: torch.Tensor,
        router_logits: torch.Tensor,
        is_sequence_parallel: bool = False,
        extra_tensors: list[torch.Tensor] | None = None,
    ) -> Any:
        """Return the tokens for this rank's experts, with their logits."""
        self._refuse("dispatch_router_logits")

    def combine(self, hidden_states: torch.Tensor, is_sequence_parallel: bool = False) -> Any:
        """Return this rank's own tokens, of what the experts made of them."""
        self._refuse("combine")

    def allocate_combine_input(
        self,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
        is_sequence_parallel: bool = False,
    ) -> torch.Tensor | None:
        """Return memory that `combine` takes best; None where any will do."""
        return None

    def combine_into_output(
        self,
        hidden_states: torch.Tensor,
        output: torch.Tensor,
        is_sequence_parallel: bool = False,
    ) -> torch.Tensor:
        """Write what `combine` returns into `output`, and return that."""
        return output.copy_(self.combine(hidden_states, is_sequence_parallel))

    def query_active_mask(self) -> torch.Tensor:
        """Return one integer for each rank: 0 where it takes part, 1 where it is left out."""
        self._refuse("query_active_mask")

    def query_fault(self) -> torch.Tensor:
        """Return whether a rank was left out since the last recovery."""
        self._refuse("query_fault")

    def clean_buffers(self) -> None:
        """Forget tokens of exchanges that did not end."""
        self._refuse("clean_buffers")

    def set_num_sms(self, num_sms: int) -> None:
        """Let the kernels have this many multiprocessors."""

    def max_sms_used(self) -> int | None:
        """Return how many multiprocessors the kernels take; None: all, if they like."""
        return None

    def checkpoint_prepare(self) -> None:
        """Bring the kernels' state to where the process can be checkpointed."""

    def checkpoint_restore(self) -> None:
        """Have the kernels work again after a checkpoint."""

    def destroy(self) -> None:
        """Give everything back."""

    def stage_ep_size(self) -> None:
        """Make ready for another number of ranks."""

    def commit_ep_size(self) -> None:
        """Go over to it."""

    @contextmanager
    def mask_remote_ranks(self) -> Iterator[None]:
        """Exchange tokens with nobody within a block."""
        yield

    def _refuse(self, operation: str) -> NoReturn:
        raise LibraryMissingError(
            f"{type(self).__name__}.{operation} has no kernels: derive a class from it that calls "
            f"those of a library, or use all2all_backend='allgather_reducescatter', which needs "
            f"none",
            operation=operation,
        )
