"""What the live page costs: the pool's processor and memory, and the calls of a world beside it.

ranks   a world of many idle ranks, looked at and not, in turns: the pool's share of a processor
        (at most 3 % of a core more), and its private memory (at most 20 MB more than a pool
        without a page)
calls   barriers of a world of four, looked at and not, in turns: at least 0.95 as many a second
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from vllm_bridge.client import Client, Session, connect

TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("rows", nargs="*", default=["ranks", "calls"])
    parser.add_argument("--ranks", type=int, default=64)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of a turn")
    arguments = parser.parse_args()
    if "ranks" in arguments.rows:
        idle_ranks(arguments.ranks, arguments.turns, arguments.seconds)
    if "calls" in arguments.rows:
        calls_beside(arguments.turns, arguments.seconds)


def idle_ranks(ranks: int, turns: int, seconds: float) -> None:
    """The pool of a world that does nothing."""
    with pool() as (_, ready):
        before = private_mib(ready["pid"])
    with pool("--page", "127.0.0.1:0") as (client, ready):
        code = private_mib(ready["pid"]) - before
        client.start_world(tensor_parallel_size=ranks, timeout=timedelta(seconds=120))
        time.sleep(3)
        before = private_mib(ready["pid"])
        used: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(turns):
            for looked_at in used:
                with looker(ready["page"]) if looked_at else settled():
                    used[looked_at].append(share(ready["pid"], seconds))
        data = private_mib(ready["pid"]) - before
        alone, seen = (100 * statistics.median(used[key]) for key in (False, True))
        print(
            f"{ranks} idle ranks: the pool has {alone:.1f} % of a core, looked at {seen:.1f} %: "
            f"{seen - alone:.1f} % more (at most 3)"
        )
        print(
            f"private memory: {code + data:.1f} MB more than without a page (at most 20): "
            f"{code:.1f} of code, {data:.1f} of what was looked at",
            flush=True,
        )


def calls_beside(turns: int, seconds: float) -> None:
    """Barriers of a world of four."""
    with (
        pool("--page", "127.0.0.1:0") as (client, ready),
        client.start_world(tensor_parallel_size=4) as world,
    ):
        rates: dict[bool, list[float]] = {False: [], True: []}

        # Every rank has to stop after the same one.
        def turn() -> float:
            total = threading.Barrier(4)
            until = time.monotonic() + seconds
            go_on = [True]

            def steps(session: Session) -> int:
                group, count = session.call("get_tp_group"), 0
                while go_on[0]:
                    for _ in range(25):
                        session.invoke("GroupCoordinator.barrier", (group,), {})
                    count += 25
                    if total.wait() == 0:
                        go_on[0] = time.monotonic() < until
                    total.wait()
                return count

            begin = time.monotonic()
            return sum(world.run(steps)) / (time.monotonic() - begin)

        turn()
        for _ in range(turns):
            for looked_at in rates:
                with looker(ready["page"]) if looked_at else settled():
                    rates[looked_at].append(turn())
        alone, seen = (statistics.median(rates[key]) for key in (False, True))
        print(
            f"barriers of 4 ranks: {alone:.0f} calls/s, looked at {seen:.0f}: "
            f"{seen / alone:.3f} of it (at least 0.95)"
        )


@contextlib.contextmanager
def pool(*arguments: str) -> Iterator[tuple[Client, dict[str, str]]]:
    """A server of its own."""
    command = [sys.executable, "-m", "vllm_bridge", "serve", "--size", "0", *arguments]
    command += ["--max-world-size", "512", "--start-timeout", "120", "--log-level", "warning"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            with connect(ready["endpoint"]) as client:
                yield client, ready
        finally:
            # Not SIGTERM, which lets things come to their end.
            process.send_signal(signal.SIGINT)


@contextlib.contextmanager
def looker(url: str) -> Iterator[None]:
    """One that reads the stream of the page."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    begun, over = threading.Event(), threading.Event()

    def read() -> None:
        while not over.is_set():
            answer.readline()
            begun.set()

    thread = threading.Thread(target=read)
    thread.start()
    begun.wait(30)
    yield
    over.set()
    thread.join()
    connection.close()


@contextlib.contextmanager
def settled() -> Iterator[None]:
    """The page has found out that nobody looks any more."""
    time.sleep(5)
    yield


def share(pid: str, seconds: float) -> float:
    """Of one core that the process has in this time."""
    ticks, begin = _ticks(pid), time.monotonic()
    time.sleep(seconds)
    return (_ticks(pid) - ticks) / TICKS / (time.monotonic() - begin)


def _ticks(pid: str) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def private_mib(pid: str) -> float:
    """Memory that is this process's alone."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kib) for kib in re.findall(r"Private_\w+:\s+(\d+)", text)) / 1024


if __name__ == "__main__":
    main()
