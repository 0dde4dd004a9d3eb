"""What sessions and worlds need of the client that they came from."""

from __future__ import annotations

import contextlib
import itertools
import uuid
from datetime import timedelta
from pathlib import Path

import grpc

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._calls.channels import Channels
from vllm_bridge.client._calls.io import Call, FramesConnection, held
from vllm_bridge.client._calls.timeouts import ASK_TIMEOUT, Deadline, Profiles
from vllm_bridge.client._frames.places import Places
from vllm_bridge.client._leases.leases import Leases
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.transport.address import unix_path
from vllm_bridge.transport.call_tokens import bearer
from vllm_bridge.transport.frames.calling import LARGE_BYTES, Metadata, NotSent
from vllm_bridge.transport.metadata import AUTHORIZATION, EPOCH, SESSION_ID

_INSPECT = "/vllm.bridge.v1.Rank/Inspect"

# For a connection to a rank on another host, which a firewall may swallow.
_REACH_TIMEOUT = timedelta(seconds=2)

_PROFILES = "/vllm.bridge.v1.Pool/GetProfiles"


class Link:
    """The connections of a client, its timeout profiles, and the ids of its calls."""

    def __init__(self, channels: Channels, timeout_profile: str, *, frames: bool = True) -> None:
        self.io = channels.io
        self.channels = channels
        self.profiles = Profiles(timeout_profile, self._get_profiles, self.io)
        self.ranks = Ranks(channels, wanted=frames)
        self.leases = Leases(channels)
        # The client is, and asks for nothing any more.
        self.closed = False
        self._client = uuid.uuid4().hex[:12]
        self._numbers = itertools.count(1)

    def next_call_id(self) -> str:
        """An id that no other call has."""
        return f"{self._client}-{next(self._numbers)}"

    async def reach(
        self, session: pool_pb2.Session, naming: Metadata
    ) -> pool_pb2.ReachRankResponse | None:
        """How to call the rank of a session directly that is on another host; None: it cannot be
        reached from here, and its calls go through the pool."""
        request = pool_pb2.ReachRankRequest(session_id=session.session_id)
        try:
            far = await self.channels.pool(
                "ReachRank", request, pool_pb2.ReachRankResponse, ASK_TIMEOUT
            )
            self.channels.trust(far)
            # Whoever answers has the certificate, and takes the token.
            more = (*naming, (AUTHORIZATION, bearer(far.token)))
            await self.channels.send(far.endpoint, _INSPECT, b"", _REACH_TIMEOUT, more)
        except (BridgeError, grpc.RpcError):
            return None
        return far

    async def close(self) -> None:
        """Close all connections."""
        self.closed = True
        self.ranks.close()
        await self.leases.close()
        await self.channels.close()

    async def _get_profiles(self) -> pool_pb2.Profiles | None:
        try:
            found = await self.channels.send(self.channels.endpoint, _PROFILES, b"", ASK_TIMEOUT)
        except grpc.RpcError as error:
            # An older pool.
            if error.code() == grpc.StatusCode.UNIMPLEMENTED:
                return None
            raise self.channels.pool_error(error) from None
        return pool_pb2.Profiles.FromString(found)


class Ranks:
    """The ways to ranks: frames where they take them, else gRPC."""

    def __init__(self, channels: Channels, *, wanted: bool) -> None:
        self._channels = channels
        self._io = channels.io
        self._places = Places(wanted=wanted)
        self._connecting = self._io.lock()
        self._connections: dict[str, FramesConnection] = {}
        # The last call to each place that is collected later.
        self._last: dict[str, tuple[Call, bool]] = {}
        # Ranks that answered over gRPC before the first such call.
        self._met: set[str] = set()
        self._closed = False

    def named(self, frames_endpoint: str) -> None:
        """The pool has said that a rank takes frames there."""
        self._places.named(frames_endpoint)

    async def carrier(self, frames_endpoint: str) -> str:
        """What carries the next call."""
        return "grpc" if await self._connection(frames_endpoint) is None else "frames"

    async def begin(
        self,
        endpoint: str,
        frames_endpoint: str,
        method: str,
        request: bytes,
        deadline: Deadline,
        metadata: Metadata,
        *,
        later: bool = False,
    ) -> Call:
        """Begin a call to a rank, or, over gRPC, to whatever is at the endpoint.

        Calls that are collected later reach the rank in the order in which they begin.

        Raises:
            grpc.RpcError: the request is too large for any message.
            BridgeError: (validation, `forked_process`) in a forked child; (timeout,
                `deadline_exceeded`) there is no time left.
        """
        self._channels.check()
        alone = len(request) > LARGE_BYTES
        if later:
            carrier = await self.carrier(frames_endpoint)
            await self._in_order(endpoint, carrier, deadline, alone=alone)
        begun = await self._in_frames(
            frames_endpoint, method, request, deadline.left(), metadata, later=later, alone=alone
        )
        if begun is None:
            if later:
                await self._connected_over_grpc(endpoint, deadline, metadata)
            left = deadline.left()
            begun = await self._channels.begin(
                endpoint, method, request, left, metadata, later=later
            )
        if later:
            self._last[endpoint] = begun, alone
        return begun

    def close(self) -> None:
        """Close all connections."""
        self._closed = True
        connections, self._connections = self._connections, {}
        for connection in connections.values():
            connection.close()

    async def _in_frames(
        self,
        place: str,
        method: str,
        request: bytes,
        left: timedelta | None,
        metadata: Metadata,
        *,
        later: bool,
        alone: bool,
    ) -> Call | None:
        # The rank may have closed the connection since the last call.
        for _ in range(2):
            connection = await self._connection(place)
            if connection is not None and alone:
                connection = await self._connected(place)
            if connection is None:
                return None
            try:
                return connection.begin(method, request, left, metadata, later=later, alone=alone)
            except NotSent:
                continue
        return None

    async def _in_order(
        self, endpoint: str, carrier: str, deadline: Deadline, *, alone: bool
    ) -> None:
        """Wait for the last call, where this one goes over another connection."""
        last, last_alone = self._last.get(endpoint, (None, False))
        if last is None or last.done():
            return
        if alone or last_alone or last.carrier != carrier:
            await last.wait(deadline.ends)
            deadline.left()

    async def _connected_over_grpc(
        self, endpoint: str, deadline: Deadline, metadata: Metadata
    ) -> None:
        """Have a connection first: gRPC keeps no order of calls that wait for one."""
        if endpoint in self._met or endpoint == self._channels.endpoint:
            return
        naming = [pair for pair in metadata if pair[0] in (SESSION_ID, EPOCH)]
        # Where it fails, so will the calls.
        with contextlib.suppress(grpc.RpcError):
            await self._channels.send(
                endpoint,
                _INSPECT,
                b"",
                deadline.within(ASK_TIMEOUT),
                naming,
            )
        self._met.add(endpoint)

    async def _connection(self, place: str) -> FramesConnection | None:
        """The one to this place; None: use gRPC."""
        connection = self._connections.get(place)
        if connection is not None and not connection.over:
            return connection
        if not place or self._closed or not self._places.worth_trying(place):
            return None
        async with held(self._connecting):
            connection = self._connections.get(place)
            if connection is None or connection.over:
                connection = await self._connected(place)
                if connection is None:
                    self._connections.pop(place, None)
                elif self._closed:
                    connection.close()
                    return None
                else:
                    self._connections[place] = connection
            return connection

    async def _connected(self, place: str) -> FramesConnection | None:
        try:
            return await self._io.frames(unix_path(place) or Path(place))
        except OSError:
            self._places.missing(place)
            return None
