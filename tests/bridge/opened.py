"""A module that an operator opens with `--allow opened.`, for the tests of what that opens."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from os import system  # noqa: F401 - nor at this
from subprocess import Popen  # noqa: F401 - nor at this
from typing import Any

import torch
from torch import nn

SIZES = (2, 3)


def double(value: int) -> int:
    return 2 * value


def describe(value: object, **more: object) -> str:
    """The type of what arrived."""
    return ", ".join([type(value).__name__, *sorted(more)])


def leak(what: str) -> Any:
    """What no result may be."""
    return {"function": os.getpid, "module": os, "class": dict, "object": object()}[what]


@contextlib.contextmanager
def block(name: str) -> Iterator[str]:
    yield name


class Model(nn.Module):
    """A model of the operator's own."""

    def __init__(self, size: int = 2) -> None:
        super().__init__()
        self.inner = nn.Linear(size, 1, bias=False)
        self.name = "mine"
        self.shell = os.system

    def forward(self, input_: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.inner(input_)
        return result

    def twin(self) -> Model:
        """Another."""
        return Model()

    @classmethod
    def small(cls) -> Model:
        """The smallest."""
        return cls(1)
