"""Whether the ranks of a world that spans nodes reach each other, before gloo needs it.

gloo connects every pair, and where one cannot be connected it waits for the timeout and does not
say which. So every rank listens for a moment where its gloo will, the others try to connect, and
all tell each other what came of it: where a pair fails, every rank raises the same error, which
lists the pairs. In a world on one node nothing is tested.
"""

from __future__ import annotations

import errno
import fcntl
import ipaddress
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vllm_distributed.errors import InvalidArgumentError, RendezvousError
from vllm_distributed.store.node import node_identity

__all__ = [
    "ADDRESS_SETTING",
    "INTERFACE_SETTING",
    "check_reach",
    "configured_address",
    "interface_address",
]

INTERFACE_SETTING = "GLOO_SOCKET_IFNAME"
ADDRESS_SETTING = "VLLM_HOST_IP"

# Up to so many ranks each one tries all that are on other nodes; beyond, the first one of each
# node's addresses does.
_ALL_PAIRS = 64
_PATIENCE_S = 5.0
_MOST_LINES = 32
_ADDRESS_OF_INTERFACE = 0x8915  # SIOCGIFADDR
_WORDS = {
    errno.ECONNREFUSED: "refused",
    errno.EHOSTUNREACH: "no route to it",
    errno.ENETUNREACH: "no route to it",
    errno.EADDRNOTAVAIL: "no route to it",
    errno.ETIMEDOUT: "no answer",
    errno.EACCES: "forbidden",
    errno.EPERM: "forbidden",
}

Hold = Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""Returns what every rank passed, in rank order, when all have called it."""


def configured_address() -> str | None:
    """Return the address that the environment says this process is reached at; None if it says
    none. The interface wins.

    Raises `InvalidArgumentError` for an interface or an address that is not of this machine.
    """
    names = os.environ.get(INTERFACE_SETTING)
    if names:
        return interface_address(names.split(",")[0])
    given = os.environ.get(ADDRESS_SETTING)
    if not given:
        return None
    try:
        found = socket.getaddrinfo(given, None, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise InvalidArgumentError(
            f"environment variable {ADDRESS_SETTING}={given!r} is a name that does not resolve "
            f"({error}): set it to the address under which the other ranks reach this one",
            variable=ADDRESS_SETTING,
            value=given,
        ) from error
    with socket.socket(found[0], socket.SOCK_STREAM) as probe:
        try:
            probe.bind(found[4])
        except OSError as error:
            raise InvalidArgumentError(
                f"environment variable {ADDRESS_SETTING}={given!r} is not an address of this "
                f"machine ({error}): set it to the one under which the other ranks reach this one, "
                f"or unset it",
                variable=ADDRESS_SETTING,
                value=given,
            ) from error
    return str(found[4][0])


def interface_address(name: str) -> str:
    """Return the address of one of this machine's interfaces: the IPv4 one, if it has one.

    Raises `InvalidArgumentError` if there is no such interface, or it has no address.
    """
    known = [each for _, each in socket.if_nameindex()]
    if name not in known:
        raise InvalidArgumentError(
            f"environment variable {INTERFACE_SETTING} names {name!r}, which is no interface of "
            f"this machine: it has {', '.join(known)}",
            variable=INTERFACE_SETTING,
            value=name,
            known=known,
        )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(
                probe.fileno(), _ADDRESS_OF_INTERFACE, struct.pack("256s", name.encode()[:15])
            )
            return socket.inet_ntoa(answer[20:24])
        except OSError:
            pass
    for line in _lines_of(Path("/proc/net/if_inet6")):
        digits, _, _, _, _, interface = line.split()
        if interface == name:
            address = ipaddress.IPv6Address(bytes.fromhex(digits))
            return f"{address}%{name}" if address.is_link_local else str(address)
    raise InvalidArgumentError(
        f"environment variable {INTERFACE_SETTING} names {name!r}, which has no address: give it "
        f"one, or name another interface",
        variable=INTERFACE_SETTING,
        value=name,
    )


def check_reach(hold: Hold, rank: int, address: str | None, deadline: float) -> None:
    """Test that this rank and those on other nodes reach each other. Collective over the world.

    `address` is where this rank's gloo listens, unless the environment says otherwise; where that
    is not known nothing is tested. Raises `RendezvousError` on all ranks, with the pairs that
    failed, and `InvalidArgumentError` for an address of the environment that is none.
    """
    listener: socket.socket | None = None
    refusal: InvalidArgumentError | OSError | None = None
    try:
        address = configured_address() or address
        if address is not None:
            listener = _listening(address)
    except (InvalidArgumentError, OSError) as error:
        refusal = error
    try:
        port = 0 if listener is None else int(listener.getsockname()[1])
        places = hold(
            {
                "node": node_identity(),
                "address": address or "",
                "port": port,
                "why": "" if refusal is None else str(refusal),
            }
        )
        faults = _tried(rank, places, min(deadline, time.monotonic() + _PATIENCE_S))
        results = hold({"faults": faults})
    finally:
        if listener is not None:
            listener.close()
    if isinstance(refusal, InvalidArgumentError):
        raise refusal
    lines = [
        f"rank {at} ({place['address']}): {place['why']}"
        for at, place in enumerate(places)
        if place["why"]
    ]
    pairs = [
        [at, int(peer), places[int(peer)]["address"], why]
        for at, result in enumerate(results)
        for peer, why in result["faults"].items()
    ]
    lines += [f"rank {at} -> rank {peer} at {there}: {why}" for at, peer, there, why in pairs]
    if lines:
        raise _unreachable(rank, places, lines, pairs)


def _listening(address: str) -> socket.socket:
    family, kind, protocol, _, name = _resolved(address, 0)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.bind(name)
        listener.listen(socket.SOMAXCONN)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _resolved(address: str, port: int) -> tuple[int, int, int, str, Any]:
    return socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[
        0
    ]


def targets_of(rank: int, places: Sequence[Mapping[str, Any]]) -> list[int]:
    """Return the ranks that a rank tries to reach: those on other nodes, or in a large world one
    for each address there, from one rank for each address here.

    >>> two = [{"node": node, "address": node, "port": 1} for node in "aabb"]
    >>> targets_of(0, two), targets_of(3, two)
    ([2, 3], [0, 1])
    >>> targets_of(0, two * 20), targets_of(1, two * 20)
    ([2], [])
    """

    def place(at: int) -> tuple[str, str]:
        return places[at]["node"], places[at]["address"]

    others = [
        at
        for at, there in enumerate(places)
        if there["port"] and there["node"] != places[rank]["node"]
    ]
    if len(places) <= _ALL_PAIRS:
        return others
    first: dict[tuple[str, str], int] = {}
    for at in range(len(places)):
        first.setdefault(place(at), at)
    return [at for at in others if first[place(at)] == at] if first[place(rank)] == rank else []


def _tried(rank: int, places: Sequence[Mapping[str, Any]], until: float) -> dict[int, str]:
    """Return why other ranks cannot be reached from here, of those that cannot."""
    faults: dict[int, str] = {}
    with selectors.DefaultSelector() as waiting:
        try:
            for peer in targets_of(rank, places):
                problem = _begun(waiting, peer, places[peer])
                if problem:
                    faults[peer] = _words(problem, places[rank], places[peer])
            while waiting.get_map() and (left := until - time.monotonic()) > 0:
                for key, _ in waiting.select(left):
                    connection: Any = key.fileobj
                    problem = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if problem:
                        faults[key.data] = _words(problem, places[rank], places[key.data])
                    waiting.unregister(connection)
                    connection.close()
        finally:
            for key in list(waiting.get_map().values()):
                faults[key.data] = f"no answer within {_PATIENCE_S:g} s"
                left_over: Any = key.fileobj
                left_over.close()
    return faults


def _begun(waiting: selectors.BaseSelector, peer: int, place: Mapping[str, Any]) -> int:
    """Begin to connect; return the error that there is at once."""
    try:
        family, kind, protocol, _, name = _resolved(place["address"], place["port"])
        connection = socket.socket(family, kind, protocol)
    except OSError as error:
        return error.errno or errno.EAFNOSUPPORT
    connection.setblocking(False)
    problem = connection.connect_ex(name)
    if problem in (0, errno.EINPROGRESS):
        waiting.register(connection, selectors.EVENT_WRITE, peer)
        return 0
    connection.close()
    return problem


def _words(problem: int, here: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    versions = [_version(place["address"]) for place in (here, there)]
    if versions[0] != versions[1]:
        return f"IPv{versions[1]}, and this rank's address {here['address']} is IPv{versions[0]}"
    return _WORDS.get(problem, os.strerror(problem))


def _version(address: str) -> int:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).version
    except ValueError:
        return 4


def _unreachable(
    rank: int,
    places: Sequence[Mapping[str, Any]],
    lines: Sequence[str],
    pairs: Sequence[Sequence[Any]],
) -> RendezvousError:
    shown = "\n  ".join(lines[:_MOST_LINES])
    more = f"\n  and {len(lines) - _MOST_LINES} more" if len(lines) > _MOST_LINES else ""
    mixed = {_version(place["address"]) for place in places if place["port"]} == {4, 6}
    advice = (
        f"Some ranks have IPv6 addresses only, and others IPv4 ones: give all of them addresses "
        f"of one kind by {ADDRESS_SETTING}"
        if mixed
        else f"Set {INTERFACE_SETTING} or {ADDRESS_SETTING} on ranks that others reach at another "
        f"address, and let them connect to each other on any port"
    )
    return RendezvousError(
        f"the ranks do not all reach each other:\n  {shown}{more}\n{advice}",
        rank=rank,
        unreachable=[list(pair) for pair in pairs],
        world_size=len(places),
    )


def _lines_of(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
