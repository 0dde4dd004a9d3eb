"""What the main thread knows of the worker in the background."""

from __future__ import annotations

import threading
import time

__all__ = ["WorkerWatch"]


class WorkerWatch:
    """Where the worker is, why it has failed, and since when it owes a layer. The worker writes
    some of it, the main thread reads."""

    def __init__(self) -> None:
        self.failure: BaseException | None = None
        self.layer = 0
        self.progress = threading.Event()
        """Set when a layer has arrived, or never will."""
        self._owes_since = 0.0

    def owes_from_now(self) -> None:
        """The main thread waits for the next layer."""
        self._owes_since = time.monotonic()

    def failed(self, error: BaseException) -> None:
        """The worker ends with this error."""
        self.failure = error
        self.progress.set()

    def why_failed(self, worker: threading.Thread | None, timeout_s: float, pending: bool) -> str:
        """Return why the worker will not come to an end; empty where it may. `pending`: a layer is
        there, and the worker waits for the main thread."""
        if self.failure is not None:
            return f"{type(self.failure).__name__}: {self.failure}"
        if worker is None or not worker.is_alive():
            return "it has ended"
        # Its own error, which says more, comes first.
        limit_s = timeout_s + min(timeout_s / 2, 5.0)
        late_s = time.monotonic() - self._owes_since
        if late_s > limit_s and not pending:
            return (
                f"it has moved no layer for {late_s:.1f} s, and the timeout of its group is "
                f"{timeout_s} s"
            )
        return ""
