"""Names of vLLM that are no part of our own surface: private state, operators, small helpers."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.distributed import ProcessGroup

import vllm_distributed as vd
from vllm_distributed import parallel_state
from vllm_distributed.communicators import base, message_queue
from vllm_distributed.errors import InvalidArgumentError, LibraryMissingError, MessageQueueError
from vllm_distributed.wire.object_codec import TensorMetadata

state: Any = parallel_state


def test_private_state_before_there_is_any() -> None:
    for name in ("_WORLD", "_NODE_COUNT", "_TP", "_PP", "_DP", "_EP", "_ETP", "_ENGRAM_DP"):
        assert getattr(state, name) is None, name
    assert (state._groups, state._group_name_counter) == ({}, {})
    assert state._get_unique_name("tp") == "tp:0"
    assert (state._TP_STATE_PATCHED, state._ENABLE_CUSTOM_ALL_REDUCE) == (False, True)
    with pytest.raises(AttributeError, match="has no attribute '_BOGUS'"):
        state._BOGUS  # noqa: B018
    with pytest.raises(AttributeError, match="_TP reads what groups there are"):
        state._TP = None


def test_a_dict_of_tensors_is_told_apart() -> None:
    tensor = torch.ones(2, 3)
    entries, tensors = state._split_tensor_dict({"a": tensor, "b": 7})
    assert entries == [("a", TensorMetadata("cpu", torch.float32, torch.Size([2, 3]))), ("b", 7)]
    assert tensors == [tensor]


OF_ONE_RANK = """
import torch, vllm_distributed as vd
vd.install_as_vllm()
import vllm.distributed.parallel_state as state
from vllm.distributed.parallel_state import _TP
assert _TP is None
vd.init_distributed_environment(1, 0, "tcp://127.0.0.1:0", 0, "gloo")
vd.initialize_model_parallel()
from vllm.distributed.parallel_state import _TP, _WORLD, _groups, _node_count
assert _TP is vd.get_tp_group() and _WORLD is vd.get_world_group()
assert state._EP is vd.get_ep_group() and state._ETP is _TP and state._NODE_COUNT == 1
assert _groups["tp:0"]() is _TP and state._get_unique_name("tp") == "tp:1"
assert state._group_name_counter["tp"] == 1
assert _node_count(_TP.cpu_group) == 1
with vd.patch_tensor_parallel_group(vd.get_pp_group()):
    assert state._TP is vd.get_pp_group() and state._TP_STATE_PATCHED
weight = torch.ones(2, requires_grad=True)
torch.ops.vllm.all_reduce(weight, "tp:0").sum().backward()
assert weight.grad.tolist() == [1.0, 1.0]
gather = torch.compile(lambda t: torch.ops.vllm.all_gather(t, 0, 1, "tp:0") + 1,
                       fullgraph=True, backend="eager")
assert gather(torch.ones(2)).tolist() == [2.0, 2.0]
assert torch.ops.vllm.reduce_scatter(torch.ones(2), 0, 1, "tp:0").tolist() == [1.0, 1.0]
from vllm.distributed.device_communicators.base_device_communicator import All2AllManagerBase
manager = All2AllManagerBase(_TP.cpu_group)
assert (manager.rank, manager.world_size, manager.internode) == (0, 1, False)
assert (manager.dp_rank, manager.dp_world_size) == (0, 1)
vd.destroy_model_parallel()
assert state._TP is None
vd.cleanup_dist_env_and_memory()
print("done")
"""


def test_private_state_and_operators_of_a_world() -> None:
    run = subprocess.run(
        [sys.executable, "-c", OF_ONE_RANK], capture_output=True, text=True, timeout=120
    )
    assert run.stdout == "done\n", run.stderr


def test_an_operator_that_is_there_already_is_left_alone() -> None:
    code = (
        "import torch, vllm_distributed\n"
        "library = torch.library.Library('vllm', 'DEF')\n"
        "library.define('all_reduce(Tensor tensor, str group_name) -> Tensor')\n"
        "from vllm_distributed.ops.under_vllm import register_under_vllm\n"
        "print(register_under_vllm()[1])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    assert "'all_gather'" in run.stdout
    assert "'all_reduce'" not in run.stdout


class Thing:
    def __init__(self, **arguments: int) -> None:
        self.arguments = arguments


def test_a_cache_keeps_what_is_held() -> None:
    cache = base.Cache()
    one = cache.get_or_create({"a": 1, "b": 2}, Thing)
    assert cache.get_or_create({"b": 2, "a": 1}, Thing) is one
    assert cache.get_or_create({"a": 2}, Thing) is not one
    place = id(one)
    del one
    gc.collect()
    assert cache.get_or_create({"a": 1, "b": 2}, Thing).arguments == {"a": 1, "b": 2}, place


class Doubling(base.All2AllManagerBase):
    def __init__(self) -> None:
        pass

    def combine(self, hidden_states: torch.Tensor, is_sequence_parallel: bool = False) -> Any:
        return hidden_states * 2


WITHOUT_KERNELS: dict[str, Callable[[base.All2AllManagerBase], object]] = {
    "get_handle": lambda m: m.get_handle({}),
    "dispatch": lambda m: m.dispatch(torch.ones(1), torch.ones(1), torch.ones(1)),
    "dispatch_router_logits": lambda m: m.dispatch_router_logits(torch.ones(1), torch.ones(1)),
    "query_active_mask": lambda m: m.query_active_mask(),
    "query_fault": lambda m: m.query_fault(),
    "clean_buffers": lambda m: m.clean_buffers(),
}


@pytest.mark.parametrize("name", WITHOUT_KERNELS)
def test_an_exchange_without_kernels_says_what_to_do(name: str) -> None:
    with pytest.raises(LibraryMissingError, match=f"Doubling.{name} has no kernels: derive"):
        WITHOUT_KERNELS[name](Doubling())


def test_an_exchange_of_ones_own() -> None:
    manager = Doubling()
    output = torch.zeros(2)
    assert manager.combine_into_output(torch.ones(2), output) is output
    assert output.tolist() == [2.0, 2.0]
    shape: tuple[int, ...] = (2,)
    assert manager.allocate_combine_input(shape, torch.float32, torch.device("cpu")) is None
    assert manager.max_sms_used() is None
    with manager.mask_remote_ranks():
        for step in (manager.checkpoint_prepare, manager.stage_ep_size, manager.commit_ep_size):
            step()
    manager.destroy()
    assert isinstance(ProcessGroup, type)


def test_helpers_of_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    assert message_queue.from_bytes_big(message_queue.to_bytes_big(7, 3)) == 7
    message_queue.memory_fence()
    assert "7 seconds" in message_queue.long_wait_time_msg(7)
    monkeypatch.setenv("VLLM_RINGBUFFER_WARNING_INTERVAL", "11")
    module: Any = message_queue
    assert module.VLLM_RINGBUFFER_WARNING_INTERVAL == 11
    message_queue.check_shm_free_space(0)
    with pytest.raises(MessageQueueError, match="the ring needs"):
        message_queue.check_shm_free_space(1 << 60, allocation_name="ring")
    with pytest.raises(InvalidArgumentError, match="required_bytes=-1"):
        message_queue.check_shm_free_space(-1)


def test_a_queue_says_who_reads_it() -> None:
    queue = vd.MessageQueue(2, 1, [0], connect_ip="127.0.0.1")
    assert (queue.n_local_reader, queue.n_remote_reader, queue.shutting_down) == (1, 1, False)
    queue.shutdown()
    assert queue.shutting_down
