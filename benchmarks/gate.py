"""What the gate costs: a collective of two ranks through the bridge, gated and ungated.

Both worlds live in one pool and are called in turns, so that whatever else the machine does falls
on both alike. Prints the median of a barrier and of a 4-byte all-reduce, in microseconds, and the
difference, which is to be at most 150.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch

from vllm_bridge import client
from vllm_bridge.client import Client, Session, World
from vllm_bridge.codec.calls import encode_call

LIMIT_US = 150

CALLS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "barrier": ("GroupCoordinator.barrier", ()),
    "4-byte all_reduce": ("GroupCoordinator.all_reduce", (torch.ones(1),)),
}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=30, help="turns of each world")
    parser.add_argument("--calls", type=int, default=50, help="calls in a turn")
    arguments = parser.parse_args()
    with pool_of_its_own() as pool, ThreadPoolExecutor(2) as threads:
        worlds = {
            gate: pool.start_world(tensor_parallel_size=2, gate=gate) for gate in (True, False)
        }
        for name, call in CALLS.items():
            seconds: dict[bool, list[float]] = {True: [], False: []}
            for turn in range(arguments.turns + 1):
                for gate, world in worlds.items():
                    taken = run(threads, world, call, arguments.calls)
                    if turn:  # the first one warms up
                        seconds[gate] += taken
            gated, plain = (statistics.median(seconds[gate]) * 1e6 for gate in (True, False))
            print(
                f"{name:20} ungated {plain:7.0f} us   gated {gated:7.0f} us   "
                f"added {gated - plain:6.0f} us (at most {LIMIT_US})"
            )


@contextlib.contextmanager
def pool_of_its_own() -> Iterator[Client]:
    """A server for this run."""
    command = [sys.executable, "-m", "vllm_bridge", "serve", "--size", "0", "--embedded"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        with client.connect(json.loads(server.stdout.readline())["endpoint"]) as pool:
            yield pool
        server.stdin.close()


def run(
    threads: ThreadPoolExecutor, world: World, call: tuple[str, tuple[Any, ...]], calls: int
) -> list[float]:
    """How long each call took, on both ranks."""
    name, args = call

    def on(session: Session) -> list[float]:
        # Encoded once: the client shares the machine with the ranks, and is not what is measured.
        path, request = encode_call(name, (session.call("get_tp_group"), *args), {})
        taken = []
        for _ in range(calls):
            before = time.perf_counter()
            session.send(path, request, None)
            taken.append(time.perf_counter() - before)
        return taken

    return [seconds for taken in threads.map(on, world.ranks) for seconds in taken]


if __name__ == "__main__":
    main()
