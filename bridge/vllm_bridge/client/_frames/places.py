"""The frames connections of a client: one to each rank that it calls."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import Protocol, TypeVar

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.transport.address import unix_path

CARRIER_VARIABLE = "VLLM_BRIDGE_CARRIER"
CARRIERS = ("auto", "grpc")

SUPPORTED = hasattr(socket, "AF_UNIX") and hasattr(os, "eventfd")
"""Whether this system has what frames need: Linux does. Elsewhere calls go by gRPC."""

# Before a place that nobody listened at is tried again.
_PAUSE_SECONDS = 1.0


class Connected(Protocol):
    """What a place keeps."""

    @property
    def over(self) -> bool:
        """Whether it takes no more calls."""

    def close(self) -> None:
        """End it."""


C = TypeVar("C", bound=Connected)


class Places:
    """Which place takes frames, as far as is known. Threads may share it."""

    def __init__(self, *, wanted: bool) -> None:
        self.wanted = wanted and SUPPORTED
        self._lock = threading.Lock()
        self._missing: dict[str, float] = {}

    def named(self, endpoint: str) -> None:
        """The pool has named it, now."""
        with self._lock:
            self._missing.pop(endpoint, None)

    def missing(self, endpoint: str) -> None:
        """Nobody listens there, or not for us."""
        with self._lock:
            self._missing[endpoint] = time.monotonic() + _PAUSE_SECONDS

    def worth_trying(self, endpoint: str) -> bool:
        """Whether there may be one who takes frames."""
        if not self.wanted or unix_path(endpoint) is None:
            return False
        with self._lock:
            return self._missing.get(endpoint, 0.0) <= time.monotonic()


def frames_wanted(carrier: str | None) -> bool:
    """What `carrier=` says, else `VLLM_BRIDGE_CARRIER`: whether ranks may be called in frames.

    Raises:
        BridgeError: (validation, `bad_carrier`) it says neither `auto` nor `grpc`.
    """
    said, where = carrier, "carrier="
    if said is None:
        said, where = os.environ.get(CARRIER_VARIABLE, "") or "auto", CARRIER_VARIABLE
    if said not in CARRIERS:
        raise BridgeError(
            Category.VALIDATION,
            "bad_carrier",
            f"{where} is {said!r}; it must be one of {', '.join(CARRIERS)}: frames where a rank "
            "takes them, or gRPC alone",
            details={"carrier": str(said)},
        )
    return said == "auto"
