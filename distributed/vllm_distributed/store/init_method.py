"""What an init method says: who this process is, and where the others are."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, urlsplit

from vllm_distributed.errors import InvalidArgumentError, InvalidRankError

__all__ = ["InitMethod", "parse_init_method"]


@dataclass(frozen=True)
class InitMethod:
    """A parsed init method: who this process is, and where the others are.

    `host` and `port` are None where the store is not ours to make (`env://` under torchrun,
    `file://` and the like).
    """

    url: str
    rank: int
    world_size: int
    host: str | None
    port: int | None
    path: str | None = None
    """The file, of `file://`."""


def parse_init_method(url: str, rank: int, world_size: int) -> InitMethod:
    """Return what `url`, the arguments (-1: not given) and the environment say together."""
    scheme = (url.partition("://")[0] if "://" in url else urlsplit(url).scheme).lower()
    if scheme[:1].isdigit():
        scheme = ""  # an address: Python 3.10 takes "127.0.0.1:1" for a scheme and a path
    if scheme == "tcp":
        return _parse_tcp(url, rank, world_size)
    if scheme == "env":
        return _parse_env(url, rank, world_size)
    if scheme == "file":
        return _parse_file(url, rank, world_size)
    if scheme == "":
        raise InvalidArgumentError(
            f"init method {url!r} has no scheme: use tcp://host:port, env:// or file:///path",
            init_method=url,
        )
    return InitMethod(url, *_checked(url, rank, world_size), None, None)


def _parse_tcp(url: str, rank: int, world_size: int) -> InitMethod:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidArgumentError(
            f"init method {url!r} has no valid port: {error}", init_method=url
        ) from error
    if not parts.hostname or port is None:
        raise InvalidArgumentError(
            f"init method {url!r} must name host and port: tcp://host:port", init_method=url
        )
    rank, world_size = _of_query(url, parts.query, rank, world_size)
    rank, world_size = _checked(url, rank, world_size)
    if port == 0 and world_size > 1:
        raise _port_0(f"init method {url!r} with port 0", world_size, init_method=url)
    return InitMethod(url, rank, world_size, _host_of(parts), port)


def _parse_file(url: str, rank: int, world_size: int) -> InitMethod:
    """The path is all that follows `file://`, as it is, whatever characters are in it; `rank` and
    `world_size` may follow it as a query, as with `tcp://`."""
    path = url.partition("://")[2]
    before, mark, query = path.rpartition("?")
    if mark and re.fullmatch(r"(rank|world_size)=-?\d+(&(rank|world_size)=-?\d+)*", query):
        path = before
        rank, world_size = _of_query(url, query, rank, world_size)
    if not path.startswith("/") or path.endswith("/"):
        raise InvalidArgumentError(
            f"init method {url!r} must name a file by its whole path: file:///path/to/file",
            init_method=url,
        )
    rank, world_size = _checked(url, rank, world_size)
    folder = os.path.dirname(path)
    if "\0" in path or not os.path.isdir(folder):
        raise InvalidArgumentError(
            f"init method {url!r} names a file in {folder!r}, which is no folder here: make it, on "
            f"a file system that all ranks see",
            init_method=url,
        )
    return InitMethod(url, rank, world_size, None, None, path)


def _of_query(url: str, text: str, rank: int, world_size: int) -> tuple[int, int]:
    """Return what a query says where the arguments (-1) do not."""
    query = parse_qs(text)
    try:
        rank = int(query["rank"][-1]) if rank == -1 and "rank" in query else rank
        if world_size == -1 and "world_size" in query:
            world_size = int(query["world_size"][-1])
    except ValueError as error:
        raise InvalidArgumentError(
            f"rank and world_size in init method {url!r} must be integers", init_method=url
        ) from error
    return rank, world_size


def _parse_env(url: str, rank: int, world_size: int) -> InitMethod:
    rank = _env_int("RANK", url) if rank == -1 else rank
    world_size = _env_int("WORLD_SIZE", url) if world_size == -1 else world_size
    rank, world_size = _checked(url, rank, world_size)
    host, port = os.environ.get("MASTER_ADDR"), _env_int("MASTER_PORT", url)
    if not host:
        raise _not_set("MASTER_ADDR", url)
    if not 0 <= port <= 65535:
        raise InvalidArgumentError(
            f"environment variable MASTER_PORT={port} is not a port: set it to a number in "
            f"1..65535, the same on every rank",
            variable="MASTER_PORT",
            value=port,
        )
    if port == 0 and world_size > 1:
        raise _port_0("environment variable MASTER_PORT=0", world_size, variable="MASTER_PORT")
    host = _without_escapes(host)
    if os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True":
        return InitMethod(url, rank, world_size, None, None)
    return InitMethod(url, rank, world_size, host, port)


def _env_int(name: str, url: str) -> int:
    text = os.environ.get(name)
    if not text:
        raise _not_set(name, url)
    try:
        return int(text)
    except ValueError as error:
        raise InvalidArgumentError(
            f"environment variable {name}={text!r} must be an integer", variable=name, value=text
        ) from error


def _not_set(name: str, url: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"init method {url!r} needs the environment variable {name}, which is not set: start the "
        f"process with torchrun, set it, or pass distributed_init_method='tcp://host:port' with "
        f"rank and world_size",
        variable=name,
        init_method=url,
    )


def _port_0(what: str, world_size: int, **details: object) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{what} leaves the other {world_size - 1} ranks without a port to connect to: bind the "
        f"socket first, adopt_listen_socket() it on rank 0, and give every rank its real port",
        **details,
    )


def _host_of(parts: SplitResult) -> str:
    """Return the host as it is written: `hostname` makes small letters, of a zone's name too."""
    place = parts.netloc.rpartition("@")[2]
    host = place[1:].partition("]")[0] if place.startswith("[") else place.partition(":")[0]
    return _without_escapes(host)


def _without_escapes(host: str) -> str:
    """Return a host with the zone of an IPv6 address as the system reads it: `fe80::1%eth0`, which
    in a URL is `fe80::1%25eth0` (https://www.rfc-editor.org/rfc/rfc6874)."""
    address, percent, zone = host.partition("%")
    if not percent or ":" not in address:
        return host
    return f"{address}%{zone[2:] if zone.startswith('25') and len(zone) > 2 else zone}"


def _checked(url: str, rank: int, world_size: int) -> tuple[int, int]:
    for name, value in (("rank", rank), ("world_size", world_size)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise InvalidArgumentError(f"{name} must be an integer, got {value!r}")
        if value == -1:
            raise InvalidArgumentError(
                f"init method {url!r} does not say this process's {name}: pass {name}=",
                init_method=url,
            )
    if world_size < 1:
        raise InvalidArgumentError(
            f"world_size must be at least 1, got {world_size}", world_size=world_size
        )
    if not 0 <= rank < world_size:
        raise InvalidRankError(
            f"rank {rank} is not in a world of {world_size} ranks (0..{world_size - 1})",
            rank=rank,
            world_size=world_size,
        )
    return rank, world_size
