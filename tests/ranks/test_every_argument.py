"""Every parameter of every method of GroupCoordinator, given what it cannot work with.

`test_bad_calls.py` says what the messages of single mistakes are; here no parameter is left out.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import torch
from rank_harness import World

import vllm_distributed as vd
from vllm_distributed.errors import DistributedError

Group = vd.GroupCoordinator
CPU = torch.device("cpu")
AROUND = torch.ones(3)
ONES = AROUND[:2]
ROWS = torch.ones(2, 1)
SPARSE = torch.ones(2, 2).to_sparse()
META = torch.ones(2, device="meta")
FLOAT8 = torch.ones(2).to(torch.float8_e5m2)
EXPANDED = torch.zeros(1).expand(4)
WINDOWS = torch.zeros(6).unfold(0, 3, 1)
NO_DENSE = [None, 1.0, "tensor", [1.0], SPARSE, META]
NO_PLACE = [1.0, "tensor", [ONES], SPARSE, META, torch.ones(7), torch.ones(2, 7)]
NO_RANK = [2, -1, 1.0, "0", True]
NO_PEER = [*NO_RANK, "own rank"]
NO_SWITCH = [5, "yes", None]
NO_SIZES = [3, "ab", b"ab", ONES, [2], [2, 2, 2], [2, -2], [True, 1], [2.0, 2.0], [3, 3]]
NO_PROCESS_GROUP = [3, "group"]
NO_TENSOR_DICT = [
    None,
    [1],
    ONES,
    {"a": object()},
    {object(): 1},
    {"a": ONES, "b": [SPARSE]},
    {"a": META},
    {"a": vd.TensorMetadata("cpu", torch.float32, torch.Size([2]))},
]
NO_EXTRA = [5, ROWS, [5], [torch.ones(3, 1)], [ROWS, SPARSE]]

# What each method works with on this rank; `src` is the rank itself where it passes the value.
GOOD: dict[str, Callable[[Group], dict[str, Any]]] = {
    "all_gather": lambda g: {"input_": ONES},
    "all_gatherv": lambda g: {"input_": ONES, "sizes": [2, 2]},
    "all_reduce": lambda g: {"input_": ONES},
    "all_reduce_": lambda g: {"input_": torch.ones(2)},
    "allocate_combine_input": lambda g: {"shape": [4, 1], "dtype": torch.float32, "device": CPU},
    "barrier": lambda g: {},
    "broadcast": lambda g: {"input_": torch.ones(2)},
    "broadcast_object": lambda g: {"obj": 1, "src": g.rank_in_group},
    "broadcast_object_list": lambda g: {"obj_list": [1], "src": g.rank_in_group},
    "broadcast_tensor_dict": lambda g: {"tensor_dict": {"a": ONES}, "src": g.rank_in_group},
    "combine": lambda g: {"hidden_states": torch.ones(4, 1), "sizes": [2, 2]},
    "combine_into_output": lambda g: {
        "hidden_states": torch.ones(4, 1),
        "output": torch.ones(2, 1),
        "sizes": [2, 2],
    },
    "cpu_all_reduce_": lambda g: {"tensor": torch.ones(2)},
    "create_mq_broadcaster": lambda g: {},
    "create_single_reader_mq_broadcasters": lambda g: {},
    "dispatch": lambda g: {"hidden_states": ROWS, "topk_weights": ROWS, "topk_ids": ROWS},
    "dispatch_router_logits": lambda g: {"hidden_states": ROWS, "router_logits": ROWS},
    "gather": lambda g: {"input_": ONES},
    "graph_capture": lambda g: {},
    "irecv_tensor_dict": lambda g: {},
    "isend_object": lambda g: {"obj": 1, "dst": 1 - g.rank_in_group},
    "isend_tensor_dict": lambda g: {"tensor_dict": {"a": ONES}},
    "make_sibling_device_group": lambda g: {},
    "prepare_communication_buffer_for_model": lambda g: {"model": torch.nn.Module()},
    "recv": lambda g: {"size": torch.Size([2]), "dtype": torch.float32},
    "recv_object": lambda g: {"src": 1 - g.rank_in_group},
    "recv_tensor_dict": lambda g: {},
    "reduce_scatter": lambda g: {"input_": ONES},
    "reduce_scatterv": lambda g: {"input_": torch.ones(4), "dim": 0, "sizes": [2, 2]},
    "reduce_scatterv_into_output": lambda g: {
        "input_": torch.ones(4),
        "output": torch.ones(2),
        "dim": 0,
        "sizes": [2, 2],
    },
    "send": lambda g: {"tensor": ONES},
    "send_object": lambda g: {"obj": 1, "dst": 1 - g.rank_in_group},
    "send_tensor_dict": lambda g: {"tensor_dict": {"a": ONES}},
}

# Parameter, or method and parameter where it means something of its own, to what is refused.
BAD: dict[str, list[Any]] = {
    "input_": NO_DENSE,
    "all_reduce.input_": [*NO_DENSE, FLOAT8],
    "all_reduce_.input_": [*NO_DENSE, FLOAT8, EXPANDED, WINDOWS],
    "reduce_scatter.input_": [*NO_DENSE, FLOAT8, torch.ones(3)],
    "reduce_scatterv.input_": [*NO_DENSE, FLOAT8.repeat(2), torch.ones(3)],
    "broadcast.input_": [*NO_DENSE, EXPANDED, WINDOWS],
    "all_gatherv.input_": [*NO_DENSE, [ONES, SPARSE], [ONES, META], [ONES, 5], [ONES, ROWS[:1]]],
    "out": NO_PLACE,
    "all_reduce.out": [
        *NO_PLACE,
        AROUND[1:],  # has a part of the input
        torch.ones(2).double(),
        torch.ones(2, requires_grad=True),
        EXPANDED[:2],
    ],
    "reduce_scatterv_into_output.input_": [*NO_DENSE, FLOAT8.repeat(2), torch.ones(3)],
    "reduce_scatterv_into_output.output": [*NO_PLACE, None],
    "combine_into_output.output": [*NO_DENSE, torch.ones(3, 1), torch.ones(2, 1).double()],
    "tensor": NO_DENSE,
    "cpu_all_reduce_.tensor": [*NO_DENSE, FLOAT8, EXPANDED, WINDOWS],
    "dim": [5, -5, 0.5, "0", True, None],
    "sizes": NO_SIZES,
    "src": NO_PEER,
    "dst": NO_PEER,
    "broadcast.src": [*NO_RANK, None],
    "broadcast_object.src": [*NO_RANK, None],
    "broadcast_object_list.src": [*NO_RANK, None],
    "broadcast_tensor_dict.src": [*NO_RANK, None],
    "gather.dst": [*NO_RANK, None],
    "obj": [object(), {"a": [len]}, SPARSE],
    "obj_list": [None, 5, (1,), [object()]],
    "tensor_dict": NO_TENSOR_DICT,
    "group": NO_PROCESS_GROUP,
    "metadata_group": NO_PROCESS_GROUP,
    "all_gather_group": [3, "tp"],
    "all_gather_tensors": [5, ["a"], {"a": 1}],
    "size": [None, True, -2, 2.0, "2", [-1], torch.Size([-1]), [1.5]],
    "op": [None, 3, "", "mean", "MAX", b"max", torch.distributed.ReduceOp.MAX],
    "dtype": [None, "float32", float],
    "shape": [None, True, -2, "2", [-1], [1.5]],
    "device": [None, "no device", 1.5],
    "hidden_states": [None, [1], torch.ones(()), torch.ones(3, 1), SPARSE],
    "topk_weights": [None, [1], torch.ones(3, 1), SPARSE],
    "topk_ids": [[1], 5, torch.ones(3, 1), SPARSE],
    "is_sequence_parallel": NO_SWITCH,
    "extra_tensors": NO_EXTRA,
    "router_logits": [None, [1], torch.ones(3, 1), SPARSE],
    "dispatch.router_logits": [[1], ROWS],  # beside topk_weights
    "writer_rank": [*NO_RANK, None],
    "reader_rank_in_group": [*NO_RANK, None],
    "graph_capture_context": [3, "context"],
    "group_desc": [3, ["a"]],
    "model": [None, 3, ONES],
}

NOT_HERE = {
    "create_mq_broadcaster.external_writer_handle": "test_message_queue.py",
    "create_mq_broadcaster.blocking": "test_message_queue.py",
    "create_single_reader_mq_broadcasters.blocking": "test_message_queue.py",
}


def methods() -> dict[str, list[str]]:
    """Return the public methods and their parameters."""
    found = {
        name: list(inspect.signature(method).parameters)[1:]
        for name, method in inspect.getmembers(Group, inspect.isfunction)
        if not name.startswith("_")
    }
    del found["destroy"]  # may be called at any time
    return found


def test_no_parameter_is_left_out() -> None:
    assert sorted(methods()) == sorted(GOOD)
    parameters = {
        f"{name}.{parameter}": parameter
        for name, several in methods().items()
        for parameter in several
    }
    tested = {name for name, parameter in parameters.items() if name in BAD or parameter in BAD}
    assert set(parameters) - tested == set(NOT_HERE)
    assert set(BAD) - set(parameters) - set(parameters.values()) == set()


def call(group: Group, name: str, arguments: dict[str, Any]) -> Any:
    result = getattr(group, name)(**arguments)
    if isinstance(result, AbstractContextManager):
        result.__enter__()
    return result


def reason_of(group: Group, name: str, arguments: dict[str, Any]) -> str | None:
    """Return why a call was refused; None if it was not."""
    try:
        call(group, name, arguments)
    except DistributedError as error:
        return error.reason
    return None


def refused(name: str) -> int:
    """Return how many calls were refused; nothing of them has reached the other rank."""
    group = vd.get_world_group()
    good, count = GOOD[name], 0
    for parameter in methods()[name]:
        for bad in BAD.get(f"{name}.{parameter}") or BAD.get(parameter, []):
            value = group.rank_in_group if isinstance(bad, str) and bad == "own rank" else bad
            what = f"{name}({parameter}={value!r:.60})"
            reason = reason_of(group, name, {**good(group), parameter: value})
            assert reason not in (None, "collective_failed", "collective_timeout"), what
            count += 1
            assert group.all_reduce(torch.ones(1)).item() == 2, what
    other, mine = 1 - group.rank_in_group, f"from {group.rank_in_group}"
    for first in (0, 1):
        if group.rank_in_group == first:
            group.send_object(mine, other)
            group.send(torch.full((2,), float(first)))
        else:
            assert group.recv_object(other) == f"from {other}"
            assert group.recv(torch.Size([2]), torch.float32).tolist() == [float(first)] * 2
    assert group.broadcast_object(mine) == "from 0"
    return count


@pytest.mark.parametrize("name", GOOD)
def test_refused_and_nothing_sent(world_of: Callable[..., World], name: str) -> None:
    counts = world_of(2, tensor_model_parallel_size=2).run(refused, name)
    assert counts[0] == counts[1]
    assert counts[0] >= len([each for each in methods()[name] if f"{name}.{each}" not in NOT_HERE])


def destroyed() -> None:
    group = vd.init_model_parallel_group([[0, 1]], 0, "gloo", group_name="past")
    group.destroy()
    for name, good in GOOD.items():
        assert reason_of(group, name, good(group)) == "group_destroyed", name


def test_every_method_of_a_destroyed_group_says_so(world_of: Callable[..., World]) -> None:
    world_of(2, tensor_model_parallel_size=2).run(destroyed)
