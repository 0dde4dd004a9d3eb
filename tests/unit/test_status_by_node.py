"""`vllm-bridge status` of worlds whose ranks may be on several nodes."""

from __future__ import annotations

from vllm_bridge._generated import pool_pb2
from vllm_bridge.pool.observe.status import as_text


def rank(number: int, node: str, address: str, **more: object) -> pool_pb2.RankInfo:
    return pool_pb2.RankInfo(
        rank=number,
        node=node,
        address=address,
        state=pool_pb2.READY,
        doing="idle",
        pid=100 + number,
        coordinates=pool_pb2.Coordinates(tp=number),
        **more,  # type: ignore[arg-type]
    )


def world(backend: str, *ranks: pool_pb2.RankInfo) -> list[str]:
    status = pool_pb2.PoolStatus(
        worlds=[
            pool_pb2.World(
                world_id="big",
                epoch=1,
                state=pool_pb2.WORLD_READY,
                world_size=len(ranks),
                tensor_parallel_size=len(ranks),
                backend="gloo",
                distributed_executor_backend=backend,
                ranks=ranks,
            )
        ]
    )
    return as_text(status).splitlines()[1:]


def test_ranks_are_shown_under_their_nodes() -> None:
    shown = world(
        "ray",
        rank(0, "gpu1", "10.0.0.1"),
        rank(1, "gpu1", "10.0.0.1"),
        rank(2, "gpu2", "10.0.0.2"),
    )
    assert shown == [
        "world big (epoch 1): ready, 3 ranks, gloo, started by ray",
        "  node gpu1 (10.0.0.1): ranks 0-1",
        "    rank 0 (tp 0): ready, idle, pid 100",
        "    rank 1 (tp 1): ready, idle, pid 101",
        "  node gpu2 (10.0.0.2): rank 2",
        "    rank 2 (tp 2): ready, idle, pid 102",
    ]


def test_a_rank_that_has_no_process_yet_is_on_no_node() -> None:
    shown = world("external_launcher", pool_pb2.RankInfo(rank=0, state=pool_pb2.STARTING))
    assert shown[1:] == ["  node not known yet: rank 0", "    rank 0: starting"]


def test_ranks_of_this_host_need_no_node_of_their_own() -> None:
    assert world("mp", rank(0, "here", "127.0.0.1"))[1:] == [
        "  rank 0: ready, idle, pid 100 on here"
    ]
