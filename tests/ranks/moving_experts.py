"""Experts on several ranks, random maps of them, and what each rank must hold after a move."""

from __future__ import annotations

import random

import torch
import torch.distributed as dist

import vllm_distributed as vd
from vllm_distributed.eplb import create_eplb_communicator, rearrange_expert_weights_inplace
from vllm_distributed.eplb.migration_scheduler import schedule_migration_batches
from vllm_distributed.eplb.rebalance_execute import move_from_buffer, move_to_buffer

SHAPES: list[tuple[tuple[int, ...], torch.dtype]] = [
    ((33, 5), torch.float32),
    ((7,), torch.bfloat16),
    ((3, 2, 4), torch.int8),
    ((2,), torch.float8_e4m3fn),
    ((), torch.int64),
]


def expert(layer: int, tensor: int, number: int) -> torch.Tensor:
    """The weights of an expert, which say whose they are; -1 are those of an empty slot."""
    shape, dtype = SHAPES[tensor]
    seed = (layer * 97 + tensor) * 1009 + number + 1
    values = torch.randint(-100, 100, shape, generator=torch.Generator().manual_seed(seed))
    return values.to(dtype)


def rows(layer: int, tensor: int, numbers: list[int]) -> torch.Tensor:
    return torch.stack([expert(layer, tensor, number) for number in numbers])


def same(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Bit for bit."""
    return torch.equal(
        one.contiguous().reshape(-1).view(torch.uint8),
        other.contiguous().reshape(-1).view(torch.uint8),
    )


def random_map(draw: random.Random, experts: int, slots: int, empty: bool) -> list[int]:
    """Each expert once at least, where there is room; then anything, perhaps nothing."""
    found = list(range(experts))
    while len(found) < slots:
        found.append(draw.randrange(-1 if empty else 0, experts))
    draw.shuffle(found)
    return found


def rearranged(backend: str | None, seed: int, moves: int) -> int:
    """Move experts through random maps, and compare with a gather from all of them."""
    group = vd.get_tp_group()
    draw = random.Random(seed)
    size, rank = group.world_size, group.rank_in_group
    layers, local = draw.randint(1, 3), draw.randint(1, 5)
    slots = local * size
    experts = draw.randint(1, slots)
    own = slice(rank * local, (rank + 1) * local)
    maps = [random_map(draw, experts, slots, False) for _ in range(layers)]
    weights = [
        [rows(layer, tensor, maps[layer][own]) for tensor in range(len(SHAPES))]
        for layer in range(layers)
    ]
    buffer = [torch.empty_like(tensor) for tensor in weights[0]]
    communicator = create_eplb_communicator(group, backend, weights, buffer)
    for _ in range(moves):
        new = [random_map(draw, experts, slots, draw.random() < 0.5) for _ in range(layers)]
        how = draw.choice(["all", "layers", "rounds"])
        if how == "all":
            rearrange_expert_weights_inplace(
                torch.tensor(maps),
                torch.tensor(new),
                weights,
                buffer,
                group.cpu_group,
                communicator,
            )
        else:
            for layer in range(layers):
                old_row, new_row = (
                    torch.tensor(maps[layer]).numpy(),
                    torch.tensor(new[layer]).numpy(),
                )
                given = draw.random() < 0.5
                plan = move_to_buffer(
                    local,
                    old_row,
                    new_row,
                    weights[layer],
                    buffer,
                    None,
                    rank,
                    communicator,
                    layer,
                    how == "rounds",
                    schedule_migration_batches(local, old_row, new_row) if given else None,
                )
                move_from_buffer(weights[layer], buffer, plan, new_row, rank)
        for layer in range(layers):
            for tensor in range(len(SHAPES)):
                for at, number in enumerate(new[layer][own]):
                    if number != -1:
                        assert same(weights[layer][tensor][at], expert(layer, tensor, number))
        # Empty slots keep what is in them, which no map says: each expert has a slot again.
        maps = new
        if any(-1 in each for each in maps):
            full = [random_map(draw, experts, slots, False) for _ in range(layers)]
            rearrange_expert_weights_inplace(
                torch.tensor(maps),
                torch.tensor(full),
                weights,
                buffer,
                group.cpu_group,
                communicator,
            )
            maps = full
    communicator.close()
    return dist.get_rank()
