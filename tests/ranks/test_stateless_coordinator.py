"""Coordinators apart from torch's world: every method, overlapping, in any order, replacing."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import test_bad_calls
import test_collectives
import test_messages
import torch
import torch.distributed as dist
from rank_harness import World, outcomes_of, run_ranks
from stateless_places import coordinator, grown, held

import vllm_distributed as vd
from vllm_distributed import parallel_state
from vllm_distributed.errors import (
    DistributedError,
    GroupDestroyedError,
    GroupNotInitializedError,
    ParallelSizeError,
    RollCallTimeoutError,
)

Check = Callable[[vd.GroupCoordinator], None]
TWO = {"tensor_model_parallel_size": 2}
FOUR = {"tensor_model_parallel_size": 4}
# Partitions of two and of four ranks: all together, in pairs, alone.
PARTITIONS = {2: [[[0, 1]], [[0], [1]]], 4: [[[0, 1, 2, 3]], [[0, 2], [1, 3]]]}


def leave(*groups: vd.GroupCoordinator) -> None:
    vd.get_world_group().barrier()
    for group in groups:
        group.destroy()


def every_check(partitions: list[list[list[int]]], check: Check) -> None:
    for partition in partitions:
        group = coordinator(partition)
        check(group)
        leave(group)


@pytest.mark.parametrize(("size", "sizes"), [(2, TWO), (4, FOUR)])
@pytest.mark.parametrize(
    "check", test_collectives.CHECKS, ids=lambda check: check.__name__.removeprefix("check_")
)
def test_every_collective(
    world_of: Callable[..., World], size: int, sizes: dict[str, int], check: Check
) -> None:
    world_of(size, **sizes).run(every_check, PARTITIONS[size], check)


def refused() -> None:
    group = coordinator([[0, 1]])
    for name, (call, types, _) in test_bad_calls.BAD_CALLS.items():
        with pytest.raises(DistributedError) as caught:
            call(group)
        assert isinstance(caught.value, types), name
    assert group.all_reduce(torch.ones(3)).tolist() == [2.0] * 3
    leave(group)


def test_bad_calls_are_refused(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(refused)


def facts() -> None:
    world = vd.get_world_group()
    group = coordinator([[0, 1], [2, 3]], "pair")
    assert isinstance(group, vd.GroupCoordinator)
    assert group.unique_name == "pair:0"
    low = [0, 1] if world.rank < 2 else [2, 3]
    assert (group.ranks, group.rank, group.size(), group.world_size) == (low, world.rank, 2, 2)
    assert (group.first_rank, group.last_rank) == (low[0], low[1])
    assert group.next_rank == group.prev_rank == low[1 - group.rank_in_group]
    assert group.rank_in_group == world.rank % 2
    assert (group.device, group.backend) == (torch.device("cpu"), "gloo")
    for source in (0, 1):
        for pg in (group.cpu_group, group.device_group, group.tcp_store_group):
            assert vd.in_the_same_node_as(pg, source) == [True, True]
    assert group.tcp_store_group.all_gather_obj(world.rank) == low
    sibling = group.make_sibling_device_group("second")
    assert (sibling.size(), sibling.rank()) == (2, group.rank_in_group)
    ones = torch.ones(1)
    dist.all_reduce(ones, group=sibling)
    assert ones.item() == 2
    # Its own groups, and those of another coordinator, in place of its own.
    both, third = coordinator([[0, 1, 2, 3]]), coordinator([[0, 1, 2, 3]])
    pairs = [(group, pg) for pg in (group.cpu_group, group.device_group, sibling)]
    for owner, pg in [*pairs, (both, third.cpu_group), (both, world.cpu_group)]:
        for src in range(owner.world_size):
            is_source = owner.rank_in_group == src
            mine = {"a": torch.full((2,), float(world.rank))} if is_source else None
            received = owner.broadcast_tensor_dict(mine, src, group=pg, metadata_group=pg)
            assert received is not None
            assert received["a"].tolist() == [float(owner.ranks[src])] * 2
            values = [world.rank] if is_source else [None]
            assert owner.broadcast_object_list(values, src, group=pg) == [owner.ranks[src]]
    # And the other way round: a group of the world takes a stateless one.
    values = [1] if world.rank == 1 else [None]
    assert world.broadcast_object_list(values, 1, group=third.cpu_group) == [1]
    leave(third)
    leave(group, both)
    for call in (
        lambda: group.all_reduce(torch.ones(1)),
        lambda: group.barrier(),
        lambda: group.cpu_group,
        lambda: group.make_sibling_device_group(),
        lambda: group.tcp_store_group.barrier(),
    ):
        with pytest.raises(GroupDestroyedError, match="destroyed"):
            call()
    again = coordinator([[0, 1, 2, 3]], "pair")
    assert again.unique_name == "pair:0"
    leave(again)


def overlapping() -> None:
    """Many at once over the same ranks, used in turn, ended in another order than they began."""
    world = vd.get_world_group()
    partitions = [
        [[0, 1, 2, 3]],
        [[0, 1], [2, 3]],
        [[0, 2], [1, 3]],
        [[0, 3], [1, 2]],
        [[0], [1, 2, 3]],
        [[0, 1, 2, 3]],
    ]
    groups = [coordinator(partition, "many") for partition in partitions]
    assert [group.unique_name for group in groups] == [f"many:{index}" for index in range(6)]
    while groups:
        for group in groups:
            mine = torch.tensor([float(group.rank)])
            assert group.all_reduce(mine).item() == sum(group.ranks)
            assert group.broadcast_object(group.rank, 0) == group.first_rank
        world.barrier()
        # Different ranks end different groups first: two of them, then all go on with the rest.
        ending = groups[:2]
        for group in ending if world.rank % 2 else reversed(ending):
            group.destroy()
        groups = groups[2:]
    assert world.all_reduce(torch.ones(1)).item() == 4


def test_facts(world_of: Callable[..., World]) -> None:
    world_of(4, **FOUR).run(facts)


def test_overlapping_groups_end_in_any_order(world_of: Callable[..., World]) -> None:
    world_of(4, **FOUR).run(overlapping)


def everything_else() -> None:
    """Handles, queues, experts and capture, with a message queue of the group's own."""
    group = coordinator([[0, 1]], "pair", with_queue=True)
    peer = 1 - group.rank_in_group
    assert group.mq_broadcaster is not None
    for src in (0, 1):
        for value in ({"a": [1, (2,)]}, b"x" * 100_000):
            mine = value if group.rank_in_group == src else None
            assert group.broadcast_object(mine, src) == value
    value = {"a": torch.arange(6.0).reshape(2, 3), "b": 1}
    if group.rank_in_group == 0:
        for handle in group.isend_tensor_dict(value, 1):
            handle.wait()
        group.isend_object("object", 1).wait()
    else:
        received, handles, postprocess = group.irecv_tensor_dict(0)
        for handle in handles:
            handle.wait()
        for step in postprocess:
            step()
        assert torch.equal(received["a"], value["a"])
        assert received["b"] == 1
        assert group.recv_object(0) == "object"
    tokens = torch.full((group.rank_in_group + 1, 2), float(group.rank_in_group))
    hidden, logits = group.dispatch_router_logits(tokens, tokens + 1, sizes=[1, 2])
    assert hidden[:, 0].tolist() == [0.0, 1.0, 1.0]
    assert logits[:, 0].tolist() == [1.0, 2.0, 2.0]
    assert torch.equal(group.combine(hidden), tokens * 2)
    with group.graph_capture() as context:
        assert context.stream is None
        assert group.all_reduce(torch.ones(1)).item() == 2
    queue = group.create_mq_broadcaster(writer_rank=1)
    assert queue.broadcast_object("queued" if group.rank_in_group == 1 else None) == "queued"
    queue.shutdown()
    group.send(torch.ones(1), peer) if peer else group.recv(torch.Size([1]), torch.float32, peer)
    leave(group)


def test_handles_queues_experts_and_capture(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(everything_else)


def without_a_world(rank: int, port: int, size: int) -> None:
    """Through a store that all are connected to: nobody listens, and torch has no world."""
    store = vd.StatelessProcessGroup.create("127.0.0.1", port, rank, size, store_timeout=20)

    def make(partition: list[list[int]]) -> vd.StatelessGroupCoordinator:
        return vd.StatelessGroupCoordinator(
            partition,
            rank,
            "gloo",
            True,
            group_name="dp",
            global_rank=rank,
            global_world_size=size,
            coord_store=store.store,
            timeout=timedelta(seconds=10),
        )

    pairs = [[0, 1], [2, 3]] if size == 4 else [[0], [1]]
    for _ in range(3):
        whole, part = make([list(range(size))]), make(pairs)
        assert whole.all_reduce(torch.tensor([rank])).item() == sum(range(size))
        assert part.all_gather(torch.tensor([rank])).tolist() == part.ranks
        assert whole.tcp_store_group.all_gather_obj(rank) == list(range(size))
        whole.destroy()
        assert part.broadcast_object(rank, part.world_size - 1) == part.last_rank
        part.destroy()
    if rank < 2:  # the others take no part
        two = make([[0, 1]])
        assert two.all_reduce(torch.ones(1)).item() == 2
        two.destroy()
    assert not dist.is_initialized()
    store.barrier()
    store.destroy()


@pytest.mark.parametrize("size", [2, 4])
def test_without_a_world_through_a_store(size: int) -> None:
    run_ranks(size, without_a_world)


def comes_alone(rank: int, port: int, size: int) -> None:
    if rank == 1:
        return
    store = vd.StatelessProcessGroup.create(
        "127.0.0.1", port, 0 if rank == 0 else 1, 2, store_timeout=20
    )
    started = time.monotonic()
    before = held()
    with pytest.raises(RollCallTimeoutError, match=r"global ranks \[0, 1, 2\]") as caught:
        vd.StatelessGroupCoordinator(
            [[0, 1, 2]],
            0,
            "gloo",
            True,
            group_name="dp",
            global_rank=rank,
            global_world_size=3,
            coord_store=store.store,
            timeout=timedelta(seconds=1),
        )
    assert time.monotonic() - started < 10
    assert caught.value.details["missing_global"] == [1]
    del caught
    gc.collect()
    assert grown(before) == (0, 0)
    store.barrier()
    # Those who came make a group of their own.
    group = vd.StatelessGroupCoordinator(
        [[0, 2]],
        0,
        "gloo",
        True,
        group_name="dp",
        global_rank=rank,
        global_world_size=3,
        coord_store=store.store,
    )
    assert group.unique_name == "dp:0"
    assert group.all_reduce(torch.ones(1)).item() == 2
    group.destroy()
    store.barrier()
    store.destroy()


@pytest.mark.timing
def test_missing_members_are_named_and_the_rest_can_go_on() -> None:
    for outcome in outcomes_of(3, comes_alone):
        assert outcome.error is None, outcome.report


def wrong_arguments(rank: int, port: int, size: int) -> None:
    def make(*arguments: Any, **named: Any) -> Any:
        return vd.StatelessGroupCoordinator(*arguments, **named)

    pair: list[list[int]] = [[0, 1]]
    ports = {"group_ports": [[1, 2, 3]]}
    table: list[tuple[tuple[Any, ...], dict[str, Any], type, str]] = [
        ((pair, 0, "gloo", True), {}, ValueError, "group_ports, .* or coord_store"),
        ((pair, 0, "gloo", True), {"group_ports": [1]}, TypeError, "group_ports"),
        ((pair, 0, "gloo", True), {"group_ports": [[]]}, ValueError, "group_ports"),
        ((pair, 0, "gloo", True), {"group_ports": [[1], [2]]}, ValueError, "1 lists"),
        ((pair, 0, "gloo", True), {"group_ports": [[0]]}, ValueError, "port 0"),
        ((pair, 0, "gloo", True), {"group_ports": [[70000]]}, ValueError, "70000"),
        ((pair, 0, "gloo", True), {"coord_store": "store"}, TypeError, "coord_store"),
        ((pair, 0, "gloo", True), {**ports, "host": ""}, ValueError, "host"),
        ((pair, 0, "gloo", True), {**ports, "global_rank": 2}, ValueError, "rank 2 is in none"),
        ((pair, 0, "gloo", True), {**ports, "global_rank": -1}, ValueError, "rank -1"),
        ((pair, 0, "gloo", True), {**ports, "global_world_size": 0}, ValueError, "global_world_si"),
        (([[0, 3]], 0, "gloo", True), {**ports, "global_world_size": 2}, ValueError, "rank 3"),
        (([[1, 0]], 0, "gloo", True), ports, ValueError, "ascending"),
        (([[0, 0]], 0, "gloo", True), ports, ValueError, "two places"),
        (((0, 1), 0, "gloo", True), ports, TypeError, "group_ranks"),
        ((pair, 0, "no", True), ports, ValueError, "'no'"),
        ((pair, 0, "gloo", True), {**ports, "timeout": 1}, TypeError, "timeout"),
    ]

    def alone() -> None:
        group = make([[0], [1]], 0, "gloo", True, group_name="solo")
        assert group.unique_name == "solo:0"
        tensor = torch.ones(2)
        assert group.all_reduce(tensor) is tensor
        assert group.tcp_store_group.all_gather_obj(1) == [1]
        assert group.make_sibling_device_group().size() == group.cpu_group.size() == 1
        group.destroy()

    alone()  # what torch makes once stays
    gc.collect()
    before = held()
    for arguments, named, kind, words in table:
        with pytest.raises(kind, match=words) as caught:
            make(*arguments, **named)
        assert isinstance(caught.value, DistributedError), (arguments, named)
    alone()
    del caught
    gc.collect()
    assert grown(before) == (0, 0)


def test_wrong_arguments() -> None:
    run_ranks(1, wrong_arguments)


def over_and_over() -> tuple[int, int]:
    world = vd.get_world_group()

    def once() -> None:
        first, second = coordinator([[0, 1]], "dp"), coordinator([[0, 1]], "dp")
        assert (first.unique_name, second.unique_name) == ("dp:1", "dp:2")
        assert first.all_reduce(torch.ones(1)).item() == 2
        assert second.broadcast_object(world.rank, 1) == 1
        for group in (first, second) if world.rank else (second, first):
            group.destroy()

    once()
    gc.collect()
    world.barrier()
    before = held()
    for _ in range(10):
        once()
    gc.collect()
    world.barrier()
    return grown(before)


def test_again_and_again_without_growth(world_of: Callable[..., World]) -> None:
    assert world_of(2, **TWO).run(over_and_over) == [(0, 0)] * 2


# Replacement: on a world of its own, whose groups are not what they were afterwards.


@pytest.fixture
def elastic() -> Iterator[World]:
    world = World(4, data_parallel_size=4)
    yield world
    world.stop()


def replace_some() -> None:
    replace = parallel_state._replace_active_groups
    tp, old_dp, old_world = vd.get_tp_group(), vd.get_dp_group(), vd.get_world_group()
    everybody = [[0, 1, 2, 3]]
    world, dp, ep = (coordinator(everybody, name) for name in ("world", "dp", "ep"))
    assert old_dp.all_reduce(torch.ones(1)).item() == 4  # the old ones live meanwhile
    with pytest.raises(TypeError, match="dp must be a GroupCoordinator"):
        replace(world=world, dp="dp", ep=ep, eplb=None, node_count=1)
    assert vd.get_dp_group() is old_dp
    replace(world=world, dp=dp, ep=ep, eplb=None, node_count=3)
    assert (vd.get_world_group(), vd.get_dp_group(), vd.get_ep_group()) == (world, dp, ep)
    assert vd.get_tp_group() is tp
    assert vd.get_node_count() == 3
    for gone in (old_dp, old_world):
        with pytest.raises(GroupDestroyedError):
            gone.barrier()
    with pytest.raises(GroupNotInitializedError):
        vd.get_eplb_group()
    for group in (world, dp, ep):
        assert group.all_reduce(torch.tensor([group.rank])).item() == 6
    tokens = torch.full((1, 2), float(ep.rank))
    assert ep.dispatch_router_logits(tokens, tokens)[0][:, 0].tolist() == [0.0, 1.0, 2.0, 3.0]
    # The messages' own checks, on groups that are stateless now.
    test_messages.objects_from_every_source()
    test_messages.tensor_dicts_from_every_source()
    test_messages.around_the_ring()
    # Two leave; the others go on with a smaller world, and keep their ep group of four.
    world.barrier()
    if world.rank >= 2:
        replace(world=None, dp=None, ep=None, eplb=None, node_count=None)
        with pytest.raises(DistributedError):
            vd.get_world_group()
        vd.cleanup_dist_env_and_memory()
        return
    small_world, small_dp = pair("world"), pair("dp")
    with pytest.raises(ParallelSizeError):
        replace(world=small_world, dp=dp, ep=ep, eplb=None, node_count=1)
    assert vd.get_world_group() is world
    replace(world=small_world, dp=small_dp, ep=ep, eplb=None, node_count=1)
    assert vd.get_ep_group() is ep
    assert vd.get_world_group().all_reduce(torch.ones(1)).item() == 2
    assert vd.get_dp_group().all_gather(torch.tensor([small_dp.rank])).tolist() == [0, 1]
    vd.ensure_model_parallel_initialized(1, 1, data_parallel_size=2)
    vd.get_world_group().barrier()
    vd.cleanup_dist_env_and_memory()
    assert not dist.is_initialized()


def pair(name: str) -> vd.StatelessGroupCoordinator:
    """Ranks 0 and 1 alone, who meet in the store of the group they leave."""
    world = vd.get_world_group()
    assert isinstance(world, vd.StatelessGroupCoordinator)
    return vd.StatelessGroupCoordinator(
        [[0, 1]],
        world.local_rank,
        "gloo",
        True,
        group_name=name,
        global_rank=world.rank,
        global_world_size=2,
        coord_store=world.tcp_store_group.store,
    )


def test_replacing_groups_while_others_live(elastic: World) -> None:
    elastic.run(replace_some)


def test_there_is_nothing_to_replace_without_groups() -> None:
    with pytest.raises(GroupNotInitializedError, match="init_distributed_environment"):
        parallel_state._replace_active_groups(
            world=None, dp=None, ep=None, eplb=None, node_count=None
        )
