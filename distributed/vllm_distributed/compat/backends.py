"""Which torch.distributed backend to use: the one asked for, or gloo where it cannot run."""

from __future__ import annotations

import functools

import torch
import torch.distributed as dist

from vllm_distributed.errors import UnknownBackendError
from vllm_distributed.logger import init_logger

__all__ = ["device_for", "device_to_bind", "resolve_backend"]

logger = init_logger(__name__)


def resolve_backend(backend: str) -> str:
    """Return the backend to use for `backend`: itself if it can run here, else gloo.

    A name like `cpu:gloo,cuda:nccl` picks one per device type. A name that torch does not know is
    an `UnknownBackendError`; a known one that cannot run here is replaced by gloo, with a warning
    the first time.

    >>> resolve_backend("gloo")
    'gloo'
    """
    wanted = str(backend).lower()
    parts = [part.rpartition(":")[2] for part in wanted.split(",")]
    known = known_backends()
    for part in parts:
        if part not in known:
            raise UnknownBackendError(
                f"backend {backend!r} is not known to torch.distributed; known are "
                f"{', '.join(known)}",
                backend=str(backend),
                known=known,
            )
    if all(_can_run(part) for part in parts):
        return wanted
    _warn_fallback(wanted)
    return "gloo"


def known_backends() -> list[str]:
    """Return the names torch knows, built in and registered, whether or not they can run."""
    return sorted({str(name) for name in dist.Backend.backend_list} - {"undefined"})


def device_for(backend: str, local_rank: int) -> torch.device:
    """Return the device that tensors of a group of this backend live on."""
    if "nccl" in backend and torch.cuda.is_available():
        return torch.device("cuda", local_rank % torch.cuda.device_count())
    return torch.device("cpu")


def device_to_bind(backend: str, local_rank: int) -> torch.device | None:
    """Return the device to bind a world of this backend to, so that NCCL connects while the world
    is joined and other groups can be split off it; None where there is nothing to bind."""
    return device_for(backend, local_rank) if backend == "nccl" else None


def _can_run(backend: str) -> bool:
    if backend == "nccl":
        return dist.is_nccl_available() and torch.cuda.is_available()
    return dist.is_backend_available(backend)


@functools.cache  # one warning for each name in a process
def _warn_fallback(backend: str) -> None:
    logger.warning("backend %s is not available here: using gloo", backend)
