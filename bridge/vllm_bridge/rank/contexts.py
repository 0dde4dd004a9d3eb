"""Context managers that a session enters: each is exited exactly once, the latest one first.

Everything here runs in the executor's thread, but for `len` and `in`: streams, patched groups and
redirected output belong to the thread that entered them.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import Any

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.errors import BridgeError, Category

_logger = logging.getLogger("vllm_bridge.rank.contexts")


Check = Callable[[object], None]


class RemoteError(RuntimeError):
    """What `__exit__` is given when the caller's block failed: the caller's words for it."""


class SessionContexts:
    """What one session has entered and not exited, in order."""

    def __init__(self, session_id: str) -> None:
        self._session_id = session_id
        self._entered: list[tuple[types_pb2.Ref, Any]] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._entered)

    def __contains__(self, ref_id: object) -> bool:
        return any(ref.id == ref_id for ref, _ in self._entered)

    def enter(self, ref: types_pb2.Ref, context: Any, check: Check) -> Any:
        """Enter a context manager; returns what its `__enter__` does.

        `check` refuses, by raising, one that a client may not enter.

        Raises:
            BridgeError: (validation) it is no context manager (`not_a_context`), is entered
                (`context_entered`), or was and works only once (`context_used`);
                (pool, `session_not_found`) the session has ended.
        """
        if self._closed:
            raise BridgeError(
                Category.POOL,
                "session_not_found",
                f"session {self._session_id!r} has ended; nobody would exit what is entered now",
                details={"session_id": self._session_id},
            )
        kind = type(context)
        if not hasattr(kind, "__enter__") or not hasattr(kind, "__exit__"):
            raise _refused(
                "not_a_context",
                f"{_named(ref)} is no context manager: a {kind.__name__} has no __enter__ and "
                "__exit__",
                ref,
            )
        if ref.id in self:
            raise _refused(
                "context_entered",
                f"{_named(ref)} is entered already; exit it first, or make another one",
                ref,
            )
        if isinstance(context, contextlib._GeneratorContextManager) and not hasattr(
            context, "func"
        ):
            raise _refused(  # gone with the first entry
                "context_used",
                f"{_named(ref)} was entered before and works only once; make another one",
                ref,
            )
        check(context)
        value = context.__enter__()
        self._entered.append((ref, context))
        return value

    def exit(self, ref: types_pb2.Ref, error: str) -> bool:
        """Exit the context entered last; returns whether it suppresses the error.

        Whatever `__exit__` raises is raised, and the context counts as exited.

        Raises:
            BridgeError: (validation) it is not entered (`context_not_entered`), or others were
                entered after it (`context_order`).
        """
        if ref.id not in self:
            raise _refused(
                "context_not_entered",
                f"{_named(ref)} is not entered: it never was, or it was exited",
                ref,
            )
        last, context = self._entered[-1]
        if last.id != ref.id:
            ids = [entered.id for entered, _ in self._entered]
            inner = [known for known, _ in self._entered[ids.index(ref.id) + 1 :]]
            raise _refused(
                "context_order",
                f"{_named(ref)} cannot be exited while what was entered after it is open: "
                f"{', '.join(map(_named, inner))}; exit the last one first",
                ref,
                open=[known.id for known in inner],
            )
        self._entered.pop()
        if not error:
            return bool(context.__exit__(None, None, None))
        failure = RemoteError(error)
        return bool(context.__exit__(RemoteError, failure, None))

    def close(self) -> None:
        """Exit all, the latest first. An error of one is logged, and the others are exited."""
        self._closed = True
        while self._entered:
            ref, context = self._entered.pop()
            try:
                context.__exit__(None, None, None)
            except Exception as error:  # noqa: BLE001 - nobody is left to be told
                _logger.warning(
                    "session %s has ended, and exiting %s failed: %r",
                    self._session_id,
                    _named(ref),
                    error,
                )


def _named(ref: types_pb2.Ref) -> str:
    return f"context {ref.id!r} ({ref.type_name or 'of unknown type'})"


def _refused(reason: str, message: str, ref: types_pb2.Ref, **details: object) -> BridgeError:
    facts = {"ref": ref.id, "session_id": ref.session_id, **details}
    return BridgeError(Category.VALIDATION, reason, message, details=facts)
