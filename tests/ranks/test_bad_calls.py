"""Bad arguments: refused on the rank that passes them, with the values, before anything is sent.

`tests/unit/test_bad_input.py` has the rows that need no group, and checks that nothing of the
surface is left out of the tables.
"""

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


def nested(group: Group) -> None:
    with vd.patch_tensor_parallel_group(group), vd.patch_tensor_parallel_group(group):
        pass


def capture(group: Group) -> None:
    with group.graph_capture(3):  # type: ignore[arg-type]
        pass


def fused(operation: str, dim: int, rows: int = 2) -> torch.Tensor:
    return vd.patched_fused_scaled_matmul_reduce_scatter(
        ones(rows, 2), ones(2, 2), ones(1), ones(1), operation, dim, dim, "tp:0", [rows, 2]
    )


FLOAT8 = torch.ones(2).to(torch.float8_e5m2)
CONFLICT = (AssertionError, RuntimeError)

# subject of the surface: case -> as above
MORE_BAD_CALLS: dict[str, tuple[Callable[[Group], Any], tuple[type, ...], list[str]]] = {
    "GroupCoordinator.all_reduce: dtype": (
        lambda g: g.all_reduce(FLOAT8),
        (ValueError, RuntimeError),
        ["float8_e5m2", "float32"],
    ),
    "GroupCoordinator.all_reduce_: dtype": (
        lambda g: g.all_reduce_(FLOAT8),
        (ValueError, RuntimeError),
        ["float8_e5m2"],
    ),
    "GroupCoordinator.all_reduce_: overlapping": (
        lambda g: g.all_reduce_(torch.zeros(1).expand(4)),
        (ValueError,),
        ["all_reduce_ writes", "strides [0]", ".clone()"],
    ),
    "GroupCoordinator.broadcast: overlapping": (
        lambda g: g.broadcast(torch.zeros(6).unfold(0, 3, 1)),
        (ValueError,),
        ["broadcast writes", "strides [1, 1]", ".contiguous()"],
    ),
    "GroupCoordinator.all_gatherv: one of several": (
        lambda g: g.all_gatherv([ones(2), ones(2, 2).to_sparse()]),
        (TypeError,),
        ["input_[1]", "to_dense"],
    ),
    "GroupCoordinator.all_gatherv: sizes type": (
        lambda g: g.all_gatherv(ones(2), 0, 3),
        (TypeError,),
        ["sizes must be a list of 2 integers", "got 3"],
    ),
    "GroupCoordinator.reduce_scatterv: sizes type": (
        lambda g: g.reduce_scatterv(ones(2), 0, 3),
        (TypeError,),
        ["sizes must be a list of 2 integers", "got 3"],
    ),
    "GroupCoordinator.dispatch: sizes type": (
        lambda g: g.dispatch(ones(2, 1), ones(2, 1), ones(2, 1), sizes=5),
        (TypeError,),
        ["sizes must be a list of 2 integers", "got 5"],
    ),
    "GroupCoordinator.dispatch: extra tensors": (
        lambda g: g.dispatch(ones(2, 1), ones(2, 1), ones(2, 1), extra_tensors=5),
        (TypeError,),
        ["extra_tensors must be a list of tensors or None, got int"],
    ),
    "GroupCoordinator.dispatch: sparse": (
        lambda g: g.dispatch(ones(2, 1), ones(2, 1), ones(2, 1).to_sparse()),
        (TypeError,),
        ["topk_ids", "to_dense"],
    ),
    "GroupCoordinator.combine: sizes type": (
        lambda g: g.combine(ones(2, 1), sizes=3),
        (TypeError,),
        ["sizes must be a list of 2 integers", "got 3"],
    ),
    "GroupCoordinator.send_tensor_dict: switches": (
        lambda g: g.send_tensor_dict({"a": ones(2)}, all_gather_tensors=5),
        (TypeError,),
        ["all_gather_tensors must be a dict", "int"],
    ),
    "GroupCoordinator.send_tensor_dict: switch": (
        lambda g: g.send_tensor_dict({"a": ones(2)}, all_gather_tensors={"a": 1}),
        (TypeError,),
        ["all_gather_tensors['a']", "True or False"],
    ),
    "GroupCoordinator.all_reduce_: type": (lambda g: g.all_reduce_([1]), (TypeError,), ["list"]),
    "GroupCoordinator.reduce_scatter: dtype": (
        lambda g: g.reduce_scatter(FLOAT8),
        (ValueError, RuntimeError),
        ["float8_e5m2"],
    ),
    "GroupCoordinator.broadcast_object: encoding": (
        lambda g: g.broadcast_object(object(), g.rank_in_group),
        (TypeError, ValueError),
        ["object cannot travel"],
    ),
    "GroupCoordinator.broadcast_object_list: group": (
        lambda g: g.broadcast_object_list([1], 0, 3),
        (TypeError,),
        ["ProcessGroup, got int"],
    ),
    "GroupCoordinator.broadcast_tensor_dict: group": (
        lambda g: g.broadcast_tensor_dict({"a": 1}, g.rank_in_group, 3),
        (TypeError,),
        ["ProcessGroup, got int"],
    ),
    "GroupCoordinator.broadcast_tensor_dict: metadata group": (
        lambda g: g.broadcast_tensor_dict({"a": 1}, g.rank_in_group, None, 3),
        (TypeError,),
        ["ProcessGroup, got int"],
    ),
    "GroupCoordinator.send: type": (lambda g: g.send([1]), (TypeError,), ["list"]),
    "GroupCoordinator.recv: size": (
        lambda g: g.recv(torch.Size([-1]), torch.float32),
        (ValueError,),
        ["[-1]", "none negative"],
    ),
    "GroupCoordinator.recv: size type": (
        lambda g: g.recv("2", torch.float32),
        (TypeError,),
        ["torch.Size", "got '2'"],
    ),
    "GroupCoordinator.recv: dtype": (
        lambda g: g.recv(torch.Size([1]), "float32"),
        (TypeError,),
        ["torch.dtype, got 'float32'"],
    ),
    "GroupCoordinator.send_object: encoding": (
        lambda g: g.send_object(object(), 1 - g.rank_in_group),
        (TypeError,),
        ["object cannot travel"],
    ),
    "GroupCoordinator.isend_object: itself": (
        lambda g: g.isend_object(1, g.rank_in_group),
        (ValueError,),
        ["itself"],
    ),
    "GroupCoordinator.isend_object: dst": (
        lambda g: g.isend_object(1, -1),
        (ValueError,),
        ["dst=-1"],
    ),
    "GroupCoordinator.isend_tensor_dict: type": (
        lambda g: g.isend_tensor_dict([1]),
        (TypeError,),
        ["dict", "list"],
    ),
    "GroupCoordinator.isend_tensor_dict: all-gather group": (
        lambda g: g.isend_tensor_dict({"a": ones(2)}, None, 3),
        (TypeError,),
        ["all_gather_group", "int"],
    ),
    "GroupCoordinator.irecv_tensor_dict: src": (
        lambda g: g.irecv_tensor_dict(9),
        (ValueError,),
        ["src=9"],
    ),
    "GroupCoordinator.irecv_tensor_dict: all-gather group": (
        lambda g: g.irecv_tensor_dict(None, 3),
        (TypeError,),
        ["all_gather_group", "int"],
    ),
    "GroupCoordinator.send_tensor_dict: all-gather group": (
        lambda g: g.send_tensor_dict({"a": ones(2)}, None, 3),
        (TypeError,),
        ["all_gather_group", "int"],
    ),
    "GroupCoordinator.recv_tensor_dict: all-gather group": (
        lambda g: g.recv_tensor_dict(None, 3),
        (TypeError,),
        ["all_gather_group", "int"],
    ),
    "GroupCoordinator.dispatch: type": (
        lambda g: g.dispatch([1], ones(1, 1), ones(1, 1)),
        (TypeError,),
        ["hidden_states", "list"],
    ),
    "GroupCoordinator.dispatch: rows": (
        lambda g: g.dispatch(ones(2, 1), ones(1, 1), ones(1, 1)),
        (ValueError,),
        ["2 rows in hidden_states", "1 rows in topk_weights"],
    ),
    "GroupCoordinator.dispatch: sizes": (
        lambda g: g.dispatch(ones(2, 1), ones(2, 1), ones(2, 1), sizes=[1]),
        (ValueError,),
        ["sizes=[1]", "2 integers"],
    ),
    "GroupCoordinator.dispatch_router_logits: rows": (
        lambda g: g.dispatch_router_logits(ones(2, 1), ones(3, 1)),
        (ValueError,),
        ["2 rows in hidden_states", "3 rows"],
    ),
    "GroupCoordinator.combine: before dispatch": (
        lambda g: g.combine(ones(2, 1)),
        (ValueError,),
        ["call dispatch first"],
    ),
    "GroupCoordinator.combine: type": (lambda g: g.combine(3), (TypeError,), ["int"]),
    "GroupCoordinator.create_mq_broadcaster: rank": (
        lambda g: g.create_mq_broadcaster(9),
        (ValueError,),
        ["writer_rank=9"],
    ),
    "GroupCoordinator.create_single_reader_mq_broadcasters: rank": (
        lambda g: g.create_single_reader_mq_broadcasters(9),
        (ValueError,),
        ["reader_rank=9"],
    ),
    "GroupCoordinator.prepare_communication_buffer_for_model: type": (
        lambda g: g.prepare_communication_buffer_for_model(3),
        (TypeError,),
        ["torch.nn.Module, got int"],
    ),
    "GroupCoordinator.graph_capture: context": (
        capture,
        (TypeError,),
        ["GraphCaptureContext or None, got int"],
    ),
    "GroupCoordinator.make_sibling_device_group: description": (
        lambda g: g.make_sibling_device_group(3),
        (TypeError,),
        ["group_desc", "got 3"],
    ),
    "GroupCoordinator.all_reduce: out": (
        lambda g: g.all_reduce(ones(2), ones(3)),
        (ValueError, AssertionError),
        ["out has shape [3]", "result has shape [2]", "torch.empty([2]"],
    ),
    "GroupCoordinator.all_gather: out": (
        lambda g: g.all_gather(ones(2), out=ones(4).double()),
        (ValueError,),
        ["torch.float64 on cpu", "result has shape [4], torch.float32"],
    ),
    "GroupCoordinator.all_gatherv: out": (
        lambda g: g.all_gatherv([ones(2), ones(2)], out=ones(4)),
        (TypeError,),
        ["out must be a list of 2 tensors", "got Tensor"],
    ),
    "GroupCoordinator.reduce_scatter: out": (
        lambda g: g.reduce_scatter(ones(2), out=5),
        (TypeError,),
        ["out must be a torch.Tensor or None, got int"],
    ),
    "GroupCoordinator.reduce_scatterv: out": (
        lambda g: g.reduce_scatterv(ones(4), 0, [2, 2], ones(4)),
        (ValueError,),
        ["out has shape [4]", "result has shape [2]"],
    ),
    "GroupCoordinator.gather: out": (
        lambda g: g.gather(ones(2), 1 - g.rank_in_group, out=ones(4)),
        (ValueError,),
        ["out is given on rank", "pass out there"],
    ),
    "GroupCoordinator.recv: out": (
        lambda g: g.recv(torch.Size([2]), torch.float32, out=ones(2).requires_grad_()),
        (ValueError,),
        ["requires a gradient", "out.detach()"],
    ),
    # The communicator checks for itself: models call it directly.
    "DeviceCommunicatorBase.all_reduce: out": (
        lambda g: g.device_communicator.all_reduce(ones(2), torch.zeros(1).expand(2)),
        (ValueError,),
        ["same place", "strides [0]"],
    ),
    "DeviceCommunicatorBase.all_gatherv: out": (
        lambda g: g.device_communicator.all_gatherv([ones(2)], out=[]),
        (TypeError,),
        ["out must be a list of 1 tensors", "a list of 0"],
    ),
    "DeviceCommunicatorBase.recv: out": (
        lambda g: g.device_communicator.recv(torch.Size([2]), torch.float32, out=ones(1)),
        (ValueError,),
        ["out has shape [1]"],
    ),
    "DeviceCommunicatorBase.all_gather: dim": (
        lambda g: g.device_communicator.all_gather(ones(2), 5),
        (ValueError,),
        ["dim=5"],
    ),
    "DeviceCommunicatorBase.all_gatherv: sizes": (
        lambda g: g.device_communicator.all_gatherv(ones(2), 0, [1]),
        (ValueError,),
        ["sizes=[1]"],
    ),
    "DeviceCommunicatorBase.all_reduce: type": (
        lambda g: g.device_communicator.all_reduce([1]),
        (TypeError,),
        ["list"],
    ),
    "DeviceCommunicatorBase.all_reduce_: type": (
        lambda g: g.device_communicator.all_reduce_([1]),
        (TypeError,),
        ["list"],
    ),
    "DeviceCommunicatorBase.broadcast: src": (
        lambda g: g.device_communicator.broadcast(ones(1), 9),
        (ValueError,),
        ["src=9"],
    ),
    "DeviceCommunicatorBase.gather: dst": (
        lambda g: g.device_communicator.gather(ones(1), 9),
        (ValueError,),
        ["dst=9"],
    ),
    "DeviceCommunicatorBase.send: dst": (
        lambda g: g.device_communicator.send(ones(1), 9),
        (ValueError,),
        ["dst=9"],
    ),
    "DeviceCommunicatorBase.recv: src": (
        lambda g: g.device_communicator.recv(torch.Size([1]), torch.float32, 9),
        (ValueError,),
        ["src=9"],
    ),
    "DeviceCommunicatorBase.reduce_scatter: size": (
        lambda g: g.device_communicator.reduce_scatter(ones(3)),
        (ValueError,),
        ["size 3", "2 ranks"],
    ),
    "DeviceCommunicatorBase.reduce_scatterv: sizes": (
        lambda g: g.device_communicator.reduce_scatterv(ones(3), 0, [1, 1]),
        (ValueError,),
        ["their sum is 2"],
    ),
    "DeviceCommunicatorBase.dispatch: type": (
        lambda g: g.device_communicator.dispatch([1], ones(1, 1), ones(1, 1)),
        (TypeError,),
        ["hidden_states", "list"],
    ),
    "DeviceCommunicatorBase.dispatch_router_logits: rows": (
        lambda g: g.device_communicator.dispatch_router_logits(ones(2, 1), ones(3, 1)),
        (ValueError,),
        ["3 rows"],
    ),
    "DeviceCommunicatorBase.combine: type": (
        lambda g: g.device_communicator.combine(3),
        (TypeError,),
        ["int"],
    ),
    "GroupCoordinator.reduce_scatterv_into_output: output": (
        lambda g: g.reduce_scatterv_into_output(ones(2), ones(2), 0, [1, 1]),
        (ValueError,),
        ["out", "[2]", "[1]"],
    ),
    "GroupCoordinator.cpu_all_reduce_: type": (
        lambda g: g.cpu_all_reduce_([1]),
        (TypeError,),
        ["list"],
    ),
    "GroupCoordinator.allocate_combine_input: shape": (
        lambda g: g.allocate_combine_input([-1], torch.float32, torch.device("cpu")),
        (ValueError,),
        ["-1"],
    ),
    "GroupCoordinator.combine_into_output: type": (
        lambda g: g.combine_into_output(3, ones(1)),
        (TypeError,),
        ["int"],
    ),
    "DeviceCommunicatorBase.reduce_scatterv_into_output: output": (
        lambda g: g.device_communicator.reduce_scatterv_into_output(ones(2), 3, 0, [1, 1]),
        (TypeError,),
        ["out", "int"],
    ),
    "DeviceCommunicatorBase.cpu_all_reduce_: type": (
        lambda g: g.device_communicator.cpu_all_reduce_([1]),
        (TypeError,),
        ["list"],
    ),
    "DeviceCommunicatorBase.allocate_combine_input: device": (
        lambda g: g.device_communicator.allocate_combine_input([1], torch.float32, 3),
        (TypeError,),
        ["device", "3"],
    ),
    "DeviceCommunicatorBase.combine_into_output: type": (
        lambda g: g.device_communicator.combine_into_output(3, ones(1)),
        (TypeError,),
        ["int"],
    ),
    "DeviceCommunicatorBase.batch_isend_irecv: type": (
        lambda g: g.device_communicator.batch_isend_irecv("all"),
        (TypeError,),
        ["p2p_ops", "str"],
    ),
    "DeviceCommunicatorBase.get_symmetric_memory_buffer: role": (
        lambda g: g.device_communicator.get_symmetric_memory_buffer(3, [1], torch.int8, g.device),
        (TypeError,),
        ["role", "3"],
    ),
    # Functions of the module, once there are groups
    "tensor_model_parallel_all_reduce: type": (
        lambda g: vd.tensor_model_parallel_all_reduce([1]),
        (TypeError,),
        ["list"],
    ),
    "tensor_model_parallel_all_gather: dim": (
        lambda g: vd.tensor_model_parallel_all_gather(ones(2), 5),
        (ValueError,),
        ["dim=5"],
    ),
    "tensor_model_parallel_gather: dst": (
        lambda g: vd.tensor_model_parallel_gather(ones(2), 5),
        (ValueError,),
        ["dst=5"],
    ),
    "tensor_model_parallel_reduce_scatter: size": (
        lambda g: vd.tensor_model_parallel_reduce_scatter(ones(3)),
        (ValueError,),
        ["size 3"],
    ),
    "broadcast_tensor_dict: src": (
        lambda g: vd.broadcast_tensor_dict({}, 9),
        (ValueError,),
        ["src=9"],
    ),
    "all_reduce: dtype": (
        lambda g: vd.all_reduce(FLOAT8, "tp:0"),
        (ValueError, RuntimeError),
        ["float8_e5m2"],
    ),
    "all_gather: size": (
        lambda g: vd.all_gather(ones(2), 0, 3, "tp:0"),
        (ValueError,),
        ["world_size=3", "2 ranks"],
    ),
    "reduce_scatter: size": (
        lambda g: vd.reduce_scatter(ones(2), 0, 1, "tp:0"),
        (ValueError,),
        ["world_size=1", "2 ranks"],
    ),
    "patched_fused_scaled_matmul_reduce_scatter: operation": (
        lambda g: fused("max", 0),
        (ValueError,),
        ["'max'", "'sum' or 'avg'"],
    ),
    "patched_fused_scaled_matmul_reduce_scatter: dim": (
        lambda g: fused("sum", 9),
        (ValueError,),
        ["orig_scatter_dim=9"],
    ),
    "patched_fused_scaled_matmul_reduce_scatter: size": (
        lambda g: fused("sum", 0, 3),
        (ValueError,),
        ["size 3", "2 ranks"],
    ),
    "patch_tensor_parallel_group: second call": (nested, CONFLICT, ["patched already"]),
    "in_the_same_node_as: rank": (
        lambda g: vd.in_the_same_node_as(g.cpu_group, 9),
        (ValueError,),
        ["source_rank=9"],
    ),
    "init_world_group: ranks": (
        lambda g: vd.init_world_group([0], 0, "gloo"),
        (ValueError,),
        ["ranks=[0]", "list(range(2))"],
    ),
    "init_model_parallel_group: type": (
        lambda g: vd.init_model_parallel_group([0, 1], 0, "gloo"),
        (TypeError,),
        ["list of lists"],
    ),
    "init_model_parallel_group: backend": (
        lambda g: vd.init_model_parallel_group([[0, 1]], 0, "pigeon"),
        (ValueError,),
        ["'pigeon'"],
    ),
    "init_distributed_environment: second call": (
        lambda g: vd.init_distributed_environment(5, 0, "tcp://127.0.0.1:1", 0, "gloo"),
        CONFLICT,
        ["world_size=2", "world_size=5"],
    ),
    "initialize_model_parallel: second call": (
        lambda g: vd.initialize_model_parallel(1, 2),
        CONFLICT,
        ["tensor=2", "destroy_model_parallel()"],
    ),
    "ensure_model_parallel_initialized: other sizes": (
        lambda g: vd.ensure_model_parallel_initialized(1, 2),
        CONFLICT,
        ["tensor=2", "tensor=1"],
    ),
}


def subjects() -> list[str]:
    """Return the names of the surface that are called wrongly here."""
    methods = {f"GroupCoordinator.{name.split()[0]}" for name in BAD_CALLS}
    others = {name.split(":")[0] for name in MORE_BAD_CALLS}
    return sorted(methods | others | {"GroupCoordinator", "GroupCoordinator.barrier"})


def refused_everywhere(name: str) -> None:
    call, types, words = BAD_CALLS.get(name) or MORE_BAD_CALLS[name]
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
    assert vd.get_tp_group().all_reduce(ones(1)).item() == 2


@pytest.mark.parametrize("name", [*BAD_CALLS, *MORE_BAD_CALLS])
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
