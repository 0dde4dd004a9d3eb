"""A module that an operator opens with `--allow world_things.`, for the tests of whole worlds."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

import vllm_bridge
import vllm_distributed

CLOSED: list[str] = []


class Weights:
    """What stays in a rank."""

    def __init__(self, scale: int) -> None:
        self.scale = scale


def shard(size: int) -> dict[str, Any]:
    return {"a": torch.arange(size), "b": torch.ones(2)}


def weights(scale: int) -> Weights:
    return Weights(scale)


def times(weights: Weights, value: Any) -> Any:
    return weights.scale * value


def rank() -> int:
    return int(vllm_distributed.get_world_group().rank)


def fail_on(which: int, path: str = "") -> int:
    """Raise on one rank; the others wait until `path` is gone, if there is one."""
    if rank() == which:
        raise ValueError(f"rank {which} will not")
    while path and Path(path).exists():
        time.sleep(0.01)
    return rank()


def doubled(tensor: torch.Tensor, items: list[int], factor: int = 2) -> torch.Tensor:
    return factor * tensor + len(items)


def count(n: int, fail_at: int = -1, name: str = "it") -> Iterator[int]:
    try:
        for number in range(n):
            if number == fail_at:
                raise ValueError(f"no {number}")
            yield number
    finally:
        CLOSED.append(name)


def closed() -> list[str]:
    return list(CLOSED)


def progress(topic: str, steps: int) -> int:
    for step in range(steps):
        vllm_bridge.emit(topic, {"step": step, "rank": rank()})
    return os.getpid()
