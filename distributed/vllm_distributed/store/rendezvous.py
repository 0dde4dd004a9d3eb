"""How a process finds the others: from an init method to a connected store.

`tcp://host:port`: rank 0 serves the store on exactly that address, the others connect to it. The
listening socket is bound here and handed to torch, because torch's own server listens on every
interface. A parent process that starts the ranks can instead bind port 0 itself, pass the real
port on in the init method, and have rank 0 inherit the socket: see `adopt_listen_socket`. No
process looks for a free port and hopes that it stays free.

`env://`: address and ranks from MASTER_ADDR, MASTER_PORT, RANK and WORLD_SIZE; under torchrun the
store is the one its agent already serves. Any other scheme goes to torch's registered handlers.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import struct
import threading
import time
import weakref
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from torch.distributed.rendezvous import rendezvous

from vllm_distributed import entry
from vllm_distributed.bounded import GRACE_S, UnansweredError, bounded
from vllm_distributed.compat.torch_internals import (
    FileStore,
    PrefixStore,
    Store,
    TCPStore,
    without_prefixes,
)
from vllm_distributed.errors import (
    InvalidArgumentError,
    InvalidTypeError,
    RendezvousError,
    RendezvousTimeoutError,
)
from vllm_distributed.forks import is_inherited, keep_in_children, leave_to_parent
from vllm_distributed.store.init_method import InitMethod, parse_init_method

__all__ = [
    "InitMethod",
    "Rendezvous",
    "adopt_listen_socket",
    "give_up_listen_socket",
    "local_address",
    "meet",
    "parse_init_method",
]

_BACKLOG = 2048
_FIRST_RETRY_S, _LONGEST_RETRY_S = 0.002, 0.1
_ATTEMPT_S = 5.0
_LOOK_S = 2.0
_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)

# By port, for as long as the process lives: between two worlds they keep it from being given away.
_adopted: dict[int, socket.socket] = {}
# How many worlds this process has left in a store that is not ours and so outlives them, by init
# method: the next one must not read the addresses of process groups that are gone.
_worlds_left: dict[str, int] = {}


@dataclass
class Rendezvous:
    """A connected store, and on rank 0 the server behind it."""

    store: Store
    server: TCPStore | None = None
    adopted_port: int | None = None
    """The port of the server, where its socket was adopted."""
    lasting: str | None = None
    """The init method of a store that outlives the world."""
    address: str | None = None
    """This process's end of the way to the store; None where it is not known."""

    def __post_init__(self) -> None:
        leave_to_parent(self, "the world's store", "store", "server")
        for each in (self.store, self.server):
            if each is not None:
                keep_in_children(each)
        if self.adopted_port is not None:
            _serving[self.adopted_port] = self

    def close(self, *, left: bool, keep_port: bool = True) -> None:
        """Stop serving. `left`: the world existed and this process will not join it again.

        `keep_port`: an adopted port stays this process's, for the next world on it. A group with a
        port of its own has no next one.
        """
        if is_inherited(self.store):
            return
        if left and self.lasting is not None:
            _worlds_left[self.lasting] = _worlds_left.get(self.lasting, 0) + 1
        self.server = None  # its destructor stops the daemon and closes the listening socket
        if self.adopted_port is not None:
            _stop_listening(self.adopted_port, keep_port)


def _in_child() -> None:
    """A forked child gets none of the connections that are made to its parent."""
    for port, serving in list(_serving.items()):
        if serving.server is not None and port in _adopted:
            _adopted.pop(port).close()


os.register_at_fork(after_in_child=_in_child)

# Who serves on which adopted socket, as long as it does.
_serving: weakref.WeakValueDictionary[int, Rendezvous] = weakref.WeakValueDictionary()


def adopt_listen_socket(sock: socket.socket) -> None:
    """Use `sock` when this process is rank 0 of an init method with its port.

    For a process that inherited a TCP socket which is already bound and listening (its parent
    bound port 0 and published the real port). The socket becomes this package's: every rendezvous
    on its port uses it. Between destroying an environment and making the next it refuses
    connections but keeps the port, so that nobody else can be given it. Adopting a second socket
    of the same port closes the first. Local to the process. Raises `InvalidArgumentError` if the
    socket is not a listening TCP socket.
    """
    if not isinstance(sock, socket.socket):
        raise InvalidTypeError(f"sock must be a socket.socket, got {type(sock).__name__}")
    if sock.family not in (socket.AF_INET, socket.AF_INET6) or sock.type != socket.SOCK_STREAM:
        raise InvalidArgumentError(f"{sock!r} is not a TCP socket")
    if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise InvalidArgumentError(f"{sock!r} does not listen: call bind and listen on it first")
    port = int(sock.getsockname()[1])
    # Lets the port be bound again while old connections linger. A parent does well to set it before
    # it listens (`socket.create_server` does): connections that came earlier do not have it.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    previous = _adopted.pop(port, None)
    if previous is not None and previous is not sock:
        previous.close()
    _adopted[port] = sock


def give_up_listen_socket(port: int) -> None:
    """Close an adopted socket that no rendezvous will use. Idempotent."""
    if port in _adopted:
        _stop_listening(port, keep_port=False)


def meet(method: InitMethod, remaining: timedelta, timeout: timedelta) -> Rendezvous:
    """Return a store connected to the one of the other ranks.

    Rank 0 serves it and does not wait for the others; the others wait for rank 0, no longer than
    what remains of `timeout`. Raises `RendezvousError` naming host, port, rank and timeout.
    """
    if method.world_size != 1:
        entry.about_to_send()
    given_up = threading.Event()
    deadline = time.monotonic() + remaining.total_seconds()

    def connect() -> Rendezvous:
        if method.host is None or method.port is None:
            return _meet_elsewhere(method, remaining, timeout)
        if method.rank == 0:
            return _serve(method, method.host, method.port, remaining, timeout, given_up)
        return _join(method, method.host, method.port, deadline, timeout, given_up)

    try:
        return bounded(
            connect,
            deadline + GRACE_S,
            give_up=given_up.set,
            discard=lambda late: late.close(left=False),
        )
    except UnansweredError as error:  # looking up the host, or a server that accepts and is silent
        raise _unreachable(
            method, method.host or method.url, method.port or 0, timeout, error
        ) from error


def _serve(
    method: InitMethod,
    host: str,
    port: int,
    remaining: timedelta,
    timeout: timedelta,
    given_up: threading.Event,
) -> Rendezvous:
    adopted = _adopted.get(port)
    if adopted is None:
        deadline = time.monotonic() + remaining.total_seconds()
        listener = _listen(method, host, port, deadline, given_up)
        address = _printed(listener.getsockname())
    else:
        _check_free(method, host, port)
        adopted.listen(_BACKLOG)
        address = _check_reachable(method, host, port, adopted, remaining)
        listener = adopted.dup()
    port = int(listener.getsockname()[1])
    try:
        # The server is an object of its own, apart from the client that process groups hold on
        # to: letting go of it is what ends the listening, whoever still refers to a group.
        server = TCPStore(
            host_name=host,
            port=port,
            is_master=True,
            timeout=timeout,
            wait_for_workers=False,
            master_listen_fd=listener.detach(),
        )
        return Rendezvous(
            _connect(host, port, timeout), server, port if adopted else None, address=address
        )
    except RuntimeError as error:
        raise _unreachable(method, host, port, timeout, error) from error


def _check_free(method: InitMethod, host: str, port: int) -> None:
    """Refuse to serve twice on one socket: each server would get some of the connections."""
    serving = _serving.get(port)
    if serving is not None and serving.server is not None:
        raise RendezvousError(
            f"rank 0 serves on the adopted socket of port {port} already: destroy what was made "
            f"there first, or use another port",
            host=host,
            port=port,
            rank=0,
            init_method=method.url,
        )


def _check_reachable(
    method: InitMethod, host: str, port: int, adopted: socket.socket, remaining: timedelta
) -> str:
    """Find out at once whether an adopted socket is where the others will look for it: it listens
    already, so a connection that is refused now stays refused. Returns the address it comes from.
    """
    try:
        with _dial(host, port, remaining.total_seconds()) as connection:
            return _printed(connection.getsockname())
    except OSError as error:
        bound = adopted.getsockname()[0]
        raise RendezvousError(
            f"the adopted socket of port {port} listens on {bound}, and cannot be reached at host "
            f"{host} ({error}): bind it to that host, or give every rank the host it is bound to",
            host=host,
            port=port,
            bound=bound,
            rank=0,
            init_method=method.url,
        ) from error


def _stop_listening(port: int, keep_port: bool) -> None:
    """Close an adopted socket, or replace it by one that is bound to the same address only."""
    listener = _adopted.pop(port)
    if not keep_port:
        listener.close()
        return
    family, address = listener.family, listener.getsockname()
    listener.close()
    keeper = socket.socket(family, socket.SOCK_STREAM)
    try:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(address)
    except OSError:
        keeper.close()  # given away in this instant: the next rendezvous waits until it is free
    else:
        _adopted[port] = keeper


def _listen(
    method: InitMethod, host: str, port: int, deadline: float, given_up: threading.Event
) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        if ipaddress.ip_address(str(address[0])).is_unspecified:
            raise RendezvousError(
                f"rank 0 does not listen on host {host}, which stands for every interface: whoever "
                f"reaches the store can write to it. Give the address the other ranks connect to",
                host=host,
                port=port,
                rank=0,
                init_method=method.url,
            )
        pause = _FIRST_RETRY_S
        while True:
            listener = socket.socket(family, kind, protocol)
            try:
                # Old connections of ours may linger in TIME_WAIT.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
                listener.listen(_BACKLOG)
                return listener
            except OSError as error:
                listener.close()
                # A connection on its way to somewhere else may have been given the port for the
                # moment. A server has come to stay.
                late = time.monotonic() + pause >= deadline or given_up.is_set()
                if error.errno != errno.EADDRINUSE or late or _accepts(address):
                    raise
            given_up.wait(pause)
            pause = min(pause * 2, _LONGEST_RETRY_S)
    except OSError as error:
        raise RendezvousError(
            f"rank 0 cannot listen on host {host}, port {port} ({error}): give the init method an "
            f"address of this machine and a port nobody uses, or adopt_listen_socket() a socket "
            f"that already listens",
            host=host,
            port=port,
            rank=0,
            init_method=method.url,
        ) from error


def _accepts(address: tuple[Any, ...]) -> bool:
    """Return whether a server accepts connections there."""
    try:
        with _dial(str(address[0]), int(address[1]), 1.0):
            return True
    except OSError:
        return False


def _dial(host: str, port: int, timeout_s: float) -> socket.socket:
    """Connect, but not to oneself: where nobody listens, the kernel may choose the very port that
    is dialled as the one to dial from, and the two ends of the connection are one socket."""
    connection = socket.create_connection((host, port), timeout=timeout_s)
    if connection.getsockname() == connection.getpeername():
        # Reset rather than closed: the port would linger in TIME_WAIT, and rank 0 needs it.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
        raise ConnectionRefusedError(errno.ECONNREFUSED, "nobody listens there")
    return connection


def _join(
    method: InitMethod,
    host: str,
    port: int,
    deadline: float,
    timeout: timedelta,
    given_up: threading.Event,
) -> Rendezvous:
    pause = _FIRST_RETRY_S
    while True:
        try:
            # Tried with a plain socket first: it honours the deadline exactly and names the
            # cause, where torch's client overshoots by up to a second and prints a stack trace.
            left_s = max(deadline - time.monotonic(), 0.001)
            with _dial(host, port, left_s) as connection:
                address = _printed(connection.getsockname())
            # A server that goes away between the two is not waited for: torch's client would
            # pause for longer and longer between its tries, and miss the next server.
            attempt = timedelta(seconds=min(max(deadline - time.monotonic(), 0.001), _ATTEMPT_S))
            store = _connect(host, port, attempt)
            store.set_timeout(timeout)
            return Rendezvous(store, address=address)
        except (OSError, RuntimeError) as error:
            if time.monotonic() + pause >= deadline or given_up.is_set():
                raise _unreachable(method, host, port, timeout, error) from error
        given_up.wait(pause)  # rank 0 does not listen yet: there is nothing to wait on but time
        pause = min(pause * 2, _LONGEST_RETRY_S)


def local_address(store: Store) -> str | None:
    """Return this process's end of the way to a store that somebody else connected to: None where
    that is not known, of a store in a file for instance, or it does not answer at once."""
    found = without_prefixes(store)
    if not isinstance(found, TCPStore):
        return None
    try:
        with _dial(found.host, found.port, _LOOK_S) as connection:
            return _printed(connection.getsockname())
    except OSError:
        return None


def _printed(name: Any) -> str:
    """Return the address of a socket's name, with its zone where it has one."""
    address = str(name[0])
    if len(name) == 4 and name[3] and "%" not in address:
        return f"{address}%{socket.if_indextoname(name[3])}"
    return address


def _connect(host: str, port: int, timeout: timedelta) -> TCPStore:
    return TCPStore(
        host_name=host, port=port, is_master=False, timeout=timeout, wait_for_workers=False
    )


def _unreachable(
    method: InitMethod, host: str, port: int, timeout: timedelta, cause: Exception
) -> RendezvousTimeoutError:
    seconds = timeout.total_seconds()
    why = "it did not answer" if isinstance(cause, UnansweredError) else _why(host, cause)
    return RendezvousTimeoutError(
        f"rank {method.rank} of {method.world_size} could not reach rank 0 at host {host}, port "
        f"{port} within the timeout of {seconds:g} s ({why}): start rank 0, and check that "
        f"{method.url} is its address and that nothing blocks it",
        missing=[0],
        host=host,
        port=port,
        rank=method.rank,
        world_size=method.world_size,
        timeout_s=seconds,
    )


def _why(host: str, cause: Exception) -> str:
    """Return what kept this process from a host, in words."""
    if isinstance(cause, socket.gaierror):
        return f"the name {host!r} does not resolve here: {cause.strerror}"
    if isinstance(cause, OSError) and cause.errno in _NO_WAY:
        with contextlib.suppress(OSError):
            found = {each[0] for each in socket.getaddrinfo(host, None)}
            if found == {socket.AF_INET6}:
                return f"{host} has IPv6 addresses only, and this machine has none that leads there"
    return str(cause)


def _meet_elsewhere(method: InitMethod, remaining: timedelta, timeout: timedelta) -> Rendezvous:
    """Use a file or torch's registered handlers, with keys of our own: they outlive the world."""
    try:
        if method.path is not None:
            store: Store = FileStore(os.fsencode(method.path), method.world_size)  # type: ignore[arg-type]  # stubs
        else:
            store, _, _ = next(
                rendezvous(method.url, method.rank, method.world_size, timeout=remaining)
            )
        store.set_timeout(timeout)
    except (RuntimeError, ValueError, OSError) as error:
        raise RendezvousError(
            f"rank {method.rank} of {method.world_size} could not meet the others at "
            f"{method.url!r} within the timeout of {timeout.total_seconds():g} s: {error}",
            init_method=method.url,
            rank=method.rank,
            world_size=method.world_size,
            timeout_s=timeout.total_seconds(),
        ) from error
    generation = f"vllm_distributed/world/{_worlds_left.get(method.url, 0)}"
    return Rendezvous(
        PrefixStore(generation, store), lasting=method.url, address=local_address(store)
    )
