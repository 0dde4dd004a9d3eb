"""Ranks on hosts of their own, each with a network, a /dev/shm and a name: collectives that span
them, links that are cut, and a wire that is slow and loses packets."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from netns import Host, hosts, slow_wire

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for networks and mounts")

PROGRAM = str(Path(__file__).with_name("hosts_things.py"))
LIMIT_S = 4.0
# To find out who it was, and to say so, on a machine that does much else.
FOUND_OUT_S = 6.0


@contextlib.contextmanager
def ranks(places: Sequence[Host], what: str) -> Iterator[list[Any]]:
    """Start one rank on each of `places`, where the first one's address is the world's."""
    started: list[subprocess.Popen[str]] = []
    try:
        for rank, host in enumerate(places):
            arguments = [what, str(rank), str(len(places)), places[0].address]
            started.append(host.popen([sys.executable, PROGRAM, *arguments]))
        yield started
    finally:
        for process in started:
            process.kill()
            process.communicate()


def said(process: Any) -> Any:
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return json.loads(line)


def test_what_spans_two_hosts_gives_what_one_host_gives() -> None:
    with hosts(2) as (a, b):
        with ranks([a, a, b, b], "collectives") as processes:
            on_two = [said(process) for process in processes]
        with ranks([a] * 4, "collectives") as processes:
            on_one = [said(process) for process in processes]
    assert [each["kind"] for each in on_two] == ["Hierarchy"] * 4
    assert [each["kind"] for each in on_one] == ["SharedMemory"] * 4
    assert len({each["digest"] for each in (*on_one, *on_two)}) == 1


def test_ranks_that_alternate_between_three_hosts() -> None:
    with hosts(3) as (a, b, c), ranks([a, b, c, a, b], "collectives") as processes:
        found = [said(process) for process in processes]
    assert [each["kind"] for each in found] == ["Hierarchy"] * 5
    assert len({each["digest"] for each in found}) == 1


@pytest.mark.parametrize("which", ["in a barrier", "in a large sum", "idle"])
def test_a_host_that_is_cut_off_is_named_on_both_sides_in_time(which: str) -> None:
    with hosts(2) as (a, b), ranks([a, a, b, b], f"lost:{which}:{LIMIT_S}") as processes:
        assert [said(process) for process in processes] == ["ready"] * 4
        time.sleep(0.3)  # in the middle of it
        b.cut()
        if which == "idle":
            for process in processes:
                process.stdin.write("\n")
                process.stdin.flush()
        found = [said(process) for process in processes]
    for rank, each in enumerate(found):
        others = {2, 3} if rank < 2 else {0, 1}
        assert set(each["missing"]) <= others, (rank, each)
        assert each["missing"], (rank, each)
        assert each["seconds"] < LIMIT_S + FOUND_OUT_S, (rank, each)


def test_a_wire_that_is_slow_and_loses_packets() -> None:
    """50 ms each way, and one packet in a hundred: right, and within the timeout."""
    with (
        hosts(2, wired=False) as (a, b),
        slow_wire(a, b, delay_s=0.05, loss=0.01),
        ranks([a, a, b, b], "few") as processes,
    ):
        found = [said(process) for process in processes]
    assert len({each["digest"] for each in found}) == 1
    # Five barriers and three sums, each with one way there and back or a little more.
    assert min(each["seconds"] for each in found) > 8 * 0.05
