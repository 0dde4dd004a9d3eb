"""How the asynchronous client waits: by awaiting, in the event loop in which it was first used."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
import time
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Protocol, TypeVar

import grpc
import grpc.aio

from vllm_bridge.aio._frames import Connection
from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._calls.io import (
    Call,
    Collected,
    FramesConnection,
    Lock,
    Own,
    Promise,
    Stream,
)
from vllm_bridge.client._worlds.outcomes import Outcome
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.process import background
from vllm_bridge.transport.frames.calling import Cancelled, Metadata

T = TypeVar("T")


class Manager(Protocol):
    """What `async with` takes."""

    async def __aenter__(self) -> Any:
        """Begin."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        """End."""


M = TypeVar("M", bound=Manager)


class Opening(Generic[M]):
    """What has to be asked for: `await` it, or use it with `async with`, which also ends it."""

    def __init__(self, ask: Callable[[], Awaitable[M]]) -> None:
        self._ask = ask
        self._opened: M | None = None

    def __await__(self) -> Generator[Any, None, M]:
        return self._ask().__await__()

    async def __aenter__(self) -> M:
        opened = self._opened = await self._ask()
        await opened.__aenter__()
        return opened

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            await opened.__aexit__(kind, error, traceback)


class Awaiting:
    """`Io` that awaits."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def check(self) -> None:
        """The loop in which it is first used."""
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        if loop is not self._loop:
            raise BridgeError(
                Category.VALIDATION,
                "other_loop",
                "this client belongs to another event loop, in which its connections are. Nothing "
                "was sent. Make a client in each loop, with connect()",
                details={"ran": False},
            )

    def lock(self) -> Lock:
        """A new one."""
        return _Lock()

    def promise(self) -> Promise[Any]:
        """A new one."""
        return _Promise()

    def own(self) -> Own:
        """Of each task."""
        return _OfTask()

    def background(self, work: Callable[..., Coroutine[Any, Any, None]], *args: object) -> None:
        """In a task of its own."""
        background.task("turns of a client", work(*args))

    @contextlib.contextmanager
    def alarm(self, limit: float | None, action: Callable[[], object]) -> Iterator[None]:
        """For `with`: do that when the block lasts longer."""
        if limit is None:
            yield
            return
        timer = asyncio.get_running_loop().call_later(limit, action)
        try:
            yield
        finally:
            timer.cancel()

    async def load(self, module: str) -> None:
        """Import it, without holding up the loop."""
        if module not in sys.modules:
            await asyncio.to_thread(importlib.import_module, module)

    def channel(self, target: str, options: Any, credentials: Any) -> Any:
        """A channel of gRPC."""
        if credentials is None:
            return grpc.aio.insecure_channel(target, options=options)
        return grpc.aio.secure_channel(target, credentials, options=options)

    async def call(
        self,
        channel: Any,
        method: str,
        request: bytes,
        timeout: timedelta | None,
        metadata: Metadata,
        *,
        cancellable: bool,
    ) -> Call:
        """Begin a call over gRPC."""
        begun = channel.unary_unary(method)(
            request, timeout=seconds(timeout), metadata=tuple(metadata)
        )
        return _GrpcCall(begun)

    def stream(
        self, channel: Any, method: str, request: bytes, timeout: timedelta | None, metadata: Any
    ) -> Stream:
        """A stream over gRPC."""
        begun = channel.unary_stream(method)(
            request, timeout=seconds(timeout), metadata=tuple(metadata)
        )
        return _Stream(begun)

    def exchange(
        self,
        channel: Any,
        method: str,
        requests: Iterator[bytes],
        timeout: timedelta | None,
        metadata: Metadata,
    ) -> Stream:
        """A stream over gRPC, of answers to a stream of requests."""
        begun = channel.stream_stream(method)(
            requests, timeout=seconds(timeout), metadata=tuple(metadata)
        )
        return _Stream(begun)

    async def frames(self, path: Path) -> FramesConnection:
        """A frames connection."""
        return Connection(path)

    async def close(self, channel: Any) -> None:
        """End a channel of gRPC."""
        await channel.close()

    async def settled(
        self,
        begun: Mapping[int, Collected],
        heard: Callable[[int, Outcome], object],
        failed: Callable[[], bool],
        grace: float,
    ) -> None:
        """A task for each."""
        tasks = {
            background.awaited("a call of a world", _outcome(call)): number
            for number, call in begun.items()
        }
        pending: set[asyncio.Task[Outcome]] = set(tasks)
        over: float | None = None
        try:
            while pending:
                if over is None and failed():
                    over = time.monotonic() + grace
                limit = None if over is None else max(over - time.monotonic(), 0.0)
                ended, pending = await asyncio.wait(
                    pending, timeout=limit, return_when=asyncio.FIRST_COMPLETED
                )
                if not ended:
                    return
                for task in ended:
                    heard(tasks[task], task.result())
        finally:
            for task in pending:
                task.cancel()


async def _outcome(call: Collected) -> Outcome:
    # What it raises is its caller's.
    try:
        return Outcome(await call.result(None))
    except Exception as error:  # noqa: BLE001
        return Outcome(error=error)


class _Lock:
    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def acquire(self, limit: float | None) -> bool:
        if limit is None or not self._lock.locked():
            return await self._lock.acquire()
        try:
            return await asyncio.wait_for(self._lock.acquire(), limit)
        except asyncio.TimeoutError:
            return False

    def release(self) -> None:
        self._lock.release()


class _Promise(Generic[T]):
    def __init__(self) -> None:
        self._future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def keep(self, value: T) -> None:
        self._future.set_result(value)

    async def value(self) -> T:
        return await asyncio.shield(self._future)


class _OfTask:
    def __init__(self) -> None:
        self._own: weakref.WeakKeyDictionary[Any, list[str]] = weakref.WeakKeyDictionary()

    def ids(self) -> list[str]:
        return self._own.setdefault(asyncio.current_task(), [])


class _GrpcCall:
    carrier = "grpc"

    def __init__(self, call: Any) -> None:
        self._call = call
        self._cancelled = False
        self._ended = asyncio.Event()
        call.add_done_callback(lambda _: self._ended.set())

    async def answer(self) -> bytes:
        try:
            answer: bytes = await self._call
        except asyncio.CancelledError:
            if self._cancelled:
                raise Cancelled from None
            # The task is: so is its call, by gRPC.
            raise
        return answer

    async def wait(self, ends: float | None) -> bool:
        left = None if ends is None else max(ends - time.monotonic(), 0.0)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._ended.wait(), left)
        return self.done()

    def done(self) -> bool:
        return bool(self._call.done())

    def cancel(self) -> bool:
        if not self._call.cancel():
            return False
        self._cancelled = True
        return True


class _Stream:
    def __init__(self, call: Any) -> None:
        self._call = call
        self._cancelled = False

    async def started(self) -> None:
        await self._call.initial_metadata()

    async def next(self) -> bytes:
        try:
            answer: bytes = await self._call.read()
        except asyncio.CancelledError:
            if self._cancelled:
                raise Cancelled from None
            raise
        except grpc.RpcError:
            if self._cancelled:
                raise Cancelled from None
            raise
        if answer is grpc.aio.EOF:
            raise StopAsyncIteration
        return answer

    def cancel(self) -> None:
        self._cancelled = True
        self._call.cancel()

    @property
    def active(self) -> bool:
        return not self._call.done()
