"""Which ranks are expected to dial in, and those that have."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vllm_bridge._generated import control_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.launchers.joins.hello import (
    Refusal,
    Wanted,
    check_fits,
    check_text,
    check_token,
    describe,
    parsed,
)
from vllm_bridge.pool.launchers.joins.joined import JoinedProcess, RankConnection
from vllm_bridge.pool.launchers.joins.listener import JoinListener
from vllm_bridge.pool.launchers.protocol import Place, WorldPlan
from vllm_bridge.process import logs
from vllm_bridge.process.import_path import bootstrap
from vllm_bridge.transport.address import TcpAddress
from vllm_bridge.transport.certificates import SERVER_NAME, CannotMakeError, make_certificate
from vllm_bridge.transport.server_token import JOIN_CA_VARIABLE, VARIABLE

_logger = logging.getLogger("vllm_bridge.pool.launchers.joins")

# Of ranks that are named in an error.
_MAX_NAMED = 32

_MAX_REFUSALS = 4


@dataclass(frozen=True)
class Door:
    """A listener: where it is, and how one finds that it is the right one."""

    address: TcpAddress
    # Certificate of whoever signs for it, in PEM; empty: it speaks no TLS, or a known authority's.
    ca: str = ""
    server_name: str = ""


@dataclass(frozen=True)
class Command:
    """What starts a rank that dials in."""

    argv: list[str]
    environment: dict[str, str]


class Joins:
    """The listeners of a server for its ranks, and the worlds that wait for some."""

    def __init__(self, token: str | None) -> None:
        self._token = token
        self._expected: dict[str, Expected] = {}
        self._listeners: list[JoinListener] = []
        # The one that the operator has asked for.
        self.public: Door | None = None
        self._private: dict[str, Door] = {}

    async def listen(self, address: TcpAddress, tls: ssl.SSLContext | None) -> TcpAddress:
        """Open the operator's listener. Returns the address with the real port.

        Raises:
            ListenError: the address is taken, or cannot be used.
        """
        door = await self._open(address, tls, open_to_all=self._token is None)
        self.public = Door(door)
        return door

    async def listen_privately(self, host: str) -> Door:
        """Open a listener for ranks that this server launches itself, with a certificate of its
        own; the same one again for the same host.

        Raises:
            BridgeError: it cannot be made.
            ListenError: the host's address cannot be used.
        """
        if host not in self._private:
            try:
                pair = make_certificate()
            except CannotMakeError as error:
                raise BridgeError(Category.VALIDATION, "no_certificate", str(error)) from None
            address = await self._open(
                TcpAddress(host, 0), pair.server_context(), open_to_all=False
            )
            self._private[host] = Door(address, pair.certificate, SERVER_NAME)
        return self._private[host]

    async def close(self) -> None:
        """Listen no more."""
        await asyncio.gather(*(listener.close() for listener in self._listeners))

    def expect(self, plan: WorldPlan) -> Expected:
        """Ranks of this world may dial in from now on."""
        expected = Expected(plan, self._forget)
        self._expected[plan.world_id] = expected
        return expected

    async def _open(
        self, address: TcpAddress, tls: ssl.SSLContext | None, *, open_to_all: bool
    ) -> TcpAddress:
        listener = JoinListener(_Reception(self, open_to_all), tls)
        self._listeners.append(listener)
        return await listener.listen(address)

    def _forget(self, expected: Expected) -> None:
        if self._expected.get(expected.plan.world_id) is expected:
            del self._expected[expected.plan.world_id]

    def came(
        self, hello: control_pb2.Hello, connection: RankConnection, *, open_to_all: bool
    ) -> None:
        """A rank has said who it is. Raises Refusal."""
        check_text(hello)
        expected = self._expected.get(hello.world_id)
        tokens = [self._token, expected.token if expected else None]
        wanted = Wanted(
            hello.world_id,
            expected.plan.sizes.world_size if expected else 0,
            tuple(token for token in tokens if token is not None),
            open_to_all,
        )
        # Before anything is said of this server.
        check_token(wanted, hello.token)
        if expected is None:
            raise Refusal(
                f"no world {hello.world_id[:100]!r} waits for ranks here "
                f"({_named(list(self._expected))} {'does' if len(self._expected) == 1 else 'do'}): "
                'start it first, with distributed_executor_backend="external_launcher", or give '
                "--wait SECONDS",
                later=True,
            )
        expected.came(wanted, hello, connection)


class _Reception:
    """Of one listener."""

    def __init__(self, joins: Joins, open_to_all: bool) -> None:
        self._joins = joins
        self._open_to_all = open_to_all

    def came(self, hello: control_pb2.Hello, connection: RankConnection) -> None:
        """As `Reception.came`."""
        try:
            self._joins.came(hello, connection, open_to_all=self._open_to_all)
        except Refusal as refusal:
            text = f"a rank that dialled in from {connection.peer} was refused: {refusal}"
            logs.log(_logger, logging.WARNING, text)
            raise


class Expected:
    """One epoch of a world whose ranks dial in."""

    def __init__(self, plan: WorldPlan, forget: Callable[[Expected], None]) -> None:
        self.plan = plan
        # It holds for this epoch of this world alone.
        self.token = secrets.token_urlsafe(32)
        self._forget = forget
        loop = asyncio.get_running_loop()
        self._arrivals: list[asyncio.Future[JoinedProcess]] = [
            loop.create_future() for _ in range(plan.sizes.world_size)
        ]
        self._hellos: dict[int, control_pb2.Hello] = {}
        self._refusals: list[str] = []

    def came(self, wanted: Wanted, hello: control_pb2.Hello, connection: RankConnection) -> None:
        """Take a rank. Raises Refusal."""
        first = next(iter(self._hellos.values()), None)
        try:
            check_fits(wanted, hello, self._hellos, first)
        except Refusal as refusal:
            self._refusals = [*self._refusals, f"{describe(hello)}: {refusal}"][-_MAX_REFUSALS:]
            raise
        place = Place(
            self.plan.options.distributed_executor_backend,
            hello.node,
            address_of(hello.addresses, connection.peer),
            hello.local_rank if hello.HasField("local_rank") else None,
            hello.host,
            hello.directory,
        )
        hello.token = ""
        self._hellos[hello.rank] = hello
        logs.log(
            _logger,
            logging.INFO,
            f"rank {hello.rank} of {self.plan.world_id} has joined: {describe(hello)}, "
            f"{len(self._hellos)} of {len(self._arrivals)} are there",
            world_id=self.plan.world_id,
            rank=hello.rank,
            pid=hello.pid,
        )
        self._arrivals[hello.rank].set_result(JoinedProcess("", place, hello, connection))

    async def arrival(self, rank: int, rank_id: str) -> JoinedProcess:
        """The process of that rank, when it has dialled in."""
        process = await asyncio.shield(self._arrivals[rank])
        process.rank_id = rank_id
        return process

    def missing(self) -> str:
        """Who has not come, and who has, for people."""
        world = self.plan.world_id
        gone = [rank for rank in range(len(self._arrivals)) if rank not in self._hellos]
        there = [f"{rank} ({describe(self._hellos[rank])})" for rank in sorted(self._hellos)]
        said = (
            f"{len(gone)} of the {len(self._arrivals)} ranks of {world} have not joined: "
            f"{_named([str(rank) for rank in gone])}; those that have: {_named(there)}"
        )
        if self._refusals:
            said += f"; refused: {'; '.join(self._refusals)}"
        return said

    def command(
        self,
        door: Door,
        rank: int,
        *,
        python: str = sys.executable,
        local_rank: int | None = None,
        node: str = "",
        address: str = "",
    ) -> Command:
        """What to run on another machine, so that rank dials in there. `node` and `address`: what
        the cluster calls that machine, and by which others reach it."""
        flags = {
            "--pool": str(door.address),
            "--world": self.plan.world_id,
            "--rank": str(rank),
            "--world-size": str(len(self._arrivals)),
            "--local-rank": "" if local_rank is None else str(local_rank),
            "--node": node,
            "--address": address,
            "--tls-server-name": door.server_name,
        }
        given = [part for name, value in flags.items() if value for part in (name, value)]
        environment = {VARIABLE: self.token}
        if door.ca:
            environment[JOIN_CA_VARIABLE] = door.ca
        return Command(
            [python, *bootstrap("vllm_bridge.cli.command"), "join", "--ignore-environment", *given],
            environment,
        )

    def close(self) -> None:
        """No rank is expected any more; those that nobody has taken are let go."""
        self._forget(self)
        for arrival in self._arrivals:
            if arrival.done() and not arrival.cancelled():
                process = arrival.result()
                if not process.rank_id:
                    process.abandon()
            arrival.cancel()


def address_of(addresses: Sequence[str], peer: str) -> str:
    """By which other hosts reach a rank: what it says itself, unless that is of its own host alone
    and it came from another."""
    best = addresses[0]
    if not parsed(best).is_loopback:
        return best
    try:
        elsewhere = not parsed(peer).is_loopback
    except ValueError:
        elsewhere = False
    return peer if elsewhere else best


def _named(names: Sequence[str]) -> str:
    more = len(names) - _MAX_NAMED
    listed = ", ".join(names[:_MAX_NAMED]) or "none"
    return f"{listed} and {more} more" if more > 0 else listed
