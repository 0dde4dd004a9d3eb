"""The table of a world's sizes is the one of the messages, and of the module."""

from __future__ import annotations

import inspect

import vllm_distributed
from vllm_bridge._generated import control_pb2, pool_pb2
from vllm_bridge.world_sizes import ARGUMENTS, WorldSizes


def test_messages_and_the_module_have_the_sizes_of_the_table() -> None:
    for message in (pool_pb2.StartWorldRequest, control_pb2.WorldAssignment, pool_pb2.World):
        fields = [field.name for field in message.DESCRIPTOR.fields]
        assert [name for name in fields if name.endswith("_parallel_size")] == list(ARGUMENTS)
    known = inspect.signature(vllm_distributed.initialize_model_parallel).parameters
    assert set(ARGUMENTS.values()) <= set(known)
    assert list(WorldSizes().named()) == list(ARGUMENTS)
    assert all(size == 1 for size in WorldSizes().arguments().values())
