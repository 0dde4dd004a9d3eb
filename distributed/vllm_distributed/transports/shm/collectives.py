"""Collectives of CPU tensors through memory that the members of a group share.

A member copies its tensor into its slot, waits until all have, and takes what it needs from the
others': one copy in and one out where sockets take four and as many system calls. `steps.py`
says when a slot may be read and written, `reduce.py` does the adding up.

What finds no room in shared memory goes over gloo, here as for a group that shares none.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from ctypes import memmove

import torch
from torch.autograd.graph import increment_version

from vllm_distributed import call_agreement as agreement
from vllm_distributed import entry
from vllm_distributed.errors import CollectiveMismatchError
from vllm_distributed.tensors.dtypes import (
    check_reducible,
    check_writable,
    dense_and_plain,
    is_plain,
    with_a_dim,
    written_back,
)
from vllm_distributed.tensors.kinds import refuse_when_traced
from vllm_distributed.tensors.outputs import empty
from vllm_distributed.tensors.spans import Spans, span_of, span_of_bytes
from vllm_distributed.transports.base import Transport
from vllm_distributed.transports.shm.group import SharedMemory, in_step
from vllm_distributed.transports.shm.messages.ring import header
from vllm_distributed.transports.shm.reduce import Sums, as_matrix, blocks
from vllm_distributed.transports.shm.signature import dtype_of, mark_of, number_of

__all__ = ["SharedMemoryTransport", "to_add", "writing_into"]


_ANYWHERE: AbstractContextManager[object] = nullcontext()


class SharedMemoryTransport(Transport):
    """`rest` carries what finds no room in shared memory."""

    def __init__(self, shared: SharedMemory, rest: Transport) -> None:
        super().__init__(rest.unique_name, rest.rank_in_group, rest.world_size)
        self._shared, self._rest = shared, rest
        self._steps = shared.steps
        self._slots = shared.slots
        self._slot_bytes = shared.slot_bytes
        self._sums = Sums(shared, rest)

    def check(self, tensor: torch.Tensor, name: str) -> None:
        self._rest.check(tensor, name)

    # Sums

    def all_reduce(
        self, input_: torch.Tensor, out: torch.Tensor | None = None, op: str = "sum"
    ) -> torch.Tensor:
        source = input_ if is_plain(input_) else to_add("all_reduce", input_)
        if out is not None and out.is_inference():
            with torch.inference_mode():
                return self._sums.sum(source, out, op)
        return self._sums.sum(source, out, op)

    def all_reduce_(self, input_: torch.Tensor, op: str = "sum") -> torch.Tensor:
        source = input_ if is_plain(input_) else to_add("all_reduce_", input_)
        if source is not input_:
            check_writable(input_, "all_reduce_")
        if source.is_inference():
            with torch.inference_mode():
                self._sums.sum(source, source, op)
        else:
            self._sums.sum(source, source, op)
        return input_ if source is input_ else written_back(input_, source)

    def all_reduce_for_first(
        self, source: torch.Tensor, target: torch.Tensor, op: str, number: int
    ) -> None:
        """Write what `all_reduce` returns into the first member's `target`, which may be `source`.

        Both are contiguous and of a dtype that can be added; slots have room.
        """
        self._sums.sum_for_first(source, target, op, number)

    def reduce_scatterv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        source = with_a_dim(to_add("reduce_scatter", input_))
        shape = list(source.shape)
        shape[dim] = sizes[self.rank_in_group]
        output = empty(shape, source.dtype) if out is None else out
        entry.about_to_send()
        number = number_of(agreement.reduce_scatter, source.dtype, source.shape, dim, tuple(sizes))
        if not source.numel():
            self._steps.meet_alone(number)
            return output
        if not self._shared.room_for(source.nbytes, number):
            return self._rest.reduce_scatterv(source, dim, sizes, output)
        with writing_into(output):
            self._sums.sum_and_scatter(source, output, dim, sizes, number)
        return output

    # Moves

    def all_gather(
        self, input_: torch.Tensor, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        source = with_a_dim(dense_and_plain(input_, "all_gather"))
        output = self._room_for_all(source, dim) if out is None else out
        entry.about_to_send()
        number = number_of(agreement.all_gather, source.dtype, source.shape, dim)
        if not source.numel():
            self._steps.meet_alone(number)
            return output
        if not self._shared.room_for(source.nbytes, number):
            return self._rest.all_gather(source, dim, output)
        if source.nbytes <= self._slot_bytes and as_matrix(source.shape, dim)[0] == 1:
            self._put_one_after_the_other(source, output, number)
            if out is not None and not out.is_inference():
                increment_version(out)
        else:
            with writing_into(output):
                self._concatenate(source, output, dim, number)
        return output

    def _put_one_after_the_other(
        self, source: torch.Tensor, output: torch.Tensor, number: int
    ) -> None:
        """Gather in one step what needs no more than the members' bytes in a row: by addresses,
        since to cut tensors would take longer than to copy them."""
        steps, me, slot_at = self._steps, self.rank_in_group, self._shared.slot_at
        if steps.broken is not None:
            steps.check()
        before = steps.step
        try:
            steps.settle(number)
            parity, start, length = (before + 1) & 1, source.data_ptr(), source.nbytes
            memmove(slot_at(me, parity), start, length)
            steps.meet(number)
            place = output.data_ptr()
            for member in range(self.world_size):
                memmove(place, start if member == me else slot_at(member, parity), length)
                place += length
        except BaseException as error:
            steps.ended(before, number, error)
            raise

    @in_step
    def _concatenate(
        self, source: torch.Tensor, output: torch.Tensor, dim: int, number: int
    ) -> None:
        steps, me = self._steps, self.rank_in_group
        rows, columns = as_matrix(source.shape, dim)
        matrix = source.view(rows, columns)
        target = output.view(rows, self.world_size, columns).transpose(0, 1)
        steps.settle(number)
        for row, last_row, column, last_column in blocks(
            rows, columns, self._slot_bytes // source.itemsize
        ):
            piece = matrix[row:last_row, column:last_column]
            slots = self._slots.views(piece.dtype, piece.shape, (steps.step + 1) & 1)
            slots.each[me].copy_(piece)
            steps.meet(number)
            target[:, row:last_row, column:last_column].copy_(slots.whole)

    def all_gatherv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        if len(set(sizes)) == 1:
            return self.all_gather(input_, dim, out)
        source = with_a_dim(dense_and_plain(input_, "all_gatherv"))
        rows, columns = as_matrix(source.shape, dim)
        shape = list(source.shape)
        shape[dim] = sum(sizes)
        output = empty(shape, source.dtype) if out is None else out
        entry.about_to_send()
        number = number_of(agreement.all_gatherv, source.dtype, source.shape, dim, tuple(sizes))
        if not output.numel():
            self._steps.meet_alone(number)
            return output
        width = output.numel() // rows // shape[dim]
        if not self._shared.room_for(rows * width * max(sizes) * source.itemsize, number):
            return self._rest.all_gatherv(source, dim, sizes, output)
        target = output.view(rows, width * shape[dim])
        matrix = source.view(rows, columns) if columns else None
        with writing_into(output):
            self._concatenate_unequal(matrix, target, [each * width for each in sizes], number)
        return output

    @in_step
    def _concatenate_unequal(
        self,
        source: torch.Tensor | None,
        target: torch.Tensor,
        widths: Sequence[int],
        number: int,
    ) -> None:
        steps, me, rows = self._steps, self.rank_in_group, target.size(0)
        parts = torch.split(target, list(widths), dim=1)
        most = self._slot_bytes // target.itemsize
        each = [list(blocks(rows, width, most)) for width in widths]
        steps.settle(number)
        for at in range(max(map(len, each))):
            parity = (steps.step + 1) & 1
            if source is not None and at < len(each[me]):
                row, last_row, column, last_column = each[me][at]
                piece = source[row:last_row, column:last_column]
                self._slots.views(piece.dtype, piece.shape, parity).each[me].copy_(piece)
            steps.meet(number)
            for member, its in enumerate(each):
                if at < len(its):
                    row, last_row, column, last_column = its[at]
                    there = parts[member][row:last_row, column:last_column]
                    slots = self._slots.views(there.dtype, there.shape, parity)
                    there.copy_(slots.each[member])

    def gather(
        self, input_: torch.Tensor, dst: int, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor | None:
        source = with_a_dim(dense_and_plain(input_, "gather"))
        if self.rank_in_group == dst and out is None:
            out = self._room_for_all(source, dim)
        entry.about_to_send()
        number = number_of(agreement.gather, source.dtype, source.shape, dim, dst)
        if not source.numel():
            self._steps.meet_alone(number)
            return out
        if not self._shared.room_for(source.nbytes, number):
            return self._rest.gather(source, dst, dim, out)
        if out is None:
            self._give(source, dim, number)
        else:
            with writing_into(out):
                self._concatenate(source, out, dim, number)
        return out

    @in_step
    def _give(self, source: torch.Tensor, dim: int, number: int) -> None:
        steps, me = self._steps, self.rank_in_group
        rows, columns = as_matrix(source.shape, dim)
        matrix = source.view(rows, columns)
        begins = True
        for row, last_row, column, last_column in blocks(
            rows, columns, self._slot_bytes // source.itemsize
        ):
            piece = matrix[row:last_row, column:last_column]
            steps.settle(number)
            slots = self._slots.views(piece.dtype, piece.shape, (steps.step + 1) & 1)
            slots.each[me].copy_(piece)
            steps.meet(number) if begins else steps.publish(number)
            begins = False

    def broadcast(self, input_: torch.Tensor, src: int) -> torch.Tensor:
        buffer = input_ if is_plain(input_) else dense_and_plain(input_, "broadcast")
        if buffer is not input_:
            check_writable(input_, "broadcast")
        entry.about_to_send()
        number = number_of(agreement.broadcast, buffer.dtype, buffer.shape, src)
        if not buffer.numel():
            self._steps.meet_alone(number)
        elif self._shared.room_for(buffer.nbytes, number):
            with writing_into(buffer):
                self._hand_out(buffer.view(-1), src, number)
        else:
            self._rest.broadcast(buffer, src)
        return input_ if self.rank_in_group == src else written_back(input_, buffer)

    @in_step
    def _hand_out(self, buffer: torch.Tensor, src: int, number: int) -> None:
        steps = self._steps
        most = self._slot_bytes // buffer.itemsize
        is_source = self.rank_in_group == src
        for start in range(0, buffer.numel(), most):
            # To cut a tensor takes about as long as a step does.
            piece = buffer if buffer.numel() <= most else buffer[start : start + most]
            parity = (steps.step + 1) & 1
            if is_source:
                steps.settle(number)
                memmove(self._shared.slot_at(src, parity), piece.data_ptr(), piece.nbytes)
            if start == 0:
                steps.meet(number)
            else:
                steps.publish(number)
                if not is_source:
                    steps.wait_for(src, number)
            if not is_source:
                piece.copy_(self._slots.views(piece.dtype, piece.shape, parity).each[src])

    # Between two ranks

    def send(self, tensor: torch.Tensor, dst: int) -> None:
        source = dense_and_plain(tensor, "send")
        entry.about_to_send()
        outbox = self._shared.outbox(dst)
        if outbox.is_open():
            start = header(mark_of(source.dtype), 0, source.nbytes, self._shared.stamp())
            spans = [span_of_bytes(start)]
            if source.numel():
                spans.append(span_of(source))
            outbox.send(Spans(spans, (start, source)), "send")
        else:
            self._rest.send(source, dst)

    def recv(
        self,
        size: torch.Size,
        dtype: torch.dtype,
        src: int,
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        refuse_when_traced()
        output = empty(size, dtype) if out is None else out
        entry.about_to_send()
        inbox = self._shared.inbox(src)
        if not inbox.is_open("recv"):
            return self._rest.recv(size, dtype, src, output)
        (mark, _, _), body, stale = inbox.begin("recv", alone=True)
        while stale:
            body.drop()
            (mark, _, _), body, stale = inbox.begin("recv", alone=True)
        if body.left != output.nbytes or mark != mark_of(dtype):
            sent = body.left
            body.drop()
            raise CollectiveMismatchError(
                f"recv on {self.unique_name}: rank {self._steps.ranks[src]} sent a tensor of "
                f"{sent} bytes of {dtype_of(mark)}, but this rank wants {list(size)} of "
                f"{dtype}, which is {output.nbytes} bytes. It was dropped, and the group is "
                f"usable: pass the number of elements and the dtype that are sent",
                group=self.unique_name,
                operation="recv",
                sent=sent,
                wanted=output.nbytes,
            )
        if output.numel():
            body.into(output)
            body.start()
            body.wait()
        return output

    def _room_for_all(self, source: torch.Tensor, dim: int) -> torch.Tensor:
        shape = list(source.shape)
        shape[dim] *= self.world_size
        return empty(shape, source.dtype)

    def suspend(self) -> None:
        self._shared.suspend()

    def resume(self) -> None:
        self._shared.resume()

    def destroy(self) -> None:
        self._sums.close()
        self._shared.close()
        self._rest.destroy()


def to_add(operation: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return what to read for a sum: dense, contiguous and of a dtype that can be added."""
    source = dense_and_plain(tensor, operation)
    check_reducible(source.dtype, operation)
    return source


def writing_into(tensor: torch.Tensor) -> AbstractContextManager[object]:
    """Return the block in which a tensor can be written: one made in inference mode only there."""
    return torch.inference_mode() if tensor.is_inference() else _ANYWHERE
