"""The operations of `collective_rows.py` over MPI, by mpi4py, on the same tensors.

mpi4py and an MPI are no dependencies of the package: `pip install -e '.[bench]'` brings both.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

__all__ = ["Mpi", "in_an_mpi_world"]

Call = Callable[[], object]


class Mpi:
    """The world of an MPI, joined by this process, which `mpiexec` has started."""

    def __init__(self) -> None:
        from mpi4py import MPI

        self._mpi, self._world = MPI, MPI.COMM_WORLD
        self.rank: int = self._world.rank
        self.size: int = self._world.size

    def share(self, value: Any) -> Any:
        """Return what rank 0 passed."""
        return self._world.bcast(value, 0)

    def gather(self, value: Any) -> list[Any] | None:
        """Return what all passed, on rank 0."""
        gathered: list[Any] | None = self._world.gather(value, 0)
        return gathered

    def barrier(self) -> None:
        """Meet."""
        self._world.Barrier()

    def all_reduce_(self, tensor: torch.Tensor) -> Call:
        """Return a sum in place."""
        both = [tensor.numpy(), self._mpi.FLOAT]
        return lambda: self._world.Allreduce(self._mpi.IN_PLACE, both)

    def all_reduce(self, tensor: torch.Tensor, out: torch.Tensor | None = None) -> Call:
        """Return a sum, into `out` or into a new tensor each time."""
        source = [tensor.numpy(), self._mpi.FLOAT]
        if out is not None:
            target = [out.numpy(), self._mpi.FLOAT]
            return lambda: self._world.Allreduce(source, target)
        return lambda: self._world.Allreduce(
            source, [torch.empty_like(tensor).numpy(), self._mpi.FLOAT]
        )

    def all_gather(self, tensor: torch.Tensor, out: torch.Tensor | None = None) -> Call:
        """Return a gathering by all, into `out` or into a new tensor each time."""
        source, count = [tensor.numpy(), self._mpi.FLOAT], self.size * tensor.numel()
        if out is not None:
            target = [out.numpy(), self._mpi.FLOAT]
            return lambda: self._world.Allgather(source, target)
        return lambda: self._world.Allgather(source, [torch.empty(count).numpy(), self._mpi.FLOAT])

    def broadcast(self, tensors: Sequence[torch.Tensor]) -> Call:
        """Return broadcasts from rank 0, one after the other."""
        buffers = [[tensor.numpy(), self._mpi.FLOAT] for tensor in tensors]

        def call() -> None:
            for buffer in buffers:
                self._world.Bcast(buffer, 0)

        return call

    def there_and_back(self, room: Sequence[torch.Tensor]) -> Call:
        """Return messages between two ranks, one for each tensor, there and then back."""
        buffers = [[tensor.numpy(), self._mpi.FLOAT] for tensor in room]
        peer = 1 - self.rank

        def call() -> None:
            for is_there in (True, False):
                for buffer in buffers:
                    if (self.rank == 0) is is_there:
                        self._world.Send(buffer, peer)
                    else:
                        self._world.Recv(buffer, source=peer)

        return call


def in_an_mpi_world(count: int, script: str, *arguments: str) -> list[Any]:
    """Return what the ranks of an MPI world write as JSON: `script` runs on each, its last argument
    the file that rank 0 writes all results into."""
    mpiexec = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}")
    if mpiexec is None:
        raise SystemExit("there is no mpiexec: pip install -e '.[bench]'")
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        started = [mpiexec, "-n", str(count), sys.executable, script, *arguments, str(results)]
        subprocess.run(started, check=True)
        of_ranks: list[Any] = json.loads(results.read_text())
        return of_ranks
