"""Slices of a world, what its ranks get, and what is made of what they return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from vllm_bridge._generated import pool_pb2
from vllm_bridge.client._worlds import layout
from vllm_bridge.client._worlds.dispatch import arguments, check, collected
from vllm_bridge.client._worlds.outcomes import Outcome, Outcomes
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.world_sizes import WorldSizes
from vllm_distributed.topology import ParallelSizes, Topology

WORLD = pool_pb2.World(
    world_id="w",
    tensor_parallel_size=2,
    pipeline_parallel_size=3,
    data_parallel_size=2,
    prefill_context_parallel_size=1,
)
ALL = range(12)


@pytest.mark.parametrize(
    ("wanted", "ranks"),
    [
        ({"tp": 0}, [0, 2, 4, 6, 8, 10]),
        ({"pp": -1}, [4, 5, 10, 11]),
        ({"pp": -1, "dp": 0}, [4, 5]),
        ({"dp": range(2), "tp": 1, "pp": range(1, 3)}, [3, 5, 9, 11]),
        ({"pp": range(-2, 0), "dp": 1}, [8, 9, 10, 11]),
        ({"pcp": 0, "tp": None}, list(ALL)),
    ],
)
def test_a_slice_has_the_ranks_of_its_coordinates(wanted: dict[str, Any], ranks: list[int]) -> None:
    assert list(layout.sliced(WORLD, ALL, wanted)) == ranks


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"pp": 3}, "pp: 3 is out of range: the axis has 3 coordinates, 0 to 2"),
        ({"pcp": -2}, "pcp: -2 is out of range: the axis has 1 coordinate, 0 to 0"),
        ({"dp": range(3)}, "dp: 2 is out of range"),
        ({"dp": range(10**30)}, "dp: 999999999999999999999999999999 is out of range"),
        ({"pp": range(0, 3, 2)}, "step of 1"),
        ({"pp": range(0)}, "at least one number"),
        ({"pp": range(-1, 2)}, "the smaller coordinate comes first"),
        ({"tp": "0"}, "tp is '0'; it must be an int, or a range"),
        ({"tp": True}, "tp is True"),
        ({}, "needs a coordinate"),
    ],
)
def test_a_coordinate_that_is_none_is_refused(wanted: dict[str, Any], said: str) -> None:
    with pytest.raises(BridgeError) as caught:
        layout.sliced(WORLD, ALL, wanted)
    assert said in caught.value.message
    assert (caught.value.category, caught.value.reason) == (Category.VALIDATION, "invalid_argument")


def test_a_slice_of_a_slice_may_be_empty() -> None:
    stage = layout.sliced(WORLD, ALL, {"pp": 0})
    with pytest.raises(BridgeError, match="no rank of w is at pp=1"):
        layout.sliced(WORLD, stage, {"pp": 1})


def test_ranks_stand_where_the_topology_has_them() -> None:
    sizes = ParallelSizes(tensor=2, pipeline=3, data=2)
    topology = Topology(world_size=12, sizes=sizes)
    for rank in ALL:
        at = layout.coordinates(layout.sizes(WORLD), rank)
        assert (0, *at.values()) == topology.coordinates(rank)


@pytest.mark.parametrize("decode", [1, 2])
def test_groups_are_those_of_the_topology(decode: int) -> None:
    sizes = WorldSizes(4, 3, 2, 2, decode)
    topology = Topology(48, ParallelSizes(4, 3, 2, 2, decode))
    expected = {
        "dp": topology.data_groups(),
        "pp": topology.pipeline_groups(),
        "pcp": topology.prefill_context_groups(),
        "tp": topology.tensor_groups(),
        "dcp": topology.decode_context_groups() if decode > 1 else (),
        "ep": topology.expert_groups(),
    }
    for dimension, groups in expected.items():
        found = [ranks for name, ranks in sizes.groups() if name == dimension]
        assert found == list(groups), dimension
        for ranks in found:
            assert [sizes.coordinates(rank)[dimension] for rank in ranks] == [*range(len(ranks))]
    assert WorldSizes().groups() == ()


def test_each_replica_gets_its_part() -> None:
    given = arguments(WORLD, ALL, [torch.arange(8).reshape(2, 4), [1, 2], "x"], ("scatter", 1))
    for rank in ALL:
        tensor, items, text = given[rank]
        assert isinstance(tensor, torch.Tensor)
        assert tensor.tolist() == ([[0, 1], [4, 5]] if rank < 6 else [[2, 3], [6, 7]])
        assert (items, text) == ([1] if rank < 6 else [2], "x")
    assert arguments(WORLD, [0, 7], [], ("per_rank", lambda rank: [rank])) == {0: [0], 7: [7]}


@pytest.mark.parametrize(
    ("args", "dispatch", "said"),
    [
        ([torch.ones(3, 2)], ("scatter", 0), "dimension 0 of a tensor of shape [3, 2] is 3, which"),
        ([torch.ones(2)], ("scatter", 1), "has no dimension 1"),
        ([[1, 2, 3]], ("scatter", 0), "2 replicas do not divide a list of 3"),
        ([1], ("per_rank", lambda rank: [rank]), "gives all positional arguments"),
        ([], ("per_rank", lambda rank: "ab"), "gave 'ab' for rank 0, no list"),
    ],
)
def test_arguments_that_cannot_be_dealt_out(args: list[Any], dispatch: Any, said: str) -> None:
    with pytest.raises(BridgeError) as caught:
        arguments(WORLD, ALL, args, dispatch)
    assert said in caught.value.message
    assert caught.value.reason == "invalid_argument"


@pytest.mark.parametrize(
    ("dispatch", "collect"),
    [
        ("some", "list"),
        (("scatter", "0"), "list"),
        (("per_rank", 3), "list"),
        (("scatter", True), "list"),
        ("all", "concat"),
        ("all", ("concat",)),
        ("all", None),
    ],
)
def test_a_bad_option_is_named(dispatch: Any, collect: Any) -> None:
    with pytest.raises(BridgeError, match=r"World\.call: (dispatch|collect) is .*; it must be"):
        check(dispatch, collect)


def test_what_is_made_of_the_results() -> None:
    values = {rank: [rank] for rank in ALL}
    assert collected(WORLD, values, "list") == [[rank] for rank in ALL]
    assert collected(WORLD, values, "first") == [0]
    assert collected(WORLD, values, "one_per_replica") == [[4], [10]]
    assert collected(WORLD, values, ("concat", 0)) == [4, 10]
    tensors = {rank: torch.full((1, 2), rank) for rank in ALL}
    assert collected(WORLD, tensors, ("concat", -1)).tolist() == [[4, 4, 10, 10]]
    same = {rank: {"a": [torch.tensor(float("nan")), float("nan")]} for rank in ALL}
    assert collected(WORLD, same, "same") is same[0]


def test_results_that_differ_are_named() -> None:
    values = {0: torch.ones(2), 1: torch.ones(2), 2: torch.ones(2, dtype=torch.float64), 3: 1}
    with pytest.raises(BridgeError, match="ranks 2, 3 returned something else than rank 0") as one:
        collected(WORLD, values, "same")
    assert (one.value.reason, one.value.rank) == ("results_differ", 2)
    assert one.value.details["ranks"] == [2, 3]


@pytest.mark.parametrize(
    "values",
    [
        [1, 2],
        [[1], 2],
        [torch.ones(1), [1]],
        [torch.ones(2, 1), torch.ones(2, 2)],
        [torch.ones(1), torch.ones(1, dtype=torch.float64)],
    ],
)
def test_results_that_cannot_be_joined(values: Sequence[Any]) -> None:
    given = {rank: values[rank // 6] for rank in ALL}
    with pytest.raises(BridgeError) as caught:
        collected(WORLD, given, ("concat", 0))
    assert caught.value.reason == "cannot_collect"


def test_one_error_says_what_became_of_all() -> None:
    outcomes = Outcomes([4, 5, 6, 7, 8])
    gone = BridgeError(Category.WORKER, "peer_died", "gone")
    unsent = BridgeError(Category.POOL, "run_overlap", "early", details={"ran": False})
    outcomes.add(4, Outcome(error=gone))
    outcomes.add(6, Outcome(error=unsent))
    outcomes.add(5, Outcome(1))
    outcomes.unsent.add(8)
    with pytest.raises(BridgeError) as caught:
        outcomes.values()
    assert caught.value is unsent
    assert caught.value.rank == 6
    said = {4: "error", 5: "ok", 6: "not_reached", 7: "cancelled", 8: "not_reached"}
    assert caught.value.details["outcomes"] == said
    assert caught.value.details["errors"] == {4: "gone", 6: "early"}
