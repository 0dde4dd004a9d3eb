"""How long a call may take: its timeout, else its profile, within the deadline of `World.run`."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from datetime import timedelta
from enum import Enum
from typing import Final

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client.checks import seconds
from vllm_bridge.codec.errors import BridgeError, Category

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

# In time.monotonic(); None outside of `World.run` with a timeout.
_run_ends: ContextVar[float | None] = ContextVar("run_ends", default=None)


class Profiles:
    """The timeouts of a pool's profiles, asked for once, when the first is needed.

    `fetch` returns None where the pool has none, and raises BridgeError when it cannot be asked.
    """

    def __init__(self, default: str, fetch: Callable[[], pool_pb2.Profiles | None]) -> None:
        self._default = default or DEFAULT_PROFILE
        self._fetch = fetch
        self._lock = threading.Lock()
        self._table: Mapping[str, timedelta | None] | None = None
        self._streams: Mapping[str, timedelta | None] = STANDARD_STREAMS

    def resolve(self, timeout: Timeout, profile: str) -> timedelta | None:
        """The time a call has.

        Raises:
            BridgeError: (validation, `unknown_timeout_profile`) there is no such profile; (timeout,
                `deadline_exceeded`) the time of `World.run` is over.
        """
        found = self._of_profile(profile) if isinstance(timeout, Unset) else timeout
        seconds(found)
        ends = _run_ends.get()
        if ends is None:
            return found
        left = timedelta(seconds=ends - time.monotonic())
        if left <= timedelta(0):
            raise BridgeError(
                Category.TIMEOUT,
                "deadline_exceeded",
                "the timeout of World.run is over; this call was not sent",
                details={"state": "unsent", "ran": False},
            )
        return left if found is None else min(found, left)

    def resolve_stream(self, timeout: Timeout, profile: str) -> timedelta | None:
        """The time a stream has. Raises as `resolve`, where there is no such profile."""
        if not isinstance(timeout, Unset):
            seconds(timeout)
            return timeout
        self._asked()
        return self._named(self._streams, profile)

    def _of_profile(self, profile: str) -> timedelta | None:
        return self._named(self._asked(), profile)

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

    def _asked(self) -> Mapping[str, timedelta | None]:
        with self._lock:
            if self._table is None:
                try:
                    message = self._fetch()
                    self._table = _table(message)
                    self._streams = _streams(message)
                except BridgeError:
                    # The call itself will say that the pool cannot be reached.
                    return STANDARD
            return self._table


@contextlib.contextmanager
def within(timeout: timedelta | None) -> Iterator[None]:
    """Let no call that is made inside, in this thread, last beyond the timeout."""
    if timeout is None:
        yield
        return
    token = _run_ends.set(time.monotonic() + timeout.total_seconds())
    try:
        yield
    finally:
        _run_ends.reset(token)


def _table(message: pool_pb2.Profiles | None) -> Mapping[str, timedelta | None]:
    if message is None:
        return STANDARD
    served = {
        profile.name: profile.call_timeout.ToTimedelta()
        if profile.HasField("call_timeout")
        else None
        for profile in message.profiles
    }
    return {**STANDARD, **served}


def _streams(message: pool_pb2.Profiles | None) -> Mapping[str, timedelta | None]:
    if message is None:
        return STANDARD_STREAMS
    served = {
        profile.name: profile.stream_timeout.ToTimedelta()
        if profile.HasField("stream_timeout")
        else None
        for profile in message.profiles
    }
    return {**STANDARD_STREAMS, **served}
