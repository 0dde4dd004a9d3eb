"""A group of one: nothing moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import torch

from vllm_distributed.errors import InvalidRankError
from vllm_distributed.tensors.dtypes import write_into
from vllm_distributed.transports.base import Transport

__all__ = ["SoloTransport"]


class SoloTransport(Transport):
    """Collectives of a group of one return their input, or copy it into `out`; there is nobody to
    send to."""

    def __init__(self, unique_name: str) -> None:
        super().__init__(unique_name, rank_in_group=0, world_size=1)

    def check(self, tensor: torch.Tensor, name: str) -> None:
        """Nothing is carried anywhere."""

    def all_reduce(
        self, input_: torch.Tensor, out: torch.Tensor | None = None, op: str = "sum"
    ) -> torch.Tensor:
        return _result(input_, out)

    def all_reduce_(self, input_: torch.Tensor, op: str = "sum") -> torch.Tensor:
        return input_

    def all_gather(
        self, input_: torch.Tensor, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor:
        return _result(input_, out)

    def all_gatherv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        return _result(input_, out)

    def reduce_scatterv(
        self,
        input_: torch.Tensor,
        dim: int,
        sizes: Sequence[int],
        out: torch.Tensor | None = None,
    ) -> torch.Tensor:
        return _result(input_, out)

    def gather(
        self, input_: torch.Tensor, dst: int, dim: int, out: torch.Tensor | None = None
    ) -> torch.Tensor | None:
        return _result(input_, out)

    def broadcast(self, input_: torch.Tensor, src: int) -> torch.Tensor:
        return input_

    def send(self, tensor: torch.Tensor, dst: int) -> NoReturn:
        raise self._alone("send")

    def recv(
        self, size: torch.Size, dtype: torch.dtype, src: int, out: torch.Tensor | None = None
    ) -> NoReturn:
        raise self._alone("recv")

    def _alone(self, operation: str) -> InvalidRankError:
        return InvalidRankError(
            f"{operation} on {self.unique_name}: the group has one rank, so there is no other",
            group=self.unique_name,
            operation=operation,
        )


def _result(input_: torch.Tensor, out: torch.Tensor | None) -> torch.Tensor:
    if out is None:
        return input_
    write_into(out, input_)
    return out
