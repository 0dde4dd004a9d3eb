"""A module of the operator's, for `--allow small_model.`: see kept_model.py."""

import torch
from torch import nn


class Small(nn.Module):
    """One layer."""

    def __init__(self, width: int, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.width = width
        self.inner = nn.Linear(width, 3)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Scores of three classes."""
        scores: torch.Tensor = self.inner(batch)
        return scores

    def best(self, scores: torch.Tensor) -> list[int]:
        """The class of each row."""
        return [int(number) for number in scores.argmax(dim=1)]
