"""Calls that vLLM's newest version has: small sums, results in place, several messages at once,
memory given back, groups over embedding tables."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import pytest
import torch
import torch.distributed as dist
from rank_harness import Ranks, World, run_ranks

import vllm_distributed as vd
from vllm_distributed.errors import (
    CollectiveError,
    GroupDestroyedError,
    InvalidArgumentError,
    InvalidRankError,
    InvalidTypeError,
    UnsupportedDtypeError,
)

SECOND = timedelta(seconds=1)


def group_over_gloo(rank: int, port: int, size: int) -> vd.GroupCoordinator:
    os.environ["VLLM_DISTRIBUTED_SHM"] = "0"
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo")
    vd.initialize_model_parallel(size)
    return vd.get_tp_group()


# Sums of small tensors


def check_small_sums(group: vd.GroupCoordinator) -> None:
    rank, size = group.rank_in_group, group.world_size
    total = size * (size + 1) // 2
    for dtype in (torch.int32, torch.float64, torch.bfloat16, torch.uint16, torch.int8):
        for call in (group.cpu_all_reduce_, lambda t: vd.cpu_all_reduce_(t, group.cpu_group)):
            mine = torch.full((3,), rank + 1).to(dtype)
            assert call(mine) is mine
            assert mine.tolist() == [total] * 3
    flags = torch.tensor([rank == 0, False])
    assert vd.cpu_all_reduce_(flags, group.cpu_group).tolist() == [True, False]
    strided = torch.ones(2, 2)[:, 0]
    assert vd.cpu_all_reduce_(strided, group.cpu_group).tolist() == [size] * 2
    assert vd.cpu_all_reduce_(torch.ones(0), group.cpu_group).numel() == 0
    # Sums of floats depend on the order; every rank has the same bits all the same.
    random = torch.rand(100, generator=torch.Generator().manual_seed(rank))
    vd.cpu_all_reduce_(random, group.cpu_group, timeout=20 * SECOND)
    everyones = group.all_gather(random.view(1, -1), 0)
    assert (everyones == everyones[0]).all()


def small_sums(rank: int, port: int, size: int) -> None:
    check_small_sums(group_over_gloo(rank, port, size))
    vd.cleanup_dist_env_and_memory()


@pytest.mark.parametrize("size", [2, 3, 5])
def test_small_sums_are_the_same_on_every_rank(size: int) -> None:
    run_ranks(size, small_sums)


def check_small_sums_in_this_world() -> None:
    check_small_sums(vd.get_tp_group())


def test_small_sums_through_shared_memory(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(check_small_sums_in_this_world)


def check_refused_sums() -> None:
    group = vd.get_tp_group()
    for call in (group.cpu_all_reduce_, lambda t: vd.cpu_all_reduce_(t, group.cpu_group)):
        with pytest.raises((UnsupportedDtypeError, InvalidTypeError)):
            call([1.0])
        with pytest.raises(InvalidArgumentError):
            call(torch.ones(1).expand(3))
        with pytest.raises(InvalidTypeError, match="takes a dense CPU tensor here, got one on me"):
            call(torch.ones(1, device="meta"))
    with pytest.raises(InvalidTypeError, match="group"):
        vd.cpu_all_reduce_(torch.ones(1), "tp:0")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="timeout must be positive"):
        vd.cpu_all_reduce_(torch.ones(1), group.cpu_group, -SECOND)
    assert group.cpu_all_reduce_(torch.ones(1)).item() == group.world_size


def test_refused_small_sums_leave_the_group_usable(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(check_refused_sums)


def alone_in_a_sum(rank: int, port: int, size: int) -> None:
    group = group_over_gloo(rank, port, size)
    if rank == 0:
        with pytest.raises(CollectiveError):
            vd.cpu_all_reduce_(torch.ones(1), group.cpu_group, SECOND)
    else:
        dist.get_rank()
    vd.cleanup_dist_env_and_memory()


def test_a_small_sum_ends_after_its_timeout() -> None:
    with Ranks(2) as ranks:
        outcomes = ranks.call(alone_in_a_sum, (), 60, with_place=True)
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert outcomes[0].seconds < 30


# Results written where the caller says


def check_places() -> None:
    group = vd.get_tp_group()
    rank, size = group.rank_in_group, group.world_size
    for owner in (group, group.device_communicator):
        output = torch.zeros(rank + 1, 2)
        sizes = [each + 1 for each in range(size)]
        source = torch.arange(2.0 * sum(sizes)).view(-1, 2)
        result = owner.reduce_scatterv_into_output(source, output, 0, sizes)
        assert result is output
        start = sum(sizes[:rank])
        assert torch.equal(output, size * source[start : start + rank + 1])
        with pytest.raises(InvalidArgumentError, match="out"):
            owner.reduce_scatterv_into_output(source, torch.zeros(9, 9), 0, sizes)


def check_tokens() -> None:
    group = vd.get_tp_group()
    rank, size = group.rank_in_group, group.world_size
    for owner in (group, group.device_communicator):
        tokens = torch.full((rank + 1, 4), float(rank))
        ids = torch.zeros(rank + 1, 1, dtype=torch.int64)
        states = owner.dispatch(tokens, torch.ones(rank + 1, 1), ids)[0]
        memory = owner.allocate_combine_input(list(states.shape), states.dtype, states.device)
        assert memory is not None
        assert (memory.shape, memory.dtype) == (states.shape, states.dtype)
        memory.copy_(states)
        output = torch.empty(rank + 1, 4)
        assert owner.combine_into_output(memory, output) is output
        assert torch.equal(output, size * tokens)
        assert torch.equal(owner.combine(memory), output)
        with pytest.raises(InvalidArgumentError, match="output"):
            owner.combine_into_output(memory, torch.empty(rank + 2, 4))
        with pytest.raises(InvalidTypeError):
            owner.allocate_combine_input("two", torch.float32, torch.device("cpu"))  # type: ignore[arg-type]


@pytest.mark.parametrize("check", [check_places, check_tokens])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_results_go_where_the_caller_says(
    world_of: Callable[..., World], size: int, check: Callable[[], None]
) -> None:
    world_of(size, tensor_model_parallel_size=size).run(check)


# Several messages at once


def check_batches() -> None:
    group = vd.get_tp_group()
    rank, size = group.rank_in_group, group.world_size
    communicator = group.device_communicator
    others = [peer for peer in range(size) if peer != rank]
    into = [torch.zeros(2, 3, dtype=torch.float16) for _ in others]
    # Everybody receives first: nothing waits for anything.
    ops: list[object] = [("recv", place, peer) for peer, place in zip(others, into, strict=True)]
    ops += [("send", torch.full((2, 3), rank * 10.0 + peer).half(), peer) for peer in others]
    received = communicator.batch_isend_irecv(ops)
    assert [place.data_ptr() for place in received] == [place.data_ptr() for place in into]
    for peer, place in zip(others, into, strict=True):
        assert (place == peer * 10 + rank).all()
    # As torch says it, in any memory layout, with an empty tensor among them.
    following, before = (rank + 1) % size, (rank - 1) % size
    strided, nothing = torch.zeros(4, 2, dtype=torch.int64)[:, 0], torch.empty(0)
    over = group.cpu_group
    communicator.batch_isend_irecv(
        [
            dist.P2POp(dist.isend, torch.full((4,), rank), group=over, group_peer=following),
            dist.P2POp(dist.isend, nothing, group=over, group_peer=following),
            dist.P2POp(dist.irecv, strided, group=over, group_peer=before),
            dist.P2POp(dist.irecv, nothing.clone(), group=over, group_peer=before),
        ]
    )
    assert strided.tolist() == [before] * 4
    assert communicator.batch_isend_irecv([]) == []


@pytest.mark.parametrize("size", [2, 3])
def test_several_messages_at_once(world_of: Callable[..., World], size: int) -> None:
    world_of(size, tensor_model_parallel_size=size).run(check_batches)


def check_refused_batches() -> None:
    group = vd.get_tp_group()
    communicator, one = group.device_communicator, torch.ones(1)
    for wrong, kind, words in (
        (3, InvalidTypeError, "p2p_ops must be a list"),
        ([3], InvalidTypeError, r"p2p_ops\[0\] must be a torch.distributed.P2POp or"),
        ([("fetch", one, 1)], InvalidArgumentError, "'send' or 'recv', got 'fetch'"),
        ([("send", one, group.world_size)], InvalidRankError, "peer"),
        ([("send", one, group.rank_in_group)], InvalidRankError, "peer"),
        ([("recv", one.expand(3), 1 - group.rank_in_group)], InvalidArgumentError, "p2p_ops"),
    ):
        with pytest.raises(kind, match=words):
            communicator.batch_isend_irecv(wrong)  # type: ignore[arg-type]
    group.barrier()


def test_refused_batches_send_nothing(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(check_refused_batches)


# Memory given back


def shared_pages(group: vd.GroupCoordinator) -> int:
    """Bytes of the memory that the group shares which the kernel holds."""
    shared = group._groups.shared
    assert shared is not None
    return os.fstat(shared._segment._file._descriptor).st_blocks * 512


def check_memory() -> None:
    group = vd.get_tp_group()
    large = torch.ones(1 << 20)
    assert group.all_reduce(large)[0].item() == group.world_size
    group.barrier()
    held = shared_pages(group)
    vd.suspend_device_comms()
    group.barrier()
    assert shared_pages(group) < held / 2
    group.barrier()  # nobody gets it again before all have looked
    vd.resume_device_comms()
    assert shared_pages(group) >= held / 2
    assert group.all_reduce(large)[0].item() == group.world_size
    vd.checkpoint_prepare_distributed_state()
    group.barrier()
    assert shared_pages(group) < held / 2
    group.barrier()  # nobody gets it again before all have looked
    # Without a restore, too: what needs the memory gets it.
    assert group.all_reduce(large)[-1].item() == group.world_size
    vd.checkpoint_restore_distributed_state()
    communicator = group.device_communicator
    for call in (communicator.suspend, communicator.resume, communicator.checkpoint_prepare):
        call()
    communicator.checkpoint_restore()
    assert torch.equal(group.all_gather(torch.ones(1 << 20), 0), torch.ones(group.world_size << 20))


@pytest.mark.parametrize("size", [2, 3])
def test_suspended_groups_hold_no_large_memory(world_of: Callable[..., World], size: int) -> None:
    world_of(size, tensor_model_parallel_size=size).run(check_memory)


# Who is who


def check_facts() -> None:
    group = vd.get_tp_group()
    communicator = group.device_communicator
    assert communicator.ranks == group.ranks
    assert communicator.global_rank == group.rank
    assert (communicator.rank, communicator.global_world_size) == (group.rank_in_group, 2)
    assert not communicator.use_all2all
    communicator = vd.get_ep_group().device_communicator
    assert communicator.is_ep_communicator
    manager = communicator.all2all_manager
    assert (manager.rank, manager.world_size) == (communicator.rank, communicator.world_size)
    assert not manager.support_fault_tolerance
    assert manager.max_sms_used() is None
    assert vd.get_tp_group().device_communicator.all2all_manager is None
    assert communicator.get_symmetric_memory_buffer("x", [2], torch.int8, group.device) is None
    assert (group.device_index, group.torch_distributed_backend) == (0, "gloo")
    assert group.cpu_timeout == timedelta(seconds=20)
    assert group.use_custom_op_call
    assert group.use_cpu_custom_send_recv
    assert vd.get_worker_rank_suffix() == f"dp0_pp0_tp{group.rank}_dcp0_ep{group.rank}"
    assert vd.get_worker_rank_suffix(7).endswith("_rank7")
    made = vd.init_model_parallel_group([[0, 1]], 0, "gloo", group_name="ep", use_all2all=True)
    assert made.device_communicator.use_all2all
    made.destroy()
    with pytest.raises(GroupDestroyedError):
        made.combine_into_output(torch.ones(1), torch.ones(1))
    with pytest.raises(GroupDestroyedError):
        made.cpu_all_reduce_(torch.ones(1))


def test_a_group_and_its_communicator_say_who_is_who(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(check_facts)


# Embedding tables


def engrams(rank: int, port: int, size: int) -> list[object]:
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo")
    found: list[object] = [vd.get_engram_dp_group(), vd.get_engram_dp_size()]
    vd.initialize_model_parallel(data_parallel_size=4)
    found += [vd.get_engram_dp_size(), vd.get_etp_group() is vd.get_tp_group()]
    vd.destroy_model_parallel()
    vd.initialize_model_parallel(
        data_parallel_size=4, engram_tensor_parallel_size=4, engram_data_parallel_size=2
    )
    group = vd.get_engram_dp_group()
    assert group is not None
    assert group.all_reduce(torch.ones(1)).item() == 2
    found += [vd.get_engram_dp_size(), group.ranks, vd.get_etp_group().ranks]
    vd.destroy_model_parallel()
    vd.initialize_model_parallel(data_parallel_size=4, engram_data_parallel_size=4)
    found.append(vd.get_engram_dp_group() is vd.get_dp_group())
    vd.destroy_model_parallel()
    for wrong in ({"engram_data_parallel_size": 3}, {"engram_tensor_parallel_size": 0}):
        with pytest.raises(ValueError, match="must divide the 4 ranks"):
            vd.initialize_model_parallel(data_parallel_size=4, **wrong)  # type: ignore[arg-type]
    vd.cleanup_dist_env_and_memory()
    return found


def test_replicas_share_an_embedding_table() -> None:
    for rank, found in enumerate(run_ranks(4, engrams)):
        pair = [0, 1] if rank < 2 else [2, 3]
        assert found == [None, 1, 1, True, 2, pair, [0, 1, 2, 3], True]
