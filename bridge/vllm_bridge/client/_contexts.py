"""Context managers of a rank, for `with`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.client import _runs as runs
from vllm_bridge.client._checks import text, wrong_type
from vllm_bridge.client._timeouts import ASK_TIMEOUT
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

    def invoke(
        self,
        name: str,
        args: Sequence[object] = ...,
        kwargs: Mapping[str, object] | None = ...,
        *,
        timeout: timedelta | None = ...,
    ) -> Any:
        """As `Session.invoke`."""

    def send(self, path: str, request: bytes, timeout: timedelta | None) -> bytes:
        """As `Session.send`."""

    def entered(self) -> list[str]:
        """As `Session.entered`."""


class Context:
    """A context manager that a rank makes when it is entered, and forgets when it is exited.

    `of` is the function that makes it, as for `Session.call`, or an object that is one and stays
    kept.

    `with` gives what `__enter__` returned in the rank. An exception of the block reaches the rank's
    `__exit__` as a `RemoteError` with its text; where that suppresses it, so does `with`. What a
    session has entered is exited in reverse order, and by the rank when the session ends first.
    Calls of the thread that entered it run in its rank, in hint sessions too; those of other
    threads do in strict sessions, as those of a world are. Use one from one thread, and once at a
    time; it can be entered again after it was exited.

    Raises:
        BridgeError: of the call, of `__enter__` or of `__exit__`; (validation, `not_a_context`) the
            function returns something else, `context_order`: another context was entered after
            this one and is still open.
    """

    def __init__(
        self,
        session: Caller,
        allowed: Callable[[], timedelta | None],
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

    def __enter__(self) -> Any:
        from vllm_bridge.codec.calls import decode_term

        if self._made is not None:
            raise BridgeError(
                Category.VALIDATION,
                "context_entered",
                f"the context of {self._name} is entered already; make another one",
            )
        made = self._make()
        request = rank_pb2.EnterRequest(context=made.to_ref())
        try:
            response = self._session.send(
                f"{_OBJECTS}/Enter", request.SerializeToString(), self._allowed()
            )
        except BridgeError as error:
            if error.category in _UNKNOWN_OUTCOME:
                self._exit_if_entered(made)
            raise
        self._made = made
        self._session.entered().append(request.context.id)
        return decode_term(types_pb2.Term.FromString(response))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
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
        return self._exit(made, text)

    def _make(self) -> RemoteObject:
        from vllm_bridge.codec.calls import RemoteObject

        if not isinstance(self._of, str):
            return self._of
        made = self._session.invoke(self._of, self._args, self._kwargs, timeout=self._allowed())
        if not isinstance(made, RemoteObject):
            raise BridgeError(
                Category.VALIDATION,
                "not_a_context",
                f"{self._of} returns no context manager, but {made!r}; use call",
            )
        return made

    def _exit_if_entered(self, made: RemoteObject) -> None:
        """Behind an Enter that may still run: calls of a rank run in order."""
        try:
            self._exit(made, "entering it failed")
        except BridgeError:
            # It was not entered, or its rank is gone or stuck; ending the session exits it.
            return

    def _exit(self, made: RemoteObject, error: str) -> bool:
        request = rank_pb2.ExitRequest(
            context=made.to_ref(), error=error, release=isinstance(self._of, str)
        )
        allowed = self._time_to_exit()
        # Also where a whole `World.run` is over.
        with runs.outside():
            response = self._session.send(f"{_OBJECTS}/Exit", request.SerializeToString(), allowed)
        return rank_pb2.ExitResponse.FromString(response).suppressed

    def _time_to_exit(self) -> timedelta | None:
        try:
            allowed = self._allowed()
        except BridgeError:
            return ASK_TIMEOUT
        return None if allowed is None else max(allowed, ASK_TIMEOUT)
