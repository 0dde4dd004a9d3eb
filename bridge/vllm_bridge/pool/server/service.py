"""The `Pool` service of pool.proto."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.durations import from_duration, to_duration
from vllm_bridge.pool.calls.abort import abort
from vllm_bridge.pool.observe import Observer
from vllm_bridge.pool.observe.model.traffic import HISTORY_SECONDS
from vllm_bridge.pool.ranks.pools import Pools
from vllm_bridge.pool.ranks.queue import give_up_at
from vllm_bridge.pool.server.inspection import pool_status
from vllm_bridge.pool.server.report import Reporter
from vllm_bridge.pool.sessions.attachments import Attachments
from vllm_bridge.pool.sessions.drain import Drain
from vllm_bridge.pool.sessions.session_entry import SessionEntry, reach
from vllm_bridge.pool.sessions.sessions import Sessions
from vllm_bridge.pool.sessions.shared_memory import SharedMemory
from vllm_bridge.pool.settings.profiles import TimeoutProfile
from vllm_bridge.pool.worlds.recording import record
from vllm_bridge.pool.worlds.turns import Turns
from vllm_bridge.pool.worlds.world_spec import WorldSpec, invalid
from vllm_bridge.pool.worlds.worlds import Worlds
from vllm_bridge.process import background

_logger = logging.getLogger("vllm_bridge.pool")

SERVICE = "vllm.bridge.v1.Pool"

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)

# A rank's end is known within milliseconds; after this wait the rank counts as alive.
LONGEST_PATIENCE = timedelta(seconds=10)


# Clients with a lease are asked which of their runs has the turn. Their answers take a millisecond;
# a client that is stopped gives none.
_ASK_CLIENTS_S = 1.0

# Of the reason that a client gives for an end, which errors repeat.
_MAX_REASON = 300


class PoolService:
    """Sessions and worlds, as RPCs."""

    def __init__(
        self,
        pools: Pools,
        sessions: Sessions,
        worlds: Worlds,
        attachments: Attachments,
        observer: Observer,
        profiles: Mapping[str, TimeoutProfile],
        memory: SharedMemory,
        drain: Drain,
    ) -> None:
        self._pools = pools
        self._sessions = sessions
        self._worlds = worlds
        self._attachments = attachments
        self._observer = observer
        self._profiles = profiles
        self._memory = memory
        self._drain = drain
        # Set by whoever knows the rest of the server.
        self.reporter: Reporter | None = None
        # Where clients on this host may send calls in frames; empty: nowhere.
        self.frames_endpoint = ""

    def handler(self) -> grpc.GenericRpcHandler:
        """The service, for a grpc.aio server."""
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "OpenSession": _rpc(self._open_session, pool_pb2.OpenSessionRequest),
                "CloseSession": _rpc(self._close_session, pool_pb2.CloseSessionRequest),
                "GetSession": _rpc(self._get_session, pool_pb2.GetSessionRequest),
                "ReachRank": _rpc(self._reach_rank, pool_pb2.ReachRankRequest),
                "StartWorld": _rpc(self._start_world, pool_pb2.StartWorldRequest),
                "StopWorld": _rpc(self._stop_world, pool_pb2.StopWorldRequest),
                "GetWorld": _rpc(self._get_world, pool_pb2.GetWorldRequest),
                "RestartWorld": _rpc(self._restart_world, pool_pb2.RestartWorldRequest),
                "ResizeWorld": _timed(self._resize_world, pool_pb2.ResizeWorldRequest),
                "ReplaceRanks": _timed(self._replace_ranks, pool_pb2.ReplaceRanksRequest),
                "Diagnose": _rpc(self._diagnose, pool_pb2.DiagnoseRequest),
                "Record": _rpc(self._record, rank_pb2.RecordRequest),
                "Report": _rpc(self._report, pool_pb2.ReportRequest),
                "TakeTurn": _stream(self._take_turn, pool_pb2.TakeTurnRequest),
                "ReportTurn": _rpc(self._report_turn, pool_pb2.ReportTurnRequest),
                "Watch": _stream(self._watch, pool_pb2.WatchRequest),
                "Subscribe": _stream(self._subscribe, pool_pb2.SubscribeRequest),
                "Logs": _stream(self._logs, pool_pb2.LogsRequest),
                "Attach": _stream(self._attach, pool_pb2.AttachRequest),
                "ShareMemory": _rpc(self._share_memory, pool_pb2.ShareMemoryRequest),
                "GetProfiles": _rpc(self._get_profiles, pool_pb2.GetProfilesRequest),
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
        client_id = request.client_id
        with self._attachments.owner(client_id):
            session = await self._sessions.open(
                request.session_id, request.pool_name, request.affinity, client_id
            )
            self._attachments.claim(session, client_id)
        return self._told(session, direct=direct)

    async def _close_session(
        self, request: pool_pb2.CloseSessionRequest, direct: bool
    ) -> pool_pb2.CloseSessionResponse:
        how = _how("was closed", request.reason)
        closed = await self._sessions.close(request.session_id, how)
        return pool_pb2.CloseSessionResponse(closed=closed)

    async def _get_session(
        self, request: pool_pb2.GetSessionRequest, direct: bool
    ) -> pool_pb2.Session:
        if request.HasField("wait_for_end"):
            patience = min(from_duration(request.wait_for_end), LONGEST_PATIENCE)
            await self._sessions.wait_for_end(request.session_id, patience)
        return self._told(self._sessions.get(request.session_id), direct=direct)

    async def _reach_rank(
        self, request: pool_pb2.ReachRankRequest, direct: bool
    ) -> pool_pb2.ReachRankResponse:
        return reach(self._sessions.get(request.session_id))

    def _told(self, session: SessionEntry, *, direct: bool) -> pool_pb2.Session:
        message = session.to_message(direct=direct)
        if direct and not session.strict:
            message.frames_endpoint = self.frames_endpoint
        return message

    async def _start_world(
        self, request: pool_pb2.StartWorldRequest, direct: bool
    ) -> pool_pb2.World:
        spec = WorldSpec.from_request(request, self._pools.get(request.pool_name).settings)
        with self._attachments.owner(request.client_id):
            world = await self._worlds.start(request.world_id, spec)
        return world.to_message(direct=direct)

    async def _stop_world(
        self, request: pool_pb2.StopWorldRequest, direct: bool
    ) -> pool_pb2.StopWorldResponse:
        how = _how("was stopped", request.reason)
        return pool_pb2.StopWorldResponse(stopped=await self._worlds.stop(request.world_id, how))

    async def _get_world(self, request: pool_pb2.GetWorldRequest, direct: bool) -> pool_pb2.World:
        world = self._worlds.get(request.world_id)
        await world.turns.refresh(_ASK_CLIENTS_S)
        return world.to_message(direct=direct)

    async def _restart_world(
        self, request: pool_pb2.RestartWorldRequest, direct: bool
    ) -> pool_pb2.World:
        before = self._worlds.get(request.world_id).spec.client_id
        # A world that ends with no client does so again.
        owner = before and (request.client_id or before)
        with self._attachments.owner(owner):
            world = await self._worlds.restart(request.world_id, owner)
        return world.to_message(direct=direct)

    async def _resize_world(
        self, request: pool_pb2.ResizeWorldRequest, context: grpc.aio.ServicerContext
    ) -> pool_pb2.World:
        self._drain.check("a world's resize")
        with self._drain.running():
            world = await self._worlds.elastic.resize(
                request.world_id,
                request.epoch,
                request.data_parallel_size,
                holder=request.holder,
                give_up_at=give_up_at(context.time_remaining()),
                timeout=_timeout_of(request),
            )
        return world.to_message(direct=_on_this_host(context))

    async def _replace_ranks(
        self, request: pool_pb2.ReplaceRanksRequest, context: grpc.aio.ServicerContext
    ) -> pool_pb2.World:
        self._drain.check("the replacement of a rank")
        with self._drain.running():
            world = await self._worlds.elastic.replace(
                request.world_id,
                request.epoch,
                request.ranks,
                holder=request.holder,
                give_up_at=give_up_at(context.time_remaining()),
                timeout=_timeout_of(request),
            )
        return world.to_message(direct=_on_this_host(context))

    async def _diagnose(
        self, request: pool_pb2.DiagnoseRequest, direct: bool
    ) -> pool_pb2.Diagnosis:
        return await self._worlds.diagnose(
            request.world_id, with_stacks=request.with_stacks, direct=direct
        )

    async def _record(self, request: rank_pb2.RecordRequest, direct: bool) -> pool_pb2.Recording:
        if request.format not in rank_pb2.RecordFormat.values():
            raise BridgeError(
                Category.VALIDATION,
                "invalid_option",
                f"format {request.format} is not one that this pool knows",
            )
        world = self._worlds.get(request.world_id)
        return await record(world, request.last, request.format, direct=direct)

    async def _report(self, request: pool_pb2.ReportRequest, direct: bool) -> pool_pb2.ServerReport:
        if self.reporter is None:
            return pool_pb2.ServerReport()
        return await self.reporter.report()

    async def _take_turn(
        self, request: pool_pb2.TakeTurnRequest, context: grpc.aio.ServicerContext
    ) -> None:
        turns = self._worlds.turns(request.world_id, request.epoch)
        if request.lease_id:
            await self._lease(turns, request, context)
            return
        async with turns.take(request.holder, give_up_at(context.time_remaining())) as number:
            self._worlds.check_generation(request)
            with self._drain.running():
                await context.write(pool_pb2.Turn(number=number).SerializeToString())
                await turns.wait_for_end()

    async def _lease(
        self,
        turns: Turns,
        request: pool_pb2.TakeTurnRequest,
        context: grpc.aio.ServicerContext,
    ) -> None:
        with (
            contextlib.ExitStack() as while_it_lasts,
            turns.lease(request.lease_id, request.holder, request.client) as lease,
        ):
            async for message in turns.messages(lease):
                if message.number:
                    message.generation = self._worlds.get(request.world_id).generation
                    while_it_lasts.enter_context(self._drain.running())
                await context.write(message.SerializeToString())

    async def _report_turn(
        self, request: pool_pb2.ReportTurnRequest, direct: bool
    ) -> pool_pb2.ReportTurnResponse:
        turns = self._worlds.turns(request.world_id, request.epoch)
        if request.HasField("generation"):
            self._worlds.check_generation(request)
            return pool_pb2.ReportTurnResponse()
        return await turns.report(request)

    async def _watch(
        self, request: pool_pb2.WatchRequest, context: grpc.aio.ServicerContext
    ) -> None:
        subscription = self._observer.events.subscribe(request.world_id, request.with_current)
        async with subscription as events:
            await context.send_initial_metadata(())
            async for event in events:
                await context.write(event.SerializeToString())

    async def _subscribe(
        self, request: pool_pb2.SubscribeRequest, context: grpc.aio.ServicerContext
    ) -> None:
        async with self._observer.emissions.subscribe(request) as emissions:
            await context.send_initial_metadata(())
            async for emission in emissions:
                await context.write(emission.SerializeToString())

    async def _logs(self, request: pool_pb2.LogsRequest, context: grpc.aio.ServicerContext) -> None:
        if request.world_id:
            self._worlds.get(request.world_id)
        async with self._observer.logs.subscribe(request) as batches:
            await context.send_initial_metadata(())
            async for lines in batches:
                await context.write(lines.SerializeToString())

    async def _attach(
        self, request: pool_pb2.AttachRequest, context: grpc.aio.ServicerContext
    ) -> None:
        with self._attachments.stream(request.client_id):
            await context.send_initial_metadata(())
            attached = pool_pb2.Attached()
            attached.grace.CopyFrom(to_duration(self._attachments.grace))
            if _on_this_host(context):
                attached.frames_endpoint = self.frames_endpoint
            await context.write(attached.SerializeToString())
            await self._attachments.wait_for_stop()
        raise BridgeError(Category.POOL, "pool_stopping", "the pool is stopping; try its successor")

    async def _share_memory(
        self, request: pool_pb2.ShareMemoryRequest, direct: bool
    ) -> pool_pb2.ShareMemoryResponse:
        asked = request.session
        with self._attachments.owner(asked.client_id):
            session = await self._sessions.of_call(
                asked.session_id, asked.pool_name, asked.affinity, asked.client_id
            )
            self._attachments.claim(session, asked.client_id)
        if session.rank is not None and session.rank.certificate:
            raise BridgeError(
                Category.POOL,
                "no_shared_memory",
                f"the rank of session {session.session_id!r} is on another host, which sees no "
                "memory of this one",
            )
        return self._memory.share(session, request.segments)

    async def _get_profiles(
        self, request: pool_pb2.GetProfilesRequest, direct: bool
    ) -> pool_pb2.Profiles:
        return pool_pb2.Profiles(
            profiles=[profile.to_message(name) for name, profile in self._profiles.items()]
        )

    async def _get_status(
        self, request: pool_pb2.GetStatusRequest, direct: bool
    ) -> pool_pb2.PoolStatus:
        worlds = [world for world in self._worlds.all() if world.live]
        await asyncio.gather(*(world.turns.refresh(_ASK_CLIENTS_S) for world in worlds))
        return pool_status(
            self._pools,
            self._worlds,
            self._sessions,
            self._observer,
            direct=direct,
            seconds=HISTORY_SECONDS if request.with_histories else 0,
        )


def _how(what: str, reason: str) -> str:
    """What became of it, with the reason that the client has given."""
    return f"{what}: {reason[:_MAX_REASON]}" if reason else what


def _on_this_host(context: grpc.aio.ServicerContext) -> bool:
    """Whether the client can reach ranks, which listen on unix sockets: it came over one."""
    return str(context.peer()).startswith("unix:")


def _timeout_of(
    request: pool_pb2.ResizeWorldRequest | pool_pb2.ReplaceRanksRequest,
) -> timedelta | None:
    if not request.HasField("timeout"):
        return None
    timeout = from_duration(request.timeout)
    if timeout <= timedelta(0):
        raise invalid("timeout", str(timeout), "must be more than 0")
    return timeout


def _rpc(answer: Callable[[Q, bool], Awaitable[R]], request_type: type[Q]) -> grpc.RpcMethodHandler:
    return _timed(
        lambda request, context: answer(request, _on_this_host(context)),
        request_type,
    )


def _timed(
    answer: Callable[[Q, grpc.aio.ServicerContext], Awaitable[R]], request_type: type[Q]
) -> grpc.RpcMethodHandler:
    async def handle(body: bytes, context: grpc.aio.ServicerContext) -> bytes:
        try:
            request = request_type.FromString(body)
        except DecodeError as error:
            return await abort(context, _malformed(request_type, error))
        try:
            answered = await answer(request, context)
            response: bytes = answered.SerializeToString()
        except BridgeError as error:
            return await abort(context, error)
        return response

    return grpc.unary_unary_rpc_method_handler(handle)


def _stream(
    answer: Callable[[Q, grpc.aio.ServicerContext], Awaitable[None]], request_type: type[Q]
) -> grpc.RpcMethodHandler:
    async def handle(body: bytes, context: grpc.aio.ServicerContext) -> None:
        try:
            request = request_type.FromString(body)
        except DecodeError as error:
            await abort(context, _malformed(request_type, error))
        try:
            await answer(request, context)
        except BridgeError as error:
            await abort(context, error)
        except Exception as error:
            _logger.exception("%s failed", request_type.DESCRIPTOR.name)
            await abort(context, background.defect(request_type.DESCRIPTOR.name, error))

    return grpc.unary_stream_rpc_method_handler(handle)


def _malformed(request_type: type[Message], error: DecodeError) -> BridgeError:
    descriptor: Any = request_type.DESCRIPTOR
    return BridgeError(
        Category.VALIDATION, "malformed_request", f"not a {descriptor.full_name}: {error}"
    )
