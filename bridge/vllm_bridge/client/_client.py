"""The client: a connection to one pool, and what can be asked of the pool."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType

from google.protobuf.message import Message

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._attachment import Attachment
from vllm_bridge.client._channels import Channels, ClientTls, File, R
from vllm_bridge.client._checks import seconds, text, wrong_type
from vllm_bridge.client._link import Link
from vllm_bridge.client._session import Session
from vllm_bridge.client._timeouts import CONTROL_TIMEOUT, UNSET, Deadline, Timeout
from vllm_bridge.client._watch import Watch
from vllm_bridge.client._world import World, restart_world, stop_world
from vllm_bridge.durations import to_duration
from vllm_bridge.transport.metadata import affinity_named
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
) -> Client:
    """A client of the pool at `unix:PATH` or `HOST:PORT`. Nothing is sent until the first call.

    The connection is direct: proxies that the environment names are not used.

    TLS, over TCP, is on when any of its four arguments is given: `ca`, PEM file of the authority
    that signed the server's certificate (the system's without it); `cert` and `key`, PEM files of
    the client's own certificate; `server_name`, the name in the server's certificate where it is
    not the host of the endpoint.

    `client_id`, 1 to 200 printable ASCII characters without spaces, makes the client the owner of
    the sessions it opens and the worlds it starts. `timeout_profile` names the profile of calls
    that say nothing of their time.

    Raises:
        BridgeError: (validation) `bad_endpoint`: `endpoint` is neither; `bad_token`: it is blank
            or no printable ASCII; `bad_tls`: a file cannot be read or used.
    """
    tls = ClientTls(ca, cert, key, server_name)
    return Client(
        endpoint, token=token, tls=tls, client_id=client_id, timeout_profile=timeout_profile
    )


class Client:
    """A connection to one pool. Threads may share it."""

    def __init__(
        self,
        endpoint: str,
        *,
        token: str | None = None,
        tls: ClientTls = NO_TLS,
        client_id: str = "",
        timeout_profile: str = "",
    ) -> None:
        text("client_id", client_id)
        text("timeout_profile", timeout_profile)
        if token is not None:
            text("token", token)
        self.endpoint = endpoint
        self.client_id = client_id
        self._channels = Channels(endpoint, token, tls)
        self._link = Link(self._channels, timeout_profile)
        self._attachment = Attachment(self._channels, client_id)

    def open_session(
        self,
        session_id: str = "",
        *,
        affinity: str = "hint",
        pool_name: str = "",
        timeout: timedelta = CONTROL_TIMEOUT,
    ) -> Session:
        """Open a session, or find the live one of that id."""
        request = pool_pb2.OpenSessionRequest(
            session_id=text("session_id", session_id),
            affinity=affinity_named(text("affinity", affinity)),
            pool_name=text("pool_name", pool_name),
            client_id=self.client_id,
        )
        deadline = Deadline(timeout)
        self._attachment.ensure(deadline)
        found = self._pool("OpenSession", request, pool_pb2.Session, deadline.left())
        return Session(self._link, found)

    def session(self, session_id: str, *, timeout: timedelta = CONTROL_TIMEOUT) -> Session:
        """The live session of that id."""
        request = pool_pb2.GetSessionRequest(session_id=text("session_id", session_id))
        return Session(self._link, self._pool("GetSession", request, pool_pb2.Session, timeout))

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
    ) -> World:
        """Start a world; returns when all its ranks are initialised.

        `timeout` bounds every rendezvous, group and wait of the world, now and later. With `gate` a
        collective or point-to-point call begins when all its ranks have made it, and is refused
        on all of them when they differ. With `concurrent` its runs take no turns: see `World.run`.
        """
        sizes = WorldSizes(
            tensor_parallel_size,
            pipeline_parallel_size,
            data_parallel_size,
            prefill_context_parallel_size,
            decode_context_parallel_size,
        ).named()
        for name, size in sizes.items():
            if not isinstance(size, int) or isinstance(size, bool) or size >= 2**63:
                raise wrong_type(name, size, "an int of at least 1")
        if not isinstance(gate, bool):
            raise wrong_type("gate", gate, "a bool")
        request = pool_pb2.StartWorldRequest(
            world_id=text("world_id", world_id),
            backend=text("backend", backend),
            gate=gate,
            concurrent=concurrent,
            pool_name=text("pool_name", pool_name),
            client_id=self.client_id,
            **sizes,
        )
        if timeout is not None:
            seconds(timeout)
            request.timeout.CopyFrom(to_duration(timeout))
        self._attachment.ensure(Deadline(CONTROL_TIMEOUT))
        # The pool's own limits end this; a deadline here would only hide what it has to say.
        return World(self._link, self._pool("StartWorld", request, pool_pb2.World, None))

    def world(self, world_id: str, *, timeout: timedelta = CONTROL_TIMEOUT) -> World:
        """The world of that id, whoever started it, as it is now.

        Runs of one world take turns, over all its clients: see `World.run`.
        """
        request = pool_pb2.GetWorldRequest(world_id=text("world_id", world_id))
        return World(self._link, self._pool("GetWorld", request, pool_pb2.World, timeout))

    def stop_world(self, world_id: str, *, timeout: timedelta = CONTROL_TIMEOUT) -> bool:
        """Stop a world by its id. False when there is no live one."""
        return stop_world(self._link, text("world_id", world_id), timeout)

    def restart_world(self, world_id: str) -> World:
        """Start a failed or stopped world again, as it was asked for, with the next epoch."""
        self._attachment.ensure(Deadline(CONTROL_TIMEOUT))
        return World(self._link, restart_world(self._link, text("world_id", world_id)))

    def status(self, *, timeout: timedelta = CONTROL_TIMEOUT) -> pool_pb2.PoolStatus:
        """The pool, its ranks, sessions and worlds."""
        return self._pool("GetStatus", pool_pb2.GetStatusRequest(), pool_pb2.PoolStatus, timeout)

    def diagnose(
        self, world_id: str, *, stacks: bool = False, timeout: timedelta = CONTROL_TIMEOUT
    ) -> pool_pb2.Diagnosis:
        """What every rank of a world is doing and what waits for what; with their Python stacks.

        Answers also while all of them are stuck.
        """
        request = pool_pb2.DiagnoseRequest(world_id=text("world_id", world_id), with_stacks=stacks)
        return self._pool("Diagnose", request, pool_pb2.Diagnosis, timeout)

    def watch(
        self,
        world_id: str = "",
        *,
        current: bool = False,
        timeout: Timeout = UNSET,
        timeout_profile: str = "",
    ) -> Watch:
        """Changes of worlds, ranks and sessions from now on; of one world, or of everything.

        With `current`, first the state of everything that is there now. Iterating blocks until
        there is another event; a reader that falls too far behind gets a `BridgeError`.

        `timeout` bounds the whole watch (None: nothing does); without it that is the stream timeout
        of the profile, 30 minutes unless the pool says otherwise. When it is over, reading raises a
        `BridgeError` (timeout, `deadline_exceeded`).
        """
        request = pool_pb2.WatchRequest(world_id=text("world_id", world_id), with_current=current)
        allowed = self._link.profiles.resolve_stream(timeout, timeout_profile)
        return Watch(self._channels, request, allowed)

    def send(
        self,
        endpoint: str,
        method: str,
        request: bytes,
        timeout: timedelta | None,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """One raw call, to the pool or to a rank. Raises grpc.RpcError."""
        return self._channels.send(endpoint, method, request, timeout, metadata)

    def close(self) -> None:
        """Close all connections.

        Sessions and worlds stay, unless the client has a `client_id`: then they end after the
        pool's grace period.
        """
        self._attachment.end()
        self._channels.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _pool(self, name: str, request: Message, kind: type[R], timeout: timedelta | None) -> R:
        return self._channels.pool(name, request, kind, timeout)
