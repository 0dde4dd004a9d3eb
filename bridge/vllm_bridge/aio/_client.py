"""The asynchronous client: a connection to one pool, and what can be asked of the pool."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any

from vllm_bridge._generated import pool_pb2
from vllm_bridge.aio._awaiting import Awaiting, Opening
from vllm_bridge.aio._session import Session
from vllm_bridge.aio._watch import Watch
from vllm_bridge.aio._world import World
from vllm_bridge.client._calls.channels import ClientTls, File
from vllm_bridge.client._calls.client import ClientCalls
from vllm_bridge.client._calls.timeouts import CONTROL_TIMEOUT, UNSET, Timeout
from vllm_bridge.client._worlds.progress import OnProgress, Telling, check, world_id_or_new
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.process import background
from vllm_bridge.world_sizes import WorldSizes

NO_TLS = ClientTls()


def connect(
    endpoint: str,
    *,
    token: str | None = None,
    ca: File | None = None,
    cert: File | None = None,
    key: File | None = None,
    server_name: str | None = None,
    client_id: str = "",
    timeout_profile: str = "",
    carrier: str | None = None,
) -> Client:
    """A client of the pool at `unix:PATH` or `HOST:PORT`; for `async with`, or to be closed.

    Nothing is sent until the first call. The arguments, and what is wrong with them, are those of
    `vllm_bridge.client.connect`.

    Raises:
        BridgeError: (validation) `bad_endpoint`, `bad_token`, `bad_tls`, `bad_carrier`.
    """
    tls = ClientTls(ca, cert, key, server_name)
    return Client(
        endpoint,
        token=token,
        tls=tls,
        client_id=client_id,
        timeout_profile=timeout_profile,
        carrier=carrier,
    )


class Client:
    """A connection to one pool, of the event loop in which it is first used (else `other_loop`).

    Tasks may share it; a forked child may not (`forked_process`).
    """

    def __repr__(self) -> str:
        return f"<Client of the pool at {self.endpoint}>"

    def __init__(
        self,
        endpoint: str,
        *,
        token: str | None = None,
        tls: ClientTls = NO_TLS,
        client_id: str = "",
        timeout_profile: str = "",
        carrier: str | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.client_id = client_id
        self._calls = ClientCalls(
            endpoint,
            Awaiting(),
            token=token,
            tls=tls,
            client_id=client_id,
            timeout_profile=timeout_profile,
            carrier=carrier,
        )
        self._link = self._calls.link

    def open_session(
        self,
        session_id: str = "",
        *,
        affinity: str = "hint",
        pool_name: str = "",
        timeout: timedelta | None = CONTROL_TIMEOUT,
    ) -> Opening[Session]:
        """Open a session, or find the live one of that id. `async with` closes it."""

        async def ask() -> Session:
            found = await self._calls.open_session(session_id, affinity, pool_name, timeout)
            return Session(self._link, found, opened=True)

        return Opening(ask)

    def session(
        self, session_id: str, *, timeout: timedelta | None = CONTROL_TIMEOUT
    ) -> Opening[Session]:
        """The live session of that id, whoever opened it; `async with` leaves it."""

        async def ask() -> Session:
            return Session(self._link, await self._calls.session(session_id, timeout))

        return Opening(ask)

    def start_world(
        self,
        *,
        world_id: str = "",
        tensor_parallel_size: int = 1,
        pipeline_parallel_size: int = 1,
        data_parallel_size: int = 1,
        prefill_context_parallel_size: int = 1,
        decode_context_parallel_size: int = 1,
        backend: str = "",
        pool_name: str = "",
        timeout: timedelta | None = None,
        gate: bool = True,
        concurrent: bool = False,
        on_failure: str = "fail",
        spare_ranks: int = 0,
        distributed_executor_backend: str = "",
        nnodes: int = 0,
        ray: Mapping[str, Any] | None = None,
        on_progress: OnProgress | None = None,
    ) -> Opening[World]:
        """Start a world; `await` returns when all its ranks are initialised, `async with` stops it.

        The arguments are those of `vllm_bridge.client.Client.start_world`.
        """
        sizes = WorldSizes(
            tensor_parallel_size,
            pipeline_parallel_size,
            data_parallel_size,
            prefill_context_parallel_size,
            decode_context_parallel_size,
        )

        async def ask() -> World:
            check(on_progress)
            wanted = world_id if on_progress is None else world_id_or_new(world_id)
            started = self._calls.start_world(
                sizes.named(),
                world_id=wanted,
                backend=backend,
                pool_name=pool_name,
                timeout=timeout,
                gate=gate,
                concurrent=concurrent,
                on_failure=on_failure,
                spare_ranks=spare_ranks,
                distributed_executor_backend=distributed_executor_backend,
                nnodes=nnodes,
                ray=ray,
            )
            async with self._telling(wanted, on_progress) as telling:
                world = await started
            telling.started(world)
            return World(self._link, world, started=True)

        return Opening(ask)

    @contextlib.asynccontextmanager
    async def _telling(
        self, world_id: str, on_progress: OnProgress | None
    ) -> AsyncIterator[Telling]:
        """Tell, in a task, how far a world's start is."""
        telling = Telling(on_progress)
        if on_progress is None:
            yield telling
            return
        async with self.watch(world_id, timeout=None) as events:

            async def read() -> None:
                # The start itself says what is wrong with the pool.
                with contextlib.suppress(BridgeError):
                    async for event in events:
                        telling.event(event)

            task = background.task("telling of progress", read())
            try:
                yield telling
            finally:
                await events.close()
                await task

    def world(
        self, world_id: str, *, timeout: timedelta | None = CONTROL_TIMEOUT
    ) -> Opening[World]:
        """The world of that id, whoever started it, as it is now; `async with` leaves it."""

        async def ask() -> World:
            return World(self._link, await self._calls.world(world_id, timeout))

        return Opening(ask)

    async def stop_world(
        self, world_id: str, *, timeout: timedelta | None = CONTROL_TIMEOUT
    ) -> bool:
        """Stop a world by its id. False when there is no live one."""
        return await self._calls.stop_world(world_id, timeout)

    def restart_world(self, world_id: str, *, timeout: timedelta | None = None) -> Opening[World]:
        """Start a failed or stopped world again, as it was asked for, with the next epoch.

        `timeout` bounds the start, beside the limits of the pool.
        """

        async def ask() -> World:
            return World(
                self._link, await self._calls.restart_world(world_id, timeout), started=True
            )

        return Opening(ask)

    async def status(
        self, *, histories: bool = False, timeout: timedelta | None = CONTROL_TIMEOUT
    ) -> pool_pb2.PoolStatus:
        """The pool, its ranks, sessions and worlds.

        With `histories`, also calls per second and latency over the last five minutes.
        """
        return await self._calls.status(timeout, histories=histories)

    async def diagnose(
        self, world_id: str, *, stacks: bool = False, timeout: timedelta | None = CONTROL_TIMEOUT
    ) -> pool_pb2.Diagnosis:
        """What every rank of a world is doing and what waits for what; with their Python stacks.

        Answers also while all of them are stuck.
        """
        return await self._calls.diagnose(world_id, stacks=stacks, timeout=timeout)

    def watch(
        self,
        world_id: str = "",
        *,
        current: bool = False,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
    ) -> Opening[Watch]:
        """Changes of worlds, ranks and sessions from now on; of one world, or of everything.

            async with client.watch() as watch:
                async for event in watch: ...

        See `vllm_bridge.client.Client.watch`.
        """

        async def ask() -> Watch:
            return Watch(
                await self._calls.watch(
                    world_id, current=current, timeout=timeout, timeout_profile=timeout_profile
                )
            )

        return Opening(ask)

    async def send(
        self,
        endpoint: str,
        method: str,
        request: bytes,
        timeout: timedelta | None,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """One raw call over gRPC, to the pool or to a rank. Raises grpc.RpcError."""
        return await self._calls.channels.send(endpoint, method, request, timeout, metadata)

    async def close(self) -> None:
        """Close all connections. Calls that are on their way end with an error.

        Sessions and worlds stay, unless the client has a `client_id`: then they end after the
        pool's grace period.
        """
        await self._calls.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
