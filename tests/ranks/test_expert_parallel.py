"""Tokens to the experts' ranks and back."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from rank_harness import World

import vllm_distributed as vd
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError, LibraryMissingError
from vllm_distributed.transports.expert_parallel import check_all2all_backend

EXPERTS, WIDTH, TOP = 8, 4, 2


def tokens_of(place: int, count: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(place)
    logits = torch.randn(count, EXPERTS, generator=generator)
    weights, ids = torch.softmax(logits, -1).topk(TOP, -1)
    return {
        "hidden": torch.randn(count, WIDTH, generator=generator),
        "logits": logits,
        "weights": weights,
        "ids": ids,
        "scale": torch.rand(count, 1, generator=generator).to(torch.float8_e4m3fn),
    }


def experts_of(
    hidden: torch.Tensor, weights: torch.Tensor, ids: torch.Tensor, own: range
) -> torch.Tensor:
    """What a rank's experts contribute; expert i multiplies by i + 1."""
    factor = torch.where((ids >= own.start) & (ids < own.stop), weights * (ids + 1), 0.0)
    return hidden * factor.sum(-1, keepdim=True)


def moe_layer(counts: list[int], explicit: bool) -> None:
    """The sum over ranks of what their experts contribute is the layer on one rank."""
    group = vd.get_world_group()
    rank, share = group.rank_in_group, EXPERTS // group.world_size
    mine = tokens_of(rank, counts[rank])
    sizes = counts if explicit else None
    hidden, weights, ids, extra = group.dispatch(
        mine["hidden"], mine["weights"], mine["ids"], False, [mine["scale"]], sizes
    )
    everybody = [tokens_of(place, count) for place, count in enumerate(counts)]
    assert torch.equal(hidden, torch.cat([each["hidden"] for each in everybody]))
    assert torch.equal(ids, torch.cat([each["ids"] for each in everybody]))
    assert extra[0].dtype == torch.float8_e4m3fn
    assert torch.equal(extra[0].float(), torch.cat([each["scale"].float() for each in everybody]))
    part = experts_of(hidden, weights, ids, range(rank * share, (rank + 1) * share))
    result = group.combine(part)
    expected = experts_of(mine["hidden"], mine["weights"], mine["ids"], range(EXPERTS))
    assert torch.allclose(result, expected, atol=1e-5)
    assert torch.allclose(group.combine(part, sizes=counts), expected, atol=1e-5)
    logits = group.dispatch_router_logits(mine["hidden"], mine["logits"], sizes=sizes)
    assert torch.equal(logits[1], torch.cat([each["logits"] for each in everybody]))


@pytest.mark.parametrize("explicit", [False, True])
@pytest.mark.parametrize("counts", [[3, 1, 0, 5], [2, 2, 2, 2], [0, 0, 0, 0], [0, 0, 0, 1]])
def test_a_layer_of_experts(
    world_of: Callable[..., World], counts: list[int], explicit: bool
) -> None:
    world = world_of(4, tensor_model_parallel_size=2, data_parallel_size=2)
    world.run(moe_layer, counts, explicit)


@pytest.mark.parametrize("size", [1, 2])
def test_a_layer_of_experts_on_fewer_ranks(world_of: Callable[..., World], size: int) -> None:
    world_of(size, tensor_model_parallel_size=size).run(moe_layer, [3, 1][:size], False)


def over_data_ranks(explicit: bool) -> None:
    """On the expert group only the data (and context) ranks have different tokens."""
    ep, tp = vd.get_ep_group(), vd.get_tp_group()
    dp, pcp = vd.get_dp_group(), vd.get_pcp_group()
    grid = list(itertools.product(range(dp.world_size), range(pcp.world_size)))
    counts = [2 * at + 1 for at in range(len(grid))]
    place = grid.index((dp.rank_in_group, pcp.rank_in_group))
    mine = tokens_of(place, counts[place])  # the same on all tensor parallel ranks
    sizes = counts if explicit else None
    hidden, weights, ids = ep.dispatch(mine["hidden"], mine["weights"], mine["ids"], sizes=sizes)
    everybody = [tokens_of(at, count) for at, count in enumerate(counts)]
    assert torch.equal(hidden, torch.cat([each["hidden"] for each in everybody]))
    share = EXPERTS // ep.world_size
    own = range(ep.rank_in_group * share, (ep.rank_in_group + 1) * share)
    result = tp.all_reduce(ep.combine(experts_of(hidden, weights, ids, own)))
    expected = experts_of(mine["hidden"], mine["weights"], mine["ids"], range(EXPERTS))
    assert torch.allclose(result, expected, atol=1e-5)

    # Cut up among the tensor parallel ranks, all ranks of the group have different ones.
    rank = ep.rank_in_group
    mine = tokens_of(rank, rank % 3)
    hidden, logits = ep.dispatch(mine["hidden"], mine["logits"], True)  # as vLLM 0.14 has it
    everybody = [tokens_of(at, at % 3) for at in range(ep.world_size)]
    assert torch.equal(logits, torch.cat([each["logits"] for each in everybody]))
    assert torch.equal(ep.combine(hidden, True), mine["hidden"] * ep.world_size)


@pytest.mark.parametrize("explicit", [False, True])
@pytest.mark.parametrize(
    "sizes",
    [
        {"tensor_model_parallel_size": 2, "data_parallel_size": 2},
        {"tensor_model_parallel_size": 4},
        {"prefill_context_model_parallel_size": 2, "data_parallel_size": 2},
        {"tensor_model_parallel_size": 2, "prefill_context_model_parallel_size": 2},
    ],
    ids=lambda sizes: "-".join(f"{name.split('_')[0]}{size}" for name, size in sizes.items()),
)
def test_tokens_differ_over_data_and_context_ranks(
    world_of: Callable[..., World], sizes: dict[str, int], explicit: bool
) -> None:
    world_of(4, **sizes).run(over_data_ranks, explicit)


def refused() -> None:
    group = vd.get_world_group()
    h, w, i = torch.ones(2, 4), torch.ones(2, 2), torch.zeros(2, 2, dtype=torch.int64)
    calls: list[tuple[Callable[[], Any], type[Exception], str]] = [
        (lambda: group.combine(h), InvalidArgumentError, "call dispatch first"),
        (lambda: group.dispatch(h), InvalidArgumentError, "either"),
        (lambda: group.dispatch(h, w, i, router_logits=w), InvalidArgumentError, "either"),
        (lambda: group.dispatch(h, w[:1], i), InvalidArgumentError, "1 rows in topk_weights"),
        (lambda: group.dispatch(h, w, i, False, [h, h[:0]]), InvalidArgumentError, r"0 rows in ex"),
        (lambda: group.dispatch([h], w, i), InvalidTypeError, "hidden_states"),  # type: ignore[arg-type]
        (lambda: group.dispatch(h, w, [1]), InvalidTypeError, "topk_ids"),  # type: ignore[arg-type]
        (lambda: group.dispatch(torch.ones(()), w, i), InvalidArgumentError, "no dims"),
        (lambda: group.dispatch(h, w, i, sizes=[2]), InvalidArgumentError, "2 integers"),
        (lambda: group.dispatch(h, w, i, sizes=[-2, 4]), InvalidArgumentError, "negative"),
        (lambda: group.dispatch(h, w, i, sizes=[3, 3]), InvalidArgumentError, "2 rows"),
        (lambda: group.dispatch_router_logits(h, None), InvalidArgumentError, "either"),  # type: ignore[arg-type]
        (lambda: group.combine(h, sizes=[3, 3]), InvalidArgumentError, "6 tokens"),
        (lambda: group.combine(1, sizes=[3, 3]), InvalidTypeError, "int"),  # type: ignore[arg-type]
    ]
    for call, kind, words in calls:
        with pytest.raises(kind, match=words):
            call()
    group.dispatch(h, w, i)
    with pytest.raises(InvalidArgumentError, match="2 rows, but the ranks have 4"):
        group.combine(h)
    assert group.all_reduce(torch.ones(1)).item() == 2  # the group is where it was


def test_refused_before_anything_is_sent(world_of: Callable[..., World]) -> None:
    world = World(2, tensor_model_parallel_size=2)  # a fresh one: no dispatch before
    try:
        world.run(refused)
    finally:
        world.stop()


@pytest.mark.parametrize(
    ("backend", "library"),
    [
        ("pplx", "pplx_kernels"),
        ("deepep_high_throughput", "deep_ep"),
        ("deepep_low_latency", "deep_ep"),
        ("flashinfer_all2allv", "flashinfer"),
        ("flashinfer_nvlink_one_sided", "flashinfer"),
        ("mori_low_latency", "mori"),
        ("nixl_ep", "nixl_ep"),
    ],
)
def test_other_backends_name_their_library(backend: str, library: str) -> None:
    with pytest.raises(LibraryMissingError, match=f"{backend}.*{library}.*allgather_reducescatter"):
        check_all2all_backend(backend)
    with pytest.raises(ImportError):
        check_all2all_backend(backend)


def test_composed_backends_and_unknown_ones() -> None:
    assert check_all2all_backend("naive") == "naive"
    assert check_all2all_backend("allgather_reducescatter") == "allgather_reducescatter"
    with pytest.raises(InvalidArgumentError, match="'carrier_pigeon' is not known"):
        check_all2all_backend("carrier_pigeon")


def under_a_configuration() -> None:
    from vllm_distributed.config import ParallelConfig, set_current_parallel_config

    group, ones = vd.get_world_group(), torch.ones(1, 1)
    with (
        set_current_parallel_config(ParallelConfig(all2all_backend="deepep_low_latency")),
        pytest.raises(LibraryMissingError, match="deep_ep"),
    ):
        group.dispatch(ones, router_logits=ones)
    with set_current_parallel_config(ParallelConfig(all2all_backend="naive")):
        assert group.dispatch(ones, router_logits=ones)[0].shape == (2, 1)


def test_the_current_configuration_names_the_backend(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(under_a_configuration)
