"""What fits together is what one table says: here behind the gate, in tests/ranks for ranks by
themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from gate_harness import Call, Callers, on_tp
from pool_harness import Pool, connect

PROGRAMS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "agreement.json").read_text()
)["programs"]


def value_of(argument: Any) -> Any:
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


def call_of(described: list[Any]) -> Call:
    name, *arguments = described
    return on_tp(name, *map(value_of, arguments))


@pytest.mark.parametrize("gate", [True, False], ids=["gate", "no gate"])
def test_calls_that_fit_by_themselves_fit_behind_the_gate(real_pool: Pool, gate: bool) -> None:
    callers = Callers()
    with (
        connect(real_pool.endpoint) as client,
        client.start_world(tensor_parallel_size=2, gate=gate) as world,
    ):
        for program in PROGRAMS:
            outcomes = callers.together(world, [call_of(each) for each in program["calls"]])
            errors = [outcome and outcome.error for outcome in outcomes]
            assert (errors == [None, None]) == program["fits"], (program["name"], errors)
            if gate and not program["fits"]:
                reasons = {outcome.reason for outcome in outcomes if outcome is not None}
                assert reasons == {"collective_mismatch"}, program["name"]
    callers.close()
