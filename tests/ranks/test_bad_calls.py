"""Bad arguments: refused on the rank that passes them, with the values, before anything is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from rank_harness import World

import vllm_distributed as vd
from vllm_distributed.errors import DistributedError, GroupDestroyedError

Group = vd.GroupCoordinator


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(*shape)


# name -> (call, types it must be an instance of, words in the message)
BAD_CALLS: dict[str, tuple[Callable[[Group], Any], tuple[type, ...], list[str]]] = {
    "broadcast src": (
        lambda g: g.broadcast(ones(2), 2),
        (AssertionError, ValueError),
        ["src=2", "0..1", "world:0"],
    ),
    "broadcast negative src": (
        lambda g: g.broadcast(ones(2), -1),
        (AssertionError, ValueError),
        ["src=-1", "0..1"],
    ),
    "broadcast src type": (lambda g: g.broadcast(ones(2), "0"), (TypeError,), ["'0'"]),
    "broadcast_object src": (lambda g: g.broadcast_object(1, -1), (ValueError,), ["src=-1"]),
    "broadcast_object_list": (lambda g: g.broadcast_object_list([1], 9), (ValueError,), ["src=9"]),
    "broadcast_object_list type": (
        lambda g: g.broadcast_object_list((1,)),
        (TypeError,),
        ["tuple"],
    ),
    "broadcast_tensor_dict src": (
        lambda g: g.broadcast_tensor_dict({}, -2),
        (ValueError,),
        ["src=-2"],
    ),
    "broadcast_tensor_dict type": (
        lambda g: g.broadcast_tensor_dict([ones(1)], g.rank_in_group),
        (TypeError, AssertionError),
        ["dict", "list"],
    ),
    "broadcast_tensor_dict sparse": (
        lambda g: g.broadcast_tensor_dict({"a": ones(2, 2).to_sparse()}, g.rank_in_group),
        (TypeError,),
        ["sparse"],
    ),
    "gather dst": (lambda g: g.gather(ones(2), 2), (ValueError, AssertionError), ["dst=2"]),
    "gather negative dst": (lambda g: g.gather(ones(2), -1), (ValueError,), ["dst=-1"]),
    "gather dim": (lambda g: g.gather(ones(2, 3), 0, 2), (ValueError,), ["dim=2", "[2, 3]"]),
    "all_gather dim": (
        lambda g: g.all_gather(ones(2, 3), 2),
        (ValueError, AssertionError),
        ["dim=2", "[2, 3]", "-2..1"],
    ),
    "all_gather negative dim": (lambda g: g.all_gather(ones(2), -2), (ValueError,), ["dim=-2"]),
    "all_gather list": (lambda g: g.all_gather([ones(2)]), (TypeError,), ["list"]),
    "all_gatherv sizes": (
        lambda g: g.all_gatherv(ones(2), 0, [2]),
        (ValueError, AssertionError),
        ["[2]", "2 integers"],
    ),
    "all_gatherv own size": (
        lambda g: g.all_gatherv(ones(2), 0, [3, 3]),
        (ValueError,),
        ["[3, 3]", "extent along the dim is 2"],
    ),
    "all_gatherv negative": (
        lambda g: g.all_gatherv(ones(2), 0, [2, -2]),
        (ValueError,),
        ["none negative"],
    ),
    "reduce_scatter dim": (lambda g: g.reduce_scatter(ones(2), 1), (ValueError,), ["dim=1"]),
    "reduce_scatter divides": (
        lambda g: g.reduce_scatter(ones(2, 3)),
        (ValueError, AssertionError),
        ["size 3", "2 ranks"],
    ),
    "reduce_scatterv sum": (
        lambda g: g.reduce_scatterv(ones(4), 0, [1, 2]),
        (ValueError,),
        ["their sum is 3", "4"],
    ),
    "all_reduce type": (lambda g: g.all_reduce([1.0]), (TypeError,), ["list"]),
    "all_reduce sparse": (
        lambda g: g.all_reduce(ones(2, 2).to_sparse()),
        (TypeError,),
        ["to_dense"],
    ),
    "all_reduce meta": (
        lambda g: g.all_reduce(torch.ones(2, device="meta")),
        (TypeError,),
        ["meta"],
    ),
    "send to self": (
        lambda g: g.send(ones(2), g.rank_in_group),
        (ValueError, AssertionError),
        ["itself"],
    ),
    "send dst": (lambda g: g.send(ones(2), 2), (ValueError,), ["dst=2"]),
    "recv from self": (
        lambda g: g.recv(torch.Size([2]), torch.float32, g.rank_in_group),
        (ValueError,),
        ["itself"],
    ),
    "recv src": (lambda g: g.recv(torch.Size([2]), torch.float32, -1), (ValueError,), ["src=-1"]),
    "send_object to self": (
        lambda g: g.send_object(1, g.rank_in_group),
        (ValueError, AssertionError),
        ["itself"],
    ),
    "send_object dst": (lambda g: g.send_object(1, -1), (ValueError,), ["dst=-1"]),
    "recv_object from self": (
        lambda g: g.recv_object(g.rank_in_group),
        (ValueError, AssertionError),
        ["itself"],
    ),
    "send_tensor_dict to self": (
        lambda g: g.send_tensor_dict({}, g.rank_in_group),
        (ValueError,),
        ["itself"],
    ),
    "send_tensor_dict type": (lambda g: g.send_tensor_dict(ones(1)), (TypeError,), ["Tensor"]),
    "send_tensor_dict sparse": (
        lambda g: g.send_tensor_dict({"a": ones(2, 2).to_sparse()}),
        (TypeError,),
        ["sparse"],
    ),
    "recv_tensor_dict src": (lambda g: g.recv_tensor_dict(5), (ValueError,), ["src=5"]),
}


def refused_everywhere(name: str) -> None:
    call, types, words = BAD_CALLS[name]
    group = vd.get_world_group()
    with pytest.raises(DistributedError) as caught:
        call(group)
    for kind in types:
        assert isinstance(caught.value, kind)
    for word in words:
        assert word in str(caught.value)
    # The group is where it was.
    assert group.all_reduce(ones(3)).tolist() == [2.0] * 3
    assert group.broadcast_object(group.rank) == 0


@pytest.mark.parametrize("name", BAD_CALLS)
def test_refused_before_anything_is_sent(world_of: Callable[..., World], name: str) -> None:
    world_of(2, tensor_model_parallel_size=2).run(refused_everywhere, name)


def alone() -> list[str]:
    """What needs a second rank is an error on a group of one."""
    group = vd.get_tp_group()
    reasons = []
    for call in (
        lambda: group.send(ones(1)),
        lambda: group.recv(torch.Size([1]), torch.float32),
        lambda: group.send_object(1, 0),
        lambda: group.recv_object(0),
        lambda: group.send_tensor_dict({}, 0),
        lambda: group.recv_tensor_dict(0),
    ):
        with pytest.raises(DistributedError) as caught:
            call()
        reasons.append(caught.value.reason)
    assert group.send_tensor_dict({"a": 1}) == {"a": 1}
    assert group.recv_tensor_dict() is None
    return reasons


def test_a_group_of_one_has_nobody_to_send_to(world_of: Callable[..., World]) -> None:
    assert world_of(1).run(alone) == [["invalid_rank"] * 6]


PARTITIONS: dict[str, tuple[list[list[int]], str]] = {
    "in none": ([[1]], r"rank 0 is in none of the groups \[\[1\]\]"),
    "in two": ([[0, 1], [0]], "rank 0 is in two places"),
    "twice in one": ([[0, 0, 1]], "rank 0 is in two places"),
    "not in the world": ([[0, 1, 2]], "rank 2 .* world of 2 ranks"),
    "negative": ([[0, -1], [1]], "rank -1"),
    "empty": ([[0, 1], []], "group 1 .* is empty"),
    "not ascending": ([[1, 0]], r"ascending order; use \[0, 1\]"),
    "no integers": ([["0", 1]], "'0'"),
}


def bad_partition(name: str) -> None:
    partition, words = PARTITIONS[name]
    if vd.get_world_group().rank == 0:
        with pytest.raises(ValueError, match=words):
            vd.init_model_parallel_group(partition, 0, "gloo", group_name="bad")
        with pytest.raises(ValueError, match=words):
            vd.GroupCoordinator(partition, 0, "gloo", True)
    group = vd.init_model_parallel_group([[0, 1]], 0, "gloo", group_name="good")
    assert group.unique_name == "good:0"
    assert group.all_reduce(ones(1)).item() == 2
    group.destroy()


@pytest.mark.parametrize("name", PARTITIONS)
def test_bad_partitions_name_the_rank(world_of: Callable[..., World], name: str) -> None:
    world_of(2, tensor_model_parallel_size=2).run(bad_partition, name)


def destroyed() -> None:
    group = vd.init_model_parallel_group([[0], [1]], 0, "gloo", group_name="gone")
    pair = vd.init_model_parallel_group([[0, 1]], 0, "gloo", group_name="gone")
    assert (group.unique_name, pair.unique_name) == ("gone:0", "gone:1")
    sibling = pair.make_sibling_device_group("second")
    assert sibling.size() == 2
    assert group.make_sibling_device_group().size() == 1
    assert (group.cpu_group.size(), group.device_group.size()) == (1, 1)
    for gone in (group, pair):
        gone.destroy()
        gone.destroy()
        for call in (
            lambda g=gone: g.all_reduce(ones(1)),
            lambda g=gone: g.broadcast(ones(1)),
            lambda g=gone: g.broadcast_object(1),
            lambda g=gone: g.broadcast_tensor_dict({}, g.rank_in_group),
            lambda g=gone: g.barrier(),
            lambda g=gone: g.cpu_group,
            lambda g=gone: g.make_sibling_device_group(),
        ):
            with pytest.raises(GroupDestroyedError, match=r"gone:[01] was destroyed"):
                call()
    again = vd.init_model_parallel_group([[0, 1]], 0, "gloo", group_name="gone")
    assert again.unique_name == "gone:0"
    again.destroy()


def test_a_destroyed_group_says_so_and_its_name_is_free(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(destroyed)
