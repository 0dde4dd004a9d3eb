"""Operations on CPU tensors over a torch process group of the gloo backend."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.distributed import ProcessGroup

from vllm_distributed import entry
from vllm_distributed.compat.torch_internals import gather_options
from vllm_distributed.forks import leave_to_parent
from vllm_distributed.tensors.dtypes import (
    REDUCIBLE,
    as_bytes_if_needed,
    check_dense,
    check_reducible,
    check_writable,
    dense_and_plain,
    plain,
    reduction_view,
    with_a_dim,
    write_into,
    written_back,
)
from vllm_distributed.tensors.outputs import copy_of, empty
from vllm_distributed.transports.base import Transport, group_facts, run

__all__ = ["GlooTransport"]

_TAG = 0


class GlooTransport(Transport):
    """Gloo on the CPU. Calls the process group directly: torch.distributed's functions add checks
    and a logging wrapper that were made here already, and cost as much again.

    A tensor without elements is not sent; ranks that must know of the call hear of it.
    """

    def __init__(self, group: ProcessGroup, unique_name: str) -> None:
        super().__init__(unique_name, *group_facts(group))
        self._group = group
        leave_to_parent(self, f"the group {unique_name}", "_group")

    def check(self, tensor: torch.Tensor, name: str) -> None:
        super().check(tensor, name)
        check_dense(tensor, name)

    def all_reduce(
        self, input_: torch.Tensor, out: torch.Tensor | None = None, op: str = "sum"
    ) -> torch.Tensor:
        check_dense(input_, "all_reduce")
        check_reducible(input_.dtype, "all_reduce")
        if out is None:
            out = copy_of(input_)
        else:
            entry.about_to_send()  # it may not be allowed to: then `out` stays as it was
            write_into(out, input_)
        return self._sum_into(out, "all_reduce", op)

    def all_reduce_(self, input_: torch.Tensor, op: str = "sum") -> torch.Tensor:
        check_dense(input_, "all_reduce_")
        check_reducible(input_.dtype, "all_reduce_")
        check_writable(input_, "all_reduce_")
        buffer = plain(input_)
        self._sum_into(buffer, "all_reduce_", op)
        return written_back(input_, buffer)

    def all_gather(
        self, input_: torch.Tensor, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        source = with_a_dim(dense_and_plain(input_, "all_gather"))
        carried = as_bytes_if_needed(source)
        if dim == 0:  # the parts follow each other in memory
            rows, *trailing = source.shape
            shape = (self.world_size * rows, *trailing)
            output = empty(shape, source.dtype) if out is None else out
            if source.numel():
                whole = output if carried is source else as_bytes_if_needed(output)
                run(self.unique_name, "all_gather", self._group._allgather_base, whole, carried)
            else:
                entry.about_to_move()
            return output
        output, parts = self._output_for(source, dim, out)
        if output.numel():
            strided = [as_bytes_if_needed(part) for part in parts]
            run(self.unique_name, "all_gather", self._group.allgather, [strided], [carried])
        else:
            entry.about_to_move()
        return output

    def all_gatherv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        if len(set(sizes)) == 1:
            return self.all_gather(input_, dim, out)
        check_dense(input_, "all_gatherv")
        # Gloo gathers equal parts only: pad along a leading dim, gather, drop the padding.
        source = with_a_dim(input_.detach())
        rows = source.movedim(dim, 0)
        padded = empty((max(sizes), *rows.shape[1:]), rows.dtype)
        padded[: rows.size(0)] = rows
        gathered = empty((self.world_size, *padded.shape), rows.dtype)
        if padded.numel():
            run(
                self.unique_name,
                "all_gatherv",
                self._group.allgather,
                [[as_bytes_if_needed(part) for part in gathered.unbind(0)]],
                [as_bytes_if_needed(padded)],
            )
        else:
            entry.about_to_move()
        shape = list(source.shape)
        shape[dim] = sum(sizes)
        output = empty(shape, rows.dtype) if out is None else out
        for part, size, place in zip(
            gathered.unbind(0), sizes, torch.split(output, list(sizes), dim), strict=True
        ):
            write_into(place, part[:size].movedim(0, dim))
        return output

    def reduce_scatterv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        # Gloo has no reduce-scatter of its own; torch's emulation is an all-reduce on a copy as
        # well, but only along the first dim.
        check_dense(input_, "reduce_scatter")
        check_reducible(input_.dtype, "reduce_scatter")
        total = with_a_dim(self._sum_into(copy_of(input_), "reduce_scatter"))
        start = sum(sizes[: self.rank_in_group])
        part = total.narrow(dim, start, sizes[self.rank_in_group])
        if out is None:
            return copy_of(part)
        write_into(out, part)
        return out

    def gather(
        self, input_: torch.Tensor, dst: int, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor | None:
        source = with_a_dim(dense_and_plain(input_, "gather"))
        here = self.rank_in_group == dst
        output, parts = self._output_for(source, dim, out) if here else (None, [])
        if source.numel():
            carried = [as_bytes_if_needed(part) for part in parts]
            run(
                self.unique_name,
                "gather",
                self._group.gather,
                [carried] if here else [],
                [as_bytes_if_needed(source)],
                gather_options(dst),
            )
        else:
            entry.about_to_move()
        return output

    def broadcast(self, input_: torch.Tensor, src: int) -> torch.Tensor:
        buffer = dense_and_plain(input_, "broadcast")
        if buffer is not input_:
            check_writable(input_, "broadcast")
        if buffer.numel():
            run(
                self.unique_name,
                "broadcast",
                self._group.broadcast,
                as_bytes_if_needed(buffer),
                src,
            )
        else:
            entry.about_to_move()
        if self.rank_in_group == src:
            return input_
        return written_back(input_, buffer)

    def send(self, tensor: torch.Tensor, dst: int) -> None:
        source = dense_and_plain(tensor, "send")
        if source.numel():
            carried = as_bytes_if_needed(source)
            run(self.unique_name, "send", self._group.send, [carried], dst, _TAG)
        else:
            entry.about_to_move()

    def recv(
        self, size: torch.Size, dtype: torch.dtype, src: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        output = empty(size, dtype) if out is None else out
        if output.numel():
            target = output if dtype in REDUCIBLE else as_bytes_if_needed(output)
            run(self.unique_name, "recv", self._group.recv, [target], src, _TAG)
        else:
            entry.about_to_move()
        return output

    def _sum_into(self, tensor: torch.Tensor, operation: str, op: str = "sum") -> torch.Tensor:
        """Reduce a contiguous tensor over the group, in place."""
        if tensor.numel() == 0:
            entry.about_to_move()
            return tensor
        buffer, how, is_copy = reduction_view(tensor, op)
        run(self.unique_name, operation, self._group.allreduce, [buffer], how)
        if is_copy:
            write_into(tensor, buffer)
        return tensor

    def _output_for(
        self, source: torch.Tensor, dim: int, out: torch.Tensor | None
    ) -> tuple[torch.Tensor, Sequence[torch.Tensor]]:
        """Return the concatenation to be, and each rank's part of it as a view. Gloo copies each
        part to its place anyway, so a part may be strided: no second pass for dim > 0."""
        shape = list(source.shape)
        shape[dim] *= self.world_size
        output = empty(shape, source.dtype) if out is None else out
        if source.size(dim) == 0:
            return output, [output] * self.world_size
        return output, torch.split(output, source.size(dim), dim)
