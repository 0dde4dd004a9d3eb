"""Hosts on this machine: each has a network, a /dev/shm and a name of its own. Needs root.

A switch connects them: a bridge in a network of its own, from which a host's cable can be pulled.
Between two hosts a slow wire can be laid instead, which keeps packets for a while and loses some:
a process that reads them from one end and writes them to the other, since not every kernel has
netem.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["RUNTIME", "Host", "hosts", "slow_wire"]

_PREFIX = "10.97.31"

RUNTIME = "/dev/shm/run"
"""A directory for sockets that each host has for itself."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


@dataclass
class Host:
    """One host; its processes see its mounts, its network and its name."""

    name: str
    network: str
    address: str
    switch: str
    holder: subprocess.Popen[str]

    def prefix(self) -> list[str]:
        """Return the beginning of a command line that runs there."""
        there = ["nsenter", f"--net=/run/netns/{self.network}", "--mount", "--uts"]
        return [*there, f"--target={self.holder.pid}", "--"]

    def popen(
        self, command: Sequence[str], env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a process there, whose pipes are the caller's."""
        return subprocess.Popen(
            [*self.prefix(), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )

    def cut(self) -> None:
        """Pull its cable: packets in both directions are lost, and nobody is told."""
        ip("-n", self.switch, "link", "set", f"to-{self.name}", "nomaster")

    def mend(self) -> None:
        """Put it back."""
        ip("-n", self.switch, "link", "set", f"to-{self.name}", "master", "switch")


@contextlib.contextmanager
def hosts(count: int, *, wired: bool = True) -> Iterator[list[Host]]:
    """Hosts `a`, `b` and so on, connected by a switch if they are `wired`."""
    mark = secrets.token_hex(3)
    switch = f"vd{mark}"
    made: list[Host] = []
    networks = [switch]
    try:
        ip("netns", "add", switch)
        ip("-n", switch, "link", "add", "switch", "type", "bridge")
        ip("-n", switch, "link", "set", "switch", "up")
        for number in range(count):
            name, network = "abcdefgh"[number], f"vd{mark}{number}"
            address = f"{_PREFIX}.{number + 1}"
            ip("netns", "add", network)
            networks.append(network)
            ip("-n", network, "link", "set", "lo", "up")
            if wired:
                _plug_in(switch, network, name, address)
            made.append(Host(name, network, address, switch, _holder(network, f"{name}.{mark}")))
        yield made
    finally:
        for host in made:
            host.holder.kill()
            host.holder.wait()
        for network in networks:
            subprocess.run(["ip", "netns", "del", network], check=False, capture_output=True)


def _plug_in(switch: str, network: str, name: str, address: str) -> None:
    port = f"to-{name}"
    peer = ["type", "veth", "peer", "eth0", "netns", network]
    ip("-n", switch, "link", "add", port, *peer)
    ip("-n", switch, "link", "set", port, "master", "switch")
    ip("-n", switch, "link", "set", port, "up")
    ip("-n", network, "addr", "add", f"{address}/24", "dev", "eth0")
    ip("-n", network, "link", "set", "eth0", "up")


def _holder(network: str, name: str) -> subprocess.Popen[str]:
    """A process that holds a host's mounts and its name, and ends with this one's pipe."""
    make = f"mount -t tmpfs -o size=2g tmpfs /dev/shm && mkdir -m 700 {RUNTIME} && hostname {name}"
    there = ["nsenter", f"--net=/run/netns/{network}"]
    holder = subprocess.Popen(
        [
            *there,
            "unshare",
            "--mount",
            "--uts",
            "--propagation",
            "private",
            "sh",
            "-c",
            f"{make} && echo made && cat",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if holder.stdout is None or holder.stdout.readline() != "made\n":
        holder.kill()
        raise RuntimeError(f"no host {name} on this machine")
    return holder


@contextlib.contextmanager
def slow_wire(one: Host, other: Host, *, delay_s: float, loss: float) -> Iterator[None]:
    """Connect two hosts that nothing else connects: each packet takes so long, a share is lost."""
    wire = subprocess.Popen(
        [
            sys.executable,
            str(Path(__file__).with_name("wire.py")),
            one.network,
            other.network,
            str(delay_s),
            str(loss),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert wire.stdout is not None
        assert wire.stdout.readline() == "laid\n"
        for host in (one, other):
            ip("-n", host.network, "addr", "add", f"{host.address}/24", "dev", "wire")
            ip("-n", host.network, "link", "set", "wire", "mtu", "9000", "up")
        yield
        assert wire.poll() is None, "the wire has broken"
    finally:
        wire.kill()
        wire.wait()
