"""The flight recorder of a program that imports the package, and its watchdog."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import time
from pathlib import Path
from typing import Any

import pytest
from rank_harness import join_world, run_ranks
from torch.distributed.flight_recorder import fr_trace

import vllm_distributed as vd
from vllm_distributed.flight import recording, watchdog
from vllm_distributed.flight.files import write_whole
from vllm_distributed.flight.records import Records


class Group:
    """Owns what it has done."""


# What is kept


def test_members_count_alike_whatever_was_refused() -> None:
    records, group = Records(), Group()
    for expected in (1, 2):
        entry = records.begin(group, "barrier", "tp:0", [0, 1])
        assert entry.sequence == expected
        records.end(entry)
    refused = records.begin(group, "barrier", "tp:0", [0, 1])
    assert refused.state == "started"
    records.fail(refused, TimeoutError())
    assert (refused.state, refused.failure) == ("failed", "TimeoutError")
    assert records.begin(group, "barrier", "tp:0", [0, 1]).sequence == 3
    there = records.begin(group, "send", "tp:0", [0, 1], (0, 1))
    back = records.begin(group, "recv", "tp:0", [0, 1], (1, 0))
    assert (there.sequence, back.sequence) == (1, 1)


def test_a_later_group_of_the_same_name_counts_from_one() -> None:
    records = Records()
    for _ in range(2):
        group = Group()
        assert records.begin(group, "barrier", "tp:0", [0, 1]).sequence == 1
        assert records.begin(group, "barrier", "tp:0", [0, 1]).sequence == 2


def test_the_oldest_are_forgotten_but_for_those_that_go_on() -> None:
    records, group = Records(kept=3), Group()
    waiting = records.begin(group, "barrier", "tp:0", [0, 1])
    for _ in range(5):
        records.end(records.begin(group, "barrier", "dp:0", [0, 1]))
    assert [entry.number for entry in records.latest()] == [0, 3, 4, 5]
    assert [entry.number for entry in records.latest(1)] == [0, 5]
    assert records.open() == [waiting]


@pytest.mark.parametrize("text", ["soon", "-1", "0", "nan", "1e"])
def test_a_time_that_is_none_is_named(text: str) -> None:
    with pytest.raises(vd.DistributedError, match=f"VLLM_DISTRIBUTED_WATCHDOG_S='{text}'"):
        watchdog.start_from_environment({watchdog.SECONDS: text})


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "dump"
    write_whole(path, b"before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_whole(path, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["dump"]


# The watchdog


def _held_up(rank: int, port: int, count: int, folder: str) -> tuple[int, int, str]:
    """Rank 1 comes to the third barrier when rank 0 has been written down."""
    watchdog.start_from_environment(
        {watchdog.SECONDS: "0.2", watchdog.FOLDER: folder, "unused": ""}
    )
    join_world(rank, port, count, "shared memory", {"tensor_model_parallel_size": count})
    group = vd.get_tp_group()
    for _ in range(2):
        group.barrier()
    stacks = Path(folder) / "stacks_0.txt"
    give_up = time.monotonic() + 30
    while rank == 1 and not stacks.exists() and time.monotonic() < give_up:
        time.sleep(0.01)
    group.barrier()
    done = [entry for entry in recording.RECORDS.latest() if entry.group == "tp:0"]
    return len(done), done[-1].sequence, done[-1].state


def test_the_watchdog_writes_down_who_waits_and_ends_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "flight"
    assert run_ranks(2, _held_up, str(folder)) == [(3, 3, "completed")] * 2
    assert sorted(os.listdir(folder)) == ["flight_rank_0", "stacks_0.txt", "trace_0.json"]
    stacks = (folder / "stacks_0.txt").read_text()
    assert "barrier" in stacks
    assert "_held_up" in stacks
    events: list[dict[str, Any]] = json.loads((folder / "trace_0.json").read_text())["traceEvents"]
    states = [event["args"]["state"] for event in events if event["name"] == "barrier tp:0"]
    assert states == ["completed", "completed", "started"]
    try:
        with pytest.raises(AssertionError, match=r"Missing dump files from ranks \{1\}"):
            fr_trace.main([str(folder)])
    finally:
        gc.enable()  # which it turns off


def _compiled(rank: int, port: int, count: int) -> list[str]:
    import torch

    recording.start()
    join_world(rank, port, count, "shared memory", {"tensor_model_parallel_size": count})

    @torch.compile(fullgraph=True, backend="eager")
    def step(tensor: torch.Tensor) -> torch.Tensor:
        return vd.get_tp_group().all_reduce(tensor) + 1

    assert step(torch.ones(2)).tolist() == [3.0, 3.0]
    with contextlib.suppress(vd.DistributedError):
        vd.get_tp_group().all_reduce(torch.ones(2), op="none")
    return [entry.state for entry in recording.RECORDS.latest() if entry.operation == "all_reduce"]


def test_a_graph_goes_through_and_what_it_does_is_recorded() -> None:
    assert run_ranks(2, _compiled) == [["completed", "failed"]] * 2
