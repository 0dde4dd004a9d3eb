"""The pool's side of the process in which Ray runs (`vllm_bridge.ray.driver`)."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launchers.protocol import Exit, describe_status, no_room
from vllm_bridge.pool.launchers.stderr import StderrTap, forwarder
from vllm_bridge.process import background
from vllm_bridge.process.import_path import PYTHON_PATH, bootstrap, without_empty_entries
from vllm_bridge.ray import messages
from vllm_bridge.transport.server_token import SECRET_VARIABLES

# For it to leave the cluster in order; then it is killed, and Ray ends its actors.
CLOSE_SECONDS = 5.0

# For the last it wrote to stderr.
DRAIN_SECONDS = 0.5

_READ_BYTES = 64 * 1024


class RayProcess:
    """One such process. It is of one cluster, and of all worlds there."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        stderr: int,
    ) -> None:
        self.pid = process.pid
        self._process = process
        self._reader = reader
        self._writer = writer
        self._stderr = StderrTap(stderr, "ray", forwarder())
        self._numbers = 0
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._listeners: dict[str, Callable[[messages.Message], None]] = {}
        # How it ended: "the process that runs Ray (pid 7) was killed by signal 9 (SIGKILL)".
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        background.task("hearing of Ray", self._read(), self._lost)
        background.task("waiting for the end of Ray", self._watch(), self._lost)

    @classmethod
    async def start(cls) -> RayProcess:
        """Start one.

        Raises:
            BridgeError: Ray is not installed, or there is no room for a process.
        """
        check_installed()
        try:
            ours, theirs = socket.socketpair()
            with theirs, contextlib.ExitStack() as on_failure:
                on_failure.callback(ours.close)
                stderr_read, stderr_write = os.pipe2(os.O_CLOEXEC)
                on_failure.callback(os.close, stderr_read)
                try:
                    process = await asyncio.create_subprocess_exec(
                        sys.executable,
                        *bootstrap("vllm_bridge.ray.driver"),
                        str(theirs.fileno()),
                        str(os.getpid()),
                        stdin=asyncio.subprocess.DEVNULL,
                        stdout=stderr_write,
                        stderr=stderr_write,
                        pass_fds=[theirs.fileno()],
                        env=_environment(),
                        # Ctrl-C is for the pool, which then ends its worlds in order.
                        start_new_session=True,
                    )
                finally:
                    os.close(stderr_write)
                on_failure.pop_all()
            reader, writer = await asyncio.open_connection(sock=ours)
        except OSError as error:
            raise no_room(error) from None
        return cls(process, reader, writer, stderr_read)

    async def ask(self, operation: str, **arguments: Any) -> Any:
        """Have it do something.

        Raises:
            BridgeError: why it did not.
        """
        self._numbers += 1
        number = self._numbers
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self.tell(operation, number, **arguments)
            events: set[asyncio.Future[Any]] = {answer, self.ended}
            await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._asked.pop(number, None)
        if not answer.done():
            raise BridgeError(
                Category.POOL,
                "ray_died",
                f"{self.ended.result()}; start the world again, which starts another",
            )
        return answer.result()

    def tell(self, operation: str, number: int = 0, **arguments: Any) -> None:
        """Have it do something, and do not wait for the answer."""
        if not self.ended.done():
            self._writer.write(messages.packed({"id": number, "op": operation, **arguments}))

    def exit_of(self, rank_id: str) -> asyncio.Future[tuple[Exit, str]]:
        """How that rank will have ended, with the last that it wrote to stderr."""
        loop = asyncio.get_running_loop()
        exited: asyncio.Future[tuple[Exit, str]] = loop.create_future()

        def heard(event: messages.Message) -> None:
            if not exited.done():
                exited.set_result(_exit(event))

        def gone(ended: asyncio.Future[str]) -> None:
            if not exited.done():
                exited.set_result((Exit(f"lost because {ended.result()}", quiet=True), ""))

        self._listeners[rank_id] = heard
        self.ended.add_done_callback(gone)
        exited.add_done_callback(lambda _: self._forget(rank_id, gone))
        return exited

    async def close(self) -> None:
        """End it: it leaves the cluster, and its actors end."""
        self._writer.close()
        await asyncio.wait({self.ended}, timeout=CLOSE_SECONDS)
        if not self.ended.done():
            self._process.kill()
            await asyncio.shield(self.ended)

    def _forget(self, rank_id: str, gone: Callable[[asyncio.Future[str]], None]) -> None:
        self._listeners.pop(rank_id, None)
        self.ended.remove_done_callback(gone)

    async def _read(self) -> None:
        reader = messages.Reader()
        while data := await self._reader.read(_READ_BYTES):
            for message in reader.feed(data):
                with background.step("reading what Ray says"):
                    self._note(message)

    def _note(self, message: messages.Message) -> None:
        if "event" in message:
            listener = self._listeners.get(message["rank_id"])
            if listener is not None:
                listener(message)
            return
        answer = self._asked.get(message["id"])
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(_error(message["error"]))
        else:
            answer.set_result(message["answer"])

    async def _watch(self) -> None:
        status = await self._process.wait()
        await self._stderr.drained(DRAIN_SECONDS)
        self._end(Exit(describe_status(status)).clause())

    def _lost(self, error: BaseException) -> None:
        """It may live, but nobody hears of it: its ranks end with it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._end(f"was lost ({type(error).__name__}: {error})")

    def _end(self, how: str) -> None:
        if not self.ended.done():
            self.ended.set_result(f"the process that runs Ray (pid {self.pid}) {how}")
            self._writer.close()
            self._stderr.close()


def check_installed() -> None:
    """Raise where Ray is not installed.

    Raises:
        BridgeError: (validation, `ray_missing`)
    """
    if importlib.util.find_spec("ray") is None:
        raise BridgeError(
            Category.VALIDATION,
            "ray_missing",
            'distributed_executor_backend is "ray", and Ray is not installed where the pool runs '
            f"({sys.executable}); pip install vllm-distributed[ray]",
        )


def _error(told: messages.Message) -> BridgeError:
    reason, message, details = told["reason"], told["message"], told["details"]
    if reason == "ray_unreachable":
        return BridgeError(Category.POOL, "ray_unreachable", message, details=details)
    if reason == "ray_no_room":
        return BridgeError(Category.POOL, "ray_no_room", message, details=details)
    if reason == "ray_failed":
        return BridgeError(Category.POOL, "ray_failed", message, details=details)
    if reason == "launch_failed":
        return BridgeError(Category.WORKER, "launch_failed", message, details=details)
    return BridgeError(Category.VALIDATION, "invalid_argument", message, details=details)


def _exit(event: messages.Message) -> tuple[Exit, str]:
    if event["event"] == "lost":
        return Exit(f"lost: {event['why']}", quiet=True), ""
    number = event.get("signal")
    status = event["status"] if number is None else -number
    quiet = number in (9, 15) or status == 0
    return Exit(describe_status(status), quiet=quiet), event["stderr"]


def _environment() -> dict[str, str]:
    """Ray's own: the operator's, without the server's secrets, which actors would inherit."""
    environment = {key: value for key, value in os.environ.items() if key not in SECRET_VARIABLES}
    if PYTHON_PATH in environment:
        environment[PYTHON_PATH] = without_empty_entries(environment[PYTHON_PATH])
    environment["PYTHONUNBUFFERED"] = "1"
    # Its lines go on to the operator's stderr, all of them.
    environment.setdefault("RAY_COLOR_PREFIX", "0")
    environment.setdefault("RAY_DEDUP_LOGS", "0")
    return environment
