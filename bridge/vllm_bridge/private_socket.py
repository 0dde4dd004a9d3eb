"""Unix sockets that only their owner can connect to, from the moment they are there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def private_socket() -> Iterator[None]:
    """Sockets that are bound inside the block have mode 0600.

    By the umask, which is the whole process's: `chmod` afterwards would leave a moment in which
    others can connect, and gRPC binds by itself.
    """
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)
