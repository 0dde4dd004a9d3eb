"""Where a pool listens: parsing the address, and taking the place without stealing it."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import os
import secrets
import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vllm_bridge.private_socket import private_socket

# struct sockaddr_un has 108 bytes for the path and its final NUL.
MAX_UNIX_PATH_BYTES = 107

_CONNECT_SECONDS = 1.0


class ListenError(Exception):
    """A place that cannot be listened on; the message is for the operator."""


@dataclass(frozen=True)
class UnixAddress:
    """A unix socket."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True)
class TcpAddress:
    """A host and a port; port 0 stands for any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it, as far as its name tells."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


Address = UnixAddress | TcpAddress


def parse_address(text: str) -> Address:
    """`unix:PATH` or `HOST:PORT`, with IPv6 hosts in brackets.

    Raises:
        ListenError: anything else.
    """
    if text.startswith("unix:"):
        return UnixAddress(check_unix_path(Path(text.removeprefix("unix:"))))
    if "://" in text:
        raise ListenError(f"{text!r}: an address has no scheme; write HOST:PORT or unix:PATH")
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ListenError(f"{text!r}: write an IPv6 address in brackets, e.g. [::1]:{port}")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ListenError(
            f"{text!r} is neither unix:PATH nor HOST:PORT with a port from 0 to 65535"
        )
    return TcpAddress(host, int(port))


def check_unix_path(path: Path) -> Path:
    """The path made absolute.

    Raises:
        ListenError: it is empty, too long for a unix socket, or has what no socket here may have.
    """
    if str(path) in ("", "."):
        raise ListenError("unix: wants a path, e.g. unix:/run/user/1000/vllm.sock")
    try:
        path = path.absolute()
    except OSError as error:
        raise ListenError(
            f"{path} is relative, and the working directory cannot be found ({error.strerror}); "
            "give an absolute path"
        ) from None
    why = why_no_socket(path)
    if why is not None:
        raise ListenError(f"{str(path)!r} {why}")
    return path


def why_no_socket(path: Path) -> str | None:
    """What is wrong with a path for a unix socket, and what to do; None where nothing is."""
    length = len(os.fsencode(path))
    if length > MAX_UNIX_PATH_BYTES:
        return (
            f"has {length} bytes; the path of a unix socket may have at most "
            f"{MAX_UNIX_PATH_BYTES}. Choose a shorter directory"
        )
    if "," in str(path):
        return "has a comma, which gRPC takes for the end of an address. Choose another path"
    if "\0" in str(path):
        return "has a NUL byte, which no path may have. Choose another path"
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return "has bytes that are no UTF-8, and no client could be told of it. Choose another path"
    return None


@contextlib.contextmanager
def claimed(address: Address) -> Iterator[None]:
    """Hold the place while the caller binds it.

    gRPC silently replaces a socket file, also that of a live server, and lets two servers share a
    port; so all checks are made here.

    Raises:
        ListenError: the place is taken, or cannot be.
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
        # Whoever can connect can run code here: nobody but the owner.
        with private_socket():
            yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def socket_place(address: Address) -> Iterator[str]:
    """What to tell gRPC to bind; what was bound then moves to where it belongs.

    gRPC removes the file at the path that it was told when it stops, whosever that is by then:
    another server may have taken the place. So it is told a name that is nobody's. The name goes
    by the directory's descriptor, which is short wherever the directory is.

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
