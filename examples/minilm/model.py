"""One rank's part of MiniLM: some heads and some neurons of each of its stage's layers."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

import vllm_distributed as vd
from minilm.parallel_layers import (
    ColumnParallelLinear,
    RowParallelLinear,
    Shards,
    VocabParallelEmbedding,
)


class Norm(nn.Module):
    """A layer norm, which every rank has whole."""

    def __init__(self, shards: Shards, name: str, epsilon: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(shards.whole(f"{name}.weight"), requires_grad=False)
        self.bias = nn.Parameter(shards.whole(f"{name}.bias"), requires_grad=False)
        self.epsilon = epsilon

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """As torch's."""
        return F.layer_norm(hidden, self.weight.shape, self.weight, self.bias, self.epsilon)


class Layer(nn.Module):
    """Attention and two linear layers, two all_reduces."""

    def __init__(self, shards: Shards, heads: int, epsilon: float) -> None:
        super().__init__()
        self.heads = vd.divide(heads, shards.size)
        self.query = ColumnParallelLinear(shards, "attention.self.query")
        self.key = ColumnParallelLinear(shards, "attention.self.key")
        self.value = ColumnParallelLinear(shards, "attention.self.value")
        self.attended = RowParallelLinear(shards, "attention.output.dense")
        self.attention_norm = Norm(shards, "attention.output.LayerNorm", epsilon)
        self.inner = ColumnParallelLinear(shards, "intermediate.dense")
        self.outer = RowParallelLinear(shards, "output.dense")
        self.norm = Norm(shards, "output.LayerNorm", epsilon)

    def forward(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(batch, tokens, width) -> the same. Collective over the tensor parallel group."""
        query, key, value = (
            part(hidden).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(query, key, value, mask)
        hidden = self.attention_norm(self.attended(mixed.transpose(1, 2).flatten(2)) + hidden)
        return self.norm(self.outer(F.gelu(self.inner(hidden))) + hidden)


class MiniLM(nn.Module):
    """This rank's part of the model."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        config = json.loads((folder / "config.json").read_text())
        shards = Shards(folder / "model.safetensors")
        epsilon = config["layer_norm_eps"]
        self.pipeline = vd.get_pp_group()
        if self.pipeline.is_first_rank:
            below = shards.below("embeddings")
            self.words = VocabParallelEmbedding(below, "word_embeddings")
            self.positions = below.whole("position_embeddings.weight")
            # Every token is of the first, and only, text.
            self.kind = below.whole("token_type_embeddings.weight")[0]
            self.norm = Norm(below, "LayerNorm", epsilon)
        first, last = vd.get_pp_indices(
            config["num_hidden_layers"], self.pipeline.rank_in_group, self.pipeline.world_size
        )
        self.layers = nn.ModuleList(
            Layer(shards.below(f"encoder.layer.{n}"), config["num_attention_heads"], epsilon)
            for n in range(first, last)
        )

    def forward(self, tokens: torch.Tensor, attended: torch.Tensor) -> torch.Tensor | None:
        """Embeddings (batch, width) of length 1, on the last stage. Collective over the world."""
        if self.pipeline.is_first_rank:
            places = self.positions[: tokens.shape[1]]
            hidden = self.norm(self.words(tokens) + places + self.kind)
        else:
            received = self.pipeline.recv_tensor_dict()
            if received is None:
                raise RuntimeError("the stage before this one has sent nothing")
            hidden = received["hidden"]
        mask = attended[:, None, None, :]
        for layer in self.layers:
            hidden = layer(hidden, mask)
        if not self.pipeline.is_last_rank:
            self.pipeline.send_tensor_dict({"hidden": hidden})
            return None
        weights = attended.unsqueeze(-1).to(hidden.dtype)
        return F.normalize((hidden * weights).sum(1) / weights.sum(1), dim=1)
