"""When a pool replaces a rank that has died or could not be started, and when it gives up.

Clients restart their worlds; this is about the ranks outside any world.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from vllm_bridge.pool.settings.restart_policy import RestartPolicy

# A rank that fails to start, or soon after, is replaced after a pause, which then grows.
FIRST_PAUSE = timedelta(milliseconds=100)
LONGEST_PAUSE = timedelta(seconds=30)
STEADY = timedelta(seconds=10)


class Restarts:
    """The replacements of one pool, counted against its policy."""

    def __init__(self, policy: RestartPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self.policy = policy
        # Over the pool's life.
        self.total = 0
        self._clock = clock
        self._recent: deque[float] = deque()
        self._given_up = False

    def allow(self) -> bool:
        """Whether one more rank may be replaced now; counts it if so. Once no, always no."""
        if self._given_up:
            return False
        if self.policy.limit is not None:
            now = self._clock()
            while self._recent and now - self._recent[0] > self.policy.within.total_seconds():
                self._recent.popleft()
            if len(self._recent) >= self.policy.limit:
                self._given_up = True
                return False
            self._recent.append(now)
        self.total += 1
        return True


class Pause:
    """How long one place of a pool stays empty before it is filled again."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE

    def after(self, lived: timedelta) -> timedelta:
        """The pause after a rank that lived so long: none when that was long enough."""
        if lived > STEADY:
            self._next = FIRST_PAUSE
            return timedelta(0)
        pause = self._next
        self._next = min(2 * pause, LONGEST_PAUSE)
        return pause
