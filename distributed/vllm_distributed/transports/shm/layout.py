"""Where things are in the memory that the members of a group share.

    lines    one a member, that only it writes: how far it is, what it called, how it is
    pairs    one for each sender and receiver: how much was written (by one) and read (by the other)
    slots    two a member: what it brings to a collective
    rings    one for each sender and receiver: what goes from one to the other

The first two, the control area, are backed by memory from the start, and so is the beginning of
every slot; the rest is when it is first used. A line is 128 bytes, since processors fetch 64-byte
lines in twos: a member that polls one must not slow down the owner of the next.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ANSWER",
    "BLAME",
    "FIRST_SLOT_BYTES",
    "LINE",
    "MOST_MEMBERS",
    "PAIR_READ",
    "PAIR_READER_SLEEPS",
    "PAIR_STATE",
    "PAIR_WRITER_SLEEPS",
    "PAIR_WRITTEN",
    "ROOM",
    "SIGN",
    "SLEEPS",
    "STATE",
    "STEP",
    "Layout",
]

MOST_MEMBERS = 64

LINE = 16  # words of 8 bytes
# Of a member's line; SIGN has a word for every parity of STEP, BLAME has all that are left.
STEP, SIGN, STATE, ROOM, ANSWER, SLEEPS, BLAME = 0, 1, 3, 4, 5, 6, 7
# Of a pair's; the reader has the second half.
PAIR_WRITTEN, PAIR_STATE, PAIR_WRITER_SLEEPS = 0, 1, 2
PAIR_READ, PAIR_READER_SLEEPS = 8, 9

FIRST_SLOT_BYTES = 16 * 1024
"""Of every slot, backed by memory from the start."""

_PAGE = 4096
# Large enough that a step costs little beside its copying, small enough for the second-level cache.
_LARGEST_SLOT = 1 << 20
# With these, a segment for eight members has 18 MiB, and none of up to sixteen has more than 20.
_ALL_SLOTS = 16 << 20
_ALL_RINGS = 3 << 20
_SMALLEST_RING, _LARGEST_RING = 16 * 1024, 256 * 1024


@dataclass(frozen=True)
class Layout:
    """Offsets and lengths in bytes, for a group of `members`."""

    members: int

    @property
    def control_bytes(self) -> int:
        words = self.members * LINE + self.members**2 * LINE
        return -(-words * 8 // _PAGE) * _PAGE

    @property
    def slot_bytes(self) -> int:
        return min(_LARGEST_SLOT, _power_of_two(_ALL_SLOTS // (2 * self.members)))

    @property
    def ring_bytes(self) -> int:
        pairs = self.members * (self.members - 1)
        return min(_LARGEST_RING, max(_SMALLEST_RING, _power_of_two(_ALL_RINGS // pairs)))

    @property
    def size(self) -> int:
        return self.ring(0, 1) + self.members * (self.members - 1) * self.ring_bytes

    def line(self, member: int) -> int:
        """Return the number of the first word of a member's line."""
        return member * LINE

    def pair(self, sender: int, receiver: int) -> int:
        """Return the number of the first word of a pair's line."""
        return self.members * LINE + (sender * self.members + receiver) * LINE

    def slot(self, member: int, parity: int) -> int:
        return self.control_bytes + (2 * member + parity) * self.slot_bytes

    def ring(self, sender: int, receiver: int) -> int:
        # Nobody sends to itself: the receivers after the sender move up by one.
        number = sender * (self.members - 1) + receiver - (receiver > sender)
        return self.control_bytes + 2 * self.members * self.slot_bytes + number * self.ring_bytes


def _power_of_two(most: int) -> int:
    return 1 << (most.bit_length() - 1)
