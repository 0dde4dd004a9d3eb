"""Objects from one process to several on its node: the store in shared memory beside a pipe to each
reader, which is the plainest way, and beside gloo, a `dist.send` to each.

    python benchmarks/object_storage.py [--readers 1 2 4] [--mib 0.1 1 16]
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch
import torch.distributed as dist

from vllm_distributed.device_communicators.shm_object_storage import (
    SingleWriterShmObjectStorage,
    SingleWriterShmRingBuffer,
)

ROUNDS = 7
context = multiprocessing.get_context("spawn")


def read(how: str, rank: int, readers: int, store: str, handle: Any, pipe: Connection) -> None:
    """Get objects until None comes."""
    torch.set_num_threads(1)
    storage = None
    if how == "store":
        storage = SingleWriterShmObjectStorage.create_from_handle(handle)
    if how == "gloo":
        dist.init_process_group("gloo", f"file://{store}", rank=rank, world_size=readers + 1)
    pipe.send("there")
    while (message := pipe.recv()) is not None:
        if storage is not None:
            value = storage.get(*message)
        elif how == "gloo":
            value = torch.empty(message, dtype=torch.uint8)
            dist.recv(value, 0)
        else:
            value = torch.frombuffer(bytearray(pipe.recv_bytes()), dtype=torch.uint8)
        assert value[-1] == 1
        pipe.send("got")
    if how == "gloo":
        dist.destroy_process_group()


def measure(how: str, readers: int, size: int, count: int) -> float:
    """Seconds for an object to be with all readers, the median of some."""
    folder = tempfile.mkdtemp()
    storage = None
    if how == "store":
        ring = SingleWriterShmRingBuffer(max(4 * size, 1 << 20), create=True)
        storage = SingleWriterShmObjectStorage(size + 4096, readers, ring)
    handle = None if storage is None else storage.handle()
    pipes, processes = [], []
    for reader in range(readers):
        ours, theirs = context.Pipe()
        process = context.Process(
            target=read, args=(how, reader + 1, readers, f"{folder}/store", handle, theirs)
        )
        process.start()
        pipes.append(ours)
        processes.append(process)
    if how == "gloo":
        dist.init_process_group("gloo", f"file://{folder}/store", rank=0, world_size=readers + 1)
    for pipe in pipes:
        assert pipe.recv() == "there"
    value = torch.ones(size, dtype=torch.uint8)
    times = []
    for number in range(count + 2):
        begun = time.perf_counter()
        if storage is not None:
            key = str(number)
            at = storage.put(key, value)
            message = (*at, storage.get_signature(key), key)
            for pipe in pipes:
                pipe.send(message)
        elif how == "gloo":
            for reader, pipe in enumerate(pipes):
                pipe.send(size)
                dist.send(value, reader + 1)
        else:
            for pipe in pipes:
                pipe.send(size)
                pipe.send_bytes(memoryview(value.numpy()))
        for pipe in pipes:
            assert pipe.recv() == "got"
        times.append(time.perf_counter() - begun)
    for pipe in pipes:
        pipe.send(None)
    if how == "gloo":
        dist.destroy_process_group()
    for process in processes:
        process.join()
    if storage is not None:
        storage.close()
    return statistics.median(times[2:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--mib", type=float, nargs="+", default=[0.1, 1, 16])
    given = parser.parse_args()
    torch.set_num_threads(1)
    measured: Callable[[str, int, int], float] = lambda how, readers, size: measure(  # noqa: E731
        how, readers, size, 100 if size < 1 << 22 else 20
    )
    for readers in given.readers:
        for mib in given.mib:
            size = int(mib * (1 << 20))
            own, pipe, gloo = (measured(how, readers, size) for how in ("store", "pipe", "gloo"))
            print(
                f"{readers} readers, {mib:g} MiB: {own * 1e6:,.0f} us, "
                f"pipe {pipe / own:.2f} x, gloo {gloo / own:.2f} x"
            )


if __name__ == "__main__":
    main()
