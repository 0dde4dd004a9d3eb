"""One pool, put together: launcher, ranks, sessions, worlds, and the gRPC server in front."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import grpc.aio

from vllm_bridge.pool.auth import TokenCheck
from vllm_bridge.pool.factory import RankFactory
from vllm_bridge.pool.forkserver_process import ForkserverProcess, spawn_forkserver
from vllm_bridge.pool.launcher import LocalLauncher
from vllm_bridge.pool.listen import Address, ListenError, TcpAddress, UnixAddress, claimed
from vllm_bridge.pool.proxy import Proxy
from vllm_bridge.pool.runtime_dir import RuntimeDir
from vllm_bridge.pool.service import PoolService
from vllm_bridge.pool.sessions import Sessions
from vllm_bridge.pool.settings import PoolSettings
from vllm_bridge.pool.standalone import Standalone
from vllm_bridge.pool.worlds import Worlds

# For calls that are running when the server stops.
STOP_GRACE_SECONDS = 0.2


@dataclass(frozen=True)
class Resources:
    """What is there before the event loop runs."""

    runtime_dir: RuntimeDir
    forkserver: ForkserverProcess


class PoolServer:
    """A pool from `start` to `stop`. Made, and used, inside an event loop."""

    def __init__(self, resources: Resources, settings: PoolSettings, token: str | None) -> None:
        directory = resources.runtime_dir.path

        def spawn() -> ForkserverProcess:
            return spawn_forkserver(settings.entry_point, directory)

        self._launcher = LocalLauncher(spawn, resources.forkserver)
        factory = RankFactory(self._launcher, directory, settings)
        self._standalone = Standalone(factory, settings)
        self._sessions = Sessions(self._standalone, settings)
        self._worlds = Worlds(factory, self._sessions, settings)
        self._server = grpc.aio.server(
            interceptors=[TokenCheck(token)] if token else [],
            options=[*settings.grpc_options(), ("grpc.so_reuseport", 0)],
        )
        self._server.add_generic_rpc_handlers(
            (
                PoolService(self._sessions, self._standalone, self._worlds, settings).handler(),
                Proxy(self._sessions, self._standalone),
            )
        )

    async def start(self, address: Address) -> Address:
        """Listen, and begin to start ranks. Returns the address with the real port.

        Raises:
            ListenError: the place is taken, or cannot be.
        """
        with claimed(address):
            try:
                port = self._server.add_insecure_port(str(address))
            except RuntimeError:
                port = 0
            if port == 0:
                raise ListenError(f"cannot listen on {address}")
            await self._server.start()
        if isinstance(address, UnixAddress):
            await self._launcher.own(address.path)
        else:
            address = TcpAddress(address.host, port)
        self._standalone.start()
        return address

    async def stop(self) -> None:
        """Stop serving, end all ranks, and return when they have ended."""
        self._sessions.stop()
        await asyncio.gather(
            self._server.stop(STOP_GRACE_SECONDS),
            self._standalone.stop(),
            self._worlds.stop_all(),
        )
        await self._launcher.close()
