"""Whether the members of a group share memory: all of them, or none.

Two exchanges over the group's process group. In the first everybody says where it is and whether it
may; the first member has made the memory by then and says its name. In the second everybody says
whether it has it. So all members decide alike, and where one cannot, all go on without.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import IntEnum

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

__all__ = ["SETTING", "share_memory"]

SETTING = "VLLM_DISTRIBUTED_SHM"
"""The environment variable that, off, keeps this process's groups out of shared memory."""

_OFF = frozenset({"0", "false", "off", "no"})

_VERSION = 2
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

# version, answer, effective user, process, node, name of the memory, why
_RECORD = struct.Struct(f"<HHI32s32s{_NAME_BYTES}s128s")


def share_memory(
    group: ProcessGroup,
    name: str,
    ranks: Sequence[int],
    *,
    like: ProcessGroup | None = None,
) -> SharedMemory | None:
    """Return the memory that the group's members share; None, with a line in the log, if they do
    not all share one.

    `ranks` are the members' global ranks. Operations on tensors take as long as those of the group
    `like` may, others as those of `group`. Collective over the group, which must carry CPU tensors.
    Raises `CollectiveError` if the members do not come.
    """
    me, size = group_facts(group)
    if size > MOST_MEMBERS:
        _say_why(name, f"it has {size} members, and shared memory serves {MOST_MEMBERS} at most")
        return None
    layout = Layout(size)
    segment: Segment | None = None
    answer, why = _own_answer(), ""
    try:
        if answer is _Answer.YES and me == 0:
            try:
                segment = Segment.create(SHARED_MEMORY, layout.size, layout.control_bytes)
            except SegmentError as error:
                answer, why = _Answer.NO_MEMORY, str(error)
        records = _exchanged(group, name, _packed(answer, segment, why))
        reason = _reason(records, ranks)
        if reason is None:
            answer, why = _Answer.YES, ""
            try:
                if segment is None:
                    segment = Segment.attach(
                        SHARED_MEMORY, _name_in(records[0]), layout.size, layout.control_bytes
                    )
                segment.say_alive(me)
                for parity in (0, 1):
                    segment.back(layout.slot(me, parity), FIRST_SLOT_BYTES)
            except SegmentError as error:
                answer, why = _Answer.NO_MEMORY, str(error)
            reason = _reason(_exchanged(group, name, _packed(answer, segment, why)), ranks)
        if reason is not None or segment is None:
            _say_why(name, reason or "", answer is not _Answer.NO_MEMORY)
            return None
        segment.remove_name()
        steps = Steps(segment, layout, me, name, ranks, _timeouts(group, like or group))
        shared, segment = SharedMemory(segment, layout, steps), None
        return shared
    finally:
        if segment is not None:
            segment.close()


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


def _reason(records: Sequence[bytes], ranks: Sequence[int]) -> str | None:
    """Return why the members cannot share memory: the same on all of them; None if they can."""
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
        if its_place != place:
            return f"ranks {ranks[0]} and {rank} are on different nodes, or in containers apart"
        if its_user != user:
            return f"ranks {ranks[0]} and {rank} run as different users, {user} and {its_user}"
        other = seen.setdefault(process, rank)
        if other != rank:
            return f"ranks {other} and {rank} are in the same process"
    return None


def _name_in(record: bytes) -> str:
    name: bytes = _RECORD.unpack(record)[5]
    return name.rstrip(b"\0").decode(errors="replace")


def _timeouts(control: ProcessGroup, tensors: ProcessGroup) -> Callable[[str], timedelta]:
    # Asked for when somebody waits: a group's timeout can be changed.
    return lambda operation: group_timeout(control if operation in CONTROL else tensors)


def _say_why(name: str, reason: str, expected: bool = True) -> None:
    say_why(f"{name} goes over gloo and not through shared memory", reason, expected=expected)
