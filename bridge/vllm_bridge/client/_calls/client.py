"""What a client asks of its pool: both forms, in coroutines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.message import Message

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.attachment import Attachment
from vllm_bridge.client._calls.channels import Channels, ClientTls, R
from vllm_bridge.client._calls.checks import flag, seconds, text, wrong_type
from vllm_bridge.client._calls.io import Io
from vllm_bridge.client._calls.link import Link
from vllm_bridge.client._calls.timeouts import CONTROL_TIMEOUT, Deadline, Timeout
from vllm_bridge.client._calls.world import get_world, restart_world, stop_world
from vllm_bridge.client._frames.places import frames_wanted
from vllm_bridge.client._worlds.ray import ray_options
from vllm_bridge.durations import to_duration
from vllm_bridge.transport.frames.calling import Cancelled
from vllm_bridge.transport.metadata import affinity_named

_ON_FAILURE = {"fail": pool_pb2.ON_FAILURE_FAIL, "keep": pool_pb2.ON_FAILURE_KEEP}


class ClientCalls:
    """The connection to one pool."""

    def __init__(
        self,
        endpoint: str,
        io: Io,
        *,
        token: str | None,
        tls: ClientTls,
        client_id: str,
        timeout_profile: str,
        carrier: str | None,
    ) -> None:
        text("client_id", client_id)
        text("timeout_profile", timeout_profile)
        if token is not None:
            text("token", token)
        self.endpoint = endpoint
        self.client_id = client_id
        self.channels = Channels(endpoint, token, tls, io)
        self.link = Link(self.channels, timeout_profile, frames=frames_wanted(carrier))
        self.attachment = Attachment(self.channels, client_id)

    async def open_session(
        self, session_id: str, affinity: str, pool_name: str, timeout: timedelta | None
    ) -> pool_pb2.Session:
        """Open a session, or find the live one of that id."""
        request = pool_pb2.OpenSessionRequest(
            session_id=text("session_id", session_id),
            affinity=affinity_named(text("affinity", affinity)),
            pool_name=text("pool_name", pool_name),
            client_id=self.client_id,
        )
        deadline = Deadline(timeout)
        await self.attachment.ensure(deadline)
        return await self.pool("OpenSession", request, pool_pb2.Session, deadline.left())

    async def session(self, session_id: str, timeout: timedelta | None) -> pool_pb2.Session:
        """The live session of that id."""
        request = pool_pb2.GetSessionRequest(session_id=text("session_id", session_id))
        return await self.pool("GetSession", request, pool_pb2.Session, timeout)

    async def start_world(
        self,
        sizes: dict[str, Any],
        *,
        world_id: str,
        backend: str,
        pool_name: str,
        timeout: timedelta | None,
        gate: bool,
        concurrent: bool,
        on_failure: str,
        spare_ranks: int,
        distributed_executor_backend: str,
        nnodes: int,
        ray: Mapping[str, Any] | None,
    ) -> pool_pb2.World:
        """Start a world; returns when all its ranks are initialised."""
        for name, size in sizes.items():
            if not isinstance(size, int) or isinstance(size, bool) or size >= 2**63:
                raise wrong_type(name, size, "an int of at least 1")
        request = pool_pb2.StartWorldRequest(
            world_id=text("world_id", world_id),
            backend=text("backend", backend),
            gate=flag("gate", gate),
            concurrent=flag("concurrent", concurrent),
            on_failure=_on_failure(on_failure),
            spare_ranks=_count("spare_ranks", spare_ranks),
            distributed_executor_backend=text(
                "distributed_executor_backend", distributed_executor_backend
            ),
            nnodes=_count("nnodes", nnodes),
            ray=ray_options(ray, distributed_executor_backend),
            pool_name=text("pool_name", pool_name),
            client_id=self.client_id,
            **sizes,
        )
        if timeout is not None:
            seconds(timeout)
            request.timeout.CopyFrom(to_duration(timeout))
        await self.attachment.ensure(Deadline(CONTROL_TIMEOUT))
        # The pool's own limits end this; a deadline here would only hide what it has to say.
        return await self.pool("StartWorld", request, pool_pb2.World, None)

    async def world(self, world_id: str, timeout: timedelta | None) -> pool_pb2.World:
        """The world of that id, whoever started it, as it is now."""
        return await get_world(self.link, text("world_id", world_id), timeout)

    async def stop_world(self, world_id: str, timeout: timedelta | None) -> bool:
        """Stop a world by its id. False when there is no live one."""
        return await stop_world(self.link, text("world_id", world_id), timeout)

    async def restart_world(self, world_id: str, timeout: timedelta | None) -> pool_pb2.World:
        """Start a failed or stopped world again, with the next epoch."""
        text("world_id", world_id)
        seconds(timeout)
        await self.attachment.ensure(Deadline(CONTROL_TIMEOUT))
        return await restart_world(self.link, world_id, timeout)

    async def status(
        self, timeout: timedelta | None, *, histories: bool = False
    ) -> pool_pb2.PoolStatus:
        """The pool, its ranks, sessions and worlds."""
        request = pool_pb2.GetStatusRequest(with_histories=flag("histories", histories))
        return await self.pool("GetStatus", request, pool_pb2.PoolStatus, timeout)

    async def diagnose(
        self, world_id: str, *, stacks: bool, timeout: timedelta | None
    ) -> pool_pb2.Diagnosis:
        """What every rank of a world is doing and what waits for what."""
        request = pool_pb2.DiagnoseRequest(
            world_id=text("world_id", world_id), with_stacks=flag("stacks", stacks)
        )
        return await self.pool("Diagnose", request, pool_pb2.Diagnosis, timeout)

    async def watch(
        self, world_id: str, *, current: bool, timeout: Timeout, timeout_profile: str
    ) -> WatchCalls:
        """Changes of worlds, ranks and sessions from now on."""
        request = pool_pb2.WatchRequest(
            world_id=text("world_id", world_id), with_current=flag("current", current)
        )
        allowed = await self.link.profiles.resolve_stream(timeout, timeout_profile)
        watch = WatchCalls(self.channels, request, allowed)
        await watch.started()
        return watch

    async def close(self) -> None:
        """Close all connections."""
        await self.attachment.end()
        await self.link.close()

    async def pool(
        self, name: str, request: Message, kind: type[R], timeout: timedelta | None
    ) -> R:
        """A call of the pool's own service. Raises BridgeError."""
        return await self.channels.pool(name, request, kind, timeout)


def _count(name: str, value: int) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not 0 <= value < 2**63:
        raise wrong_type(name, value, "an int of at least 0")
    return value


def _on_failure(name: str) -> pool_pb2.OnFailure:
    if not isinstance(name, str) or name not in _ON_FAILURE:
        raise wrong_type("on_failure", name, '"fail" or "keep"')
    return _ON_FAILURE[name]


class WatchCalls:
    """What both forms of a watch have."""

    def __init__(
        self, channels: Channels, request: pool_pb2.WatchRequest, timeout: timedelta | None
    ) -> None:
        self._channels = channels
        self._stream = channels.stream("Watch", request, timeout)

    async def started(self) -> None:
        """The pool sends its headers when it has subscribed: nothing after this is missed."""
        await self._stream.started()

    async def next(self) -> pool_pb2.Event:
        """The next event; raises StopAsyncIteration when it was closed."""
        try:
            return pool_pb2.Event.FromString(await self._stream.next())
        except Cancelled:
            raise StopAsyncIteration from None
        except grpc.RpcError as error:
            raise self._channels.pool_error(error) from None

    def close(self) -> None:
        """End the stream."""
        self._stream.cancel()
