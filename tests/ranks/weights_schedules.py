"""Random transfers of weights against a model of them: which weights and which version each target
has, whatever fails."""

from __future__ import annotations

import random
import time
from typing import Any

import torch
import weights_harness as weights
from weights_harness import Group, Parameters, fails_at

from vllm_distributed.errors import WeightMismatchError, WeightTransferError
from vllm_distributed.weight_transfer import TensorSource

EVENTS = ("goes", "goes", "goes", "target fails", "trainer fails", "refused", "target leaves")


def run(seed: int, until: float, most_targets: int) -> int:
    """Run rounds until then, with groups of other sizes now and then; return how many."""
    choose = random.Random(seed)
    rounds = 0
    while rounds == 0 or time.monotonic() < until:
        count = choose.randint(1, most_targets)
        model = weights.parameters(choose.randrange(10**6), count, largest=12, many=8)
        group = Group(count, model)
        try:
            rounds += life(choose, group, until)
        finally:
            group.close()
    return rounds


def life(choose: random.Random, group: Group, until: float) -> int:
    """Some rounds of one group."""
    held = parts_of(group, {name: torch.zeros_like(t) for name, t in group.model.tensors.items()})
    version, is_met = 0, False
    for done in range(choose.randint(2, 6)):
        if not is_met:
            size = choose.choice([100, 500, 5000])
            shared = choose.choice([None, True, False])
            group.meet(shared_memory=shared, packed_buffer_size_bytes=size)
            is_met = True
        event = choose.choice(EVENTS)
        new = {
            name: weights.values(choose.randrange(10**9), list(tensor.shape), tensor.dtype)
            for name, tensor in group.model.tensors.items()
        }
        group.trainer.source = TensorSource(new)
        asked = version + choose.randint(1, 5) if choose.random() < 0.3 else None
        results = one(choose, group, event, asked)
        if event == "refused":
            assert all(isinstance(each, WeightMismatchError) for each in results.values()), results
        elif all(each == (asked or version + 1) for each in results.values()):
            version, held = asked or version + 1, parts_of(group, new)
        else:
            # Fewer steps than were to fail at: those end as they would have.
            assert event != "goes", results
            kinds = (WeightTransferError, ArithmeticError)
            assert all(isinstance(each, kinds) for each in results.values()), results
            is_met = False
        for rank, engine in enumerate(group.engines):
            assert engine.weight_version == version
            for name, tensor in held[rank].items():
                assert weights.is_same(group.held[rank][name], tensor), (event, rank, name)
        if time.monotonic() > until:
            return done + 1
    return done + 1


def one(choose: random.Random, group: Group, event: str, asked: int | None) -> dict[Any, Any]:
    rank, step = choose.randrange(group.count), choose.randint(0, 3)
    engine = group.engines[rank]
    calls: dict[str, Any] = {"trainer": lambda: group.trainer.send_weights(asked)}
    if event == "target fails":
        calls[f"target_{rank}"] = lambda: engine.receive_update(on_progress=fails_at(step))
    elif event == "trainer fails":
        calls["trainer"] = lambda: group.trainer.send_weights(asked, on_progress=fails_at(step))
    elif event == "target leaves":

        def leave() -> Any:
            for number, _ in enumerate(engine.iter_update()):
                if number == step:
                    raise ArithmeticError("left")
            return engine.weight_version

        calls[f"target_{rank}"] = leave
    elif event == "refused":
        sent = dict(group.trainer.source.iter_full())
        name = choose.choice(list(sent))
        how = choose.choice(["missing", "unknown", "wrong"])
        if how == "missing":
            del sent[name]
        elif how == "unknown":
            sent["nobody has this"] = torch.ones(1)
        else:
            sent[name] = torch.ones(13, 17, dtype=torch.float16)
        group.trainer.source = TensorSource(sent)
    return group.round(**calls)


def parts_of(group: Group, tensors: dict[str, torch.Tensor]) -> list[dict[str, torch.Tensor]]:
    whole = Parameters(tensors, group.model.dims)
    return [
        {name: whole.part(name, rank, group.count).clone() for name in tensors}
        for rank in range(group.count)
    ]
