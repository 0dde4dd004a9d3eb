"""Shared memory for the tensors of sessions: files in /dev/shm, in a directory for each session.

The pool names and makes them; clients on this host and ranks open them. A client has a segment for
as long as it wants, lends it to one call at a time, and may remove it. What is left is removed here
when its session ends, with the server, and by the forkserver after a crash.

Nothing is mapped: both sides read and write the files, so that one that is cut short is an error
and not the end of a process.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from vllm_bridge._generated import pool_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.pool.sessions.session_entry import SessionEntry
from vllm_bridge.process import background

BASE = Path("/dev/shm")
KEY = "key"

MAX_SEGMENTS = 16
"""Per session: one for each call with tensors that runs at a time."""

_SHARE = 4
"""A segment may take this part of the file system: others live there too, NCCL for one."""


class SharedMemory:
    """The segments of all sessions of a server."""

    def __init__(
        self,
        directory: Path | None,
        max_segments: int = MAX_SEGMENTS,
        max_segment_bytes: int | None = None,
    ) -> None:
        self.directory = directory if max_segments else None
        self.max_segment_bytes = max_segment_bytes or _part_of(directory)
        self._max_segments = max_segments
        # By number of the session: how many segments it was ever given.
        self._given: dict[int, int] = {}

    def share(self, entry: SessionEntry, wanted: int) -> pool_pb2.ShareMemoryResponse:
        """New segments for a session, as many as are wanted and allowed.

        Raises:
            BridgeError: (pool) `no_shared_memory`, `too_many_segments`.
        """
        if self.directory is None:
            raise BridgeError(
                Category.POOL,
                "no_shared_memory",
                "this server shares no memory: it is turned off (max_segments = 0), or there is no "
                f"directory {BASE} that it can write to",
            )
        path = self.directory / f"session-{entry.number}"
        try:
            names = self._make(path, entry, wanted)
        except OSError as error:
            raise BridgeError(
                Category.POOL,
                "no_shared_memory",
                f"cannot make a segment of shared memory: {error.strerror}; free some of {BASE}",
            ) from None
        return pool_pb2.ShareMemoryResponse(
            directory=str(path), segments=names, max_segment_bytes=self.max_segment_bytes
        )

    def forget(self, number: int) -> None:
        """Remove what a session had. Returns at once: freeing gigabytes takes a while."""
        if self.directory is None or self._given.pop(number, None) is None:
            return
        path = self.directory / f"session-{number}"
        background.in_thread("removing shared memory", _remove, path)

    def _make_directory(self, path: Path) -> None:
        """A session's directory with its key, or nothing: half a key proves nothing."""
        path.mkdir(mode=0o700)
        try:
            _new_file(path / KEY, secrets.token_hex(16).encode())
        except OSError:
            shutil.rmtree(path, ignore_errors=True)
            raise

    def _make(self, path: Path, entry: SessionEntry, wanted: int) -> list[str]:
        if entry.number not in self._given:
            self._make_directory(path)
            self._given[entry.number] = 0
        there = sum(1 for _ in _segments(path))
        room = self._max_segments - there
        if room <= 0:
            raise BridgeError(
                Category.POOL,
                "too_many_segments",
                f"session {entry.session_id!r} has {there} segments of shared memory, and at most "
                f"{self._max_segments} may be; use them again, or give the server a larger "
                "max_segments",
                details={"limit": self._max_segments},
            )
        names = []
        for _ in range(max(1, min(wanted, room))):
            # Never the name of one that was there before.
            self._given[entry.number] += 1
            name = f"segment-{self._given[entry.number]}"
            _new_file(path / name)
            names.append(name)
        return names


def _part_of(directory: Path | None) -> int:
    if directory is None:
        return 0
    found = os.statvfs(directory)
    return found.f_blocks * found.f_frsize // _SHARE


def _new_file(path: Path, content: bytes = b"") -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        while content:
            # A file system that fills up takes a part, and refuses the rest.
            content = content[os.write(file, content) :]
    finally:
        os.close(file)


def _segments(path: Path) -> Iterator[str]:
    with os.scandir(path) as found:
        yield from (item.name for item in found if item.name != KEY)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(path, ignore_errors=True)
