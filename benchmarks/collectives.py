"""GroupCoordinator against raw torch.distributed on the same gloo group; a table on stdout.

Two ranks. Both sides of a pair run alternately in one loop, so that whatever else the machine does
meets both. The difference is the median of those of the rounds, each of one call of ours and one
raw, and the ratio is what it makes of the raw median: both hold still on a busy machine, where
medians of the two sides drift apart. Where ours promises more than the raw call (all_reduce is out
of place), the raw side does the same (a copy first).

    python benchmarks/collectives.py [repetitions]
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

import torch
import torch.distributed as dist

import vllm_distributed as vd

SIZES = {"1 KiB": 1 << 10, "64 KiB": 1 << 16, "1 MiB": 1 << 20}
WARM_UP = 50


def pairs(count: int) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Return, for each operation, ours and the raw equivalent on `count` floats."""
    group = vd.get_tp_group()
    raw = group.device_group  # which carries CPU tensors too where it is gloo's
    tensor, peer = torch.ones(count), 1 - group.rank_in_group
    both = torch.empty(2 * count)
    gather = getattr(dist, "all_gather_single", dist.all_gather_into_tensor)

    def raw_all_reduce() -> None:
        copy = tensor.clone()
        dist.all_reduce(copy, group=raw)

    def raw_send_recv() -> None:
        if group.is_first_rank:
            dist.send(tensor, peer, group=raw)
        else:
            dist.recv(torch.empty_like(tensor), peer, group=raw)

    def our_send_recv() -> None:
        if group.is_first_rank:
            group.send(tensor)
        else:
            group.recv(tensor.size(), tensor.dtype)

    zeros = torch.zeros(count)
    return {
        "all_reduce": (lambda: group.all_reduce(tensor), raw_all_reduce),
        "all_reduce_ (in place)": (
            lambda: group.all_reduce_(zeros),
            lambda: dist.all_reduce(zeros, group=raw),
        ),
        "all_gather": (
            lambda: group.all_gather(tensor, 0),
            lambda: gather(torch.empty_like(both), tensor, group=raw),
        ),
        "broadcast": (
            lambda: group.broadcast(tensor, 0),
            lambda: dist.broadcast(tensor, 0, group=raw),
        ),
        "send/recv": (our_send_recv, raw_send_recv),
    }


def medians(
    ours: Callable[[], object], raw: Callable[[], object], rounds: int
) -> tuple[float, float, float]:
    """Return the median seconds of each, run alternately, and of the difference in a round."""
    times: tuple[list[float], list[float]] = ([], [])
    for index in range(rounds + WARM_UP):
        order = (0, 1) if index % 2 else (1, 0)
        for which in order:
            call = (ours, raw)[which]
            started = time.perf_counter()
            call()
            if index >= WARM_UP:
                times[which].append(time.perf_counter() - started)
    differences = [mine - theirs for mine, theirs in zip(*times, strict=True)]
    return statistics.median(times[0]), statistics.median(times[1]), statistics.median(differences)


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
    rows = []
    for label, size in SIZES.items():
        for name, (ours, raw) in pairs(size // 4).items():
            vd.get_tp_group().barrier()
            rows.append((name, label, *medians(ours, raw, rounds)))
    if rank == 0:
        results.send(rows)
    vd.get_world_group().barrier()
    vd.cleanup_dist_env_and_memory()


def main() -> None:
    """Run both ranks and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
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
        rows = ours.recv()
        for process in ranks:
            process.join()
    print("| operation | size | ours p50 (us) | raw p50 (us) | ratio | difference (us) |")
    print("|---|---|---|---|---|---|")
    for name, label, mine, raw, difference in rows:
        print(
            f"| {name} | {label} | {mine * 1e6:.1f} | {raw * 1e6:.1f} | {1 + difference / raw:.3f} "
            f"| {difference * 1e6:+.1f} |"
        )


if __name__ == "__main__":
    main()
