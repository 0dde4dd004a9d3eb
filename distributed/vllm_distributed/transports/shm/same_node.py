"""Which ranks share memory with each other: found out by sharing some."""

from __future__ import annotations

import secrets

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.arguments import check_rank
from vllm_distributed.errors import InvalidArgumentError
from vllm_distributed.stateless.process_group import StatelessProcessGroup
from vllm_distributed.store.node import SHARED_MEMORY
from vllm_distributed.transports.object_channel import members_of
from vllm_distributed.transports.shm.segment import SharedFile

__all__ = ["in_the_same_node_as"]

_SECRET_BYTES = 32


def in_the_same_node_as(
    pg: ProcessGroup | StatelessProcessGroup, source_rank: int = 0
) -> list[bool]:
    """Return, for each rank of `pg`, whether it shares memory with rank `source_rank` of it.

    Tested with a real shared-memory segment: the source writes a random number into one that only
    its own user can open, the others try to read it. `pg` is a torch process group that can carry
    CPU tensors, stateless ones too, or a `StatelessProcessGroup`. Collective over `pg`.

    Raises:
        InvalidTypeError: for any other `pg`.
        InvalidRankError: if `source_rank` is not in the group.
        InvalidArgumentError: for an NCCL group.
    """
    members = members_of(pg)
    if isinstance(pg, ProcessGroup):
        _check_carries_cpu(pg)
    rank = members.rank
    check_rank("source_rank", source_rank, members.world_size, "the process group")
    secret = secrets.token_bytes(_SECRET_BYTES)
    file: SharedFile | None = None
    try:
        if rank == source_rank:
            file = _written(secret)
            members.broadcast_obj(["" if file is None else file.path.name, secret], source_rank)
            shares = True  # with itself, even where there is no shared memory
        else:
            name, wanted = members.broadcast_obj(None, source_rank)
            shares = _read(str(name)) == wanted
        answers = members.all_gather_obj(shares)
    finally:
        if file is not None:
            file.close()
    return [bool(answer) for answer in answers]


def _check_carries_cpu(group: ProcessGroup) -> None:
    try:
        group._get_backend(torch.device("cpu"))
    except RuntimeError as error:
        raise InvalidArgumentError(
            "this process group, one over NCCL for instance, cannot carry the test, which is "
            "on the CPU: pass the cpu_group"
        ) from error


def _written(secret: bytes) -> SharedFile | None:
    """Return a file with the secret; None where there is no shared memory, or no room."""
    file: SharedFile | None = None
    try:
        file = SharedFile.create(SHARED_MEMORY, "node")
        file.lock_for_file(0)
        file.write(secret)
    except OSError:  # the others will not find the secret
        if file is not None:
            file.close()
        return None
    return file


def _read(name: str) -> bytes | None:
    try:
        file = SharedFile.attach(SHARED_MEMORY, "node", name)
    except (OSError, ValueError):  # another node, another user, another container
        return None
    try:
        return file.read(_SECRET_BYTES)
    finally:
        file.close()
