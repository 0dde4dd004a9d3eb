"""Networks apart from the machine's, with a link between them. Making them needs root."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from collections.abc import Iterator

__all__ = ["HERE", "THERE", "ip", "two_networks"]

HERE, THERE = "10.98.76.1", "10.98.76.2"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)


@contextlib.contextmanager
def two_networks() -> Iterator[tuple[str, str]]:
    """Two networks with a link between them, apart from the machine's."""
    names = [f"vd{secrets.token_hex(3)}" for _ in range(2)]
    try:
        for name in names:
            ip("netns", "add", name)
        ip(
            "link",
            "add",
            "near",
            "netns",
            names[0],
            "type",
            "veth",
            "peer",
            "far",
            "netns",
            names[1],
        )
        for name, device, address in zip(names, ("near", "far"), (HERE, THERE), strict=True):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
            ip("-n", name, "link", "set", "lo", "up")
            ip("-n", name, "link", "set", device, "up")
        yield names[0], names[1]
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
