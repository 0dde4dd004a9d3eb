"""The last calls and operations of a world's ranks, as files that other tools read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

from vllm_bridge._generated import pool_pb2, rank_pb2
from vllm_bridge.client._calls.checks import wrong_type
from vllm_bridge.client._calls.link import Link
from vllm_bridge.process.files import write_whole

RecordFormat = Literal["chrome", "torch"]

FORMATS = {"chrome": rank_pb2.CHROME, "torch": rank_pb2.TORCH}


@dataclass(frozen=True)
class Recording:
    """What the ranks of a world have done last; shapes and dtypes, no contents of tensors."""

    format: RecordFormat
    # Contents by name: as "chrome" one, as "torch" one for each rank that has answered.
    files: dict[str, bytes]
    # The ranks that have not answered.
    missing: tuple[int, ...]

    def save(self, path: str | os.PathLike[str]) -> list[Path]:
        """Write it; returns the files. `path` is the file of a "chrome" recording, and the folder
        of the files of a "torch" one, which is made.

        Each file is there whole or not at all, also when the disk is full.

        Raises:
            OSError: it cannot be written.
        """
        if self.format == "chrome":
            write_whole(Path(path), next(iter(self.files.values())))
            return [Path(path)]
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            write_whole(folder / Path(name).name, content)
        return [folder / Path(name).name for name in self.files]


async def record(
    link: Link, world_id: str, last: int, format: RecordFormat, timeout: timedelta | None
) -> Recording:
    """Ask the pool for it. Raises BridgeError."""
    if not isinstance(last, int) or isinstance(last, bool) or not 0 <= last < 2**32:
        raise wrong_type("last", last, "an int of at least 0")
    if not isinstance(format, str) or format not in FORMATS:
        raise wrong_type("format", format, '"chrome" or "torch"')
    request = rank_pb2.RecordRequest(world_id=world_id, last=last, format=FORMATS[format])
    found = await link.channels.pool("Record", request, pool_pb2.Recording, timeout)
    files = {file.name: file.content for file in found.files}
    return Recording(format, files, tuple(found.missing))
