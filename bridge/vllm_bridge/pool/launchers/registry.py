"""The launchers of a server, by name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launchers.protocol import Launcher


class Launchers:
    """All but "mp", whose ranks inherit descriptors: `local.LocalLaunch`."""

    def __init__(self, launchers: Iterable[Launcher]) -> None:
        self._launchers = {launcher.name: launcher for launcher in launchers}

    def get(self, name: str) -> Launcher:
        """The launcher of that name, which is one of `launch_options.BACKENDS` but "mp".

        Raises:
            BridgeError: this server does not have it.
        """
        launcher = self._launchers.get(name)
        if launcher is None:
            raise BridgeError(
                Category.VALIDATION,
                "no_launcher",
                f"this server has no launcher {name!r}, only {', '.join(['mp', *self._launchers])}",
                details={"launcher": name},
            )
        return launcher

    async def close(self) -> None:
        """End everything that they have started."""
        await asyncio.gather(*(launcher.close() for launcher in self._launchers.values()))
