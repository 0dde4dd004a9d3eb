"""Experts that move between ranks: where they must be afterwards, and what goes wrong by name."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import torch
from moving_experts import expert, rearranged, rows, same
from rank_harness import World, outcomes_of

import vllm_distributed as vd
from vllm_distributed.eplb import (
    create_eplb_communicator,
    move_to_buffer,
    rearrange_expert_weights_inplace,
    transfer_layer,
)
from vllm_distributed.eplb.eplb_communicator import (
    SharedMemoryEplbCommunicator,
    TorchDistGlooStagedEplbCommunicator,
    TorchDistNcclEplbCommunicator,
)
from vllm_distributed.errors import CollectiveError

BACKENDS = ("shared_memory", "torch_gloo", "torch_nccl")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [2, 4])
def test_random_maps(world_of: Callable[..., World], size: int, backend: str) -> None:
    world = world_of(size, tensor_model_parallel_size=size)
    for seed in range(3):
        world.run(rearranged, backend, seed, 4)


def test_eight_ranks(world_of: Callable[..., World]) -> None:
    world_of(8, tensor_model_parallel_size=8).run(rearranged, None, 11, 3)


def communicators() -> list[str]:
    group = vd.get_tp_group()
    weights = [[torch.ones(2, 3)]]
    found = []
    for backend in (*BACKENDS, None):
        made = create_eplb_communicator(group, backend, weights, weights[0])
        found.append(type(made).__name__)
        made.close()
        made.close()
    for backend in ("nixl", "pynccl", "torch_xccl", "carrier pigeons"):
        try:
            create_eplb_communicator(group, backend, weights, weights[0])
        except vd.DistributedError as error:
            found.append(f"{type(error).__name__}: {error}")
    return found


def test_what_carries_them(world_of: Callable[..., World]) -> None:
    for found in world_of(2, tensor_model_parallel_size=2).run(communicators):
        assert found[:4] == [
            SharedMemoryEplbCommunicator.__name__,
            TorchDistGlooStagedEplbCommunicator.__name__,
            TorchDistNcclEplbCommunicator.__name__,
            SharedMemoryEplbCommunicator.__name__,
        ]
        assert found[4].startswith("LibraryMissingError: the communicator 'nixl' is not available")
        assert found[7].startswith("InvalidArgumentError: Unknown EPLB communicator backend")


def scaled(backend: str) -> None:
    """From two ranks to four and back, by maps of different lengths."""
    group = vd.get_tp_group()
    rank = group.rank_in_group
    before = [0, 1, 2, 3]  # on ranks 0 and 1, two each
    held = before[rank * 2 : rank * 2 + 2] if rank < 2 else [-1, -1]
    weights = [[rows(0, 0, held)]]
    buffer = [torch.empty_like(weights[0][0])]
    made = create_eplb_communicator(group, backend, weights, buffer)
    after = [2, 0, 1, 3, 0, 1, 3, 2]
    rearrange_expert_weights_inplace(
        torch.tensor([before]),
        torch.tensor([after]),
        weights,
        buffer,
        group.cpu_group,
        made,
        rank_mapping={0: 0, 1: 1},
    )
    for at, number in enumerate(after[rank * 2 : rank * 2 + 2]):
        assert same(weights[0][0][at], expert(0, 0, number))
    final = [3, 1, 2, 0]
    kept = {0: -1, 1: 1, 2: 0, 3: -1}
    plan = transfer_layer(
        torch.tensor(after),
        torch.tensor(final),
        weights[0],
        buffer,
        group.cpu_group,
        made,
        rank_mapping=kept,
    )
    assert plan.recv_count <= 2
    mapped = np.full(8, -1)
    mapped[4:6], mapped[2:4] = final[:2], final[2:]
    vd.eplb.move_from_buffer(weights[0], buffer, plan, mapped, rank)
    new_rank = kept[rank]
    if new_rank != -1:
        for at, number in enumerate(final[new_rank * 2 : new_rank * 2 + 2]):
            assert same(weights[0][0][at], expert(0, 0, number))
    made.close()


@pytest.mark.parametrize("backend", BACKENDS[:2])
def test_more_and_fewer_ranks(world_of: Callable[..., World], backend: str) -> None:
    world_of(4, tensor_model_parallel_size=4).run(scaled, backend)


def memory(backend: str) -> tuple[int, int]:
    """Return the most that a move allocates, and the size of the rank's part of a layer."""
    group = vd.get_tp_group()
    rank, size = group.rank_in_group, group.world_size
    weights = [[torch.full((2, 200_000), float(rank))] for _ in range(3)]
    buffer = [torch.empty_like(weights[0][0])]
    made = create_eplb_communicator(group, backend, weights, buffer)
    old = torch.arange(2 * size).repeat(3, 1)
    new = old.roll(2, dims=1)
    with torch.profiler.profile(profile_memory=True) as profile:
        rearrange_expert_weights_inplace(old, new, weights, buffer, group.cpu_group, made)
    most = now = 0
    for event in profile.profiler.kineto_results.events():  # type: ignore[union-attr]
        if event.name() == "[memory]":
            now += event.nbytes()
            most = max(most, now)
    assert all((layer[0] == (rank - 1) % size).all() for layer in weights)
    made.close()
    return most, weights[0][0].nbytes


@pytest.mark.parametrize("backend", BACKENDS[:2])
def test_a_move_takes_no_memory_beside_the_buffer(
    world_of: Callable[..., World], backend: str
) -> None:
    """And in shared memory the region, which is as large: one layer in all."""
    for most, layer in world_of(2, tensor_model_parallel_size=2).run(memory, backend):
        assert most < layer / 10


# Wrong calls


def wrong(name: str) -> str:
    group = vd.get_tp_group()
    rank = group.rank_in_group
    weights = [[rows(0, 0, [rank, rank])]]
    kept = weights[0][0].clone()
    buffer = [torch.empty_like(weights[0][0])]
    made = create_eplb_communicator(
        group, "shared_memory" if "gloo" not in name else "torch_gloo", weights, buffer
    )
    old, new = torch.tensor([[0, 0, 1, 1]]), torch.tensor([[1, 0, 0, 1]])
    given: dict[str, Any] = {
        "no holder": lambda: (old, torch.tensor([[2, 0, 0, 1]]), weights, buffer),
        "shape": lambda: (old[:, :3], new, weights, buffer),
        "layers": lambda: (old, new.repeat(2, 1), weights, buffer),
        "floats": lambda: (old, new.float(), weights, buffer),
        "negative": lambda: (old, new - 2, weights, buffer),
        "buffer": lambda: (old, new, weights, [buffer[0].double()]),
        "buffers": lambda: (old, new, weights, [*buffer, *buffer]),
        "itself": lambda: (old, new, weights, weights[0]),
        "nothing": lambda: (old, new, [], buffer),
        "other maps": lambda: (old, new if rank == 0 else new.roll(1), weights, buffer),
        "other maps gloo": lambda: (old, new if rank == 0 else new.roll(1), weights, buffer),
    }[name]()
    try:
        rearrange_expert_weights_inplace(*given, group.cpu_group, made)
    except vd.DistributedError as error:
        assert same(weights[0][0], kept)
        return f"{type(error).__name__}: {error}"
    finally:
        made.close()
    return "nothing"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("no holder", "expert 2 is to go to rank 0, and no rank has it"),
        ("shape", r"the old map must be \[layers, 4\]"),
        ("layers", "1 and 2 layers, and there are weights of 1"),
        ("floats", "must hold integers, got torch.float32"),
        ("negative", "the new map has -2"),
        ("buffer", "and its buffer .* torch.float64"),
        ("buffers", "1 tensors, and there are buffers for 2"),
        ("itself", "is its own buffer"),
        ("nothing", "expert_weights is empty"),
        ("other maps", "have different maps of experts: nothing was moved"),
        ("other maps gloo", "have different maps of experts: nothing was moved"),
    ],
)
def test_wrong_calls_are_refused_on_every_rank_and_move_nothing(
    world_of: Callable[..., World], name: str, says: str
) -> None:
    for found in world_of(2, tensor_model_parallel_size=2).run(wrong, name):
        assert vd.__name__  # it imports

        assert re.search(says, found), found


def different_layers() -> str:
    """One rank moves another layer than the other."""
    group = vd.get_tp_group()
    rank = group.rank_in_group
    weights = [rows(0, 0, [rank, rank])]
    buffer = [torch.empty_like(weights[0])]
    made = create_eplb_communicator(group, "shared_memory", [weights], buffer)
    old, new = np.array([0, 0, 1, 1]), np.array([1, 0, 0, 1])
    try:
        move_to_buffer(2, old, new, weights, buffer, None, rank, made, layer_idx=rank)
    except vd.DistributedError as error:
        return str(error)
    finally:
        made.close()
    return "nothing"


def test_ranks_that_move_different_layers_are_told(world_of: Callable[..., World]) -> None:
    for found in world_of(2, tensor_model_parallel_size=2).run(different_layers):
        assert "have different maps of experts" in found


def dies(rank: int, port: int, size: int, backend: str) -> tuple[str, str, Any, bool]:
    """The last rank is killed after the first layer; return what the others are told."""
    limit = timedelta(seconds=5)
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", limit)
    vd.initialize_model_parallel(size)
    group = vd.get_tp_group()
    weights = [[torch.full((1, 1000), float(rank))] for _ in range(4)]
    buffer = [torch.empty_like(weights[0][0])]
    made = create_eplb_communicator(group, backend, weights, buffer)
    old = torch.arange(size).repeat(4, 1)
    if rank == size - 1:
        execute, calls = made.execute, []

        def once() -> None:
            calls.append(1)
            if len(calls) == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            execute()

        made.execute = once  # type: ignore[method-assign]
    try:
        rearrange_expert_weights_inplace(
            old, old.roll(1, dims=1), weights, buffer, group.cpu_group, made
        )
    except CollectiveError as error:
        layer = error.details["layer"]
        whole = all(
            (each[0] == (float((rank - 1) % size) if number < layer else float(rank))).all()
            for number, each in enumerate(weights)
        )
        return type(error).__name__, str(error), layer, whole
    return "nothing", "", None, False


@pytest.mark.parametrize("backend", BACKENDS[:2])
def test_a_rank_that_is_killed_is_named_and_the_layer_stays(backend: str) -> None:
    found = outcomes_of(3, dies, backend)
    for outcome in found[:2]:
        assert outcome.error is None, outcome
        kind, said, layer, whole = outcome.value
        assert kind in ("CollectiveError", "CollectiveTimeoutError"), outcome
        assert "rank 2" in said
        assert layer == 1
        assert whole
