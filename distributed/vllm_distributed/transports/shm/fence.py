"""What another process sees first: the one fence of everything that is shared without a lock.

A count in shared memory says that something beside it may be read, or written again. It is an
aligned 8-byte integer, which CPython stores and loads with one instruction, so it is never seen
half-written. That a count is seen only after what it announces (and memory written again only after
it was read) x86 gives by itself: it reorders neither stores with stores, nor loads with loads or
later stores. ARM reorders all of them, so a fence stands between data and count on both sides: what
writes fences before it stores the count, what reads fences after it has loaded it.

The fence releases a lock that its owner holds and takes it again. In ARMv8's memory model
everything before a release instruction is ordered before it, a release before a later acquire, and
an acquire before everything after it, whichever other process looks; CPython's locks are made of
these two (glibc's semaphore, from 3.13 on its own compare-and-swap). On x86 both are locked
instructions, so it also orders a store before a later load. It costs 0.1 us and is done everywhere,
so that it is tested everywhere; on ARM itself this has not been run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["new_fence"]


def new_fence() -> Callable[[], None]:
    """Return a fence: it orders all memory accesses of its thread before a call of it against all
    after it. Used by one thread at a time.
    """
    lock = threading.Lock()
    lock.acquire()
    # Bound once, in a function and not in an object: it runs several times in every message.
    release, acquire = lock.release, lock.acquire

    def fence() -> None:
        release()
        acquire()

    return fence
