"""Encoded objects between the ranks of a group: frames without tensors."""

from __future__ import annotations

from vllm_distributed.handles import Handle
from vllm_distributed.transports.object_frames import Carrier
from vllm_distributed.wire.flat_frame import OBJECT, OBJECT_LIST

__all__ = ["ObjectChannel"]


class ObjectChannel:
    """Moves bytes of any length; `src` and `dst` are ranks of the carrier's group."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier

    def broadcast(self, data: bytes | None, src: int, *, is_list: bool = False) -> bytes:
        """Return the bytes `src` gave; the other ranks give None."""
        mark = OBJECT_LIST if is_list else OBJECT
        operation = "broadcast_object_list" if is_list else "broadcast_object"
        if data is not None:
            self._carrier.broadcast(mark, data, (), src, operation)
            return data
        with self._carrier.receive_broadcast(mark, src, operation) as frame:
            return frame.head

    def send(self, data: bytes, dst: int) -> None:
        self._carrier.send(OBJECT, data, (), dst, "send_object")

    def isend(self, data: bytes, dst: int) -> Handle:
        return self._carrier.isend(OBJECT, data, (), dst, "isend_object")

    def recv(self, src: int) -> bytes:
        while True:
            with self._carrier.receive(OBJECT, src, "recv_object") as frame:
                if not frame.is_stale:
                    return frame.head
