"""The sessions of one worker: opened by Snakepit or by their first use, with what they keep."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.rank.objects import SessionObjects
from vllm_bridge.rank.sessions import RankSession, RankSessions

MAX_SESSIONS = 10_000
"""Of one worker. A pool that makes a session for every request is told so."""

IDLE = timedelta(hours=1)
"""Sessions that nobody initialised and nobody has used for so long are forgotten."""

DEFAULT_SESSION = "default"
"""The session of calls that name none."""

_EPOCH_BITS = 48


@dataclass(frozen=True)
class SessionFacts:
    """What a session was opened with."""

    initialized: bool
    metadata: Mapping[str, str]
    # Unix time, in seconds.
    created_at: float = field(default_factory=time.time)


class WorkerSessions(RankSessions):
    """As the sessions of a rank, without a pool that registers them.

    Every opening has an epoch of its own, a random number: a ref that outlived its session, or its
    worker, is refused instead of naming another object.
    """

    def __init__(
        self,
        later: Callable[[Callable[[], None]], object] = lambda work: work(),
        limit: int = MAX_SESSIONS,
    ) -> None:
        super().__init__(0, later)
        self._limit = limit
        self._opening = threading.RLock()
        self._facts: dict[str, SessionFacts] = {}

    def initialize(self, session_id: str, metadata: Mapping[str, str]) -> None:
        """Open a session that stays until it is dropped; a known one keeps its objects.

        Raises:
            BridgeError: (validation, `missing_argument`) the id is empty; (pool,
                `too_many_sessions`) there are as many as may be.
        """
        if not session_id:
            raise BridgeError(
                Category.VALIDATION, "missing_argument", "a session needs an id that is not empty"
            )
        with self._opening:
            self.get(session_id)
            created_at = self._facts[session_id].created_at
            self._facts[session_id] = SessionFacts(True, dict(metadata), created_at)

    def facts(self, session_id: str) -> SessionFacts | None:
        """What is known of a session; None where it is not open."""
        return self._facts.get(session_id)

    def get(self, session_id: str) -> RankSession:
        """The session of a call, opened if it is not open yet.

        Raises:
            BridgeError: (pool, `too_many_sessions`) there are as many as may be.
        """
        if session_id in self._facts:
            return super().get(session_id)
        with self._opening:
            if session_id not in self._facts:
                if len(self) >= self._limit:
                    raise BridgeError(
                        Category.POOL,
                        "too_many_sessions",
                        f"this worker has {self._limit} sessions open already; end some with "
                        "CleanupSession, or use fewer session ids",
                        details={"limit": self._limit},
                    )
                self.register(session_id, fail_fast=False)
                self._facts[session_id] = SessionFacts(False, {})
            return super().get(session_id)

    def drop(self, session_id: str, unless_used_within: timedelta | None = None) -> bool:
        """Forget a session and its objects; False when it was used too recently and stays."""
        with self._opening:
            dropped = super().drop(session_id, unless_used_within)
            if dropped:
                self._facts.pop(session_id, None)
        return dropped

    def release(self, session_id: str) -> int:
        """Forget the objects of a session that stays open; returns how many there were.

        In the executor's thread: contexts that are entered are exited.
        """
        with self._opening:
            if session_id not in self._facts:
                return 0
            objects = super().get(session_id).objects
            self._sessions[session_id] = RankSession(self._new_objects(session_id), False)
        count = len(objects)
        self._end(objects)
        return count

    def expire(self, idle: timedelta = IDLE, in_use: frozenset[str] = frozenset()) -> int:
        """Drop sessions opened by use that were not used for so long; returns how many."""
        unused = [
            session_id
            for session_id, facts in list(self._facts.items())
            if not facts.initialized and session_id not in in_use
        ]
        return sum(self.drop(session_id, idle) for session_id in unused)

    def _new_objects(self, session_id: str) -> SessionObjects:
        return SessionObjects(session_id, secrets.randbits(_EPOCH_BITS))
