"""How long a time may be: any length, of which the far end and the kernel see at most ten years.

Clocks of kernels, of gRPC and of protobuf end at different places, some after less than three
centuries, and what lies beyond one wraps around to the past. A longer time than `LONGEST` is
therefore none at all: nobody sees the difference.
"""

from __future__ import annotations

from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

LONGEST = timedelta(days=3650)
LONGEST_S = LONGEST.total_seconds()


def clamped(time: timedelta) -> timedelta:
    """The time, or the longest that everything can count."""
    return max(min(time, LONGEST), -LONGEST)


def of_seconds(number: float) -> timedelta:
    """So many seconds, infinity included."""
    return timedelta(seconds=max(min(number, LONGEST_S), -LONGEST_S))


def seconds_or_none(time: timedelta | None) -> float | None:
    """For a wait or a deadline: None, no limit, also where the time is longer than `LONGEST`."""
    return None if time is None or time >= LONGEST else time.total_seconds()


def to_duration(time: timedelta) -> Duration:
    """The time as a message; its own class refuses what is longer than it can say."""
    message = Duration()
    message.FromTimedelta(clamped(time))
    return message


def from_duration(message: Duration) -> timedelta:
    """The time that a message says; messages can say more than `timedelta`."""
    limit = int(LONGEST_S)
    if not -limit < message.seconds < limit:
        return LONGEST if message.seconds > 0 else -LONGEST
    return timedelta(seconds=message.seconds, microseconds=message.nanos // 1000)
