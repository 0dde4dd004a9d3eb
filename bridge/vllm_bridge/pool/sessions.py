"""The table of sessions: opening, looking up, expiring, closing."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from vllm_bridge._generated import pool_pb2, types_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.metadata import AFFINITY_NAMES
from vllm_bridge.pool.ended import Ended
from vllm_bridge.pool.ranks import Rank
from vllm_bridge.pool.settings import PoolSettings
from vllm_bridge.pool.standalone import Standalone

DEFAULT_POOL = "default"

# They travel in metadata, which is printable ASCII, and in error messages.
_SESSION_ID = re.compile(r"[!-~]{1,200}")
_OF_WORLD = re.compile(r".*/rank-\d+")

_MAX_ENDED = 10_000


@dataclass(eq=False)
class SessionEntry:
    """A live session."""

    session_id: str
    affinity: pool_pb2.Affinity
    # Strict: the one rank. Hint: where it ran first, preferred while it lives.
    rank: Rank | None = None
    # Set for the session of a world's rank.
    world_id: str = ""
    epoch: int = 0
    last_used: float = 0.0
    in_flight: int = 0
    # Ranks that were told of it.
    known_to: set[Rank] = field(default_factory=set)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def strict(self) -> bool:
        """Whether it has one rank for life."""
        return self.affinity != pool_pb2.HINT

    async def introduce_to(self, rank: Rank) -> None:
        """See that the rank knows this session before its call arrives there."""
        if rank not in self.known_to:
            self.known_to = {known for known in self.known_to if not known.died.done()} | {rank}
        await rank.register(self.session_id, fail_fast=self.affinity == pool_pb2.STRICT_FAIL_FAST)

    def check_worker(self) -> None:
        """Raise `session_worker_unavailable` if the one rank of a strict session is gone."""
        if self.strict and self.rank is not None and self.rank.died.done():
            raise worker_gone(self, self.rank)

    def to_message(self, *, direct: bool) -> pool_pb2.Session:
        """As clients see it; `direct` ones may be given the rank's own endpoint."""
        message = pool_pb2.Session(
            session_id=self.session_id,
            pool_name=DEFAULT_POOL,
            affinity=self.affinity,
            world_id=self.world_id,
            epoch=self.epoch,
        )
        if self.strict and self.rank is not None:
            message.pid = self.rank.pid
            message.endpoint = self.rank.endpoint if direct else ""
            if self.world_id:
                message.rank = self.rank.seat.index
        return message


class Sessions:
    """All sessions of the pool, those of worlds included."""

    def __init__(self, standalone: Standalone, settings: PoolSettings) -> None:
        self._standalone = standalone
        self._settings = settings
        # Least recently used first.
        self._live: OrderedDict[str, SessionEntry] = OrderedDict()
        self._opening: dict[str, asyncio.Task[SessionEntry]] = {}
        self._ended: Ended[types_pb2.ErrorDetail] = Ended(_MAX_ENDED)
        self._expiring: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def live(self) -> list[SessionEntry]:
        """All live sessions."""
        return list(self._live.values())

    async def open(
        self, session_id: str, pool_name: str, affinity: pool_pb2.Affinity
    ) -> SessionEntry:
        """Open a session, or find the live one of that id. An ended id is free again."""
        check_pool_name(pool_name)
        if session_id in self._live:
            return self._existing(session_id, affinity)
        if not session_id:
            session_id = uuid.uuid4().hex
        self._check_new_id(session_id)
        return await self._open_once(session_id, affinity or pool_pb2.HINT)

    async def of_call(
        self, session_id: str, pool_name: str, affinity: pool_pb2.Affinity
    ) -> SessionEntry:
        """The session that a call names; opened by its first use."""
        check_pool_name(pool_name)
        entry = self._live.get(session_id)
        if entry is None:
            ended = self._ended.get(session_id)
            if ended is not None:
                raise BridgeError.from_detail(ended)
            if _OF_WORLD.fullmatch(session_id):
                raise not_found(session_id)
            self._check_new_id(session_id)
            entry = await self._open_once(session_id, affinity or pool_pb2.HINT)
        elif affinity not in (pool_pb2.AFFINITY_UNSPECIFIED, pool_pb2.HINT) and not entry.strict:
            # A strict session called with another affinity still runs on its one rank; a hint
            # session cannot be promised one.
            self._existing(session_id, affinity)
        entry.check_worker()
        return entry

    def get(self, session_id: str) -> SessionEntry:
        """The live session.

        Raises:
            BridgeError: `session_not_found`, `session_closed` or `session_worker_unavailable`.
        """
        entry = self._live.get(session_id)
        if entry is None:
            ended = self._ended.get(session_id)
            raise BridgeError.from_detail(ended) if ended else not_found(session_id)
        entry.check_worker()
        self._touch(entry)
        return entry

    async def wait_for_end(self, session_id: str, patience: timedelta) -> None:
        """Return when the session has ended or its one rank has died, at the latest after this."""
        entry = self._live.get(session_id)
        if entry is None:
            return
        ended = asyncio.get_running_loop().create_task(entry.ended.wait())
        events: set[asyncio.Future[Any]] = {ended}
        if entry.strict and entry.rank is not None:
            events.add(entry.rank.died)
        try:
            await asyncio.wait(
                events, timeout=patience.total_seconds(), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            ended.cancel()

    async def close(self, session_id: str) -> bool:
        """Close a session and free its objects; False when there is none.

        Raises:
            BridgeError: category `validation`: the session belongs to a world.
        """
        entry = self._live.get(session_id)
        if entry is None:
            return False
        if entry.world_id:
            raise BridgeError(
                Category.VALIDATION,
                "session_of_world",
                f"session {session_id!r} belongs to {entry.world_id} and ends with it: stop the "
                "world instead",
                details={"world_id": entry.world_id},
            )
        self._end(entry, closed(session_id, "was closed"))
        await self._drop(entry)
        return True

    def add_of_world(self, entries: list[SessionEntry]) -> None:
        """Take in the sessions of a world that is ready.

        Raises:
            BridgeError: `too_many_sessions`.
        """
        self._check_room(len(entries))
        for entry in entries:
            self._ended.pop(entry.session_id)
            self._live[entry.session_id] = entry

    def end_of_world(self, entries: list[SessionEntry], why: BridgeError) -> None:
        """The world is over; later calls in its sessions get this error."""
        for entry in entries:
            if self._live.get(entry.session_id) in (entry, None):
                self._end(entry, why)

    def enter(self, entry: SessionEntry) -> None:
        """A call of this session begins: it does not expire meanwhile."""
        entry.in_flight += 1
        self._touch(entry)

    def leave(self, entry: SessionEntry) -> None:
        """A call of this session has ended."""
        entry.in_flight -= 1
        if self._live.get(entry.session_id) is entry:
            self._touch(entry)

    def stop(self) -> None:
        """Expire nothing more."""
        if self._timer is not None:
            self._timer.cancel()
        for task in self._expiring:
            task.cancel()

    def _existing(self, session_id: str, affinity: pool_pb2.Affinity) -> SessionEntry:
        entry = self._live[session_id]
        if affinity not in (pool_pb2.AFFINITY_UNSPECIFIED, entry.affinity):
            raise BridgeError(
                Category.VALIDATION,
                "affinity_conflict",
                f"session {session_id!r} is open with affinity {AFFINITY_NAMES[entry.affinity]}, "
                f"not {AFFINITY_NAMES.get(affinity, str(affinity))}; close it first, or use "
                "another id",
                details={"session_id": session_id},
            )
        entry.check_worker()
        self._touch(entry)
        return entry

    def _check_new_id(self, session_id: str) -> None:
        if not _SESSION_ID.fullmatch(session_id):
            raise BridgeError(
                Category.VALIDATION,
                "invalid_session_id",
                f"session_id is {session_id[:200]!r}; it must be 1 to 200 printable ASCII "
                "characters without spaces",
            )
        if _OF_WORLD.fullmatch(session_id):
            raise BridgeError(
                Category.VALIDATION,
                "invalid_session_id",
                f"session_id is {session_id!r}; ids that end in /rank-N are for worlds",
            )

    def _check_room(self, count: int) -> None:
        live = len(self._live) + len(self._opening)
        if live + count > self._settings.max_sessions:
            raise BridgeError(
                Category.POOL,
                "too_many_sessions",
                f"{live} sessions are open, and at most {self._settings.max_sessions} may be; "
                "close some, or let them expire",
                details={"live": live, "limit": self._settings.max_sessions},
            )

    async def _open_once(self, session_id: str, affinity: pool_pb2.Affinity) -> SessionEntry:
        # Two first calls at once open one session, whichever of their callers stays to see it.
        task = self._opening.get(session_id)
        if task is None:
            self._check_room(1)
            task = asyncio.get_running_loop().create_task(self._open(session_id, affinity))
            self._opening[session_id] = task
            task.add_done_callback(lambda _: self._opening.pop(session_id, None))
        entry = await asyncio.shield(task)
        if entry.affinity != affinity:
            self._existing(session_id, affinity)
        return entry

    async def _open(self, session_id: str, affinity: pool_pb2.Affinity) -> SessionEntry:
        entry = SessionEntry(session_id, affinity)
        while entry.strict:
            entry.rank = await self._standalone.bind()
            try:
                await entry.introduce_to(entry.rank)
                break
            except BridgeError as error:
                entry.rank.bound -= 1
                # Nothing was promised yet: a rank that died just now is no reason to refuse.
                if error.reason != "session_worker_unavailable":
                    raise
        self._ended.pop(session_id)
        self._live[session_id] = entry
        self._touch(entry)
        return entry

    def _touch(self, entry: SessionEntry) -> None:
        entry.last_used = asyncio.get_running_loop().time()
        self._live.move_to_end(entry.session_id)
        if self._timer is None:
            self._set_timer()

    def _end(self, entry: SessionEntry, why: BridgeError) -> None:
        self._live.pop(entry.session_id, None)
        self._ended.remember(entry.session_id, why.to_detail())
        entry.ended.set()
        if entry.strict and entry.rank is not None:
            entry.rank.bound -= 1

    async def _drop(self, entry: SessionEntry) -> None:
        await asyncio.gather(
            *(rank.drop(entry.session_id) for rank in entry.known_to if not rank.died.done())
        )

    def _set_timer(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = next((entry for entry in self._live.values() if not entry.world_id), None)
        if oldest is None:
            self._timer = None
            return
        due = oldest.last_used + self._settings.session_idle.total_seconds()
        self._timer = loop.call_at(max(due, loop.time()), self._expire)

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() - self._settings.session_idle.total_seconds()
        for entry in self.live():
            if entry.world_id:
                continue
            if entry.last_used > due:
                break
            # Also those that turn out to be in use: they go to the end of the line.
            self._touch(entry)
            if entry.in_flight == 0:
                task = loop.create_task(self._expire_one(entry))
                self._expiring.add(task)
                task.add_done_callback(self._expiring.discard)
        self._set_timer()

    async def _expire_one(self, entry: SessionEntry) -> None:
        idle = self._settings.session_idle
        if entry.strict and entry.rank is not None and not entry.rank.died.done():
            # Its client may be talking to the rank directly.
            if not await entry.rank.drop(entry.session_id, unless_used_within=idle):
                return
            self._end(entry, closed(entry.session_id, f"expired after {idle} without a call"))
        else:
            self._end(entry, closed(entry.session_id, f"expired after {idle} without a call"))
            if not entry.strict:
                # Nothing was promised to it; its next call opens it again.
                self._ended.pop(entry.session_id)
            await self._drop(entry)


def check_pool_name(name: str) -> None:
    """Raise `pool_not_found` unless this names the one pool there is."""
    if name not in ("", DEFAULT_POOL):
        raise BridgeError(
            Category.POOL,
            "pool_not_found",
            f"there is no pool {name!r} here; the pools are: {DEFAULT_POOL}",
            details={"pool_name": name},
        )


def not_found(session_id: str) -> BridgeError:
    """The error for an id the pool knows nothing of."""
    remedy = "open it first"
    if _OF_WORLD.fullmatch(session_id):
        remedy = "its world is not one of this pool, which may have been restarted: start a world"
    return BridgeError(
        Category.POOL,
        "session_not_found",
        f"no session {session_id!r} is open in this pool; {remedy}",
        details={"session_id": session_id},
    )


def closed(session_id: str, how: str) -> BridgeError:
    """The error for a session that has ended in an orderly way."""
    return BridgeError(
        Category.POOL,
        "session_closed",
        f"session {session_id!r} {how}; its objects are gone. Open it again to go on",
        details={"session_id": session_id},
    )


def worker_gone(entry: SessionEntry, rank: Rank) -> BridgeError:
    """The error for a strict session whose rank has died."""
    error = rank.unavailable()
    if not entry.world_id:
        error.message += (
            f". Session {entry.session_id!r} was bound to it: close the session and open it again "
            "to get another rank"
        )
        error.args = (error.message,)
    error.details["session_id"] = entry.session_id
    return error
