"""A worker's process, from its first import to its last instruction."""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import stat
import sys
import tempfile
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from vllm_bridge.confinement import OFF, close_unix_sockets, confine, missing
from vllm_bridge.process.runtime_dir import RuntimeDir
from vllm_bridge.snakepit.announcing import announcer
from vllm_bridge.snakepit.options import Options, options
from vllm_bridge.transport.address import ListenError
from vllm_bridge.transport.grpc_options import SNAKEPIT_SERVER

if TYPE_CHECKING:
    import grpc

    from vllm_bridge.snakepit.worker_state import WorkerState

_logger = logging.getLogger("vllm_bridge.snakepit")

EXIT_STOPPED = 0
EXIT_FAILED = 1

# For the answers of calls that run when the worker is told to stop.
LAST_ANSWERS_SECONDS = 0.5

# For contexts that are still entered then.
LAST_EXITS_SECONDS = 0.5

HOUSEKEEPING_SECONDS = 60.0


def main(arguments: Sequence[str]) -> NoReturn:
    """Run the worker. Never returns."""
    wanted = options(arguments, os.environ)
    # gRPC's own log lines say less than our messages, and say it first.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    # In the child of user code that forks, gRPC's own handlers start threads, which crash it.
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    status = EXIT_FAILED
    try:
        status = _check() if wanted.health_check else _Worker(wanted).run()
    except BaseException:  # noqa: BLE001 - the last frame of the process
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not sys.exit: threads of gRPC and of gloo may be stuck in a call that never ends.
        os._exit(status)


def _check() -> int:
    """Import everything that a worker needs, and start nothing."""
    from vllm_bridge.snakepit import service
    from vllm_bridge.snakepit.tools import tools

    print(f"ok: {service.__name__} and {tools.__name__} can be imported")
    return EXIT_STOPPED


class _Worker:
    def __init__(self, wanted: Options) -> None:
        self._wanted = wanted
        self._stop_reading, self._stop_writing = os.pipe()
        self._failed = False

    def run(self) -> int:
        """The worker's life; returns the exit status."""
        say_port = announcer(self._wanted.ready_file) if self._wanted.ready_file else None
        place = self._confine()
        # Looking for garbage among the objects of torch takes 80 ms, and finds none.
        gc.disable()
        # The one import that takes long. What else a call needs is loaded by the thread that runs
        # the calls, before the worker is ready.
        import torch  # noqa: F401

        from vllm_bridge.snakepit.listening import listen
        from vllm_bridge.snakepit.memory import keep_freed_memory
        from vllm_bridge.snakepit.worker_state import WorkerState

        keep_freed_memory()
        state = WorkerState(self._wanted)
        self._set_up_logs(state)
        if self._wanted.policy.mode != OFF and (lacks := missing()):
            _logger.warning("this worker is not fully confined: %s", lacks)
        if self._wanted.unknown:
            _logger.warning("arguments that mean nothing here: %s", " ".join(self._wanted.unknown))
        server, port = listen(lambda: _server(state), self._wanted.port)
        server.start()
        self._load(state)
        if not self._failed:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._told_to_stop)
            if say_port is not None:
                say_port(port)
            _logger.info("ready on port %d", port)
            self._wait(state)
        _end(server, state)
        if place is not None:
            place.remove()
        return EXIT_FAILED if self._failed else EXIT_STOPPED

    def _confine(self) -> RuntimeDir | None:
        """Have the kernel refuse what a worker does not need, before there is a thread.

        Returns the directory for temporary files, where there is one.
        """
        policy = self._wanted.policy
        if policy.mode == OFF:
            return None
        if self._wanted.confine and (lacks := missing()):
            raise OSError(f"--confine {policy.mode} cannot be had on this machine: {lacks}")
        place: RuntimeDir | None
        try:
            place = RuntimeDir.create(_directory_of_workers())
        except (ListenError, OSError):
            place = None  # then /dev/shm is all there is
        # The one above it too: a user who may write there may remove it.
        own = [place.path.parent] if place else []
        confine(policy, place.path if place else None, own)
        # It listens on TCP.
        close_unix_sockets()
        return place

    def _set_up_logs(self, state: WorkerState) -> None:
        from vllm_bridge.process.logs import Fields, LogSettings, setup, to_stderr

        def fields() -> Fields:
            session_id, call_id = state.executor.running()
            known = {"run_id": self._wanted.run_id, "session_id": session_id, "call_id": call_id}
            return {"pid": os.getpid(), **known}

        setup(LogSettings(self._wanted.log_level), to_stderr, fields)

    def _load(self, state: WorkerState) -> None:
        """Return when calls wait for nothing any more."""
        error = state.executor.submit(state.load).exception()
        # What is loaded stays: the collector does not look at it again.
        gc.freeze()
        gc.enable()
        if error is not None:
            self._failed = True
            traceback.print_exception(error)

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        os.write(self._stop_writing, b"!")

    def _wait(self, state: WorkerState) -> None:
        """Return when a signal says stop, or when the process that started this one is gone."""
        watched = select.poll()
        watched.register(self._stop_reading, select.POLLIN)
        stdin = _pipe_of_owner()
        if stdin is not None:
            watched.register(stdin, select.POLLIN)
        parent = _parent()
        if parent is not None:
            watched.register(parent, select.POLLIN)
        while True:
            for descriptor, _ in watched.poll(HOUSEKEEPING_SECONDS * 1000):
                # The bytes in the pipe mean nothing to us; its end does.
                if descriptor != stdin or not os.read(descriptor, 65_536):
                    return
            in_use = frozenset(record.session_id for record in state.journal.active())
            state.sessions.expire(in_use=in_use)


def _directory_of_workers() -> Path:
    """Where this user's workers have their temporary directories. It stays; they go."""
    path = Path(tempfile.gettempdir(), f"vllm-workers-{os.geteuid()}")
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    private = not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    if not (stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and private):
        raise ListenError(f"{path} is not a private directory of this user")
    return path


def _server(state: WorkerState) -> grpc.Server:
    import grpc

    from vllm_bridge.snakepit.service import LIVE_THREADS, BridgeService

    return grpc.server(
        ThreadPoolExecutor(LIVE_THREADS, thread_name_prefix="live"),
        handlers=[BridgeService(state)],
        options=list(SNAKEPIT_SERVER),
    )


def _end(server: grpc.Server, state: WorkerState) -> None:
    server.stop(LAST_ANSWERS_SECONDS).wait(LAST_ANSWERS_SECONDS + 1)
    if state.sessions.contexts():
        # A call that is stuck in the executor is not waited for.
        wait([state.executor.submit(state.sessions.exit_contexts)], LAST_EXITS_SECONDS)


def _pipe_of_owner() -> int | None:
    """Standard input, where its end means that the owner is gone: not a terminal, not a file."""
    try:
        mode = os.fstat(0).st_mode
    except OSError:
        return None
    return 0 if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else None


def _parent() -> int | None:
    """A descriptor that is readable once the parent has ended; None where there is none."""
    try:
        return os.pidfd_open(os.getppid())
    except (AttributeError, OSError):
        return None
