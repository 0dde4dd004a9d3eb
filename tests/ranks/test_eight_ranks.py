"""Eight ranks: the tables of the other modules on groups of eight, and layouts that need as many.

One start serves the whole module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import test_async
import test_collectives
import test_expert_parallel
import test_messages
import test_stateless_process_group
import torch
from rank_harness import World
from stateless_places import coordinator

import vllm_distributed as vd
from vllm_distributed.errors import InvalidArgumentError

Check = Callable[[vd.GroupCoordinator], None]
TWO_EACH = {
    "tensor_model_parallel_size": 2,
    "pipeline_model_parallel_size": 2,
    "data_parallel_size": 2,
}


@pytest.fixture(scope="module")
def eight() -> Iterator[World]:
    world = World(8, **TWO_EACH)
    yield world
    world.stop()


def on_the_world(check: Check) -> None:
    group = vd.get_world_group()
    assert group.world_size == 8
    check(group)


@pytest.mark.parametrize(
    "check", test_collectives.CHECKS, ids=lambda check: check.__name__.removeprefix("check_")
)
def test_every_collective(eight: World, check: Check) -> None:
    eight.run(on_the_world, check)


def on_a_stateless_one() -> None:
    group = coordinator([list(range(8))])
    for check in test_collectives.CHECKS:
        check(group)
    group.barrier()
    group.destroy()


def test_every_collective_apart_from_the_world(eight: World) -> None:
    eight.run(on_a_stateless_one)


@pytest.mark.parametrize(
    "function",
    [
        test_messages.objects_from_every_source,
        test_messages.tensor_dicts_from_every_source,
        test_messages.around_the_ring,
        test_async.ring,
        test_stateless_process_group.objects_among_all,
        test_stateless_process_group.tensors_among_all,
        test_stateless_process_group.reductions,
    ],
    ids=lambda function: function.__name__,
)
def test_messages_among_eight(eight: World, function: Callable[[], None]) -> None:
    eight.run(function)


@pytest.mark.parametrize("explicit", [False, True])
def test_a_layer_of_experts(eight: World, explicit: bool) -> None:
    eight.run(test_expert_parallel.moe_layer, [3, 1, 0, 5, 2, 0, 4, 1], explicit)


# name -> (sizes, group -> the ranks of all such groups)
Layout = tuple[dict[str, int], dict[str, list[list[int]]]]
ALONE = [[rank] for rank in range(8)]
PAIRS = [[0, 1], [2, 3], [4, 5], [6, 7]]
EVERY_OTHER = [[0, 2], [1, 3], [4, 6], [5, 7]]
FAR = [[0, 4], [1, 5], [2, 6], [3, 7]]
FOURS = [[0, 1, 2, 3], [4, 5, 6, 7]]
ALL = [list(range(8))]
LAYOUTS: dict[str, Layout] = {
    "tp2 pp2 dp2": (
        TWO_EACH,
        {
            "tp": PAIRS,
            "pp": EVERY_OTHER,
            "dp": FAR,
            "ep": [[0, 1, 4, 5], [2, 3, 6, 7]],
            "dcp": ALONE,
            "pcp": ALONE,
        },
    ),
    "tp4 dcp2": (
        {
            "tensor_model_parallel_size": 4,
            "decode_context_model_parallel_size": 2,
            "data_parallel_size": 2,
        },
        {"tp": FOURS, "dcp": PAIRS, "dp": FAR, "ep": ALL, "pp": ALONE, "pcp": ALONE},
    ),
    "tp2 pcp2 dp2": (
        {
            "tensor_model_parallel_size": 2,
            "prefill_context_model_parallel_size": 2,
            "data_parallel_size": 2,
        },
        {"tp": PAIRS, "pcp": EVERY_OTHER, "dp": FAR, "ep": ALL, "pp": ALONE, "dcp": ALONE},
    ),
    "tp8": (
        {"tensor_model_parallel_size": 8},
        {"tp": ALL, "dp": ALONE, "ep": ALL, "pp": ALONE, "dcp": ALONE, "pcp": ALONE},
    ),
    "pp8": (
        {"pipeline_model_parallel_size": 8},
        {"pp": ALL, "tp": ALONE, "dp": ALONE, "ep": ALONE, "dcp": ALONE, "pcp": ALONE},
    ),
}


def tokens_reach_the_experts() -> None:
    """Values are small whole numbers: their sums are exact in any order."""
    ep, tp, dp, pcp = vd.get_ep_group(), vd.get_tp_group(), vd.get_dp_group(), vd.get_pcp_group()

    def of(place: int, count: int) -> torch.Tensor:
        return torch.full((count, 2), float(place + 1))

    # Tensor parallel ranks have the same tokens; data and context parallel ones have others.
    place = dp.rank_in_group * pcp.world_size + pcp.rank_in_group
    mine = of(place, place + 1)
    everybody = [of(at, at + 1) for at in range(dp.world_size * pcp.world_size)]
    hidden, logits = ep.dispatch_router_logits(mine, mine)
    assert torch.equal(hidden, torch.cat(everybody))
    assert torch.equal(logits, hidden)
    assert torch.equal(tp.all_reduce(ep.combine(hidden)), mine * ep.world_size)
    # Cut up among the tensor parallel ranks, every rank has its own.
    mine = of(ep.rank_in_group, ep.rank_in_group % 3)
    hidden, _ = ep.dispatch_router_logits(mine, mine, True)
    assert torch.equal(hidden, torch.cat([of(at, at % 3) for at in range(ep.world_size)]))
    assert torch.equal(ep.combine(hidden, True), mine * ep.world_size)


def has_groups(layout: Layout) -> None:
    """The groups have these ranks, in this order, and a collective on each is right."""
    sizes, groups = layout
    vd.destroy_model_parallel()
    vd.initialize_model_parallel(**sizes)
    rank = vd.get_world_group().rank
    for name, partition in groups.items():
        group = test_collectives.GROUPS[name]()
        expected = next(ranks for ranks in partition if rank in ranks)
        assert group.ranks == expected, name
        assert (group.rank_in_group, group.world_size) == (expected.index(rank), len(expected))
        place = expected.index(rank)
        assert group.next_rank == expected[(place + 1) % len(expected)]
        assert group.prev_rank == expected[place - 1]
        mine = torch.tensor([rank])
        assert group.all_gather(mine, 0).tolist() == expected
        assert group.all_reduce(mine).item() == sum(expected)
        assert group.broadcast(mine.clone(), len(expected) - 1).item() == expected[-1]
        assert group.broadcast_object(rank, 0) == expected[0]
        share = group.reduce_scatter(torch.full((8, len(expected)), rank), 1)
        assert share.tolist() == [[sum(expected)]] * 8
    tokens_reach_the_experts()
    vd.get_world_group().barrier()
    vd.destroy_model_parallel()
    vd.initialize_model_parallel(**TWO_EACH)


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(eight: World, name: str) -> None:
    eight.run(has_groups, LAYOUTS[name])


def refused() -> None:
    """What eight ranks cannot share is refused before anything is sent."""
    group = vd.get_world_group()
    for call, words in (
        (lambda: group.reduce_scatter(torch.ones(12), 0), "which 8 ranks cannot share equally"),
        (lambda: group.all_gatherv(torch.ones(1), 0, [1] * 7), "must be 8 integers"),
        (lambda: group.broadcast(torch.ones(1), 8), r"src=8 .* 0\.\.7"),
        (lambda: group.gather(torch.ones(1), 8), r"dst=8 .* 0\.\.7"),
    ):
        with pytest.raises(InvalidArgumentError, match=words):
            call()
    assert group.all_reduce(torch.ones(1)).item() == 8


def test_what_eight_cannot_share_is_refused(eight: World) -> None:
    eight.run(refused)
