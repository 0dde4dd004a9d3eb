"""The same model in one piece, in plain torch, to compare with: it shares no layer with ours."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from minilm.serving import folder, tokenizer, tokens_of

__all__ = ["embed"]

HEADS, LAYERS, EPSILON = 12, 6, 1e-12


@torch.no_grad()
def embed(texts: list[str]) -> torch.Tensor:
    """Embeddings (texts, 384) of length 1."""
    weights = load_file(folder() / "model.safetensors")

    def linear(name: str, value: torch.Tensor) -> torch.Tensor:
        return F.linear(value, weights[f"{name}.weight"], weights[f"{name}.bias"])

    def norm(name: str, value: torch.Tensor) -> torch.Tensor:
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return F.layer_norm(value, weight.shape, weight, bias, EPSILON)

    tokens, attended = tokens_of(tokenizer(), texts)
    hidden = (
        weights["embeddings.word_embeddings.weight"][tokens]
        + weights["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    hidden = norm("embeddings.LayerNorm", hidden)
    hidden_mask = torch.zeros(attended.shape).masked_fill(~attended, -torch.inf)
    for number in range(LAYERS):
        at = f"encoder.layer.{number}"
        query, key, value = (
            linear(f"{at}.attention.self.{part}", hidden).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5
        weighted = (scores + hidden_mask[:, None, None, :]).softmax(-1) @ value
        mixed = linear(f"{at}.attention.output.dense", weighted.transpose(1, 2).flatten(2))
        hidden = norm(f"{at}.attention.output.LayerNorm", mixed + hidden)
        inner = F.gelu(linear(f"{at}.intermediate.dense", hidden))
        hidden = norm(f"{at}.output.LayerNorm", linear(f"{at}.output.dense", inner) + hidden)
    kept = attended.unsqueeze(-1).float()
    return F.normalize((hidden * kept).sum(1) / kept.sum(1), dim=1)
