"""Collectives of CPU tensors in a group that spans hosts.

Each byte goes from host to host once, however many members there are: sums are made inside each
host, through memory that its members share, then between the first members of the hosts, and handed
out inside. All members have the same bits, since they have them from one of few that computed the
same in the same order.

What is made of other exchanges than these, `gather`, parts of different sizes and messages to other
hosts, goes over gloo as in a group that shares nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.distributed import ProcessGroup

from vllm_distributed import call_agreement as agreement
from vllm_distributed import entry
from vllm_distributed.tensors.dtypes import (
    check_writable,
    dense_and_plain,
    with_a_dim,
    write_into,
    written_back,
)
from vllm_distributed.tensors.outputs import empty
from vllm_distributed.transports.base import Transport
from vllm_distributed.transports.gloo import GlooTransport
from vllm_distributed.transports.hierarchy.between import SMALL_BYTES, Moving, pieces
from vllm_distributed.transports.hierarchy.group import Hierarchy
from vllm_distributed.transports.shm.collectives import to_add, writing_into
from vllm_distributed.transports.shm.layout import FIRST_SLOT_BYTES
from vllm_distributed.transports.shm.reduce import addable, as_matrix, combined_by
from vllm_distributed.transports.shm.signature import number_of, sign

__all__ = ["HierarchicalTransport"]


class HierarchicalTransport(Transport):
    """`flat` carries over gloo what does not go by host."""

    def __init__(self, hierarchy: Hierarchy, flat: GlooTransport, group: ProcessGroup) -> None:
        super().__init__(flat.unique_name, flat.rank_in_group, flat.world_size)
        self._by_host, self._flat = hierarchy, flat
        self._hosts = hierarchy.hosts

    def check(self, tensor: torch.Tensor, name: str) -> None:
        self._flat.check(tensor, name)

    # Sums

    def all_reduce(
        self, input_: torch.Tensor, out: torch.Tensor | None = None, op: str = "sum"
    ) -> torch.Tensor:
        source = to_add("all_reduce", input_)
        output = empty(source.shape, source.dtype) if out is None else out
        with writing_into(output):
            self._sum(source, output, op)
        return output

    def all_reduce_(self, input_: torch.Tensor, op: str = "sum") -> torch.Tensor:
        source = to_add("all_reduce_", input_)
        check_writable(input_, "all_reduce_")
        with writing_into(source):
            self._sum(source, source, op)
        return input_ if source is input_ else written_back(input_, source)

    def reduce_scatterv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        source = with_a_dim(to_add("reduce_scatter", input_))
        number = number_of(agreement.reduce_scatter, source.dtype, source.shape, dim, tuple(sizes))
        total = torch.empty_like(source)
        self._sum(source, total, "sum", number)
        start = sum(sizes[: self.rank_in_group])
        part = total.narrow(dim, start, sizes[self.rank_in_group])
        output = empty(part.shape, part.dtype) if out is None else out
        with writing_into(output):
            write_into(output, part)
        return output

    def _sum(
        self, source: torch.Tensor, target: torch.Tensor, op: str, number: int | None = None
    ) -> None:
        """Write the sum of all members' contiguous tensors into `target`, or `source` itself."""
        by_host = self._by_host
        if number is None:
            number = sign(agreement.all_reduce(source.dtype, source.shape, op))
        by_host.check()
        entry.about_to_send()
        if source.nbytes <= SMALL_BYTES:
            self._sum_of_few(addable(source), addable(target), op, number)
        elif by_host.agree(number, source.nbytes):
            with by_host.moving(number):
                self._sum_of_many(source, target, op, number)
        else:
            if target is not source:
                target.copy_(source)
            self._flat.all_reduce_(target, op)

    def _sum_of_few(self, source: torch.Tensor, target: torch.Tensor, op: str, number: int) -> None:
        combine = combined_by(op)

        def together(parts: Sequence[torch.Tensor]) -> torch.Tensor:
            if len(parts) == 1:
                return parts[0]
            total = torch.empty_like(source)
            combine(parts, total)
            return total

        def join(said: Sequence[torch.Tensor]) -> torch.Tensor:
            parts = [each[: source.nbytes].view(source.dtype).view(source.shape) for each in said]
            return together(parts)

        if source.numel():
            self._by_host.small(number, source, source, together, join, target)
        else:
            self._by_host.small(number, None, None, _nothing, _nothing, None)

    def _sum_of_many(
        self, source: torch.Tensor, target: torch.Tensor, op: str, number: int
    ) -> None:
        inside, between = self._by_host.inside, self._by_host.between
        parts = pieces(target)
        moving: list[Moving] = []
        for mine, part in zip(pieces(source), parts, strict=True):
            if inside is not None:
                inside.all_reduce_for_first(mine, part, op, number)
            elif target is not source:
                part.copy_(mine)
            if between is not None:
                moving.append(between.start_sum(part, op))
        for at, part in enumerate(parts):
            if between is not None:
                moving[at].wait()
            if inside is not None:
                inside.broadcast(part, 0)

    # Moves

    def all_gather(
        self, input_: torch.Tensor, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        source = with_a_dim(dense_and_plain(input_, "all_gather"))
        shape = list(source.shape)
        shape[dim] *= self.world_size
        output = empty(shape, source.dtype) if out is None else out
        number = number_of(agreement.all_gather, source.dtype, source.shape, dim)
        by_host = self._by_host
        by_host.check()
        entry.about_to_send()
        if not source.numel():
            by_host.small(number, None, None, _nothing, _nothing, None)
            return output
        with writing_into(output):
            if (
                source.nbytes * self._hosts.most <= SMALL_BYTES
                and output.nbytes <= FIRST_SLOT_BYTES
            ):
                self._gather_few(source, output, dim, number)
            elif by_host.agree(number, output.nbytes):
                with by_host.moving(number):
                    self._gather_many(source, output, dim)
            else:
                self._flat.all_gather(source, dim, output)
        return output

    def _gather_few(
        self, source: torch.Tensor, output: torch.Tensor, dim: int, number: int
    ) -> None:
        def join(said: Sequence[torch.Tensor]) -> torch.Tensor:
            parts = [
                each[: len(members) * source.nbytes]
                for each, members in zip(said, self._hosts.members, strict=True)
            ]
            whole = torch.cat(parts).view(source.dtype).view(self.world_size, -1)
            result = torch.empty_like(output)
            self._arrange(whole, result, source, dim)
            return result.view(-1)

        self._by_host.small(number, source, source, _stacked, join, output)

    def _gather_many(self, source: torch.Tensor, output: torch.Tensor, dim: int) -> None:
        inside, between, hosts = self._by_host.inside, self._by_host.between, self._hosts
        flat = source.view(-1)
        in_place = dim == 0 and hosts.order == list(range(self.world_size))
        whole = output if in_place else empty((self.world_size, flat.numel()), source.dtype)
        whole = whole.view(self.world_size, -1)
        blocks = torch.split(whole, [len(members) for members in hosts.members])
        mine = blocks[hosts.here].view(-1)
        if inside is None:
            mine.copy_(flat)
        elif between is None:
            inside.gather(flat, 0, 0)
        else:
            inside.gather(flat, 0, 0, mine)
        moving: list[Moving] = []
        if between is not None and len({len(members) for members in hosts.members}) == 1:
            moving = [between.start_gather(mine, whole.view(-1))]
        elif between is not None:
            moving = [between.start_broadcast(block, at) for at, block in enumerate(blocks)]
        # Those of this host are handed out while the others' are on their way.
        if inside is not None:
            inside.broadcast(mine, 0)
        for each in moving:
            each.wait()
        for at, block in enumerate(blocks):
            if inside is not None and at != hosts.here:
                inside.broadcast(block.view(-1), 0)
        if not in_place:
            self._arrange(whole, output, source, dim)

    def _arrange(
        self, whole: torch.Tensor, output: torch.Tensor, source: torch.Tensor, dim: int
    ) -> None:
        """Write the members' tensors, one a row of `whole` and host by host, where they belong."""
        rows, columns = as_matrix(source.shape, dim)
        places = output.view(rows, self.world_size, columns)
        for row, member in enumerate(self._hosts.order):
            places[:, member].copy_(whole[row].view(rows, columns))

    def all_gatherv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        if len(set(sizes)) == 1:
            return self.all_gather(input_, dim, out)
        return self._flat.all_gatherv(input_, dim, sizes, out)

    def gather(
        self, input_: torch.Tensor, dst: int, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor | None:
        return self._flat.gather(input_, dst, dim, out)

    def broadcast(self, input_: torch.Tensor, src: int) -> torch.Tensor:
        buffer = dense_and_plain(input_, "broadcast")
        if buffer is not input_:
            check_writable(input_, "broadcast")
        number = number_of(agreement.broadcast, buffer.dtype, buffer.shape, src)
        self._by_host.check()
        entry.about_to_send()
        if buffer.numel():
            with writing_into(buffer):
                self._by_host.broadcast(buffer, src, number)
        else:
            self._by_host.small(number, None, None, _nothing, _nothing, None)
        return input_ if self.rank_in_group == src else written_back(input_, buffer)

    # Between two ranks

    def send(self, tensor: torch.Tensor, dst: int) -> None:
        inside = self._by_host.inside
        if inside is not None and dst in self._hosts.mine:
            inside.send(tensor, self._hosts.mine.index(dst))
        else:
            self._flat.send(tensor, dst)

    def recv(
        self, size: torch.Size, dtype: torch.dtype, src: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        inside = self._by_host.inside
        if inside is not None and src in self._hosts.mine:
            return inside.recv(size, dtype, self._hosts.mine.index(src), out)
        return self._flat.recv(size, dtype, src, out)

    def suspend(self) -> None:
        self._by_host.suspend()

    def resume(self) -> None:
        self._by_host.resume()

    def destroy(self) -> None:
        if self._by_host.inside is not None:
            self._by_host.inside.destroy()
        self._by_host.close()
        self._flat.destroy()


def _stacked(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.stack(list(parts))


def _nothing(_: Sequence[torch.Tensor]) -> torch.Tensor | None:
    return None
