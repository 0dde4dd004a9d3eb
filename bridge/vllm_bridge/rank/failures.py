"""Exceptions of a call, as the error its caller sees."""

from __future__ import annotations

import traceback

from pydantic import ValidationError

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.confinement import explain
from vllm_distributed.errors import DistributedError


def bridge_error(error: BaseException, *, rank: int | None, call_id: str) -> BridgeError:
    """The error to send: ours as it is, anything else as `python_error` (or `timeout`)."""
    if isinstance(error, BridgeError):
        error.rank = rank if error.rank is None else error.rank
        error.call_id = error.call_id or call_id
        return error
    reason, details, message = "exception", {}, str(error)
    if isinstance(error, DistributedError):
        reason, details = error.reason, dict(error.details)
    elif isinstance(error, ValidationError):
        reason, details, message = _refused_fields(error)
    kind = type(error)
    said, why = explain(error)
    if said:
        message, details = f"{message.rstrip() or kind.__name__}: {said}", {**details, **why}
    return BridgeError(
        Category.TIMEOUT if isinstance(error, TimeoutError) else Category.PYTHON_ERROR,
        reason,
        message or kind.__name__,
        details=details,
        python_type=kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}",
        traceback="".join(traceback.format_exception(error)),
        rank=rank,
        call_id=call_id,
    )


def _refused_fields(error: ValidationError) -> tuple[str, dict[str, object], str]:
    """Reason, details and message of a configuration that was refused."""
    refused = [
        (".".join(map(str, problem["loc"])), problem["input"], problem["msg"])
        for problem in error.errors(include_url=False, include_context=False)
    ]
    # Rules of our own name field and value themselves.
    said = [
        why if not field or why.startswith(f"{field}=") else f"{field}={value!r}: {why}"
        for field, value, why in refused
    ]
    details: dict[str, object] = {"fields": [field for field, _, _ in refused if field]}
    return "invalid_argument", details, f"{error.title}: " + "; ".join(said)
