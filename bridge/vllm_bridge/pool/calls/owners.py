"""Which rank owns an object of a `hint` session, whose calls may run in any."""

from __future__ import annotations

from google.protobuf.message import DecodeError

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.refs import home_of

ELSEWHERE = "ref_elsewhere"
"""The reason with which a rank refuses a call, before it runs, whose object another one keeps."""


def of(session: SessionEntry, ref_id: str) -> Rank:
    """The rank that keeps this object.

    Raises:
        BridgeError: (validation, `unknown_ref`) none does, or it has died.
    """
    home = home_of(ref_id)
    rank = _find(session, home)
    if rank is None:
        raise _gone(session, ref_id, home)
    return rank


def named(session: SessionEntry, refusal: types_pb2.ErrorDetail) -> Rank:
    """The rank that another one names as the owner of an object.

    Raises:
        BridgeError: as `of`.
    """
    details = BridgeError.from_detail(refusal).details
    ref_id = details.get("ref")
    return of(session, ref_id if isinstance(ref_id, str) else "")


def parts(session: SessionEntry, request: bytes) -> list[tuple[Rank, bytes]]:
    """A `ReleaseRequest` in parts, each for the rank that keeps its objects.

    What no rank keeps is in none of them: it is gone already.

    Raises:
        BridgeError: (validation, `malformed_request`) it is none.
    """
    try:
        refs = rank_pb2.ReleaseRequest.FromString(request).objects
    except DecodeError as error:
        raise BridgeError(
            Category.VALIDATION, "malformed_request", f"this is no ReleaseRequest: {error}"
        ) from error
    by_rank: dict[Rank, rank_pb2.ReleaseRequest] = {}
    for ref in refs:
        rank = _find(session, home_of(ref.id))
        if rank is not None:
            by_rank.setdefault(rank, rank_pb2.ReleaseRequest()).objects.append(ref)
    return [(rank, part.SerializeToString()) for rank, part in by_rank.items()]


def _find(session: SessionEntry, home: str) -> Rank | None:
    alive = (rank for rank in session.known_to if not rank.died.done())
    return next((rank for rank in alive if rank.rank_id == home), None)


def _gone(session: SessionEntry, ref_id: str, home: str) -> BridgeError:
    owner = f"{home} kept it, and is gone" if home else "no rank ever kept it"
    return BridgeError(
        Category.VALIDATION,
        "unknown_ref",
        f"ref {ref_id!r} is not kept in session {session.session_id!r}: {owner}. Make the object "
        "again, in a strict session if it has to last: that one tells when its rank is gone",
        details={"ref": ref_id, "session_id": session.session_id},
    )
