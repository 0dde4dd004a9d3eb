"""A forked child has its parent's objects and not its parent's place."""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import torch
import torch.distributed as dist
from rank_harness import CARRIERS, World, run_ranks

import vllm_distributed as vd
from vllm_distributed.compat.torch_internals import HashStore
from vllm_distributed.errors import ForkedProcessError
from vllm_distributed.transports.queue.queue import MessageQueue

Group = vd.GroupCoordinator
LIMIT = timedelta(seconds=20)
CHILD_S = 15.0


def in_a_child(work: Callable[[], Any], *, leave: Callable[[], Any] = lambda: os._exit(0)) -> str:
    """Return what `work` returned, as text, or raised in a forked child, which has ended."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            said = str(work())
        except BaseException as error:  # noqa: BLE001 - told to the parent
            said = f"{type(error).__name__}: {error}"
        os.write(theirs, said.encode() or b" ")
        os.close(theirs)
        leave()
        os._exit(0)
    os.close(theirs)
    text = b""
    try:
        while True:
            if not select.select([ours], [], [], CHILD_S)[0]:
                pytest.fail(f"the child is not through; it said {text!r}")
            part = os.read(ours, 1 << 16)
            if not part:
                return text.decode()
            text += part
    finally:
        os.close(ours)
        if leave is not sys.exit:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def check_values(group: Group) -> None:
    """The parent has its place: 30 on every rank, not 21."""
    for size in (1, 300_000):
        assert group.all_reduce(torch.full((size,), 10.0 * (group.rank + 1)))[-1].item() == 30
    assert group.broadcast_object(group.rank, 1) == 1
    assert group.all_gather(torch.tensor([group.rank])).tolist() == [0, 1]
    if group.rank == 0:
        group.send_object("there", 1)
        assert group.recv(torch.Size([2]), torch.float32).tolist() == [1.0, 1.0]
    else:
        assert group.recv_object(0) == "there"
        group.send(torch.ones(2))
    group.barrier()


CALLS: dict[str, Callable[[Group], Any]] = {
    "all_reduce": lambda g: g.all_reduce(torch.full((1,), 20.0)),
    "large": lambda g: g.all_reduce(torch.full((300_000,), 20.0)),
    "all_reduce_": lambda g: g.all_reduce_(torch.ones(1)),
    "all_gather": lambda g: g.all_gather(torch.ones(2)),
    "all_gatherv": lambda g: g.all_gatherv(torch.ones(g.rank + 1), 0, [1, 2]),
    "reduce_scatter": lambda g: g.reduce_scatter(torch.ones(2)),
    "gather": lambda g: g.gather(torch.ones(2)),
    "broadcast": lambda g: g.broadcast(torch.ones(2), g.rank),
    "send": lambda g: g.send(torch.ones(2)),
    "recv": lambda g: g.recv(torch.Size([2]), torch.float32),
    "barrier": lambda g: g.barrier(),
    "broadcast_object": lambda g: g.broadcast_object(1, g.rank),
    "broadcast_tensor_dict": lambda g: g.broadcast_tensor_dict({"a": torch.ones(1)}, g.rank),
    "send_object": lambda g: g.send_object(1, 1 - g.rank),
    "isend_object": lambda g: g.isend_object(1, 1 - g.rank),
    "recv_object": lambda g: g.recv_object(1 - g.rank),
    "send_tensor_dict": lambda g: g.send_tensor_dict({"a": torch.ones(1)}),
    "irecv_tensor_dict": lambda g: g.irecv_tensor_dict(),
    "dispatch": lambda g: g.dispatch(torch.ones(2, 1), torch.ones(2, 1), torch.ones(2, 1)),
    "by name": lambda g: vd.all_reduce(torch.ones(1), g.unique_name),
    "as a function": lambda _: vd.tensor_model_parallel_all_reduce(torch.ones(1)),
    "with a gradient": lambda g: g.all_reduce(torch.ones(1, requires_grad=True)),
    "the communicator's": lambda g: g.device_communicator.all_reduce(torch.ones(1)),
    "torch's, by our group": lambda g: g.cpu_group.barrier().wait(),
    "queue": lambda g: g.create_mq_broadcaster(),
    "sibling": lambda g: g.make_sibling_device_group(),
    "another group": lambda _: vd.init_model_parallel_group([[0, 1]], 0, "gloo"),
    "a group alone": lambda _: vd.init_model_parallel_group([[0], [1]], 0, "gloo").cpu_group,
    "the world again": lambda g: vd.init_distributed_environment(2, g.rank),
}


def refused_in_the_child() -> None:
    group = vd.get_tp_group()
    check_values(group)

    def all_calls() -> str:
        assert (group.rank, group.world_size) == (vd.get_world_group().rank, 2)  # facts stay
        for name, call in CALLS.items():
            with pytest.raises(ForkedProcessError, match=f"was forked from rank {group.rank}"):
                pytest.fail(f"{name} gave {call(group)}")
        return "refused"

    said = in_a_child(all_calls)
    assert said == "refused", said
    check_values(group)


@pytest.mark.parametrize("over", CARRIERS)
def test_a_forked_child_does_not_take_its_parents_place(
    world_of: Callable[..., World], over: str
) -> None:
    world_of(2, tensor_model_parallel_size=2, over=over).run(refused_in_the_child, deadline_s=60)


def join(rank: int, port: int, size: int, over: str) -> Group:
    os.environ["VLLM_DISTRIBUTED_SHM"] = "1" if over == "shared memory" else "0"
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", LIMIT)
    vd.initialize_model_parallel(size)
    return vd.get_tp_group()


def ends_in_many_ways(rank: int, port: int, size: int, over: str) -> None:
    group = join(rank, port, size, over)
    check_values(group)

    def lets_go() -> str:
        vd.destroy_model_parallel()
        gc.collect()
        vd.cleanup_dist_env_and_memory()
        assert not dist.is_initialized()
        return "let go"

    said = in_a_child(lets_go)
    assert said == "let go", said
    check_values(group)
    assert in_a_child(lambda: "went", leave=interpreters_end) == "went"
    check_values(group)
    vd.cleanup_dist_env_and_memory()


def interpreters_end() -> None:
    """End as a script does, with all destructors; the harness is the parent's."""
    import ctypes

    signal.alarm(10)
    ctypes.pythonapi.Py_FinalizeEx()
    os._exit(0)


@pytest.mark.parametrize("over", CARRIERS)
def test_a_forked_child_that_ends_leaves_its_parents_groups_alone(over: str) -> None:
    run_ranks(2, ends_in_many_ways, over)


def has_its_own(rank: int, port: int, size: int, over: str, place: str) -> None:
    group = join(rank, port, size, over)

    def its_own_world() -> str:
        vd.cleanup_dist_env_and_memory()
        url = f"file://{place}"
        vd.init_distributed_environment(size, rank, url, rank, "gloo", LIMIT)
        vd.initialize_model_parallel(size)
        own = vd.get_tp_group()
        total = own.all_reduce(torch.full((3,), 1.0 + rank)).tolist()
        own.barrier()
        old = ""
        try:
            group.all_reduce(torch.ones(1))
        except RuntimeError as error:
            old = type(error).__name__
        vd.cleanup_dist_env_and_memory()
        return f"{total} {old}"

    said = in_a_child(its_own_world)
    assert said == "[3.0, 3.0, 3.0] GroupDestroyedError", said
    check_values(group)
    vd.cleanup_dist_env_and_memory()


@pytest.mark.parametrize("over", CARRIERS)
def test_forked_children_make_a_world_of_their_own(over: str, tmp_path: Any) -> None:
    run_ranks(2, has_its_own, over, str(tmp_path / "meeting"))


def test_a_forked_child_has_no_end_of_its_parents_queue() -> None:
    queue = MessageQueue(1, 1)
    reader = MessageQueue.create_from_handle(queue.export_handle(), 0)
    queue.wait_until_ready()
    reader.wait_until_ready()
    for call in (
        lambda: queue.enqueue(1),
        lambda: reader.dequeue(1),
        lambda: reader.broadcast_object(),
    ):
        assert in_a_child(call).startswith("ForkedProcessError: ")
    assert in_a_child(lambda: (queue.shutdown(), reader.shutdown(), "shut")[-1]) == "shut"
    queue.enqueue("still open")
    assert reader.dequeue(5) == "still open"
    reader.shutdown()
    queue.shutdown()


def test_a_forked_child_is_no_member_of_a_stateless_group() -> None:
    group = vd.StatelessProcessGroup(0, 2, HashStore(), 60, timeout=5.0)
    for call in (
        lambda: group.send_obj(1, 1),
        lambda: group.broadcast_obj(1, 0),
        lambda: group.barrier(1),
        lambda: group.all_gather_obj(1),
    ):
        assert in_a_child(call).startswith("ForkedProcessError: ")
    assert in_a_child(lambda: (group.destroy(), "left")[-1]) == "left"
    group.send_obj("still there", 1)
    group.destroy()


def starts_with_a_message_on_its_way() -> None:
    group = vd.get_tp_group()
    text = "z" * (8 << 20)
    if group.is_first_rank:
        handle = group.isend_object(text, 1)
        said = in_a_child(handle.wait)
        assert said == "None" or said.startswith(
            "ForkedProcessError: "
        )  # None: it was sent already
        handle.wait()
    else:
        assert group.recv_object(0) == text
    check_values(group)


@pytest.mark.parametrize("over", CARRIERS)
def test_a_forked_child_does_not_wait_for_its_parents_message(
    world_of: Callable[..., World], over: str
) -> None:
    world_of(2, tensor_model_parallel_size=2, over=over).run(starts_with_a_message_on_its_way)
