"""Steps that members of a group take together in shared memory, and that go on without the dead.

Each member counts its steps in a word of its own. It comes to a step under a guard, and so does
whoever leaves a member out that has not come: so a member has come to a step, or it is left out and
never will, and all see the same. A member that has come may die: what it wrote before is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import torch
from torch.distributed import ProcessGroup

from vllm_distributed.errors import CollectiveError, InvalidArgumentError
from vllm_distributed.store.node import SHARED_MEMORY
from vllm_distributed.transports.base import run
from vllm_distributed.transports.shm.fence import new_fence
from vllm_distributed.transports.shm.futex import sleep_while, wake
from vllm_distributed.transports.shm.same_node import in_the_same_node_as
from vllm_distributed.transports.shm.segment import CAN_LOCK, Segment, SegmentError

__all__ = ["HEADER_WORDS", "Survivors"]

HEADER_WORDS = 8
"""What a member says beside its bytes, in a step."""

_PAGE = 4096
_NAME_BYTES = 256
# How often a waiting member looks who is alive.
_LOOK_S = 0.02
_SPINS = 200

# Words of all: a bell, who is left out. Then for each member: its step, and two headers.
_BELL, _OUT, _MEMBERS = 0, 1, 8
_LINE = 1 + 2 * HEADER_WORDS


class Survivors:
    """One member's place in the memory. For one thread."""

    def __init__(
        self,
        segment: Segment,
        me: int,
        size: int,
        region_bytes: int,
        timeout: Callable[[], timedelta],
    ) -> None:
        self.me, self.size, self.region_bytes = me, size, region_bytes
        self.step = 0
        self._segment = segment
        self._words = segment.words
        self._bytes = segment.bytes
        self._at = _control_bytes(size)
        self._bell = segment.bytes.data_ptr() + 8 * _BELL
        self._timeout = timeout
        self._fence = new_fence()
        self._backed = [0, 0]
        segment.say_alive(me)

    @classmethod
    def create(
        cls, group: ProcessGroup, region_bytes: int, timeout: Callable[[], timedelta], name: str
    ) -> Survivors:
        """Return the place of this rank of a process group, in memory with room for so many bytes
        of each step of each. Collective over the group.

        Raises `InvalidArgumentError`, on all of them, where the ranks do not share memory.
        """
        size, me = group.size(), group.rank()
        near = in_the_same_node_as(group)
        region = -(-region_bytes // _PAGE) * _PAGE
        control = _control_bytes(size)
        whole = control + 2 * size * region
        segment: Segment | None = None
        why = ""
        if me == 0 and CAN_LOCK and all(near) and size <= 63:
            try:
                segment = Segment.create(SHARED_MEMORY, whole, control)
            except SegmentError as error:
                why = str(error)
        elif me == 0:
            why = f"ranks {[r for r in range(size) if not near[r]]} are on other nodes"
        said = _gathered(group, name, "" if segment is None else segment.name)
        if me != 0 and said[0]:
            try:
                segment = Segment.attach(SHARED_MEMORY, said[0], whole, control)
            except SegmentError as error:
                why = str(error)
        there = _gathered(group, name, "there" if segment is not None else why or "not made")
        missing = [rank for rank in range(size) if there[rank] != "there"]
        if missing or segment is None:
            if segment is not None:
                segment.close()
            raise InvalidArgumentError(
                f"an exchange of {name} that goes on without dead ranks needs memory that all of "
                f"them share: {there[missing[0]] if missing else why}",
                ranks=missing,
            )
        place = cls(segment, me, size, region, timeout)
        # From here on each one's end can be seen.
        _gathered(group, name, "alive")
        segment.remove_name()
        return place

    @property
    def left_out(self) -> list[bool]:
        """Who is left out, and stays so."""
        out = self._words[_OUT]
        return [bool(out >> member & 1) for member in range(self.size)]

    def room(self, count: int) -> torch.Tensor:
        """Return this member's bytes of the next step, to write into.

        Raises `SegmentError` where the system has no memory for them.
        """
        turn = (self.step + 1) & 1
        start = self._start(self.me, turn)
        if count > self._backed[turn]:
            self._segment.back(start, count)
            self._backed[turn] = count
        return self._bytes[start : start + count]

    def meet(self, header: Sequence[int]) -> list[int]:
        """Come to the next step with a header and what was written; return who has come, this one
        included, when all have that are not left out.

        Raises `CollectiveError` where this member was left out.
        """
        step = self.step + 1
        words, line = self._words, self._line(self.me)
        at = line + 1 + (step & 1) * HEADER_WORDS
        for place, value in enumerate(header):
            words[at + place] = value
        self._fence()
        with self._segment.guard():
            if words[_OUT] >> self.me & 1:
                raise CollectiveError(
                    f"the other ranks of the exchange have left rank {self.me} out, which was "
                    f"late: it takes no part any more. Replace it, or make a new exchange of all",
                    rank=self.me,
                )
            words[line] = step
        self.step = step
        self._ring()
        self._wait(step)
        self._fence()
        return [member for member in range(self.size) if words[self._line(member)] >= step]

    def header(self, member: int) -> list[int]:
        """What a member that has come said in this step."""
        at = self._line(member) + 1 + (self.step & 1) * HEADER_WORDS
        return [self._words[at + place] for place in range(HEADER_WORDS)]

    def written(self, member: int, count: int) -> torch.Tensor:
        """The bytes that a member that has come wrote for this step. They stay until this member
        comes to the step after the next."""
        start = self._start(member, self.step & 1)
        return self._bytes[start : start + count]

    def close(self) -> None:
        """Leave; others see this member as dead. Again: does nothing."""
        self._segment.close()

    def _wait(self, step: int) -> None:
        words = self._words
        deadline: float | None = None
        spins = _SPINS
        while True:
            seen = words[_BELL]
            missing = self._missing(step)
            if not missing:
                return
            if spins:
                spins -= 1
                continue
            now = time.monotonic()
            if deadline is None:
                deadline = now + self._timeout().total_seconds()
            gone = [m for m in missing if now > deadline or not self._segment.is_alive(m)]
            if gone:
                self._leave_out(gone, step)
                continue
            sleep_while(self._bell, seen, min(_LOOK_S, max(deadline - now, 0.0)))

    def _missing(self, step: int) -> list[int]:
        words = self._words
        out = words[_OUT]
        return [
            member
            for member in range(self.size)
            if words[self._line(member)] < step and not out >> member & 1
        ]

    def _leave_out(self, members: Sequence[int], step: int) -> None:
        with self._segment.guard():
            for member in members:
                if self._words[self._line(member)] < step:
                    self._words[_OUT] |= 1 << member
        self._ring()

    def _ring(self) -> None:
        # Two at once may count one: whoever sleeps is woken in any case, and looks again.
        self._words[_BELL] = (self._words[_BELL] + 1) & 0xFFFFFFFF
        wake(self._bell)

    def _line(self, member: int) -> int:
        return _MEMBERS + member * _LINE

    def _start(self, member: int, turn: int) -> int:
        return self._at + (2 * member + turn) * self.region_bytes


def _control_bytes(size: int) -> int:
    return -(-8 * (_MEMBERS + size * _LINE) // _PAGE) * _PAGE


def _gathered(group: ProcessGroup, name: str, text: str) -> list[str]:
    """What each rank says. Collective over the group."""
    mine = torch.zeros(_NAME_BYTES, dtype=torch.uint8, device="cpu")
    data = text.encode()[:_NAME_BYTES]
    if data:
        mine[: len(data)] = torch.frombuffer(bytearray(data), dtype=torch.uint8)
    everyone = [torch.zeros_like(mine) for _ in range(group.size())]
    run(name, "making an exchange", group.allgather, [everyone], [mine])
    return [bytes(each.tolist()).rstrip(b"\0").decode(errors="replace") for each in everyone]
