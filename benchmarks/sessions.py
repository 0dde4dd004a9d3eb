"""What open sessions cost the pool: its memory, and the time to open one; a table on stdout.

One pool with two ranks per row. Sessions are opened one after the other over one connection; used
ones have made a call each, so that a rank knows them too.

    python benchmarks/sessions.py [sessions]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from vllm_bridge.client import Client, Session, connect

WARM_UP = 50
ROWS = (("hint", False), ("hint", True), ("strict_queue", False))


@dataclass
class Row:
    """One kind of session."""

    kind: str
    open_p50: float
    open_mean: float
    megabytes: float


def resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def measure(client: Client, pid: int, affinity: str, used: bool, sessions: int) -> Row:
    """Open so many, and see what that took."""

    def open_one() -> Session:
        session = client.open_session(affinity=affinity)
        if used:
            session.call("get_pp_indices", 61, 0, 4, timeout=timedelta(seconds=30))
        return session

    # Returns when a rank is up.
    client.open_session(affinity="strict_queue", timeout=timedelta(minutes=2)).close()
    for _ in range(WARM_UP):
        open_one().close()
    before = resident(pid)
    times = []
    kept = []
    for _ in range(sessions):
        started = time.perf_counter()
        session = client.open_session(affinity=affinity)
        times.append(time.perf_counter() - started)
        kept.append(session)
        if used:
            session.call("get_pp_indices", 61, 0, 4, timeout=timedelta(seconds=30))
    return Row(
        f"{affinity}{', used once' if used else ''}",
        statistics.median(times),
        statistics.fmean(times),
        resident(pid) - before,
    )


def main() -> None:
    """Run a pool per row and print the table."""
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(f"| {sessions} sessions | open p50 (us) | open mean (us) | pool's memory (MB) |")
    print("|---|---|---|---|")
    for affinity, used in ROWS:
        command = [sys.executable, "-m", "vllm_bridge", "serve", "--embedded"]
        command += ["--max-sessions", str(sessions + 1)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as pool:
            assert pool.stdout is not None
            ready = json.loads(pool.stdout.readline())
            with connect(ready["endpoint"]) as client:
                row = measure(client, ready["pid"], affinity, used, sessions)
            assert pool.stdin is not None
            pool.stdin.close()
        print(
            f"| {row.kind} | {row.open_p50 * 1e6:.0f} | {row.open_mean * 1e6:.0f} | "
            f"{row.megabytes:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
