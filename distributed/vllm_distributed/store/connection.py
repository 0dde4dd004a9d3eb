"""How the members of a stateless group find each other, apart from torch's world.

Rank 0 serves a store at host and port (`store/rendezvous.py`), or the caller has a store that all
members are connected to already. Over it the members agree (`store/agreement.py`): so a rank that
does not come is named, members that want different groups are told so at once, and either all have
the group or none has. Everything a group keeps in the store is under a random prefix that its first
rank gives out in the agreement: what an earlier group left there is never read.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from vllm_distributed.bounded import GRACE_S, UnansweredError, bounded
from vllm_distributed.compat.torch_internals import HashStore, PrefixStore, Store
from vllm_distributed.durations import of_seconds
from vllm_distributed.errors import (
    CollectiveError,
    DistributedError,
    InvalidArgumentError,
    InvalidTypeError,
    RendezvousError,
    StoreLostError,
)
from vllm_distributed.forks import is_inherited
from vllm_distributed.store.agreement import StoreAgreement
from vllm_distributed.store.init_method import InitMethod, parse_init_method
from vllm_distributed.store.rendezvous import (
    Rendezvous,
    adopt_listen_socket,
    give_up_listen_socket,
    local_address,
    meet,
)
from vllm_distributed.utils import get_tcp_uri

__all__ = ["Connection", "Place", "connect_at", "connect_in", "join"]

_PREFIX = "vllm_distributed/stateless"

Made = TypeVar("Made")


@dataclass(frozen=True)
class Place:
    """Who this process is in the group: a rank counted inside it, and its size."""

    rank: int
    world_size: int


@dataclass
class Connection:
    """The members of one group, connected by a store until `close`."""

    place: Place
    rendezvous: Rendezvous
    is_shared: bool = False
    """The store is the caller's: it is not ours to end, and there is no other to find."""
    _last: StoreAgreement | None = field(default=None, repr=False)

    def build(
        self,
        call: str,
        agree: Mapping[str, Any],
        timeout: timedelta,
        make: Callable[[Store, timedelta], Made],
    ) -> Made:
        """Return what `make` makes of a store that nobody has used and the time that is left.

        All members call it with the same `agree`; it returns when all of them have made theirs, so
        that a member that leaves at once takes nothing away from one that is not done. Raises as
        `StoreAgreement.hold` does, `RendezvousError` if the members cannot connect.
        """
        deadline = time.monotonic() + timeout.total_seconds()
        if self.place.world_size == 1:
            return make(HashStore(), timeout)
        first, answers = self._hold(call, agree, _left(deadline))
        store = PrefixStore(answers[0]["extra"]["prefix"], self.rendezvous.store)
        try:
            with first.making(serves=self.rendezvous.server is not None) as making:
                made = make(store, _left(deadline))
                # Who is there already must not wait for one that failed on its way.
                self._hold(f"{call}, last step", agree, _left(deadline), making.look)
        except RuntimeError as error:
            if isinstance(error, DistributedError) and not isinstance(error, CollectiveError):
                raise
            details = error.details if isinstance(error, DistributedError) else {}
            raise RendezvousError(
                f"{call}: rank {self.place.rank} of {self.place.world_size} could not connect to "
                f"the other members within {timeout.total_seconds():g} s: {error}",
                rank=self.place.rank,
                world_size=self.place.world_size,
                timeout_s=timeout.total_seconds(),
                **{key: details[key] for key in ("missing",) if key in details},
            ) from error
        return made

    def close(self) -> None:
        """Leave. Rank 0 stops serving when the others have read how the last agreement ended."""
        inherited = is_inherited(self.rendezvous.store)
        if self._last is not None and self.rendezvous.server is not None and not inherited:
            self._last.let_others_read()
        self._last = None
        self.rendezvous.close(left=False, keep_port=False)

    def _hold(
        self,
        call: str,
        agree: Mapping[str, Any],
        timeout: timedelta,
        watch: Callable[[], None] | None = None,
    ) -> tuple[StoreAgreement, list[dict[str, Any]]]:
        self._last = agreement = StoreAgreement(
            self.rendezvous.store,
            self.place.rank,
            self.place.world_size,
            timeout,
            self.rendezvous.address,
        )
        extra = {"prefix": secrets.token_hex(8) if self.place.rank == 0 else ""}
        return agreement, agreement.hold(call, agree, extra, watch=watch)


def connect_at(
    host: str, port: int, rank: int, world_size: int, listen_socket: socket.socket | None
) -> Callable[[timedelta, timedelta], Connection]:
    """Return a function that connects to the others at `host`:`port`; check the arguments."""
    method = _method(host, port, rank, world_size, listen_socket)
    place = Place(method.rank, method.world_size)

    def connect(remaining: timedelta, timeout: timedelta) -> Connection:
        if place.world_size == 1:
            return Connection(place, Rendezvous(HashStore()))
        try:
            return Connection(place, meet(method, remaining, timeout))
        except RendezvousError:
            if listen_socket is not None and method.port is not None:
                give_up_listen_socket(method.port)
            raise

    return connect


def connect_in(
    store: Store, key: str, place: Place
) -> Callable[[timedelta, timedelta], Connection]:
    """Return a function that connects to the others under `key` of a store all are connected to.

    A clone of the store is used: a timeout set on it is not the caller's, and a wait does not keep
    the caller's own threads off the store.
    """

    def connect(remaining: timedelta, timeout: timedelta) -> Connection:
        try:
            own: Store = bounded(
                store.clone,  # type: ignore[attr-defined]  # the stubs lack it
                time.monotonic() + remaining.total_seconds() + GRACE_S,
            )
        except (RuntimeError, UnansweredError) as error:
            raise StoreLostError(f"coord_store cannot be reached any more: {error}") from error
        own.set_timeout(timeout)
        rendezvous = Rendezvous(PrefixStore(f"{_PREFIX}/{key}", own), address=local_address(store))
        return Connection(place, rendezvous, is_shared=True)

    return connect


def join(
    connect: Callable[[timedelta, timedelta], Connection],
    call: str,
    agree: Mapping[str, Any],
    timeout: timedelta,
    make: Callable[[Store, timedelta], Made],
) -> tuple[Connection, Made]:
    """Return the connection to the other members, and what `make` made there; see `build`.

    Rank 0 may still be serving an earlier group at the same port that another member has left
    already: that member loses the old store, and has until the deadline to find the new one.
    """
    deadline = time.monotonic() + timeout.total_seconds()
    while True:
        connection = connect(_left(deadline), timeout)
        try:
            return connection, connection.build(call, agree, _left(deadline), make)
        except StoreLostError:
            connection.close()
            if connection.is_shared or connection.place.rank == 0 or time.monotonic() >= deadline:
                raise
        except BaseException:
            connection.close()
            raise


def _left(deadline: float) -> timedelta:
    return of_seconds(round(deadline - time.monotonic(), 3))


def _method(
    host: str, port: int, rank: int, world_size: int, listen_socket: socket.socket | None
) -> InitMethod:
    if not isinstance(host, str) or not host:
        raise InvalidArgumentError(f"host must be a name or an address, got {host!r}")
    method = parse_init_method(get_tcp_uri(host, _port(port, listen_socket)), rank, world_size)
    if listen_socket is None:
        return method
    if method.rank != 0:
        raise InvalidArgumentError(
            f"only rank 0 listens, and this is rank {rank}: pass listen_socket=None here",
            rank=rank,
        )
    if method.world_size == 1:  # nobody will come
        listen_socket.close()
    else:
        adopt_listen_socket(listen_socket)
    return method


def _port(port: int, listen_socket: socket.socket | None) -> int:
    if listen_socket is None:
        return port
    bound = None
    if isinstance(listen_socket, socket.socket):
        with contextlib.suppress(OSError, IndexError, TypeError):  # closed, or not of the internet
            bound = int(listen_socket.getsockname()[1])
    if bound is None:
        raise InvalidTypeError(f"listen_socket must be a listening TCP socket, got {listen_socket}")
    if port not in (0, bound):
        raise InvalidArgumentError(
            f"port={port}, but listen_socket is bound to port {bound}: pass that, or 0",
            port=port,
            bound=bound,
        )
    return bound
