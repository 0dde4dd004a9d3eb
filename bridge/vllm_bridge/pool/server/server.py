"""One server, put together: launcher, pools, sessions, worlds, and the gRPC server in front."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import grpc.aio

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.draining import draining
from vllm_bridge.pool.calls.proxy import Proxy
from vllm_bridge.pool.frames.client_frames import ClientFrames
from vllm_bridge.pool.launchers.external import ExternalLauncher
from vllm_bridge.pool.launchers.forkserver import identity, remove_if_same
from vllm_bridge.pool.launchers.forkserver_process import ForkserverProcess, spawn_forkserver
from vllm_bridge.pool.launchers.joins.joins import Joins
from vllm_bridge.pool.launchers.local import LocalLauncher
from vllm_bridge.pool.launchers.ray.launcher import RayLauncher
from vllm_bridge.pool.launchers.registry import Launchers
from vllm_bridge.pool.launchers.stderr import forwarder
from vllm_bridge.pool.observe import Observer, traces
from vllm_bridge.pool.observe.metrics import Exposition
from vllm_bridge.pool.observe.model.changes import Model
from vllm_bridge.pool.ranks.factory import Host, RankFactory
from vllm_bridge.pool.ranks.pools import NamedPool, Pools
from vllm_bridge.pool.ranks.rank import Rank
from vllm_bridge.pool.server import reflection
from vllm_bridge.pool.server.auth import TokenCheck
from vllm_bridge.pool.server.frames import served
from vllm_bridge.pool.server.health import Health
from vllm_bridge.pool.server.inspection import (
    current_events,
    ended_calls,
    pool_infos,
    pool_status,
)
from vllm_bridge.pool.server.listen import claimed, socket_place
from vllm_bridge.pool.server.report import Reporter
from vllm_bridge.pool.server.request_log import RequestLog
from vllm_bridge.pool.server.service import PoolService
from vllm_bridge.pool.server.tls import Tls
from vllm_bridge.pool.sessions.attachments import Attachments
from vllm_bridge.pool.sessions.drain import Drain
from vllm_bridge.pool.sessions.sessions import Sessions
from vllm_bridge.pool.sessions.shared_memory import SharedMemory
from vllm_bridge.pool.settings import ServerSettings
from vllm_bridge.pool.worlds.worlds import Worlds
from vllm_bridge.process import background, logs
from vllm_bridge.process.logs import LogSettings
from vllm_bridge.process.runtime_dir import RuntimeDir
from vllm_bridge.transport.address import (
    Address,
    ListenError,
    TcpAddress,
    UnixAddress,
    why_no_socket,
)
from vllm_bridge.transport.grpc_options import POOL_SERVER

if TYPE_CHECKING:
    from vllm_bridge.pool.page.page import Page

# For calls in frames, in the server's directory.
FRAMES_SOCKET = "pool.frames.sock"

# Worlds that have failed, in the model.
MODEL_WORLDS_OVER = 8

# For calls that are running when the server stops.
STOP_GRACE_SECONDS = 0.2


@dataclass(frozen=True)
class Resources:
    """What is there before the event loop runs."""

    runtime_dir: RuntimeDir
    forkserver: ForkserverProcess
    # For shared memory; None: there is none.
    memory_dir: RuntimeDir | None = None

    def directories(self) -> list[Path]:
        """What has to be removed in the end."""
        memory = [self.memory_dir.path] if self.memory_dir else []
        return [self.runtime_dir.path, *memory]


class PoolServer:
    """A server from `start` to `stop`. Made, and used, inside an event loop."""

    def __init__(
        self,
        resources: Resources,
        settings: ServerSettings,
        token: str | None,
        log: LogSettings | None = None,
        tls: Tls | None = None,
    ) -> None:
        self._token = token
        self._tls = tls
        self._page: Page | None = None
        self._loop = asyncio.get_running_loop()
        # Where it listens, if that is a unix socket, and what tells it from another's.
        self._socket: tuple[str, list[int]] | None = None
        directory = resources.runtime_dir.path

        memory = SharedMemory(
            resources.memory_dir.path if resources.memory_dir else None,
            settings.max_segments,
            settings.max_segment_bytes,
        )

        def spawn() -> ForkserverProcess:
            return spawn_forkserver(settings.entry_point, *resources.directories())

        self._launcher = LocalLauncher(spawn, resources.forkserver)
        self._observer = observer = Observer(
            log=log or LogSettings(), traces=traces.from_environment()
        )
        host = Host(self._launcher, directory, observer, memory.directory, memory.max_segment_bytes)
        self._pools = Pools(
            [
                NamedPool(name, pool, RankFactory(name, pool, host))
                for name, pool in settings.pools.items()
            ]
        )
        self._drain = Drain()
        self._sessions = Sessions(self._pools, observer, memory, self._drain)
        self._joins = Joins(token)
        self._launchers = Launchers([ExternalLauncher(self._joins), RayLauncher(self._joins)])
        self._worlds = Worlds(self._pools, self._sessions, observer, self._drain, self._launchers)
        self._attachments = Attachments(
            settings.attach_grace, settings.max_attachments, self._client_gone
        )
        request_log = RequestLog(observer.metrics)
        proxy = Proxy(self._pools, self._sessions, self._attachments, self._drain, observer.traces)
        self._frames = ClientFrames(
            served(request_log, proxy),
            settings.max_message_bytes,
            sum(pool.max_queue for pool in settings.pools.values()),
        )
        self._frames_path = directory / FRAMES_SOCKET
        self._service = PoolService(
            self._pools,
            self._sessions,
            self._worlds,
            self._attachments,
            observer,
            settings.profiles,
            memory,
            self._drain,
        )
        self._server = grpc.aio.server(
            interceptors=[
                request_log,
                *([TokenCheck(token)] if token else []),
            ],
            options=[*settings.grpc_options(), *POOL_SERVER],
        )
        self._server.add_generic_rpc_handlers((self._service.handler(), proxy))

        self._health = Health(lambda: pool_infos(self._pools, self._sessions))
        self._health.add_to(self._server)
        reflection.enable(self._server)
        self._exposition = Exposition(
            observer.metrics,
            lambda: pool_status(self._pools, self._worlds, self._sessions, observer, listed=False),
        )
        # What `status`, `top` and the page show, with its changes, for readers in this process.
        self.model = Model(
            lambda seconds: pool_status(
                self._pools,
                self._worlds,
                self._sessions,
                observer,
                listed=False,
                over=MODEL_WORLDS_OVER,
                seconds=seconds,
            ),
            lambda: ended_calls(self._pools, self._worlds),
        )
        self._service.reporter = Reporter(
            settings,
            self._worlds,
            lambda: pool_status(self._pools, self._worlds, self._sessions, observer),
            self._exposition.text,
            observer.logs,
            [token] if token else [],
        )
        forwarder().heard.append(observer.logs.output)
        logs.hear(self._own_line)
        observer.events.on_rank(self._health.changed)
        observer.events.current = lambda: current_events(self._pools, self._worlds, self._sessions)

    def _own_line(
        self, level: str, logger: str, message: str, fields: dict[str, object], at: float
    ) -> None:
        # From any thread, also when the loop has ended.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(
                self._observer.logs.own, level, logger, message, fields, at
            )

    def ranks_up(self) -> tuple[int, int]:
        """How many ranks of the pools are up, of how many."""
        pools = self._pools.all()
        ready = sum(len(pool.standalone.ready()) for pool in pools)
        return ready, sum(pool.settings.size for pool in pools)

    async def start_metrics(self, address: TcpAddress) -> TcpAddress:
        """Serve the metrics over HTTP there. Returns the address with the real port.

        Raises:
            ListenError: the address is taken, or cannot be used.
        """
        try:
            port = await self._exposition.start(address.host, address.port)
        except OSError as error:
            raise ListenError(
                f"cannot serve metrics on {address}: {error.strerror or error}"
            ) from None
        return TcpAddress(address.host, port)

    async def start_page(self, address: TcpAddress) -> str:
        """Serve the live page there. Returns its URL.

        Raises:
            ListenError: the address is taken, or cannot be used; a package is missing.
        """
        try:
            from vllm_bridge.pool.page.access import Access
            from vllm_bridge.pool.page.page import Page
        except ModuleNotFoundError as error:
            if error.name != "h11":
                raise
            raise ListenError(
                "--page needs the package h11: pip install 'vllm-distributed[page]'"
            ) from None
        self._page = Page(
            self.model,
            self._observer.logs,
            partial(self._worlds.diagnose, with_stacks=True, direct=False),
            Access(self._token, certificates=bool(self._tls and self._tls.client_ca)),
            self._tls.context if self._tls else None,
        )
        try:
            return await self._page.start(address)
        except OSError as error:
            raise ListenError(
                f"cannot serve the page on {address}: {error.strerror or error}"
            ) from None

    async def start_joins(self, address: TcpAddress) -> TcpAddress:
        """Take ranks that dial in there. Returns the address with the real port.

        Raises:
            ListenError: the address is taken, or cannot be used.
        """
        return await self._joins.listen(address, self._tls.context if self._tls else None)

    async def start(self, address: Address) -> Address:
        """Listen, and begin to start ranks. Returns the address with the real port.

        Raises:
            ListenError: the address is taken, or cannot be used.
        """
        with claimed(address), socket_place(address) as place:
            try:
                port = self._add_port(address, place)
            except RuntimeError:
                port = 0
            if port == 0:
                raise ListenError(f"cannot listen on {address}")
            if isinstance(address, UnixAddress):
                # Only clients that come this way are on this host for certain.
                await self._start_frames()
            await self._server.start()
        if isinstance(address, UnixAddress):
            self._socket = (str(address.path), identity(str(address.path)))
            await self._launcher.own(address.path)
        else:
            address = TcpAddress(address.host, port)
        for pool in self._pools.all():
            pool.standalone.start()
        self._health.start()
        return address

    async def _start_frames(self) -> None:
        if why_no_socket(self._frames_path) is not None:
            return
        try:
            await self._frames.start(self._frames_path)
        except OSError as error:
            raise ListenError(f"cannot listen on {self._frames_path}: {error}") from None
        self._service.frames_endpoint = str(UnixAddress(self._frames_path))

    def _add_port(self, address: Address, place: str) -> int:
        if self._tls is None or isinstance(address, UnixAddress):
            return int(self._server.add_insecure_port(place))
        return int(self._server.add_secure_port(place, self._tls.credentials()))

    async def drain(self, within: timedelta, hurry: asyncio.Event) -> None:
        """Take nothing new, and return when all has ended that runs; at the latest after this time,
        or when `hurry` is set."""
        self._drain.begin()
        self._health.drain()
        self._worlds.refuse_runs(draining("a new run"))
        # Clients call these directly.
        bound = {entry.rank for entry in self._sessions.live() if entry.strict}
        ranks = [rank for rank in bound if rank is not None and not rank.died.done()]
        for rank in ranks:
            rank.tell(control_pb2.PoolToRank(drain=control_pb2.Drain()))
        tasks = [
            background.awaited("draining", self._drained(ranks)),
            background.awaited("a wish to stop at once", hurry.wait()),
        ]
        await asyncio.wait(
            tasks, timeout=within.total_seconds(), return_when=asyncio.FIRST_COMPLETED
        )
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drained(self, ranks: list[Rank]) -> None:
        # The runs first: their calls are taken until they end.
        await self._drain.wait()
        await asyncio.gather(*(rank.drained() for rank in ranks), return_exceptions=True)

    async def stop(self) -> None:
        """Stop serving, end all ranks, and return when they have ended."""
        self._sessions.stop()
        self._attachments.stop()
        self._observer.events.close()
        self._observer.emissions.close()
        self._observer.logs.close()
        await self._health.stop()
        await asyncio.gather(
            self._exposition.close(),
            *([self._page.close()] if self._page else []),
            self._server.stop(STOP_GRACE_SECONDS),
            self._frames.stop(STOP_GRACE_SECONDS),
            self._worlds.stop_all(),
            *(pool.standalone.stop() for pool in self._pools.all()),
        )
        await self._launchers.close()
        await self._joins.close()
        await self._launcher.close()
        if self._observer.traces is not None:
            await asyncio.to_thread(self._observer.traces.close)
        if self._socket is not None:
            # The forkserver does that too, unless it died before us.
            remove_if_same(*self._socket)
        logs.hear(None)
        forwarder().heard.remove(self._observer.logs.output)

    async def _client_gone(self, client_id: str, how: str) -> None:
        """End what a client owned that is gone for good."""
        sessions = self._sessions.of_client(client_id)
        worlds = [world for world in self._worlds.all() if world.spec.client_id == client_id]
        await asyncio.gather(
            *(self._sessions.close(session.session_id, how) for session in sessions),
            *(self._worlds.stop(world.world_id, how) for world in worlds if world.live),
            *(world.spares.close() for world in worlds if not world.live),
        )
