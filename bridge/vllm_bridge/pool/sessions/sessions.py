"""The table of sessions: opening, looking up, expiring, closing."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

from vllm_bridge._generated import pool_pb2, types_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.observe import Observer
from vllm_bridge.pool.ranks.pools import NamedPool, Pools
from vllm_bridge.pool.sessions.drain import Drain
from vllm_bridge.pool.sessions.expiry import Ended, IdleClock
from vllm_bridge.pool.sessions.session_entry import (
    SessionEntry,
    check_new_id,
    closed,
    names_world,
    not_found,
    publish_session,
)
from vllm_bridge.pool.sessions.shared_memory import SharedMemory
from vllm_bridge.process import background

_MAX_ENDED = 10_000


class Sessions:
    """All sessions of the server, in all pools, those of worlds included."""

    def __init__(
        self,
        pools: Pools,
        observer: Observer,
        memory: SharedMemory | None = None,
        drain: Drain | None = None,
    ) -> None:
        self._pools = pools
        self._memory = memory or SharedMemory(None)
        self._events = observer.events
        self._drain = drain or Drain()
        self._live: dict[str, SessionEntry] = {}
        self._opening: dict[str, asyncio.Task[SessionEntry]] = {}
        # By pool name: live ones, and those that are being opened.
        self._counts: Counter[str] = Counter()
        self._clocks = {
            pool.name: IdleClock(pool.settings.session_idle, self._begin_to_expire)
            for pool in pools.all()
        }
        self._ended: Ended[types_pb2.ErrorDetail] = Ended(_MAX_ENDED)
        self._expiring: set[asyncio.Task[None]] = set()
        # Waiters for the end of a session.
        self._watchers: dict[SessionEntry, set[asyncio.Future[None]]] = {}

    def live(self) -> list[SessionEntry]:
        """All live sessions."""
        return list(self._live.values())

    def count(self, pool_name: str) -> int:
        """Live sessions of a pool."""
        return self._counts[pool_name]

    def of_client(self, client_id: str) -> list[SessionEntry]:
        """The live sessions that this client owns, those of its worlds aside."""
        return [
            entry
            for entry in self._live.values()
            if entry.client_id == client_id and not entry.world_id
        ]

    async def open(
        self,
        session_id: str,
        pool_name: str,
        affinity: pool_pb2.Affinity,
        client_id: str = "",
    ) -> SessionEntry:
        """Open a session, or find the live one of that id. An ended id is free again."""
        pool = self._pools.get(pool_name)
        if session_id in self._live:
            return self._existing(session_id, pool_name, affinity)
        if not session_id:
            session_id = uuid.uuid4().hex
        check_new_id(session_id)
        return await self._open_once(session_id, pool, affinity or pool_pb2.HINT, client_id)

    async def of_call(
        self,
        session_id: str,
        pool_name: str,
        affinity: pool_pb2.Affinity,
        client_id: str = "",
    ) -> SessionEntry:
        """The session that a call names; opened by its first use."""
        pool = self._pools.get(pool_name)
        entry = self._live.get(session_id)
        if entry is None:
            ended = self._ended.get(session_id)
            if ended is not None:
                raise BridgeError.from_detail(ended)
            if names_world(session_id):
                raise not_found(session_id)
            check_new_id(session_id)
            entry = await self._open_once(session_id, pool, affinity or pool_pb2.HINT, client_id)
        else:
            entry.check_pool(pool_name)
            # A strict session called with another affinity still runs on its one rank; a hint
            # session cannot be promised one.
            if affinity != pool_pb2.HINT and not entry.strict:
                entry.check_affinity(affinity)
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
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watchers = self._watchers.setdefault(entry, set())
        watchers.add(ended)
        events: set[asyncio.Future[Any]] = {ended}
        if entry.strict and entry.rank is not None:
            events.add(entry.rank.died)
        try:
            await asyncio.wait(
                events, timeout=patience.total_seconds(), return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            watchers.discard(ended)
            if not watchers:
                self._watchers.pop(entry, None)

    async def close(self, session_id: str, how: str = "was closed") -> bool:
        """Close a session and free its objects; False when there is none.

        The rank drops what it kept for the session, entered contexts included, in the same way
        whether the session is closed, expires or ends with its client.

        Raises:
            BridgeError: category `validation`: the session belongs to a world.
        """
        opening = self._opening.get(session_id)
        if opening is not None:
            # Else it would be there a moment after it was said to be closed.
            await asyncio.wait({opening})
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
        self._end(entry, closed(session_id, how))
        await self._drop(entry)
        return True

    def add_of_world(self, entries: list[SessionEntry]) -> None:
        """Take in the sessions of a world that is ready; see `check_room`."""
        for entry in entries:
            self._ended.pop(entry.session_id)
            self._counts[entry.pool_name] += 1
            self._live[entry.session_id] = entry
            publish_session(self._events, entry)

    def end_of_world(self, entries: list[SessionEntry], why: BridgeError) -> None:
        """The world is over; later calls in its sessions get this error."""
        for entry in entries:
            known = self._live.get(entry.session_id)
            if known is entry:
                self._end(entry, why)
            elif known is None:
                self._ended.remember(entry.session_id, why.to_detail())

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
        for clock in self._clocks.values():
            clock.stop()
        for task in self._expiring:
            task.cancel()

    def _existing(
        self, session_id: str, pool_name: str, affinity: pool_pb2.Affinity
    ) -> SessionEntry:
        entry = self._live[session_id]
        entry.check_pool(pool_name)
        entry.check_affinity(affinity)
        entry.check_worker()
        self._touch(entry)
        return entry

    def check_room(self, pool: NamedPool, count: int) -> None:
        """See that so many more sessions can be.

        Raises:
            BridgeError: `too_many_sessions`.
        """
        live, limit = self._counts[pool.name], pool.settings.max_sessions
        if live + count > limit:
            raise BridgeError(
                Category.POOL,
                "too_many_sessions",
                f"{live} sessions are open in pool {pool.name!r}, and at most {limit} may be; "
                "close some, let them expire, or raise --max-sessions of the server",
                details={"live": live, "limit": limit},
            )

    async def _open_once(
        self, session_id: str, pool: NamedPool, affinity: pool_pb2.Affinity, client_id: str
    ) -> SessionEntry:
        # Two first calls at once open one session, whichever of their callers stays to see it.
        task = self._opening.get(session_id)
        if task is None:
            self._drain.check("a new session")
            self.check_room(pool, 1)
            entry = SessionEntry(session_id, affinity, pool_name=pool.name, client_id=client_id)
            if not entry.strict:
                self._counts[pool.name] += 1
                self._admit(entry)
                return entry
            task = background.awaited("opening a session", self._open(entry, pool))
            self._opening[session_id] = task
            task.add_done_callback(lambda _: self._opening.pop(session_id, None))
        entry = await asyncio.shield(task)
        entry.check_pool(pool.name)
        entry.check_affinity(affinity)
        return entry

    async def _open(self, entry: SessionEntry, pool: NamedPool) -> SessionEntry:
        self._counts[pool.name] += 1
        try:
            while True:
                entry.rank = await pool.standalone.bind()
                try:
                    await entry.introduce_to(entry.rank)
                    break
                except BridgeError as error:
                    entry.forget_rank()
                    # Nothing was promised yet: a rank that died just now is no reason to refuse.
                    if error.reason != "session_worker_unavailable":
                        raise
        except BaseException:
            self._counts[pool.name] -= 1
            raise
        self._admit(entry)
        return entry

    def _admit(self, entry: SessionEntry) -> None:
        self._ended.pop(entry.session_id)
        self._live[entry.session_id] = entry
        self._touch(entry)
        publish_session(self._events, entry)

    def _touch(self, entry: SessionEntry) -> None:
        if not entry.world_id:
            self._clocks[entry.pool_name].touch(entry)

    def _end(self, entry: SessionEntry, why: BridgeError) -> None:
        del self._live[entry.session_id]
        self._counts[entry.pool_name] -= 1
        self._clocks[entry.pool_name].remove(entry)
        self._ended.remember(entry.session_id, why.to_detail())
        publish_session(self._events, entry, why.message)
        for watcher in self._watchers.pop(entry, ()):
            if not watcher.done():
                watcher.set_result(None)
        entry.forget_rank()
        self._memory.forget(entry.number)

    async def _drop(self, entry: SessionEntry) -> None:
        await asyncio.gather(*(rank.sessions.drop(entry.session_id) for rank in entry.known_to))

    def _begin_to_expire(self, entry: SessionEntry) -> None:
        task = background.task("expiring a session", self._expire(entry))
        self._expiring.add(task)
        task.add_done_callback(self._expiring.discard)

    async def _expire(self, entry: SessionEntry) -> None:
        idle = self._pools.get(entry.pool_name).settings.session_idle
        if entry.strict and entry.rank is not None and not entry.rank.died.done():
            # Its client may be talking to the rank directly.
            if not await entry.rank.sessions.drop_unused(entry.session_id, idle):
                return
        elif entry.in_flight:
            return
        if self._live.get(entry.session_id) is not entry:
            return
        self._end(entry, closed(entry.session_id, f"expired after {idle} without a call"))
        if not entry.strict:
            # Nothing was promised to it; its next call opens it again.
            self._ended.pop(entry.session_id)
            await self._drop(entry)
