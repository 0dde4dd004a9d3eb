"""What a pool that allows `marking.` serves: contexts that leave a mark, and a call that stays."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def marked(directory: str, name: str) -> Iterator[str]:
    """Adds its name to the file `exits` when it is exited."""
    try:
        yield name
    finally:
        with Path(directory, "exits").open("a") as exits:
            exits.write(f"{name}\n")


def stay(fifo: str) -> None:
    """Returns when somebody has opened the fifo for writing."""
    os.close(os.open(fifo, os.O_RDONLY))
