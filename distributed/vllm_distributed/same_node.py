"""Which ranks share memory with each other: found out by sharing some."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed import ProcessGroup

from vllm_distributed.arguments import check_rank
from vllm_distributed.communicators.base import group_facts, run
from vllm_distributed.communicators.object_channel import ObjectChannel
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.object_codec import decode, encode

__all__ = ["in_the_same_node_as", "node_identity"]

_SHARED_MEMORY = Path("/dev/shm")
_SECRET_BYTES = 32


def node_identity() -> str:
    """Return a text that is equal for two processes exactly if they see the same shared memory.

    The kernel's boot, and which mount `/dev/shm` is: containers on one host have mounts of their
    own, unless they were told to share.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        mount = os.stat(_SHARED_MEMORY).st_dev
    except OSError:  # not Linux
        return os.uname().nodename
    return f"{boot}/{mount}"


def in_the_same_node_as(pg: ProcessGroup, source_rank: int = 0) -> list[bool]:
    """Return, for each rank of `pg`, whether it shares memory with rank `source_rank` of it.

    Tested with a real shared-memory segment: the source writes a random number into one that only
    its own user can open, the others try to read it. `pg` is a torch process group that can carry
    CPU tensors. Raises `InvalidTypeError` for anything else, `InvalidRankError` if `source_rank` is
    not in the group, `InvalidArgumentError` for an NCCL group. Collective over `pg`.
    """
    if not isinstance(pg, ProcessGroup):
        raise InvalidTypeError(f"pg must be a torch ProcessGroup, got {type(pg).__name__}")
    if dist.get_backend(pg) == "nccl":
        raise InvalidArgumentError(
            "an NCCL group cannot carry the test, which is on the CPU: pass the cpu_group"
        )
    rank, size = group_facts(pg)
    check_rank("source_rank", source_rank, size, "the process group")
    segment = _SHARED_MEMORY / f"vllm_distributed_{os.getpid()}_{secrets.token_hex(12)}"
    secret = secrets.token_bytes(_SECRET_BYTES)
    try:
        if rank == source_rank:
            shares = _write(segment, secret)
            message = encode([segment.name, secret])
        else:
            message = None
        name, wanted = decode(ObjectChannel(pg, "process group").broadcast(message, source_rank))
        if rank != source_rank:
            shares = _read(_SHARED_MEMORY / Path(str(name)).name) == wanted
        mine = torch.tensor([int(shares)], dtype=torch.uint8)
        everyone = list(torch.zeros(size, 1, dtype=torch.uint8).unbind(0))
        run("process group", "in_the_same_node_as", pg.allgather, [everyone], [mine])
    finally:
        if rank == source_rank:
            segment.unlink(missing_ok=True)
    return [bool(answer.item()) for answer in everyone]


def _write(segment: Path, secret: bytes) -> bool:
    """Make the segment; the source shares memory with itself even where there is no such place."""
    try:
        descriptor = os.open(segment, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError:
        return True
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(secret)
    return True


def _read(segment: Path) -> bytes | None:
    try:
        return segment.read_bytes()
    except OSError:  # another node, another user, another container
        return None
