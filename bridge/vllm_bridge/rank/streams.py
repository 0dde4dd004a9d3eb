"""Iterators of a rank, read by a client: generators, and what else of Python's own yields items.

An iterator is an object of its session like any other. Its items come on request, several at a
time, on the executor's thread: between two requests nothing of it runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from vllm_bridge._generated import rank_pb2, types_pb2
from vllm_bridge.codec.dispatch import present
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_bridge.durations import from_duration
from vllm_bridge.rank.allow.types import STREAMS

MAX_ITEMS = 4096
"""In one answer, whatever was asked for."""

MAX_BYTES = 1 << 20
"""An answer takes no more items when it has grown to this."""


def next_items(request: rank_pb2.NextRequest, wire: Wire) -> rank_pb2.NextResponse:
    """The next items of an iterator.

    Raises:
        BridgeError: (validation, `not_a_stream`) the object is no iterator.
        What the iterator raises, when all items before that have been fetched.
    """
    ref = present(request, "object")
    iterator = _iterator(wire, ref)
    late = wire.objects.failures.pop(ref.id, None)
    if late is not None:
        wire.objects.release(ref)
        raise late
    answer = rank_pb2.NextResponse()
    try:
        answer.done = _read(iterator, request, wire, answer)
    except Exception as error:
        if not answer.items:
            _close(wire, ref, iterator)
            raise
        wire.objects.failures[ref.id] = error
    if answer.done:
        wire.objects.release(ref)
    return answer


def _read(
    iterator: Iterator[Any],
    request: rank_pb2.NextRequest,
    wire: Wire,
    answer: rank_pb2.NextResponse,
) -> bool:
    """Fill the answer; whether the iterator is at its end."""
    wanted = min(request.max_items or 1, MAX_ITEMS)
    within_s = from_duration(request.within).total_seconds()
    until, size = 0.0, 0
    for item in iterator:
        term = wire.to_term(item)
        answer.items.append(term)
        size += term.ByteSize()
        until = until or time.monotonic() + within_s
        if len(answer.items) >= wanted or size >= MAX_BYTES or time.monotonic() >= until:
            return False
    return True


def close(value: object) -> None:
    """End an iterator that nobody reads any more, if it is one that can be ended."""
    if type(value) in STREAMS and hasattr(value, "close"):
        value.close()


def _iterator(wire: Wire, ref: types_pb2.Ref) -> Iterator[Any]:
    value = wire.objects.get(ref)
    if type(value) not in STREAMS:
        raise BridgeError(
            Category.VALIDATION,
            "not_a_stream",
            f"ref {ref.id!r} is a {type(value).__name__}, which is not read item by item; "
            "generators and Python's own iterators are",
            details={"ref": ref.id},
        )
    return value  # type: ignore[return-value]


def _close(wire: Wire, ref: types_pb2.Ref, iterator: Iterator[Any]) -> None:
    wire.objects.release(ref)
    close(iterator)
