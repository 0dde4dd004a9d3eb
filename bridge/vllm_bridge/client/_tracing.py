"""The trace that a call is part of, where this process uses OpenTelemetry.

A process that has not imported it pays a look into a dict for each call. In one that has, the span
that is current in the calling thread or task is the parent of what pool and rank do: 2 us a call. A
span for each call would cost as much as a quarter of the call; whoever wants it makes it.
"""

from __future__ import annotations

import sys
from typing import Any

from vllm_bridge.transport import metadata as keys
from vllm_bridge.transport.frames.calling import Metadata

# The last span, and what goes with its calls: several calls of one span follow each other.
_last: tuple[Any, Metadata] = (None, ())


def metadata() -> Metadata:
    """What goes with a call."""
    global _last
    api: Any = sys.modules.get("opentelemetry.trace")
    if api is None:
        return ()
    context = api.get_current_span().get_span_context()
    known, pairs = _last
    if known is not context:
        pairs = _of(context)
        _last = (context, pairs)
    return pairs


def _of(context: Any) -> Metadata:
    if not context.is_valid:
        return ()
    flags = int(context.trace_flags) & 0xFF
    parent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags:02x}"
    pairs = ((keys.TRACEPARENT, parent),)
    state = context.trace_state.to_header() if context.trace_state else ""
    return (*pairs, (keys.TRACESTATE, state)) if state else pairs
