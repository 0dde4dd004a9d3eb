"""Replicas that meet by a ParallelConfig, in fresh processes on one host."""

from __future__ import annotations

import contextlib
import pickle
import socket
import threading
from datetime import timedelta
from typing import Any

import pytest
import torch
from rank_harness import Ranks, outcomes_of, run_ranks

import vllm_distributed as vd
from vllm_distributed import ParallelConfig
from vllm_distributed.errors import (
    EnvironmentConflictError,
    GroupNotInitializedError,
    ParallelSizeError,
    RendezvousError,
)

LONG = timedelta(seconds=20)


def config_of(rank: int, port: int, tensor: int, data: int, **more: Any) -> ParallelConfig:
    """The configuration of one process of a row of replicas; `port` is where rank 0 listens."""
    return ParallelConfig(
        tensor_parallel_size=tensor,
        data_parallel_size=data,
        data_parallel_rank=rank // tensor,
        data_parallel_master_port=port,
        master_port=port,
        distributed_executor_backend="mp",
        **more,
    )


def join(config: ParallelConfig, rank_in_replica: int, **more: Any) -> None:
    # Nobody is at this address: the configuration's own is what counts.
    vd.init_distributed_environment(
        config.world_size, rank_in_replica, "tcp://127.0.0.1:1", backend="gloo", **more
    )


# The world and its groups


def two_replicas_of_two(rank: int, port: int, size: int) -> tuple[Any, ...]:
    config = config_of(rank, port, tensor=2, data=2, distributed_timeout_seconds=20)
    with vd.set_current_parallel_config(config):
        join(config, rank % 2)
        join(config, rank % 2)  # a second time: nothing
        with pytest.raises(EnvironmentConflictError):
            vd.init_distributed_environment(2, 1 - rank % 2, backend="gloo")
        vd.ensure_model_parallel_initialized(2, 1)
        vd.ensure_model_parallel_initialized(2, 1)
    world, tp, dp, ep = (
        vd.get_world_group(),
        vd.get_tp_group(),
        vd.get_dp_group(),
        vd.get_ep_group(),
    )
    assert (world.world_size, world.rank) == (size, rank)
    with pytest.raises(GroupNotInitializedError, match="several nodes per replica"):
        vd.get_inner_dp_world_group()
    with pytest.raises(GroupNotInitializedError):
        vd.get_eplb_group()
    with (
        vd.set_current_parallel_config(config_of(rank, port, tensor=2, data=1))
        if (rank < 2)
        else contextlib.nullcontext()
    ):
        if rank < 2:
            with pytest.raises(EnvironmentConflictError, match="data=1"):
                vd.ensure_model_parallel_initialized(2, 1)
    one = torch.full((1,), float(rank))
    sums = [int(group.all_reduce(one).item()) for group in (world, tp, dp, ep)]
    world.barrier()
    vd.cleanup_dist_env_and_memory()
    return tp.ranks, dp.ranks, ep.ranks, sums


def test_two_replicas_of_two_ranks() -> None:
    assert run_ranks(4, two_replicas_of_two) == [
        ([0, 1], [0, 2], [0, 1, 2, 3], [6, 1, 2, 6]),
        ([0, 1], [1, 3], [0, 1, 2, 3], [6, 1, 4, 6]),
        ([2, 3], [0, 2], [0, 1, 2, 3], [6, 5, 2, 6]),
        ([2, 3], [1, 3], [0, 1, 2, 3], [6, 5, 4, 6]),
    ]


def two_nodes(rank: int, port: int, size: int, tensor: int, data: int) -> tuple[Any, ...]:
    """As if ranks were on `2 * data` nodes of `tensor / 2` ranks each."""
    nodes = 2 * data
    per_node = size // nodes
    config = config_of(
        rank, port, tensor, data, nnodes=nodes, node_rank=rank // per_node, is_moe_model=False
    )
    assert (config.nnodes_within_dp, config.local_world_size) == (2, per_node)
    with vd.set_current_parallel_config(config):
        join(config, rank % tensor, timeout=LONG)
        inner = vd.get_inner_dp_world_group()
        vd.initialize_model_parallel(tensor)
    with pytest.raises(GroupNotInitializedError, match="dense"):
        vd.get_ep_group()
    total = int(inner.all_reduce(torch.full((1,), float(rank))).item())
    assert inner.broadcast_object({"from": rank} if inner.is_first_rank else None) == {
        "from": inner.first_rank
    }
    assert (inner is vd.get_world_group()) == (data == 1)
    vd.get_world_group().barrier()
    vd.destroy_distributed_environment()
    with pytest.raises(GroupNotInitializedError):
        vd.get_inner_dp_world_group()
    return inner.ranks, inner.local_rank, total, inner.unique_name


@pytest.mark.parametrize(
    ("size", "tensor", "data", "expected"),
    [
        (2, 2, 1, [([0, 1], 0, 1), ([0, 1], 0, 1)]),
        (
            4,
            2,
            2,
            [([0, 1], 0, 1), ([0, 1], 0, 1), ([2, 3], 0, 5), ([2, 3], 0, 5)],
        ),
        (4, 4, 1, [([0, 1, 2, 3], local, 6) for local in (0, 1, 0, 1)]),
    ],
)
def test_replicas_that_span_two_nodes(
    size: int, tensor: int, data: int, expected: list[Any]
) -> None:
    name = "world:0" if data == 1 else "inner_dp_world:0"
    with Ranks(size) as ranks:
        for _ in range(2):
            found = ranks.run(two_nodes, tensor, data)
            assert found == [(*facts, name) for facts in expected]


def experts(rank: int, port: int, size: int) -> list[Any]:
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", LONG)
    seen = []
    for is_moe, eplb in ((None, None), (True, True), (False, True), (False, None)):
        vd.initialize_model_parallel(
            1, data_parallel_size=size, is_moe_model=is_moe, enable_eplb=eplb
        )
        found = []
        for get in (vd.get_ep_group, vd.get_eplb_group):
            with contextlib.suppress(GroupNotInitializedError):
                found.append(get().unique_name)
        seen.append(found)
        vd.destroy_model_parallel()
    vd.get_world_group().barrier()
    return seen


def test_which_expert_groups_there_are_by_explicit_arguments() -> None:
    assert run_ranks(2, experts) == [[["ep:0"], ["ep:0", "eplb:0"], [], []]] * 2


def external_launcher(rank: int, port: int, size: int) -> list[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RANK", str(rank))
        config = ParallelConfig(
            data_parallel_size=size, distributed_executor_backend="external_launcher"
        )
    assert (config.data_parallel_rank, config.world_size) == (rank, size)
    with vd.set_current_parallel_config(config):
        vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", LONG)
        vd.initialize_model_parallel(1)
    ranks = vd.get_dp_group().ranks
    vd.get_world_group().barrier()
    return ranks


def test_under_an_external_launcher_ranks_are_the_worlds() -> None:
    assert run_ranks(2, external_launcher) == [[0, 1]] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((4, 0), "world_size=4 .* replica .* has 2 ranks"), ((2, 2), "rank=2 is not in a replica")],
)
def test_sizes_that_are_not_a_replicas_are_refused_and_take_no_port(
    arguments: tuple[int, int], words: str
) -> None:
    config = config_of(0, 4000, tensor=2, data=2)
    with (
        vd.set_current_parallel_config(config),
        pytest.raises(ParallelSizeError, match=words),
    ):
        vd.init_distributed_environment(*arguments, "tcp://127.0.0.1:1", backend="gloo")
    assert config.get_next_dp_init_port() == 4000


# Stateless groups of replicas


def group_config(rank: int, size: int, pickled: bytes | None = None, **more: Any) -> ParallelConfig:
    if pickled is not None:
        config: ParallelConfig = pickle.loads(pickled)  # noqa: S301 - the test's own bytes
        config.data_parallel_rank = rank
        return config
    return ParallelConfig(data_parallel_size=size, data_parallel_rank=rank, **more)


def synchronise(rank: int, port: int, size: int, pickled: bytes) -> list[Any]:
    config = group_config(rank, size, pickled)
    answers: list[Any] = []
    for _ in range(2):  # two groups, one after the other on ports of their own
        group = config.stateless_init_dp_group()
        assert (group.rank(), group.size()) == (rank, size)
        for unfinished in ([False] * size, [True] + [False] * (size - 1)):
            answers.append(ParallelConfig.has_unfinished_dp(group, unfinished[rank]))
        for sizes in ([7, 5, -1], [-1, -1, -1], [-1, 0, 9]):
            answers.append(ParallelConfig.sync_kv_cache_memory_size(group, sizes[rank]))
        for work, pause in (
            ([False] * 3, [False] * 3),
            ([True, False, False], [True] * 3),
            ([False] * 3, [True, False, False]),
            ([False] * 3, [True] * 3),
        ):
            answers.append(ParallelConfig.sync_dp_state(group, work[rank], pause[rank]))
        for call, bad in (
            (ParallelConfig.has_unfinished_dp, (1,)),
            (ParallelConfig.sync_dp_state, (True, None)),
            (ParallelConfig.sync_kv_cache_memory_size, (True,)),
        ):
            with pytest.raises(TypeError, match=r"must be"):
                call(group, *bad)  # type: ignore[operator]
        with pytest.raises(ValueError, match="-2"):
            ParallelConfig.sync_kv_cache_memory_size(group, -2)
        vd.stateless_destroy_torch_distributed_process_group(group)
    return answers


ANSWERS = [
    *(False, True),
    *(5, -1, 0),
    *((False, False), (True, True), (True, False), (False, True)),
]


def test_what_replicas_agree_on() -> None:
    """One configuration, whose ports are held here, sent to processes of its own."""
    config = ParallelConfig(data_parallel_size=3)
    assert run_ranks(3, synchronise, pickle.dumps(config)) == [ANSWERS * 2] * 3


def on_the_next_port(rank: int, port: int, size: int, taken: int, free: int) -> int:
    config = ParallelConfig(
        data_parallel_size=size,
        data_parallel_rank=rank,
        data_parallel_master_port=free,
        _data_parallel_master_port_list=[taken],
        distributed_timeout_seconds=15,
    )
    group = config.stateless_init_dp_group()
    assert ParallelConfig.has_unfinished_dp(group, rank == 1)
    return config.get_next_dp_init_port()


@pytest.mark.parametrize("answers", ["nothing", "garbage", "closes"])
def test_all_ranks_go_on_where_a_port_is_taken(answers: str) -> None:
    """The port is somebody else's, who takes connections: only rank 0 can know, by itself."""
    reserved = ParallelConfig(data_parallel_size=2)
    free = reserved.get_next_dp_init_port()
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        kept = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = other.accept()
                    if answers == "garbage":
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                    if answers == "closes":
                        connection.close()
                    kept.append(connection)

        threading.Thread(target=serve, daemon=True).start()
        following = run_ranks(2, on_the_next_port, taken, free)
        other.shutdown(socket.SHUT_RDWR)
    for connection in kept:
        connection.close()
    # Both used up the port that was taken and the one that was not.
    assert following == [free + 1] * 2


def lonely(rank: int, port: int, size: int, present: list[int], first: int) -> None:
    if rank not in present:
        return
    config = ParallelConfig(
        data_parallel_size=size,
        data_parallel_rank=rank,
        data_parallel_master_port=first,
        distributed_timeout_seconds=5,
    )
    try:
        config.stateless_init_dp_group()
    finally:
        assert config.get_next_dp_init_port() == first  # a failed meeting takes no port


@pytest.mark.timing
@pytest.mark.parametrize(
    ("present", "words"),
    [([0, 1], "ranks 2 of 3 did not come"), ([1, 2], "did not find rank 0 at host 127.0.0.1")],
)
def test_a_rank_that_does_not_come_is_named_in_time(present: list[int], words: str) -> None:
    held = ParallelConfig(data_parallel_size=2)
    first = held.get_next_dp_init_port()
    outcomes = outcomes_of(3, lonely, present, first)
    for rank in present:
        assert outcomes[rank].error == "RendezvousTimeoutError", outcomes[rank]
        assert 4.9 < outcomes[rank].seconds < 9
    assert words in outcomes[present[0]].message


def test_no_port_left_is_an_error_that_lists_them() -> None:
    with contextlib.ExitStack() as stack:
        taken = [
            stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            for _ in range(5)
        ]
        config = ParallelConfig(data_parallel_size=2, _data_parallel_master_port_list=taken)
        in_order = [*reversed(taken[:-1]), taken[-1]]
        with pytest.raises(RendezvousError, match=", ".join(map(str, in_order))):
            config.stateless_init_dp_group()
    with pytest.raises(ValueError, match="data_parallel_master_port=0"):
        ParallelConfig(data_parallel_size=2, data_parallel_master_port=0).stateless_init_dp_group()
    away = ParallelConfig(data_parallel_size=2, data_parallel_master_ip="192.0.2.1")
    with pytest.raises(RendezvousError, match=r"192\.0\.2\.1"):
        away.stateless_init_dp_group()


def test_a_group_of_one() -> None:
    group = ParallelConfig().stateless_init_dp_group()
    assert ParallelConfig.sync_kv_cache_memory_size(group, 3) == 3
    assert ParallelConfig.sync_dp_state(group, False, True) == (False, True)


def through_a_store(rank: int, port: int, size: int, store_port: int) -> int:
    config = ParallelConfig(
        data_parallel_size=size,
        data_parallel_rank=rank,
        distributed_timeout_seconds=15,
        _coord_store_port=store_port,
    )
    return sum(
        ParallelConfig.has_unfinished_dp(config.stateless_init_dp_group(), rank == turn)
        for turn in range(2)
    )


def test_ports_told_through_a_store() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        store = torch.distributed.TCPStore(
            "127.0.0.1",
            port,
            is_master=True,
            wait_for_workers=False,
            master_listen_fd=listener.detach(),
        )
    assert run_ranks(2, through_a_store, port) == [2, 2]
    del store
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # bound, not listening: nobody else can serve there
        port = silent.getsockname()[1]
        config = ParallelConfig(
            data_parallel_size=2, distributed_timeout_seconds=1, _coord_store_port=port
        )
        with pytest.raises(RendezvousError, match=f"port {port}"):
            config.stateless_init_dp_group()
