"""Where a pool listens: taking the place without stealing it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

from vllm_bridge.transport.address import Address, ListenError, TcpAddress, private_socket

_CONNECT_SECONDS = 1.0


@contextlib.contextmanager
def claimed(address: Address) -> Iterator[None]:
    """Hold the place while the caller binds it.

    gRPC silently replaces a socket file, also that of a live server, and lets two servers share a
    port; so all checks are made here.

    Raises:
        ListenError: the address is taken, or cannot be used.
    """
    if isinstance(address, TcpAddress):
        _check_port(address)
        yield
        return
    directory = address.path.parent
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {error.strerror}: {directory}") from None
    try:
        # Two servers that start at once must not both find the place free.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ListenError(
                f"cannot listen on {address}: another server is starting in {directory}; try again"
            ) from None
        except OSError:
            pass  # a file system without locks: then without
        _check_socket_path(address.path)
        # A user who can connect can run code here: only the owner may.
        with private_socket():
            yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def socket_place(address: Address) -> Iterator[str]:
    """What to tell gRPC to bind; what was bound then moves to where it belongs.

    gRPC removes the file at the path that it was told when it stops, whosever that is by then:
    another server may have taken the place. So it gets a name that no other server uses. The name
    goes by the directory's descriptor, which is short wherever the directory is.

    Raises:
        ListenError: the socket cannot be moved there.
    """
    if isinstance(address, TcpAddress):
        yield str(address)
        return
    descriptor = os.open(address.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        name = f".vllm-bridge-{secrets.token_hex(8)}"
        yield f"unix:/proc/self/fd/{descriptor}/{name}"
        try:
            os.rename(name, address.path, src_dir_fd=descriptor)
        except OSError as error:
            raise ListenError(f"cannot listen on {address}: {error.strerror}") from None
    finally:
        os.close(descriptor)


def _check_socket_path(path: Path) -> None:
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ListenError(f"cannot listen on unix:{path}: {path.parent} is not writable")
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise ListenError(f"cannot listen on unix:{path}: a file that is no socket is in the way")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_CONNECT_SECONDS)
        try:
            probe.connect(os.fsencode(path))
        except ConnectionRefusedError:
            # Its server is dead.
            path.unlink(missing_ok=True)
            return
        except FileNotFoundError:
            return
        except OSError as error:
            raise ListenError(
                f"cannot listen on unix:{path}: a socket is there, and connecting to it says: "
                f"{error.strerror or 'timed out'}"
            ) from None
    raise ListenError(
        f"cannot listen on unix:{path}: another server is listening there; stop it, or choose "
        "another path"
    )


def _check_port(address: TcpAddress) -> None:
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, where = found[0]
        with socket.socket(family, kind, protocol) as probe:
            # As gRPC does; otherwise connections in TIME_WAIT would count as a server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen(1)
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {error.strerror or error}") from None
