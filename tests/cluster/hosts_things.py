"""What the ranks of the tests on several hosts do: `hosts_things.py WHAT RANK SIZE ADDRESS`.

They say what came of it as lines of JSON, and wait for a line where the test has to do something.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "ranks"))

import torch
from known_values import digest, of_member
from segments import check_operations

import vllm_distributed as vd
from vllm_distributed.errors import CollectiveError, DistributedError

PORT = 29878


def say(what: object) -> None:
    print(json.dumps(what), flush=True)


def heard() -> None:
    sys.stdin.readline()


def collectives(group: vd.GroupCoordinator) -> None:
    check_operations(group)
    kind = type(group._groups.shared).__name__
    say({"digest": digest_of_all(group), "kind": kind})


def digest_of_all(group: vd.GroupCoordinator) -> int:
    """The parts that differ by rank, such as those of reduce-scatter, are left out."""
    members, place = group.world_size, group.rank_in_group
    found: list[torch.Tensor] = []
    for dtype in (torch.float32, torch.bfloat16, torch.int64):
        for size in (1, 1000, 5000, 300_000):
            mine = of_member([size], place, members, dtype)
            found += [group.all_reduce(mine), group.all_gather(mine, 0)]
            found.append(group.broadcast(mine.clone(), members - 1))
    received = group.broadcast_tensor_dict({"x": found[-1]} if place == 0 else None, 0)
    assert received is not None
    assert group.broadcast_object({"of": place} if place == 1 else None, 1) == {"of": 1}
    return digest([*found, received["x"]])


def few(group: vd.GroupCoordinator) -> None:
    """Over a slow wire: what is small, and one that is not."""
    started = time.monotonic()
    for _ in range(5):
        group.barrier()
    members, place = group.world_size, group.rank_in_group
    sums = [group.all_reduce(of_member([size], place, members)) for size in (3, 5000, 200_000)]
    say({"digest": digest(sums), "seconds": time.monotonic() - started})


LOST: dict[str, Callable[[vd.GroupCoordinator], object]] = {
    "in a barrier": lambda group: group.barrier(),
    "in a large sum": lambda group: group.all_reduce(torch.ones(16 << 20)),
    "idle": lambda group: group.broadcast_object("x", 0),
}


def lost(world: vd.GroupCoordinator, which: str, limit_s: str) -> None:
    """Go on until the link is cut, or begin when it has been."""
    call, limit = LOST[which], timedelta(seconds=float(limit_s))
    group = vd.GroupCoordinator([world.ranks], 0, "gloo", False, timeout=limit)
    group.barrier()
    say("ready")
    if which == "idle":
        heard()
    started = time.monotonic()
    try:
        while True:
            began = time.monotonic()
            call(group)
            started = began
    except CollectiveError as error:
        missing = error.details.get("missing") or [error.details.get("rank")]
        seconds = time.monotonic() - max(started, began)
        say({"seconds": seconds, "missing": missing, "text": str(error)})


def main(what: str, rank: int, size: int, address: str) -> None:
    torch.set_num_threads(1)
    name, *more = what.split(":")
    limit = timedelta(seconds=60)
    try:
        vd.init_distributed_environment(size, rank, f"tcp://{address}:{PORT}", 0, "gloo", limit)
    except DistributedError as error:
        say({"error": str(error)})
        return
    group: Any = vd.get_world_group()
    acts: dict[str, Callable[..., None]] = {"collectives": collectives, "few": few, "lost": lost}
    acts[name](group, *more)
    heard()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
