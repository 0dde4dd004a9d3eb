"""Encoded objects between the ranks of a CPU process group.

An object travels as a `flat_frame` without tensors: a small one takes one round trip, and the
receiver need not know anything in advance.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.distributed import ProcessGroup

from vllm_distributed import entry
from vllm_distributed.communicators.base import run
from vllm_distributed.communicators.flat_frame import OBJECT, cut, receive

__all__ = ["ObjectChannel"]

_TAG = 0


class ObjectChannel:
    """Moves bytes of any length; `src` and `dst` are ranks of `group`."""

    def __init__(self, group: ProcessGroup, unique_name: str) -> None:
        self._group = group
        self._name = unique_name

    def broadcast(self, data: bytes | None, src: int) -> bytes:
        """Return the bytes `src` gave; the other ranks give None."""
        if data is not None:
            for part in cut(OBJECT, data):
                run(self._name, "broadcast_object", self._group.broadcast, part, src)
            return data
        received, _ = receive(
            OBJECT,
            lambda part: run(self._name, "broadcast_object", self._group.broadcast, part, src),
        )
        return received

    def send(self, data: bytes, dst: int) -> None:
        for part in cut(OBJECT, data):
            run(self._name, "send_object", self._group.send, [part], dst, _TAG)

    def isend(self, data: bytes, dst: int) -> tuple[list[Any], list[torch.Tensor]]:
        """Start to send; return the works, and the buffers that must live until they are done."""
        parts = cut(OBJECT, data)
        entry.about_to_send()
        return [self._group.send([part], dst, _TAG) for part in parts], parts

    def recv(self, src: int) -> bytes:
        received, _ = receive(
            OBJECT,
            lambda part: run(self._name, "recv_object", self._group.recv, [part], src, _TAG),
        )
        return received
