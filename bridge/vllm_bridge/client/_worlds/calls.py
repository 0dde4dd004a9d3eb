"""One call on every rank of a world: sent to all of them, then awaited; in coroutines."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.client._calls import runs, turns
from vllm_bridge.client._calls.checks import seconds, text
from vllm_bridge.client._calls.exchange import Exchange
from vllm_bridge.client._calls.future import FutureCalls
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._calls.runs import Run
from vllm_bridge.client._calls.session import SessionCalls
from vllm_bridge.client._calls.timeouts import UNSET
from vllm_bridge.client._worlds.outcomes import GRACE_SECONDS, Outcome, Outcomes
from vllm_bridge.client._worlds.progress import OnProgress, Telling, check
from vllm_bridge.codec.errors import BridgeError, Category

if TYPE_CHECKING:
    from vllm_bridge.client._worlds.dispatch import Collect, Dispatch

Make = Callable[[SessionCalls], Awaitable[Exchange]]
Tell = Callable[[int, Outcome], None]


def quiet(rank: int, outcome: Outcome) -> None:
    """For those who want the result alone."""


@dataclass(frozen=True)
class Members:
    """A world, or a slice of it: its ranks are those of the sessions."""

    link: Link
    world: pool_pb2.World
    sessions: Sequence[SessionCalls]

    @property
    def ranks(self) -> tuple[int, ...]:
        """In order."""
        return tuple(session.info.rank for session in self.sessions)


def check_call(name: object, timeout: timedelta | None, timeout_profile: object) -> None:
    """What can be said of a call before anything of it is made.

    Raises:
        BridgeError: (validation, `wrong_type`) an argument is of another type.
    """
    text("name", name, "the name of a function, e.g. 'get_tp_group' or 'torch.arange'")
    text("timeout_profile", timeout_profile)
    seconds(timeout)


async def call(
    members: Members,
    name: str,
    args: Sequence[object],
    kwargs: Mapping[str, object],
    *,
    dispatch: Dispatch,
    collect: Collect,
    timeout: timedelta | None,
    timeout_profile: str,
    tell: Tell = quiet,
) -> Any:
    """See `vllm_bridge.client.World.call`."""
    check_call(name, timeout, timeout_profile)
    # Both import torch.
    await members.link.io.load("vllm_bridge.codec.calls")
    await members.link.io.load("vllm_bridge.client._worlds.dispatch")
    from vllm_bridge.client._worlds.dispatch import arguments, check, collected
    from vllm_bridge.contract import methods_by_name

    check(dispatch, collect)
    given = arguments(members.world, members.ranks, args, dispatch)
    typed = "." not in name or name in methods_by_name()

    async def make(session: SessionCalls) -> Exchange:
        begin = session.function if typed else session.by_name
        own = given[session.info.rank]
        return await begin(name, own, kwargs, UNSET, timeout_profile)

    values = await on_all(members, make, name, timeout, tell)
    return collected(members.world, values, collect)


async def named(members: Members, timeout: timedelta | None) -> list[str]:
    """The names that all ranks have."""
    return await _names(members, rank_pb2.NameRequest(), "World.named", timeout)


async def delete(members: Members, name: str, timeout: timedelta | None) -> None:
    """Forget what has a name."""
    request = rank_pb2.NameRequest(name=text("name", name), forget=True)
    await _names(members, request, "World.delete", timeout)


async def load(
    members: Members, module: str, timeout: timedelta | None, on_progress: OnProgress | None
) -> list[str]:
    """Import a module in every rank."""
    check(on_progress)
    telling, total = Telling(on_progress), len(members.sessions)
    request = rank_pb2.LoadRequest(module=text("module", module, "a dotted name"))

    async def make(session: SessionCalls) -> Exchange:
        return await session.objects(
            "Load", request, lambda response, _: _of(rank_pb2.LoadResponse, response)
        )

    def tell(rank: int, outcome: Outcome) -> None:
        telling.ended(rank, total)

    return _of_all(await on_all(members, make, "World.load", timeout, tell))


async def _names(
    members: Members, request: rank_pb2.NameRequest, what: str, timeout: timedelta | None
) -> list[str]:
    async def make(session: SessionCalls) -> Exchange:
        return await session.objects(
            "Name", request, lambda response, _: _of(rank_pb2.NameResponse, response)
        )

    return _of_all(await on_all(members, make, what, timeout))


def _of(kind: type[Any], response: bytes) -> list[str]:
    return list(kind.FromString(response).names)


def _of_all(lists: Mapping[int, list[str]]) -> list[str]:
    first, *rest = lists.values()
    return [name for name in first if all(name in other for other in rest)]


async def on_all(
    members: Members, make: Make, what: str, timeout: timedelta | None, tell: Tell = quiet
) -> dict[int, Any]:
    """The results of a call of each rank, of which all are sent before one is awaited.

    Raises:
        BridgeError: of the rank that says most, when one has failed; `details["outcomes"]` has what
            became of each. As `turns.taken`.
    """
    async with as_run(members, timeout) as run:
        outcomes = Outcomes(members.ranks)

        def heard(rank: int, outcome: Outcome) -> None:
            outcomes.add(rank, outcome)
            tell(rank, outcome)

        begun: dict[int, FutureCalls] = {}
        try:
            for session in members.sessions:
                rank = session.info.rank
                if outcomes.failed:
                    outcomes.unsent.add(rank)
                    continue
                try:
                    exchange = await make(session)
                    sent = await exchange.begin()
                except BridgeError as error:
                    heard(rank, Outcome(error=error))
                    continue
                begun[rank] = FutureCalls(members.link.io, exchange, sent, what)
            await members.link.io.settled(begun, heard, lambda: outcomes.failed, GRACE_SECONDS)
        finally:
            unheard = [future for rank, future in begun.items() if rank not in outcomes.heard]
            if unheard:
                # Also what was sent a second time.
                run.cancel()
            for future in unheard:
                future.cancel()
        return outcomes.values()


@contextlib.asynccontextmanager
async def as_run(members: Members, timeout: timedelta | None) -> AsyncIterator[Run]:
    """Have the turn of the world, or be part of the run that this is called in."""
    seconds(timeout)
    run = runs.begin(timeout)
    async with turns.taken(members.link, members.world, run):
        with run.entered():
            yield run


async def keep(session: SessionCalls, name: str, value: object) -> None:
    """Have a session keep an object under a name.

    Raises:
        BridgeError: (validation) `invalid_argument`: it is no object of a rank, or no name.
    """
    from vllm_bridge.codec.calls import RemoteObject

    if not isinstance(value, RemoteObject):
        raise BridgeError(
            Category.VALIDATION,
            "invalid_argument",
            f"World.put: the function must return an object of the rank, not {value!r:.200}. Small "
            "values and tensors come to the client; what a module of yours makes stays",
        )
    request = rank_pb2.NameRequest(object=value.to_ref(), name=name)
    exchange = await session.objects("Name", request, lambda response, _: None)
    await exchange.result()
