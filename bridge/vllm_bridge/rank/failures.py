"""Exceptions of a call, as the error its caller sees."""

from __future__ import annotations

import traceback

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_distributed.errors import DistributedError


def bridge_error(error: Exception, *, rank: int | None, call_id: str) -> BridgeError:
    """The error to send: ours as it is, anything else as `python_error` (or `timeout`)."""
    if isinstance(error, BridgeError):
        error.rank = rank if error.rank is None else error.rank
        error.call_id = error.call_id or call_id
        return error
    reason, details = "exception", {}
    if isinstance(error, DistributedError):
        reason, details = error.reason, dict(error.details)
    kind = type(error)
    return BridgeError(
        Category.TIMEOUT if isinstance(error, TimeoutError) else Category.PYTHON_ERROR,
        reason,
        str(error) or kind.__name__,
        details=details,
        python_type=kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}",
        traceback="".join(traceback.format_exception(error)),
        rank=rank,
        call_id=call_id,
    )
