"""Objects and dicts of tensors against raw torch.distributed, two ranks; a table on stdout.

Both sides of a pair run alternately in one loop, so that whatever else the machine does meets both.
One measurement is a number of calls one after the other and an answer, so that neither side is
credited with a call that merely handed its data over.

    python benchmarks/messages.py [repetitions]
"""

from __future__ import annotations

import multiprocessing
import socket
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch.distributed as dist

import vllm_distributed as vd
from vllm_distributed.communicators import MessageQueue

WARM_UP = 10
CALLS = 20
TENSORS, FLOATS = 10, (64 << 10) // 4
SMALL = {"step": 17, "ids": [1, 2, 3, 4], "name": "decode", "temperature": 0.7}


def queue_latency(rounds: int) -> float:
    """Return the seconds from enqueue on one rank to dequeue on the other: half a round trip."""
    group = vd.get_tp_group()
    out, back = (
        MessageQueue.create_from_process_group(group.cpu_group, 1 << 20, 10, writer)
        for writer in (0, 1)
    )
    times = []
    for _ in range(rounds * CALLS // 4):
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
    return statistics.median(times)


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


def rank_main(rank: int, listener: socket.socket, rounds: int, results: Connection) -> None:
    """Measure on one rank; rank 0 reports."""
    torch.set_num_threads(1)  # as torchrun does: two ranks share the cores
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
    latency = queue_latency(rounds)
    rows = [(name, *medians(*pair, rounds)) for name, pair in pairs(queued).items()]
    if rank == 0:
        results.send((latency, rows))
    vd.get_world_group().barrier()
    queued.destroy()
    vd.cleanup_dist_env_and_memory()


def main() -> None:
    """Run both ranks and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        ranks = [
            context.Process(target=rank_main, args=(rank, listener, rounds, theirs))
            for rank in range(2)
        ]
        for process in ranks:
            process.start()
        theirs.close()
        latency, rows = ours.recv()
        for process in ranks:
            process.join()
    print(f"MessageQueue, enqueue to dequeue of a small dict: {latency * 1e6:.1f} us p50\n")
    print("| ours / raw torch | ours p50 (us) | raw p50 (us) | ratio |")
    print("|---|---|---|---|")
    for name, mine, raw in rows:
        print(f"| {name} | {mine * 1e6:.1f} | {raw * 1e6:.1f} | {mine / raw:.2f} |")


if __name__ == "__main__":
    main()
