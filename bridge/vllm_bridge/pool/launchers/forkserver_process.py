"""Starting the forkserver. Imports little: the command line does this before it imports gRPC, so
that torch loads in the forkserver while the pool gets ready to listen."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from vllm_bridge.process.import_path import PYTHON_PATH, bootstrap, without_empty_entries
from vllm_bridge.process.rank_environment import RANK_DEFAULTS
from vllm_bridge.transport.server_token import SECRET_VARIABLES


@dataclass(frozen=True)
class ForkserverProcess:
    """A started forkserver: the process, its socket and the read end of its stderr."""

    popen: subprocess.Popen[bytes]
    socket: socket.socket
    stderr: int

    def abandon(self) -> None:
        """End it, and let go of it."""
        self.popen.kill()
        self.popen.wait()
        self.socket.close()
        os.close(self.stderr)


def spawn_forkserver(entry_point: str, *directories: Path) -> ForkserverProcess:
    """Start one. It serves once it has imported torch; requests may be sent at once.

    It removes the directories when the pool is gone.

    Raises:
        OSError: no process, or no descriptors for it.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs, contextlib.ExitStack() as on_failure:
        on_failure.callback(ours.close)
        stderr_read, stderr_write = os.pipe2(os.O_CLOEXEC)
        on_failure.callback(os.close, stderr_read)
        try:
            popen = subprocess.Popen(
                [
                    sys.executable,
                    *bootstrap("vllm_bridge.pool.launchers.forkserver"),
                    str(theirs.fileno()),
                    entry_point,
                    *map(str, directories),
                ],
                stdin=subprocess.DEVNULL,
                stdout=stderr_write,
                stderr=stderr_write,
                pass_fds=[theirs.fileno()],
                env=rank_environment(),
                # Ctrl-C and the kill of a process group are for the pool, which then ends its ranks
                # in order; the cleanup has to outlive it.
                start_new_session=True,
            )
        finally:
            os.close(stderr_write)
        on_failure.pop_all()
    return ForkserverProcess(popen, ours, stderr_read)


def rank_environment() -> dict[str, str]:
    """The environment of local ranks: the operator's, and defaults where it says nothing.

    Without the server's secrets: what a rank runs is chosen by clients. They have to be missing
    from the start, because `/proc/PID/environ` shows what a process was started with.
    """
    environment = {key: value for key, value in os.environ.items() if key not in SECRET_VARIABLES}
    if PYTHON_PATH in environment:
        environment[PYTHON_PATH] = without_empty_entries(environment[PYTHON_PATH])
    # Interfaces other than loopback may not reach the host itself (containers, VPNs), and ranks of
    # a local world have no business on any other.
    environment.setdefault("GLOO_SOCKET_IFNAME", "lo")
    for name, value in RANK_DEFAULTS.items():
        environment.setdefault(name, value)
    environment["PYTHONUNBUFFERED"] = "1"
    return environment
