"""The sessions that the pool has bound to this rank."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.segments import CallMemory, NoMemory, SessionMemory
from vllm_bridge.rank.objects import SessionObjects
from vllm_distributed.tensors.buffer_pool import ReusableMemory
from vllm_distributed.tensors.outputs import using


@dataclass
class RankSession:
    """A session here: its objects, and whether it waits for the executor."""

    objects: SessionObjects
    fail_fast: bool
    last_used: float = field(default_factory=time.monotonic)
    # None: there is no shared memory.
    memory: SessionMemory | None = None

    def memory_of_call(self, lent: str) -> CallMemory | NoMemory:
        """Where the bytes of one call's tensors may be; `lent` as in the call's metadata."""
        return self.memory.call(lent) if self.memory else NoMemory()


class ResultMemory:
    """Memory that results of calls with `tensors: :ref` go into, one for the rank.

    New memory for each would cost more than the collective that fills it. It is used again once its
    ref was released and nothing else refers to it; what lies idle, 256 MiB at most, goes back to
    the system when a session ends.
    """

    def __init__(self) -> None:
        self._memory = ReusableMemory()

    @property
    def idle_bytes(self) -> int:
        """Bytes that wait for the next result."""
        return self._memory.idle_bytes

    def of_call(self, *, kept: bool) -> AbstractContextManager[None]:
        """The block in which a call runs: `kept` says whether its results stay here."""
        return using(self._memory) if kept else nullcontext()

    def trim(self) -> None:
        """Give what lies idle back to the system."""
        self._memory.trim()


@dataclass(frozen=True)
class MemoryPlace:
    """Where the shared memory of all sessions is."""

    directory: Path
    max_segment_bytes: int

    def of_session(self, number: int) -> SessionMemory:
        """That of one session."""
        return SessionMemory(self.directory / f"session-{number}", self.max_segment_bytes)


class RankSessions:
    """Table of the registered sessions. Only the pool adds and drops them.

    `later` runs what a dropped session leaves to do (its entered contexts are exited, the memory of
    its results is given back) in the executor's thread, and does not wait for it. `home` is this
    rank's id where sessions may use several ranks.
    """

    def __init__(
        self,
        epoch: int,
        later: Callable[[Callable[[], None]], object] = lambda work: work(),
        memory: MemoryPlace | None = None,
        home: str = "",
    ) -> None:
        self._epoch = epoch
        self._home = home
        self._memory = memory
        self._later = later
        self.results = ResultMemory()
        """Where tensors go that calls leave in this rank, whatever their session."""
        self._lock = threading.Lock()
        self._sessions: dict[str, RankSession] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def register(self, session_id: str, *, fail_fast: bool, number: int = 0) -> None:
        """Admit a session; a known one keeps its objects. Its shared memory goes by the number."""
        memory = self._memory.of_session(number) if self._memory and number else None
        with self._lock:
            known = self._sessions.get(session_id)
            objects = known.objects if known else self._new_objects(session_id)
            self._sessions[session_id] = RankSession(objects, fail_fast, memory=memory)

    def drop(self, session_id: str, unless_used_within: timedelta | None = None) -> bool:
        """Forget a session and its objects; False when it was used too recently and stays."""
        with self._lock:
            session = self._sessions.get(session_id)
            if session is not None and unless_used_within is not None:
                idle_s = time.monotonic() - session.last_used
                if idle_s < unless_used_within.total_seconds():
                    return False
            self._sessions.pop(session_id, None)
        if session is not None:
            self._later(partial(self._end, session.objects))
        return True

    def _end(self, objects: SessionObjects) -> None:
        """What a dropped session leaves to do, in the executor's thread."""
        objects.contexts.close()
        objects.forget_all()
        self.results.trim()

    def get(self, session_id: str) -> RankSession:
        """The session of a call. A call without a session gets one of its own.

        Raises:
            BridgeError: (pool, `session_not_found`) it is not registered here.
        """
        session = self._sessions.get(session_id)
        if session is not None:
            session.last_used = time.monotonic()
            return session
        if session_id == "":
            return RankSession(self._new_objects(""), fail_fast=False)
        raise BridgeError(
            Category.POOL,
            "session_not_found",
            f"session {session_id!r} is not open on this rank; it was closed or has expired. "
            "Open a new one",
            details={"session_id": session_id},
        )

    def _new_objects(self, session_id: str) -> SessionObjects:
        return SessionObjects(session_id, self._epoch, home=self._home)

    def check_epoch(self, session_id: str, epoch: str) -> None:
        """Raise unless the caller means this epoch of the world, or says nothing of it.

        Raises:
            BridgeError: (pool, `stale_session`) the world was restarted since.
        """
        if epoch and epoch != str(self._epoch):
            raise BridgeError(
                Category.POOL,
                "stale_session",
                f"session {session_id!r} is of epoch {epoch}, and its world was restarted since: "
                f"it is at epoch {self._epoch}. Get the world again and use the sessions of its "
                "ranks; what the earlier ones held is gone",
                details={"session_id": session_id, "epoch": epoch, "current": self._epoch},
            )

    def contexts(self) -> int:
        """Contexts entered, over all sessions."""
        return sum(len(session.objects.contexts) for session in list(self._sessions.values()))

    def exit_contexts(self) -> None:
        """Exit what any session has entered. In the executor's thread."""
        for session in list(self._sessions.values()):
            session.objects.contexts.close()

    def objects(self) -> int:
        """Objects kept, over all sessions."""
        return sum(len(session.objects) for session in list(self._sessions.values()))
