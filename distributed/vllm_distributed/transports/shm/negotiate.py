"""Whether the members of a group share memory: all of them, those of each host, or none.

Two exchanges over the group's process group. In the first everybody says where it is and whether it
may; the first member has made the memory by then and says its name. In the second everybody says
whether it has it. So all members decide alike, and where one cannot, all go on without. Where the
first exchange showed that they are on several hosts, both are made once more, by host.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import IntEnum
from functools import partial

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.compat.torch_internals import group_timeout
from vllm_distributed.store.node import SHARED_MEMORY, node_identity
from vllm_distributed.transports.base import group_facts, run
from vllm_distributed.transports.shm.group import SharedMemory
from vllm_distributed.transports.shm.layout import FIRST_SLOT_BYTES, MOST_MEMBERS, Layout
from vllm_distributed.transports.shm.segment import CAN_LOCK, Segment, SegmentError, say_why
from vllm_distributed.transports.shm.signature import CONTROL
from vllm_distributed.transports.shm.steps import Steps

__all__ = ["SETTING", "Negotiation"]

SETTING = "VLLM_DISTRIBUTED_SHM"
"""The environment variable that, off, keeps this process's groups out of shared memory."""

_OFF = frozenset({"0", "false", "off", "no"})

_VERSION = 3
_NAME_BYTES = 64


class _Answer(IntEnum):
    """What a member says; anything but YES keeps the group out of shared memory."""

    YES = 0
    SWITCHED_OFF = 1
    OTHER_SYSTEM = 3
    NO_MEMORY = 4


_WORDS = {
    _Answer.SWITCHED_OFF: f"{SETTING} is off there",
    _Answer.OTHER_SYSTEM: "its system is not 64-bit Linux",
}

_Reason = Callable[[Sequence[bytes], Sequence[int]], str | None]

# version, answer, effective user, process, node, name of the memory, why
_RECORD = struct.Struct(f"<HHI32s32s{_NAME_BYTES}s128s")


class Negotiation:
    """What the members of a group say to each other before some of them share memory.

    `ranks` are the members' global ranks. Operations on tensors take as long as those of the group
    `like` may, others as those of `group`. Every method is collective over the group, which must
    carry CPU tensors, and raises `CollectiveError` if the members do not come.
    """

    def __init__(
        self,
        group: ProcessGroup,
        name: str,
        ranks: Sequence[int],
        *,
        like: ProcessGroup | None = None,
    ) -> None:
        self.me, self.size = group_facts(group)
        self.name, self.ranks = name, list(ranks)
        self.timeout = _timeouts(group, like or group)
        """Returns how long an operation may take."""
        self.token = ""
        """A name that nobody used before, the same on all members, once some share memory."""
        self.group = group
        self._records: list[bytes] = []

    def share(self) -> SharedMemory | None:
        """Return the memory that all members share; None, with a line in the log unless they are
        apart (`places`), if they do not all share one."""
        if self.size > MOST_MEMBERS:
            self._records = _exchanged(self.group, self.name, _packed(_own_answer(), None, ""))
            if self.places() is None:
                self._say_why(
                    f"it has {self.size} members, and shared memory serves {MOST_MEMBERS} at most"
                )
            return None
        return self._share(range(self.size), _reason)

    def places(self) -> list[bytes] | None:
        """Return for each member what is equal for two of them if they can share memory; None where
        that is all, or no help: one does not take part."""
        if _reason(self._records, self.ranks, apart=True) is not None:
            return None
        found = [_place_in(record) for record in self._records]
        return found if len(set(found)) > 1 else None

    def share_among(self, members: Sequence[int]) -> tuple[bool, SharedMemory | None]:
        """Return whether all members have what they share with those of their host, and this one's;
        None for one that is alone there. `members` are this one's, itself included, ascending."""
        shared = self._share(members, partial(_reason, apart=True))
        return bool(self.token), shared

    def _share(self, members: Sequence[int], reason_of: _Reason) -> SharedMemory | None:
        """Return the memory of some members. All call this, with others of the same place."""
        self.token = ""
        layout = Layout(len(members)) if len(members) > 1 else None
        segment: Segment | None = None
        answer, why = _own_answer(), ""
        try:
            if answer is _Answer.YES and self.me == members[0] and layout is not None:
                try:
                    segment = Segment.create(SHARED_MEMORY, layout.size, layout.control_bytes)
                except SegmentError as error:
                    answer, why = _Answer.NO_MEMORY, str(error)
            records = _exchanged(self.group, self.name, _packed(answer, segment, why))
            self._records = records
            reason = reason_of(records, self.ranks)
            if reason is None:
                answer, why = _Answer.YES, ""
                try:
                    if layout is not None:
                        if segment is None:
                            name = _name_in(records[members[0]])
                            segment = Segment.attach(
                                SHARED_MEMORY, name, layout.size, layout.control_bytes
                            )
                        segment.say_alive(members.index(self.me))
                        for parity in (0, 1):
                            place = layout.slot(members.index(self.me), parity)
                            segment.back(place, FIRST_SLOT_BYTES)
                except SegmentError as error:
                    answer, why = _Answer.NO_MEMORY, str(error)
                self._records = _exchanged(self.group, self.name, _packed(answer, segment, why))
                reason = reason_of(self._records, self.ranks)
            if reason is not None:
                if self.places() is None:
                    self._say_why(reason, answer is not _Answer.NO_MEMORY)
                return None
            self.token = next(filter(None, map(_name_in, records)))
            if segment is None or layout is None:
                return None
            segment.remove_name()
            ranks = [self.ranks[member] for member in members]
            steps = Steps(segment, layout, members.index(self.me), self.name, ranks, self.timeout)
            shared, segment = SharedMemory(segment, layout, steps), None
            return shared
        finally:
            if segment is not None:
                segment.close()

    def say_apart(self) -> None:
        """Log that members on several hosts go over gloo alone."""
        self._say_why(_reason(self._records, self.ranks) or "")

    def _say_why(self, reason: str, expected: bool = True) -> None:
        say_why(
            f"{self.name} goes over gloo and not through shared memory", reason, expected=expected
        )


def _own_answer() -> _Answer:
    if os.environ.get(SETTING, "").strip().lower() in _OFF:
        return _Answer.SWITCHED_OFF
    return _Answer.YES if CAN_LOCK else _Answer.OTHER_SYSTEM


def _packed(answer: _Answer, segment: Segment | None, why: str) -> bytes:
    return _RECORD.pack(
        _VERSION,
        answer,
        os.geteuid(),
        _digest(f"{_process_namespace()} {os.getpid()}"),
        _digest(node_identity()),
        b"" if segment is None else segment.name.encode(),
        why.encode()[:128],
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _process_namespace() -> int:
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


def _exchanged(group: ProcessGroup, name: str, record: bytes) -> list[bytes]:
    mine = torch.frombuffer(bytearray(record), dtype=torch.uint8)
    everyone = [torch.zeros_like(mine) for _ in range(group.size())]
    run(name, "making the group", group.allgather, [everyone], [mine])
    return [bytes(record.tolist()) for record in everyone]


def _reason(records: Sequence[bytes], ranks: Sequence[int], apart: bool = False) -> str | None:
    """Return why the members cannot share memory: the same on all of them; None if they can. They
    may be `apart`, those of each place to share some."""
    found = [_RECORD.unpack(record) for record in records]
    version, _, user, _, place, _, _ = found[0]
    seen: dict[bytes, int] = {}
    for rank, (its_version, answer, its_user, process, its_place, _, why) in zip(
        ranks, found, strict=True
    ):
        if its_version != version:
            return f"ranks {ranks[0]} and {rank} run different versions of this package"
        if answer != _Answer.YES:
            said = why.rstrip(b"\0").decode(errors="replace")
            return f"rank {rank} does not take part: {said or _WORDS[_Answer(answer)]}"
        if its_place != place and not apart:
            return f"ranks {ranks[0]} and {rank} are on different nodes, or in containers apart"
        if its_user != user and not apart:
            return f"ranks {ranks[0]} and {rank} run as different users, {user} and {its_user}"
        other = seen.setdefault(process, rank)
        if other != rank:
            return f"ranks {other} and {rank} are in the same process"
    return None


def _place_in(record: bytes) -> bytes:
    _, _, user, _, place, _, _ = _RECORD.unpack(record)
    return bytes(place) + int(user).to_bytes(4, "little")


def _name_in(record: bytes) -> str:
    name: bytes = _RECORD.unpack(record)[5]
    return name.rstrip(b"\0").decode(errors="replace")


def _timeouts(control: ProcessGroup, tensors: ProcessGroup) -> Callable[[str], timedelta]:
    # Asked for when somebody waits: a group's timeout can be changed.
    return lambda operation: group_timeout(control if operation in CONTROL else tensors)
