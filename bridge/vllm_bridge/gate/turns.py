"""Which run's turn it is, as a rank sees it: the latest of which a call has come.

A turn ends when the pool gives the next one. So a call of an earlier turn than the latest that was
seen is of a run that is over, and must not start: nobody waits for what it does.

A call that runs cannot be stopped when its run loses its turn, and may be in the middle of user
code whose collectives no gate has seen. So a call of the next run waits until no rank of the world
runs one of an earlier turn; the ranks of one host tell each other (`vllm_bridge.gate.shared_gate`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.gate.pending import Record
from vllm_bridge.gate.shared_gate import SharedGate
from vllm_bridge.transport.metadata import RunLabel

LOOK_SECONDS = 0.05
"""How often a call that waits for those of an earlier run looks whether its own caller is there."""


class Turns:
    """The latest turn of the rank's world. `running` is the executor's, the rest any thread's."""

    def __init__(self, shared: SharedGate | None = None) -> None:
        self._shared = shared
        self._lock = threading.Lock()
        self._latest = 0
        self._decided = threading.Condition()

    def use(self, shared: SharedGate | None) -> None:
        """The world has other ranks: from here on these tell each other."""
        self._shared = shared

    def see(self, run: RunLabel) -> None:
        """A call of that run has come, to this rank or another."""
        self._see(run.turn)

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

    @contextmanager
    def running(self, record: Record, name: str) -> Iterator[None]:
        """While a call runs, from when no rank runs one of an earlier turn.

        Raises:
            BridgeError: (pool, `run_overlap`) its own turn is over; (timeout) `deadline_exceeded`,
                `withdrawn`: its deadline has passed, or its caller has gone, before it began.
        """
        run, shared = record.run, self._shared
        self.check(run, name)
        if run.turn == 0 or shared is None:
            yield
            return
        self._see(shared.begin(run.turn))
        try:
            self.check(run, name)
            while earlier := shared.earlier(run.turn):
                self._wait(shared, record, name, earlier)
            yield
        finally:
            shared.end()

    def decided(self, record: Record) -> None:
        """The call has begun, or was refused, and its record says why."""
        record.awaits_turn = False
        with self._decided:
            self._decided.notify_all()

    def leave(self, record: Record, timeout_s: float) -> None:
        """Let a call go that waits for its turn; return when it has, or has begun."""
        if not record.awaits_turn or self._shared is None:
            return
        record.gone_at = record.gone_at or time.monotonic()
        self._shared.nudge()
        with self._decided:
            self._decided.wait_for(lambda: not record.awaits_turn, timeout_s)

    def _wait(self, shared: SharedGate, record: Record, name: str, earlier: list[int]) -> None:
        left_s = record.deadline - time.monotonic() if record.deadline else LOOK_SECONDS
        if record.gone_at or left_s <= 0:
            reason = "withdrawn" if record.gone_at else "deadline_exceeded"
            ranks = ", ".join(f"rank {rank}" for rank in earlier)
            raise BridgeError(
                Category.TIMEOUT,
                reason,
                f"{name} of run {record.run} never ran: until its time was over it waited for a "
                f"call of an earlier run that still runs on {ranks}. Vllm.World.diagnose/1 says "
                "what that is",
                details={"state": "turn", "ran": False, "ranks": earlier},
            )
        shared.wait_for_earlier(record.run.turn, min(left_s, LOOK_SECONDS))
        self.check(record.run, name)

    def _see(self, turn: int) -> None:
        if turn > self._latest:
            with self._lock:
                self._latest = max(self._latest, turn)
