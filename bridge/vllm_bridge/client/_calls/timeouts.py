"""How long a call may take: its timeout, else its profile, within the deadline of `World.run`."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import timedelta
from enum import Enum
from typing import Final

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls import runs
from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._calls.io import Io, Promise
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.durations import from_duration

DEFAULT_CALL_TIMEOUT = timedelta(seconds=120)

DEFAULT_STREAM_TIMEOUT = timedelta(seconds=1800)

CONTROL_TIMEOUT = timedelta(seconds=30)
"""For the pool's own calls, which run nothing of the user's."""

ASK_TIMEOUT = timedelta(seconds=2)
"""To find out what became of a call that failed without a word."""

LOST_TIMEOUT = timedelta(seconds=5)
"""As `ASK_TIMEOUT`, for a rank that is gone: a late name is better than none."""


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "as the timeout profile says"


UNSET: Final = Unset.UNSET
"""No timeout was given. None is one: it waits for ever."""

Timeout = timedelta | None | Unset

DEFAULT_PROFILE = "default"

# Of pools that do not serve theirs, or cannot be asked.
STANDARD: Mapping[str, timedelta | None] = {
    DEFAULT_PROFILE: DEFAULT_CALL_TIMEOUT,
    "ml_inference": timedelta(seconds=600),
    "batch_job": None,
    "streaming": DEFAULT_CALL_TIMEOUT,
}

STANDARD_STREAMS: Mapping[str, timedelta | None] = {
    DEFAULT_PROFILE: DEFAULT_STREAM_TIMEOUT,
    "ml_inference": DEFAULT_STREAM_TIMEOUT,
    "batch_job": None,
    "streaming": DEFAULT_STREAM_TIMEOUT,
}


class Deadline:
    """The end of all that one call does: what it asks first, its retries, its second ways."""

    def __init__(self, timeout: timedelta | None) -> None:
        self.timeout = timeout
        limit = seconds(timeout)
        # In time.monotonic(); None: never.
        self.ends = None if limit is None else time.monotonic() + limit

    def left(self) -> timedelta | None:
        """What is left of the time, None for any.

        Raises:
            BridgeError: (timeout, `deadline_exceeded`) nothing.
        """
        if self.ends is None:
            return None
        left = timedelta(seconds=self.ends - time.monotonic())
        if left <= timedelta(0):
            raise self.exceeded("this call was not sent")
        return left

    def within(self, limit: timedelta) -> timedelta:
        """At most `limit` of what is left. Raises as `left`."""
        left = self.left()
        return limit if left is None else min(left, limit)

    def exceeded(self, what: str) -> BridgeError:
        """The error of a call for which there is no time."""
        limit = 0.0 if self.timeout is None else self.timeout.total_seconds()
        return BridgeError(
            Category.TIMEOUT,
            "deadline_exceeded",
            f"the timeout of {limit:g} s is over; {what}",
            details={"state": "unsent", "ran": False},
        )


class Profiles:
    """The timeouts of a pool's profiles, asked for once, when the first is needed.

    `fetch` returns None where the pool has none, and raises BridgeError when it cannot be asked.
    """

    def __init__(
        self, default: str, fetch: Callable[[], Awaitable[pool_pb2.Profiles | None]], io: Io
    ) -> None:
        self._default = default or DEFAULT_PROFILE
        self._fetch = fetch
        self._io = io
        self._lock = threading.Lock()
        # The answer that is awaited: one call asks, all others wait for the same.
        self._asking: Promise[Mapping[str, timedelta | None]] | None = None
        self.waiting = 0
        self._table: Mapping[str, timedelta | None] | None = None
        self._streams: Mapping[str, timedelta | None] = STANDARD_STREAMS

    async def resolve(self, timeout: Timeout, profile: str) -> timedelta | None:
        """The time a call has.

        Raises:
            BridgeError: (validation, `unknown_timeout_profile`) there is no such profile; (timeout,
                `deadline_exceeded`) the time of `World.run` is over.
        """
        found = await self._of_profile(profile) if isinstance(timeout, Unset) else timeout
        seconds(found)
        run = runs.current()
        left = None if run is None else run.left()
        if found is None or left is None:
            return left if found is None else found
        return min(found, left)

    async def resolve_stream(self, timeout: Timeout, profile: str) -> timedelta | None:
        """The time a stream has. Raises as `resolve`, where there is no such profile."""
        if not isinstance(timeout, Unset):
            seconds(timeout)
            return timeout
        await self._asked()
        return self._named(self._streams, profile)

    async def _of_profile(self, profile: str) -> timedelta | None:
        return self._named(await self._asked(), profile)

    def _named(self, table: Mapping[str, timedelta | None], profile: str) -> timedelta | None:
        name = profile or self._default
        if name not in table:
            raise BridgeError(
                Category.VALIDATION,
                "unknown_timeout_profile",
                f"there is no timeout profile {name!r}; this pool has {', '.join(sorted(table))}",
                details={"timeout_profile": name},
            )
        return table[name]

    async def _asked(self) -> Mapping[str, timedelta | None]:
        if self._table is not None:
            return self._table
        with self._lock:
            if self._table is not None:
                return self._table
            asking = self._asking
            if asking is None:
                asking = self._asking = self._io.promise()
                mine = True
            else:
                mine = False
            self.waiting += 1
        try:
            if mine:
                await self._ask(asking)
            return await asking.value()
        finally:
            with self._lock:
                self.waiting -= 1

    async def _ask(self, asking: Promise[Mapping[str, timedelta | None]]) -> None:
        """Ask for all that wait; they get the standard ones where the pool does not answer."""
        table: Mapping[str, timedelta | None] = STANDARD
        try:
            message = await self._fetch()
            self._streams = _streams(message)
            table = self._table = _table(message)
        except BridgeError:
            # The call itself will say that the pool cannot be reached.
            pass
        finally:
            with self._lock:
                self._asking = None
            asking.keep(table)


@contextlib.contextmanager
def within(timeout: timedelta | None) -> Iterator[None]:
    """Let no call that is made inside, in this thread or task, last beyond the timeout."""
    with runs.begin(timeout).entered():
        yield


def _table(message: pool_pb2.Profiles | None) -> Mapping[str, timedelta | None]:
    if message is None:
        return STANDARD
    served = {
        profile.name: from_duration(profile.call_timeout)
        if profile.HasField("call_timeout")
        else None
        for profile in message.profiles
    }
    return {**STANDARD, **served}


def _streams(message: pool_pb2.Profiles | None) -> Mapping[str, timedelta | None]:
    if message is None:
        return STANDARD_STREAMS
    served = {
        profile.name: from_duration(profile.stream_timeout)
        if profile.HasField("stream_timeout")
        else None
        for profile in message.profiles
    }
    return {**STANDARD_STREAMS, **served}
