"""Sleeping until another process has changed a word of shared memory, by the kernel's futexes.

The kernel compares the word with what the sleeper has seen before it lets it sleep, so a change in
between is not missed. Only the low four bytes of a word of eight are compared.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
import sys
import time
from typing import Any

__all__ = ["CAN_WAKE", "address_of", "sleep_while", "wake"]

_NUMBERS = {"x86_64": 202, "aarch64": 98}  # of the system call
_NUMBER = _NUMBERS.get(platform.machine(), 0) if sys.byteorder == "little" else 0
CAN_WAKE = sys.platform == "linux" and sys.maxsize > 2**32 and _NUMBER > 0
"""Whether a sleeper can be woken here; elsewhere it sleeps for a moment at a time."""

_WAIT, _WAKE, _ALL = 0, 1, 2**31 - 1
_LOW = 0xFFFFFFFF
_UNWOKEN_S = 0.001


def _system_call(library: Any) -> Any:
    call = library.syscall
    word, address = ctypes.c_long, ctypes.c_void_p
    call.argtypes, call.restype = [word, address, word, word, address], word
    return call


# To wake takes a microsecond and nobody waits for it: it keeps the interpreter's lock.
_sleeping = _system_call(ctypes.CDLL(None)) if CAN_WAKE else None
_waking = _system_call(ctypes.PyDLL(None)) if CAN_WAKE else None


class _Span(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


def address_of(memory: mmap.mmap) -> int:
    """Return where mapped memory begins. It is valid for as long as the memory is mapped."""
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def sleep_while(address: int, seen: int, seconds: float) -> None:
    """Sleep while the word at an address is `seen`, at most so long; a signal ends it early."""
    if _sleeping is None:
        time.sleep(min(seconds, _UNWOKEN_S))
        return
    whole = int(seconds)
    span = _Span(whole, int((seconds - whole) * 1e9))
    _sleeping(_NUMBER, address, _WAIT, seen & _LOW, ctypes.addressof(span))


def wake(address: int) -> None:
    """Wake all who sleep at an address."""
    if _waking is not None:
        _waking(_NUMBER, address, _WAKE, _ALL, None)
