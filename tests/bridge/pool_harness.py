"""Real pools as child processes, and what tests want to know of them."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from vllm_bridge.client import Client, Session, connect

HERE = Path(__file__).parent
FAKE_RANK = "fake_rank:main"
FAKE = "/vllm.distributed.v1.Fake/"

SHORT = timedelta(seconds=10)


def eventually(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something observable; fail with what it was still at the deadline."""
    give_up = time.monotonic() + seconds
    while True:
        value = condition()
        if value is True:
            return
        if time.monotonic() > give_up:
            pytest.fail(f"not so after {seconds} s: {value!r}")
        # The pace of looking, not a wait that anything depends on.
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def stop_process(pid: int) -> None:
    """Have a process stand still, all of its threads: the signal alone takes a moment, in which a
    thread may still answer a call."""

    def states() -> set[str]:
        tasks = Path(f"/proc/{pid}/task").glob("*/stat")
        return {task.read_text().rpartition(")")[2].split()[0] for task in tasks}

    os.kill(pid, signal.SIGSTOP)
    eventually(lambda: states() == {"T"})


def children(pid: int) -> list[int]:
    """Pids of direct children."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def stderr_of(process: subprocess.Popen[str]) -> str:
    """All of a finished process's stderr."""
    return process.communicate(timeout=20)[1]


def environment(**extra: str) -> dict[str, str]:
    """The environment of a command line under test."""
    variables = {key: value for key, value in os.environ.items() if key != "VLLM_BRIDGE_TOKEN"}
    path = os.pathsep.join([*sys.path, str(HERE)])
    return {**variables, "PYTHONPATH": path, **extra}


@dataclass
class Pool:
    """A running `vllm-bridge serve`."""

    process: subprocess.Popen[str]
    endpoint: str
    runtime_base: Path
    started_in: float
    stderr_path: Path
    # All of the ready line.
    ready: dict[str, str]
    clients: list[Client] = field(default_factory=list)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def forkserver(self) -> int:
        (pid,) = children(self.pid)
        return pid

    def stderr(self) -> str:
        return self.stderr_path.read_text()

    def runtime_dirs(self) -> list[Path]:
        return list(self.runtime_base.glob("vllm-bridge-*"))

    def client(self, token: str | None = None) -> Client:
        client = connect(self.endpoint, token=token)
        self.clients.append(client)
        return client

    def processes(self) -> list[int]:
        """The pool, the forkserver and its ranks."""
        servers = children(self.pid)
        return [self.pid, *servers, *(rank for server in servers for rank in children(server))]

    def stop(self) -> int:
        for client in self.clients:
            client.close()
        if self.process.poll() is None:
            # Not SIGTERM, which lets calls that a test has left come to their end.
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()


def start_pool(
    base: Path,
    *arguments: str,
    entry_point: str | None = FAKE_RANK,
    before: Sequence[str] = (),
    **variables: str,
) -> Pool:
    """Start one and read its ready line. `before` is a command line that starts it in its turn."""
    base.mkdir(exist_ok=True)
    command = [*before, sys.executable, "-m", "vllm_bridge", "serve", *arguments]
    if not {"--start-timeout", "--config"}.intersection(arguments):
        command += ["--start-timeout", "120"]  # loading torch takes its time on a busy machine
    if entry_point is not None:
        command += ["--rank-entry-point", entry_point]
    stderr_path = base / f"stderr-{time.monotonic_ns()}"
    begin = time.monotonic()
    with stderr_path.open("w") as stderr:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            env=environment(XDG_RUNTIME_DIR=str(base), **variables),
        )
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], 60)
    line = process.stdout.readline() if readable else ""
    took = time.monotonic() - begin
    if not line:
        process.kill()
        pytest.fail(f"no ready line; stderr:\n{stderr_path.read_text()}")
    ready = json.loads(line)
    assert ready["pid"] == process.pid
    return Pool(process, ready["endpoint"], base, took, stderr_path, ready)


@dataclass
class Block:
    """A call that holds a rank's executor until told otherwise."""

    path: Path

    def started(self) -> bool:
        return Path(f"{self.path}.started").exists()

    def pid(self) -> int:
        """Of the rank that the call has started on; 0 before it has."""
        return int(Path(f"{self.path}.started").read_text()) if self.started() else 0

    def end(self) -> None:
        self.path.unlink(missing_ok=True)


def context_of(session: Session) -> dict[str, object]:
    """Where a call of the session ran, and what arrived there."""
    found: dict[str, object] = json.loads(session.send(FAKE + "Context", b"", SHORT))
    return found
