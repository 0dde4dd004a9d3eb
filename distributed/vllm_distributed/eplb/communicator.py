"""What a communicator of experts is, and what all of them check."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from vllm_distributed.errors import (
    CollectiveMismatchError,
    InvalidArgumentError,
    InvalidTypeError,
)

__all__ = ["NAME", "EplbCommunicator", "check_peer", "check_same"]

NAME = "the group that balances experts"


class EplbCommunicator(ABC):
    """Carries experts between the ranks of a group: a base for classes. Source: vLLM.

    Ranks count within the group. All ranks call `execute` equally often; what is sent to a rank
    arrives there in the order of the calls, so both sides name the experts in the same order.
    """

    _stream: torch.Stream | None = None

    @abstractmethod
    def add_send(self, tensors: list[torch.Tensor], dst_rank: int, expert_id: int) -> None:
        """Have the tensors of an expert sent to a rank by the next `execute`."""

    @abstractmethod
    def add_recv(self, tensors: list[torch.Tensor], src_rank: int, expert_id: int) -> None:
        """Have the tensors of an expert, of these shapes and dtypes, received from a rank."""

    @abstractmethod
    def execute(self) -> None:
        """Do all that was added, and forget it. Then everything has been received.

        Raises `CollectiveError` where a rank does not take part.
        """

    def set_transfer_context(self, old_indices: npt.NDArray[np.int64], layer_idx: int) -> None:
        """Say which layer comes next, and which expert is in each slot of it."""
        return

    def agree(self, digest: bytes) -> None:
        """Compare 32 bytes that say what is to be done with those of the other ranks. Collective.

        Raises `CollectiveMismatchError`, which names the rank, where one wants something else. A
        class of one's own need not do it.
        """
        return

    @property
    def needs_profile_buffer_reservation(self) -> bool:
        """Whether a run that measures memory has to send something for it: no."""
        return False

    def set_stream(self, stream: torch.Stream | None) -> None:
        """Say which stream tensors on a device are copied in."""
        self._stream = stream

    def close(self) -> None:
        """Give back what it holds. Again: does nothing."""
        return


def check_peer(rank: int, own: int, size: int) -> None:
    """Check that this is the number of another rank of the group."""
    if not isinstance(rank, int) or isinstance(rank, bool):
        raise InvalidTypeError(f"a rank is an integer, got {rank!r}")
    if not 0 <= rank < size or rank == own:
        raise InvalidArgumentError(
            f"rank {rank} is not another rank of the {size} of {NAME}", rank=rank, size=size
        )


def check_same(digests: Sequence[bytes], own: int) -> None:
    """Check that all ranks have said the same."""
    for rank, digest in enumerate(digests):
        if digest != digests[own]:
            raise CollectiveMismatchError(
                f"rank {rank} and rank {own} of {NAME} have different maps of experts: nothing "
                f"was moved. Every rank must give the same old and new map",
                ranks=[own, rank],
            )
