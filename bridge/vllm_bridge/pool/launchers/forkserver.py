"""The forkserver: a process that has imported torch once and forks ranks from itself.

Run by the pool, which gives it the arguments `FD ENTRY_POINT DIRECTORY...`: `FD` is one end of a
`SOCK_SEQPACKET` pair, the directories are what it removes in the end. One JSON object is one
packet:

    pool -> forkserver   {"op": "fork", "id": ID}
                             with the rank's control socket, the pipe for its stderr and perhaps
                             the listening rendezvous socket as ancillary data
                         {"op": "signal", "id": ID, "signal": N}
                         {"op": "own", "path": PATH, "identity": [N, N, N]}
    forkserver -> pool   {"event": "forked", "id": ID, "pid": N}
                         {"event": "fork_failed", "id": ID, "message": TEXT}
                         {"event": "exited", "id": ID, "status": N} or {..., "signal": N}

It stays single-threaded, imports no grpc and makes no CUDA call: none of them survives a fork.

It also cleans up. Only this process sees both that the pool is gone (end of the socket, also
after kill -9) and which processes and files that leaves behind, so it removes them. Signals go
through it rather than straight from the pool, because only the process that reaps a child knows
that its pid has not been given to somebody else yet.
"""

from __future__ import annotations

import array
import contextlib
import errno
import gc
import importlib
import json
import os
import pkgutil
import select
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from vllm_bridge.process.parent import die_with, set_parent_death_signal
from vllm_bridge.process.runtime_dir import remove_directory

MAX_PACKET_BYTES = 64 * 1024
MAX_FDS = 4

# What every rank needs; importing it once is what makes a fork cheap. The pure Python modules below
# are those that `import grpc` needs in the child. The module of another entry point may have a
# `PRELOAD` of its own, which then counts in its place.
PRELOAD = (
    "torch",
    "torch.distributed",
    "msgpack",
    "asyncio",
    "concurrent.futures",
    "logging",
    "vllm_bridge.transport.control",
    "vllm_distributed",
    # Lazy in the package, because pydantic takes 0.2 s; a rank's dispatch table names it.
    "vllm_distributed.config.parallel",
    # All of a rank that needs no grpc: 80 ms of each of them.
    "vllm_bridge._generated.dispatch",
    "vllm_bridge.gate.rank_gate",
    "vllm_bridge.rank.reports",
    "vllm_bridge.rank.services",
    "vllm_bridge.rank.world.changing",
    "vllm_bridge.rank.world.joining",
)

# Longest wait for killed children before the cleanup goes on to the files.
REAP_SECONDS = 1.0


def main() -> None:
    """Run on the socket, entry point and directories named on the command line."""
    sock = socket.socket(fileno=int(sys.argv[1]))
    Forkserver(sock, entry_point=sys.argv[2], directories=sys.argv[3:]).run()


class Forkserver:
    """The main loop and what it keeps: children by pid, and files to remove at the end."""

    def __init__(self, sock: socket.socket, *, entry_point: str, directories: list[str]) -> None:
        self._socket = sock
        self._entry_point = entry_point
        self._directories = directories
        self._children: dict[int, str] = {}
        self._owned_paths: list[tuple[str, list[int]]] = []
        self._pid = os.getpid()
        self._wake_read, self._wake_write = socket.socketpair()

    def run(self) -> None:
        """Preload, then serve until the pool is gone."""
        self._preload()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _no_op)
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wake_read, selectors.EVENT_READ)
            self._selector = selector
            while self._step():
                pass
        self._clean_up()
        # What ends from now on finds no socket to say so.
        signal.set_wakeup_fd(-1)

    def _step(self) -> bool:
        for key, _ in self._selector.select():
            if key.fileobj is self._wake_read:
                with contextlib.suppress(BlockingIOError):
                    self._wake_read.recv(4096)
                self._reap()
            elif not self._serve_request():
                return False
        return True

    def _preload(self) -> None:
        # A pool that dies meanwhile must not have to wait for a slow import to be cleaned up after.
        signal.signal(signal.SIGTERM, self._orphaned)
        set_parent_death_signal(signal.SIGTERM)
        entry_module = self._entry_point.partition(":")[0]
        _import_if_there(entry_module)
        names = getattr(sys.modules.get(entry_module), "PRELOAD", PRELOAD)
        for name in (*names, *_message_modules()):
            _import_if_there(name)
        if "grpc" in sys.modules:
            # Its threads and locks do not survive a fork.
            print("the forkserver has imported grpc; ranks may hang", file=sys.stderr)
        set_parent_death_signal(0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # Keeps the collector from writing to, and so from copying, pages shared with the children.
        gc.collect()
        gc.freeze()
        gc.disable()

    def _orphaned(self, signum: int, frame: FrameType | None) -> None:
        self._socket.setblocking(False)
        with contextlib.suppress(OSError):
            while (packet := self._receive()) is not None:
                request, fds = packet
                _close_all(fds)
                if request["op"] == "own":
                    self._own(request)
        self._clean_up()
        os._exit(0)

    def _receive(self) -> tuple[dict[str, Any], list[int]] | None:
        data, fds, _, _ = socket.recv_fds(self._socket, MAX_PACKET_BYTES, MAX_FDS)
        if not data:
            return None
        return json.loads(data), fds

    def _serve_request(self) -> bool:
        try:
            packet = self._receive()
        except ConnectionResetError:
            return False
        if packet is None:
            return False
        try:
            self._obey(*packet)
        except Exception:  # noqa: BLE001 - one request fails; all ranks would die with this process
            traceback.print_exc()
        return True

    def _obey(self, request: dict[str, Any], fds: list[int]) -> None:
        if request["op"] == "fork":
            if len(fds) != len(request["fds"]):
                # The kernel drops those for which this process has no room.
                _close_all(fds)
                self._cannot_fork(request["id"], OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
            else:
                self._fork(request["id"], dict(zip(request["fds"], fds, strict=True)))
        elif request["op"] == "signal":
            self._signal(request["id"], request["signal"])
        elif request["op"] == "own":
            self._own(request)

    def _own(self, request: dict[str, Any]) -> None:
        self._owned_paths.append((request["path"], request["identity"]))

    def _fork(self, rank_id: str, fds: dict[str, int]) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            pid = os.fork()
        except OSError as error:
            _close_all(fds.values())
            self._cannot_fork(rank_id, error)
            return
        if pid == 0:
            self._become_rank(fds)
        _close_all(fds.values())
        self._children[pid] = rank_id
        self._report(event="forked", id=rank_id, pid=pid)

    def _cannot_fork(self, rank_id: str, error: OSError) -> None:
        self._report(event="fork_failed", id=rank_id, message=str(error))

    def _become_rank(self, fds: dict[str, int]) -> NoReturn:
        status = 1
        try:
            die_with(self._pid)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            for inherited in (self._socket, self._wake_read, self._wake_write):
                inherited.close()
            stderr, rendezvous = fds["stderr"], fds.get("rendezvous")
            # stdout too: the pool's own stdout carries its ready line and nothing else.
            os.dup2(stderr, 1)
            os.dup2(stderr, 2)
            os.close(stderr)
            gc.enable()
            run = resolve(self._entry_point)
            run(
                socket.socket(fileno=fds["control"]),
                None if rendezvous is None else socket.socket(fileno=rendezvous),
                fds.get("shared_gate"),
            )
            status = 0
        except SystemExit as leave:
            status = leave.code if isinstance(leave.code, int) else int(leave.code is not None)
        except BaseException:  # noqa: BLE001 - the last frame of the process: report, then leave
            traceback.print_exc()
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _signal(self, rank_id: str, number: int) -> None:
        for pid, child in self._children.items():
            if child == rank_id:
                os.kill(pid, number)

    def _reap(self) -> None:
        while self._children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            rank_id = self._children.pop(pid, None)
            if rank_id is None:
                continue
            code = os.waitstatus_to_exitcode(status)
            ending = {"status": code} if code >= 0 else {"signal": -code}
            self._report(event="exited", id=rank_id, **ending)

    def _report(self, **event: Any) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.send(json.dumps(event).encode())

    def _clean_up(self) -> None:
        for pid in self._children:
            os.kill(pid, signal.SIGKILL)
        give_up = time.monotonic() + REAP_SECONDS
        while self._children and (left := give_up - time.monotonic()) > 0:
            self._reap()
            if self._children:
                select.select([self._wake_read], [], [], left)
                with contextlib.suppress(BlockingIOError):
                    self._wake_read.recv(4096)
        for directory in self._directories:
            remove_directory(Path(directory))
        for path, identity in self._owned_paths:
            remove_if_same(path, identity)


def resolve(
    entry_point: str,
) -> Callable[[socket.socket, socket.socket | None, int | None], object]:
    """The function that `package.module:function` names."""
    module, _, name = entry_point.partition(":")
    function: Callable[[socket.socket, socket.socket | None, int | None], object]
    function = getattr(importlib.import_module(module), name)
    return function


def identity(path: str) -> list[int]:
    """What tells a file from another that takes its place later.

    The inode alone does not: file systems give the number of a removed file to the next one.
    """
    found = os.lstat(path)
    return [found.st_dev, found.st_ino, found.st_mtime_ns]


def remove_if_same(path: str, expected: list[int]) -> None:
    """Remove a file unless somebody has put another one in its place."""
    with contextlib.suppress(OSError):
        if identity(path) == expected:
            os.unlink(path)


def _message_modules() -> list[str]:
    from vllm_bridge import _generated

    return [
        f"{_generated.__name__}.{module.name}"
        for module in pkgutil.iter_modules(_generated.__path__)
        if module.name.endswith("_pb2")
    ]


def _import_if_there(name: str) -> None:
    # A preload is an economy. What is missing or broken is reported properly by the rank that needs
    # it, with its own traceback, instead of by a pool that cannot start anything.
    try:
        importlib.import_module(name)
    except Exception:  # noqa: BLE001 - whatever a third-party import may raise
        print(f"cannot preload {name}: {sys.exc_info()[1]!r}", file=sys.stderr)


def _no_op(signum: int, frame: FrameType | None) -> None:
    """SIGCHLD needs a handler for the wakeup descriptor to be written."""


def _close_all(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)


def send_packet(sock: socket.socket, message: dict[str, Any], fds: list[int]) -> None:
    """Send one request with its descriptors. Raises BlockingIOError when it does not fit."""
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    sock.sendmsg([json.dumps(message).encode()], ancillary)
