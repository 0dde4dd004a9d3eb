"""Groups that grow and shrink while their ranks live, and stay what they were where one dies."""

from __future__ import annotations

from typing import Any

import elastic_runs as run
import pytest
from rank_harness import Ranks, listen

from vllm_distributed.elastic_ep import ElasticEPScalingState, create_standby_groups
from vllm_distributed.elastic_ep.standby_state import pop_standby_groups
from vllm_distributed.errors import (
    EnvironmentConflictError,
    InvalidArgumentError,
    InvalidTypeError,
)
from vllm_distributed.topology import ParallelSizes


def check(ranks: Ranks, size: int) -> None:
    """The groups of a world of this size, and that they work."""
    for rank, found in enumerate(ranks.run(run.sums, size)[:size]):
        everyone = list(range(size))
        assert found == {
            "world": everyone,
            "tp": [rank],
            "pp": [rank],
            "dp": everyone,
            "ep": everyone,
        }


def change(ranks: Ranks, old: int, new: int, *, commits: bool = True, eplb: bool = False) -> None:
    port = ranks.run(listen)[0]
    said = ranks.run(run.prepare, port, old, new, 20.0, eplb)
    assert set(said) <= {"", None}, said
    if not commits:
        ranks.run(run.abort)
        return
    said = ranks.run(run.commit)
    assert said == [""] * max(old, new) + [None] * (len(said) - max(old, new)), said
    alone = ranks.run(run.is_alone)
    assert alone == [rank >= new for rank in range(len(alone))]


def begun(ranks: Ranks, size: int, seconds: float = 20.0, eplb: bool = False) -> None:
    port = ranks.run(listen)[0]
    ranks.run(run.begin, port, size, seconds, eplb)
    check(ranks, size)


def test_they_grow_and_shrink_and_no_process_ends() -> None:
    with Ranks(4) as ranks:
        begun(ranks, 2, eplb=True)
        change(ranks, 2, 4, eplb=True)
        check(ranks, 4)
        change(ranks, 4, 2, eplb=True)
        check(ranks, 2)
        change(ranks, 2, 3, commits=False, eplb=True)
        check(ranks, 2)
        change(ranks, 2, 4, eplb=True)
        check(ranks, 4)


@pytest.mark.parametrize("seed", [0])
def test_random_changes(seed: int) -> None:
    random_changes(seed, 4)


def random_changes(seed: int, count: int) -> None:
    """Against a model, which is a number."""
    with Ranks(4) as ranks:
        size = 2
        begun(ranks, size)
        for new, commits in run.draws(seed, count):
            if new != size:
                change(ranks, size, new, commits=commits)
                size = new if commits else size
            check(ranks, size)


def test_one_that_does_not_come_is_named_and_nothing_has_changed() -> None:
    with Ranks(3) as ranks:
        begun(ranks, 2)
        port = ranks.run(listen)[0]
        said = ranks.run(run.prepare, port, 2, 4, 1.0, False)  # of four, three come
        assert all("rank 3" in each or "ranks 3" in each or "Rendezvous" in each for each in said)
        assert any("3" in each for each in said)
        check(ranks, 2)
        change(ranks, 2, 3)
        check(ranks, 3)


@pytest.mark.parametrize(("old", "new"), [(2, 4), (3, 2)], ids=["new rank", "rank that goes"])
def test_one_that_dies_before_the_switch_is_named_and_the_groups_are_as_they_were(
    old: int, new: int
) -> None:
    dies = max(old, new) - 1
    with Ranks(max(old, new)) as ranks:
        begun(ranks, old, 3.0)
        port = ranks.run(listen)[0]
        assert set(ranks.run(run.prepare, port, old, new, 3.0, False)) == {""}
        outcomes: list[Any] = ranks.call(run.commit, (dies,), deadline_s=60, with_place=True)
        assert outcomes[dies].error == "ProcessDied"
        for outcome in outcomes[:dies]:
            assert outcome.error is None, outcome
            assert outcome.value.startswith("RollCall"), outcome.value
            assert f"{dies}" in outcome.value


def misuse(rank: int, _p: int, _c: int) -> None:
    if rank != 0:
        return
    sizes = ParallelSizes(data=2)
    wrong: list[tuple[Any, str]] = [
        (lambda: create_standby_groups(0, 2, "127.0.0.1", 1), "new_dp_size must be at least 1"),
        (
            lambda: create_standby_groups(2, 1, "127.0.0.1", 1, rank=1, sizes=sizes),
            "rank 1 is not one of",
        ),
        (lambda: create_standby_groups(2, 2, "127.0.0.1", "1"), "coord_store_port must be an int"),
        (lambda: ElasticEPScalingState(0, "127.0.0.1", 1), "must be an integer of at least 1"),
        (lambda: ElasticEPScalingState(3, "127.0.0.1", 1, worker_type="new"), "give rank"),
        (
            lambda: ElasticEPScalingState(3, "127.0.0.1", 1, worker_type="removing"),
            "does not go with scale_type='scale_up'",
        ),
        (lambda: ElasticEPScalingState(3, "127.0.0.1", 1).commit(), "commit comes after prepare"),
    ]
    for call, says in wrong:
        with pytest.raises(
            (InvalidArgumentError, InvalidTypeError, EnvironmentConflictError)
        ) as caught:
            call()
        assert says in str(caught.value)
    state = ElasticEPScalingState(3, "127.0.0.1", 1)
    state.abort()
    assert repr(state) == "<ElasticEPScalingState scale_up to 3, existing, PREPARE>"
    assert pop_standby_groups() == {
        "world": None,
        "dp": None,
        "ep": None,
        "eplb": None,
        "node_count": None,
    }


def test_wrong_calls() -> None:
    with pytest.raises(InvalidArgumentError, match="this one has none"):
        ElasticEPScalingState(2, "127.0.0.1", 1)
    with pytest.raises(InvalidArgumentError, match="give rank, and sizes"):
        create_standby_groups(2, 2, "127.0.0.1", 1)
    with Ranks(2) as ranks:
        begun(ranks, 2)
        ranks.run(misuse)
        check(ranks, 2)


def popped(rank: int, _p: int, _c: int) -> None:
    import vllm_distributed.parallel_state as ps

    run.changing.pop()
    ps._replace_active_groups(**pop_standby_groups())


def test_popped_groups_are_what_replaces_the_current_ones() -> None:
    """As vLLM's executor does it."""
    with Ranks(2) as ranks:
        begun(ranks, 1)
        port = ranks.run(listen)[0]
        assert ranks.run(run.prepare, port, 1, 2, 20.0, False) == ["", ""]
        ranks.run(run.commit)  # the new rank has no groups to replace
        check(ranks, 2)
        port = ranks.run(listen)[0]
        assert ranks.run(run.prepare, port, 2, 2, 20.0, False) == ["", ""]
        ranks.run(popped)
        check(ranks, 2)
