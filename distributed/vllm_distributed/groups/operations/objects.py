"""A coordinator's operations on objects and on dicts of tensors that all ranks take part in."""

from __future__ import annotations

from typing import Any

from torch.distributed import ProcessGroup

from vllm_distributed.arguments import check_peer, check_rank
from vllm_distributed.compat.torch_tracing import outside_graphs
from vllm_distributed.errors import EncodingError, InvalidArgumentError, InvalidTypeError
from vllm_distributed.groups.member import Member
from vllm_distributed.groups.messages import Messages
from vllm_distributed.groups.operations import tensor_messages
from vllm_distributed.groups.process_groups import ProcessGroups
from vllm_distributed.handles import Handle
from vllm_distributed.transports.base import run
from vllm_distributed.transports.object_channel import ObjectChannel
from vllm_distributed.wire.object_codec import decode, encode

__all__ = ["ObjectOperations", "check_dict"]


@outside_graphs()
class ObjectOperations:
    """Objects and barriers: through shared memory on one node, else over the CPU group."""

    unique_name: str
    world_size: int
    rank_in_group: int
    mq_broadcaster: Any
    _member: Member
    _groups: ProcessGroups
    _messages: Messages

    def broadcast_object(self, obj: Any | None = None, src: int = 0) -> Any | None:
        """Return the object of `src`; other ranks' `obj` is ignored.

        Objects travel encoded as plain values, see `object_codec`; one that cannot is an
        `EncodingError` on `src`. Goes through the message queue where the group has one and `src`
        is 0. Collective over the group.
        """
        check_rank("src", src, self.world_size, self.unique_name)
        if self.world_size == 1:
            self._member.check_alive()
            return obj
        if src == 0 and self.mq_broadcaster is not None:
            return self.mq_broadcaster.broadcast_object(obj)
        if self.rank_in_group == src:
            self._messages.objects.broadcast(encode(obj), src)
            return obj
        return decode(self._messages.objects.broadcast(None, src))

    def broadcast_object_list(
        self, obj_list: list[Any], src: int = 0, group: ProcessGroup | None = None
    ) -> list[Any]:
        """Replace the entries of `obj_list` by those of `src`, and return the list.

        All ranks pass lists of the same length. `group` is the process group to use in place of
        this coordinator's own; this rank and `src` (still counted inside this coordinator) must be
        in it. Collective over `group`.

        Raises:
            InvalidRankError: if one of the two is not.
            InvalidArgumentError: if the lengths differ.
        """
        check_rank("src", src, self.world_size, self.unique_name)
        if not isinstance(obj_list, list):
            raise InvalidTypeError(f"obj_list must be a list, got {type(obj_list).__name__}")
        if self.world_size == 1:
            self._member.check_alive()
            return obj_list
        carrier, root = self._messages.carrier_over(group, src)
        channel = ObjectChannel(carrier)
        if self.rank_in_group == src:
            channel.broadcast(encode(obj_list), root, is_list=True)
            return obj_list
        received = decode(channel.broadcast(None, root, is_list=True))
        if not isinstance(received, list):
            raise EncodingError(
                f"broadcast_object_list: rank {src} of {self.unique_name} sent a "
                f"{type(received).__name__} in place of a list: it made another call",
                sent=type(received).__name__,
            )
        if len(received) != len(obj_list):
            raise InvalidArgumentError(
                f"broadcast_object_list: rank {src} of {self.unique_name} sent {len(received)} "
                f"objects, this rank passed a list of {len(obj_list)}: pass equally long lists",
                sent=len(received),
                expected=len(obj_list),
            )
        obj_list[:] = received
        return obj_list

    def broadcast_tensor_dict(
        self,
        tensor_dict: dict[str, Any] | None = None,
        src: int = 0,
        group: ProcessGroup | None = None,
        metadata_group: ProcessGroup | None = None,
    ) -> dict[str, Any] | None:
        """Return the dict of `src`: tensors, also within nested dicts, lists and tuples, and plain
        values.

        Other ranks pass None. `metadata_group` is the process group for the description and CPU
        tensors in place of the CPU group, `group` the one for tensors on a device in place of the
        device group; this rank and `src` must be in them. `src` gets its own dict back. Collective
        over the group.

        Raises:
            InvalidTypeError: if `src` passes no dict.
            EncodingError: for values that cannot travel.
        """
        check_rank("src", src, self.world_size, self.unique_name)
        if self.world_size == 1:
            self._member.check_alive()
            return tensor_dict
        if self.rank_in_group == src:
            check_dict("broadcast_tensor_dict", tensor_dict, self.unique_name)
        return tensor_messages.broadcast(
            tensor_dict if self.rank_in_group == src else None,
            *self._messages.lanes(src, metadata_group, group),
            is_source=self.rank_in_group == src,
        )

    def send_object(self, obj: Any, dst: int) -> None:
        """Send an object to `dst`, which calls `recv_object`.

        Raises:
            InvalidRankError: if `dst` is out of range or this rank itself.
            EncodingError: for an object that cannot travel, before anything is sent.
        """
        check_peer("dst", dst, self.rank_in_group, self.world_size, self.unique_name)
        self._messages.objects.send(encode(obj), dst)

    def isend_object(self, obj: Any, dst: int) -> Handle:
        """Start to send an object to `dst`, which calls `recv_object`; return a handle to wait for.

        The object is encoded at once, and may be changed.

        Raises:
            As `send_object`.
        """
        check_peer("dst", dst, self.rank_in_group, self.world_size, self.unique_name)
        return self._messages.objects.isend(encode(obj), dst)

    def recv_object(self, src: int) -> Any:
        """Return the object that `src` sends with `send_object`.

        Raises:
            InvalidRankError: if `src` is out of range or this rank itself.
            MessageStepError: if it was sent in a later step than this rank is in.
        """
        check_peer("src", src, self.rank_in_group, self.world_size, self.unique_name)
        return decode(self._messages.objects.recv(src))

    def barrier(self) -> None:
        """Return when every rank of the group has called it.

        Collective over the group.

        Raises:
            CollectiveTimeoutError: if a rank does not come before the timeout.
        """
        if self.world_size == 1:
            self._member.check_alive()
            return
        groups = self._groups
        shared = groups.shared
        if shared is not None:
            shared.barrier()
        else:
            run(self.unique_name, "barrier", groups.cpu_group.barrier)


def check_dict(operation: str, value: object, unique_name: str) -> None:
    """Raise `InvalidTypeError` for anything but a dict, on the sending rank."""
    if not isinstance(value, dict):
        raise InvalidTypeError(
            f"{operation} on {unique_name} takes a dict on the sending rank, got "
            f"{type(value).__name__}",
            operation=operation,
        )
