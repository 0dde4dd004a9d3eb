"""Waiting for a key of a store, so that the connection stays free for others meanwhile.

A store's own `wait` keeps its connection busy, even from being cloned, until its time is over; and
every further connection may cost seconds, because torch looks up the name of the other end's
address, which a name server that does not answer makes long.
"""

from __future__ import annotations

import threading
import time

from vllm_distributed.compat.torch_internals import Store

__all__ = ["wait_for_key"]

# The pauses add an eighth to a wait, or this much.
_FRACTION = 1 / 8
_SHORTEST_S, _LONGEST_S = 0.0002, 0.02


def wait_for_key(
    store: Store, key: str, deadline: float, stop: threading.Event | None = None
) -> bool:
    """Return whether the key is there by `deadline`, of `time.monotonic()`; `stop` ends the wait.

    Raises torch's RuntimeError if the store is gone.
    """
    started = time.monotonic()
    while not store.check([key]):
        now = time.monotonic()
        if now >= deadline or (stop is not None and stop.is_set()):
            return False
        pause = min(max((now - started) * _FRACTION, _SHORTEST_S), _LONGEST_S, deadline - now)
        if stop is None:
            time.sleep(pause)
        else:
            stop.wait(pause)
    return True
