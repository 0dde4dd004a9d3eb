"""Group arithmetic, against a slow and obvious model of the same layout."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vllm_distributed.errors import InvalidArgumentError, InvalidRankError, ParallelSizeError
from vllm_distributed.topology import ParallelSizes, Topology, check_partition

SMALL = st.integers(1, 4)


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    tensor = draw(st.integers(1, 6))
    decode = draw(st.sampled_from([size for size in range(1, tensor + 1) if tensor % size == 0]))
    sizes = ParallelSizes(tensor, draw(SMALL), draw(SMALL), draw(SMALL), decode)
    return Topology(sizes.replica_size * draw(st.integers(1, 3)), sizes)


def by_kind(topology: Topology) -> dict[str, tuple[tuple[int, ...], ...]]:
    return {
        "tp": topology.tensor_groups(),
        "dcp": topology.decode_context_groups(),
        "pcp": topology.prefill_context_groups(),
        "pp": topology.pipeline_groups(),
        "dp": topology.data_groups(),
        "ep": topology.expert_groups(),
    }


def model(topology: Topology, free: str) -> set[frozenset[int]]:
    """Ranks numbered by nested loops; a group is what agrees in all but the `free` coordinates."""
    sizes = topology.sizes
    ranges = {
        "e": range(topology.external_data),
        "d": range(sizes.data),
        "p": range(sizes.pipeline),
        "c": range(sizes.prefill_context),
        "t": range(sizes.tensor),
    }
    groups: dict[tuple[int, ...], set[int]] = {}
    for rank, place in enumerate(itertools.product(*ranges.values())):
        fixed = tuple(at for name, at in zip(ranges, place, strict=True) if name not in free)
        groups.setdefault(fixed, set()).add(rank)
    return {frozenset(group) for group in groups.values()}


@given(topologies())
def test_groups_are_the_ranks_that_agree_in_all_other_coordinates(topology: Topology) -> None:
    for kind, free in {"tp": "t", "pcp": "c", "pp": "p", "dp": "d", "ep": "dct"}.items():
        assert {frozenset(group) for group in by_kind(topology)[kind]} == model(topology, free)


@given(topologies())
def test_every_kind_partitions_the_world(topology: Topology) -> None:
    sizes = topology.sizes
    wanted = {
        "tp": sizes.tensor,
        "dcp": sizes.decode_context,
        "pcp": sizes.prefill_context,
        "pp": sizes.pipeline,
        "dp": sizes.data,
        "ep": sizes.data * sizes.prefill_context * sizes.tensor,
    }
    for kind, groups in by_kind(topology).items():
        members = [rank for group in groups for rank in group]
        assert sorted(members) == list(range(topology.world_size))
        assert {len(group) for group in groups} == {wanted[kind]}
        assert all(list(group) == sorted(group) for group in groups)
        assert [group[0] for group in groups] == sorted(group[0] for group in groups)
        last = topology.world_size - 1
        assert last in check_partition([list(group) for group in groups], last, last + 1)


@given(topologies())
def test_decode_context_groups_divide_tensor_groups(topology: Topology) -> None:
    tensor = [set(group) for group in topology.tensor_groups()]
    for group in topology.decode_context_groups():
        assert any(set(group) <= whole for whole in tensor)
        assert list(group) == list(range(group[0], group[0] + len(group)))


@given(topologies(), st.data())
def test_coordinates_number_the_ranks(topology: Topology, data: st.DataObject) -> None:
    rank = data.draw(st.integers(0, topology.world_size - 1))
    _, at_data, at_pipeline, at_prefill, at_tensor = topology.coordinates(rank)
    places = {"dp": at_data, "pp": at_pipeline, "pcp": at_prefill, "tp": at_tensor}
    for kind, place in places.items():
        group = next(group for group in by_kind(topology)[kind] if rank in group)
        assert group.index(rank) == place


def test_the_example_of_vllms_documentation() -> None:
    topology = Topology(8, ParallelSizes(tensor=2, pipeline=4))
    assert topology.tensor_groups() == ((0, 1), (2, 3), (4, 5), (6, 7))
    assert topology.pipeline_groups() == ((0, 2, 4, 6), (1, 3, 5, 7))


def test_all_five_dimensions_at_once() -> None:
    topology = Topology(64, ParallelSizes(4, 2, 2, 2, 2))
    assert topology.external_data == 2
    assert topology.tensor_groups()[9] == (36, 37, 38, 39)
    assert topology.decode_context_groups()[1] == (2, 3)
    assert topology.prefill_context_groups()[0] == (0, 4)
    assert topology.pipeline_groups()[0] == (0, 8)
    assert topology.data_groups()[0] == (0, 16)
    assert topology.expert_groups()[0] == (*range(8), *range(16, 24))
    assert topology.coordinates(63) == (1, 1, 1, 1, 3)


@pytest.mark.parametrize("field", list(ParallelSizes().as_dict()))
@pytest.mark.parametrize("value", [0, -1, 1.0, "2", None, True])
def test_sizes_are_integers_of_at_least_one(field: str, value: object) -> None:
    with pytest.raises(ParallelSizeError) as caught:
        ParallelSizes(**{field: value})  # type: ignore[arg-type]
    assert f"{field} parallel size" in str(caught.value)
    assert repr(value) in str(caught.value)
    assert caught.value.details["field"] == field


def test_decode_context_divides_tensor() -> None:
    with pytest.raises(ParallelSizeError, match=r"4 does not divide .* 6.*\[1, 2, 3, 6\]"):
        ParallelSizes(tensor=6, decode_context=4)


@pytest.mark.parametrize("world_size", [1, 3, 6, 12, 7])
def test_the_product_divides_the_world(world_size: int) -> None:
    with pytest.raises(ParallelSizeError) as caught:
        Topology(world_size, ParallelSizes(tensor=2, pipeline=4))
    for word in (f"world of {world_size} ranks", "tensor=2", "pipeline=4", "= 8 ranks"):
        assert word in str(caught.value)
    assert all(world_size % choice == 0 for choice in caught.value.details["choices"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("world_size", [0, -4, 2.0, True, None])
def test_the_world_has_a_size(world_size: object) -> None:
    with pytest.raises(ParallelSizeError, match="world size must be"):
        Topology(world_size, ParallelSizes())  # type: ignore[arg-type]


def test_coordinates_of_no_rank() -> None:
    with pytest.raises(InvalidRankError, match="rank 2 is not in"):
        Topology(2, ParallelSizes()).coordinates(2)


def test_topologies_do_not_change() -> None:
    with pytest.raises(AttributeError):
        ParallelSizes().tensor = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("partition", "words"),
    [
        ([[1]], "rank 0 is in none"),
        ([], "rank 0 is in none"),
        ([[0, 1], [1]], "rank 1 is in two places"),
        ([[0, 4]], "rank 4 .* world of 4"),
        ([[-1, 0]], "rank -1 "),
        ([[0], []], "group 1 .* is empty"),
        ([[1, 0]], "not in ascending order"),
        ([[0, 1.0]], "1.0"),
        ([[0, True]], "True"),
    ],
)
def test_bad_partitions(partition: list[list[int]], words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        check_partition(partition, rank=0, world_size=4)


def test_sizes_in_words_name_every_dimension() -> None:
    words = ParallelSizes(tensor=4, pipeline=2, decode_context=2).describe()
    assert words == "tensor=4, pipeline=2, data=1, prefill_context=1, decode_context=2"
