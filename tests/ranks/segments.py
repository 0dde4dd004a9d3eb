"""What this process has of shared memory, and mounts of its own to put it on."""

from __future__ import annotations

import ctypes
import logging
import os
from pathlib import Path

import torch
from known_values import of_member, same, total

import vllm_distributed as vd
from vllm_distributed.store.node import SHARED_MEMORY

__all__ = ["bind", "check_operations", "log_lines", "mapped", "mount", "of_its_own", "unmount"]

_NEW_MOUNTS, _RECURSIVE, _PRIVATE, _DETACH = 0x00020000, 0x4000, 1 << 18, 2
_BIND = 0x1000
_libc = ctypes.CDLL(None, use_errno=True)


def mapped() -> dict[str, int]:
    """Return the files in /dev/shm that are mapped here, removed or not, and their bytes."""
    found: dict[str, int] = {}
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, _, name = line.partition("/dev/shm/")
        if name:
            first, _, last = place.split()[0].partition("-")
            found[name] = found.get(name, 0) + int(last, 16) - int(first, 16)
    return found


def of_its_own() -> None:
    """Let this thread's mounts be its own from now on."""
    _check(_libc.unshare(_NEW_MOUNTS), "unshare")
    _check(_libc.mount(b"none", b"/", None, _RECURSIVE | _PRIVATE, None), "mount")


def mount(options: str, *, read_only: bool = False, at: Path = SHARED_MEMORY) -> None:
    """Mount an empty file system."""
    flags = int(read_only)
    _check(_libc.mount(b"tmpfs", bytes(at), b"tmpfs", flags, options.encode()), "mount")


def bind(directory: Path) -> None:
    """Have /dev/shm be a directory of another file system, which several processes may do."""
    _check(_libc.mount(bytes(directory), b"/dev/shm", None, _BIND, None), "mount")


def unmount(at: Path = SHARED_MEMORY) -> None:
    """Undo the last `mount`."""
    _check(_libc.umount2(bytes(at), _DETACH), "umount")


def _check(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def log_lines() -> list[str]:
    """Return a list to which every line of this package's log is added from now on."""
    handler, package = _Lines(), logging.getLogger("vllm_distributed")
    package.addHandler(handler)
    package.setLevel(logging.INFO)
    return handler.lines


def check_operations(group: vd.GroupCoordinator) -> None:
    """Check one of everything, small and large."""
    members, place = group.world_size, group.rank_in_group
    for size in (members, members * 50_000, members * 150_000):
        parts = [of_member([size], member, members) for member in range(members)]
        summed = total([size], members)
        same(group.all_reduce(parts[place]), summed)
        same(group.all_gather(parts[place], 0), torch.cat(parts))
        same(group.reduce_scatter(parts[place], 0), summed.chunk(members)[place])
        found = group.gather(parts[place], 1, 0)
        assert (found is None) == (place != 1)
        mine = parts[place].clone()
        same(group.broadcast(mine, 1), parts[1])
        received = group.broadcast_tensor_dict({"a": parts[0], "n": size} if place == 0 else None)
        assert received is not None
        same(received["a"], parts[0])
        group.barrier()
        if place == 0:
            group.send(parts[0], 1)
            group.send_tensor_dict({"a": parts[0]}, 1)
        elif place == 1:
            same(group.recv(mine.size(), mine.dtype, 0), parts[0])
            sent = group.recv_tensor_dict(0)
            assert sent is not None
            same(sent["a"], parts[0])
    assert group.broadcast_object("x" * 5000 if place == 0 else None) == "x" * 5000
