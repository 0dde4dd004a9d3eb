"""A group that spans two hosts against flat gloo on the same ranks; a table. Needs root.

The hosts are this machine twice: the ranks of the second see a shared memory of their own, and what
goes between the hosts goes over loopback. Each row is measured as in `collectives.py`.

    python benchmarks/hosts.py [--ranks 4] [--quick]
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import random
import tempfile
from collections.abc import Callable, Iterator

import torch
import torch.distributed as dist

import vllm_distributed as vd
from collective_rows import KIB, MIB, Row
from collectives import Measured, Wanted, in_a_world, join, line, measure

PROMISED = 1.5  # times as fast as flat gloo, the all-reduce of 16 MiB
_BIND, _NEW_MOUNTS, _PRIVATE = 0x1000, 0x00020000, 0x4000 | 1 << 18
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, default=4, help="of both hosts together")
    parser.add_argument("--quick", action="store_true", help="two rounds: to see that it runs")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        print("hosts: not measured, it needs root for mounts")
        return
    print(f"{os.cpu_count()} processors, load average before: {os.getloadavg()[0]:.1f}\n")
    print(
        "| operation | ranks | size | beside | ours | gloo | ratio | MPI | ratio | target | met |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|", flush=True)
    with memory_of_the_other_host() as memory:
        wanted = Wanted(quick=arguments.quick, mpi=False, busy=0, only="")
        for of_one_row in zip(
            *in_a_world(arguments.ranks, measure_all, memory, wanted), strict=True
        ):
            print(line(arguments.ranks, 0, of_one_row), flush=True)


@contextlib.contextmanager
def memory_of_the_other_host() -> Iterator[str]:
    """Yield a directory in memory that is not /dev/shm."""
    with tempfile.TemporaryDirectory() as place:
        _mount(b"tmpfs", place, b"tmpfs", 0)
        try:
            yield place
        finally:
            _libc.umount2(place.encode(), 0)


def _mount(source: bytes, target: str, kind: bytes | None, flags: int) -> None:
    if _libc.mount(source, target.encode(), kind, flags, None) != 0:
        raise OSError(ctypes.get_errno(), f"mount on {target}")


def measure_all(rank: int, count: int, port: int, memory: str, wanted: Wanted) -> list[Measured]:
    """Return what all rows take on one rank."""
    if rank >= count // 2:
        if _libc.unshare(_NEW_MOUNTS) != 0:
            raise OSError(ctypes.get_errno(), "unshare")
        _mount(b"none", "/", None, _PRIVATE)
        _mount(memory.encode(), "/dev/shm", None, _BIND)
    join(rank, count, port)
    orders = random.Random(count)
    return [measure(row, vd.get_world_group().cpu_group, orders, wanted) for row in rows()]


def rows() -> Iterator[Row]:
    """Yield what to measure, the same on every rank."""
    group = vd.get_world_group()
    raw = group.device_group
    yield Row("barrier", "", group.barrier, lambda: dist.barrier(group.cpu_group), 20, 10)
    for size in (KIB, 64 * KIB, MIB, 16 * MIB, 64 * MIB):
        target = PROMISED if size == 16 * MIB else None
        zeros = torch.zeros(size // 4)  # sums of which stay what they are
        yield _row(
            "all_reduce_ (in place)",
            size,
            lambda zeros=zeros: group.all_reduce_(zeros),
            lambda zeros=zeros: dist.all_reduce(zeros, group=raw),
            target,
        )
    for size in (64 * KIB, 4 * MIB):
        part = torch.zeros(size // 4)
        out = torch.empty(group.world_size * part.numel())
        yield _row(
            "all_gather (out=)",
            size,
            lambda part=part, out=out: group.all_gather(part, 0, out=out),
            lambda part=part, out=out: raw._allgather_base(out, part).wait(),
        )
    for size in (KIB, 16 * MIB):
        tensor = torch.zeros(size // 4)
        yield _row(
            "broadcast",
            size,
            lambda tensor=tensor: group.broadcast(tensor, 0),
            lambda tensor=tensor: dist.broadcast(tensor, 0, group=raw),
        )


def _row(
    operation: str,
    size: int,
    ours: Callable[[], object],
    raw: Callable[[], object],
    target: float | None = None,
) -> Row:
    calls = 20 if size <= 64 * KIB else 1
    words = f"{size // KIB} KiB" if size < MIB else f"{size // MIB} MiB"
    return Row(operation, words, ours, raw, calls, 30, ratio=target)


if __name__ == "__main__":
    main()
