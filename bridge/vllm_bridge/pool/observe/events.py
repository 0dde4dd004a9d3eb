"""What changes in a pool, told to every watcher: worlds, ranks and sessions.

The part that changes calls the hub, in the pool's event loop, at the moment of each change, and
logs the change as well. The hub numbers the event and puts it in the buffer of every subscriber
that wants it. With nobody watching an event costs a number and a log line.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from types import TracebackType

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category

MAX_BEHIND = 1_000
"""Events that a subscriber may leave unread. A world of 64 that starts and fails makes 320."""

MAX_SUBSCRIBERS = 100


class Events:
    """The hub of one server. Used inside its event loop alone."""

    def __init__(self) -> None:
        self._sequence = 0
        self._subscriptions: set[Subscription] = set()
        self._listeners: list[Callable[[], None]] = []
        self._closed = False
        # The state of everything that is there, as events: set when the server is put together.
        self.current: Callable[[], Iterable[pool_pb2.Event]] = tuple

    @property
    def sequence(self) -> int:
        """Number of the latest event; 0 before the first."""
        return self._sequence

    def on_rank(self, listener: Callable[[], None]) -> None:
        """Call this after every event of a rank."""
        self._listeners.append(listener)

    def publish_rank(self, make: Callable[[], pool_pb2.Event], world_id: str) -> None:
        """Tell of the new state of a rank, as `publish` does, and call the listeners."""
        self.publish(make, world_id)
        for listener in self._listeners:
            listener()

    def publish(self, make: Callable[[], pool_pb2.Event], world_id: str) -> None:
        """Number an event; make it if a subscriber wants it. `world_id`: empty outside a world."""
        self._sequence += 1
        event: pool_pb2.Event | None = None
        for subscription in list(self._subscriptions):
            if subscription.world_id in ("", world_id):
                if event is None:
                    # Made now, not when it is read: later the state is another one.
                    event = make()
                    event.sequence = self._sequence
                    event.at.GetCurrentTime()
                subscription.put(event)

    def subscribe(self, world_id: str = "", with_current: bool = False) -> Subscription:
        """All events from now on: of one world, or of everything when `world_id` is empty.

        With `with_current`, first what is there now; these events carry the number of the latest
        event that they include. Nothing falls between them and the first later one.

        Raises:
            BridgeError: `too_many_watchers`; `pool_stopping`.
        """
        if self._closed:
            raise _stopping()
        if len(self._subscriptions) >= MAX_SUBSCRIBERS:
            raise _TooMuch(
                "too_many_watchers",
                f"{len(self._subscriptions)} watch this server already, and at most "
                f"{MAX_SUBSCRIBERS} may; end one first",
                {"limit": MAX_SUBSCRIBERS},
            )
        current = self._now(world_id) if with_current else ()
        subscription = Subscription(world_id, deque(current), self._subscriptions.discard)
        self._subscriptions.add(subscription)
        return subscription

    def close(self) -> None:
        """End all subscriptions: the server stops."""
        self._closed = True
        for subscription in list(self._subscriptions):
            subscription.end(_stopping())

    def _now(self, world_id: str) -> Iterator[pool_pb2.Event]:
        for event in self.current():
            if not world_id or _world_of(event) == world_id:
                event.sequence = self._sequence
                event.at.GetCurrentTime()
                yield event


class Subscription:
    """One watcher's events, in order: `async with` it, then `async for`.

    The iteration raises BridgeError: `watch_too_slow` when more than `MAX_BEHIND` events were left
    unread, `pool_stopping` when the server stops.
    """

    def __init__(
        self,
        world_id: str,
        current: deque[pool_pb2.Event],
        leave: Callable[[Subscription], None],
    ) -> None:
        self.world_id = world_id
        self._current = current
        self._unread: deque[pool_pb2.Event] = deque()
        self._leave = leave
        self._error: BridgeError | None = None
        self._news = asyncio.Event()

    def put(self, event: pool_pb2.Event) -> None:
        """Keep an event for the reader, unless it is too far behind."""
        if len(self._unread) < MAX_BEHIND:
            self._unread.append(event)
            self._news.set()
            return
        self.end(
            _TooMuch(
                "watch_too_slow",
                f"{MAX_BEHIND} events wait to be read, and no more are kept; the watch ends before "
                f"event {event.sequence}. Watch again with `with_current`, and read faster",
                {"limit": MAX_BEHIND},
            )
        )

    def end(self, error: BridgeError) -> None:
        """Give the reader this error instead of its unread events."""
        self._error = self._error or error
        self._current.clear()
        self._unread.clear()
        self._leave(self)
        self._news.set()

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(self)

    async def __aiter__(self) -> AsyncIterator[pool_pb2.Event]:
        while True:
            if self._error is not None:
                raise self._error
            if self._current:
                yield self._current.popleft()
            elif self._unread:
                yield self._unread.popleft()
            else:
                self._news.clear()
                await self._news.wait()


class _TooMuch(BridgeError):
    """A limit of the hub, with the status that says so."""

    def __init__(self, reason: str, message: str, details: dict[str, object]) -> None:
        super().__init__(Category.POOL, reason, message, details=details)

    @property
    def status(self) -> grpc.StatusCode:
        return grpc.StatusCode.RESOURCE_EXHAUSTED


def _world_of(event: pool_pb2.Event) -> str:
    if event.HasField("world"):
        return event.world.world_id
    if event.HasField("rank"):
        return event.rank.world_id
    return event.session.session.world_id


def _stopping() -> BridgeError:
    return BridgeError(Category.POOL, "pool_stopping", "the pool is stopping; try its successor")
