"""Checks of what a caller passes to a message queue, made before anything else."""

from __future__ import annotations

from typing import Any

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.transports.queue.ring import MIN_CHUNK_BYTES

__all__ = ["check_cancel", "check_shape", "check_switch", "check_timeout", "checked_ranks"]


def checked_ranks(n_reader: int, n_local_reader: int, ranks: list[int] | None) -> list[int]:
    """Return the ranks of the readers on the writer's node."""
    _check_at_least("n_reader", n_reader, 0)
    _check_at_least("n_local_reader", n_local_reader, 0)
    if n_local_reader > n_reader:
        raise InvalidArgumentError(
            f"n_local_reader={n_local_reader} is more than n_reader={n_reader}",
            n_reader=n_reader,
            n_local_reader=n_local_reader,
        )
    if ranks is None:
        return list(range(n_local_reader))
    whole = all(isinstance(rank, int) and not isinstance(rank, bool) for rank in ranks)
    if not whole or len(ranks) != n_local_reader or len(set(ranks)) != len(ranks):
        raise InvalidArgumentError(
            f"local_reader_ranks={ranks} must be n_local_reader={n_local_reader} different ranks",
            local_reader_ranks=list(ranks),
        )
    return list(ranks)


def check_shape(max_chunk_bytes: int, max_chunks: int) -> None:
    """Refuse chunks too small for a frame's beginning, and a ring of none."""
    _check_at_least("max_chunk_bytes", max_chunk_bytes, MIN_CHUNK_BYTES)
    _check_at_least("max_chunks", max_chunks, 1)


def check_switch(name: str, value: bool) -> None:
    """Refuse anything but True and False."""
    if not isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be True or False, got {value!r}", argument=name)


def check_timeout(timeout: float) -> None:
    """Refuse anything but a number of seconds."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise InvalidTypeError(f"timeout must be a number of seconds, got {timeout!r}")
    if not timeout >= 0:
        raise InvalidArgumentError(f"timeout must not be negative, got {timeout} s")


def check_cancel(cancel: Any) -> None:
    """Refuse anything but an event: it must have `is_set`."""
    if cancel is not None and not callable(getattr(cancel, "is_set", None)):
        raise InvalidTypeError(f"cancel must be a threading.Event, got {cancel!r:.80}")


def _check_at_least(name: str, value: int, least: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidTypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise InvalidArgumentError(f"{name} must be at least {least}, got {value}")
