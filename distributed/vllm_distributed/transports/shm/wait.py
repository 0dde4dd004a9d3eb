"""Waiting for another process without a way to be woken by it: polling that grows patient."""

from __future__ import annotations

import time

from vllm_distributed.utils import sched_yield

__all__ = ["Wait"]

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
_LOOK_AROUND_S = 0.05


class Wait:
    """One wait, until `deadline` (of `time.monotonic()`), or for ever if that is None."""

    def __init__(self, deadline: float | None) -> None:
        self._deadline = deadline
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
        if waited < _YIELD_S:
            sched_yield()
            return True
        seconds = min(waited * _SLEEP_FRACTION, _LONGEST_SLEEP_S)
        if self._deadline is not None:
            seconds = min(seconds, self._deadline - now)
        time.sleep(seconds)
        return True

    def time_to_look_around(self) -> bool:
        """Return whether to check now, as every 50 ms, that the peers are still alive."""
        if not self._started or time.monotonic() < self._look_around_at:
            return False
        self._look_around_at = time.monotonic() + _LOOK_AROUND_S
        return True
