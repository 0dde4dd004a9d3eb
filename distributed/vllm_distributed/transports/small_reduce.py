"""The sum of small CPU tensors over a torch process group, in as few messages as there can be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import torch
from torch.distributed import ProcessGroup

from vllm_distributed import entry
from vllm_distributed.arguments import check_process_group
from vllm_distributed.compat.torch_internals import MAX
from vllm_distributed.durations import check_timeout
from vllm_distributed.tensors.dtypes import (
    check_dense,
    check_reducible,
    check_writable,
    plain,
    reduction_view,
    write_into,
    written_back,
)
from vllm_distributed.transports.base import failure, group_facts, wait_for_work

__all__ = ["cpu_all_reduce_"]

_NAME = "the process group"
# Apart from the messages of everything else that goes over a group.
_TAG = 0x5B00


def cpu_all_reduce_(
    tensor: torch.Tensor, group: ProcessGroup, timeout: timedelta | None = None
) -> torch.Tensor:
    """Replace a small CPU tensor by its sum over a gloo process group, and return it.

    Every rank gets the same bits. Ranks exchange sums in pairs, in as many rounds as the group's
    size can be halved (recursive doubling; ranks beyond the largest power of two give theirs away
    first and get the result last): fewer messages than a ring has. `group` may be one apart from
    torch's world. `timeout` bounds each wait; by default the group's own does. Dtypes as for
    `GroupCoordinator.all_reduce`. Collective over the group.

    Raises:
        InvalidTypeError: for what is no dense tensor on the CPU.
        UnsupportedDtypeError: before anything is sent.
        CollectiveError, CollectiveTimeoutError: if a peer is gone or does not take part.
    """
    check_process_group("group", group)
    limit = None if timeout is None else check_timeout("timeout", timeout)
    check_dense(tensor, "cpu_all_reduce_")
    check_reducible(tensor.dtype, "cpu_all_reduce_")
    check_writable(tensor, "cpu_all_reduce_")
    rank, size = group_facts(group)
    if size == 1:
        return tensor
    entry.about_to_move()
    if tensor.numel() == 0:
        return tensor
    with torch.inference_mode() if tensor.is_inference() else nullcontext():
        buffer = plain(tensor)
        view, how, is_copy = reduction_view(buffer)
        combine = torch.maximum if how is MAX else torch.add
        try:
            _Exchange(group, rank, limit).add_up(view, size, combine)
        except RuntimeError as error:
            raise failure(_NAME, "cpu_all_reduce_", error) from error
        if is_copy:
            write_into(buffer, view)
        return written_back(tensor, buffer)


class _Exchange:
    """One rank's messages in one sum."""

    def __init__(self, group: ProcessGroup, rank: int, limit: timedelta | None) -> None:
        self._group, self._rank, self._limit = group, rank, limit

    def add_up(self, total: torch.Tensor, size: int, combine: Callable[..., Any]) -> None:
        """Replace `total` by the sum over the group's `size` ranks."""
        rank, pairs = self._rank, 1 << (size.bit_length() - 1)
        if rank >= pairs:
            self._send(total, rank - pairs)
            self._receive(total, rank - pairs)
            return
        scratch = torch.empty_like(total)
        beyond = rank + pairs
        if beyond < size:
            self._receive(scratch, beyond)
            combine(total, scratch, out=total)
        step = 1
        while step < pairs:
            self._swap(total, scratch, rank ^ step)
            combine(total, scratch, out=total)
            step <<= 1
        if beyond < size:
            self._send(total, beyond)

    def _send(self, tensor: torch.Tensor, peer: int) -> None:
        self._wait(self._group.send([tensor], peer, _TAG))

    def _receive(self, tensor: torch.Tensor, peer: int) -> None:
        self._wait(self._group.recv([tensor], peer, _TAG))

    def _swap(self, mine: torch.Tensor, theirs: torch.Tensor, peer: int) -> None:
        coming = self._group.recv([theirs], peer, _TAG)
        going = self._group.send([mine], peer, _TAG)
        # Both before either tensor is touched.
        self._wait(coming)
        self._wait(going)

    def _wait(self, work: Any) -> None:
        wait_for_work(work, knows_when_done=False, limit=self._limit)
