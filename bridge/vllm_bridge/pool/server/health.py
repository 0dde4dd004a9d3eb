"""The standard health service, `grpc.health.v1.Health`, of a server.

| service name | SERVING while |
|---|---|
| `""` | every pool takes calls |
| `vllm.bridge.v1.Pool` | the server is not stopping |
| `vllm.distributed.v1.*`, `vllm.bridge.v1.Rank`, `vllm.bridge.v1.Objects` | some pool takes calls |
| `pool/NAME` | that pool takes calls |

A pool takes calls while one of its ranks is up and its restart policy has not given up. One of size
0 has no ranks of its own to ask of; only its failure counts. A server that drains takes none.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.pool.server.reflection import POOL, rank_services
from vllm_bridge.process import background

# How often watchers hear of changes that no event of a rank has announced.
_LOOK_SECONDS = 1.0

_Status = health_pb2.HealthCheckResponse


class Health:
    """Keeps the health service at what is so."""

    def __init__(self, pools: Callable[[], Iterable[pool_pb2.PoolInfo]]) -> None:
        self._pools = pools
        self._servicer = _Servicer(self._set_all)
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self._draining = False

    def add_to(self, server: grpc.aio.Server) -> None:
        """Serve it there."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    def start(self) -> None:
        """Begin to tell watchers of changes."""
        self._task = background.task("the health service", self._follow())

    def changed(self) -> None:
        """A rank's state has changed: look again soon."""
        self._changed.set()

    def drain(self) -> None:
        """The server takes nothing new."""
        self._draining = True
        self.changed()

    async def stop(self) -> None:
        """Nothing is served from here on."""
        # By a flag: in Python 3.11 `wait_for` may swallow a cancellation that comes with the event.
        self._stopping = True
        self._changed.set()
        if self._task is not None:
            await self._task
        await self._servicer.enter_graceful_shutdown()

    async def _follow(self) -> None:
        while not self._stopping:
            with background.step("the health service"):
                await self._set_all()
            with contextlib.suppress(asyncio.TimeoutError, TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _LOOK_SECONDS)
            self._changed.clear()

    async def _set_all(self) -> None:
        for name, serves in serving_of(self._pools()).items():
            serving = serves and not self._draining
            await self._servicer.set(name, _Status.SERVING if serving else _Status.NOT_SERVING)


class _Servicer(health.aio.HealthServicer):  # type: ignore[misc]
    """The official servicer, made to look before it answers."""

    def __init__(self, look: Callable[[], object]) -> None:
        super().__init__()
        self._look = look

    async def Check(
        self, request: health_pb2.HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        """As the official one."""
        await self._look()  # type: ignore[misc]
        return await super().Check(request, context)


def serving_of(pools: Iterable[pool_pb2.PoolInfo]) -> dict[str, bool]:
    """Service name -> whether it is served."""
    takes = {pool.name: takes_calls(pool) for pool in pools}
    return {
        "": all(takes.values()),
        POOL: True,
        **{name: any(takes.values()) for name in rank_services()},
        **{f"pool/{name}": serving for name, serving in takes.items()},
    }


def takes_calls(pool: pool_pb2.PoolInfo) -> bool:
    """Whether a call in this pool can find a rank."""
    return not pool.failure and pool.ready >= min(pool.size, 1)
