"""What a world of many ranks costs its pool, in time of its processor: taking 4,096 ranks that dial
in from 512 hosts, and a gated call by the size of its group. The ranks are simulated.

    python benchmarks/many_ranks.py
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from vllm_bridge._generated import control_pb2
from vllm_bridge.gate.referee import Member, Referee
from vllm_bridge.pool.launchers.joins.joins import Joins
from vllm_bridge.pool.launchers.protocol import Place, WorldPlan
from vllm_bridge.pool.settings.launch_options import EXTERNAL, LaunchOptions
from vllm_bridge.pool.worlds.meeting import number_local_ranks
from vllm_bridge.version import __version__
from vllm_bridge.world_sizes import WorldSizes

RANKS, HOSTS = 4_096, 512


class Connection:
    """Of a simulated rank, as much as is asked of it."""

    peer = "10.0.0.1"

    def accept(self, process: object) -> Any:
        """It is taken."""
        return SimpleNamespace(is_closing=lambda: False)


def hello(rank: int) -> control_pb2.Hello:
    return control_pb2.Hello(
        protocol=1,
        token="t",
        world_id="w",
        rank=rank,
        world_size=RANKS,
        node=f"host-{rank % HOSTS}",
        addresses=[f"10.0.{rank % HOSTS // 256}.{rank % 256}"],
        pid=rank + 1,
        package_version=__version__,
        torch_version="2.6",
        python_version="3.11",
        directory="/tmp/x",
        host=f"host-{rank % HOSTS}",
    )


async def main() -> None:
    """Measure, and print."""
    logging.disable(logging.INFO)
    hellos = [hello(rank) for rank in range(RANKS)]
    taken, counted = [], []
    for _ in range(5):
        joins = Joins("t")
        sizes = WorldSizes(tensor_parallel_size=8, data_parallel_size=RANKS // 8)
        plan = WorldPlan("w", 1, "default", sizes, timedelta(60), LaunchOptions(EXTERNAL, HOSTS))
        said = [control_pb2.Hello.FromString(one.SerializeToString()) for one in hellos]
        begin = time.process_time()
        expected = joins.expect(plan)
        for one in said:
            joins.came(one, Connection(), open_to_all=False)  # type: ignore[arg-type]
        processes = [await expected.arrival(rank, f"rank-{rank}") for rank in range(RANKS)]
        taken.append(time.process_time() - begin)
        ranks: Any = [
            SimpleNamespace(place=process.place, local_rank=None) for process in processes
        ]
        begin = time.process_time()
        number_local_ranks(ranks)
        counted.append(time.process_time() - begin)
    first = ranks[0].place
    if not isinstance(first, Place) or ranks[-1].local_rank != RANKS // HOSTS - 1:
        raise RuntimeError("the ranks of a host were not counted")
    print(
        f"{RANKS:,} ranks on {HOSTS} hosts: taken in {statistics.median(taken) * 1e3:.0f} ms, "
        f"local ranks counted in {statistics.median(counted) * 1e3:.1f} ms"
    )


def per_call(size: int, calls: int = 300) -> float:
    """Seconds of the referee for each rank's part of an all_reduce of so many."""
    referee = Referee(time.monotonic)
    members = [Member(f"rank-{rank}", "w", 1, rank) for rank in range(size)]
    enters = [
        control_pb2.Enter(
            group="tp:0",
            members=range(size),
            rank_in_group=rank,
            size=size,
            operation="all_reduce",
            parts=[control_pb2.AgreedPart(name="shape", value="[1024]")],
        )
        for rank in range(size)
    ]
    begin = time.process_time()
    for ticket in range(1, calls + 1):
        decisions = []
        for member, enter in zip(members, enters, strict=True):
            enter.ticket = ticket
            decisions += referee.enter(member, enter)
        if not all(decision.verdict.go for decision in decisions):
            raise RuntimeError(f"refused: {decisions[0].verdict}")
        for member in members:
            referee.done(member, ticket, ok=True)
    return (time.process_time() - begin) / calls / size


if __name__ == "__main__":
    asyncio.run(main())
    costs = {size: per_call(size) * 1e6 for size in (2, 4, 8, 16, 32, 64)}
    print(
        "referee, us for each rank of a call: "
        + ", ".join(f"{n}: {c:.1f}" for n, c in costs.items())
    )
