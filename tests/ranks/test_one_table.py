"""What fits together is what one table says: here for ranks by themselves, in tests/bridge behind
the gate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rank_harness import World

import vllm_distributed as vd

PROGRAMS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "agreement.json").read_text()
)["programs"]


def value_of(argument: Any) -> Any:
    import torch

    match argument:
        case {"tensor": [dtype, shape]}:
            return torch.ones(shape, dtype=getattr(torch, dtype))
        case {"size": shape}:
            return torch.Size(shape)
        case {"tuple": items}:
            return tuple(items)
        case {"dtype": name}:
            return getattr(torch, name)
        case {"plain": value}:
            return value
    return argument


def call_all(programs: list[dict[str, Any]]) -> list[str]:
    group = vd.get_tp_group()
    outcomes = []
    for program in programs:
        name, *arguments = program["calls"][group.rank_in_group]
        try:
            getattr(group, name)(*map(value_of, arguments))
            outcomes.append("")
        except vd.DistributedError as error:
            outcomes.append(str(error))
        group.barrier()
    return outcomes


def test_calls_that_fit_behind_the_gate_fit_by_themselves(world_of: Callable[..., World]) -> None:
    found = world_of(2, tensor_model_parallel_size=2).run(call_all, PROGRAMS)
    for program, outcomes in zip(PROGRAMS, zip(*found, strict=True), strict=True):
        assert (not any(outcomes)) == program["fits"], (program["name"], outcomes)
