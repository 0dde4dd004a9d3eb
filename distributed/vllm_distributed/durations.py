"""How long things may take: any length a caller can name, cut to what clocks below can count.

pybind, C++ clocks and gloo count nanoseconds or less in 64 bits: of 250 years some of them make a
negative number, which is over at once. Ten years are as long as for ever to a running program, and
all of them can count that far.
"""

from __future__ import annotations

from datetime import timedelta

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError

__all__ = ["LONGEST", "LONGEST_S", "check_timeout", "cut", "cut_seconds", "of_seconds"]

LONGEST = timedelta(days=3650)
LONGEST_S = LONGEST.total_seconds()


def check_timeout(name: str, timeout: timedelta) -> timedelta:
    """Return `timeout`, a positive timedelta, of at most `LONGEST`."""
    if not isinstance(timeout, timedelta):
        raise InvalidTypeError(f"{name} must be a datetime.timedelta, got {timeout!r}")
    if timeout <= timedelta(0):
        raise InvalidArgumentError(f"{name} must be positive, got {timeout}")
    return cut(timeout)


def cut(timeout: timedelta) -> timedelta:
    """Return `timeout`, of at most `LONGEST` and at least a millisecond: torch counts those.

    >>> cut(timedelta.max) == LONGEST, cut(timedelta(microseconds=1))
    (True, datetime.timedelta(microseconds=1000))
    """
    return max(min(timeout, LONGEST), timedelta(milliseconds=1))


def cut_seconds(seconds: float) -> float:
    """Return `seconds`, of at most `LONGEST_S`, as a float.

    >>> cut_seconds(2**63), cut_seconds(1.5)
    (315360000.0, 1.5)
    """
    return float(min(seconds, LONGEST_S))


def of_seconds(seconds: float) -> timedelta:
    """Return a duration for any number of seconds.

    >>> of_seconds(10**400) == LONGEST
    True
    """
    return cut(timedelta(seconds=cut_seconds(seconds)))
