"""Objects that go from one rank of a world to another; in coroutines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from vllm_bridge._generated import rank_pb2
from vllm_bridge.client._calls.checks import seconds
from vllm_bridge.client._calls.exchange import Exchange
from vllm_bridge.client._calls.session import SessionCalls
from vllm_bridge.client._worlds.calls import Members, as_run, on_all
from vllm_bridge.codec.errors import BridgeError, Category

if TYPE_CHECKING:
    from vllm_bridge.codec.calls import RemoteObject

Kept = TypeVar("Kept", bound="RemoteObject | Mapping[str, RemoteObject]")


async def passed(
    members: Members, kept: Kept, to: int, timeout: timedelta | None, *, forget: bool
) -> Kept:
    """See `vllm_bridge.client.World.copy`; `forget` it where it was, as `World.move` does."""
    seconds(timeout)
    await members.link.io.load("vllm_bridge.codec.calls")
    from vllm_bridge.codec.calls import RemoteObject

    objects: list[Any] = list(kept.values()) if isinstance(kept, Mapping) else [kept]
    if not objects or not all(isinstance(each, RemoteObject) for each in objects):
        raise _wrong(f"expected an object of a rank, or a dict of such, got {kept!r:.200}")
    source = _source(members, objects)
    target = next((each for each in members.sessions if each.info.rank == to), None)
    if target is None:
        ranks = ", ".join(map(str, members.ranks))
        raise _wrong(f"{members.world.world_id} has no rank {to!r} here; it has: {ranks}")
    if source is target:
        return kept
    refs = [each.to_ref() for each in objects]

    async def make(session: SessionCalls) -> Exchange:
        if session is source:
            request = rank_pb2.SendRequest(objects=refs, to_rank=to)
            return await session.objects("Send", request, lambda response, _: [])
        from_rank = rank_pb2.ReceiveRequest(from_rank=source.info.rank)
        return await session.objects("Receive", from_rank, lambda response, _: _received(response))

    pair = Members(members.link, members.world, [source, target])
    async with as_run(pair, timeout):
        results = await on_all(pair, make, "World.move" if forget else "World.copy", timeout)
        if forget:
            release = rank_pb2.ReleaseRequest(objects=refs)
            await (await source.objects("Release", release, lambda response, _: None)).result()
    arrived = [
        RemoteObject(ref.id, ref.session_id, ref.epoch, ref.type_name)
        for ref in results[target.info.rank]
    ]
    if isinstance(kept, Mapping):
        return cast("Kept", dict(zip(kept, arrived, strict=True)))
    return cast("Kept", arrived[0])


def _received(response: bytes) -> list[Any]:
    return list(rank_pb2.ReceiveResponse.FromString(response).objects)


def _source(members: Members, objects: list[Any]) -> SessionCalls:
    """The session of the rank that has all objects."""
    ids = {each.session_id for each in objects}
    found = [each for each in members.sessions if each.info.session_id in ids]
    if len(ids) > 1 or not found:
        raise _wrong(
            f"the objects are of the sessions {', '.join(sorted(ids))}: they must all be of one "
            f"rank of {members.world.world_id}"
        )
    return found[0]


def _wrong(problem: str) -> BridgeError:
    return BridgeError(Category.VALIDATION, "invalid_argument", f"World.copy: {problem}")
