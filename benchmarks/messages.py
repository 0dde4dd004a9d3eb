"""Objects and dicts of tensors against raw torch.distributed, two ranks; a table on stdout.

Both sides of a pair run alternately in one loop, so that whatever else the machine does meets both.
One measurement is a number of calls one after the other and an answer, so that neither side is
credited with a call that merely handed its data over.

The message queue's arrays are measured one way, from before `enqueue` on one rank to after
`dequeue` on the other, against two bare copies: one rank copies as many bytes into shared memory
and says so, the other copies them out into memory that it allocates as the queue does. The first
call of each is told apart, because it takes memory from the system; later ones, on both sides, find
what the call before gave back. For the queue's rows each rank has a core of its own: where other
load puts both on one, nothing is copied out while it is copied in, and every message waits for the
scheduler.

    python benchmarks/messages.py [repetitions]
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import multiprocessing
import os
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

import vllm_distributed as vd
from vllm_distributed.communicators import MessageQueue

WARM_UP = 10
CALLS = 20
TENSORS, FLOATS = 10, (64 << 10) // 4
ARRAY_BYTES = 8 << 20
SMALL_TARGET_S, ARRAY_TARGET = 12e-6, 1.1
SMALL = {"step": 17, "ids": [1, 2, 3, 4], "name": "decode", "temperature": 0.7}


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h


def keep_what_is_freed() -> None:
    """Have malloc not give large memory back to the system: whether it does, and 2000 page faults
    are in the next call, would be a matter of luck."""
    with contextlib.suppress(AttributeError):  # not glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 32 << 20)
        mallopt(_M_TRIM_THRESHOLD, 1 << 30)


@contextlib.contextmanager
def own_core(rank: int) -> Iterator[None]:
    """Run this thread on one core, another one for each rank."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(allowed)[rank % len(allowed)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def queue_latency(rounds: int) -> list[float]:
    """Return the seconds from enqueue on one rank to dequeue on the other: half of round trips."""
    group = vd.get_tp_group()
    out, back = (
        MessageQueue.create_from_process_group(group.cpu_group, 1 << 20, 10, writer)
        for writer in (0, 1)
    )
    times = []
    for _ in range(rounds * CALLS):
        started = time.perf_counter()
        if group.is_first_rank:
            out.enqueue(SMALL)
            back.dequeue()
        else:
            back.enqueue(out.dequeue())
        times.append((time.perf_counter() - started) / 2)
    group.barrier()
    out.shutdown()
    back.shutdown()
    return times


def queue_arrays(rounds: int, shared: mmap.mmap) -> list[tuple[str, list[float], list[float]]]:
    """Return the seconds of each one-way trip of an array, through the queue and by bare copies.

    `shared` is memory of both ranks: room for the array, and a count after it.
    """
    group = vd.get_tp_group()
    queue = MessageQueue.create_from_process_group(group.cpu_group, 24 << 20, 10)
    memory = memoryview(shared)
    room, count = memory[:ARRAY_BYTES], memory[ARRAY_BYTES:].cast("Q")
    array = np.arange(ARRAY_BYTES // 4, dtype=np.float32)
    tensor = torch.arange(ARRAY_BYTES // 4, dtype=torch.float32)
    said = 0

    def bare(source: Any, allocate: Callable[[], Any]) -> Any:
        nonlocal said
        said += 1
        if group.is_first_rank:
            room[:] = memoryview(source).cast("B")
            count[0] = said
            return None
        while count[0] < said:
            os.sched_yield()
        target = allocate()
        memoryview(target)[:] = room
        return target

    def queued(source: Any) -> Any:
        return queue.enqueue(source) if group.is_first_rank else queue.dequeue()

    def new_tensor() -> Any:
        return torch.empty(ARRAY_BYTES, dtype=torch.uint8).numpy()

    kinds: list[tuple[str, list[Callable[[], Any]]]] = [
        (
            "numpy array",
            [lambda: queued(array), lambda: bare(array, lambda: np.empty(ARRAY_BYTES, np.uint8))],
        ),
        ("torch tensor", [lambda: queued(tensor), lambda: bare(tensor.numpy(), new_tensor)]),
    ]
    clocks: dict[str, list[list[float]]] = {name: [[], []] for name, _ in kinds}
    for index in range(rounds + WARM_UP):
        for name, calls in kinds:
            for which in (0, 1) if index % 2 else (1, 0):
                group.barrier()
                started = time.perf_counter()
                calls[which]()
                # One clock for all processes of the machine: the sender's is the start.
                now = started if group.is_first_rank else time.perf_counter()
                clocks[name][which].append(now)
    ends = group.broadcast_object(clocks, 1)
    group.barrier()
    queue.shutdown()
    trips = [
        [
            [after - before for before, after in zip(starts, arrivals, strict=True)]
            for starts, arrivals in zip(clocks[name], ends[name], strict=True)
        ]
        for name, _ in kinds
    ]
    return [(name, *both) for (name, _), both in zip(kinds, trips, strict=True)]


def pairs(
    queued: vd.GroupCoordinator,
) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Return, for each operation, ours and what a user of raw torch would write."""
    group = vd.get_tp_group()
    raw, first, peer = group.cpu_group, group.is_first_rank, 1 - group.rank_in_group
    tensors = {f"t{n}": torch.full((FLOATS,), float(n)) for n in range(TENSORS)}
    empty = [torch.empty(FLOATS) for _ in range(TENSORS)]

    def raw_object_list() -> None:
        dist.broadcast_object_list([SMALL] if first else [None], 0, group=raw)

    def raw_broadcasts() -> None:
        for tensor in tensors.values() if first else empty:
            dist.broadcast(tensor, 0, group=raw)

    def raw_sends() -> None:
        for tensor in tensors.values() if first else empty:
            if first:
                dist.send(tensor, peer, group=raw)
            else:
                dist.recv(tensor, peer, group=raw)

    def our_send() -> Any:
        return group.send_tensor_dict(tensors) if first else group.recv_tensor_dict()

    return {
        "broadcast_object over MessageQueue / broadcast_object_list": (
            lambda: queued.broadcast_object(SMALL if first else None),
            raw_object_list,
        ),
        "broadcast_object over the CPU group / broadcast_object_list": (
            lambda: group.broadcast_object(SMALL if first else None),
            raw_object_list,
        ),
        "broadcast_tensor_dict of 10 x 64 KiB / 10 broadcasts": (
            lambda: group.broadcast_tensor_dict(tensors if first else None),
            raw_broadcasts,
        ),
        "send_tensor_dict of 10 x 64 KiB / 10 sends": (our_send, raw_sends),
    }


def medians(
    ours: Callable[[], object], raw: Callable[[], object], rounds: int
) -> tuple[float, float]:
    """Return the median seconds of a call of each, run alternately."""
    group = vd.get_tp_group()
    answer = torch.zeros(1)
    times: tuple[list[float], list[float]] = ([], [])
    for index in range(rounds + WARM_UP):
        order = (0, 1) if index % 2 else (1, 0)
        for which in order:
            call = (ours, raw)[which]
            group.barrier()
            started = time.perf_counter()
            for _ in range(CALLS):
                call()
            dist.broadcast(answer, 1, group=group.cpu_group)
            if index >= WARM_UP:
                times[which].append((time.perf_counter() - started) / CALLS)
    return statistics.median(times[0]), statistics.median(times[1])


def rank_main(
    rank: int, listener: socket.socket, shared: mmap.mmap, rounds: int, results: Connection
) -> None:
    """Measure on one rank; rank 0 reports."""
    torch.set_num_threads(1)  # as torchrun does: two ranks share the cores
    keep_what_is_freed()
    port = listener.getsockname()[1]
    if rank == 0:
        vd.adopt_listen_socket(listener)
    vd.init_distributed_environment(
        2, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", timedelta(seconds=60)
    )
    vd.initialize_model_parallel(2)
    queued = vd.init_model_parallel_group(
        [[0, 1]], rank, "gloo", use_message_queue_broadcaster=True, group_name="queued"
    )
    with own_core(rank):
        small, arrays = queue_latency(rounds), queue_arrays(rounds, shared)
    rows = [(name, *medians(*pair, rounds)) for name, pair in pairs(queued).items()]
    if rank == 0:
        results.send((small, arrays, rows))
    vd.get_world_group().barrier()
    queued.destroy()
    vd.cleanup_dist_env_and_memory()


def main() -> None:
    """Run both ranks and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    with socket.socket() as listener, mmap.mmap(-1, ARRAY_BYTES + mmap.PAGESIZE) as shared:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ranks = [
            context.Process(target=rank_main, args=(rank, listener, shared, rounds, theirs))
            for rank in range(2)
        ]
        for process in ranks:
            process.start()
        theirs.close()
        small, arrays, rows = ours.recv()
        for process in ranks:
            process.join()
    print("| MessageQueue, one way | p50 (us) | two copies (us) | ratio | target | first (us) |")
    print("|---|---|---|---|---|---|")
    tenth, *_ = statistics.quantiles(small, n=10)
    print(
        f"| small dict (p10 {tenth * 1e6:.1f}) | {statistics.median(small) * 1e6:.1f} | | "
        f"| {SMALL_TARGET_S * 1e6:.0f} us | {small[0] * 1e6:.0f} |"
    )
    for name, mine, bare in arrays:
        queued_s, bare_s = (statistics.median(times[WARM_UP:]) for times in (mine, bare))
        print(
            f"| 8 MiB {name} | {queued_s * 1e6:.0f} | {bare_s * 1e6:.0f} | {queued_s / bare_s:.2f} "
            f"| {ARRAY_TARGET} | {mine[0] * 1e6:.0f}, two copies {bare[0] * 1e6:.0f} |"
        )
    print()
    print("| ours / raw torch | ours p50 (us) | raw p50 (us) | ratio |")
    print("|---|---|---|---|")
    for name, mine, raw in rows:
        print(f"| {name} | {mine * 1e6:.1f} | {raw * 1e6:.1f} | {mine / raw:.2f} |")


if __name__ == "__main__":
    main()
