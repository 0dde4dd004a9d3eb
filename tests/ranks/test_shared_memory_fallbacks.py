"""Where memory cannot be shared, or must not, all goes over gloo; a line in the log says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from rank_harness import DEADLINE_S, Ranks, run_ranks
from segments import bind, check_operations, log_lines, mapped, mount, of_its_own, unmount

import vllm_distributed as vd

LIMIT = timedelta(seconds=20)
NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mounts and users")


def live(rank: int, port: int, size: int) -> dict[str, Any]:
    """Make a world with two groups and use them; return what this process shares, and the log."""
    lines = log_lines()
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", LIMIT)
    vd.initialize_model_parallel(size)
    for group in (vd.get_world_group(), vd.get_tp_group()):
        check_operations(group)
    shared = mapped()
    left = [name for name in os.listdir("/dev/shm") if name in {s.split()[0] for s in shared}]
    vd.get_world_group().barrier()
    vd.cleanup_dist_env_and_memory()
    return {"shared": len(shared), "bytes": sum(shared.values()), "left": left, "lines": lines}


def why(lines: list[str]) -> list[str]:
    return [line for line in lines if "shared memory" in line]


def switched_off(rank: int, port: int, size: int, by: str) -> dict[str, Any]:
    if by == "environment" or (by == "environment of one" and rank == 1):
        os.environ["VLLM_DISTRIBUTED_SHM"] = "0"
    return live(rank, port, size)


@pytest.mark.parametrize("by", ["environment", "environment of one"])
def test_switched_off(by: str) -> None:
    """Also by one rank alone: all members of a group decide alike."""
    for found in run_ranks(2, switched_off, by):
        assert found["shared"] == 0
        assert len(why(found["lines"])) == 1, found["lines"]


def without_custom_all_reduce(rank: int, port: int, size: int) -> dict[str, Any]:
    vd.set_custom_all_reduce(False)
    return live(rank, port, size)


def test_the_switch_of_custom_all_reduce_leaves_it_on() -> None:
    """vLLM's CPU workers call it before they make their groups."""
    for found in run_ranks(2, without_custom_all_reduce):
        assert found["shared"] == 3, "the world, tp and ep"
        assert why(found["lines"]) == []


def test_shared_by_default_and_nothing_to_say() -> None:
    for found in run_ranks(2, live):
        assert found["shared"] == 3, "the world, tp and ep"
        assert found["left"] == []
        assert why(found["lines"]) == []


# Elsewhere


def on_another_node(rank: int, port: int, size: int) -> dict[str, Any]:
    if rank > 0:
        of_its_own()
        mount("size=1g")
    return live(rank, port, size)


@needs_root
def test_ranks_that_see_other_shared_memories() -> None:
    """As in containers that were not told to share. Where some do share, see test_hosts.py."""
    for found in run_ranks(3, on_another_node):
        assert found["shared"] == 0
        assert len(why(found["lines"])) == 1, found["lines"]


def as_another_user(rank: int, port: int, size: int) -> dict[str, Any]:
    if rank == 1:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    return live(rank, port, size)


@needs_root
def test_ranks_of_different_users() -> None:
    with Ranks(2) as ranks:
        ranks.run(live)  # loads what the other user may not read
        for found in ranks.run(as_another_user):
            assert found["shared"] == 0
            assert len(why(found["lines"])) == 1, found["lines"]


# Shared memories of every size: each is tried in one process whose mounts are its own.


def nearly_full(rank: int, port: int, size: int, bytes_: int) -> dict[str, Any]:
    if rank == 0:
        free = os.statvfs("/dev/shm").f_bavail * os.statvfs("/dev/shm").f_frsize
        with open("/dev/shm/somebody's", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - bytes_)
    return live(rank, port, size)


def dies_after_the_first_group(rank: int, port: int, size: int) -> None:
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", LIMIT)
    vd.get_world_group().all_reduce(torch.ones(300_000))
    os.kill(os.getpid(), 9)


def left_by_killed_ranks() -> list[dict[str, Any]]:
    with Ranks(3) as ranks:
        outcomes = ranks.call(dies_after_the_first_group, (), DEADLINE_S, with_place=True)
    assert [outcome.error for outcome in outcomes] == ["ProcessDied"] * 3
    return [{"entries": os.listdir("/dev/shm")}]


def of_another_host(rank: int, port: int, size: int, memory: Path) -> dict[str, Any]:
    if rank >= size // 2:
        of_its_own()
        bind(memory)
    return live(rank, port, size)


def two_hosts() -> list[dict[str, Any]]:
    """Four ranks, of which two are on a host with memory for short messages alone."""
    with tempfile.TemporaryDirectory() as memory:
        mount("size=1m", at=Path(memory))
        try:
            found = run_ranks(4, of_another_host, Path(memory))
            assert os.listdir(memory) == []
        finally:
            unmount(Path(memory))
    return found


PLACES: dict[str, tuple[dict[str, Any], Callable[[], list[dict[str, Any]]]]] = {
    "roomy": ({"options": "size=1g"}, lambda: run_ranks(2, live)),
    "killed": ({"options": "size=1g"}, left_by_killed_ranks),
    "tiny": ({"options": "size=16k"}, lambda: run_ranks(2, live)),
    "for the control area alone": ({"options": "size=48k"}, lambda: run_ranks(2, live)),
    "for short messages": ({"options": "size=1m"}, lambda: run_ranks(2, live)),
    "full": ({"options": "size=8m"}, lambda: run_ranks(2, nearly_full, 0)),
    "nearly full": ({"options": "size=8m"}, lambda: run_ranks(2, nearly_full, 300_000)),
    "for short messages on one of two hosts": ({"options": "size=1g"}, two_hosts),
    "read only": ({"options": "size=1g", "read_only": True}, lambda: run_ranks(2, live)),
}


def main() -> None:
    """Print what happens in each of the places, as JSON."""
    of_its_own()
    found: dict[str, Any] = {}
    for name, (place, run) in PLACES.items():
        mount(**place)
        try:
            found[name] = run()
        except AssertionError as error:
            found[name] = [{"failed": str(error)}]
        found[name][0]["afterwards"] = [
            entry for entry in os.listdir("/dev/shm") if entry != "somebody's"
        ]
        unmount()
    print(json.dumps(found))


@pytest.fixture(scope="module")
def places() -> dict[str, list[dict[str, Any]]]:
    ran = subprocess.run(
        [sys.executable, __file__], capture_output=True, text=True, timeout=100, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, list[dict[str, Any]]] = json.loads(ran.stdout.splitlines()[-1])
    return found


@needs_root
@pytest.mark.parametrize("name", PLACES)
def test_shared_memory_of_any_size_gives_right_results_and_nothing_stays(
    places: dict[str, list[dict[str, Any]]], name: str
) -> None:
    """Nobody is ended by SIGBUS either, for memory that is promised and not there."""
    found = places[name]
    assert "failed" not in found[0], found[0]
    assert found[0]["afterwards"] == []
    if name in ("roomy", "killed"):
        assert [why(each.get("lines", [])) for each in found] == [[]] * len(found)
    if name in ("tiny", "full", "read only"):
        assert [each["shared"] for each in found] == [0, 0]
        assert [len(why(each["lines"])) for each in found] == [1, 1], found
    if name.startswith("for") or name == "nearly full":
        for lines in (why(each["lines"]) for each in found):
            assert lines  # one for each thing that goes over gloo, and none twice
            assert len(set(lines)) == len(lines), lines


# Processes that do not see each other's numbers


def with_other_numbers(rank: int, port: int, size: int) -> float:
    """One rank is in another space of process numbers; the other one is late, not gone."""
    vd.init_distributed_environment(size, rank, f"tcp://127.0.0.1:{port}", rank, "gloo", LIMIT)
    group = vd.get_world_group()
    for late in range(size):
        if rank == late:
            time.sleep(0.5)
        check_operations(group)
    return float(group.all_reduce(torch.ones(1)))


def in_a_child(rank: int, port: int, size: int) -> float:
    """Run on in a child that is number 1 of a space of its own, if this is rank 1."""
    import ctypes

    if rank == 0:
        return with_other_numbers(rank, port, size)
    if ctypes.CDLL(None).unshare(0x20000000) != 0:
        raise OSError("no space of process numbers of its own")
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if with_other_numbers(rank, port, size) == size else 2
        finally:
            os._exit(code)
    return float(size) if os.waitpid(child, 0)[1] == 0 else -1.0


@needs_root
def test_ranks_that_number_processes_differently() -> None:
    assert run_ranks(2, in_a_child) == [2.0, 2.0]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    import test_shared_memory_fallbacks

    test_shared_memory_fallbacks.main()
