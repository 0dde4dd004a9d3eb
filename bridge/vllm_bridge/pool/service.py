"""The `Pool` service of pool.proto."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.abort import abort
from vllm_bridge.pool.inspection import rank_info
from vllm_bridge.pool.sessions import Sessions, check_pool_name
from vllm_bridge.pool.settings import PoolSettings
from vllm_bridge.pool.standalone import Standalone
from vllm_bridge.pool.world_spec import WorldSpec
from vllm_bridge.pool.worlds import Worlds
from vllm_bridge.version import __version__

SERVICE = "vllm.bridge.v1.Pool"

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)


# A rank's end is known within milliseconds; who asks for more than this is told it lives.
LONGEST_PATIENCE = timedelta(seconds=10)


class PoolService:
    """Sessions and worlds, as RPCs."""

    def __init__(
        self, sessions: Sessions, standalone: Standalone, worlds: Worlds, settings: PoolSettings
    ) -> None:
        self._sessions = sessions
        self._standalone = standalone
        self._worlds = worlds
        self._settings = settings

    def handler(self) -> grpc.GenericRpcHandler:
        """The service, for a grpc.aio server."""
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "OpenSession": _rpc(self._open_session, pool_pb2.OpenSessionRequest),
                "CloseSession": _rpc(self._close_session, pool_pb2.CloseSessionRequest),
                "GetSession": _rpc(self._get_session, pool_pb2.GetSessionRequest),
                "StartWorld": _rpc(self._start_world, pool_pb2.StartWorldRequest),
                "StopWorld": _rpc(self._stop_world, pool_pb2.StopWorldRequest),
                "GetWorld": _rpc(self._get_world, pool_pb2.GetWorldRequest),
                "GetStatus": _rpc(self._get_status, pool_pb2.GetStatusRequest),
            },
        )

    async def _open_session(
        self, request: pool_pb2.OpenSessionRequest, direct: bool
    ) -> pool_pb2.Session:
        if request.affinity not in pool_pb2.Affinity.values():
            raise BridgeError(
                Category.VALIDATION,
                "invalid_affinity",
                f"affinity {request.affinity} is not one that this pool knows",
            )
        session = await self._sessions.open(request.session_id, request.pool_name, request.affinity)
        return session.to_message(direct=direct)

    async def _close_session(
        self, request: pool_pb2.CloseSessionRequest, direct: bool
    ) -> pool_pb2.CloseSessionResponse:
        return pool_pb2.CloseSessionResponse(closed=await self._sessions.close(request.session_id))

    async def _get_session(
        self, request: pool_pb2.GetSessionRequest, direct: bool
    ) -> pool_pb2.Session:
        if request.HasField("wait_for_end"):
            patience = min(request.wait_for_end.ToTimedelta(), LONGEST_PATIENCE)
            await self._sessions.wait_for_end(request.session_id, patience)
        return self._sessions.get(request.session_id).to_message(direct=direct)

    async def _start_world(
        self, request: pool_pb2.StartWorldRequest, direct: bool
    ) -> pool_pb2.World:
        check_pool_name(request.pool_name)
        spec = WorldSpec.from_request(request, self._settings)
        world = await self._worlds.start(request.world_id, spec)
        return world.to_message(direct=direct)

    async def _stop_world(
        self, request: pool_pb2.StopWorldRequest, direct: bool
    ) -> pool_pb2.StopWorldResponse:
        return pool_pb2.StopWorldResponse(stopped=await self._worlds.stop(request.world_id))

    async def _get_world(self, request: pool_pb2.GetWorldRequest, direct: bool) -> pool_pb2.World:
        return self._worlds.get(request.world_id).to_message(direct=direct)

    async def _get_status(
        self, request: pool_pb2.GetStatusRequest, direct: bool
    ) -> pool_pb2.PoolStatus:
        return pool_pb2.PoolStatus(
            version=__version__,
            pid=os.getpid(),
            ranks=[rank_info(rank, direct=direct) for rank in self._standalone.ranks()],
            worlds=[world.to_message(direct=direct) for world in self._worlds.all()],
            sessions=[session.to_message(direct=direct) for session in self._sessions.live()],
        )


def _rpc(answer: Callable[[Q, bool], Awaitable[R]], request_type: type[Q]) -> grpc.RpcMethodHandler:
    async def handle(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
        try:
            request = request_type.FromString(body)
        except DecodeError as error:
            return await abort(context, _malformed(request_type, error))
        # Ranks listen on unix sockets, out of reach for who came over the network.
        direct = context.peer().startswith("unix:")
        try:
            response: bytes = (await answer(request, direct)).SerializeToString()
        except BridgeError as error:
            return await abort(context, error)
        return response

    return grpc.unary_unary_rpc_method_handler(handle)


def _malformed(request_type: type[Message], error: DecodeError) -> BridgeError:
    descriptor: Any = request_type.DESCRIPTOR
    return BridgeError(
        Category.VALIDATION, "malformed_request", f"not a {descriptor.full_name}: {error}"
    )
