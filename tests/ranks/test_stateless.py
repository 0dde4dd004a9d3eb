"""torch process groups apart from torch's world."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
import torch.distributed as dist
import torch.distributed.distributed_c10d as c10d
from rank_harness import World, outcomes_of, run_ranks
from stateless_places import grown, held, listening, published

import vllm_distributed as vd
from vllm_distributed.errors import CollectiveError, DistributedError, UnknownBackendError

make = vd.stateless_init_torch_distributed_process_group
end = vd.stateless_destroy_torch_distributed_process_group
TWO = {"tensor_model_parallel_size": 2}
SHORT = timedelta(seconds=10)


def state_of_torch() -> tuple[Any, ...]:
    """Everything torch.distributed keeps globally about groups."""
    world = c10d._world
    return (
        dict(world.pg_map),
        dict(world.pg_names),
        dict(world.pg_group_ranks),
        dict(world.pg_backend_config),
        world.group_count,
        dict(world.tags_to_pg),
        dict(world.pg_to_tag),
        world.default_pg,
    )


def torch_functions(pg: dist.ProcessGroup, rank: int, size: int) -> None:
    """torch's own functions that need no global rank."""
    ones = torch.ones(2)
    dist.all_reduce(ones, group=pg)
    assert ones.tolist() == [size] * 2
    parts = [torch.empty(1) for _ in range(size)]
    dist.all_gather(parts, torch.tensor([float(rank)]), group=pg)
    assert [part.item() for part in parts] == list(range(size))
    sent = torch.tensor([float(rank)])
    dist.broadcast(sent, group_src=size - 1, group=pg)
    assert sent.item() == size - 1
    shares = torch.empty(1)
    dist.reduce_scatter(shares, list(torch.ones(size, 1).unbind(0)), group=pg)
    assert shares.item() == size
    exchanged = torch.empty(size)
    dist.all_to_all_single(exchanged, torch.full((size,), float(rank)), group=pg)
    assert exchanged.tolist() == list(range(size))
    objects: list[Any] = [None] * size
    dist.all_gather_object(objects, rank, group=pg)
    assert objects == list(range(size))
    if rank == 0:
        dist.send(torch.ones(1), group_dst=1, group=pg)
    elif rank == 1:  # dist.recv wants to return a global rank
        pg.recv([sent], 0, 0).wait()
        assert sent.item() == 1
    dist.barrier(group=pg)
    assert (pg.size(), pg.rank(), dist.get_world_size(pg)) == (size, rank, size)


def without_a_world(rank: int, port: int, size: int) -> None:
    pg = make("127.0.0.1", port, rank, size, "gloo", timeout=SHORT)
    assert not dist.is_initialized()
    torch_functions(pg, rank, size)
    for source in range(size):
        assert vd.in_the_same_node_as(pg, source) == [True] * size
    dist.barrier(group=pg)
    assert not dist.is_initialized()
    assert not c10d._world.pg_map
    end(pg)
    end(pg)


@pytest.mark.parametrize("size", [2, 4])
def test_a_group_without_a_world(size: int) -> None:
    run_ranks(size, without_a_world)


def beside_a_world() -> None:
    """Two at once, of which one counts the ranks the other way round, beside the default group."""
    world = vd.get_world_group()
    before = state_of_torch()
    (port, listener), (other_port, other) = published(), published()
    pg = make(
        "127.0.0.1", port, world.rank, 2, "gloo", "one", listen_socket=listener, timeout=SHORT
    )
    other = other if world.rank == 0 else None
    back = make(
        "127.0.0.1", other_port, world.rank, 2, "gloo", "two", listen_socket=other, timeout=SHORT
    )
    assert state_of_torch() == before
    for group in (pg, back, pg):
        torch_functions(group, world.rank, 2)
    end(pg) if world.rank == 0 else end(back)
    end(back) if world.rank == 0 else end(pg)
    assert state_of_torch() == before
    world.barrier()


def test_groups_beside_a_world_leave_it_alone(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(beside_a_world)


def over_a_store(rank: int, port: int, size: int) -> None:
    store = vd.StatelessProcessGroup.create("127.0.0.1", port, rank, size, store_timeout=10)
    for name in ("a", "b"):
        prefixed = dist.PrefixStore(name, store.store)
        pg = vd.init_gloo_process_group(prefixed, rank, size, SHORT)
        torch_functions(pg, rank, size)
        end(pg)
    store.barrier()
    store.destroy()


def test_a_gloo_group_over_a_store() -> None:
    run_ranks(2, over_a_store)


def a_gloo_group_that_nobody_joins() -> None:
    store = dist.HashStore()
    with pytest.raises(CollectiveError, match=r"rank 0 could not connect.*within 0.5 s"):
        vd.init_gloo_process_group(store, 0, 2, timedelta(seconds=0.5))


def test_a_gloo_group_that_nobody_joins() -> None:
    a_gloo_group_that_nobody_joins()


def test_wrong_arguments() -> None:
    listener = listening()
    port = listener.getsockname()[1]
    store = dist.HashStore()
    gloo = vd.init_gloo_process_group
    table: list[tuple[Callable[[], Any], type, str]] = [
        (lambda: make("", 1, 0, 2, "gloo"), ValueError, "host"),
        (lambda: make("127.0.0.1", 0, 0, 2, "gloo"), ValueError, "port 0"),
        (lambda: make("127.0.0.1", -1, 0, 2, "gloo"), ValueError, "-1"),
        (lambda: make("127.0.0.1", 1, 2, 2, "gloo"), ValueError, "rank 2"),
        (lambda: make("127.0.0.1", 1, 0, 0, "gloo"), ValueError, "world_size"),
        (lambda: make("127.0.0.1", 1, 0, 2, "glooo"), UnknownBackendError, "glooo"),
        (lambda: make("127.0.0.1", 1, 0, 2, "fake"), UnknownBackendError, "gloo and nccl"),
        (lambda: make("127.0.0.1", 1, 0, 2, 3), TypeError, "3"),  # type: ignore[arg-type]
        (lambda: make("127.0.0.1", 1, 0, 2, "gloo", 3), TypeError, "group_name"),
        (lambda: make("127.0.0.1", 1, 0, 2, "gloo", timeout=3), TypeError, "timeout"),
        (lambda: make("127.0.0.1", 1, 0, 2, "gloo", timeout=timedelta(0)), ValueError, "positive"),
        (
            lambda: make("127.0.0.1", port, 1, 2, "gloo", None, listen_socket=listener),
            ValueError,
            "only rank 0",
        ),
        (
            lambda: make("127.0.0.1", 1, 0, 2, "gloo", None, listen_socket=listener),
            ValueError,
            f"{port}",
        ),
        (lambda: gloo("store", 0, 1, SHORT), TypeError, "Store"),
        (lambda: gloo(store, 2, 2, SHORT), ValueError, "group_rank=2"),
        (lambda: gloo(store, 0, 0, SHORT), ValueError, "group_size"),
        (lambda: gloo(store, 0, 1, 5), TypeError, "timeout"),
        (lambda: end("group"), TypeError, "ProcessGroup"),
        (lambda: vd.in_the_same_node_as("group"), TypeError, "StatelessProcessGroup"),
    ]
    for call, kind, words in table:
        with pytest.raises(kind, match=words) as caught:
            call()
        assert isinstance(caught.value, DistributedError)
    listener.close()


def a_group_of_torch() -> None:
    with pytest.raises(ValueError, match="destroy_process_group"):
        end(vd.get_world_group().cpu_group)
    assert vd.get_world_group().all_reduce(torch.ones(1)).item() == 2


def test_a_group_of_torch_is_not_ended(world_of: Callable[..., World]) -> None:
    world_of(2, **TWO).run(a_group_of_torch)


def comes_alone(rank: int, port: int, size: int) -> None:
    if rank != 1:
        make("127.0.0.1", port, rank, size, "gloo", timeout=timedelta(seconds=1))


@pytest.mark.timing
def test_the_ranks_that_do_not_come_are_named() -> None:
    outcomes = outcomes_of(3, comes_alone)
    for rank in (0, 2):
        assert outcomes[rank].error == "RollCallTimeoutError"
        assert outcomes[rank].details["missing"] == [1]
        assert outcomes[rank].seconds < 10
    # The first to wait for a second gives up for both.
    assert max(outcomes[0].seconds, outcomes[2].seconds) > 0.8


def other_names(rank: int, port: int, size: int) -> None:
    make("127.0.0.1", port, rank, size, "gloo", f"group {rank}", timeout=SHORT)


def test_other_names_are_refused_on_all_ranks() -> None:
    for outcome in outcomes_of(2, other_names):
        assert outcome.error == "RollCallMismatchError"
        assert "group 0" in outcome.message
        assert "group 1" in outcome.message


def over_and_over() -> tuple[int, int]:
    world = vd.get_world_group()

    def once() -> None:
        port, listener = published()
        pg = make(
            "127.0.0.1", port, world.rank, 2, "gloo", None, listen_socket=listener, timeout=SHORT
        )
        dist.all_reduce(torch.ones(1), group=pg)
        end(pg)

    once()
    gc.collect()
    world.barrier()
    before = held()
    for _ in range(10):
        once()
    gc.collect()
    world.barrier()
    return grown(before)


def test_many_groups_leave_no_threads_and_files(world_of: Callable[..., World]) -> None:
    assert world_of(2, **TWO).run(over_and_over) == [(0, 0)] * 2


@pytest.mark.gpu
def test_nccl_on_one_device() -> None:
    pg = make("127.0.0.1", 0, 0, 1, "nccl", timeout=SHORT)
    tensor = torch.ones(2, device="cuda")
    dist.all_reduce(tensor, group=pg)
    assert tensor.tolist() == [1, 1]
    with pytest.raises(ValueError, match="cpu_group"):
        vd.in_the_same_node_as(pg)
    end(pg)
    both = make("127.0.0.1", 0, 0, 1, "cpu:gloo,cuda:nccl", timeout=SHORT)
    dist.all_reduce(tensor, group=both)
    dist.all_reduce(tensor.cpu(), group=both)
    end(both)


def test_nccl_where_it_cannot_run_is_gloo() -> None:
    pg = make("127.0.0.1", 0, 0, 1, "nccl", timeout=SHORT)
    kind = "cuda" if torch.cuda.is_available() else "cpu"
    assert pg._get_backend(torch.device(kind)).name() == ("nccl" if kind == "cuda" else "gloo")
    end(pg)
