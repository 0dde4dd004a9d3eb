"""Joining and leaving the world, in fresh processes."""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import torch
import torch.distributed as dist
from rank_harness import Ranks, outcomes_of, run_ranks

import vllm_distributed as vd
from vllm_distributed.compat import torch_internals
from vllm_distributed.errors import (
    CollectiveError,
    DistributedError,
    EnvironmentConflictError,
    EnvironmentNotInitializedError,
    GroupNotInitializedError,
    ParallelSizeError,
    RendezvousError,
    RollCallMismatchError,
    RollCallTimeoutError,
)
from vllm_distributed.groups import process_groups
from vllm_distributed.store import rendezvous

SECOND = timedelta(seconds=1)
LONG = timedelta(seconds=20)
IN_TIME_S = 10
"""Soon, for what has a second or two: a busy machine takes its time, and LONG is longer."""


def join(rank: int, port: int, size: int, timeout: timedelta = LONG, **more: Any) -> None:
    vd.init_distributed_environment(
        size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", timeout, **more
    )


def nothing_is_left(port: int) -> None:
    assert not dist.is_initialized()
    assert not vd.model_parallel_is_initialized()
    with pytest.raises(EnvironmentNotInitializedError, match="init_distributed_environment"):
        vd.get_world_group()
    assert not listens("127.0.0.1", port)


def listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def wait_for_all(size: int) -> None:
    """As peers do that agree by other means when to try again. Not by the groups under test."""
    store = torch_internals.default_store()
    if store.add("test/arrived", 1) == size:
        store.set("test/all", "1")
    store.wait(["test/all"], LONG)


# Init, destroy, init again


def init_and_destroy_three_times(rank: int, port: int, size: int) -> list[list[str]]:
    hook = sys.excepthook
    names = []
    for tensor in (2, 1, 2):
        join(rank, port, size)
        vd.initialize_model_parallel(tensor, size // tensor)
        groups = [vd.get_tp_group(), vd.get_pp_group(), vd.get_ep_group(), vd.get_world_group()]
        names.append([group.unique_name for group in groups])
        assert vd.get_world_group().all_reduce(torch.ones(1)).item() == size
        assert vd.tensor_model_parallel_all_reduce(torch.ones(1)).item() == tensor
        vd.get_world_group().barrier()
        vd.destroy_model_parallel()
        vd.destroy_model_parallel()
        vd.destroy_distributed_environment()
        vd.destroy_distributed_environment()
        if rank == 0:
            nothing_is_left(port)
        assert sys.excepthook is hook
    return names


def test_init_after_destroy_behaves_as_the_first_time() -> None:
    """On the same port, with no pause: a rank may be back before rank 0 has left the old world."""
    names = run_ranks(4, init_and_destroy_three_times)
    assert names == [[["tp:0", "pp:0", "ep:0", "world:0"]] * 3] * 4


def back_before_rank_0_has_left(rank: int, port: int, size: int) -> None:
    join(rank, port, size)
    vd.get_world_group().barrier()
    if rank == 0:
        threading.Event().wait(0.5)  # the others come back to the store of the old world
    vd.destroy_distributed_environment()
    join(rank, port, size)
    assert vd.get_world_group().all_reduce(torch.ones(1)).item() == size


def test_a_rank_can_be_back_before_rank_0_has_left() -> None:
    run_ranks(3, back_before_rank_0_has_left)


def model_parallel_twice(rank: int, port: int, size: int) -> list[str]:
    join(rank, port, size)
    names = []
    for sizes in ((2, 1), (1, 2)):
        vd.initialize_model_parallel(*sizes)
        names.append(vd.get_tp_group().unique_name)
        assert vd.get_tp_group().all_reduce(torch.ones(1)).item() == sizes[0]
        assert vd.get_pp_group().all_reduce(torch.ones(1)).item() == sizes[1]
        vd.destroy_model_parallel()
    vd.get_world_group().barrier()
    vd.cleanup_dist_env_and_memory()
    return names


def test_model_parallel_groups_alone_can_be_made_again() -> None:
    assert run_ranks(2, model_parallel_twice) == [["tp:0", "tp:0"]] * 2


def second_init(rank: int, port: int, size: int) -> None:
    join(rank, port, size)
    vd.init_distributed_environment()  # says nothing else: keeps what is there
    join(rank, port, size)
    with pytest.raises(EnvironmentConflictError, match=r"world_size=2.*world_size=4") as caught:
        join(rank, port, 4)
    assert isinstance(caught.value, AssertionError)
    with pytest.raises(EnvironmentConflictError, match=rf"rank={rank}.*rank={1 - rank}"):
        join(1 - rank, port, size)
    vd.initialize_model_parallel(2, 1, decode_context_model_parallel_size=2)
    with pytest.raises(EnvironmentConflictError, match=r"tensor=2, .*tensor=1, pipeline=2"):
        vd.initialize_model_parallel(1, 2)
    vd.ensure_model_parallel_initialized(2, 1, 1, 2)
    for wrong in ((1, 2), (2, 1), (2, 1, 1, 1), (1, 1, 2, 1)):
        with pytest.raises(EnvironmentConflictError, match="decode_context=2, but"):
            vd.ensure_model_parallel_initialized(*wrong)
    with pytest.raises(EnvironmentConflictError, match="data=2"):
        vd.ensure_model_parallel_initialized(2, 1, 1, 2, data_parallel_size=2)
    assert vd.get_tp_group().all_reduce(torch.ones(1)).item() == 2


def test_a_second_init_is_the_same_or_refused() -> None:
    run_ranks(2, second_init)


# Refused and half-way


BAD_SIZES: list[tuple[dict[str, Any], str]] = [
    ({"tensor_model_parallel_size": 3}, r"world of 2 ranks cannot hold tensor=3.*\[1, 2\]"),
    ({"tensor_model_parallel_size": 4}, "tensor=4"),
    ({"tensor_model_parallel_size": 2, "pipeline_model_parallel_size": 2}, "pipeline=2"),
    ({"tensor_model_parallel_size": 0}, "tensor parallel size .*at least 1, got 0"),
    ({"pipeline_model_parallel_size": -1}, "pipeline parallel size .*got -1"),
    ({"data_parallel_size": 3}, "data=3"),
    ({"prefill_context_model_parallel_size": 1.5}, "got 1.5"),
    ({"decode_context_model_parallel_size": 2}, r"does not divide .*1.*choose one of \[1\]"),
    ({"tensor_model_parallel_size": "2"}, "got '2'"),
    ({"backend": "carrier_pigeon"}, "carrier_pigeon.*gloo"),
]


def refused_sizes(rank: int, port: int, size: int) -> None:
    join(rank, port, size)
    for sizes, words in BAD_SIZES:
        with pytest.raises((ParallelSizeError, ValueError), match=words):
            vd.initialize_model_parallel(**sizes)
        assert not vd.model_parallel_is_initialized()
        with pytest.raises(GroupNotInitializedError, match="initialize_model_parallel"):
            vd.get_tp_group()
    vd.initialize_model_parallel(2)
    assert vd.get_tp_group().unique_name == "tp:0"
    assert vd.get_tp_group().all_reduce(torch.ones(1)).item() == 2


def test_refused_sizes_leave_nothing_and_the_corrected_call_works() -> None:
    run_ranks(2, refused_sizes)


def one_rank_refused(rank: int, port: int, size: int) -> tuple[list[int], float]:
    join(rank, port, size, 2 * SECOND)
    started = time.monotonic()
    missing = []
    if rank == 1:
        with pytest.raises(ParallelSizeError):
            vd.initialize_model_parallel(5)
    else:
        with pytest.raises(RollCallTimeoutError, match="rank 1 of the world of 3 did not") as e:
            vd.initialize_model_parallel(3)
        missing = e.value.details["missing"]
    took = time.monotonic() - started
    wait_for_all(size)
    vd.initialize_model_parallel(3)
    assert vd.get_tp_group().all_reduce(torch.ones(1)).item() == 3
    return missing, took


@pytest.mark.timing
def test_a_rank_that_does_not_come_is_named_in_time_and_all_can_try_again() -> None:
    results = run_ranks(3, one_rank_refused)
    assert [missing for missing, _ in results] == [[1], [], [1]]
    assert max(took for _, took in results) < IN_TIME_S


def different_sizes(rank: int, port: int, size: int) -> None:
    join(rank, port, size)
    for _ in range(2):
        with pytest.raises(RollCallMismatchError) as caught:
            vd.initialize_model_parallel(*((2, 1) if rank == 0 else (1, 2)))
        assert "rank 0: initialize_model_parallel(tensor=2, pipeline=1" in str(caught.value)
        assert "rank 1: initialize_model_parallel(tensor=1, pipeline=2" in str(caught.value)
    vd.initialize_model_parallel(2, 1)
    assert vd.get_tp_group().all_reduce(torch.ones(1)).item() == 2


@pytest.mark.timing
def test_ranks_that_ask_for_different_sizes_are_all_told_at_once() -> None:
    outcomes = outcomes_of(2, different_sizes)
    assert [outcome.report for outcome in outcomes] == ["", ""]
    assert max(outcome.seconds for outcome in outcomes) < 5  # not the timeout of 20


def fail_half_way(rank: int, port: int, size: int, everywhere: bool) -> None:
    """Gloo fails after the rendezvous worked, which is as late as a failure can be."""
    if everywhere or rank == 1:
        os.environ["GLOO_SOCKET_IFNAME"] = "nonexistent0"
    with pytest.raises(RendezvousError, match=rf"rank {rank} of 2 could not join"):
        join(rank, port, size, LONG if everywhere else 2 * SECOND)
    os.environ.pop("GLOO_SOCKET_IFNAME", None)
    assert not dist.is_initialized()
    if rank == 0:
        nothing_is_left(port)


def join_and_meet(rank: int, port: int, size: int) -> None:
    join(rank, port, size)
    vd.get_world_group().barrier()


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_world_that_fails_half_way_leaves_nothing(everywhere: bool) -> None:
    with Ranks(2) as ranks:
        for _ in range(2):
            ranks.run(fail_half_way, everywhere)
        ranks.run(join_and_meet)


def join_for_a_moment(rank: int, port: int, size: int) -> None:
    join(rank, port, size, 2 * SECOND)


def fail_to_make_groups(rank: int, port: int, size: int) -> None:
    if rank == 1:
        os.environ["GLOO_SOCKET_IFNAME"] = "nonexistent0"
    with pytest.raises(CollectiveError, match=rf"rank {rank} could not connect"):
        vd.initialize_model_parallel(2)
    os.environ.pop("GLOO_SOCKET_IFNAME", None)
    assert not vd.model_parallel_is_initialized()


def make_groups(rank: int, port: int, size: int) -> None:
    vd.initialize_model_parallel(2)
    assert vd.get_tp_group().unique_name == "tp:0"
    assert vd.get_tp_group().all_reduce(torch.ones(1)).item() == 2


def groups_alive() -> int:
    return len(torch_internals.c10d._world.pg_map)


def meet(name: str, rank: int) -> None:
    """Both ranks have come so far: neither takes down what the other one still connects to."""
    store = torch_internals.default_store()
    store.set(f"test/{name}/{rank}", "1")
    store.wait([f"test/{name}/{other}" for other in range(2)], LONG)


def fail_at_a_late_group(rank: int, port: int, size: int) -> None:
    """The making of process groups fails at each point in turn."""
    join(rank, port, size)
    real, made = process_groups.make_group, 0
    before = groups_alive()

    def faulty(*arguments: Any) -> Any:
        nonlocal made
        made += 1
        if made == fails_at:
            meet(f"{fails_at}", rank)
            raise CollectiveError(f"scripted at {made}")
        return real(*arguments)

    process_groups.make_group = faulty  # type: ignore[assignment]
    for fails_at in range(1, 13):
        made = 0
        with pytest.raises(CollectiveError, match=f"scripted at {fails_at}"):
            vd.initialize_model_parallel(2)
        assert groups_alive() == before
        assert not vd.model_parallel_is_initialized()
    process_groups.make_group = real
    if rank == 1:  # as after a failure on this rank alone
        torch_internals.set_next_group_number(torch_internals.next_group_number() + 3)
    make_groups(rank, port, size)


def test_every_group_made_is_destroyed_if_a_later_one_fails() -> None:
    run_ranks(2, fail_at_a_late_group)


def test_groups_that_fail_half_way_leave_nothing() -> None:
    with Ranks(2) as ranks:
        ranks.run(join_for_a_moment)
        ranks.run(fail_to_make_groups)
        ranks.run(make_groups)


BAD_INIT: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"world_size": 0}, ValueError, "world_size must be at least 1, got 0"),
    ({"world_size": -2}, ValueError, "-2"),
    ({"world_size": -1}, ValueError, "pass world_size="),
    ({"rank": -1}, ValueError, "pass rank="),
    ({"rank": 1}, ValueError, r"rank 1 is not in a world of 1 ranks"),
    ({"rank": "0"}, ValueError, "'0'"),
    ({"local_rank": -2}, ValueError, "-2"),
    ({"backend": "carrier_pigeon"}, ValueError, "carrier_pigeon.*gloo"),
    ({"timeout": 5}, TypeError, "timedelta, got 5"),
    ({"timeout": timedelta(0)}, ValueError, "positive"),
    ({"distributed_init_method": "127.0.0.1:1"}, ValueError, "init method"),
    ({"distributed_init_method": "tcp://127.0.0.1"}, ValueError, "tcp://host:port"),
    ({"distributed_init_method": "tcp://127.0.0.1:99999"}, ValueError, "port"),
    ({"distributed_init_method": "tcp://127.0.0.1:0", "world_size": 2}, ValueError, "port 0"),
    ({"distributed_init_method": "pigeon://x"}, RuntimeError, "pigeon"),
    ({"distributed_init_method": "tcp://192.0.2.77:4321"}, RuntimeError, "192.0.2.77, port 4321"),
]


def refused_init(rank: int, port: int, size: int) -> None:
    good = {
        "world_size": 1,
        "rank": 0,
        "distributed_init_method": f"tcp://127.0.0.1:{port}",
        "backend": "gloo",
        "timeout": LONG,
    }
    for change, kind, words in BAD_INIT:
        with pytest.raises(DistributedError, match=words) as caught:
            vd.init_distributed_environment(**{**good, **change})  # type: ignore[arg-type]
        assert isinstance(caught.value, kind), change
        assert not dist.is_initialized()
    vd.init_distributed_environment(**good)  # type: ignore[arg-type]
    assert vd.get_world_group().world_size == 1


def test_bad_arguments_of_init_are_refused_and_leave_nothing() -> None:
    run_ranks(1, refused_init)


# Rendezvous


def missing_rank(rank: int, port: int, size: int) -> list[int]:
    with pytest.raises(RollCallTimeoutError, match=r"ranks 2, 3 of the world of 4") as caught:
        join(rank, port, 4, SECOND)
    if rank == 0:
        nothing_is_left(port)
    return caught.value.details["missing"]


@pytest.mark.timing
def test_ranks_missing_from_the_world_are_named() -> None:
    outcomes = outcomes_of(2, missing_rank)
    assert [outcome.value for outcome in outcomes] == [[2, 3], [2, 3]], outcomes
    assert max(outcome.seconds for outcome in outcomes) < IN_TIME_S


def other_world_size(rank: int, port: int, size: int) -> str:
    with pytest.raises(RollCallMismatchError) as caught:
        join(rank, port, 2 + rank, 5 * SECOND)
    assert not dist.is_initialized()
    return str(caught.value)


def test_ranks_with_different_world_sizes_are_told() -> None:
    messages = run_ranks(2, other_world_size)
    assert all("world_size=2" in text and "world_size=3" in text for text in messages)


def same_rank_twice(rank: int, port: int, size: int) -> str:
    with pytest.raises(DistributedError) as caught:
        join(min(rank, 1), port, 3, SECOND)
    return str(caught.value)


def test_two_processes_with_one_rank_are_told() -> None:
    messages = run_ranks(3, same_rank_twice)
    # One that comes after these two have clashed is told that they are missing.
    assert any("two processes say that they are rank 1" in text for text in messages)


def unreachable(rank: int, port: int, size: int, address: str) -> float:
    started = time.monotonic()
    with pytest.raises(RendezvousError) as caught:
        vd.init_distributed_environment(2, 1, f"tcp://{address}", 1, "gloo", SECOND)
    host, _, port_text = address.rpartition(":")
    for word in (f"host {host}", f"port {port_text}", "rank 1 of 2", "1 s"):
        assert word in str(caught.value)
    assert isinstance(caught.value, TimeoutError)
    assert not dist.is_initialized()
    return time.monotonic() - started


@pytest.mark.timing
@pytest.mark.parametrize("address", ["127.0.0.1:1", "192.0.2.77:4321"])
def test_an_unreachable_rank_0_is_an_error_in_time(address: str) -> None:
    assert run_ranks(1, unreachable, address)[0] < IN_TIME_S


def serves_on(rank: int, port: int, size: int) -> tuple[bool, bool]:
    """An address and port of this rank's own making, without an inherited socket."""
    with socket.socket() as held, socket.socket() as other:
        # Bound, not listening: no other process can serve on this port, of either address.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", 0))
        own = other.getsockname()[1]
        held.bind(("127.0.0.5", own))
        vd.init_distributed_environment(1, 0, f"tcp://127.0.0.5:{own}", 0, "gloo", LONG)
        answers = (listens("127.0.0.5", own), listens("127.0.0.1", own))
        vd.destroy_distributed_environment()
        assert not listens("127.0.0.5", own)
    return answers


def test_rank_0_listens_on_the_given_address_only() -> None:
    assert run_ranks(1, serves_on) == [(True, False)]


def port_taken(rank: int, port: int, size: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(
            RendezvousError, match=rf"cannot listen on host 127.0.0.1, port {taken}"
        ):
            join(0, taken, 1)
        assert not dist.is_initialized()
    with pytest.raises(RendezvousError, match=r"cannot listen on host 192.0.2.77"):
        vd.init_distributed_environment(1, 0, "tcp://192.0.2.77:4321", 0, "gloo", LONG)


def test_an_address_rank_0_cannot_listen_on_is_an_error() -> None:
    run_ranks(1, port_taken)


def adoptable_sockets(rank: int, port: int, size: int) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(ValueError, match="does not listen"):
            vd.adopt_listen_socket(deaf)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
        pytest.raises(ValueError, match="not a TCP socket"),
    ):
        vd.adopt_listen_socket(datagram)


def test_only_a_listening_socket_can_be_adopted() -> None:
    run_ranks(1, adoptable_sockets)


def port_kept_between_worlds(rank: int, port: int, size: int) -> None:
    for _ in range(3):
        join(rank, port, size)
        vd.destroy_distributed_environment()
        # A bound socket is what keeps the kernel from giving the port to somebody's connection.
        assert rendezvous._adopted[port].getsockname() == ("127.0.0.1", port)
        assert not listens("127.0.0.1", port)


def test_an_adopted_port_is_nobody_elses_between_two_worlds() -> None:
    run_ranks(1, port_kept_between_worlds)


def port_taken_for_a_moment(rank: int, port: int, size: int) -> None:
    # An address that no other test uses: what lingers at the same port of 127.0.0.1 would hold
    # the port for up to a minute.
    host = "127.77.0.1"
    with socket.create_server((host, 0)) as passing:
        connection = socket.create_connection(passing.getsockname(), LONG.seconds, (host, 0))
        taken, other = connection.getsockname()[1], passing.accept()[0]

        def pass_by() -> None:
            # The other end closes first, so that the port does not linger in TIME_WAIT.
            other.close()
            connection.recv(1)
            connection.close()

        threading.Timer(0.3, pass_by).start()
        vd.init_distributed_environment(1, 0, f"tcp://{host}:{taken}", 0, "gloo", LONG)
    assert vd.get_world_group().world_size == 1


def test_rank_0_waits_for_a_port_that_a_passing_connection_holds() -> None:
    run_ranks(1, port_taken_for_a_moment)


def server_in_the_way(rank: int, port: int, size: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()
        with pytest.raises(RendezvousError, match="Address already in use"):
            join(0, server.getsockname()[1], 1)
        assert time.monotonic() - began < IN_TIME_S


@pytest.mark.timing
def test_a_port_with_a_server_is_refused_at_once() -> None:
    run_ranks(1, server_in_the_way)


def a_world_as_a_block(rank: int, port: int, size: int) -> None:
    where = {"world_size": size, "rank": rank, "distributed_init_method": f"tcp://127.0.0.1:{port}"}
    for _ in range(2):
        with vd.distributed(tensor_model_parallel_size=size, timeout=LONG, **where) as world:
            assert world.world_size == size
            assert vd.tensor_model_parallel_all_reduce(torch.ones(1)).item() == size
            with (
                pytest.raises(EnvironmentConflictError, match="in a world already"),
                vd.distributed(),
            ):
                pass
            assert vd.get_world_group() is world
        assert not dist.is_initialized()
    with (
        pytest.raises(ZeroDivisionError),
        vd.distributed(size, timeout=LONG, backend="gloo", is_moe_model=False, **where),
    ):
        raise ZeroDivisionError
    assert not dist.is_initialized()
    with pytest.raises(ParallelSizeError), vd.distributed(3, timeout=LONG, **where):
        pass
    assert not dist.is_initialized()


def test_a_world_as_a_block_of_code() -> None:
    run_ranks(2, a_world_as_a_block)


# An environment somebody else made


def adopt(rank: int, port: int, size: int) -> None:
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
    store = torch_internals.TCPStore("127.0.0.1", port, 2, rank == 0, LONG, multi_tenant=True)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=size, timeout=LONG)
    with pytest.raises(EnvironmentConflictError, match=r"world_size=2.*world_size=4"):
        vd.init_distributed_environment(world_size=4, backend="gloo")
    for _ in range(2):
        vd.init_distributed_environment(backend="gloo")
        vd.initialize_model_parallel(2)
        assert vd.get_world_group().ranks == [0, 1]
        assert vd.get_tp_group().all_reduce(torch.ones(1)).item() == 2
        assert timeout_of(vd.get_tp_group().cpu_group) == LONG
        vd.get_world_group().barrier()
        vd.destroy_distributed_environment()
        assert not vd.model_parallel_is_initialized()
    assert dist.is_initialized()  # not ours to destroy
    value = torch.ones(1)
    dist.all_reduce(value)
    assert value.item() == 2


def test_an_environment_made_by_the_user_is_adopted_and_left() -> None:
    run_ranks(2, _adopt_elsewhere)


def _adopt_elsewhere(rank: int, port: int, size: int) -> None:
    """The inherited socket is for rank 0's own server: let torch's take its place."""
    listener = rendezvous._adopted.pop(port, None)
    if listener is not None:
        listener.close()
    adopt(rank, port, size)


# Timeouts


def timeout_of(group: dist.ProcessGroup) -> timedelta:
    return torch_internals.group_timeout(group)


def timeouts(rank: int, port: int, size: int) -> list[float]:
    join(rank, port, size, timedelta(seconds=3))
    vd.initialize_model_parallel(2)
    seconds = []
    for group in (vd.get_world_group(), vd.get_tp_group(), vd.get_ep_group(), vd.get_pp_group()):
        for process_group in (group.cpu_group, group.device_group):
            seconds.append(timeout_of(process_group).total_seconds())
    return seconds


def test_the_timeout_reaches_every_group() -> None:
    assert run_ranks(2, timeouts) == [[3.0] * 8] * 2


def missing_peer(rank: int, port: int, size: int, operation: str) -> None:
    join(rank, port, size, 2 * SECOND)
    vd.initialize_model_parallel(2)
    group, store = vd.get_tp_group(), torch_internals.default_store()
    if rank == 1:
        store.wait(["test/over"], LONG)  # alive, but elsewhere: rank 0 must run into the timeout
        return
    calls = {
        "barrier": group.barrier,
        "all_reduce": lambda: group.all_reduce(torch.ones(2)),
        "recv_object": lambda: group.recv_object(1),
    }
    try:
        calls[operation]()
    finally:
        store.set("test/over", "1")


@pytest.mark.timing
@pytest.mark.parametrize("operation", ["barrier", "all_reduce", "recv_object"])
def test_a_missing_peer_is_an_error_when_the_timeout_ends(operation: str) -> None:
    outcome = outcomes_of(2, missing_peer, operation)[0]
    assert outcome.error == "CollectiveTimeoutError"
    assert outcome.message.startswith(f"{operation} on tp:0 timed out")
    assert 1.9 < outcome.seconds < IN_TIME_S


def dying_peer(rank: int, port: int, size: int) -> None:
    join(rank, port, size)
    if rank == 1:
        os._exit(3)
    vd.get_world_group().barrier()


@pytest.mark.timing
def test_a_peer_that_dies_is_an_error_at_once() -> None:
    outcomes = outcomes_of(2, dying_peer)
    assert (outcomes[0].error, outcomes[1].error) == ("CollectiveError", "ProcessDied")
    assert outcomes[0].seconds < 5


# What the getters say


LAYOUT = {
    "tensor_model_parallel_size": 2,
    "pipeline_model_parallel_size": 1,
    "prefill_context_model_parallel_size": 1,
    "decode_context_model_parallel_size": 2,
    "data_parallel_size": 2,
}


def getters(rank: int, port: int, size: int) -> dict[str, Any]:
    join(rank, port, size)
    with pytest.raises(GroupNotInitializedError, match=r"call initialize_model_parallel\(\) first"):
        vd.get_dp_group()
    with pytest.raises(GroupNotInitializedError):
        vd.get_inner_dp_world_group()
    vd.ensure_model_parallel_initialized(**LAYOUT)
    assert vd.get_context_model_parallel_group() is vd.get_dcp_group()
    with pytest.raises(GroupNotInitializedError, match="load balancing"):
        vd.get_eplb_group()
    world = vd.get_world_group()
    return {
        "ranks": {
            group.unique_name: group.ranks
            for group in (
                world,
                vd.get_tp_group(),
                vd.get_dcp_group(),
                vd.get_pcp_group(),
                vd.get_pp_group(),
                vd.get_dp_group(),
                vd.get_ep_group(),
            )
        },
        "numbers": (
            vd.get_tensor_model_parallel_world_size(),
            vd.get_tensor_model_parallel_rank(),
            vd.get_pipeline_model_parallel_rank(),
            vd.get_decode_context_model_parallel_world_size(),
            vd.get_decode_context_model_parallel_rank(),
            vd.get_dcp_world_size_and_rank(),
            vd.get_dcp_world_size_and_rank(enabled=False),
            vd.get_node_count(),
        ),
        "first": (vd.is_global_first_rank(), vd.is_local_first_rank()),
        "place": (
            world.rank,
            world.local_rank,
            world.backend,
            str(world.device),
            world.first_rank,
            world.last_rank,
            world.next_rank,
            world.prev_rank,
            world.is_first_rank,
            world.is_last_rank,
        ),
    }


def test_getters_describe_the_layout() -> None:
    facts = run_ranks(4, getters)
    assert facts[3]["ranks"] == {
        "world:0": [0, 1, 2, 3],
        "tp:0": [2, 3],
        "dcp:0": [2, 3],
        "pcp:0": [3],
        "pp:0": [3],
        "dp:0": [1, 3],
        "ep:0": [0, 1, 2, 3],
    }
    assert facts[3]["numbers"] == (2, 1, 0, 2, 1, (2, 1), (1, 0), 1)
    assert facts[0]["numbers"] == (2, 0, 0, 2, 0, (2, 0), (1, 0), 1)
    assert [fact["first"] for fact in facts] == [(True, True)] + [(False, False)] * 3
    assert facts[3]["place"] == (3, 3, "gloo", "cpu", 0, 3, 0, 2, False, True)


def node_test(rank: int, port: int, size: int, elsewhere: str) -> list[list[bool]]:
    from vllm_distributed.transports.shm import same_node

    join(rank, port, size)
    group = vd.get_world_group().cpu_group
    together = [vd.in_the_same_node_as(group, source) for source in range(size)]
    if rank == 1:
        same_node.SHARED_MEMORY = type(same_node.SHARED_MEMORY)(elsewhere)
    apart = vd.in_the_same_node_as(group, 0)
    vd.get_world_group().barrier()
    mine = f"vllm_distributed_node_{os.getpid()}_"
    assert [name for name in os.listdir("/dev/shm") if name.startswith(mine)] == []
    with pytest.raises(ValueError, match="source_rank=-1"):
        vd.in_the_same_node_as(group, -1)
    with pytest.raises(TypeError, match="GroupCoordinator"):
        vd.in_the_same_node_as(vd.get_world_group())  # type: ignore[arg-type]
    return [*together, apart]


def test_ranks_that_share_memory_are_found(tmp_path: Any) -> None:
    """Rank 1 looks for shared memory in another place, as in a container of its own."""
    everyone = [True, True, True]
    expected = [everyone, everyone, everyone, [True, False, True]]
    assert run_ranks(3, node_test, str(tmp_path)) == [expected] * 3


# Backends


def nccl_without_cuda(rank: int, port: int, size: int) -> tuple[list[str], str]:
    records: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("vllm_distributed").addHandler(handler)
    vd.init_distributed_environment(1, 0, f"tcp://127.0.0.1:{port}", 0, "nccl", LONG)
    vd.initialize_model_parallel(backend="nccl")
    return records, vd.get_tp_group().backend


def test_nccl_without_cuda_becomes_gloo_with_one_warning() -> None:
    [(records, backend)] = run_ranks(1, nccl_without_cuda)
    assert backend == "gloo"
    assert records == ["backend nccl is not available here: using gloo"]
