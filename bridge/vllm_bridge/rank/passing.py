"""Tensors that a rank keeps, passed on to another rank of its world without passing a client.

One call of `GroupCoordinator.send_tensor_dict` meets one of `recv_tensor_dict` on the world's
group: through the memory that two ranks on one host share, or over gloo, and at the gate like any
other pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from google.protobuf.message import Message

import vllm_distributed
from vllm_bridge._generated import rank_pb2
from vllm_bridge.codec.errors import BridgeError, Category
from vllm_bridge.codec.wire import Wire
from vllm_distributed import GroupCoordinator

__all__ = ["receive", "send"]


def send(request: rank_pb2.SendRequest, wire: Wire) -> Message:
    """Send what is kept to another rank.

    Raises:
        BridgeError: (validation) `wrong_type`: an object is no tensor and no container of some;
            `invalid_rank`: as of `GroupCoordinator.send_tensor_dict`.
    """
    values = [_passable(wire.objects.get(ref)) for ref in request.objects]
    group = _world()
    # Numbers as keys: their order is that of the objects.
    content = {str(at): value for at, value in enumerate(values)}
    wire.gated(
        "GroupCoordinator.send_tensor_dict", group.send_tensor_dict, content, request.to_rank
    )
    sent = sum(tensor.nbytes for value in values for tensor in _tensors_in(value))
    return rank_pb2.SendResponse(bytes=sent)


def receive(request: rank_pb2.ReceiveRequest, wire: Wire) -> Message:
    """Keep what another rank sends."""
    group = _world()
    content = wire.gated(
        "GroupCoordinator.recv_tensor_dict", group.recv_tensor_dict, request.from_rank
    )
    return rank_pb2.ReceiveResponse(objects=[wire.objects.put(each) for each in content.values()])


def _world() -> GroupCoordinator:
    """The group of the world's ranks, by whose numbers clients call them."""
    return vllm_distributed.get_world_group()


def _passable(value: object) -> Any:
    if isinstance(value, torch.Tensor | dict | list | tuple):
        return value
    raise BridgeError(
        Category.VALIDATION,
        "wrong_type",
        f"a {type(value).__name__} stays in its rank: tensors can be passed to another one, and "
        "dicts, lists and tuples of tensors and plain values",
        details={"type": type(value).__name__},
    )


def _tensors_in(value: object) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _tensors_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _tensors_in(each)
