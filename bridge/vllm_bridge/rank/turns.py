"""Which run's turn it is, as a rank sees it: the latest of which a call has come.

A turn ends when the pool gives the next one. So a call of an earlier turn than the latest that was
seen is of a run that is over, and must not start: what it would do belongs to nobody.
"""

from __future__ import annotations

import threading

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.metadata import RunLabel


class Turns:
    """The latest turn of the rank's world. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest = 0

    def see(self, run: RunLabel) -> None:
        """A call of that run has come."""
        if run.turn > self._latest:
            with self._lock:
                self._latest = max(self._latest, run.turn)

    def check(self, run: RunLabel, name: str) -> None:
        """Raise where the turn of a call is over.

        Raises:
            BridgeError: (pool, `run_overlap`) a call of a later turn has come.
        """
        latest = self._latest
        if run.turn == 0 or run.turn >= latest:
            return
        raise BridgeError(
            Category.POOL,
            "run_overlap",
            f"{name} is part of run {run}, whose turn is over: run {latest} has it now. The call "
            "never ran. A run loses its turn when its timeout passes, its process ends, or its "
            "client loses the server; run again",
            details={"run": str(run), "current": latest, "ran": False},
        )
