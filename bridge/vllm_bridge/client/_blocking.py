"""How the blocking client waits: what its coroutines ask for blocks the calling thread."""

from __future__ import annotations

import contextlib
import contextvars
import importlib
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

import grpc

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
from vllm_bridge.client._frames.connection import Connection, FrameCall
from vllm_bridge.client._worlds.outcomes import Outcome
from vllm_bridge.process import background
from vllm_bridge.transport.frames.calling import Cancelled, Metadata

T = TypeVar("T")

# Most calls of a world have ended by then, one after the other; only those that have not are waited
# for in threads.
_SOON_SECONDS = 0.005


def now(work: Coroutine[Any, Any, T]) -> T:
    """The outcome of a coroutine over `Blocking`, which never waits by itself."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    work.close()
    raise RuntimeError("a coroutine of the blocking client was suspended; this is a defect")


@contextlib.contextmanager
def blocking(manager: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """An asynchronous context manager over `Blocking`, for `with`."""
    value = now(_entering(manager))
    try:
        yield value
    except BaseException as error:
        if not now(_exiting(manager, error)):
            raise
    else:
        now(_exiting(manager, None))


async def _entering(manager: AbstractAsyncContextManager[T]) -> T:
    return await manager.__aenter__()


async def _exiting(
    manager: AbstractAsyncContextManager[Any], error: BaseException | None
) -> bool | None:
    kind = None if error is None else type(error)
    return await manager.__aexit__(kind, error, None if error is None else error.__traceback__)


class Blocking:
    """`Io` that blocks its thread."""

    def check(self) -> None:
        """Any thread is."""

    def lock(self) -> Lock:
        """A new one."""
        return _Lock()

    def promise(self) -> Promise[Any]:
        """A new one."""
        return _Promise()

    def own(self) -> Own:
        """Of each thread."""
        return _OfThread()

    def background(self, work: Callable[..., Coroutine[Any, Any, None]], *args: object) -> None:
        """In a thread of its own."""
        background.thread("turns of a client", lambda: now(work(*args))).start()

    @contextlib.contextmanager
    def alarm(self, limit: float | None, action: Callable[[], object]) -> Iterator[None]:
        """For `with`: do that when the block lasts longer."""
        if limit is None:
            yield
            return
        timer = threading.Timer(limit, action)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    async def load(self, module: str) -> None:
        """Import it."""
        if module not in sys.modules:
            importlib.import_module(module)

    def channel(self, target: str, options: Any, credentials: Any) -> Any:
        """A channel of gRPC."""
        if credentials is None:
            return grpc.insecure_channel(target, options=options)
        return grpc.secure_channel(target, credentials, options=options)

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
        """One that nobody cancels is made when its answer is asked for, which is faster."""
        limit = seconds(timeout)
        to_call = channel.unary_unary(method)
        if cancellable:
            return _GrpcFuture(to_call.future(request, timeout=limit, metadata=metadata))
        return _GrpcCall(lambda: to_call(request, timeout=limit, metadata=metadata))

    def stream(
        self, channel: Any, method: str, request: bytes, timeout: timedelta | None, metadata: Any
    ) -> Stream:
        """A stream over gRPC."""
        call = channel.unary_stream(method)(request, timeout=seconds(timeout), metadata=metadata)
        return _Stream(call)

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
        return _Frames(Connection(path))

    async def close(self, channel: Any) -> None:
        """End a channel of gRPC."""
        channel.close()

    async def settled(
        self,
        begun: Mapping[int, Collected],
        heard: Callable[[int, Outcome], object],
        failed: Callable[[], bool],
        grace: float,
    ) -> None:
        """Those that take long are waited for in a thread each."""
        soon = time.monotonic() + _SOON_SECONDS
        left = {}
        for number, call in begun.items():
            if await call.ended(soon):
                heard(number, await _outcome(call))
            else:
                left[number] = call
        outcomes: SimpleQueue[tuple[int, Outcome]] = SimpleQueue()

        def wait(number: int, call: Collected) -> None:
            outcomes.put((number, now(_outcome(call))))

        for number, call in left.items():
            context = contextvars.copy_context()
            background.thread("a call of a world", context.run, wait, number, call).start()
        over: float | None = None
        while left:
            if over is None and failed():
                over = time.monotonic() + grace
            try:
                limit = None if over is None else max(over - time.monotonic(), 0.0)
                number, outcome = outcomes.get(timeout=limit)
            except Empty:
                return
            del left[number]
            heard(number, outcome)


async def _outcome(call: Collected) -> Outcome:
    # What it raises is its caller's.
    try:
        return Outcome(await call.result(None))
    except Exception as error:  # noqa: BLE001
        return Outcome(error=error)


class _Lock:
    def __init__(self) -> None:
        self._lock = threading.Lock()

    async def acquire(self, limit: float | None) -> bool:
        return self._lock.acquire(timeout=-1 if limit is None else max(limit, 0.0))

    def release(self) -> None:
        self._lock.release()


class _Promise(Generic[T]):
    def __init__(self) -> None:
        self._future: Future[T] = Future()

    def keep(self, value: T) -> None:
        self._future.set_result(value)

    async def value(self) -> T:
        return self._future.result()


class _OfThread:
    def __init__(self) -> None:
        self._own = threading.local()

    def ids(self) -> list[str]:
        found: list[str] | None = getattr(self._own, "ids", None)
        if found is None:
            self._own.ids = found = []
        return found


class _GrpcCall:
    carrier = "grpc"

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make

    async def answer(self) -> bytes:
        return self._make()

    async def wait(self, ends: float | None) -> bool:
        raise NotImplementedError("it is made when its answer is asked for")

    def done(self) -> bool:
        return False

    def cancel(self) -> bool:
        return False


class _GrpcFuture:
    carrier = "grpc"

    def __init__(self, future: Any) -> None:
        self._future = future

    async def answer(self) -> bytes:
        try:
            answer: bytes = self._future.result()
        except grpc.FutureCancelledError:
            raise Cancelled from None
        except BaseException:
            self._future.cancel()
            raise
        return answer

    async def wait(self, ends: float | None) -> bool:
        left = None if ends is None else max(ends - time.monotonic(), 0.0)
        try:
            self._future.exception(timeout=left)
        except grpc.FutureTimeoutError:
            return False
        except grpc.FutureCancelledError:
            return True
        return True

    def done(self) -> bool:
        return bool(self._future.done())

    def cancel(self) -> bool:
        return not self._future.done() and bool(self._future.cancel())


class _Stream:
    def __init__(self, call: Any) -> None:
        self._call = call
        self._cancelled = False

    async def started(self) -> None:
        self._call.initial_metadata()

    async def next(self) -> bytes:
        try:
            answer: bytes = next(self._call)
        except StopIteration:
            raise StopAsyncIteration from None
        except grpc.RpcError:
            if self._cancelled:
                raise Cancelled from None
            raise
        return answer

    def cancel(self) -> None:
        self._cancelled = True
        self._call.cancel()

    @property
    def active(self) -> bool:
        return bool(self._call.is_active())


class _Frames:
    """A `Connection`, as the coroutines want it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def over(self) -> bool:
        return self._connection.over

    def begin(
        self,
        method: str,
        request: bytes,
        timeout: timedelta | None,
        metadata: Metadata,
        *,
        later: bool,
        alone: bool,
    ) -> Call:
        begun = self._connection.begin(method, request, timeout, metadata, later=later, alone=alone)
        return _FrameCall(begun)

    def close(self) -> None:
        self._connection.close()


class _FrameCall:
    carrier = "frames"

    def __init__(self, call: FrameCall) -> None:
        self._call = call
        self.done, self.cancel = call.done, call.cancel

    async def answer(self) -> bytes:
        return self._call.answer()

    async def wait(self, ends: float | None) -> bool:
        return self._call.wait(ends)
