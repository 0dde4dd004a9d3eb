"""Sums of the members' tensors through their slots.

Short tensors take one step: every member adds up all slots. Longer ones go slot by slot; in groups
of more than two every member adds up one part of each slot-full and passes the result on
(reduce-scatter and all-gather, as in Thakur, Rabenseifner and Gropp, 2005), so that it reads each
slot-full twice however many members there are. All sums are in rank order: every member has the
same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from ctypes import memmove
from math import prod
from typing import Any, NamedTuple

import torch

from vllm_distributed import call_agreement as agreement
from vllm_distributed import entry
from vllm_distributed.tensors.outputs import empty, is_lent
from vllm_distributed.transports.base import Transport
from vllm_distributed.transports.shm.group import SharedMemory, in_step
from vllm_distributed.transports.shm.signature import sign

__all__ = ["Sums", "as_matrix", "blocks"]

_ALIGNMENT = 64
# In groups of more than two, above this adding up parts and passing them on is faster than for all
# to add up everything.
_ONE_STEP_BYTES = 1 << 18
# Where one member alone wants a sum of so few, it adds up more cheaply than all do, each a part.
_ADDED_BY_ONE = 3
_MOST_PLANS = 512
_SAME_BITS = {
    torch.uint16: torch.int16,
    torch.uint32: torch.int32,
    torch.uint64: torch.int64,
}
_ROUNDED = frozenset({torch.float16, torch.bfloat16})

Combine = Callable[[Sequence[torch.Tensor], torch.Tensor], None]
"""Writes into its last argument what the `addable` tensors of all members make together."""

Block = tuple[int, int, int, int]
"""Rows from and to, columns from and to."""


class _Plan(NamedTuple):
    """All that a sum of one step needs and that is the same each time."""

    number: int
    length: int
    """Of the tensor, in bytes."""
    slots: tuple[tuple[torch.Tensor, ...], tuple[torch.Tensor, ...]]
    """Each member's, for even steps and for odd ones."""
    mine: tuple[int, int]
    """Where this member's are."""
    other: tuple[torch.Tensor, torch.Tensor] | None
    """The other member's, in a group of two whose tensors torch adds as they are."""
    combine: Combine


class Sums:
    """One member's part in them; `rest` takes those for which there is no room."""

    def __init__(self, shared: SharedMemory, rest: Transport) -> None:
        self._shared, self._rest = shared, rest
        self._steps, self._slots = shared.steps, shared.slots
        self._me, self._size = shared.me, shared.members
        self._slot_bytes = shared.slot_bytes
        self._one_step_bytes = (
            self._slot_bytes if self._size == 2 else min(_ONE_STEP_BYTES, self._slot_bytes)
        )
        self._plans: dict[tuple[torch.dtype, torch.Size, str], _Plan] = {}

    def close(self) -> None:
        """Let go of all views."""
        self._plans.clear()

    def sum(
        self, source: torch.Tensor, target: torch.Tensor | None = None, op: str = "sum"
    ) -> torch.Tensor:
        """Return the sum of the members' contiguous tensors, or what else `op` says: in `target`,
        which may be `source`, or in a new tensor."""
        plan = self._plans.get((source.dtype, source.shape, op))
        if plan is not None:
            entry.about_to_send()
            return self._sum_in_one_step(source, target, plan)
        entry.about_to_send()
        number = sign(agreement.all_reduce(source.dtype, source.shape, op))
        there = empty(source.shape, source.dtype) if target is None else target
        if not source.numel():
            self._steps.meet_alone(number)
        elif not self._shared.room_for(source.nbytes, number):
            if there is not source:
                there.copy_(source)
            self._rest.all_reduce_(there, op)
        elif source.nbytes <= self._one_step_bytes:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            plan = self._plan(source, combined_by(op), number)
            self._plans[source.dtype, source.shape, op] = plan
            self._sum_in_one_step(source, there, plan)
        else:
            flat, sums = addable(source).view(-1), addable(there).view(-1)
            if self._size == 2:
                self._sum_by_slots(flat, sums, combined_by(op), number)
            else:
                self._sum_by_parts(flat, sums, combined_by(op), number)
        return there

    def _plan(self, source: torch.Tensor, combine: Combine, number: int) -> _Plan:
        like = addable(source)
        even, odd = (self._slots.views(like.dtype, like.shape, parity).each for parity in (0, 1))
        mine = (self._shared.slot_at(self._me, 0), self._shared.slot_at(self._me, 1))
        is_sum = combine is add_up
        if self._size > 2 or like.dtype is torch.bool or like is not source or not is_sum:
            return _Plan(number, source.nbytes, (even, odd), mine, None, combine)
        other = 1 - self._me
        others = (even[other], odd[other])
        return _Plan(number, source.nbytes, (even, odd), mine, others, combine)

    def _sum_in_one_step(
        self, source: torch.Tensor, target: torch.Tensor | None, plan: _Plan
    ) -> torch.Tensor:
        """The most frequent call of all: what `in_step` does, without a function around it."""
        steps = self._steps
        number, length, both, mine, others, combine = plan
        if steps.broken is not None:
            steps.check()
        before = steps.step
        try:
            if steps.settled < before:
                steps.settle(number)
            parity = (before + 1) & 1
            memmove(mine[parity], source.data_ptr(), length)
            steps.meet(number)
            if others is None:
                if target is None:
                    target = empty(source.shape, source.dtype)
                combine(both[parity], addable(target))
                return target
            first, second = source, others[parity]
            if self._me:
                first, second = second, first
            if target is not None:
                return torch.add(first, second, out=target)
            if not is_lent():
                return torch.add(first, second)  # one step, where `empty` and that are two
            return torch.add(first, second, out=empty(source.shape, source.dtype))
        except BaseException as error:
            steps.ended(before, number, error)
            raise

    @in_step
    def _sum_by_slots(
        self, source: torch.Tensor, target: torch.Tensor, combine: Combine, number: int
    ) -> None:
        steps, me = self._steps, self._me
        most = self._slot_bytes // source.itemsize
        steps.settle(number)
        for mine, sums in zip(torch.split(source, most), torch.split(target, most), strict=True):
            slots = self._slots.views(mine.dtype, mine.shape, (steps.step + 1) & 1).each
            slots[me].copy_(mine)
            steps.meet(number)
            combine((mine, slots[1]) if me == 0 else (slots[0], mine), sums)

    def sum_for_first(
        self, source: torch.Tensor, target: torch.Tensor, op: str, number: int
    ) -> None:
        """Write the sum of the members' contiguous tensors, for which slots have room, into the
        first member's `target`, which may be `source`. On the others `target` may be written."""
        source, target = addable(source).view(-1), addable(target).view(-1)
        if self._size <= _ADDED_BY_ONE:
            self._bring_to_first(source, target, combined_by(op), number)
        else:
            self._sum_by_parts(source, target, combined_by(op), number)

    @in_step
    def _bring_to_first(
        self, source: torch.Tensor, target: torch.Tensor, combine: Combine, number: int
    ) -> None:
        steps, me = self._steps, self._me
        most = self._slot_bytes // source.itemsize
        begins = True
        for mine, sums in zip(torch.split(source, most), torch.split(target, most), strict=True):
            if me != 0:
                steps.settle(number)
            slots = self._slots.views(mine.dtype, mine.shape, (steps.step + 1) & 1).each
            if me != 0:
                slots[me].copy_(mine)
            if me == 0 or begins:
                steps.meet(number)
            else:
                steps.publish(number)
            if me == 0:
                combine((mine, *slots[1:]), sums)
            begins = False

    @in_step
    def _sum_by_parts(
        self, source: torch.Tensor, target: torch.Tensor, combine: Combine, number: int
    ) -> None:
        steps, me, size = self._steps, self._me, self._size
        # What the members bring is in the slots of one parity, and what they have added up in those
        # of the other: each is read in the step before the other is written again.
        most = self._slot_bytes // source.itemsize
        count = source.numel()
        fill = -(-count // -(-count // most))
        # Whole parts of whole cache lines, where the tensor is not too small for that.
        fill = min(-(-fill // (size * _ALIGNMENT)) * size * _ALIGNMENT, most)
        steps.settle(number)
        for mine, sums in zip(torch.split(source, fill), torch.split(target, fill), strict=True):
            parity = (steps.step + 1) & 1
            brought = self._slots.views(mine.dtype, mine.shape, parity).each
            added = self._slots.views(mine.dtype, mine.shape, 1 - parity).each
            part = -(-mine.numel() // size)
            own = torch.split(mine, part)
            for member, (piece, place) in enumerate(
                zip(own, torch.split(brought[me], part), strict=True)
            ):
                if member != me:
                    place.copy_(piece)
            steps.meet(number)
            results = [torch.split(slot, part) for slot in added]
            if me < len(own):
                combine(
                    [
                        own[me] if member == me else torch.split(slot, part)[me]
                        for member, slot in enumerate(brought)
                    ],
                    results[me][me],
                )
            steps.meet(number)
            for member, place in enumerate(torch.split(sums, part)):
                place.copy_(results[member][member])

    @in_step
    def sum_and_scatter(
        self,
        source: torch.Tensor,
        output: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        number: int,
    ) -> None:
        """Write into `output` this member's part, of `sizes` along `dim`, of the sum."""
        source, output = addable(source), addable(output)
        steps, me, size = self._steps, self._me, self._size
        rows, columns = as_matrix(source.shape, dim)
        width = columns // source.size(dim)
        parts = torch.split(source.view(rows, columns), [each * width for each in sizes], dim=1)
        target = output.view(rows, sizes[me] * width)
        # Each slot is divided among those who read it.
        share = self._slot_bytes // size // _ALIGNMENT * _ALIGNMENT // source.itemsize
        each = [list(blocks(rows, extent * width, share)) for extent in sizes]
        steps.settle(number)
        for at in range(max(map(len, each))):
            slots = self._slots.views(source.dtype, (size, share), (steps.step + 1) & 1).each
            for member, its in enumerate(each):
                if member != me and at < len(its):
                    row, last_row, column, last_column = its[at]
                    piece = parts[member][row:last_row, column:last_column]
                    slots[me][member, : piece.numel()].view(piece.shape).copy_(piece)
            steps.meet(number)
            if at < len(each[me]):
                row, last_row, column, last_column = each[me][at]
                own = parts[me][row:last_row, column:last_column]
                brought = [
                    own if member == me else slot[me, : own.numel()].view(own.shape)
                    for member, slot in enumerate(slots)
                ]
                add_up(brought, target[row:last_row, column:last_column])


def addable(tensor: torch.Tensor) -> torch.Tensor:
    """Return a view that torch can add: unsigned integers wrap around like signed ones."""
    dtype = _SAME_BITS.get(tensor.dtype)
    return tensor if dtype is None else tensor.view(dtype)


def add_up(parts: Sequence[torch.Tensor], out: torch.Tensor) -> None:
    """Write the sum of two or more `addable` tensors into `out`, which may be one of the first two.

    Booleans are combined by or. 16-bit floats are summed in float32 and rounded once, to the
    nearest: of two that is what torch's addition does by itself.
    """
    first, second = parts[0], parts[1]
    if first.dtype is torch.bool:
        _each(torch.bitwise_or, parts, out)
    elif len(parts) == 2:
        torch.add(first, second, out=out)
    elif first.dtype in _ROUNDED:
        wide = first.float()
        for part in parts[1:]:
            wide.add_(part)
        out.copy_(wide)
    else:
        _each(torch.add, parts, out)


def combined_by(op: str) -> Combine:
    """Return what an operation of an all-reduce does; averages are sums here."""
    return _COMBINED[op]


def _largest(parts: Sequence[torch.Tensor], out: torch.Tensor) -> None:
    _each(torch.maximum, parts, out)


def _smallest(parts: Sequence[torch.Tensor], out: torch.Tensor) -> None:
    _each(torch.minimum, parts, out)


def _multiply(parts: Sequence[torch.Tensor], out: torch.Tensor) -> None:
    """16-bit floats are rounded once, as sums are."""
    if len(parts) > 2 and parts[0].dtype in _ROUNDED:
        wide = parts[0].float()
        for part in parts[1:]:
            wide.mul_(part)
        out.copy_(wide)
    else:
        _each(torch.mul, parts, out)


_COMBINED: dict[str, Combine] = {
    "sum": add_up,
    "avg": add_up,
    "max": _largest,
    "min": _smallest,
    "product": _multiply,
}


def _each(operator: Any, parts: Sequence[torch.Tensor], out: torch.Tensor) -> None:
    operator(parts[0], parts[1], out=out)
    for part in parts[2:]:
        operator(out, part, out=out)


# Blocks. Every member cuts a tensor along a dim in the same way into blocks that fit a slot. Along
# dim d a contiguous tensor is a matrix: a row for every index into the dims before d, and in it all
# that has one index there. Members have the same rows; where extents along d differ, the rows have
# different lengths.


def as_matrix(shape: Sequence[int], dim: int) -> tuple[int, int]:
    """Return the numbers of rows and columns of a tensor seen along `dim`.

    >>> as_matrix((2, 3, 4), 1)
    (2, 12)
    """
    return prod(shape[:dim]), prod(shape[dim:])


def blocks(rows: int, columns: int, most: int) -> Iterator[Block]:
    """Yield the blocks of a matrix with at most `most` elements each: whole rows, or parts of one.

    >>> list(blocks(3, 4, 8))
    [(0, 2, 0, 4), (2, 3, 0, 4)]
    >>> list(blocks(2, 5, 3))
    [(0, 1, 0, 3), (0, 1, 3, 5), (1, 2, 0, 3), (1, 2, 3, 5)]
    """
    if not rows or not columns:
        return
    if columns <= most:
        step = most // columns
        for row in range(0, rows, step):
            yield row, min(row + step, rows), 0, columns
        return
    for row in range(rows):
        for column in range(0, columns, most):
            yield row, row + 1, column, min(column + most, columns)
