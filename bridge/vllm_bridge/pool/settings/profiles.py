"""Timeout profiles: names for pairs of a call timeout and a stream timeout.

Clients resolve them, since the deadline travels with each call; the pool only serves the table, so
that all clients of a server mean the same by a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from vllm_bridge._generated import pool_pb2
from vllm_bridge.durations import to_duration

CALL_TIMEOUT = timedelta(seconds=120)
STREAM_TIMEOUT = timedelta(seconds=1_800)


@dataclass(frozen=True)
class TimeoutProfile:
    """Timeouts of one name; None is no deadline at all."""

    call_timeout: timedelta | None = CALL_TIMEOUT
    stream_timeout: timedelta | None = STREAM_TIMEOUT

    def to_message(self, name: str) -> pool_pb2.TimeoutProfile:
        """As clients get it."""
        message = pool_pb2.TimeoutProfile(name=name)
        if self.call_timeout is not None:
            message.call_timeout.CopyFrom(to_duration(self.call_timeout))
        if self.stream_timeout is not None:
            message.stream_timeout.CopyFrom(to_duration(self.stream_timeout))
        return message


STANDARD: Mapping[str, TimeoutProfile] = MappingProxyType(
    {
        "default": TimeoutProfile(),
        "ml_inference": TimeoutProfile(call_timeout=timedelta(seconds=600)),
        "batch_job": TimeoutProfile(call_timeout=None, stream_timeout=None),
        "streaming": TimeoutProfile(),
    }
)
