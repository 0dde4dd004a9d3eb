"""Groups on CUDA devices. `gpu` tests need one device, `gpu(2)` tests two; the others none.

Besides, `gpu` tests need a torch that is built with CUDA and NCCL, which has one rank per device:
what takes a second rank of NCCL is `gpu(2)`. Symmetric memory is used where the two devices reach
each other's memory (compute capability 8.0 or higher), and NCCL where not, with the same results.

`NcclTransport` asks nothing of its process group that gloo's does not offer for equal parts, so
most of it runs here without a device: shapes, dims and dtypes are right, or wrong, there already.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
import torch
from rank_harness import World, run_ranks

import vllm_distributed as vd
from vllm_distributed.errors import InvalidArgumentError, InvalidTypeError
from vllm_distributed.transports.base import Transport
from vllm_distributed.transports.gloo import GlooTransport
from vllm_distributed.transports.nccl import NcclTransport

DTYPES = [
    torch.float32,
    torch.bfloat16,
    torch.int64,
    torch.int16,
    torch.uint8,
    torch.bool,
    torch.complex64,
]
SHAPES = [(4,), (2, 4), (2, 6, 4), (4, 0)]


def agree(actual: torch.Tensor | None, expected: torch.Tensor | None) -> None:
    assert (actual is None) == (expected is None)
    if actual is not None and expected is not None:
        assert actual.dtype == expected.dtype
        assert actual.is_contiguous()
        assert torch.equal(actual.cpu(), expected.cpu())


def into(
    call: Callable[[torch.Tensor | None], torch.Tensor | None],
    expected: torch.Tensor | None,
    device: torch.device,
) -> None:
    """The result is written where it is wanted; on a rank that gets none nothing is."""
    if expected is None:
        assert call(None) is None
        return
    out = torch.ones(expected.shape, device=device).to(expected.dtype)
    assert call(out) is out
    agree(out, expected)


def compare(transport: Transport, reference: Transport, device: torch.device) -> None:
    """Every operation gives what the reference gives on the CPU, and leaves its input alone."""
    size, rank = transport.world_size, transport.rank_in_group
    for dtype in DTYPES:
        for shape in SHAPES:
            host = (torch.arange(torch.Size(shape).numel()).reshape(shape) % 5 + rank).to(dtype)
            for tensor in (host, host.t().contiguous().t() if len(shape) == 2 else host):
                placed = tensor.to(device)
                agree(transport.all_reduce(placed), reference.all_reduce(tensor))
                into(partial(transport.all_reduce, placed), reference.all_reduce(tensor), device)
                agree(placed.contiguous(), tensor.contiguous())
                changed = placed.clone()
                assert transport.all_reduce_(changed) is changed
                agree(changed.contiguous(), reference.all_reduce(tensor))
                for dim in range(len(shape)):
                    agree(transport.all_gather(placed, dim), reference.all_gather(tensor, dim))
                    gathered = reference.all_gather(tensor, dim)
                    into(partial(transport.all_gather, placed, dim), gathered, device)
                    agree(transport.gather(placed, 0, dim), reference.gather(tensor, 0, dim))
                    collected = reference.gather(tensor, 0, dim)
                    into(partial(transport.gather, placed, 0, dim), collected, device)
                    if shape[dim] % size == 0:
                        sizes = [shape[dim] // size] * size
                        agree(
                            transport.reduce_scatterv(placed, dim, sizes),
                            reference.reduce_scatterv(tensor, dim, sizes),
                        )
                        into(
                            partial(transport.reduce_scatterv, placed, dim, sizes),
                            reference.reduce_scatterv(tensor, dim, sizes),
                            device,
                        )
                received = placed.clone()
                assert transport.broadcast(received, size - 1) is received
                agree(received.contiguous(), reference.broadcast(tensor.clone(), size - 1))
    scalar = torch.tensor(3.0)
    agree(transport.all_gather(scalar.to(device), 0), reference.all_gather(scalar, 0))
    float8 = scalar.view(1).to(torch.float8_e4m3fn)
    gathered = transport.all_gather(float8.to(device), 0)
    assert gathered.dtype == torch.float8_e4m3fn
    assert gathered.cpu().float().tolist() == [3.0] * size


def uneven(transport: Transport, reference: Transport, device: torch.device) -> None:
    size, rank = transport.world_size, transport.rank_in_group
    sizes = [2 * place + 1 for place in range(size)]
    for dim in (0, 1):
        shape = [3, 3]
        shape[dim] = sizes[rank]
        part = torch.rand(shape)
        agree(
            transport.all_gatherv(part.to(device), dim, sizes),
            reference.all_gatherv(part, dim, sizes),
        )
        into(
            partial(transport.all_gatherv, part.to(device), dim, sizes),
            reference.all_gatherv(part, dim, sizes),
            device,
        )
        shape[dim] = sum(sizes)
        whole = torch.ones(shape) * (rank + 1)
        agree(
            transport.reduce_scatterv(whole.to(device), dim, sizes),
            reference.reduce_scatterv(whole, dim, sizes),
        )
        into(
            partial(transport.reduce_scatterv, whole.to(device), dim, sizes),
            reference.reduce_scatterv(whole, dim, sizes),
            device,
        )


def the_same_over_gloo() -> None:
    group = vd.get_tp_group()
    cpu = torch.device("cpu")
    transport = NcclTransport(group.cpu_group, None, cpu, "here", custom_all_reduce=False)
    reference = GlooTransport(group.cpu_group, "reference")
    compare(transport, reference, cpu)
    if group.is_first_rank:
        transport.send(torch.ones(3), 1)
    else:
        assert transport.recv(torch.Size([3]), torch.float32, 0).tolist() == [1.0] * 3
    if group.is_first_rank:
        transport.send(torch.full((3,), 2.0), 1)
    else:
        out = torch.empty(3)
        assert transport.recv(torch.Size([3]), torch.float32, 0, out) is out
        assert out.tolist() == [2.0] * 3
    for wrong in (torch.ones(2, device="meta"), torch.ones(2, 2).to_sparse(), [1.0]):
        with pytest.raises(InvalidTypeError, match="all_reduce"):
            transport.all_reduce(wrong)  # type: ignore[arg-type]


def test_nccl_transport_computes_what_gloo_does(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(the_same_over_gloo)


def join(rank: int, port: int, size: int, backend: str) -> None:
    vd.init_distributed_environment(
        size, rank, f"tcp://127.0.0.1:{port}", rank, backend, timedelta(seconds=60)
    )
    vd.initialize_model_parallel(size)


def one_device(rank: int, port: int, size: int) -> None:
    """NCCL's own operations in a group of one; a coordinator would not call them."""
    join(rank, port, size, "nccl")
    group = vd.get_world_group()
    assert group.device == torch.device("cuda", 0)
    own = vd.DeviceCommunicatorBase(group.cpu_group, group.device, group.device_group, "own")
    assert isinstance(own._transport, NcclTransport)
    reference = GlooTransport(group.cpu_group, "reference")
    compare(own._transport, reference, group.device)
    uneven(own._transport, reference, group.device)
    agree(own.all_reduce(torch.ones(3)), torch.ones(3))  # a CPU tensor, over the CPU group
    vd.cleanup_dist_env_and_memory()


@pytest.mark.gpu
def test_nccl_on_one_device() -> None:
    run_ranks(1, one_device, deadline_s=100)


def captured(rank: int, port: int, size: int, custom: bool = True) -> None:
    """A graph with collectives in it, captured once, computes anew with each replay."""
    vd.set_custom_all_reduce(custom)
    join(rank, port, size, "nccl")
    group = vd.get_tp_group()
    communicator = group.device_communicator
    if size == 1:
        communicator = vd.DeviceCommunicatorBase(
            group.cpu_group, group.device, group.device_group, "own"
        )
    tensor = torch.zeros(4096, device=group.device)
    before = torch.cuda.current_stream()
    with vd.graph_capture(group.device) as context:
        assert context.stream == torch.cuda.current_stream() != before
        communicator.all_gather(communicator.all_reduce(tensor), 0)  # connects, before the capture
        context.stream.synchronize()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=context.stream):
            total = communicator.all_reduce(tensor)
            gathered = communicator.all_gather(total + 1, 0)
    assert torch.cuda.current_stream() == before
    for value in (1.0, 5.0):
        tensor.fill_(value)
        graph.replay()
        torch.cuda.synchronize()
        assert total.unique().tolist() == [value * size]
        assert gathered.shape == (4096 * size,)
        assert gathered.unique().tolist() == [value * size + 1]
    del graph
    vd.cleanup_dist_env_and_memory()


@pytest.mark.gpu
def test_capture_and_replay_on_one_device() -> None:
    run_ranks(1, captured, deadline_s=100)


def staged(rank: int, port: int, size: int) -> None:
    """CUDA tensors on groups of gloo: every result on the device where its input was."""
    join(rank, port, size, "gloo")
    group, device = vd.get_tp_group(), torch.device("cuda", 0)
    mine = torch.full((2, 4), float(rank + 1), device=device)
    total = group.all_reduce(mine)
    assert total.device == device
    assert total.unique().tolist() == [3.0]
    assert group.all_reduce(mine, total) is total
    assert total.unique().tolist() == [3.0]
    assert group.all_gather(mine, 0).device == device
    both = torch.empty(8, 4, device=device)[::2]
    assert group.all_gather(mine, 0, both) is both
    assert both[:, 0].tolist() == [1.0, 1.0, 2.0, 2.0]
    with pytest.raises(InvalidArgumentError, match="on cpu, and the result"):
        group.all_gather(mine, 0, torch.empty(4, 4))
    assert group.reduce_scatter(mine, 0).tolist() == [[3.0] * 4]
    assert group.broadcast(mine.clone(), 1).unique().tolist() == [2.0]
    sent = {"gpu": mine, "cpu": mine.cpu(), "nested": [mine + 1]}
    received = group.broadcast_tensor_dict(sent if rank == 0 else None)
    assert received is not None
    assert (received["gpu"].device, received["cpu"].device.type) == (device, "cpu")
    assert received["nested"][0].unique().tolist() == [2.0]
    if rank == 0:
        group.send_tensor_dict(sent, 1)
        group.send(mine, 1)
    else:
        arrived = group.recv_tensor_dict(0)
        assert arrived is not None
        assert arrived["gpu"].device == arrived["nested"][0].device == device
        assert arrived["gpu"].unique().tolist() == [1.0]
        assert group.recv(mine.size(), mine.dtype, 0).unique().tolist() == [1.0]
    vd.cleanup_dist_env_and_memory()


@pytest.mark.gpu
def test_cuda_tensors_on_gloo_are_staged() -> None:
    run_ranks(2, staged, deadline_s=100)


def two_devices(rank: int, port: int, size: int) -> None:
    join(rank, port, size, "nccl")
    group = vd.get_tp_group()
    reference = GlooTransport(group.cpu_group, "reference")
    compare(group.device_communicator._transport, reference, group.device)
    uneven(group.device_communicator._transport, reference, group.device)
    agree(group.all_reduce(torch.ones(3)), torch.full((3,), 2.0))
    value = {"gpu": torch.full((4,), float(rank), device=group.device), "cpu": torch.ones(2)}
    handles = group.isend_tensor_dict(value)
    received, more, postprocess = group.irecv_tensor_dict()
    for handle in [*handles, *more]:
        handle.wait()
    assert postprocess == []
    assert received is not None
    assert received["gpu"].tolist() == [float(1 - rank)] * 4
    vd.cleanup_dist_env_and_memory()


@pytest.mark.gpu(2)
def test_nccl_on_two_devices() -> None:
    run_ranks(2, two_devices, deadline_s=100)


def alone_beside_others(rank: int, port: int, size: int) -> None:
    """Groups of one in a world of two, made by one rank while the other does something else."""
    vd.init_distributed_environment(
        size, rank, f"tcp://127.0.0.1:{port}", rank, "nccl", timedelta(seconds=60)
    )
    vd.initialize_model_parallel(1, data_parallel_size=size)
    alone, both = vd.get_tp_group(), vd.get_dp_group()
    mine = torch.full((3,), float(rank + 1), device=alone.device)
    if rank == 0:
        assert alone.all_reduce(mine).tolist() == [1.0] * 3
        total = mine.clone()
        torch.distributed.all_reduce(total, group=alone.device_group)
        assert total.tolist() == [1.0] * 3
        assert alone.cpu_group.size() == 1
    assert both.all_reduce(mine).tolist() == [3.0] * 3
    assert vd.get_world_group().all_reduce(mine).tolist() == [3.0] * 3
    vd.cleanup_dist_env_and_memory()


@pytest.mark.gpu(2)
def test_a_group_of_one_does_not_wait_for_the_world() -> None:
    run_ranks(2, alone_beside_others, deadline_s=100)


@pytest.mark.gpu(2)
@pytest.mark.parametrize("custom", [True, False])
def test_capture_and_replay_on_two_devices(custom: bool) -> None:
    run_ranks(2, captured, custom, deadline_s=100)


def symmetric(rank: int, port: int, size: int) -> None:
    """The sum through symmetric memory is NCCL's, up to rounding."""
    results = []
    for enable in (True, False, True):  # the last time in a world under the names of the first
        vd.set_custom_all_reduce(enable)
        join(rank, port, size, "nccl")
        group = vd.get_tp_group()
        torch.manual_seed(rank)
        results.append(
            [
                group.all_reduce(torch.randn(count, device=group.device).to(dtype)).cpu()
                for count in (8, 1024, 1 << 18, (1 << 20) + 8)
                for dtype in (torch.float32, torch.bfloat16)
                for _ in range(3)  # the buffer is used again
            ]
        )
        vd.cleanup_dist_env_and_memory()
    for one, other, again in zip(*results, strict=True):
        assert torch.allclose(one.float(), other.float(), atol=1e-1, rtol=1e-2)
        assert torch.equal(one, again)


@pytest.mark.gpu(2)
def test_symmetric_memory_sums_as_nccl_does() -> None:
    run_ranks(2, symmetric, deadline_s=100)
