"""Tokens that go to experts on ranks of which some die, are late, or come anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
from faulty_experts import HIDDEN, join, layer, matrix, random_run
from rank_harness import World, outcomes_of, run_ranks

import vllm_distributed as vd
from vllm_distributed.communicators.base import All2AllManagerBase
from vllm_distributed.communicators.fault_tolerant import FaultTolerantAll2AllManager
from vllm_distributed.errors import CollectiveError, DistributedError, ExpertLostError


@pytest.mark.parametrize("seed", [1, 3])
def test_random_placements_deaths_and_batches(seed: int) -> None:
    """Against a model of one rank with all experts; every rank that is left finds the same."""
    found = outcomes_of(4, random_run, seed, 25)
    left = [each for each in found if each.error != "ProcessDied"]
    assert left
    assert all(each.error is None for each in left), left
    assert all(each.value == left[0].value for each in left)
    assert left[0].value["deaths"] == 4 - len(left)


def one_dies(rank: int, port: int, size: int) -> tuple[list[float], str]:
    """Rank 0 dies, which every other group would miss; the rest goes on at once."""
    manager = FaultTolerantAll2AllManager(join(rank, port, size).cpu_group)
    placement = [0, 1, 2, 0, 1, 3]  # two on each: expert 0 and 1 have a replica, 2 and 3 none
    manager.set_placement(torch.tensor(placement))
    tokens = torch.full((3, HIDDEN), float(rank + 1)).double()
    slots = torch.tensor([[0, 3], [1, 4], [3, 4]])
    times = []
    for step in range(6):
        begun = time.monotonic()
        found = layer(manager, placement, tokens, slots, "before" if (rank, step) == (0, 2) else "")
        times.append(time.monotonic() - begun)
        expected = [2 * (tokens[0] @ matrix(0)), 2 * (tokens[1] @ matrix(1))]
        assert torch.equal(found[0], expected[0])
        assert torch.equal(found[1], expected[1])
        assert torch.equal(found[2], tokens[2] @ matrix(0) + tokens[2] @ matrix(1))
    assert manager.query_active_mask().dtype == torch.int32
    assert manager.query_active_mask().tolist() == [1, 0, 0]
    assert manager.query_fault().dtype == torch.bool
    assert manager.query_fault()
    with pytest.raises(CollectiveError, match="rank 0 is gone"):
        vd.get_ep_group().all_reduce(torch.ones(1))
    placement[1] = 2  # what only rank 0 had
    manager.set_placement(torch.tensor([2, 2, 1, 0, 1, 3]))
    with pytest.raises(ExpertLostError, match="expert 2 was on rank 0 alone") as caught:
        manager.dispatch(tokens, torch.ones(3, 1), torch.tensor([[0], [3], [4]]))
    assert caught.value.details == {"ranks": [0], "expert": 2}
    manager.destroy()
    return times, str(caught.value)


def test_a_death_is_found_at_once_and_the_same_is_said_everywhere() -> None:
    found = outcomes_of(3, one_dies)
    assert found[0].error == "ProcessDied"
    assert [each.error for each in found[1:]] == [None, None], found
    for each in found[1:]:
        times, said = each.value
        assert times[2] < 5  # not the timeout, 20 s
        assert said == found[1].value[1]


def one_is_late(rank: int, port: int, size: int, held: Any) -> tuple[list[int], str]:
    group = join(rank, port, size)
    manager = FaultTolerantAll2AllManager(group.cpu_group, timeout=timedelta(seconds=0.3))
    tokens, slots = torch.ones(1, HIDDEN).double(), torch.tensor([[0]])
    layer(manager, [0, 0], tokens, slots)
    if rank == 1:
        time.sleep(1.5)  # what it is late by
    said = ""
    try:
        layer(manager, [0, 0], tokens, slots)
    except CollectiveError as error:
        said = str(error)
    mask = manager.query_active_mask().tolist()
    group.barrier()
    manager.destroy()
    return mask, said


def test_one_that_is_late_is_masked_and_told_so() -> None:
    in_time, late = run_ranks(2, one_is_late, None)
    assert in_time == ([0, 1], "")
    assert late[0] == [0, 1]
    assert "have left rank 1 out, which was late" in late[1]


def among_others() -> None:
    """With nobody, and then with others: a second exchange is staged and gone over to."""
    group = vd.get_tp_group()
    manager = FaultTolerantAll2AllManager(group.cpu_group, max_bytes=10_000)
    assert isinstance(manager, All2AllManagerBase)
    assert manager.support_fault_tolerance
    tokens, slots = torch.ones(2, HIDDEN).double(), torch.tensor([[0], [1]])
    with manager.mask_remote_ranks():
        sent, _, ids = manager.dispatch(tokens, torch.ones(2, 1), slots)
        assert torch.equal(sent, tokens)
        assert torch.equal(ids, slots)
        assert torch.equal(manager.combine(sent), tokens)
    group.barrier()
    manager.stage_ep_size(group.cpu_group)
    before = manager.dispatch_router_logits(tokens, tokens, extra_tensors=[tokens.int()])
    assert [len(before), len(before[0]), len(before[2][0])] == [3, 2 * group.world_size, 4]
    assert torch.equal(manager.combine(before[0]), tokens * group.world_size)
    manager.commit_ep_size()
    manager.commit_ep_size()
    sent, _, _ = manager.dispatch(tokens.half(), torch.ones(2, 1), slots)
    assert torch.equal(manager.combine(sent), (tokens * group.world_size).half())
    output = torch.empty(2, HIDDEN).double()
    sent, _, _ = manager.dispatch(tokens, torch.ones(2, 1), slots)
    assert manager.combine_into_output(sent, output) is output
    manager.clean_buffers()
    manager.destroy()


def test_with_nobody_and_with_others(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(among_others)


def wrong(name: str) -> str:
    group = vd.get_tp_group()
    manager = FaultTolerantAll2AllManager(group.cpu_group, max_bytes=10_000)
    tokens, ids = torch.ones(2, HIDDEN), torch.tensor([[0], [1]])
    weights = torch.ones(2, 1)
    first = group.is_first_rank

    def combine_other_rows() -> None:
        sent, _, _ = manager.dispatch(tokens, weights, ids)
        manager.combine(sent[1:])

    def outside() -> None:
        manager.set_placement(torch.tensor([0, 1]))
        manager.dispatch(tokens, weights, ids + 5)

    calls: dict[str, Callable[[], object]] = {
        "rows": lambda: manager.dispatch(tokens, weights[:1], ids),
        "too much": lambda: manager.dispatch(
            torch.ones(4000 if first else 2, HIDDEN),
            torch.ones(4000 if first else 2, 1),
            torch.zeros(4000 if first else 2, 1),
        ),
        "other dtypes": lambda: manager.dispatch(tokens if first else tokens.half(), weights, ids),
        "other calls": lambda: (
            manager.dispatch(tokens, weights, ids)
            if first
            else manager.dispatch_router_logits(tokens, weights)
        ),
        "combine first": lambda: manager.combine(tokens),
        "combine rows": combine_other_rows,
        "placement": lambda: manager.set_placement(torch.tensor([0, 1, 2])),
        "placement of floats": lambda: manager.set_placement(torch.tensor([0.5, 1.0])),
        "no group": manager.stage_ep_size,
        "max_bytes": lambda: FaultTolerantAll2AllManager(group.cpu_group, max_bytes=0),
        "device": lambda: manager.dispatch(tokens.to("meta"), weights, ids),
    }
    try:
        calls[name]()
    except DistributedError as error:
        return str(error)
    finally:
        manager.destroy()
    return "nothing"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rows", "topk_weights has the shape [1, 1]: every tensor has a row for each token"),
        ("too much", "rank 0 brings 112000 bytes, and there is room for 12288"),
        ("other dtypes", "brings other tensors than rank"),
        ("other calls", "brings other tensors than rank"),
        ("combine first", "call dispatch first"),
        ("combine rows", "hidden_states has 3 rows, and the ranks have 4 tokens"),
        ("placement", "has 3 slots, which do not divide among 2 ranks"),
        ("placement of floats", "must be integers of the shape [slots]"),
        ("no group", "there is no standby expert parallel group"),
        ("max_bytes", "max_bytes must be a number of bytes of at least 1, got 0"),
        ("device", "hidden_states is on meta: this exchange is for the CPU"),
    ],
)
def test_wrong_calls_are_named_on_every_rank(
    world_of: Callable[..., World], name: str, says: str
) -> None:
    for found in world_of(2, tensor_model_parallel_size=2).run(wrong, name):
        assert says in found
