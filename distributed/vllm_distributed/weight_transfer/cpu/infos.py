"""How a trainer and its targets meet, and what comes: the plain data of `cpu_engine`."""

from __future__ import annotations

import math
import socket
from dataclasses import dataclass, field
from typing import ClassVar

from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.weight_transfer.base import (
    TrainerInitInfo,
    WeightTransferInitInfo,
    WeightTransferUpdateInfo,
)
from vllm_distributed.weight_transfer.cpu.links import listen
from vllm_distributed.weight_transfer.cpu.receiving import announced_of

__all__ = [
    "TIMEOUT_S",
    "CPUTrainerInitInfo",
    "CPUWeightTransferInitInfo",
    "CPUWeightTransferUpdateInfo",
]

DEFAULT_BUCKET_BYTES = 4 << 20
DEFAULT_BUCKETS = 4
TIMEOUT_S = 300.0


def _check_place(host: object, port: object, lowest: int, world_size: object) -> None:
    if not isinstance(host, str) or not host:
        raise InvalidTypeError(f"master_address must be a name or an address, got {host!r}")
    if not isinstance(port, int) or isinstance(port, bool) or not lowest <= port <= 65535:
        raise InvalidArgumentError(f"master_port={port!r} must be in {lowest}..65535")
    if not isinstance(world_size, int) or isinstance(world_size, bool) or world_size < 2:
        raise InvalidArgumentError(
            f"world_size={world_size!r} must be the trainer and its targets: 2 or more"
        )


def _check_timeout(seconds: object) -> None:
    if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
        raise InvalidTypeError(f"timeout_s must be a number of seconds, got {seconds!r}")
    if not seconds > 0 or math.isnan(seconds):
        raise InvalidArgumentError(f"timeout_s={seconds} must be more than 0")


@dataclass
class CPUTrainerInitInfo(TrainerInitInfo):
    """How a trainer meets its targets.

    Raises `InvalidArgumentError`, a `ValueError`, or `InvalidTypeError`, for what makes no sense.
    """

    backend: ClassVar[str] = "cpu"

    master_address: str = "127.0.0.1"
    """Where this process listens, on this address alone: one that the targets reach."""
    master_port: int = 0
    """The port that it listens on; 0: any free one, which targets get through the `client`."""
    world_size: int = 2
    """The trainer and all targets."""
    packed_buffer_size_bytes: int = DEFAULT_BUCKET_BYTES
    """Bytes of a bucket, made a multiple of 64."""
    packed_num_buffers: int = DEFAULT_BUCKETS
    """Buckets in shared memory, of which some are filled while others are read."""
    shared_memory: bool | None = None
    """Whether targets must share memory with the trainer (True), may not (False), or do so where
    they are on its node (None)."""
    timeout_s: float = TIMEOUT_S
    """How long everybody may take to come, and each next step of a transfer, in seconds."""
    listen_socket: socket.socket | None = field(default=None, repr=False)
    """A socket that listens already, and whose port the targets know; it becomes the engine's."""

    def __post_init__(self) -> None:
        _check_place(self.master_address, self.master_port, 0, self.world_size)
        _check_timeout(self.timeout_s)
        for name in ("packed_buffer_size_bytes", "packed_num_buffers"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise InvalidArgumentError(f"{name}={value!r} must be an integer of at least 1")
        if self.packed_num_buffers > 1024:
            raise InvalidArgumentError(
                f"packed_num_buffers={self.packed_num_buffers} is above 1024"
            )
        if self.shared_memory not in (None, True, False):
            raise InvalidTypeError(f"shared_memory must be a bool or None: {self.shared_memory!r}")
        if self.rank == 0 and self.master_port == 0 and self.listen_socket is None:
            self.listen_socket = listen(self.master_address)
        if self.listen_socket is not None:
            if not isinstance(self.listen_socket, socket.socket):
                raise InvalidTypeError(
                    f"listen_socket must be a socket.socket, got {self.listen_socket!r}"
                )
            port = int(self.listen_socket.getsockname()[1])
            if self.master_port not in (0, port):
                raise InvalidArgumentError(
                    f"master_port={self.master_port}, and listen_socket has port {port}"
                )
            self.master_port = port


@dataclass(kw_only=True)
class CPUWeightTransferInitInfo(WeightTransferInitInfo):
    """How a target meets its trainer. Raises as `CPUTrainerInitInfo` does."""

    master_address: str
    """Where the trainer listens."""
    master_port: int
    """On which port."""
    world_size: int
    """The trainer and all targets."""
    rank_offset: int = 1
    """Which rank the first target is, in a numbering that begins with the trainer."""
    timeout_s: float = TIMEOUT_S
    """As `CPUTrainerInitInfo.timeout_s`, which a client brings along."""

    def __post_init__(self) -> None:
        _check_place(self.master_address, self.master_port, 1, self.world_size)
        _check_timeout(self.timeout_s)
        if not isinstance(self.rank_offset, int) or self.rank_offset < 1:
            raise InvalidArgumentError(
                f"rank_offset={self.rank_offset!r} must be at least 1: the trainer is 0"
            )


@dataclass
class CPUWeightTransferUpdateInfo(WeightTransferUpdateInfo):
    """What comes in one transfer: all that the trainer sends, or nothing, which leaves it to the
    trainer's own words. Raises `InvalidArgumentError`, a `ValueError`, for lists that do not fit.
    """

    names: list[str] = field(default_factory=list)
    """Of the parameters."""
    dtype_names: list[str] = field(default_factory=list)
    """`bfloat16`, for `torch.bfloat16`; one for each name."""
    shapes: list[list[int]] = field(default_factory=list)
    """Of the whole parameters; one for each name."""

    def __post_init__(self) -> None:
        try:
            announced_of(self.names, self.dtype_names, self.shapes)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"names, dtype_names and shapes: {error}") from error
