"""Groups that span hosts: shared memory inside each, gloo between them.

Ranks are on another host here when they see another /dev/shm.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
import torch
from known_values import KINDS, digest, of_member, same, total
from rank_harness import HOSTS, World
from segments import check_operations

import vllm_distributed as vd
from vllm_distributed.compat import torch_internals
from vllm_distributed.transports.hierarchy.group import Hierarchy

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mounts")

SIZES = [1, 7, 1000, 1500, 20_000, 700_000]


def group() -> vd.GroupCoordinator:
    return vd.get_world_group()


def everything() -> int:
    """Check one of everything, small and large; return what tells results apart."""
    world = group()
    assert isinstance(world._groups.shared, Hierarchy)
    check_operations(world)
    members, place = world.world_size, world.rank_in_group
    found: list[torch.Tensor] = []
    for dtype in (torch.float32, torch.bfloat16, torch.int64, torch.uint16, torch.bool):
        for size in SIZES[:-1]:
            mine = of_member([size], place, members, dtype)
            summed = total([size], members, dtype)
            same(world.all_reduce(mine), summed)
            in_place = mine.clone()
            world.device_communicator.all_reduce_(in_place)
            same(in_place, summed)
            for src in range(members):
                given = mine.clone()
                same(world.broadcast(given, src), of_member([size], src, members, dtype))
    for size in SIZES:
        generator = torch.Generator().manual_seed(place)
        values = torch.randn(size, generator=generator)
        found += [world.all_reduce(values), world.all_gather(values, 0)]
        found.append(world.all_reduce(values.to(torch.float16)))
    for shape in ([2, 3], [5, 4, 6], [3, 700, 5]):
        parts = [of_member(shape, member, members) for member in range(members)]
        for dim in range(len(shape)):
            same(world.all_gather(parts[place], dim), torch.cat(parts, dim))
    for size in (6, 20_000):
        summed, mine = total([size], members), of_member([size], place, members)
        for change in KINDS.values():
            same(world.all_reduce(change(mine)), summed)
            changed = change(mine.clone())
            world.device_communicator.all_reduce_(changed)
            same(changed, summed)
            same(world.broadcast(change(mine.clone()), 0), of_member([size], 0, members))
        with torch.inference_mode():
            inferred = mine.clone()
            same(world.all_reduce(inferred), summed)
            assert world.all_gather(inferred, 0).numel() == size * members
        same(world.device_communicator.all_reduce_(inferred), summed)
        out = torch.empty(size * members)
        assert world.all_gather(mine, 0, out=out) is out
        again = mine.clone()
        assert world.all_reduce(again, out=again) is again
    scalar = world.all_reduce(torch.tensor(float(place)))
    assert scalar.item() == members * (members - 1) / 2
    assert world.all_reduce(torch.empty(0)).numel() == 0
    for op, wanted in (("max", members - 1), ("min", 0), ("avg", (members - 1) / 2)):
        assert world.all_reduce(torch.full([3000], float(place)), op=op)[-1].item() == wanted
    for src in range(members):
        for value in ("short", "x" * 3000, "x" * 300_000):
            assert world.broadcast_object(value if place == src else None, src) == value
    sent = {"small": torch.arange(5), "large": torch.arange(200_000), "n": 3}
    received = world.broadcast_tensor_dict(sent if place == 1 else None, 1)
    assert received is not None
    assert received["n"] == 3
    same(received["large"], sent["large"])
    return digest([*found, received["small"]])


@pytest.mark.parametrize("size", [3, 4])
def test_every_rank_gets_the_same_bits(worlds: Callable[..., World], size: int) -> None:
    """Of three ranks one is alone on its host."""
    found = worlds(size, over=HOSTS, tensor_model_parallel_size=size).run(everything)
    assert len(set(found)) == 1


def kinds() -> dict[str, str]:
    return {
        name: type(each._groups.shared).__name__
        for name, each in (("tp", vd.get_tp_group()), ("pp", vd.get_pp_group()))
    }


def test_groups_of_one_host_share_memory_and_those_of_one_a_host_nothing(
    worlds: Callable[..., World],
) -> None:
    world = worlds(4, over=HOSTS, tensor_model_parallel_size=2, pipeline_model_parallel_size=2)
    for found in world.run(kinds):
        assert found == {"tp": "SharedMemory", "pp": "NoneType"}


def apart_from_the_world() -> dict[str, Any]:
    """Members that alternate between the hosts, and a group that is made again by its name."""
    rank = group().rank
    store = torch_internals.default_store()
    found: dict[str, Any] = {}
    for turn in range(2):
        made = vd.StatelessGroupCoordinator(
            [[0, 2, 3], [1]],
            rank,
            "gloo",
            False,
            coord_store=torch_internals.PrefixStore(f"turn {turn}", store),
            group_name="apart",
            global_rank=rank,
            global_world_size=4,
        )
        if made.world_size > 1:
            check_operations(made)
            found["kind"] = type(made._groups.shared).__name__
        made.destroy()
    group().barrier()
    return found


def test_groups_apart_from_the_world_span_hosts_too(worlds: Callable[..., World]) -> None:
    world = worlds(4, over=HOSTS, tensor_model_parallel_size=4)
    assert [found.get("kind") for found in world.run(apart_from_the_world)] == [
        "Hierarchy",
        None,
        "Hierarchy",
        "Hierarchy",
    ]


def calls(which: str) -> dict[str, Any]:
    """Make different calls on different ranks, and the same one afterwards."""
    world = group()
    rank = world.rank_in_group
    size = 3 if which == "small" else 100_000
    before = torch.full([size], float(rank))
    mine = before.clone()
    odd = {"one rank": rank == 1, "a host": rank >= 2, "small": rank == 3}[which]
    try:
        if odd:
            world.broadcast(mine, 0)
        else:
            world.device_communicator.all_reduce_(mine)
    except vd.errors.CollectiveMismatchError as error:
        found: dict[str, Any] = {"text": str(error), "calls": error.details["calls"]}
    assert torch.equal(mine, before)
    found["after"] = world.all_reduce(torch.ones(size))[0].item()
    return found


@pytest.mark.parametrize("which", ["one rank", "a host", "small"])
def test_different_calls_are_refused_on_all_hosts_and_the_group_goes_on(
    worlds: Callable[..., World], which: str
) -> None:
    found = worlds(4, over=HOSTS, tensor_model_parallel_size=4).run(calls, which)
    assert [each["after"] for each in found] == [4.0] * 4
    for each in found:
        assert "Nothing was moved, and the group is usable" in each["text"]
    if which == "a host":
        assert "host of ranks 2, 3 was called broadcast of 100000 x float32" in found[1]["text"]
        assert found[3]["calls"] == dict.fromkeys("01", "all_reduce of 100000 x float32")
