"""How far a transfer is."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple

__all__ = ["OnProgress", "Progress", "told"]


class Progress(NamedTuple):
    """How far a transfer is: on a trainer of all bytes, on a target of those that come to it."""

    done: int
    """Bytes that are sent, or have come."""
    total: int
    """Bytes in all."""
    name: str
    """The last parameter of which there was a part among them."""


OnProgress = Callable[[Progress], object]
"""Is told, in the thread that sends or receives, after each bucket. What it raises ends the
transfer, on all sides, with the old weights in use."""


def told(steps: Generator[Progress, None, object], on_progress: OnProgress | None) -> None:
    """Take all steps, telling of each."""
    for step in steps:
        if on_progress is not None:
            try:
                on_progress(step)
            except BaseException as error:
                steps.throw(error)  # it is for who makes the steps to end all that hangs on them
                raise
