"""Context managers of a rank, for `with` and `async with`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.client._calls import runs
from vllm_bridge.client._calls.checks import text, wrong_type
from vllm_bridge.client._calls.timeouts import ASK_TIMEOUT
from vllm_bridge.codec.errors import BridgeError, Category

if TYPE_CHECKING:
    from vllm_bridge.codec.calls import RemoteObject

_WANTED = "the name of a function that makes a context manager, or a remote object that is one"

_OBJECTS = "/vllm.bridge.v1.Objects"

# After these nobody here knows whether the context was entered.
_UNKNOWN_OUTCOME = {Category.TIMEOUT, Category.WORKER, Category.GRPC_ERROR}


def _name(of: str | RemoteObject) -> str:
    if isinstance(of, str):
        return text("of", of, _WANTED)
    name: object = getattr(of, "type_name", None)
    if not isinstance(name, str):
        raise wrong_type("of", of, _WANTED)
    return name


class Caller(Protocol):
    """What a context needs of its session."""

    async def invoke(
        self,
        name: str,
        args: Sequence[object] = ...,
        kwargs: Mapping[str, object] | None = ...,
        *,
        timeout: timedelta | None,
    ) -> Any:
        """As `SessionCalls.invoke`."""

    async def send(self, path: str, request: bytes, timeout: timedelta | None) -> bytes:
        """As `SessionCalls.send`."""

    def entered(self) -> list[str]:
        """As `SessionCalls.entered`."""


class ContextCalls:
    """What entering and exiting a context manager of a rank asks of the rank."""

    def __init__(
        self,
        session: Caller,
        allowed: Callable[[], Awaitable[timedelta | None]],
        of: str | RemoteObject,
        args: Sequence[object],
        kwargs: Mapping[str, object],
    ) -> None:
        self._session = session
        # How long the next call may take.
        self._allowed = allowed
        self._of, self._args, self._kwargs = of, args, kwargs
        self._name = _name(of)
        self._made: RemoteObject | None = None

    async def enter(self) -> Any:
        """What its `__enter__` returned."""
        from vllm_bridge.codec.calls import decode_term

        if self._made is not None:
            raise BridgeError(
                Category.VALIDATION,
                "context_entered",
                f"the context of {self._name} is entered already; make another one",
            )
        made = await self._make()
        request = rank_pb2.EnterRequest(context=made.to_ref())
        try:
            response = await self._session.send(
                f"{_OBJECTS}/Enter", request.SerializeToString(), await self._allowed()
            )
        except BridgeError as error:
            if error.category in _UNKNOWN_OUTCOME:
                await self._exit_if_entered(made)
            raise
        self._made = made
        self._session.entered().append(request.context.id)
        return decode_term(types_pb2.Term.FromString(response))

    async def exit(self, error: BaseException | None) -> bool:
        """Whether the rank has suppressed the exception of the block."""
        made, self._made = self._made, None
        if made is None:
            raise BridgeError(
                Category.VALIDATION,
                "context_not_entered",
                f"the context of {self._name} is not entered",
            )
        entered = self._session.entered()
        if made.id in entered:
            entered.remove(made.id)
        text = "" if error is None else f"{type(error).__name__}: {error}"
        return await self._exit(made, text)

    async def _make(self) -> RemoteObject:
        from vllm_bridge.codec.calls import RemoteObject

        if not isinstance(self._of, str):
            return self._of
        allowed = await self._allowed()
        made = await self._session.invoke(self._of, self._args, self._kwargs, timeout=allowed)
        if not isinstance(made, RemoteObject):
            raise BridgeError(
                Category.VALIDATION,
                "not_a_context",
                f"{self._of} returns no context manager, but {made!r}; use call",
            )
        return made

    async def _exit_if_entered(self, made: RemoteObject) -> None:
        """Behind an Enter that may still run: calls of a rank run in order."""
        try:
            await self._exit(made, "entering it failed")
        except BridgeError:
            # It was not entered, or its rank is gone or stuck; ending the session exits it.
            return

    async def _exit(self, made: RemoteObject, error: str) -> bool:
        request = rank_pb2.ExitRequest(
            context=made.to_ref(), error=error, release=isinstance(self._of, str)
        )
        allowed = await self._time_to_exit()
        # Also where a whole `World.run` is over.
        with runs.outside():
            response = await self._session.send(
                f"{_OBJECTS}/Exit", request.SerializeToString(), allowed
            )
        return rank_pb2.ExitResponse.FromString(response).suppressed

    async def _time_to_exit(self) -> timedelta | None:
        try:
            allowed = await self._allowed()
        except BridgeError:
            return ASK_TIMEOUT
        return None if allowed is None else max(allowed, ASK_TIMEOUT)
