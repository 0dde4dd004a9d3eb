"""The caller that waits for the answer of a call, whatever carries the call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Caller(Protocol):
    """What a call may ask about its caller. The context of a gRPC call is one."""

    def time_remaining(self) -> float | None:
        """Seconds until the call's deadline; None, or very many, where it has none."""
        ...

    def is_active(self) -> bool:
        """Whether anybody still waits for the answer."""
        ...

    def add_callback(self, callback: Callable[[], None]) -> bool:
        """Have it called when the call is over for its caller; False where it is already. It may
        have been called then, and may be called twice."""
        ...

    def cancel(self) -> None:
        """End the call without its answer."""
        ...
