"""Whether the processes behind a world's ranks still run, as far as this node can see.

Every rank says in the agreement which process it is. Those of the same node that number processes
alike can be looked up; of the others nothing is known.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vllm_distributed.store.node import node_identity

__all__ = [
    "Peers",
    "forget_peers",
    "known_peers",
    "named",
    "own_process",
    "peers_noted",
    "remember_peers",
    "set_peers_noted",
]

# A process may close its connections itself, a moment before it ends.
_MOMENT_S = 0.25
_GONE = ("Z", "X", "x")
# Linux's PF_EXITING, in a process's flags: it is set before the kernel closes its connections, so a
# peer that has lost one sees it, however long the process then takes to end on a busy machine.
_EXITING = 0x4


def own_process() -> dict[str, Any]:
    """Return what the others need to know to look this process up, as plain values."""
    return {
        "node": node_identity(),
        "namespace": _namespace(),
        "pid": os.getpid(),
        "started": (_state_of(os.getpid()) or ("", ""))[1],
    }


class Peers:
    """The processes of a world, by rank: what `own_process` returned on each, and its address."""

    def __init__(self, me: int, processes: Mapping[int, Mapping[str, Any]]) -> None:
        self._me = me
        self._processes = dict(processes)
        mine = self._processes.get(me, {})
        self._here = {
            rank: process
            for rank, process in self._processes.items()
            if rank != me
            and process.get("started")
            and all(process.get(key) == mine.get(key) for key in ("node", "namespace"))
        }

    def dead(self, among: Iterable[int] | None = None) -> list[int]:
        """Return the ranks, of those that can be looked up, whose process has ended."""
        ranks = self._here if among is None else set(among) & set(self._here)
        return [rank for rank in sorted(ranks) if not _runs(self._here[rank])]

    def dead_soon(self, among: Iterable[int] | None = None) -> list[int]:
        """The same, of peers that have just closed a connection."""
        end = time.monotonic() + _MOMENT_S
        while not (found := self.dead(among)) and time.monotonic() < end:
            time.sleep(0.01)  # the kernel tells only a parent
        return found

    def at(self, address: str, among: Iterable[int]) -> list[int]:
        """Return the ranks whose connections come from an address."""
        return [
            rank for rank in among if self._processes.get(rank, {}).get("address", "") == address
        ]

    def renamed(self, ranks: Sequence[int]) -> Peers:
        """Return the same with other numbers: `ranks` in place of 0, 1 and so on."""
        return Peers(
            ranks[self._me], {ranks[rank]: process for rank, process in self._processes.items()}
        )

    def pid(self, rank: int) -> object:
        """Return the number of a rank's process."""
        return self._processes.get(rank, {}).get("pid")


_of_groups: dict[str, tuple[Peers, list[int]]] = {}


def remember_peers(group: str, peers: Peers, ranks: Sequence[int]) -> None:
    """Note who the members of a group are, by its name, for its errors."""
    _of_groups[group] = (peers, list(ranks))


def forget_peers(group: str) -> None:
    """Forget what was noted. Idempotent."""
    _of_groups.pop(group, None)


def known_peers(group: str) -> tuple[Peers, list[int]] | None:
    """Return the processes of a group, and its members among them, where they were noted."""
    return _of_groups.get(group)


def peers_noted() -> dict[str, tuple[Peers, list[int]]]:
    """Return all that is noted of groups, by name."""
    return dict(_of_groups)


def set_peers_noted(noted: Mapping[str, tuple[Peers, list[int]]]) -> None:
    """Note this, and nothing else."""
    _of_groups.clear()
    _of_groups.update(noted)


def _runs(process: Mapping[str, Any]) -> bool:
    pid = int(process["pid"])
    found = _state_of(pid)
    if found is not None:
        return found[0] not in _GONE and found[1] == process["started"]
    try:  # other users' processes may be hidden
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _state_of(pid: int) -> tuple[str, str] | None:
    """Return a process's state and when it started: together with its number that is unique."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    if len(fields) <= 19:
        return None
    return ("X" if int(fields[6]) & _EXITING else fields[0]), fields[19]


def _namespace() -> int:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def named(ranks: Sequence[int]) -> str:
    """Return ranks as words for a message."""
    return f"rank{'s' if len(ranks) > 1 else ''} {', '.join(map(str, ranks))}"
