"""How a client waits.

What a client does is written once, in coroutines over `Io`, and has two forms: `vllm_bridge.client`
runs each coroutine to its end in the calling thread, where everything that its `Io` offers waits by
blocking (`_blocking.py`); `vllm_bridge.aio` awaits it.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from vllm_bridge.transport.frames.calling import Metadata

if TYPE_CHECKING:
    from vllm_bridge.client._worlds.outcomes import Outcome

T = TypeVar("T")


class Lock(Protocol):
    """One at a time has it."""

    async def acquire(self, limit: float | None) -> bool:
        """Have it, within so many seconds; whether it came to that."""

    def release(self) -> None:
        """Let the next one have it."""


class Promise(Protocol[T]):
    """A value that several wait for."""

    def keep(self, value: T) -> None:
        """Here it is."""

    async def value(self) -> T:
        """It, when it is there."""


class Own(Protocol):
    """What each thread, or task, has for itself."""

    def ids(self) -> list[str]:
        """Its list."""


class Call(Protocol):
    """A call that was begun."""

    @property
    def carrier(self) -> str:
        """frames or grpc."""

    async def answer(self) -> bytes:
        """The response. Raises grpc.RpcError, `NotSent`, `Cancelled`."""

    async def wait(self, ends: float | None) -> bool:
        """Until it has ended, or `time.monotonic()` is beyond `ends`: whether it has."""

    def done(self) -> bool:
        """Whether it has ended."""

    def cancel(self) -> bool:
        """Give it up; False: it had ended."""


class Collected(Protocol):
    """A call whose result is collected."""

    async def ended(self, ends: float | None) -> bool:
        """As `Call.wait`."""

    async def result(self, timeout: timedelta | None) -> Any:
        """Its result. Raises BridgeError."""


class Stream(Protocol):
    """A stream of answers."""

    async def started(self) -> None:
        """When the far end has sent its headers."""

    async def next(self) -> bytes:
        """The next; raises StopAsyncIteration, grpc.RpcError, `Cancelled` after `cancel`."""

    def cancel(self) -> None:
        """End it."""

    @property
    def active(self) -> bool:
        """Whether it goes on."""


class FramesConnection(Protocol):
    """A frames connection to a rank."""

    @property
    def over(self) -> bool:
        """Whether it takes no more calls."""

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
        """Send a call. Raises `NotSent`, `FrameFailure`."""

    def close(self) -> None:
        """End it."""


class Io(Protocol):
    """What differs between the two forms."""

    def check(self) -> None:
        """Whether this is a place to use the client from. Raises BridgeError."""

    def lock(self) -> Lock:
        """A new one."""

    def promise(self) -> Promise[Any]:
        """A new one."""

    def own(self) -> Own:
        """A new one."""

    def background(self, work: Callable[..., Coroutine[Any, Any, None]], *args: object) -> None:
        """Begin a coroutine that nobody waits for."""

    def alarm(
        self, limit: float | None, action: Callable[[], object]
    ) -> AbstractContextManager[None]:
        """For `with`: do that when the block lasts longer."""

    async def load(self, module: str) -> None:
        """Import a module, which may take long."""

    def channel(self, target: str, options: Any, credentials: Any) -> Any:
        """A channel of gRPC."""

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

    def stream(
        self, channel: Any, method: str, request: bytes, timeout: timedelta | None, metadata: Any
    ) -> Stream:
        """A stream over gRPC."""

    def exchange(
        self,
        channel: Any,
        method: str,
        requests: Iterator[bytes],
        timeout: timedelta | None,
        metadata: Metadata,
    ) -> Stream:
        """A stream over gRPC, of answers to a stream of requests."""

    async def frames(self, path: Path) -> FramesConnection:
        """A frames connection. Raises OSError."""

    async def close(self, channel: Any) -> None:
        """End a channel of gRPC."""

    async def settled(
        self,
        begun: Mapping[int, Collected],
        heard: Callable[[int, Outcome], object],
        failed: Callable[[], bool],
        grace: float,
    ) -> None:
        """Say what each has come to, until all have, or `grace` seconds after one has failed."""


@contextlib.asynccontextmanager
async def held(lock: Lock) -> AsyncIterator[None]:
    """For `async with`: have the lock, however long it takes."""
    await lock.acquire(None)
    try:
        yield
    finally:
        lock.release()
