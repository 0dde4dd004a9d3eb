"""What a call from Python costs, beside what a bare grpcio echo costs from the same process.

Everything alternates in one run, so that whatever else the machine does falls on all alike: a bare
echo of grpcio, a typed call over gRPC and in frames, by the blocking client and by the one for
asyncio. Then 32 callers on one rank and on four, calls submitted and collected later, and a 4-byte
all-reduce of two ranks through the gate. The twin of `calls.exs`.

    python benchmarks/calls.py [--calls N] [--profile]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import cProfile
import json
import pstats
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import torch

from vllm_bridge import aio, client
from vllm_bridge.client import Client, Session
from vllm_bridge.codec.calls import encode_call

HERE = Path(__file__).parent
RANKS = 4
CALLERS = 32
# What get_pp_indices(61, 0, 4) sends.
REQUEST = bytes([8, 61, 24, 4])
ARGUMENTS = (61, 0, 4)
ECHO = "/bench.Echo/Call"
LIMIT = timedelta(seconds=120)

Call = Callable[[], Any]


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2_000, help="of each kind, for the latency")
    parser.add_argument("--profile", action="store_true", help="of the blocking client instead")
    arguments = parser.parse_args()
    loop = asyncio.new_event_loop()
    with (
        pool_of_its_own() as endpoint,
        bare_echo() as echo,
        client.connect(endpoint) as frames,
        client.connect(endpoint, carrier="grpc") as over_grpc,
    ):
        awaited = aio.connect(endpoint)
        places = sessions_of_all_ranks(frames)
        asked = [place.session_id for place in places]
        typed = {
            "grpc": [over_grpc.session(name) for name in asked],
            "frames": places,
        }
        for carrier, sessions in typed.items():
            assert {session.carrier for session in sessions} == {carrier}
        awaiting = loop.run_until_complete(gathered([awaited.session(name) for name in asked]))
        if arguments.profile:
            profile(places[0])
        else:
            print("| what | measured |\n|---|---|")
            latency(echo, typed, awaiting, loop, arguments.calls)
            for ranks in (1, RANKS):
                throughput(ranks, typed, awaiting, loop)
            gate({"grpc": over_grpc, "frames": frames})
        loop.run_until_complete(awaited.close())
    loop.close()


def latency(
    echo: Call,
    typed: dict[str, list[Session]],
    awaiting: list[aio.Session],
    loop: asyncio.AbstractEventLoop,
    calls: int,
) -> None:
    """Of one call at a time; percentiles, and beside the bare echo."""
    frames = typed["frames"][0]
    path, request = encode_call("get_pp_indices", ARGUMENTS, {})

    def by_a_thread() -> Any:
        return frames.submit("get_pp_indices", *ARGUMENTS).result()

    kinds: dict[str, Call] = {
        "bare grpcio echo": echo,
        "call over gRPC": lambda: typed["grpc"][0].call("get_pp_indices", *ARGUMENTS),
        "call in frames": lambda: frames.call("get_pp_indices", *ARGUMENTS),
        "call in frames, encoded before": lambda: frames.send(path, request, LIMIT),
        "call in frames, a thread reads": by_a_thread,
    }
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    asynchronous = "call in frames, asyncio"
    taken[asynchronous] = []

    async def some(number: int) -> None:
        for _ in range(number):
            began = time.perf_counter()
            await awaiting[0].call("get_pp_indices", *ARGUMENTS)
            taken[asynchronous].append(time.perf_counter() - began)

    block = 20
    for turn in range(calls // block + 1):
        for name, call in kinds.items():
            for _ in range(block):
                began = time.perf_counter()
                call()
                taken[name].append(time.perf_counter() - began)
        loop.run_until_complete(some(block))
        if not turn:  # the first one warms up
            for values in taken.values():
                values.clear()
    yardstick = {part: quantile(taken["bare grpcio echo"], part) for part in (0.5, 0.99)}
    for name, values in taken.items():
        p50, p99 = quantile(values, 0.5), quantile(values, 0.99)
        row(
            f"{name}, {len(values)} calls",
            f"p50 {p50 * 1e6:.0f} us, {p50 / yardstick[0.5]:.2f} x the echo's; "
            f"p99 {p99 * 1e6:.0f} us, {p99 / yardstick[0.99]:.2f} x",
        )


def throughput(
    ranks: int,
    typed: dict[str, list[Session]],
    awaiting: list[aio.Session],
    loop: asyncio.AbstractEventLoop,
    each: int = 100,
    turns: int = 5,
) -> None:
    """Calls a second of many callers, in turns; the median of them."""
    rates: dict[str, list[float]] = {}

    def note(name: str, work: Callable[[], None]) -> None:
        began = time.perf_counter()
        work()
        rates.setdefault(name, []).append(CALLERS * each / (time.perf_counter() - began))

    def threads(sessions: list[Session]) -> None:
        def caller(number: int) -> None:
            session = sessions[number % ranks]
            for _ in range(each):
                session.call("get_pp_indices", *ARGUMENTS)

        callers = [threading.Thread(target=caller, args=(number,)) for number in range(CALLERS)]
        for thread in callers:
            thread.start()
        for thread in callers:
            thread.join()

    async def tasks() -> None:
        async def caller(number: int) -> None:
            for _ in range(each):
                await awaiting[number % ranks].call("get_pp_indices", *ARGUMENTS)

        await asyncio.gather(*map(caller, range(CALLERS)))

    def submitted() -> None:
        sessions = typed["frames"]
        for _ in range(each):
            futures = [
                sessions[number % ranks].submit("get_pp_indices", *ARGUMENTS)
                for number in range(CALLERS)
            ]
            for future in futures:
                future.result()

    for _ in range(turns + 1):
        note("threads over gRPC", lambda: threads(typed["grpc"]))
        note("threads in frames", lambda: threads(typed["frames"]))
        note("tasks in frames", lambda: loop.run_until_complete(tasks()))
        note("futures of one thread, in frames", submitted)
    for name, values in rates.items():
        rate = statistics.median(values[1:])
        base = statistics.median(rates["threads over gRPC"][1:])
        where = "1 rank" if ranks == 1 else f"{ranks} ranks"
        row(f"{CALLERS} {name}, {where}", f"{rate:.0f} calls/s, {rate / base:.1f} x gRPC's")


def gate(pools: dict[str, Client], turns: int = 20, calls: int = 50) -> None:
    """A 4-byte all-reduce of two ranks, from two threads."""
    with pools["frames"].start_world(tensor_parallel_size=2) as world, ThreadPoolExecutor(2) as two:
        worlds = {name: pool.world(world.world_id) for name, pool in pools.items()}
        taken: dict[str, list[float]] = {name: [] for name in worlds}

        def on(session: Session) -> list[float]:
            # Encoded once: the client shares the machine with the ranks.
            arguments = (session.call("get_tp_group"), torch.ones(1))
            path, request = encode_call("GroupCoordinator.all_reduce", arguments, {})
            seconds = []
            for _ in range(calls):
                began = time.perf_counter()
                session.send(path, request, LIMIT)
                seconds.append(time.perf_counter() - began)
            return seconds

        for turn in range(turns + 1):
            for name, each in worlds.items():
                seconds = [s for rank in two.map(on, each.ranks) for s in rank]
                taken[name] += seconds if turn else []
    base = statistics.median(taken["grpc"])
    for name, seconds in taken.items():
        p50 = statistics.median(seconds)
        row(
            f"gate: 4-byte all_reduce of 2 ranks, {name}",
            f"p50 {p50 * 1e6:.0f} us, p99 {quantile(seconds, 0.99) * 1e6:.0f} us; "
            f"{p50 / base:.2f} x gRPC's",
        )


def profile(session: Session) -> None:
    """Where the blocking client's part of a call goes."""
    session.call("get_pp_indices", *ARGUMENTS)
    with cProfile.Profile() as found:
        for _ in range(5_000):
            session.call("get_pp_indices", *ARGUMENTS)
    pstats.Stats(found).sort_stats("tottime").print_stats(30)


def sessions_of_all_ranks(pool: Client) -> list[Session]:
    """One strict session on each; ranks come up one after another."""
    found: dict[str, Session] = {}
    while len(found) < RANKS:
        session = pool.open_session(affinity="strict_queue")
        if session.info.endpoint in found:
            session.close()
            time.sleep(0.05)
        else:
            found[session.info.endpoint] = session
    return list(found.values())


async def gathered(opened: list[Awaitable[aio.Session]]) -> list[aio.Session]:
    """All of them."""
    return [await each for each in opened]


@contextlib.contextmanager
def bare_echo() -> Iterator[Call]:
    """A call of `echo_server.py`, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "echo.sock"
        command = [sys.executable, str(HERE / "echo_server.py"), str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdout.readline()
            with grpc.insecure_channel(f"unix:{path}") as channel:
                call = channel.unary_unary(ECHO)
                yield lambda: call(REQUEST, timeout=120.0)
            server.stdin.close()


@contextlib.contextmanager
def pool_of_its_own() -> Iterator[str]:
    """A server for this run."""
    command = [sys.executable, "-m", "vllm_bridge", "serve", "--size", str(RANKS), "--embedded"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())["endpoint"]
        server.stdin.close()


def quantile(values: list[float], part: float) -> float:
    """The value below which that part of them is."""
    return sorted(values)[int(len(values) * part)]


def row(what: str, measured: str) -> None:
    """A row of the table."""
    print(f"| {what} | {measured} |", flush=True)


if __name__ == "__main__":
    main()
