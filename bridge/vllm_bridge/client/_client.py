"""The client: a connection to one pool, and what can be asked of the pool."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any

from google.protobuf.message import Message

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._blocking import Blocking, now
from vllm_bridge.client._calls.channels import ClientTls, File, R
from vllm_bridge.client._calls.client import ClientCalls
from vllm_bridge.client._calls.timeouts import CONTROL_TIMEOUT, UNSET, Timeout
from vllm_bridge.client._session import Session
from vllm_bridge.client._watch import Watch
from vllm_bridge.client._world import World
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
    """A client of the pool at `unix:PATH` or `HOST:PORT`. Nothing is sent until the first call.

    The connection is direct: proxies that the environment names are not used.

    TLS, over TCP, is on when any of its four arguments is given: `ca`, PEM file of the authority
    that signed the server's certificate (the system's without it); `cert` and `key`, PEM files of
    the client's own certificate; `server_name`, the name in the server's certificate where it is
    not the host of the endpoint.

    `client_id`, 1 to 200 printable ASCII characters without spaces, makes the client the owner of
    the sessions it opens and the worlds it starts. `timeout_profile` names the profile of calls
    that say nothing of their time.

    `carrier` says what carries calls to ranks on this host: "auto", frames over a unix socket where
    a rank takes them and gRPC otherwise; "grpc", gRPC alone. Without it, that is what the
    environment has in VLLM_BRIDGE_CARRIER, else "auto". A call is the same either way.

    Raises:
        BridgeError: (validation) `bad_endpoint`: `endpoint` is neither; `bad_token`: it is blank
            or no printable ASCII; `bad_tls`: a file cannot be read or used; `bad_carrier`:
            `carrier`, or VLLM_BRIDGE_CARRIER, is neither "auto" nor "grpc".
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
    """A connection to one pool. Threads may share it; a forked child may not (`forked_process`)."""

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
            Blocking(),
            token=token,
            tls=tls,
            client_id=client_id,
            timeout_profile=timeout_profile,
            carrier=carrier,
        )
        self._channels = self._calls.channels
        self._link = self._calls.link
        self._attachment = self._calls.attachment

    def open_session(
        self,
        session_id: str = "",
        *,
        affinity: str = "hint",
        pool_name: str = "",
        timeout: timedelta | None = CONTROL_TIMEOUT,
    ) -> Session:
        """Open a session, or find the live one of that id. Its block closes it either way."""
        found = now(self._calls.open_session(session_id, affinity, pool_name, timeout))
        return Session(self._link, found, opened=True)

    def session(self, session_id: str, *, timeout: timedelta | None = CONTROL_TIMEOUT) -> Session:
        """The live session of that id, whoever opened it. Its block does not close it."""
        return Session(self._link, now(self._calls.session(session_id, timeout)))

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
    ) -> World:
        """Start a world; returns when all its ranks are initialised.

        `timeout` bounds every rendezvous, group and wait of the world, now and later. With `gate` a
        collective or point-to-point call begins when all its ranks have made it, and is refused
        on all of them when they differ. With `concurrent` its runs take no turns: see `World.run`.
        `on_failure` is "fail": the world ends with its first rank; or "keep": the others live on,
        the world is `WORLD_DEGRADED`, and what touches no dead rank goes on.
        `spare_ranks` processes are kept ready for a restart, at most one for each rank.
        `distributed_executor_backend` is "mp" (ranks are forked on the pool's host), "ray", or
        "external_launcher" (somebody else starts them, with `vllm-bridge join`), and `nnodes` on
        how many hosts they are; the pool's configuration says where they are not given.
        `ray` has options of "ray" by name: `address`, `start`, `placement_group` (a name, an id, or
        Ray's own object), `placement_strategy`, `resources`, `label_selector`, `bundle_indices`,
        `runtime_env`; see docs/clusters.md. `on_progress` gets a `Progress` for each change, in a
        thread of its own, and a last one, with all ranks up, before this returns.
        """
        check(on_progress)
        sizes = WorldSizes(
            tensor_parallel_size,
            pipeline_parallel_size,
            data_parallel_size,
            prefill_context_parallel_size,
            decode_context_parallel_size,
        )
        if on_progress is not None:
            world_id = world_id_or_new(world_id)
        started = self._calls.start_world(
            sizes.named(),
            world_id=world_id,
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
        with self._telling(world_id, on_progress) as telling:
            world = now(started)
        telling.started(world)
        return World(self._link, world, started=True)

    @contextlib.contextmanager
    def _telling(self, world_id: str, on_progress: OnProgress | None) -> Iterator[Telling]:
        """Tell, in a thread, how far a world's start is."""
        telling = Telling(on_progress)
        if on_progress is None:
            yield telling
            return
        with self.watch(world_id, timeout=None) as events:

            def read() -> None:
                # The start itself says what is wrong with the pool.
                with contextlib.suppress(BridgeError):
                    for event in events:
                        telling.event(event)

            thread = background.thread("telling of progress", read)
            thread.start()
            try:
                yield telling
            finally:
                events.close()
                thread.join()

    def world(self, world_id: str, *, timeout: timedelta | None = CONTROL_TIMEOUT) -> World:
        """The world of that id, whoever started it, as it is now. Its block does not stop it.

        Runs of one world take turns, over all its clients: see `World.run`.
        """
        return World(self._link, now(self._calls.world(world_id, timeout)))

    def stop_world(self, world_id: str, *, timeout: timedelta | None = CONTROL_TIMEOUT) -> bool:
        """Stop a world by its id. False when there is no live one."""
        return now(self._calls.stop_world(world_id, timeout))

    def restart_world(self, world_id: str, *, timeout: timedelta | None = None) -> World:
        """Start a failed or stopped world again, as it was asked for, with the next epoch.

        `timeout` bounds the start, beside the limits of the pool.
        """
        return World(self._link, now(self._calls.restart_world(world_id, timeout)), started=True)

    def status(
        self, *, histories: bool = False, timeout: timedelta | None = CONTROL_TIMEOUT
    ) -> pool_pb2.PoolStatus:
        """The pool, its ranks, sessions and worlds.

        With `histories`, also calls per second and latency over the last five minutes.
        """
        return now(self._calls.status(timeout, histories=histories))

    def diagnose(
        self, world_id: str, *, stacks: bool = False, timeout: timedelta | None = CONTROL_TIMEOUT
    ) -> pool_pb2.Diagnosis:
        """What every rank of a world is doing and what waits for what; with their Python stacks.

        Answers also while all of them are stuck.
        """
        return now(self._calls.diagnose(world_id, stacks=stacks, timeout=timeout))

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
        return Watch(
            now(
                self._calls.watch(
                    world_id, current=current, timeout=timeout, timeout_profile=timeout_profile
                )
            )
        )

    def send(
        self,
        endpoint: str,
        method: str,
        request: bytes,
        timeout: timedelta | None,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """One raw call over gRPC, to the pool or to a rank. Raises grpc.RpcError."""
        return now(self._channels.send(endpoint, method, request, timeout, metadata))

    def close(self) -> None:
        """Close all connections. Calls that are on their way end with an error.

        Sessions and worlds stay, unless the client has a `client_id`: then they end after the
        pool's grace period.
        """
        now(self._calls.close())

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
        return now(self._calls.pool(name, request, kind, timeout))
