"""One live session, and the errors about sessions."""

from __future__ import annotations

import itertools
import logging
import re
from dataclasses import dataclass, field

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.observe.events import Events
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.settings import DEFAULT_POOL
from vllm_bridge.process import logs
from vllm_bridge.transport.call_tokens import session_token
from vllm_bridge.transport.certificates import SERVER_NAME
from vllm_bridge.transport.metadata import AFFINITY_NAMES

# They travel in metadata, which is printable ASCII, and in error messages.
_SESSION_ID = re.compile(r"[!-~]{1,200}")
_OF_WORLD = re.compile(r".*/rank-\d+")

_logger = logging.getLogger("vllm_bridge.pool")

_numbers = itertools.count(1)


@dataclass(eq=False, slots=True)
class SessionEntry:
    """A live session. There may be ten thousand, so it holds little."""

    session_id: str
    affinity: pool_pb2.Affinity
    # Strict: the one rank. Hint: where it ran first, preferred while it lives.
    rank: Rank | None = None
    # Set for the session of a world's rank.
    world_id: str = ""
    epoch: int = 0
    pool_name: str = DEFAULT_POOL
    # The client it ends with; empty: none.
    client_id: str = ""
    last_used: float = 0.0
    in_flight: int = 0
    # Ranks that know it.
    known_to: tuple[Rank, ...] = ()
    # Tells it from another one of the same id, before or after it.
    number: int = field(default_factory=_numbers.__next__)

    @property
    def strict(self) -> bool:
        """Whether it has one rank for life."""
        return self.affinity != pool_pb2.HINT

    async def introduce_to(self, rank: Rank) -> None:
        """See that the rank knows this session before its call arrives there."""
        if rank not in self.known_to:
            alive = (known for known in self.known_to if not known.died.done())
            self.known_to = (*alive, rank)
        await rank.sessions.register(
            self.session_id,
            fail_fast=self.affinity == pool_pb2.STRICT_FAIL_FAST,
            number=self.number,
        )

    def prefer(self, rank: Rank) -> bool:
        """A call of this hint session goes there: from now on that is its rank, while it lives.

        False when it has one already.
        """
        if self.rank is not None and not self.rank.died.done():
            return False
        self.forget_rank()
        self.rank = rank
        rank.preferred += 1
        return True

    def forget_rank(self) -> None:
        """Its rank no longer counts it."""
        if self.rank is None or self.world_id:
            return
        if self.strict:
            self.rank.bound -= 1
        else:
            self.rank.preferred -= 1

    def check_worker(self) -> None:
        """Raise `session_worker_unavailable` if the one rank of a strict session is gone."""
        if self.strict and self.rank is not None and self.rank.died.done():
            raise worker_gone(self, self.rank)

    def check_affinity(self, affinity: pool_pb2.Affinity) -> None:
        """Raise `affinity_conflict` unless it has this affinity, or the call names none."""
        if affinity not in (pool_pb2.AFFINITY_UNSPECIFIED, self.affinity):
            raise BridgeError(
                Category.VALIDATION,
                "affinity_conflict",
                f"session {self.session_id!r} is open with affinity "
                f"{AFFINITY_NAMES[self.affinity]}, not "
                f"{AFFINITY_NAMES.get(affinity, str(affinity))}; close it first, or use another id",
                details={"session_id": self.session_id},
            )

    def check_pool(self, pool_name: str) -> None:
        """Raise `pool_conflict` unless it is in this pool, or the call names none."""
        if pool_name not in ("", self.pool_name):
            raise BridgeError(
                Category.VALIDATION,
                "pool_conflict",
                f"session {self.session_id!r} is open in pool {self.pool_name!r}, not in "
                f"{pool_name!r}; close it first, or use another id",
                details={"session_id": self.session_id, "pool_name": self.pool_name},
            )

    def to_message(self, *, direct: bool) -> pool_pb2.Session:
        """As clients see it; `direct` ones may be given the rank's own endpoints."""
        message = pool_pb2.Session(
            session_id=self.session_id,
            pool_name=self.pool_name,
            affinity=self.affinity,
            world_id=self.world_id,
            epoch=self.epoch,
            client_id=self.client_id,
        )
        if self.strict and self.rank is not None:
            message.pid = self.rank.pid
            if self.rank.certificate:
                message.far_endpoint = self.rank.endpoint
            elif direct:
                message.endpoint = self.rank.endpoint
                message.frames_endpoint = self.rank.frames_endpoint
            if self.world_id:
                message.rank = self.rank.position.index
        return message


def reach(entry: SessionEntry) -> pool_pb2.ReachRankResponse:
    """How to call its rank directly from another host.

    Raises:
        BridgeError: `not_far`; or the rank is gone.
    """
    entry.check_worker()
    rank = entry.rank
    if not entry.strict or rank is None or not rank.certificate:
        raise BridgeError(
            Category.VALIDATION,
            "not_far",
            f"session {entry.session_id!r} has no rank on another host than the pool's: send its "
            "calls to its endpoint, or to the pool",
            details={"session_id": entry.session_id},
        )
    return pool_pb2.ReachRankResponse(
        endpoint=rank.endpoint,
        certificate=rank.certificate,
        server_name=SERVER_NAME,
        token=session_token(rank.call_key, entry.session_id),
    )


def session_event(session: SessionEntry, ended: str = "") -> pool_pb2.Event:
    """A session as it is now, or why it has ended."""
    message = session.to_message(direct=False)
    return pool_pb2.Event(session=pool_pb2.SessionEvent(session=message, ended=ended))


def publish_session(events: Events, session: SessionEntry, ended: str = "") -> None:
    """Tell that a session was opened, or has ended, and why."""
    logs.log(
        _logger,
        logging.DEBUG,
        f"session {session.session_id} " + (f"has ended: {ended}" if ended else "is open"),
        session_id=session.session_id,
        world_id=session.world_id,
    )
    events.publish(lambda: session_event(session, ended), session.world_id)


def check_new_id(session_id: str) -> None:
    """Raise `invalid_session_id` unless a client may open a session of that id."""
    if not _SESSION_ID.fullmatch(session_id):
        raise BridgeError(
            Category.VALIDATION,
            "invalid_session_id",
            f"session_id is {session_id[:200]!r}; it must be 1 to 200 printable ASCII "
            "characters without spaces",
        )
    if names_world(session_id):
        raise BridgeError(
            Category.VALIDATION,
            "invalid_session_id",
            f"session_id is {session_id!r}; ids that end in /rank-N are for worlds",
        )


def names_world(session_id: str) -> bool:
    """Whether the id is of the form that sessions of worlds have."""
    return _OF_WORLD.fullmatch(session_id) is not None


def not_found(session_id: str) -> BridgeError:
    """The error for an id the pool knows nothing of."""
    remedy = "open it first"
    if names_world(session_id):
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
    if entry.world_id:
        error.message += ". Restart the world, or start another"
    else:
        error.message += (
            f". Session {entry.session_id!r} was bound to it: close the session and open it again "
            "to get another rank"
        )
    error.args = (error.message,)
    error.details["session_id"] = entry.session_id
    return error
