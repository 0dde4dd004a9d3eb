"""Many sessions, many callers, mixed calls, and ranks that are killed all the while.

    .venv/bin/python benchmarks/soak.py                 # ten minutes
    .venv/bin/python benchmarks/soak.py --seconds 15 --sessions 100 --callers 16 --kill-every 4

Two clients share worlds: their runs take turns, and each has to get its own sums.

Every call must be answered: with the right value, or with an error that names a rank which was
killed. The server's memory, threads, sockets and files are sampled and must not grow. Prints the
figures as JSON and leaves with status 1 when something was not so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import torch

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client import Client, Session, World, connect
from vllm_bridge.codec.errors import BridgeError
from vllm_distributed import get_pp_indices

RANKS = 4
# Longer than any wait that is in order; a call that takes it counts as lost.
CALL_TIMEOUT = timedelta(seconds=60)
SAMPLE_SECONDS = 0.5
# Worlds that two clients share, and callers of each of these.
SHARED_WORLDS = 2
SHARERS = 3

# Growth that is none: the allocator's own, and a connection that is just being made.
MEMORY_SLACK_MB = 8.0
MEMORY_SLACK_SHARE = 0.05
COUNT_SLACK = 6
"""By how much a number may rise. In a short run on a busy machine connections still come up when
the first samples are taken: `--slack`."""

_PID = re.compile(r"\(pid (\d+)\)")


@dataclass
class Counts:
    """What happened, over all callers."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    calls: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    killed: set[int] = field(default_factory=set)

    def add(self, kind: str, outcome: str, seconds: float) -> None:
        with self.lock:
            self.calls[kind] += 1
            self.outcomes[outcome] += 1
            self.seconds.append(seconds)


@dataclass(frozen=True)
class Sample:
    """The server process at one moment."""

    at: float
    memory_mb: float
    threads: int
    sockets: int
    files: int
    runtime_files: int


def sample(pid: int, runtime: Path) -> Sample:
    """Read it from /proc."""
    status = Path(f"/proc/{pid}/status").read_text()
    links = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            links.append(os.readlink(entry))
        except FileNotFoundError:
            continue
    return Sample(
        time.monotonic(),
        int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024,  # type: ignore[index]
        int(re.search(r"Threads:\s+(\d+)", status)[1]),  # type: ignore[index]
        sum(link.startswith("socket:") for link in links),
        sum(not link.startswith("socket:") for link in links),
        sum(1 for _ in runtime.iterdir()),
    )


class Caller:
    """One of the concurrent callers: random calls in random sessions, every answer checked."""

    def __init__(self, client: Client, names: list[str], counts: Counts, seed: int) -> None:
        self._client = client
        # Each caller has sessions of its own: who reopens one must not meet another who does.
        self._names = names
        self._sessions: dict[str, Session] = {}
        self._counts = counts
        self._random = random.Random(seed)

    def run(self, stop: threading.Event) -> None:
        kinds = (self._typed, self._tensors, self._objects, self._failing, self._reopen)
        weights = (50, 25, 15, 8, 2)
        while not stop.is_set():
            name = self._random.choice(self._names)
            (kind,) = self._random.choices(kinds, weights)
            self._one(kind, name)

    def open_all(self) -> None:
        for name in self._names:
            self._session(name)

    def close_all(self) -> None:
        for session in self._sessions.values():
            session.close()

    def _one(self, kind: Callable[[Session], None], name: str) -> None:
        begin = time.monotonic()
        outcome = "ok"
        try:
            kind(self._session(name))
        except BridgeError as error:
            outcome = self._judge(kind.__name__, error)
            if error.reason == "session_worker_unavailable":
                self._forget(name)
        except Exception as error:  # noqa: BLE001 - anything else is a finding
            outcome = "wrong"
            self._note(self._counts.wrong, f"{kind.__name__}: {error!r}")
        self._counts.add(kind.__name__.lstrip("_"), outcome, time.monotonic() - begin)

    def _judge(self, kind: str, error: BridgeError) -> str:
        if error.reason == "worker_busy":
            return error.reason
        named = {int(pid) for pid in _PID.findall(error.message)}
        if error.reason == "session_worker_unavailable" and named & self._counts.killed:
            return "rank_killed"
        findings = self._counts.lost if _is_lost(error) else self._counts.wrong
        self._note(findings, f"{kind}: {error.category.value}/{error.reason}: {error.message}")
        return "lost" if findings is self._counts.lost else "wrong"

    def _note(self, findings: list[str], text: str) -> None:
        with self._counts.lock:
            findings.append(text[:500])

    def _session(self, name: str) -> Session:
        session = self._sessions.get(name)
        if session is None:
            session = self._client.open_session(name, affinity=_affinity(name))
            self._sessions[name] = session
        return session

    def _forget(self, name: str) -> None:
        # As the error says: close the session and open it again to get another rank.
        session = self._sessions.pop(name, None)
        if session is not None:
            session.close()

    def _typed(self, session: Session) -> None:
        size = self._random.randint(1, 8)
        args = (self._random.randint(size, 200), self._random.randrange(size), size)
        found = session.call("get_pp_indices", *args, timeout=CALL_TIMEOUT)
        _check(found, get_pp_indices(*args))

    def _tensors(self, session: Session) -> None:
        parts = self._random.choice((1, 2, 4))
        tensor = torch.full((self._random.randint(1, 64), 64), self._random.random())
        found = session.call("split_tensor_along_last_dim", tensor, parts, timeout=CALL_TIMEOUT)
        _check(len(found), parts)
        for got, wanted in zip(found, tensor.chunk(parts, -1), strict=True):
            _check(torch.equal(got, wanted), True)

    def _objects(self, session: Session) -> None:
        count = self._random.randint(1, 1_000)
        found = session.run("torch.arange", count, timeout=CALL_TIMEOUT)
        _check(found.tolist(), list(range(count)))

    def _failing(self, session: Session) -> None:
        size = self._random.randint(1, 8)
        try:
            session.call("get_pp_indices", 61, size + 1, size, timeout=CALL_TIMEOUT)
        except BridgeError as error:
            if error.category.value != "python_error":
                raise
            _check(str(size) in error.message, True)
        else:
            raise AssertionError("a pipeline rank beyond the last was taken")

    def _reopen(self, session: Session) -> None:
        session.close()
        self._sessions.pop(session.session_id, None)
        self._session(session.session_id)


class WorldCaller:
    """Starts a world, runs collectives in it, stops it, again and again."""

    def __init__(self, client: Client, counts: Counts) -> None:
        self._client = client
        self._counts = counts

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            begin = time.monotonic()
            outcome = "ok"
            try:
                with self._client.start_world(tensor_parallel_size=2) as world:
                    for value in range(20):
                        self._all_reduce(world, float(value))
            except BridgeError as error:
                # The other ranks may also say that they lost the one that was killed.
                named = {int(pid) for pid in _PID.findall(error.message)}
                outcome = "rank_killed"
                if not named & self._counts.killed:
                    outcome = "wrong"
                    with self._counts.lock:
                        self._counts.wrong.append(f"world: {error.reason}: {error.message[:500]}")
            self._counts.add("world", outcome, time.monotonic() - begin)

    def _all_reduce(self, world: World, value: float) -> None:
        sums = world.run(
            lambda rank: rank.call(
                "tensor_model_parallel_all_reduce",
                torch.full((16,), value + (rank.info.rank or 0)),
                timeout=CALL_TIMEOUT,
            )
        )
        for found in sums:
            _check(found.tolist(), [2 * value + 1] * 16)


class SharedWorldCaller:
    """Runs collectives in worlds that others, of this client and of another, use as well."""

    def __init__(self, client: Client, names: list[str], counts: Counts, seed: int) -> None:
        self._client = client
        self._names = names
        self._counts = counts
        self._random = random.Random(seed)
        self._worlds: dict[str, World] = {}
        # No two runs, of whichever caller, have a value in common.
        self._value = float(seed * 1_000_000)

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            begin = time.monotonic()
            outcome = "ok"
            name = self._random.choice(self._names)
            try:
                self._one(name)
            except BridgeError as error:
                outcome = self._judge(name, error)
            self._counts.add("shared_world", outcome, time.monotonic() - begin)

    def _one(self, name: str) -> None:
        world = self._worlds.get(name)
        if world is None:
            world = self._client.world(name)
            if world.info.state != pool_pb2.WORLD_READY:
                self._client.restart_world(name)
                world = self._client.world(name)
            self._worlds[name] = world
        self._value += 1
        value = self._value
        size = self._random.randint(1, 8)

        def function(rank: Session) -> list[list[float]]:
            tensor = torch.full((size,), value + (rank.info.rank or 0), dtype=torch.float64)
            name = "tensor_model_parallel_all_reduce"
            sums = (rank.call(name, tensor, timeout=CALL_TIMEOUT) for _ in range(3))
            return [found.tolist() for found in sums]

        _check(world.run(function, timeout=CALL_TIMEOUT), [[[2 * value + 1] * size] * 3] * 2)

    def _judge(self, name: str, error: BridgeError) -> str:
        self._worlds.pop(name, None)
        # Another caller was faster to restart it, or is about to.
        if error.reason in ("world_exists", "stale_session"):
            return "restarted"
        named = {int(pid) for pid in _PID.findall(error.message)}
        if named & self._counts.killed:
            return "rank_killed"
        findings = self._counts.lost if _is_lost(error) else self._counts.wrong
        with self._counts.lock:
            findings.append(f"shared world: {error.reason}: {error.message}"[:500])
        return "lost" if findings is self._counts.lost else "wrong"


class Killer:
    """Kills a rank at every interval."""

    def __init__(self, client: Client, counts: Counts, every_s: float) -> None:
        self._client = client
        self._counts = counts
        self._every_s = every_s
        self._random = random.Random(0)

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(self._every_s):
            status = self._client.status()
            ranks = [*status.ranks, *(rank for world in status.worlds for rank in world.ranks)]
            pids = [rank.pid for rank in ranks if rank.state == pool_pb2.READY]
            if pids:
                pid = self._random.choice(pids)
                # Before: an answer that names it may come at once.
                self._counts.killed.add(pid)
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    self._counts.killed.discard(pid)


def _noted(run: Callable[[threading.Event], None], stop: threading.Event, counts: Counts) -> None:
    """Run it; that it ends before its time is a finding."""
    try:
        run(stop)
    except Exception as error:  # noqa: BLE001 - whatever it is
        with counts.lock:
            counts.wrong.append(f"{run!r} ended: {error!r}"[:500])


def _check(found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{found!r} is not {wanted!r}")


def _is_lost(error: BridgeError) -> bool:
    return error.category.value in ("timeout", "grpc_error")


def _affinity(name: str) -> str:
    number = int(name.rpartition("-")[2])
    return ("hint", "hint", "strict_queue", "hint", "strict_queue", "strict_fail_fast")[number % 6]


def grown(samples: list[Sample], count_slack: int) -> dict[str, tuple[float, float, bool]]:
    """Name -> (early, late, whether that is growth): medians of the second and the last fifth."""
    fifth = max(len(samples) // 5, 1)
    early, late = samples[fifth : 2 * fifth] or samples, samples[-fifth:]
    found = {}
    for name in ("memory_mb", "threads", "sockets", "files", "runtime_files"):
        before = statistics.median(getattr(one, name) for one in early)
        after = statistics.median(getattr(one, name) for one in late)
        slack: float = count_slack
        if name == "memory_mb":
            slack = MEMORY_SLACK_MB + MEMORY_SLACK_SHARE * before
        found[name] = (round(before, 1), round(after, 1), after > before + slack)
    return found


def soak(arguments: argparse.Namespace, endpoint: str, pid: int) -> dict[str, object]:
    """Run it against a server; returns the figures."""
    counts = Counts()
    runtime = Path(endpoint.removeprefix("unix:")).parent
    # One connection for a few callers, as an application would have.
    clients = [connect(endpoint) for _ in range(max(arguments.callers // 8, 1))]
    names = [f"soak-{number}" for number in range(arguments.sessions)]
    callers = [
        Caller(clients[index % len(clients)], names[index :: arguments.callers], counts, index)
        for index in range(arguments.callers)
    ]
    _in_threads([caller.open_all for caller in callers])
    stop = threading.Event()
    shared = [f"shared-{number}" for number in range(SHARED_WORLDS)]
    for name in shared:
        clients[0].start_world(world_id=name, tensor_parallel_size=2)
    two = [connect(endpoint) for _ in range(2)]
    sharers = [
        SharedWorldCaller(two[number % 2], shared, counts, number + 1)
        for number in range(2 * SHARERS)
    ]
    extra = [
        WorldCaller(clients[0], counts),
        *sharers,
        Killer(clients[0], counts, arguments.kill_every),
    ]
    threads = [
        threading.Thread(target=_noted, args=(one.run, stop, counts), daemon=True)
        for one in (*callers, *extra)
    ]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    samples = []
    while time.monotonic() - begin < arguments.seconds:
        samples.append(sample(pid, runtime))
        time.sleep(SAMPLE_SECONDS)
    stop.set()
    for thread in threads:
        thread.join(CALL_TIMEOUT.total_seconds() + 30)
    took = time.monotonic() - begin
    stuck = sum(thread.is_alive() for thread in threads)
    _in_threads([caller.close_all for caller in callers])
    for name in shared:
        clients[0].stop_world(name)
    left = clients[0].status()
    for client in (*clients, *two):
        client.close()
    growth = grown(samples, arguments.slack)
    times = sorted(counts.seconds)
    total = sum(counts.calls.values())
    ok = not (counts.wrong or counts.lost or stuck or left.sessions) and not any(
        more for _, _, more in growth.values()
    )
    return {
        "ok": ok,
        "seconds": round(took, 1),
        "sessions": arguments.sessions,
        "callers": arguments.callers,
        "calls": total,
        "calls_per_second": round(total / took),
        "by_kind": dict(counts.calls),
        "by_outcome": dict(counts.outcomes),
        "p50_ms": round(1000 * times[len(times) // 2], 2),
        "p99_ms": round(1000 * times[int(0.99 * len(times))], 2),
        "killed": len(counts.killed),
        "wrong": counts.wrong[:10],
        "lost": counts.lost[:10],
        "callers_stuck": stuck,
        "sessions_left": len(left.sessions),
        "early_late_grown": growth,
    }


def _in_threads(work: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> int:
    """Start a server, soak it, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--sessions", type=int, default=1_000)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--slack", type=int, default=COUNT_SLACK, metavar="COUNT")
    parser.add_argument("--kill-every", type=float, default=20.0, metavar="SECONDS")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as base:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "vllm_bridge", "serve"),
                *("--size", str(RANKS), "--log-level", "error"),
            ],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_RUNTIME_DIR": base},
        )
        try:
            assert server.stdout is not None
            ready = json.loads(server.stdout.readline())
            figures = soak(arguments, ready["endpoint"], server.pid)
        finally:
            server.terminate()
            server.wait(30)
        figures["server_exit"] = server.returncode
        figures["left_behind"] = [path.name for path in Path(base).iterdir()]
    if server.returncode or figures["left_behind"]:
        figures["ok"] = False
    print(json.dumps(figures, indent=2))
    return 0 if figures["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
