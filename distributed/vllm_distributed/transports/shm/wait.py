"""Waiting for another process: polling that grows patient, and sleeps that the other may end.

A core that is offered while one waits is as a rule had again in microseconds. Where it is crowded,
because processes that have nothing to do with this one want it too, it is gone for milliseconds. A
process that sleeps instead gets it as soon as it is woken, so then nobody yields for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from vllm_distributed.utils import sched_yield

__all__ = ["LONG_YIELD_S", "Wait", "is_crowded", "yielded"]

# A peer that is running answers within microseconds; one that has to be scheduled first needs the
# processor that this loop would burn. To offer it costs 0.3 us where nobody wants it. Where two
# ranks share one, a small message between them takes 65 us with 100 polls before that.
_POLLS_AT_ONCE = 2
_YIELD_S = 0.001
# Sleeps stay this fraction of the time waited so far, so that they add little to it, and end at a
# length at which an idle process costs one to three percent of a processor: a sleep takes 10 to 25
# us of it.
_SLEEP_FRACTION = 1 / 32
_LONGEST_SLEEP_S = 0.001
_SHORTEST_SLEEP_S = 0.00005
_LOOK_AROUND_S = 0.05
LONG_YIELD_S = 0.0007
"""When a core that was offered has been gone for long: a rank on the same core that computes for a
while is not what is meant."""
_CROWDED_S, _SUSPICIOUS_S = 0.2, 0.25

_crowded_until = _suspicious_until = 0.0


def is_crowded(now: float) -> bool:
    """Return whether the core was lately gone for long when it was offered."""
    return now < _crowded_until


def yielded(now: float) -> None:
    """Note that the core was offered, and was had again `LONG_YIELD_S` later or more."""
    global _crowded_until, _suspicious_until
    if now < _suspicious_until:  # once is an accident
        _crowded_until = now + _CROWDED_S
    _suspicious_until = now + _SUSPICIOUS_S


class Wait:
    """One wait, until `deadline` (of `time.monotonic()`), or for ever if that is None.

    `sleep` sleeps for so many seconds or until what is waited for has happened, where somebody says
    so; without it only the time ends a sleep.
    """

    def __init__(
        self, deadline: float | None, sleep: Callable[[float], None] | None = None
    ) -> None:
        self._deadline, self._sleep = deadline, sleep
        self._polls = 0
        self._started = 0.0
        self._look_around_at = 0.0

    def pause(self) -> bool:
        """Let some time pass; return False, at once, when the deadline is over."""
        self._polls += 1
        if self._polls <= _POLLS_AT_ONCE:
            return True
        now = time.monotonic()
        if not self._started:
            self._started, self._look_around_at = now, now + _LOOK_AROUND_S
        if self._deadline is not None and now >= self._deadline:
            return False
        waited = now - self._started
        if waited < _YIELD_S and not is_crowded(now):
            sched_yield()
            before, now = now, time.monotonic()
            if now - before >= LONG_YIELD_S:
                yielded(now)
            return True
        seconds = min(max(waited * _SLEEP_FRACTION, _SHORTEST_SLEEP_S), _LONGEST_SLEEP_S)
        if self._sleep is not None:
            seconds = _LONGEST_SLEEP_S
        if self._deadline is not None:
            seconds = min(seconds, self._deadline - now)
        (self._sleep or time.sleep)(seconds)
        return True

    def time_to_look_around(self) -> bool:
        """Return whether to check now, as every 50 ms, that the peers are still alive."""
        if not self._started or time.monotonic() < self._look_around_at:
            return False
        self._look_around_at = time.monotonic() + _LOOK_AROUND_S
        return True
