"""Processes that a world keeps ready: forked and imported, they wait for their assignment."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launchers.local import LocalRank
from vllm_bridge.process import background
from vllm_bridge.transport import control


class Spare:
    """One of them; it starts like a `LocalLauncher` that has forked already."""

    def __init__(self, process: LocalRank) -> None:
        self.process = process
        # It is a rank's, which ends it.
        self.started = False
        self.ended = background.awaited("waiting for the end of a spare rank", process.wait())

    async def start(
        self, rank_id: str, rendezvous: socket.socket | None, shared_gate: int | None
    ) -> LocalRank:
        """As `LocalLauncher.start`."""
        self.started = True
        given = {
            "rendezvous": None if rendezvous is None else rendezvous.fileno(),
            "shared_gate": shared_gate,
        }
        fds = {name: fd for name, fd in given.items() if fd is not None}
        message = control_pb2.PoolToRank(descriptors=control_pb2.Descriptors(names=list(fds)))
        try:
            # The first bytes on this connection: there is room for them.
            socket.send_fds(self.process.control, [control.frame(message)], list(fds.values()))
        except OSError as error:
            await self.close()
            raise BridgeError(
                Category.WORKER,
                "launch_failed",
                f"{rank_id}, a process that was kept ready, has ended ({error}); try again",
            ) from None
        return self.process

    async def close(self) -> None:
        """End it unused."""
        self.process.control.close()
        await self.process.kill()
        await asyncio.shield(self.ended)


class Spares:
    """The spare ranks of one world, over its epochs."""

    def __init__(self, fork: Callable[[], Awaitable[LocalRank]], count: int) -> None:
        self._fork = fork
        self._count = count
        self._ready: list[Spare] = []
        self._taken: list[Spare] = []
        self._filling: asyncio.Task[None] | None = None
        self.closed = False

    def fill(self) -> None:
        """Begin to make those that are missing."""
        self._taken = []
        if self._count and not self.closed and (self._filling is None or self._filling.done()):
            self._filling = background.task("making spare ranks", self._fill())

    def take(self) -> Spare | None:
        """One that lives."""
        while self._ready:
            spare = self._ready.pop(0)
            if not spare.ended.done():
                self._taken.append(spare)
                return spare
            spare.process.control.close()
        return None

    async def close(self) -> None:
        """End all of them, also taken ones that were not started; there will be no others."""
        self.closed = True
        if self._filling is not None:
            self._filling.cancel()
            await asyncio.wait({self._filling})
        unused = [*self._ready, *(spare for spare in self._taken if not spare.started)]
        self._ready, self._taken = [], []
        await asyncio.gather(*(spare.close() for spare in unused))

    async def _fill(self) -> None:
        while len(self._ready) < self._count:
            self._ready.append(Spare(await self._fork()))
