"""Where things are in the memory that a group shares."""

from __future__ import annotations

import itertools

import pytest

from vllm_distributed.transports.shm.layout import (
    FIRST_SLOT_BYTES,
    LINE,
    MOST_MEMBERS,
    PAIR_READ,
    Layout,
)

SIZES = [2, 3, 4, 7, 8, 16, MOST_MEMBERS]


@pytest.mark.parametrize("members", SIZES)
def test_nothing_overlaps_and_all_fits(members: int) -> None:
    layout = Layout(members)
    everybody = range(members)
    pairs = [(one, other) for one in everybody for other in everybody if one != other]
    areas = [(layout.line(member) * 8, LINE * 8) for member in everybody]
    areas += [(layout.pair(*pair) * 8, LINE * 8) for pair in pairs]
    assert max(start + length for start, length in areas) <= layout.control_bytes
    for parity in (0, 1):
        areas += [(layout.slot(member, parity), layout.slot_bytes) for member in everybody]
    areas += [(layout.ring(*pair), layout.ring_bytes) for pair in pairs]
    areas.sort()
    for (start, length), (following, _) in itertools.pairwise(areas):
        assert start + length <= following
    assert areas[-1][0] + areas[-1][1] == layout.size


@pytest.mark.parametrize("members", SIZES)
def test_slots_and_rings_are_aligned_and_not_too_small(members: int) -> None:
    layout = Layout(members)
    assert layout.slot(0, 0) % 4096 == layout.slot_bytes % 4096 == 0
    assert layout.ring(0, 1) % 4096 == layout.ring_bytes % 4096 == 0
    assert layout.slot_bytes >= FIRST_SLOT_BYTES
    assert PAIR_READ * 8 >= 64  # sender and receiver write to different cache lines


def test_eight_members_take_at_most_twenty_mebibytes() -> None:
    assert max(Layout(members).size for members in range(2, 17)) <= 20 << 20
