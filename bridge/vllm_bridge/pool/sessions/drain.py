"""A server that is about to stop: it takes nothing new, and waits for what runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from vllm_bridge.codec.draining import draining


class Drain:
    """Whether the server drains, and what it still waits for."""

    def __init__(self) -> None:
        self.begun = False
        self._running = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    def begin(self) -> None:
        """From here on `check` refuses."""
        self.begun = True

    def check(self, what: str) -> None:
        """Raise where the server drains. `what`: a noun, e.g. "a new session".

        Raises:
            BridgeError: (pool, `draining`).
        """
        if self.begun:
            raise draining(what)

    @contextmanager
    def running(self) -> Iterator[None]:
        """While something runs that is worth the wait."""
        self._running += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._quiet.set()

    async def wait(self) -> None:
        """Return when nothing runs."""
        await self._quiet.wait()
