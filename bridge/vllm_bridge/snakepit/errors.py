"""Failures as Snakepit's callers see them: a JSON object in place of a result.

`type` is a class that Snakepit has an Elixir exception for, or the nearest builtin one. Our own
class, and all else that a program may want to know, is in `context`.
"""

from __future__ import annotations

import base64
import builtins
import json

from vllm_bridge.codec.errors import MAX_TRACEBACK_CHARS, BridgeError, Category

BRIEF_CHARS = 1_000
"""Of the message and of the traceback, in the message of a gRPC status."""

MAPPED = frozenset(
    {
        "ValueError",
        "KeyError",
        "IndexError",
        "TypeError",
        "AttributeError",
        "ImportError",
        "RuntimeError",
        "NotImplementedError",
        "FileNotFoundError",
        "PermissionError",
        "ZeroDivisionError",
    }
)
"""Builtin exceptions that are exceptions of their own in Elixir."""

_BY_REASON = {
    "name_not_allowed": "PermissionError",
    "path_not_allowed": "PermissionError",
    "pickle_refused": "PermissionError",
    "unknown_name": "AttributeError",
    "unknown_tool": "AttributeError",
    "unknown_helper": "AttributeError",
    "unknown_method": "NotImplementedError",
    "unknown_ref": "KeyError",
    "stale_ref": "KeyError",
    "wrong_type": "TypeError",
    "not_callable": "TypeError",
    "not_a_context": "TypeError",
    "missing_argument": "TypeError",
}
_BY_CATEGORY = {Category.VALIDATION: "ValueError", Category.TIMEOUT: "TimeoutError"}


def error_json(error: Exception, *, call_id: str = "", brief: bool = False) -> str:
    """The error object of an exception, as ASCII JSON text.

    `brief` is for the message of a gRPC status: headers have room for some 8 KiB in all, so the
    text is cut, and the `ErrorDetail` left out.
    """
    failure = as_bridge_error(error, call_id)
    detail = failure.to_detail()
    trace = failure.traceback[-(BRIEF_CHARS if brief else MAX_TRACEBACK_CHARS) :]
    context: dict[str, object] = {
        "category": failure.category.value,
        "reason": failure.reason,
        "python_type": failure.python_type,
        "class": failure.python_type.rpartition(".")[2] or type(error).__name__,
        "call_id": failure.call_id,
    }
    if not brief:
        context["details"] = failure.details
        context["error_detail"] = base64.b64encode(detail.SerializeToString()).decode()
    text = {
        "type": builtin_name(error),
        "message": detail.message[:BRIEF_CHARS] if brief else detail.message,
        "stacktrace": [] if brief else trace.splitlines(),
        "traceback": trace,
        "context": context,
    }
    return json.dumps(text, default=str)


def as_bridge_error(error: Exception, call_id: str = "") -> BridgeError:
    """The same failure in the bridge's own form."""
    # Not at the top: it needs the package, which is loaded after the worker has started.
    from vllm_bridge.rank.failures import bridge_error

    return bridge_error(error, rank=None, call_id=call_id)


def builtin_name(error: Exception) -> str:
    """The builtin exception class that is nearest to an exception."""
    if isinstance(error, BridgeError):
        if isinstance(error.__cause__, ImportError):
            return "ImportError"
        named = _BY_REASON.get(error.reason)
        return named or _BY_CATEGORY.get(error.category, "RuntimeError")
    names = [kind.__name__ for kind in type(error).__mro__ if _is_builtin(kind)]
    return next((name for name in names if name in MAPPED), names[0])


def _is_builtin(kind: type) -> bool:
    return getattr(builtins, kind.__name__, None) is kind
