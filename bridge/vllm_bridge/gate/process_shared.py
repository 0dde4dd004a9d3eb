"""A lock and a wake-up in memory that processes share: the C library's robust mutex and semaphore.

Both live at an address of a shared mapping, cost no system call while nobody waits, and take
timeouts on the monotonic clock. The mutex is robust: one whose holder has died can be taken.
"""

from __future__ import annotations

import ctypes
import time

MUTEX_BYTES = 64
SEMAPHORE_BYTES = 64
"""Bytes for one; more than the C library uses on any machine, and a cache line."""

_SHARED = 1
_ROBUST = 1
_CLOCK_MONOTONIC = time.CLOCK_MONOTONIC
_OWNER_DIED = 130

# One that never blocks keeps the interpreter's lock: handing that over costs more than the call.
_at_once = ctypes.PyDLL(None)
_blocking = ctypes.CDLL(None)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


def available() -> bool:
    """Whether the C library has what is needed: glibc from 2.30."""
    return all(
        hasattr(_blocking, name)
        for name in ("sem_clockwait", "pthread_mutex_clocklock", "pthread_mutexattr_setrobust")
    )


class HolderDiedError(Exception):
    """The mutex is held now. Its last holder died: what it guards may be half done."""


class Mutex:
    """One mutex. Make it once with `create`, then use it from any process that maps the memory."""

    def __init__(self, address: int) -> None:
        self._address = ctypes.c_void_p(address)
        self._until = _Timespec()

    @staticmethod
    def create(address: int) -> None:
        """Initialise the memory.

        Raises:
            OSError: the system has no mutexes between processes.
        """
        attributes = ctypes.create_string_buffer(64)
        mutex = ctypes.c_void_p(address)
        _check(_at_once.pthread_mutexattr_init(attributes))
        _check(_at_once.pthread_mutexattr_setpshared(attributes, _SHARED))
        _check(_at_once.pthread_mutexattr_setrobust(attributes, _ROBUST))
        _check(_at_once.pthread_mutex_init(mutex, attributes))
        _at_once.pthread_mutexattr_destroy(attributes)

    def acquire(self, timeout_s: float) -> bool:
        """Take it; False when the time passed first.

        Raises:
            HolderDiedError: it was taken from a dead process; release it as usual.
        """
        error = _at_once.pthread_mutex_trylock(self._address)
        if error not in (0, _OWNER_DIED):
            _set_until(self._until, timeout_s)
            error = _blocking.pthread_mutex_clocklock(
                self._address, _CLOCK_MONOTONIC, ctypes.byref(self._until)
            )
        if error == _OWNER_DIED:
            _at_once.pthread_mutex_consistent(self._address)
            raise HolderDiedError
        return bool(error == 0)

    def release(self) -> None:
        """Let go of it."""
        _at_once.pthread_mutex_unlock(self._address)


class Semaphore:
    """One counter to wait on. Make it once with `create`."""

    def __init__(self, address: int) -> None:
        self._address = ctypes.c_void_p(address)
        self._until = _Timespec()

    @staticmethod
    def create(address: int) -> None:
        """Initialise the memory, to 0.

        Raises:
            OSError: the system has no semaphores between processes.
        """
        if _at_once.sem_init(ctypes.c_void_p(address), _SHARED, 0) != 0:
            raise OSError("sem_init failed: this system has no semaphores between processes")

    def post(self) -> None:
        """Wake one that waits, or the next that will."""
        _at_once.sem_post(self._address)

    def wait(self, timeout_s: float) -> bool:
        """Wait for a post; False when the time passed, or a signal came, without one."""
        if _at_once.sem_trywait(self._address) == 0:
            return True
        _set_until(self._until, timeout_s)
        waited = _blocking.sem_clockwait(self._address, _CLOCK_MONOTONIC, ctypes.byref(self._until))
        return bool(waited == 0)


def _set_until(until: _Timespec, timeout_s: float) -> None:
    at = time.monotonic_ns() + max(int(timeout_s * 1e9), 0)
    until.seconds, until.nanoseconds = divmod(at, 1_000_000_000)


def _check(error: int) -> None:
    if error:
        raise OSError(error, "this system has no mutexes between processes")
