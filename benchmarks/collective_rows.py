"""What `collectives.py` measures: each operation in ours, in raw gloo and in MPI, on equal terms.

Where ours returns a new tensor the others make one too, and where ours works in place or into a
tensor that is there already, so do they. A promise is a ratio to gloo, or a time.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist

import vllm_distributed as vd
from collective_mpi import Mpi

__all__ = ["Row", "rows"]

Call = Callable[[], object]
KIB, MIB = 1 << 10, 1 << 20
TENSORS, FLOATS = 10, 64 * KIB // 4

# At least so many times as fast as gloo, for 2 and for 4 ranks.
ALL_REDUCE = {
    KIB: (20.0, 20.0),
    64 * KIB: (20.0, 20.0),
    MIB: (8.0, 10.0),
    16 * MIB: (6.0, 4.0),
    64 * MIB: (5.5, 4.0),
}
FRESH_GATHER, REUSED_GATHER, BROADCAST, BARRIER = 1.7, 7.0, 3.5, 50.0
# At most so many seconds, between 2 ranks.
DICT_BROADCAST_S, DICT_THERE_AND_BACK_S = 0.25e-3, 0.4e-3


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    operation: str
    size: str
    ours: Call
    raw: Call | None
    """The same over raw gloo, if there is such a thing."""
    calls: int
    """Calls in one measurement: so many that it does not matter who comes first to the first."""
    rounds: int
    """Measurements of each side."""
    mpi: Call | None = None
    """The same over MPI, if there is one."""
    ratio: float | None = None
    """The promise: at least so many times as fast as gloo."""
    limit_s: float | None = None
    """The promise: at most so many seconds."""


def rows(mpi: Mpi | None = None) -> Iterator[Row]:
    """Yield what to measure in the world of this process, the same on every rank."""
    group = vd.get_world_group()
    yield Row(
        "barrier",
        "",
        group.barrier,
        lambda: dist.barrier(group.cpu_group),
        50,
        10,
        mpi and mpi.barrier,
        BARRIER,
    )
    for size, targets in ALL_REDUCE.items():
        yield from _sums(group, mpi, size, targets[0] if group.world_size == 2 else targets[1])
    for size in (64 * KIB, 16 * MIB):
        yield from _gathers(group, mpi, size, promised=size == 16 * MIB)
    for size in (64 * KIB, 64 * MIB):
        yield _broadcast(group, mpi, size, BROADCAST if size == 64 * MIB else None)
    yield from _dicts(group, mpi)
    yield _copy(64 * MIB)


def _sums(group: vd.GroupCoordinator, mpi: Mpi | None, size: int, target: float) -> Iterator[Row]:
    raw = group.device_group
    zeros = torch.zeros(size // 4)  # sums of which stay what they are

    def raw_fresh() -> torch.Tensor:
        copy = zeros.clone()
        dist.all_reduce(copy, group=raw)
        return copy

    yield _row(
        "all_reduce_ (in place)",
        size,
        lambda: group.all_reduce_(zeros),
        lambda: dist.all_reduce(zeros, group=raw),
        mpi and mpi.all_reduce_(zeros),
        target,
    )
    yield _row(
        "all_reduce",
        size,
        lambda: group.all_reduce(zeros),
        raw_fresh,
        mpi and mpi.all_reduce(zeros),
    )
    if "out" in inspect.signature(group.all_reduce).parameters:
        into: Any = group.all_reduce
        output = torch.empty_like(zeros)

        def raw_reused() -> None:
            output.copy_(zeros)
            dist.all_reduce(output, group=raw)

        yield _row(
            "all_reduce (out=)",
            size,
            lambda: into(zeros, out=output),
            raw_reused,
            mpi and mpi.all_reduce(zeros, output),
        )


def _gathers(
    group: vd.GroupCoordinator, mpi: Mpi | None, size: int, *, promised: bool
) -> Iterator[Row]:
    raw, count = group.device_group, size // 4
    # Newer versions of torch warn about the older name.
    raw_gather = getattr(dist, "all_gather_single", dist.all_gather_into_tensor)
    part, whole = torch.ones(count), torch.empty(group.world_size * count)
    yield _row(
        "all_gather",
        size,
        lambda: group.all_gather(part, 0),
        lambda: raw_gather(torch.empty_like(whole), part, group=raw),
        mpi and mpi.all_gather(part),
        FRESH_GATHER if promised else None,
    )
    if "out" in inspect.signature(group.all_gather).parameters:
        into: Any = group.all_gather
        yield _row(
            "all_gather (out=)",
            size,
            lambda: into(part, 0, out=whole),
            lambda: raw_gather(whole, part, group=raw),
            mpi and mpi.all_gather(part, whole),
            REUSED_GATHER if promised else None,
        )


def _broadcast(group: vd.GroupCoordinator, mpi: Mpi | None, size: int, target: float | None) -> Row:
    tensor = torch.ones(size // 4)
    return _row(
        "broadcast",
        size,
        lambda: group.broadcast(tensor, 0),
        lambda: dist.broadcast(tensor, 0, group=group.device_group),
        mpi and mpi.broadcast([tensor]),
        target,
    )


def _dicts(group: vd.GroupCoordinator, mpi: Mpi | None) -> Iterator[Row]:
    """Ten tensors of 64 KiB; raw torch, which has no dicts, sends one after the other."""
    raw, first, two = group.cpu_group, group.is_first_rank, group.world_size == 2
    value = {f"t{number}": torch.full((FLOATS,), float(number)) for number in range(TENSORS)}
    room = [torch.empty(FLOATS) for _ in range(TENSORS)]

    def raw_broadcasts() -> None:
        for tensor in value.values() if first else room:
            dist.broadcast(tensor, 0, group=raw)

    def there_and_back() -> None:
        if first:
            group.send_tensor_dict(value)
            group.recv_tensor_dict()
        else:
            received = group.recv_tensor_dict()
            assert received is not None
            group.send_tensor_dict(received)

    def raw_there_and_back() -> None:
        peer = 1 - group.rank_in_group
        for is_there in (True, False):
            for tensor in room:
                if first is is_there:
                    dist.send(tensor, peer, group=raw)
                else:
                    dist.recv(tensor, peer, group=raw)

    yield Row(
        "broadcast_tensor_dict",
        "10 x 64 KiB",
        lambda: group.broadcast_tensor_dict(value if first else None),
        raw_broadcasts,
        10,
        20,
        mpi and mpi.broadcast(list(value.values()) if first else room),
        limit_s=DICT_BROADCAST_S if two else None,
    )
    if two:
        yield Row(
            "send/recv_tensor_dict, there and back",
            "10 x 64 KiB",
            there_and_back,
            raw_there_and_back,
            10,
            20,
            mpi and mpi.there_and_back(room),
            limit_s=DICT_THERE_AND_BACK_S,
        )


def _copy(size: int) -> Row:
    """The floor of what memory allows: all ranks copy at once, into memory that is there."""
    source, target = torch.ones(size // 4), torch.zeros(size // 4)
    return _row("(copy of a tensor)", size, lambda: target.copy_(source), None)


def _row(
    operation: str,
    size: int,
    ours: Call,
    raw: Call | None,
    mpi: Call | None = None,
    ratio: float | None = None,
) -> Row:
    calls, rounds = (50, 10) if size < MIB else (5, 15) if size < 16 * MIB else (1, 9)
    label = f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"
    return Row(operation, label, ours, raw, calls, rounds, mpi, ratio)
