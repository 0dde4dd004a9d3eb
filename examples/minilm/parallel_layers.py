"""Tensor parallel layers for a model of your own. Copy this file.

Every rank keeps its part of each weight and reads only that from a safetensors file. A column
parallel layer before a row parallel one needs one all_reduce for both:

    inner = ColumnParallelLinear(shards, "intermediate.dense")
    outer = RowParallelLinear(shards, "output.dense")
    hidden = outer(F.gelu(inner(hidden)))
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors import safe_open
from torch import nn

import vllm_distributed as vd


class Shards:
    """The weights of a file, of which this rank reads the part of its tensor parallel group."""

    def __init__(self, path: Path, prefix: str = "") -> None:
        self._file: Any = safe_open(path, framework="pt")
        self._prefix = prefix
        group = vd.get_tp_group()
        self.rank, self.size = group.rank_in_group, group.world_size

    def below(self, prefix: str) -> Shards:
        """The same file, with names that begin with this."""
        other = object.__new__(Shards)
        other.__dict__.update(self.__dict__, _prefix=f"{self._prefix}{prefix}.")
        return other

    def whole(self, name: str) -> torch.Tensor:
        """A weight that every rank has."""
        found: torch.Tensor = self._file.get_tensor(self._prefix + name)
        return found

    def rows(self, name: str) -> torch.Tensor:
        """This rank's rows."""
        return self._part(name, 0)

    def columns(self, name: str) -> torch.Tensor:
        """This rank's columns."""
        return self._part(name, 1)

    def _part(self, name: str, dim: int) -> torch.Tensor:
        weight = self._file.get_slice(self._prefix + name)
        # Refuses a size that cannot be divided, with both numbers.
        each = vd.divide(weight.get_shape()[dim], self.size)
        mine = slice(self.rank * each, (self.rank + 1) * each)
        part: torch.Tensor = weight[mine] if dim == 0 else weight[:, mine]
        return part.contiguous()


class ColumnParallelLinear(nn.Module):
    """A linear layer of which each rank computes some outputs: (..., in) -> (..., out / ranks)."""

    def __init__(self, shards: Shards, name: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(shards.rows(f"{name}.weight"), requires_grad=False)
        self.bias = nn.Parameter(shards.rows(f"{name}.bias"), requires_grad=False)

    def forward(self, input_: torch.Tensor) -> torch.Tensor:
        """This rank's outputs, of the whole input."""
        return F.linear(input_, self.weight, self.bias)


class RowParallelLinear(nn.Module):
    """A linear layer of which each rank has some inputs: (..., in / ranks) -> (..., out)."""

    def __init__(self, shards: Shards, name: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(shards.columns(f"{name}.weight"), requires_grad=False)
        # Added once, to the sum.
        self.bias = nn.Parameter(shards.whole(f"{name}.bias"), requires_grad=False)

    def forward(self, input_: torch.Tensor) -> torch.Tensor:
        """All outputs, of this rank's part of the input. Collective."""
        return vd.tensor_model_parallel_all_reduce(F.linear(input_, self.weight)) + self.bias


class VocabParallelEmbedding(nn.Module):
    """An embedding table of which each rank has some tokens."""

    def __init__(self, shards: Shards, name: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(shards.rows(f"{name}.weight"), requires_grad=False)
        self.first = shards.rank * len(self.weight)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """The rows of all tokens. Collective."""
        own = tokens - self.first
        elsewhere = (own < 0) | (own >= len(self.weight))
        rows = F.embedding(own.masked_fill(elsewhere, 0), self.weight)
        rows.masked_fill_(elsewhere.unsqueeze(-1), 0.0)
        return vd.tensor_model_parallel_all_reduce(rows)
