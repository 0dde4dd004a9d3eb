"""Operations on CUDA tensors over a torch process group of the NCCL backend.

Nothing here waits for the device: a work's `wait` makes the current stream wait, so that whatever
is launched next comes after it, also while a graph is being captured.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import torch
from torch.distributed import ProcessGroup

from vllm_distributed import entry
from vllm_distributed.compat.torch_internals import gather_options, reduce_scatter_options
from vllm_distributed.errors import InvalidTypeError
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.tensors.dtypes import (
    as_bytes_if_needed,
    check_reducible,
    check_writable,
    plain,
    reduction_view,
    with_a_dim,
    write_into,
    written_back,
)
from vllm_distributed.tensors.kinds import check_gradient, check_real, refuse_when_traced
from vllm_distributed.transports import base
from vllm_distributed.transports.base import Transport, group_facts
from vllm_distributed.transports.symmetric_memory import SymmetricAllReduce

__all__ = ["NcclTransport"]

_TAG = 0

run = functools.partial(base.run, on_host=False)


class NcclTransport(Transport):
    """NCCL on one device per rank; CPU tensors go over `host`.

    With `custom_all_reduce` sums of small tensors go through symmetric memory, where every device
    of the group reaches the others'. Making a transport is collective over the group then.
    """

    def __init__(
        self,
        group: ProcessGroup,
        host: Transport | None,
        device: torch.device,
        unique_name: str,
        *,
        custom_all_reduce: bool,
    ) -> None:
        super().__init__(unique_name, *group_facts(group))
        self._group = group
        leave_to_parent(self, f"the group {unique_name}", "_group", "_symmetric")
        self._host = host
        self._device = device
        self._symmetric: SymmetricAllReduce | None = None
        if custom_all_reduce and host is not None and self.world_size > 1:
            self._symmetric = SymmetricAllReduce.make(group, host, device)

    def check(self, tensor: torch.Tensor, name: str) -> None:
        host = self._host_for(tensor, name)
        if host is not None:
            host.check(tensor, name)

    def all_reduce(
        self, input_: torch.Tensor, out: torch.Tensor | None = None, op: str = "sum"
    ) -> torch.Tensor:
        host = self._host_for(input_, "all_reduce")
        if host is not None:
            return host.all_reduce(input_, out, op)
        check_reducible(input_.dtype, "all_reduce")
        if self._symmetric is not None and op in ("sum", "avg") and self._symmetric.takes(input_):
            return _result(self._symmetric.all_reduce(plain(input_)), out)
        if out is not None:
            entry.about_to_send()  # it may not be allowed to: then `out` stays as it was
            write_into(out, input_)
            return self._sum_into(out, "all_reduce", op)
        copy = plain(input_)
        if copy.data_ptr() == input_.data_ptr():
            copy = copy.clone(memory_format=torch.contiguous_format)
        return self._sum_into(copy, "all_reduce", op)

    def all_reduce_(self, input_: torch.Tensor, op: str = "sum") -> torch.Tensor:
        host = self._host_for(input_, "all_reduce_")
        if host is not None:
            return host.all_reduce_(input_, op)
        check_reducible(input_.dtype, "all_reduce_")
        check_writable(input_, "all_reduce_")
        buffer = plain(input_)
        self._sum_into(buffer, "all_reduce_", op)
        return written_back(input_, buffer)

    def all_gather(
        self, input_: torch.Tensor, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        host = self._host_for(input_, "all_gather")
        if host is not None:
            return host.all_gather(input_, dim, out)
        source = with_a_dim(plain(input_))
        gathered = _stack_of(source, self.world_size, dim, out)
        if source.numel():
            whole = as_bytes_if_needed(gathered).flatten()
            part = as_bytes_if_needed(source).flatten()
            run(self.unique_name, "all_gather", self._group._allgather_base, whole, part)
        return _result(_concatenated(gathered, dim), out)

    def all_gatherv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        if len(set(sizes)) == 1:
            return self.all_gather(input_, dim, out)
        host = self._host_for(input_, "all_gatherv")
        if host is not None:
            return host.all_gatherv(input_, dim, sizes, out)
        rows = _rows_first(plain(input_), dim)
        shape = (sum(sizes), *rows.shape[1:])
        output = rows.new_empty(shape) if out is None or dim else out
        if output.numel():
            # torch makes parts of different extents one group of broadcasts.
            parts = [as_bytes_if_needed(part) for part in torch.split(output, list(sizes))]
            run(
                self.unique_name,
                "all_gatherv",
                self._group.allgather,
                [parts],
                [as_bytes_if_needed(rows)],
            )
        return _result(output.movedim(0, dim), out)

    def reduce_scatterv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        host = self._host_for(input_, "reduce_scatter")
        if host is not None:
            return host.reduce_scatterv(input_, dim, sizes, out)
        check_reducible(input_.dtype, "reduce_scatter")
        rows = _rows_first(plain(input_), dim)
        buffer, how, is_copy = reduction_view(rows)
        if out is None or dim or is_copy:
            output = buffer.new_empty((sizes[self.rank_in_group], *buffer.shape[1:]))
        else:
            output, _, _ = reduction_view(out)
        if rows.numel():
            options = reduce_scatter_options(how)
            if len(set(sizes)) == 1:
                run(
                    self.unique_name,
                    "reduce_scatter",
                    self._group._reduce_scatter_base,
                    output,
                    buffer,
                    options,
                )
            else:
                parts = list(torch.split(buffer, list(sizes)))
                run(
                    self.unique_name,
                    "reduce_scatter",
                    self._group.reduce_scatter,
                    [output],
                    [parts],
                    options,
                )
        result = _as_dtype(output, rows.dtype, is_copy=is_copy)
        return _result(result.movedim(0, dim), out)

    def gather(
        self, input_: torch.Tensor, dst: int, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor | None:
        host = self._host_for(input_, "gather")
        if host is not None:
            return host.gather(input_, dst, dim, out)
        source = with_a_dim(plain(input_))
        here = self.rank_in_group == dst
        gathered = _stack_of(source, self.world_size if here else 0, dim, out)
        if source.numel():
            parts = [as_bytes_if_needed(part) for part in gathered.unbind(0)]
            run(
                self.unique_name,
                "gather",
                self._group.gather,
                [parts] if here else [],
                [as_bytes_if_needed(source)],
                gather_options(dst),
            )
        return _result(_concatenated(gathered, dim), out) if here else None

    def broadcast(self, input_: torch.Tensor, src: int) -> torch.Tensor:
        host = self._host_for(input_, "broadcast")
        if host is not None:
            return host.broadcast(input_, src)
        check_writable(input_, "broadcast")
        buffer = plain(input_)
        if buffer.numel():
            run(
                self.unique_name,
                "broadcast",
                self._group.broadcast,
                as_bytes_if_needed(buffer),
                src,
            )
        return input_ if self.rank_in_group == src else written_back(input_, buffer)

    def send(self, tensor: torch.Tensor, dst: int) -> None:
        # The receiver has the device in mind, so a CPU tensor goes there first.
        if self._host_for(tensor, "send") is not None:
            tensor = tensor.to(self._device)
        source = plain(tensor)
        if source.numel():
            run(
                self.unique_name,
                "send",
                self._group.send,
                [as_bytes_if_needed(source)],
                dst,
                _TAG,
            )

    def recv(
        self, size: torch.Size, dtype: torch.dtype, src: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        output = torch.empty(size, dtype=dtype, device=self._device) if out is None else out
        if output.numel():
            run(
                self.unique_name,
                "recv",
                self._group.recv,
                [as_bytes_if_needed(output)],
                src,
                _TAG,
            )
        return output

    def suspend(self) -> None:
        if self._host is not None:
            self._host.suspend()

    def resume(self) -> None:
        if self._host is not None:
            self._host.resume()

    def destroy(self) -> None:
        self._symmetric = None

    def _host_for(self, tensor: torch.Tensor, operation: str) -> Transport | None:
        """Return what carries a tensor on the CPU; None for one on this group's device."""
        if not isinstance(tensor, torch.Tensor):
            raise InvalidTypeError(
                f"{operation} takes a torch.Tensor, got {type(tensor).__name__}",
                operation=operation,
            )
        refuse_when_traced()
        check_real(operation, tensor)
        check_gradient(operation, tensor)
        if tensor.is_cpu and self._host is not None:
            return self._host
        is_here = tensor.device == self._device and tensor.layout is torch.strided
        if not is_here or tensor.is_quantized:
            raise InvalidTypeError(
                f"{operation} on {self.unique_name} takes a dense tensor on {self._device} or the "
                f"CPU, got one on {tensor.device} with layout {tensor.layout}: convert it with "
                f".to({str(self._device)!r}), .to_dense() or .dequantize() first",
                operation=operation,
                device=str(tensor.device),
            )
        return None

    def _sum_into(self, tensor: torch.Tensor, operation: str, op: str = "sum") -> torch.Tensor:
        """Reduce a contiguous tensor over the group, in place."""
        if tensor.numel() == 0:
            return tensor
        buffer, how, is_copy = reduction_view(tensor, op)
        run(self.unique_name, operation, self._group.allreduce, [buffer], how)
        if is_copy:
            tensor.copy_(buffer)
        return tensor


def _as_dtype(buffer: torch.Tensor, dtype: torch.dtype, *, is_copy: bool) -> torch.Tensor:
    """Undo `reduction_view`."""
    if buffer.dtype == dtype:
        return buffer
    if is_copy:
        return buffer.to(dtype)
    return torch.view_as_complex(buffer) if dtype.is_complex else buffer.view(dtype)


def _rows_first(tensor: torch.Tensor, dim: int) -> torch.Tensor:
    return with_a_dim(tensor).movedim(dim, 0).contiguous()


def _stack_of(source: torch.Tensor, ranks: int, dim: int, out: torch.Tensor | None) -> torch.Tensor:
    """Return memory for the ranks' tensors along a new first dim: that of `out` where the result
    has the same order."""
    shape = (ranks, *source.shape)
    return source.new_empty(shape) if out is None or dim else out.view(shape)


def _result(result: torch.Tensor, out: torch.Tensor | None) -> torch.Tensor:
    """Return a contiguous result, in `out` where there is one."""
    return result.contiguous() if out is None else written_back(out, result)


def _concatenated(gathered: torch.Tensor, dim: int) -> torch.Tensor:
    """Return tensors stacked along a new first dim as one, concatenated along `dim`."""
    if dim == 0:
        return gathered.flatten(0, 1)
    moved: Any = gathered.movedim(0, dim)
    return moved.flatten(dim, dim + 1)  # type: ignore[no-any-return]
