"""A group of one: nothing moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import torch

from vllm_distributed.communicators.base import Transport
from vllm_distributed.errors import InvalidRankError

__all__ = ["SoloTransport"]


class SoloTransport(Transport):
    """Collectives of a group of one return their input; there is nobody to send to."""

    def __init__(self, unique_name: str) -> None:
        super().__init__(unique_name, rank_in_group=0, world_size=1)

    def check(self, tensor: torch.Tensor, name: str) -> None:
        """Nothing is carried anywhere."""

    def all_reduce(self, input_: torch.Tensor) -> torch.Tensor:
        return input_

    def all_reduce_(self, input_: torch.Tensor) -> torch.Tensor:
        return input_

    def all_gather(self, input_: torch.Tensor, dim: int) -> torch.Tensor:
        return input_

    def all_gatherv(self, input_: torch.Tensor, dim: int, sizes: Sequence[int]) -> torch.Tensor:
        return input_

    def reduce_scatterv(self, input_: torch.Tensor, dim: int, sizes: Sequence[int]) -> torch.Tensor:
        return input_

    def gather(self, input_: torch.Tensor, dst: int, dim: int) -> torch.Tensor | None:
        return input_

    def broadcast(self, input_: torch.Tensor, src: int) -> torch.Tensor:
        return input_

    def send(self, tensor: torch.Tensor, dst: int) -> NoReturn:
        raise self._alone("send")

    def recv(self, size: torch.Size, dtype: torch.dtype, src: int) -> NoReturn:
        raise self._alone("recv")

    def _alone(self, operation: str) -> InvalidRankError:
        return InvalidRankError(
            f"{operation} on {self.unique_name}: the group has one rank, so there is no other",
            group=self.unique_name,
            operation=operation,
        )
