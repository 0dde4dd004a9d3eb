"""What one member of a group has of the memory that the group shares."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple, TypeVar, cast

import torch

from vllm_distributed import entry
from vllm_distributed.errors import CollectiveMismatchError
from vllm_distributed.transports.shm.layout import FIRST_SLOT_BYTES, ROOM, Layout
from vllm_distributed.transports.shm.messages.inbox import Inbox
from vllm_distributed.transports.shm.messages.outbox import Outbox
from vllm_distributed.transports.shm.segment import Segment, SegmentError, say_why
from vllm_distributed.transports.shm.signature import BARRIER, describe
from vllm_distributed.transports.shm.steps import Steps
from vllm_distributed.wire.message_steps import Stamp, no_stamp

__all__ = ["SharedMemory", "SlotViews", "Slots", "in_step"]

_MOST_KEPT = 512
_ASKING_FOR_ROOM = 1 << 62  # beside the number of the call that needs it
_HAS_ROOM, _NO_ROOM = 1, 2


class SlotViews(NamedTuple):
    """The slots that are written for a step, seen as tensors of one dtype and shape."""

    each: tuple[torch.Tensor, ...]
    """One a member."""
    whole: torch.Tensor
    """All in one tensor, whose first dim is the member."""


class Slots:
    """Makes views of the slots, and keeps them: making one takes longer than a step does."""

    def __init__(self, segment: Segment, layout: Layout) -> None:
        self.slot_bytes = layout.slot_bytes
        self._bytes = segment.bytes
        self._members = layout.members
        self._starts = (layout.slot(0, 0), layout.slot(0, 1))
        self._stride = layout.slot(1, 0) - layout.slot(0, 0)
        self._kept: dict[tuple[torch.dtype, tuple[int, ...]], tuple[SlotViews, SlotViews]] = {}

    def views(self, dtype: torch.dtype, shape: tuple[int, ...], parity: int) -> SlotViews:
        """Return the slots for steps of a parity; a tensor of the shape must fit in one."""
        found = self._kept.get((dtype, shape))
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = (self._made(0, dtype, shape), self._made(1, dtype, shape))
            self._kept[dtype, shape] = found
        return found[parity]

    def close(self) -> None:
        """Let go of all views."""
        self._kept.clear()
        self._bytes = self._bytes[:0].clone()

    def _made(self, parity: int, dtype: torch.dtype, shape: Sequence[int]) -> SlotViews:
        length = prod(shape) * dtype.itemsize
        with torch.inference_mode(False):  # or they could be written in that mode only
            rows = torch.as_strided(
                self._bytes, (self._members, length), (self._stride, 1), self._starts[parity]
            )
            whole = rows.view(dtype).view((self._members, *shape))
            return SlotViews(tuple(whole.unbind(0)), whole)


class SharedMemory:
    """The parts of the memory, and what all that goes through it has in common."""

    def __init__(self, segment: Segment, layout: Layout, steps: Steps) -> None:
        self.steps = steps
        self.slots = Slots(segment, layout)
        self.slot_bytes = layout.slot_bytes
        base = segment.bytes.data_ptr()
        self._slots_at = [
            tuple(base + layout.slot(member, parity) for parity in (0, 1))
            for member in range(layout.members)
        ]
        self.me: int = steps.me
        """This member's number in the group."""
        self.members: int = layout.members
        """How many there are."""
        self._segment, self._layout = segment, layout
        self._has_room: bool | None = None
        self._is_suspended = False
        self._finish = weakref.finalize(self, _end, steps, segment)
        self._finish.atexit = False  # the kernel tells the others that this process has ended
        self.stamp: Callable[[], Stamp] = no_stamp
        """Says when a message from one member to another is sent."""
        self._outboxes: dict[int, Outbox] = {}
        self._inboxes: dict[int, Inbox] = {}

    def stamped(self, stamp: Callable[[], Stamp], run: Callable[[], int]) -> None:
        """Set what says when a message is sent, and to which run of its world a call belongs."""
        self.stamp, self.steps.run = stamp, run

    def barrier(self) -> None:
        """Return when every member has called this. Raises as a collective does."""
        steps = self.steps
        if steps.broken is not None:
            steps.check()
        entry.about_to_send()
        steps.meet(BARRIER)

    def room_for(self, length: int, number: int) -> bool:
        """Return whether slots can take this many bytes for the call of this number.

        The same on every member. The first call for more than is backed by memory from the start
        is a step of its own.
        """
        if length <= FIRST_SLOT_BYTES:
            return True
        if self._has_room is None:
            self._ask_for_room(number)
        return bool(self._has_room)

    def needs_to_ask(self) -> bool:
        """Return whether nobody has called for more than is backed by memory from the start."""
        return self._has_room is None

    def usable_slot_bytes(self) -> int:
        """Return how much a slot can take as things are; the same on every member."""
        return self.slot_bytes if self._has_room else FIRST_SLOT_BYTES

    def slot_at(self, member: int, parity: int) -> int:
        """Return the address of a slot."""
        return self._slots_at[member][parity]

    def outbox(self, receiver: int) -> Outbox:
        """Return the way to another member."""
        found = self._outboxes.get(receiver)
        if found is None:
            found = Outbox(self._segment, self._layout, self.steps, self.me, receiver)
            self._outboxes[receiver] = found
        return found

    def inbox(self, sender: int) -> Inbox:
        """Return the way from another member."""
        found = self._inboxes.get(sender)
        if found is None:
            found = Inbox(self._segment, self._layout, self.steps, self.me, sender)
            self._inboxes[sender] = found
        return found

    def suspend(self) -> None:
        """Give the memory of this member's slots back, but for their beginning."""
        if not self._has_room:
            return
        self.barrier()  # nobody reads them any more
        for parity in (0, 1):
            start = self._layout.slot(self.me, parity)
            self._segment.give_back(start + FIRST_SLOT_BYTES, self.slot_bytes - FIRST_SLOT_BYTES)
        self._has_room, self._is_suspended = None, True

    def resume(self) -> None:
        """Have the slots backed by memory again, if they were before `suspend`."""
        if self._is_suspended and self._has_room is None:
            self._ask_for_room(BARRIER)
        self._is_suspended = False

    def close(self) -> None:
        """Tell the others that this member is through, and give the memory back. Idempotent.

        A child that this process forked is no member and tells nobody.
        """
        if not self.steps.is_own:
            return
        for pipe in (*self._outboxes.values(), *self._inboxes.values()):
            pipe.close()
        self.slots.close()
        self._finish()

    def _ask_for_room(self, number: int) -> None:
        """Have the whole slots backed by memory, everywhere or, where one member fails, nowhere."""
        steps, layout = self.steps, self._layout
        steps.check()
        answer = _HAS_ROOM
        try:
            for parity in (0, 1):
                self._segment.back(layout.slot(self.me, parity), self.slot_bytes)
        except SegmentError as error:
            answer = _NO_ROOM
            say_why(f"{steps.name} goes in part over gloo, not shared memory", str(error))
        steps.say(ROOM, answer)
        try:
            steps.meet(number | _ASKING_FOR_ROOM)
        except CollectiveMismatchError:
            raise
        except BaseException:  # the others may have met, and have room
            steps.break_off(describe(number)[0])
            raise
        self._has_room = steps.all_say(ROOM, _HAS_ROOM)


def _end(steps: Steps, segment: Segment) -> None:
    """Also of a group that nobody destroyed and nobody holds any more."""
    if steps.is_own:
        steps.leave()
        segment.close()


_Operation = TypeVar("_Operation", bound=Callable[..., Any])


def in_step(operation: _Operation) -> _Operation:
    """Have a member that fails between two steps of an operation tell the others, which would wait.

    For methods of objects with `_steps`; the last argument is the call's number.
    """

    @functools.wraps(operation)
    def call(self: Any, *arguments: Any) -> Any:
        steps: Steps = self._steps
        if steps.broken is not None:
            steps.check()
        before = steps.step
        try:
            return operation(self, *arguments)
        except BaseException as error:
            steps.ended(before, arguments[-1], error)
            raise

    return cast("_Operation", call)
