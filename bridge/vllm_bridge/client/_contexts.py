"""Context managers of a rank, for `with`."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from vllm_bridge.client._blocking import now
from vllm_bridge.client._objects.contexts import ContextCalls


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

    def __init__(self, calls: ContextCalls) -> None:
        self._calls = calls

    def __enter__(self) -> Any:
        return now(self._calls.enter())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return now(self._calls.exit(error))
