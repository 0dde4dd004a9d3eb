"""What a rank that dials in says of itself, and whether it fits. Pure."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from vllm_bridge._generated import control_pb2
from vllm_bridge.version import __version__

PROTOCOL = 1
"""Of the control connection, from `Hello` on."""

_MAX_TEXT = 256
_MAX_ADDRESSES = 16


class Refusal(Exception):
    """Why a rank does not fit, in one sentence."""

    def __init__(self, why: str, *, later: bool = False) -> None:
        super().__init__(why)
        # Whether it may fit later.
        self.later = later


@dataclass(frozen=True)
class Wanted:
    """What one epoch of a world expects."""

    world_id: str
    world_size: int
    # That hold for this world: its own, and the server's where it has one.
    tokens: tuple[str, ...]
    # Who connects has shown a certificate, or may come without: then no token is needed.
    open_to_all: bool = False


def check_text(hello: control_pb2.Hello) -> None:
    """Refuse what nobody could print or use.

    Raises:
        Refusal: naming the field.
    """
    fields = {
        "node": hello.node,
        "device": hello.device,
        "package_version": hello.package_version,
        "torch_version": hello.torch_version,
        "python_version": hello.python_version,
        "directory": hello.directory,
        "host": hello.host,
        "told_by": hello.told_by,
    }
    for name, text in fields.items():
        if len(text) > _MAX_TEXT or not text.isprintable():
            raise Refusal(f"its {name} has more than {_MAX_TEXT} characters, or unprintable ones")
    if not 1 <= len(hello.addresses) <= _MAX_ADDRESSES:
        raise Refusal(f"it names {len(hello.addresses)} addresses; 1 to {_MAX_ADDRESSES} are taken")
    for address in hello.addresses:
        try:
            parsed(address)
        except ValueError:
            raise Refusal(f"its address {address[:64]!r} is no IP address") from None


# Ranks of one host name the same; 4,096 that dial in at once are taken in half the time.
parsed = lru_cache(maxsize=4096)(ipaddress.ip_address)


def check_token(wanted: Wanted, token: str) -> None:
    """Refuse a rank that has no token for this world.

    Raises:
        Refusal: it has none, or another.
    """
    if wanted.open_to_all:
        return
    given = token.encode()
    # All of them, each in constant time: how long this takes says nothing of any.
    fits = [hmac.compare_digest(given, one.encode()) for one in wanted.tokens]
    if any(fits):
        return
    if not token:
        raise Refusal(
            "this pool wants a token, and none was sent: give --token-file FILE, or set "
            "VLLM_BRIDGE_TOKEN"
        )
    raise Refusal("the token that was sent is not this pool's")


def check_fits(
    wanted: Wanted,
    hello: control_pb2.Hello,
    taken: Mapping[int, control_pb2.Hello],
    first: control_pb2.Hello | None,
) -> None:
    """Refuse a rank that is none of this world's.

    `taken`: the ranks that are there, with what they said; `first`: the hello of the first of them.

    Raises:
        Refusal: what does not fit.
    """
    size, rank = wanted.world_size, hello.rank
    if hello.protocol != PROTOCOL or hello.package_version != __version__:
        raise Refusal(
            f"it is vllm-bridge {hello.package_version or 'of an unknown version'} (protocol "
            f"{hello.protocol}), and this pool is {__version__} (protocol {PROTOCOL}): install the "
            "same version on all hosts"
        )
    if hello.world_size not in (0, size):
        raise Refusal(
            f"it was told a world size of {hello.world_size} (by {hello.told_by or 'nobody'}), "
            f"and world {wanted.world_id} has {size} ranks: start as many, or the world with other "
            "sizes"
        )
    if not 0 <= rank < size:
        raise Refusal(
            f"it says that it is rank {rank}; world {wanted.world_id} has 0 to {size - 1}"
        )
    if rank in taken:
        raise Refusal(f"rank {rank} of {wanted.world_id} is taken, by {describe(taken[rank])}")
    if first is None:
        return
    for name, ours, theirs in (
        ("torch", hello.torch_version, first.torch_version),
        ("Python", _minor(hello.python_version), _minor(first.python_version)),
    ):
        if ours != theirs:
            raise Refusal(
                f"it has {name} {ours or 'none'}, and rank {first.rank} of {wanted.world_id} (on "
                f"{first.node}) has {theirs or 'none'}: install the same on all hosts"
            )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def describe(hello: control_pb2.Hello) -> str:
    """Who a rank is, for people."""
    return f"pid {hello.pid} on {hello.node}"


def family_of(address: str) -> socket.AddressFamily:
    """IPv4 or IPv6."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET
