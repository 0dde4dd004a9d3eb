"""Addresses, `unix:PATH` or `HOST:PORT`: parsing them, gRPC's form of them, private sockets."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_UNIX = "unix:"

# struct sockaddr_un has 108 bytes for the path and its final NUL.
MAX_UNIX_PATH_BYTES = 107


class AddressError(Exception):
    """No address, or one that cannot be used; the message is for the operator."""


class ListenError(AddressError):
    """A place that cannot be listened on; the message is for the operator."""


@dataclass(frozen=True)
class UnixAddress:
    """A unix socket."""

    path: Path

    def __str__(self) -> str:
        return f"{_UNIX}{self.path}"


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


def unix_path(text: str) -> Path | None:
    """The path of a `unix:PATH`; None for any other address."""
    return Path(text.removeprefix(_UNIX)) if text.startswith(_UNIX) else None


def parse_address(text: str) -> Address:
    """`unix:PATH` or `HOST:PORT`, with IPv6 hosts in brackets.

    Raises:
        AddressError: anything else.
    """
    path = unix_path(text)
    if path is not None:
        return UnixAddress(_checked(path))
    if "://" in text:
        raise AddressError(f"{text!r}: an address has no scheme; write HOST:PORT or unix:PATH")
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise AddressError(f"{text!r}: write an IPv6 address in brackets, e.g. [::1]:{port}")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise AddressError(
            f"{text!r} is neither unix:PATH nor HOST:PORT with a port from 0 to 65535"
        )
    return TcpAddress(host, int(port))


def _checked(path: Path) -> Path:
    """The path made absolute.

    Raises:
        AddressError: it is empty, too long for a unix socket, or has what no socket here may have.
    """
    if str(path) in ("", "."):
        raise AddressError("unix: wants a path, e.g. unix:/run/user/1000/vllm.sock")
    try:
        path = path.absolute()
    except OSError as error:
        raise AddressError(
            f"{path} is relative, and the working directory cannot be found ({error.strerror}); "
            "give an absolute path"
        ) from None
    why = why_no_socket(path)
    if why is not None:
        raise AddressError(f"{str(path)!r} {why}")
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


def grpc_target(endpoint: str) -> str:
    """`unix:PATH` with the path's bytes escaped; any other endpoint as it is.

    gRPC reads an address as a URI, and a path may be anything.
    """
    if not endpoint.startswith(_UNIX):
        return endpoint
    path = endpoint.removeprefix(_UNIX)
    if path.startswith("//"):
        # Of a URI, what is between two slashes and the next would be a host.
        path = "/" + path.lstrip("/")
    return _UNIX + quote(os.fsencode(path), safe="/")


@contextmanager
def private_socket() -> Iterator[None]:
    """Sockets that are bound inside the block have mode 0600.

    By the umask, which is the whole process's: `chmod` afterwards would leave a moment in which
    others can connect, and gRPC binds by itself.
    """
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)
