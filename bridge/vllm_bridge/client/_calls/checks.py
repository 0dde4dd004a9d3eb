"""Checks that the modules of the client share."""

from __future__ import annotations

from datetime import timedelta

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category, detail_in
from vllm_bridge.durations import seconds_or_none


def seconds(timeout: timedelta | None) -> float | None:
    """A timeout as gRPC takes it; one beyond its clock is none.

    Raises:
        BridgeError: (validation, `wrong_type`) it is no timedelta.
    """
    if timeout is None:
        return None
    if not isinstance(timeout, timedelta):
        raise wrong_type("timeout", timeout, "a datetime.timedelta, e.g. timedelta(seconds=5)")
    return seconds_or_none(timeout)


def text(name: str, value: object, wanted: str = "a str") -> str:
    """A text argument.

    Raises:
        BridgeError: (validation, `wrong_type`) it is none, or no Unicode text.
    """
    if not isinstance(value, str):
        raise wrong_type(name, value, wanted)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong_type(name, value, f"{wanted}, of Unicode text") from None
    return value


def flag(name: str, value: object) -> bool:
    """A bool.

    Raises:
        BridgeError: (validation, `wrong_type`) it is none.
    """
    if not isinstance(value, bool):
        raise wrong_type(name, value, "a bool")
    return value


def wrong_type(name: str, value: object, wanted: str) -> BridgeError:
    """The error for an argument of a wrong type."""
    return BridgeError(
        Category.VALIDATION,
        "wrong_type",
        f"{name} is {value!r}; it must be {wanted}",
        details={"argument": name},
    )


def has_detail(error: grpc.RpcError) -> bool:
    """Whether the far end said what went wrong."""
    return detail_in(error.trailing_metadata() or ()) is not None


def described(session: pool_pb2.Session, affinity: str) -> str:
    """A session, for people."""
    where = f" of world {session.world_id!r}" if session.world_id else ""
    rank = f", rank {session.rank}{where}" if session.HasField("rank") else ""
    return f"<Session {session.session_id!r}, {affinity}{rank}>"


def described_world(world: pool_pb2.World, ranks: int) -> str:
    """A world, or a slice of it, for people."""
    state = pool_pb2.WorldState.Name(world.state).removeprefix("WORLD_").lower()
    of = "" if ranks == world.world_size else f"{ranks} of "
    return f"<World {world.world_id!r}, {of}{world.world_size} ranks, epoch {world.epoch}, {state}>"
